"""The rows of a database as SQL that can be read, put in again, and compared.

Imported by the tests of upgrades and by `tests.contract.releases.__main__`. Nothing here knows any
table: what there is, the catalogue says.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from alembic.config import Config
from alembic.script import ScriptDirectory
from psycopg import Connection

from data.store import migrate
from tests.databases import conninfo

FOLDER = Path(__file__).parent
_FIRST = "-- handed out: "
_TABLES = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    AND relname <> 'alembic_version' ORDER BY relname
"""
_COLUMNS = """
SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0
    AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""
_NUMBERED = """
SELECT s.relname FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.deptype = 'i'
    WHERE s.relkind = 'S' AND d.refobjid = to_regclass(%s)
"""
Rows = Counter[tuple[str | None, ...]]  # each row as often as it is there, all of it as text
Kept = dict[str, tuple[list[str], Rows]]  # of each table: some columns, and what stands in them


def releases() -> list[str]:
    """Return the versions of the schema of which there is a dump, the oldest first."""
    return sorted(file.stem.removeprefix("at_") for file in FOLDER.glob("at_*.sql"))


def versions() -> list[str]:
    """Return all versions of the schema, the first one first."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    walked = ScriptDirectory.from_config(config).walk_revisions()
    return [script.revision for script in walked][::-1]


def handed_out(version: str) -> dict[str, str]:
    """Return the passwords, tokens and keys of a dump."""
    with _file(version).open() as lines:
        told: dict[str, str] = json.loads(next(lines).removeprefix(_FIRST))
    return told


def put_in(url: str, owner_url: str, version: str) -> None:
    """Bring an empty database to a version, with the rows of its dump."""
    migrate.upgrade(owner_url, version)
    with reading(url) as connection:
        connection.execute(_file(version).read_bytes())


def written(url: str, secrets: dict[str, str]) -> str:
    """Return every row of a database as SQL, behind a line with what was handed out."""
    with reading(url) as connection:
        parts = [_FIRST + json.dumps(secrets), *_statements(connection)]
    return "\n".join(parts) + "\n"


def tables(url: str) -> list[str]:
    """Return the names of all tables; the months are parts of theirs."""
    with reading(url) as connection:
        return [name for (name,) in connection.execute(_TABLES)]


def kept(url: str, like: Kept | None = None) -> Kept:
    """Return what stands in every table, or in those of `like` and in the columns that it has."""
    with reading(url) as connection:
        if like is None:
            named = {name: _columns(connection, name) for (name,) in connection.execute(_TABLES)}
        else:
            named = {table: names for table, (names, _) in like.items()}
        return {
            table: (names, Counter(connection.execute(_picked(table, names)).fetchall()))
            for table, names in named.items()
        }


def columns(url: str) -> dict[str, set[str]]:
    """Return each table's columns but those that are worked out from others."""
    with reading(url) as connection:
        found = connection.execute(_TABLES).fetchall()
        return {table: set(_columns(connection, table)) for (table,) in found}


@contextmanager
def reading(url: str) -> Iterator[Connection[Any]]:
    """Open a connection of the superuser's on which every hour is UTC's."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute("SET search_path = public; SET timezone = 'UTC'")
        yield connection


def _columns(connection: Connection[Any], table: str) -> list[str]:
    return [name for (name,) in connection.execute(_COLUMNS, (table,))]


def _statements(connection: Connection[Any]) -> Iterator[str]:
    """Yield what fills each table; accounts stand before the sessions that name them."""
    for (table,) in connection.execute(_TABLES).fetchall():
        names = _columns(connection, table)
        found = connection.execute(_picked(table, names, "quote_nullable")).fetchall()
        if found:
            values = ",\n".join(f"({', '.join(row)})" for row in sorted(found))
            yield f"INSERT INTO {table} ({', '.join(names)})\nOVERRIDING SYSTEM VALUE VALUES"
            yield f"{values};"
        for (sequence,) in connection.execute(_NUMBERED, (table,)).fetchall():
            last = connection.execute(f"SELECT last_value, is_called FROM {sequence}").fetchone()
            yield f"SELECT setval('{sequence}', {last[0]}, {str(last[1]).lower()});"


def _picked(table: str, names: list[str], of: str = "") -> str:
    return f"SELECT {', '.join(f'{of}({name}::text)' for name in names)} FROM {table}"


def _file(version: str) -> Path:
    return FOLDER / f"at_{version}.sql"
