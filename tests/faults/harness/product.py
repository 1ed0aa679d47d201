"""A Milepost of the tests' own: real parts, the real supervisor, engines behind proxies.

`python -m tests.faults.harness.product FOLDER` is the supervisor's process; `Product` starts it
from a test. The parts reach the engines through the proxies, and screens the web process; the
supervisor does not: what dies is started again by the program itself, as in production.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import msgspec
import psutil
from sqlalchemy import make_url

from data.processes import Child
from data.services.keys import Keys
from data.services.live import utc_now
from data.store.embedded import EmbeddedPostgres
from data.store.history import connect
from data.store.keys import KeyStore
from data.stream.embedded import EmbeddedRedis
from data.supervise import Supervisor
from tests.faults.harness.load import SOURCE, wait_until
from tests.faults.harness.proxy import Proxy
from tests.ports import free_port

ROOT = Path(__file__).parents[3]
PARTS = ("worker", "watch", "notify", "web")
SECRET = "a secret that the tests of faults share"
# A full disk is an error to write, as on a real one; with this it isn't a signal that kills.
_UNKILLED = (
    "import os, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    " os.execv(sys.argv[1], sys.argv[1:])"
)
Pids = list[psutil.Process]


class Product:
    """One running Milepost with no site yet. `start` and `stop` once each."""

    def __init__(self, folder: Path, env: dict[str, str] | None = None) -> None:
        """`env`: more for the parts."""
        self.folder, self.port = folder, free_port()
        self.postgres = EmbeddedPostgres(folder / "postgres")
        self.redis = EmbeddedRedis(folder / "redis")
        self.proxies: dict[str, Proxy] = {}
        self.key = ""
        self._more = env or {}
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start everything; return when it serves."""
        self._open_proxies()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.harness.product", str(self.folder)],
                cwd=ROOT, env=self._env(), stdout=log, stderr=log,
            )  # fmt: skip
        assert wait_until(self.serves, 180, 0.1), self._log.read_text()[-3000:]
        sql = connect(self.postgres.url)
        self.key = Keys(KeyStore(sql), utc_now).create("works", SOURCE, rate_per_s=1e6)
        sql.dispose()

    def stop(self) -> None:
        """End everything, whatever state it is in."""
        if self._process is not None:
            for process in self.tree("redis") + self.tree("postgres") + self._all():
                with suppress(psutil.NoSuchProcess):
                    process.resume()
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(40)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        for proxy in self.proxies.values():
            proxy.stop()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def screens(self) -> str:
        """The address that screens have, behind a proxy."""
        return f"http://127.0.0.1:{self.proxies['web'].port}"

    @property
    def log(self) -> str:
        """What all parts have said."""
        return self._log.read_text(errors="replace")

    def serves(self) -> bool:
        """Whether walls can be served."""
        try:
            with urlopen(f"{self.address}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, ValueError):
            return False

    def pid(self, child: str) -> int:
        """The process of a part or engine that was started last."""
        found = re.findall(rf"child_started\s+child={child} pid=(\d+)", self.log)
        return int(found[-1])

    def tree(self, child: str) -> Pids:
        """A part or engine, with all that it started."""
        try:
            process = psutil.Process(self.pid(child))
            return [process, *process.children(recursive=True)]
        except (psutil.NoSuchProcess, IndexError):
            return []

    def kill(self, child: str) -> None:
        """End a part or engine as a crash does."""
        for process in self.tree(child):
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def terminate(self, child: str) -> None:
        """Tell a part to end."""
        os.kill(self.pid(child), signal.SIGTERM)

    @contextmanager
    def stopped(self, child: str) -> Iterator[None]:
        """Let a part or engine stand still, with all that it started."""
        tree = self.tree(child)
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            yield
        finally:
            for process in reversed(tree):
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def memory_mb(self, child: str) -> float:
        """Resident memory of a part."""
        found = 0
        for process in self.tree(child):
            with suppress(psutil.NoSuchProcess):
                found += process.memory_info().rss
        return found / 1e6

    def environment(self) -> dict[str, str]:
        """What one more part of it is started with."""
        return {name: value for name, value in self._env().items() if name != "PARTS"}

    def _all(self) -> Pids:
        return [process for name in PARTS for process in self.tree(name)]

    def _open_proxies(self) -> None:
        url = make_url(self.postgres.url)
        socket_file = Path(str(url.query["host"])) / ".s.PGSQL.5432"
        for name, path in (
            ("postgres", socket_file), ("redis", Path(self.redis.url.removeprefix("unix://"))),
        ):  # fmt: skip
            self.proxies[name] = Proxy(path)
        self.proxies["web"] = Proxy(self.port)
        for proxy in self.proxies.values():
            proxy.start()

    def _env(self) -> dict[str, str]:
        kept = {n: v for n, v in os.environ.items() if not n.startswith("MILEPOST_")}
        database = f"127.0.0.1:{self.proxies['postgres'].port}/milepost"
        return {
            **kept,
            "PORT": str(self.port),
            "DATABASE_URL": f"postgresql+psycopg://postgres@{database}",
            "REDIS_URL": f"redis://127.0.0.1:{self.proxies['redis'].port}/0",
            "MILEPOST_VAR": str(self.folder / "var"),
            "MILEPOST_SECRET": SECRET,
            "MILEPOST_LOG_FORMAT": "console",
            "PARTS": msgspec.json.encode(self._more).decode(),
        }


def supervise(folder: Path, more: dict[str, str]) -> int:
    """Run engines and parts as `app.run_all` does."""
    redis, postgres = EmbeddedRedis(folder / "redis"), EmbeddedPostgres(folder / "postgres")
    engine = redis.child()
    engine = msgspec.structs.replace(engine, argv=(sys.executable, "-c", _UNKILLED, *engine.argv))
    address = f"http://127.0.0.1:{os.environ['PORT']}/healthz"
    children = [engine, postgres.child()]
    for name in PARTS:
        ready = partial(_answers, address) if name == "web" else None
        argv = (sys.executable, str(ROOT / "app.py"), name)
        children.append(Child(name=name, argv=argv, env=more, ready=ready))
    return Supervisor(children).run()


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(supervise(Path(sys.argv[1]), msgspec.json.decode(os.environ.pop("PARTS"))))
