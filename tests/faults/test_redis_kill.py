"""A Redis that is killed under load: whatever was acknowledged is there again, each event once."""

import threading
from collections.abc import Iterator

import pytest

from data.services.errors import Unavailable
from data.stream.embedded import EmbeddedRedis
from tests.contract.world import (
    Clock,
    World,
    drain_somehow,
    entries_of,
    good,
    order,
    process,
)

SENDERS, KILLS, BETWEEN = 4, 3, 60


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(order("SO-1"))
        yield made


class Sender(threading.Thread):
    """A machine that repeats what was not acknowledged, until it is told to stop."""

    def __init__(self, number: int, redis_url: str, database_url: str) -> None:
        super().__init__(daemon=True)
        self.acknowledged: list[str] = []
        self.unanswered = 0
        self.failure: BaseException | None = None
        self._number = number
        self._urls = (redis_url, database_url)
        self._stopping = threading.Event()

    def run(self) -> None:
        try:
            with process(*self._urls, Clock()) as world:
                self._send(world)
        except BaseException as error:
            self.failure = error
            raise

    def _send(self, world: World) -> None:
        count = 0
        while not self._stopping.is_set():
            event_id = f"s{self._number}-{count}"
            try:
                (said,) = world.said(good(event_id))
            except Unavailable:
                self.unanswered += 1
                self._stopping.wait(0.01)
                continue
            assert said in ("accepted", "duplicate"), said
            self.acknowledged.append(event_id)
            count += 1

    def stop(self) -> None:
        self._stopping.set()
        self.join(60)


def enough(senders: list[Sender], count: int) -> bool:
    return all(len(sender.acknowledged) >= count or sender.failure for sender in senders)


def test_what_was_acknowledged_survives_a_killed_redis(
    world: World, redis_server: EmbeddedRedis, redis_url: str, database_url: str
) -> None:
    waiting = threading.Event()
    senders = [Sender(n, redis_url, database_url) for n in range(SENDERS)]
    for sender in senders:
        sender.start()
    for kill in range(1, KILLS + 1):
        while not enough(senders, kill * BETWEEN):
            waiting.wait(0.01)
        redis_server.kill()
        redis_server.start()
    while not enough(senders, (KILLS + 1) * BETWEEN):
        waiting.wait(0.01)
    for sender in senders:
        sender.stop()
    assert [sender.failure for sender in senders] == [None] * SENDERS
    assert sum(sender.unanswered for sender in senders) > 0  # they were cut off

    acknowledged = {event_id for sender in senders for event_id in sender.acknowledged}
    drain_somehow(world.recorder())
    recorded = world.recorded_ids()
    assert len(recorded) == len(set(recorded))
    assert acknowledged <= set(recorded)
    in_flight = len(set(recorded) - acknowledged - {"site", "plan-SO-1"})
    assert in_flight <= SENDERS  # at most the one whose answer was lost, a sender
    assert world.rows("SELECT good FROM operation") == [(len(acknowledged) + in_flight,)]


def test_a_recorder_goes_on_after_redis_was_killed(
    world: World, redis_server: EmbeddedRedis
) -> None:
    recorder = world.recorder()
    drain_somehow(recorder)
    for n in range(3):
        assert world.said(good(f"e{n}")) == ["accepted"]
        redis_server.kill()
        with pytest.raises(Unavailable):
            recorder.step(None)
        redis_server.start()
        drain_somehow(recorder)
    assert world.recorded_ids()[:3] == ["e0", "e1", "e2"]
    assert len(entries_of(world.client)) == 5
