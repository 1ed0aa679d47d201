"""The shelf in real Redis: bytes come back as they were put, and nothing is ever pickled."""

from collections.abc import Iterator

import pytest
from msgspec import Struct

from data.domain.scope import factory_scope
from data.services.caching import Cached
from data.services.errors import Unavailable
from data.stream.cache import MOST_BYTES, PREFIX, RedisShelf
from tests.engines import redis_at


class Answer(Struct, frozen=True):
    text: str


@pytest.fixture
def shelf(redis_url: str) -> Iterator[RedisShelf]:
    made = RedisShelf(redis_url)
    yield made
    made.close()


def test_bytes_come_back_as_they_were_put(shelf: RedisShelf) -> None:
    for value in (b"{}", b"17", b"!x", b"", "電".encode()):
        shelf.put("key", value, 60)
        assert shelf.get("key") == value
    assert shelf.get("another") is None


def test_what_lies_in_redis_is_the_json_itself_and_ends(shelf: RedisShelf, redis_url: str) -> None:
    ask = Cached(shelf).get
    made = Answer("x")
    assert ask(factory_scope("plant"), "plant", 1, "delays", None, Answer, lambda: made) == made
    with redis_at(redis_url) as client:
        (key,) = client.keys("*")
        assert key.decode().startswith(PREFIX)
        assert client.get(key) == b'{"text":"x"}'
        assert 0 < client.ttl(key) <= 120


def test_two_scopes_and_two_versions_never_meet(shelf: RedisShelf) -> None:
    ask = Cached(shelf).get

    def answer(scope: str, version: int) -> str:
        return ask(
            factory_scope("plant", scope), "plant", version, "x", None, Answer,
            lambda: Answer(f"{scope} {version}"),
        ).text  # fmt: skip

    for scope in ("a", "b"):
        for version in (1, 2):
            assert answer(scope, version) == f"{scope} {version}"
            assert answer(scope, version) == f"{scope} {version}"


def test_only_bytes_are_kept(shelf: RedisShelf) -> None:
    with pytest.raises(TypeError, match="bytes"):
        shelf.put("key", {"a": 1}, 60)  # type: ignore[arg-type]


def test_what_is_too_large_for_the_logs_memory_is_not_kept(shelf: RedisShelf) -> None:
    shelf.put("key", b"x" * (MOST_BYTES + 1), 60)
    assert shelf.get("key") is None


def test_a_redis_out_of_reach_is_unavailable_and_answers_are_made() -> None:
    shelf = RedisShelf("redis://127.0.0.1:1")
    with pytest.raises(Unavailable):
        shelf.get("key")
    with pytest.raises(Unavailable):
        shelf.put("key", b"x", 60)
    made = Cached(shelf).get(
        factory_scope("plant"), "plant", 1, "x", None, Answer, lambda: Answer("made")
    )
    assert made == Answer("made")
    shelf.close()
