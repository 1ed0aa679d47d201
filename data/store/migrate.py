"""Brings the schema to the newest version; one process at a time, at every start.

Imported by the wiring and the tests. A login that may not change the schema starts on one that is
the newest already; `python app.py migrate` brings it there with the login that owns the tables.
"""

from datetime import UTC, datetime
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import InternalError, OperationalError, ProgrammingError

from data.services.errors import NotMigrated
from data.store.months import begin, make_ahead, may_change
from data.store.protection import EVERYTHING, PARTY, SITES

_LOCK = 0x6D70_6D69  # advisory lock "mpmi"
_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
_REFUSED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException)
# Row security binds the owner of the tables too: migrations change rows of all sites.
_ALL = text(f"SELECT set_config('{SITES}', :all, false), set_config('{PARTY}', :all, false)")


def upgrade(url: str, to: str = "head") -> None:
    """Run every migration that the database lacks; waits while another process does it.

    `to`: the version to stop at, where rows of that version are to be put in.

    Raises: NotMigrated when the login may not, or may not make the roles of row security.
    """
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
            connection.execute(_ALL, {"all": EVERYTHING})
            connection.commit()
            _run(connection, to)
            make_months(connection)
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
            connection.commit()
    finally:
        engine.dispose()


def make_months(connection: Connection) -> list[str]:
    """Make the months that begin soon, where there are none and the login may; return them."""
    try:
        begin(connection)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        made = make_ahead(connection, datetime.now(UTC)) if may_change(connection) else []
        connection.commit()
    except OperationalError as error:
        connection.rollback()
        if not isinstance(error.orig, _BUSY):
            raise
        return []  # somebody reads or writes for long; `rest` takes what has no month
    return made


def _run(connection: Connection, to: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, to)
    except (ProgrammingError, InternalError) as error:
        if not isinstance(error.orig, _REFUSED):
            raise
        raise NotMigrated(
            f"the schema can't be brought to the newest version: {error.orig} "
            "Run `python app.py migrate` with the DATABASE_URL of whoever owns the tables "
            "(docs/production.md)"
        ) from error
