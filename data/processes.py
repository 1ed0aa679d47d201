"""One child process: how it is described, started, found again and ended.

Why: PostgreSQL, Redis, the web process and the workers are all children of the program, and
none may outlive it. The operating system itself is told so (Linux: PR_SET_PDEATHSIG), because
a killed parent cannot clean up. Imported by data.supervise, data.store.embedded,
data.stream.embedded, app and tests.
"""

import ctypes
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

import msgspec
import psutil

GRACE_S = 8.0
PREDECESSOR_LEAVES_WITHIN_S = 10.0
LONGEST_SOCKET_PATH = 100

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_FIRST_LOOK_S = 0.02
_LATER_LOOKS_S = 0.25


class ChildError(Exception):
    """A child cannot be started, in words for whoever started the program."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The operating-system account that a child runs as."""

    uid: int
    gid: int


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """What is started, and how it is told from healthy, stopped and restarted.

    `env` is added to the environment of the program. `prepare` runs before each start and may
    raise ChildError; `ready` tells without blocking for long whether the child serves.
    `death_signal` is what the child gets when its parent dies without a word.

    Units: ready_within_s in seconds.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = {}
    essential: bool = False
    prepare: Callable[[], None] | None = None
    ready: Callable[[], bool] | None = None
    ready_within_s: float = 60.0
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    account: Account | None = None
    output: Path | None = None


Process = subprocess.Popen[bytes]


def spawn(child: Child) -> Process:
    """Start the child in a session of its own, to die with the thread that calls this.

    What the child starts in turn is its own to end when it dies with us.

    Raises: ChildError when the program named cannot be executed.
    """
    account = child.account
    output = _open_output(child)
    try:
        return subprocess.Popen(
            child.argv,
            env={**os.environ, **child.env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=_dying_with(os.getpid(), child.death_signal),
        )
    except OSError as error:
        raise ChildError(f"{child.name} cannot be started: {error}") from error
    finally:
        if output:
            output.close()


def has_ended(process: Process) -> bool:
    """Tell whether the child is over, and if so end what it left in its group before reaping it.

    The order matters: until the leader is reaped, nobody else can be given its process group.
    """
    if process.returncode is not None:
        return True
    try:
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
        kill_group(process)
    except ChildProcessError:  # another part of this program has reaped it
        pass
    process.wait()
    return True


def send(process: Process, number: signal.Signals) -> None:
    """Send a signal to the child itself, or to nobody if it is gone."""
    if process.returncode is None:
        os.kill(process.pid, number)


def kill_group(process: Process) -> None:
    """Kill the child and all it started, which a process cannot refuse."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def died_of(process: Process) -> str:
    """Say how a child ended: `exit 1`, or the name of the signal."""
    code = process.returncode
    if code is None:
        return "still running"
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name


def living(pid_file: Path, program: str, *mentioning: str) -> psutil.Process | None:
    """Find the process that a pid file names, if it lives and is really that program.

    A crash leaves pid files behind, and the number may be somebody else's by now; `mentioning`
    are words that its command line must contain.
    """
    try:
        process = psutil.Process(int(pid_file.read_text().split("\n", 1)[0]))
        command = " ".join(process.cmdline())
    except (OSError, ValueError, psutil.Error):
        return None
    fits = program in command and all(word in command for word in mentioning)
    return process if fits else None


def await_end(find: Callable[[], psutil.Process | None], name: str) -> None:
    """Wait until a predecessor that is on its way out is gone.

    Raises: ChildError when it stays: then it belongs to a program that still runs.
    """
    predecessor = find()
    if predecessor is None:
        return
    with suppress(psutil.TimeoutExpired):
        predecessor.wait(PREDECESSOR_LEAVES_WITHIN_S)
    if find() is not None:
        raise ChildError(
            f"{name} already runs on this folder as process {predecessor.pid}: "
            "stop the program that it belongs to, or set MILEPOST_VAR to another folder"
        )


def await_ready(ready: Callable[[], bool], within_s: float, alive: Callable[[], bool]) -> bool:
    """Ask until ready, at first quickly and never more than four times a second for long."""
    deadline = time.monotonic() + within_s
    look_s = _FIRST_LOOK_S
    while not ready():
        if not alive() or time.monotonic() > deadline:
            return False
        time.sleep(look_s)
        look_s = min(look_s * 2, _LATER_LOOKS_S)
    return True


def socket_folder(wanted: Path, file_name: str, account: Account | None) -> Path:
    """Make the folder for a Unix socket, private to the account, and short enough to be bound.

    Falls back to a folder in the system's temporary one, whose name depends on `wanted` alone.

    Raises: ChildError when that folder is somebody else's.
    """
    folder = wanted
    if len(str(wanted / file_name).encode()) > LONGEST_SOCKET_PATH:
        digest = hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"milepost-{digest}"
    return private_folder(folder, account)


def private_folder(folder: Path, account: Account | None) -> Path:
    """Make a folder that only the account can open.

    Raises: ChildError when it belongs to somebody else, so that no stranger can lie in wait.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    uid = account.uid if account else os.geteuid()
    if folder.is_symlink() or folder.stat().st_uid not in {uid, os.geteuid()}:
        raise ChildError(f"{folder} belongs to somebody else: remove it")
    if account:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)
    return folder


class Solo:
    """One child without a supervisor: for commands and tests that need it for a while.

    `start` twice starts once; `stop` after `kill` does nothing.
    """

    def __init__(self, child: Child) -> None:
        """Describe what start() will start."""
        self._child = child
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while it lives."""
        return self._process.pid if self._process and self._alive() else None

    def start(self) -> None:
        """Start the child and return when it is ready.

        Raises: ChildError with the end of what it said when it does not get ready.
        """
        if self.pid is not None:
            return
        child = self._child
        if child.prepare:
            child.prepare()
        self._process = spawn(child)
        if child.ready and not await_ready(child.ready, child.ready_within_s, self._alive):
            self.kill()
            raise ChildError(f"{child.name} did not get ready: {last_words(child)}")

    def stop(self) -> None:
        """Ask the child to stop, and make it after the grace."""
        if self._process is None or not self._alive():
            return
        send(self._process, self._child.stop_signal)
        if not await_ready(lambda: not self._alive(), GRACE_S, lambda: True):
            self.kill()

    def kill(self) -> None:
        """End the child the way a crash does."""
        if self._process is not None:
            kill_group(self._process)
            self._process.wait()

    def _alive(self) -> bool:
        return self._process is not None and not has_ended(self._process)


def last_words(child: Child) -> str:
    """Return the end of what the child wrote, to explain why it failed."""
    if child.output is None or not child.output.exists():
        return "it said nothing"
    return child.output.read_text(errors="replace")[-800:].strip() or "it said nothing"


def _open_output(child: Child) -> IO[bytes] | None:
    return child.output.open("wb") if child.output else None


def _dying_with(parent: int, number: signal.Signals) -> Callable[[], None]:
    """Make what a new child does before it becomes its program.

    Runs after the account was changed, which would have cleared the setting.
    """

    def arrange() -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return arrange
