"""News on a real Redis: two processes hear the same, in order, and nothing twice."""

from collections.abc import Iterator

import pytest

from data.services.errors import Unavailable
from data.services.news import News, NewsDesk, What
from data.stream.log import connect
from data.stream.news import KEPT, NewsStream


@pytest.fixture
def streams(redis_url: str) -> Iterator[tuple[NewsStream, NewsStream]]:
    clients = connect(redis_url), connect(redis_url)
    yield NewsStream(clients[0]), NewsStream(clients[1])
    for client in clients:
        client.close()
        client.connection_pool.disconnect()


def news(number: int) -> News:
    return News(site="plant", what=What.DATE, parties=(f"P{number}",))


def test_another_process_hears_all_of_it_in_order_and_once(
    streams: tuple[NewsStream, NewsStream],
) -> None:
    here, there = streams
    place = there.last()
    for number in range(250):
        here.publish(news(number))
    heard: list[News] = []
    while True:
        place, some = there.read(place, None)
        heard += some
        if not some:
            break
    assert heard == [news(number) for number in range(250)]


def test_it_waits_for_the_first_and_stays_where_it_was_when_there_is_none(
    streams: tuple[NewsStream, NewsStream],
) -> None:
    assert streams[0].read("0-0", 10) == ("0-0", [])


def test_the_stream_stays_short(streams: tuple[NewsStream, NewsStream], redis_url: str) -> None:
    for number in range(KEPT + 500):
        streams[0].publish(news(number))
    client = connect(redis_url)
    assert client.xlen("mp:news") < KEPT + 200
    client.close()
    client.connection_pool.disconnect()


def test_a_desk_on_it_tells_and_hears(streams: tuple[NewsStream, NewsStream]) -> None:
    heard: list[News | None] = []
    here, there = (NewsDesk(stream, lambda seconds: None) for stream in streams)
    there.listen(heard.append)
    there.read(block_ms=None)
    here.tell(What.DATE, "plant", ["P7"])
    assert there.read(block_ms=None) == 1
    assert heard == [None, news(7)]


def test_a_redis_that_is_gone_is_unavailable() -> None:
    nowhere = connect("redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable):
        NewsStream(nowhere).last()
    nowhere.close()
