"""All of SQL in one file, as of one instant, and back into an empty database.

Imported by `data.commands.backup`. The programs are PostgreSQL's own, of the wheel. Both ask for
a login that row security doesn't bind, and fail for any other: half of the rows is no backup.
"""

import os
import subprocess
from pathlib import Path

import psycopg
from sqlalchemy import URL, make_url

from data.services.errors import Unavailable
from data.store.embedded import program
from data.store.migrate import upgrade

VERSION_TABLE = "alembic_version"


def dump(url: str, file: Path) -> None:
    """Write every row, as of one instant, to a file that only we can read.

    Raises: Unavailable with what PostgreSQL said.
    """
    file.touch(mode=0o600)
    _run(
        url, "pg_dump", "--format=custom", "--data-only", "--no-owner",
        "--load-via-partition-root", "--exclude-table-data", VERSION_TABLE, "--file", str(file),
    )  # fmt: skip


def load(url: str, file: Path, version: str) -> None:
    """Put the rows of a file into an empty database: all of them, or none.

    `version`: the schema's when the file was written; afterwards it is the newest.
    Raises: Unavailable with what PostgreSQL said; NotMigrated.
    """
    upgrade(url, version)
    _run(url, "pg_restore", "--data-only", "--single-transaction", "--exit-on-error", str(file))
    upgrade(url)


def version_of(url: str) -> str | None:
    """Return the version of the schema; None where there is none yet.

    Raises: Unavailable.
    """
    query = f"SELECT version_num FROM {VERSION_TABLE}"
    return _asked(url, query) if _has(url, VERSION_TABLE) else None


def is_replica(url: str) -> bool:
    """Whether a server follows another one, and may lack what that has.

    Raises: Unavailable.
    """
    return _asked(url, "SELECT CAST(pg_is_in_recovery() AS text)") == "true"


def is_empty(url: str) -> bool:
    """Whether nothing was ever kept: no event, no account, no record.

    Raises: Unavailable.
    """
    for table in ("event", "account", "audit", "site"):
        if _has(url, table) and _asked(url, f"SELECT 'some' FROM {table} LIMIT 1"):
            return False
    return True


def _has(url: str, table: str) -> bool:
    return _asked(url, f"SELECT to_regclass('public.{table}')::text") is not None


def _asked(url: str, query: str) -> str | None:
    """Return the first column of the first row."""
    try:
        with psycopg.connect(_conninfo(make_url(url)), autocommit=True) as connection:
            connection.execute("SET row_security = off")
            row = connection.execute(query.encode()).fetchone()
    except psycopg.Error as error:
        raise Unavailable(f"the database can't be read whole: {error}") from error
    return None if row is None else row[0]


def _run(url: str, name: str, *options: str) -> None:
    """Run one of PostgreSQL's programs; the password is not on its command line."""
    parts = make_url(url)
    env = {**os.environ, "PGPASSWORD": parts.password or "", "PGCONNECT_TIMEOUT": "10"}
    command = [
        str(program(name)),
        "--no-password",
        "--dbname",
        _conninfo(parts._replace(password=None)),
    ]
    done = subprocess.run(
        [*command, *options], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Unavailable(f"{name}: {done.stderr.strip()[-800:]}")


def _conninfo(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
