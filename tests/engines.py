"""Real PostgreSQL and Redis for tests: one server of each a session, fresh contents a test.

A database of its own costs a test half a second; modules of many short tests share one that is
emptied before each, `emptied_database_url`.

`postgres` and `redis_server` may be killed: the next test that asks for a database or a Redis
starts them again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import count
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import make_url

from data.store.embedded import EmbeddedPostgres
from data.stream.embedded import EmbeddedRedis
from tests.folders import short_folder

TEMPLATE = "milepost_template"
_numbers = count(1)
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


@pytest.fixture(scope="session")
def engines_folder() -> Iterator[Path]:
    """Short, for Unix sockets; not pytest's own, which the account of PostgreSQL may not enter."""
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres(engines_folder: Path) -> Iterator[EmbeddedPostgres]:
    """The session's PostgreSQL: start(), kill(), stop(), pid."""
    server = EmbeddedPostgres(engines_folder / "postgres")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def postgres_url(postgres: EmbeddedPostgres) -> str:
    """The URL of the server's own database, for the superuser."""
    return postgres.start()


@pytest.fixture(scope="session")
def milepost_template(postgres: EmbeddedPostgres) -> str:
    """The name of a database with all migrations applied and nobody connected."""
    postgres.start()
    _create(postgres, TEMPLATE, "template0")
    import_module("data.store.migrate").upgrade(postgres.url_of(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def new_database(postgres: EmbeddedPostgres) -> Iterator[Callable[[str], str]]:
    """A function that copies a template into a database of this test and returns its URL."""
    made: list[str] = []

    def make(template: str = "template0") -> str:
        made.append(f"test_{next(_numbers)}")
        postgres.start()
        _create(postgres, made[-1], template)
        return postgres.url_of(made[-1])

    yield make
    postgres.start()
    for name in made:
        _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_database_url(new_database: Callable[[str], str]) -> str:
    """The URL of a database with nothing in it."""
    return new_database("template0")


@pytest.fixture
def database_url(new_database: Callable[[str], str], milepost_template: str) -> str:
    """The URL of a database with Milepost's tables and no rows."""
    return new_database(milepost_template)


@pytest.fixture(scope="module")
def shared_database_url(postgres: EmbeddedPostgres, milepost_template: str) -> Iterator[str]:
    """The URL of a database with Milepost's tables that a module's tests share.

    It waits for no disk: whoever kills the server takes a database of their own.
    """
    name = f"test_{next(_numbers)}"
    postgres.start()
    _create(postgres, name, milepost_template)
    _execute(postgres, f"ALTER DATABASE {name} SET synchronous_commit = off")
    yield postgres.url_of(name)
    postgres.start()
    _execute(postgres, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def emptied_database_url(postgres: EmbeddedPostgres, shared_database_url: str) -> str:
    """The URL of the module's database, without the rows of the test before."""
    postgres.start()
    empty(shared_database_url)
    return shared_database_url


def empty(url: str) -> None:
    """Delete every row of a database, as its owner and past all triggers; numbers begin at 1."""
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute(_EMPTY)


@pytest.fixture(scope="session")
def redis_server(engines_folder: Path) -> Iterator[EmbeddedRedis]:
    """The session's Redis: start(), kill(), stop(), pid."""
    server = EmbeddedRedis(engines_folder / "redis")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: EmbeddedRedis) -> str:
    """The URL of a Redis with nothing in it, which writes to disk before it acknowledges."""
    url = redis_server.start()
    with redis_at(url) as client:
        client.flushall()
    return url


@contextmanager
def redis_at(url: str) -> Iterator[redis.Redis]:
    """A client that is closed afterwards, and does not repeat what it could not confirm."""
    with redis.Redis.from_url(url, socket_timeout=10, retry=None) as client:
        yield client
        client.connection_pool.disconnect()


def conninfo(url: str) -> str:
    """What psycopg itself calls the database that a SQLAlchemy URL names."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _create(server: EmbeddedPostgres, name: str, template: str) -> None:
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")


def _execute(server: EmbeddedPostgres, statement: str) -> None:
    with psycopg.connect(conninfo(server.url), autocommit=True) as connection:
        connection.execute(statement)
