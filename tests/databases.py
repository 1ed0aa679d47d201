"""Databases with Milepost's tables that tests have one after another. Imported by `tests.engines`.

Making one and dropping it keeps the disk busy for a second, emptying it for a tenth of that. One in
which a test changed more than rows is dropped, and so is one that has grown: nobody gets it.
"""

from itertools import count

import psycopg
from sqlalchemy import make_url

from data.store.embedded import EmbeddedPostgres

GROWN_BYTES = 30_000_000
_SETTLED_MS = 5000
_EMPTY = """
DO $$ DECLARE found text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR found IN SELECT format('%I', tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    LOOP
        EXECUTE 'DELETE FROM ' || found;
    END LOOP;
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false)
        FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""
_CATALOGS = (
    "pg_class", "pg_attribute", "pg_proc", "pg_trigger", "pg_policy", "pg_constraint", "pg_index",
    "pg_type", "pg_namespace", "pg_default_acl",
)  # fmt: skip
# Whatever is made or changed has a newer transaction, and what is dropped is missing.
_FORM = " UNION ALL ".join(
    f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM {name}" for name in _CATALOGS
)
_ALONE = (
    "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_numbers = count(1)
Form = list[tuple[str, int, int]]


class Databases:
    """The databases of one server, copies of one template."""

    def __init__(self, server: EmbeddedPostgres, template: str) -> None:
        self._server, self._template = server, template
        self._free: list[str] = []
        self._forms: dict[str, Form] = {}

    def take(self) -> str:
        """Return the name of a database without rows that nobody else has."""
        self._server.start()
        if self._free:
            return self._free.pop()
        name = new_name()
        create(self._server, name, self._template)
        with psycopg.connect(conninfo(self._server.url_of(name))) as connection:
            self._forms[name] = connection.execute(_FORM).fetchall()
        return name

    def give_back(self, name: str) -> None:
        """End what still uses it and empty it for the next test, or drop it."""
        self._server.start()
        if self._is_as_made(name):
            empty(self._server.url_of(name))
            self._free.append(name)
        else:
            drop(self._server, name)

    def _is_as_made(self, name: str) -> bool:
        with psycopg.connect(conninfo(self._server.url_of(name)), autocommit=True) as connection:
            connection.execute(_ALONE, (_SETTLED_MS,))
            [size] = connection.execute("SELECT pg_database_size(current_database())").fetchone()
            form = connection.execute(_FORM).fetchall()
        return size < GROWN_BYTES and form == self._forms[name]


def new_name() -> str:
    """Return a name that no database has had."""
    return f"test_{next(_numbers)}"


def create(server: EmbeddedPostgres, name: str, template: str) -> None:
    """Copy a database to which nobody is connected."""
    execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")


def drop(server: EmbeddedPostgres, name: str) -> None:
    """Drop a database, whoever is connected to it."""
    execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def empty(url: str) -> None:
    """Delete every row of a database, as its owner and past all triggers; numbers begin at 1."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute(_EMPTY)


def conninfo(url: str) -> str:
    """What psycopg itself calls the database that a SQLAlchemy URL names."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def execute(server: EmbeddedPostgres, statement: str) -> None:
    """Do something on the server itself."""
    with psycopg.connect(conninfo(server.url), autocommit=True) as connection:
        connection.execute(statement)
