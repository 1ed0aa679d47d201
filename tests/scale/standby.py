"""A streaming replica of the tests' PostgreSQL, from the programs of the same wheel."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from data.processes import Child, Solo, private_folder
from data.store.embedded import PORT, SUPERUSER, EmbeddedPostgres, _run, program
from tests.browser.product.program import wait_for
from tests.engines import conninfo


class Standby:
    """A copy of a running server that follows it until it is promoted."""

    def __init__(self, primary: EmbeddedPostgres, folder: Path) -> None:
        self._primary, self._folder = primary, folder
        self._data, self._sockets = folder / "data", folder / "socket"
        self._solo: Solo | None = None

    @property
    def sockets(self) -> str:
        return str(self._sockets)

    def url_of(self, database: str) -> str:
        host = f"host={self._sockets}&port={PORT}"
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?{host}"

    def copy_of(self, database_url: str) -> str:
        """Where it has a database of the primary."""
        return self.url_of(make_url(database_url).database or "")

    def start(self) -> None:
        """Copy the primary and follow it; it streams when this returns."""
        account = self._primary._run_as()
        for folder in (self._folder, self._data, self._sockets):
            private_folder(folder, account)
        source = conninfo(self._primary.url_of("postgres"))
        options = ("--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf")
        place = ("--dbname", source, "--pgdata", str(self._data))
        _run(account, self._data, "pg_basebackup", *place, *options)
        child = Child(
            name="standby", argv=self._argv(), ready=self.answers, ready_within_s=60,
            stop_signal=signal.SIGINT, account=account, output=self._folder / "log",
        )  # fmt: skip
        self._solo = Solo(child)
        self._solo.start()
        wait_for(self.streams, 60, "the replica streams")

    def stop(self) -> None:
        if self._solo is not None:
            self._solo.stop()

    def kill(self) -> None:
        assert self._solo is not None
        self._solo.kill()

    def restart(self) -> None:
        assert self._solo is not None
        self._solo.start()

    def execute(self, statement: str) -> object:
        """Run a statement as its superuser; return the first value, if there is any."""
        with psycopg.connect(conninfo(self.url_of("postgres")), autocommit=True) as connection:
            cursor = connection.execute(statement)
            row = cursor.fetchone() if cursor.description else None
        return None if row is None else row[0]

    def cut_off(self) -> None:
        """Let it follow no more, as behind a broken wire; it answers as it is."""
        self.execute("ALTER SYSTEM SET primary_conninfo = ''")
        self.execute("SELECT pg_reload_conf()")
        wait_for(lambda: not self.streams(), 60, "the replica is cut off")

    def promote(self) -> None:
        """Make it the primary; it takes writes when this returns."""
        assert self.execute("SELECT pg_promote()")

    def answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def streams(self) -> bool:
        return self.execute("SELECT status FROM pg_stat_wal_receiver") == "streaming"

    def _argv(self) -> tuple[str, ...]:
        settings = {
            "listen_addresses": "", "port": str(PORT), "max_connections": "200",
            "unix_socket_directories": str(self._sockets), "unix_socket_permissions": "0700",
            "hot_standby": "on", "hot_standby_feedback": "on", "shared_buffers": "64MB",
            "wal_retrieve_retry_interval": "200ms", "timezone": "UTC",
        }  # fmt: skip
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return (str(program("postgres")), "-D", str(self._data), *options)


def either(database_url: str, standby: Standby) -> str:
    """The address of a server and its replica, of which the one that takes writes is meant."""
    url = make_url(database_url)
    return (
        f"postgresql+psycopg://{url.username}@/{url.database}?host={url.query['host']},"
        f"{standby.sockets}&port={PORT},{PORT}&target_session_attrs=read-write"
    )


@contextmanager
def following(primary: EmbeddedPostgres, folder: Path) -> Iterator[Standby]:
    """Start a replica in a folder of its own; stop and remove it afterwards."""
    made = Standby(primary, folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
