"""A database with a row of every site and party in every table, for tests of row security.

Nothing here is a list by hand: tables, columns and keys are read from the catalog, so that a new
table is tried without anybody adding it.
"""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import Connection, sql
from sqlalchemy import Engine

from data.store.protection import PARTY, SITES, WEB, WORKER
from data.store.scoped import connect
from tests.engines import conninfo

# Tables without row security, and why they need none.
OPEN = {"alembic_version": "the number of the schema's version, of no site and no party"}
# By what else than `site` and `party` a row says whose it is.
SITE_IN = {"site": "id"}
PARTY_IN = {"work_order": "customer", "exception": "parties[1]"}
SHARED = {"disclosure": ""}  # rows of no party: what holds for every party of a role
ROLES = (WEB, WORKER)
OWNERS = [(site, party) for site in ("a", "b") for party in ("pa", "pb")]


def number_of(key: str) -> int:
    return zlib.crc32(key.encode()) >> 1


def day_of(key: str) -> str:
    return str(date(2026, 1, 1) + timedelta(days=number_of(key) % 1000))


VALUES: dict[str, Callable[[str], Any]] = {
    "text": str, "bigint": number_of, "integer": number_of, "double precision": len,
    "boolean": lambda _: False, "bytea": str.encode, "jsonb": lambda _: "{}",
    "date": day_of, "timestamp with time zone": day_of,
    "ARRAY": lambda _: "{}",
}  # fmt: skip


class Table(NamedTuple):
    """A table: its columns that are given (name, type), and where it says whose a row is."""

    name: str
    columns: dict[str, str]

    @property
    def site(self) -> str | None:
        named = SITE_IN.get(self.name, "site")
        return named if named in self.columns else None

    @property
    def party(self) -> str | None:
        if self.name in PARTY_IN:
            return PARTY_IN[self.name]
        return "party" if "party" in self.columns else None


@pytest.fixture(scope="session")
def seeded(postgres, milepost_template) -> Iterator[str]:
    """A database with a row of every owner in every table; tests leave it as it is."""
    postgres.start()
    with psycopg.connect(conninfo(postgres.url), autocommit=True) as server:
        server.execute(f"CREATE DATABASE row_security TEMPLATE {milepost_template}")
    url = postgres.url_of("row_security")
    with psycopg.connect(conninfo(url)) as connection:
        for table in in_order(connection):
            for site, party in OWNERS:
                put(connection, table, row_of(table, site, party))
    yield url
    postgres.start()
    with psycopg.connect(conninfo(postgres.url), autocommit=True) as server:
        server.execute("DROP DATABASE row_security WITH (FORCE)")


@pytest.fixture
def superuser(seeded: str, postgres_url: str) -> Iterator[Connection[Any]]:
    """Sees everything; what it does is undone. The server is up again if a test has ended it."""
    with psycopg.connect(conninfo(seeded)) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def every(superuser) -> list[Table]:
    """Every table, as one sees them who may see all."""
    return tables(superuser)


@pytest.fixture
def engine(seeded: str, postgres_url: str) -> Iterator[Engine]:
    """A pool of one connection."""
    made = connect(seeded, pool_size=1)
    made.pool._max_overflow = 0
    yield made
    made.dispose()


def tables(connection: Connection[Any]) -> list[Table]:
    """Every table that there is, with the columns that whoever adds a row gives."""
    rows = connection.execute(
        "SELECT c.table_name, json_object_agg(c.column_name, c.data_type ORDER BY ordinal_position)"
        " FROM information_schema.columns c JOIN pg_class t ON t.relname = c.table_name"
        " JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = c.table_schema"
        " WHERE n.nspname = 'public' AND t.relkind IN ('r', 'p') AND c.is_generated = 'NEVER'"
        " AND c.is_identity = 'NO' GROUP BY 1 ORDER BY 1"
    )
    return [Table(name, columns) for name, columns in rows if name not in OPEN]


def in_order(connection: Connection[Any]) -> list[Table]:
    """The same, those first that others refer to."""
    query = "SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
    refer = {row[0] for row in connection.execute(query)}
    return sorted(tables(connection), key=lambda table: table.name in refer)


def row_of(table: Table, site: str, party: str) -> dict[str, Any]:
    """A row that belongs to a site and a party; what has the same name in two rows differs."""
    key = f"{site}-{party}"
    row = {name: VALUES[form](key) for name, form in table.columns.items()}
    row |= {name: value for name, value in (("site", site), ("party", party)) if name in row}
    row |= {"id": site} if table.name == "site" else {}
    row |= {"customer": party} if table.name == "work_order" else {}
    row |= {name: f"{{{party}}}" for name in ("parties",) if name in row}
    return row


def put(connection: Connection[Any], table: Table, row: dict[str, Any]) -> None:
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({}) {}").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
        sql.SQL("ON CONFLICT DO NOTHING" if table.name == "site" else ""),
    )
    connection.execute(query, list(row.values()))


@contextmanager
def acting(
    connection: Connection[Any], role: str, sites: str | None = None, party: str | None = None
) -> Iterator[None]:
    """Act in a role and a scope, within a savepoint that is undone; None: nobody set one."""
    with connection.transaction(force_rollback=True):
        for name, value in ((SITES, sites), (PARTY, party)):
            if value is not None:
                connection.execute("SELECT set_config(%s, %s, true)", (name, value))
        connection.execute("SELECT set_config('role', %s, true)", (role,))
        yield


def attempt(connection: Connection[Any], *query: Any) -> list[Any] | str:
    """Rows, or the code of the error; what was done is undone."""
    try:
        with connection.transaction():
            cursor = connection.execute(*query)
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error as error:
        return error.sqlstate or ""


def seen(connection: Connection[Any], table: Table) -> list[tuple[Any, Any]]:
    """The owners of the rows that are there for whoever acts; none without the right to look."""
    site, party = table.site or "NULL", table.party or "NULL"
    found = attempt(connection, f"SELECT {site}, {party} FROM {table.name}")
    return [] if isinstance(found, str) else [(row[0], row[1]) for row in found]
