"""Nobody reads so often through the API that others have to wait: counted over all processes."""

from collections.abc import Callable

import pytest
from flask import Blueprint, Flask, request
from flask.testing import FlaskClient

from callbacks.limits import PREFIX, READS_A_MINUTE, ReadLimit
from tests.browser.product.program import Program, wait_for
from tests.engines import redis_at
from tests.security.conftest import Visitor

MOST = 5


@pytest.fixture
def process(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FlaskClient]:
    """A function that makes one process's API; who asks says so in a header.

    However slow Redis is, it is there: else each process would count for itself.
    """
    monkeypatch.setattr("callbacks.limits.TIMEOUT_S", 60.0)

    def make(url: str = redis_url) -> FlaskClient:
        server, routes = Flask("test"), Blueprint("reading", "test", url_prefix="/api/v1")
        for path in ("orders", "needs"):
            routes.get(f"/{path}", endpoint=path)(lambda: "rows")
        ReadLimit(url, MOST).guard(routes, lambda: request.headers["Who"])
        server.register_blueprint(routes)
        server.get("/healthz")(lambda: "alive")
        return server.test_client()

    return make


def read(client: FlaskClient, who: str, path: str = "orders") -> int:
    return client.get(f"/api/v1/{path}", headers={"Who": who}).status_code


def test_a_reader_is_counted_over_all_processes_and_paths(
    process: Callable[..., FlaskClient],
) -> None:
    one, another = process(), process()
    told = [read(one, "key/a"), read(another, "key/a", "needs"), read(one, "key/a", "needs")]
    assert told + [read(another, "key/a") for _ in range(4)] == [200] * MOST + [429, 429]
    refused = one.get("/api/v1/needs", headers={"Who": "key/a"})
    assert refused.status_code == 429
    assert refused.mimetype == "application/problem+json"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_one_readers_haste_is_nobody_elses(process: Callable[..., FlaskClient]) -> None:
    client = process()
    assert [read(client, "key/a") for _ in range(MOST + 1)][-1] == 429
    assert read(client, "key/b") == 200
    assert client.get("/healthz").status_code == 200


def test_who_asks_is_all_that_is_kept_and_it_ends(
    process: Callable[..., FlaskClient], redis_url: str
) -> None:
    read(process(), "key/a")
    with redis_at(redis_url) as redis:
        [key] = redis.keys(f"{PREFIX}*")
        assert b"key/a" in key
        assert 0 < redis.ttl(key) <= 60


def test_without_redis_everybody_goes_on_reading(process: Callable[..., FlaskClient]) -> None:
    client = process("unix:///nowhere/redis.sock")
    assert read(client, "key/a") == 200
    assert [read(client, "key/a") for _ in range(MOST)][-1] == 429  # each process by itself


def test_the_program_counts_its_readers_by_who_they_are(guarded: Program) -> None:
    key = guarded.run("key", "add", "works", "--role", "manager")
    reader, stranger = Visitor(guarded.address), Visitor(guarded.address)
    header = {"Authorization": f"Bearer {key}"}

    def are_counted() -> bool:
        """Each count ends after a minute, whenever that began, and Redis may be slow once."""
        assert reader.ask("GET", "/api/v1/orders", headers=header).status_code == 200
        assert stranger.ask("GET", "/api/v1/orders").status_code == 401
        with redis_at(guarded.redis_url) as redis:
            counted = b" ".join(redis.keys(f"{PREFIX}*")).decode()
        return f"key/{key.split('_')[1]}" in counted and "address/127.0.0.1" in counted

    wait_for(are_counted, 60, "both are counted in Redis")
    assert READS_A_MINUTE >= 600  # a reader goes through 600,000 rows in a minute
    for one in (reader, stranger):
        one.http.close()
