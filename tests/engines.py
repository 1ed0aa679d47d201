"""Real PostgreSQL and Redis for tests: one server of each a session, fresh contents a test.

A test has its database to itself, though others had it before: `tests.databases`. Modules of many
short tests keep one, and connections to it, that is emptied before each: `emptied_database_url`.

`postgres` and `redis_server` may be killed: the next test that asks for a database or a Redis
starts them again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest
import redis

from data.store.embedded import EmbeddedPostgres
from data.stream.embedded import EmbeddedRedis
from tests.databases import Databases, conninfo, create, drop, empty, execute, new_name
from tests.folders import short_folder

__all__ = ["conninfo", "empty", "redis_at"]
TEMPLATE = "milepost_template"


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
    create(postgres, TEMPLATE, "template0")
    import_module("data.store.migrate").upgrade(postgres.url_of(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def new_database(postgres: EmbeddedPostgres) -> Iterator[Callable[[str], str]]:
    """A function that copies a template into a database of this test and returns its URL."""
    made: list[str] = []

    def make(template: str = "template0") -> str:
        made.append(new_name())
        postgres.start()
        create(postgres, made[-1], template)
        return postgres.url_of(made[-1])

    yield make
    postgres.start()
    for name in made:
        drop(postgres, name)


@pytest.fixture
def empty_database_url(new_database: Callable[[str], str]) -> str:
    """The URL of a database with nothing in it."""
    return new_database("template0")


@pytest.fixture(scope="session")
def databases(postgres: EmbeddedPostgres, milepost_template: str) -> Databases:
    """The databases of the session that tests have one after another."""
    return Databases(postgres, milepost_template)


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, databases: Databases) -> Iterator[str]:
    """The URL of a database with Milepost's tables and no rows."""
    name = databases.take()
    yield postgres.url_of(name)
    databases.give_back(name)


@pytest.fixture(scope="module")
def shared_database_url(postgres: EmbeddedPostgres, milepost_template: str) -> Iterator[str]:
    """The URL of a database with Milepost's tables that a module's tests share.

    It waits for no disk: whoever kills the server takes a database of their own.
    """
    name = new_name()
    postgres.start()
    create(postgres, name, milepost_template)
    execute(postgres, f"ALTER DATABASE {name} SET synchronous_commit = off")
    yield postgres.url_of(name)
    postgres.start()
    drop(postgres, name)


@pytest.fixture
def emptied_database_url(postgres: EmbeddedPostgres, shared_database_url: str) -> str:
    """The URL of the module's database, without the rows of the test before."""
    postgres.start()
    empty(shared_database_url)
    return shared_database_url


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
