"""A recorder reads on while the store is busy: one batch, in pieces, of one log without a gap."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data.services import recorder as recorder_module
from data.services.errors import Unavailable
from data.services.ports import Entry
from data.services.recorder import READER, Recorder
from data.stream.log import EventLog
from tests.contract.recordings import STREAM, good_of
from tests.contract.world import PLANT, World, claims, drain, good, order, process

TRANSACTIONS = "SELECT count(DISTINCT xmin::text) FROM event WHERE type = 'operation.progressed'"


@pytest.fixture
def world(redis_url: str, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """One with an order that is recorded, and a recorder that reads two entries at a time."""
    with process(redis_url, database_url) as made:
        made.open(order("SO-1"))
        drain(made.recorder())
        for writer in made._writers:
            writer.release()
        monkeypatch.setattr(recorder_module, "CHUNK", 2)
        monkeypatch.setattr(recorder_module, "BATCH", 8)
        yield made


class Disturbed:
    """The log; before its `nth` read something happens."""

    def __init__(self, log: EventLog, nth: int, happens: Callable[[], Any]) -> None:
        self._log, self._left, self._happens = log, nth, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def read(self, site: str, after: str, count: int, block_ms: int | None) -> list[Entry]:
        self._left -= 1
        if self._left == 0:
            self._happens()
        return self._log.read(site, after, count, None)


def recorder_of(world: World, nth: int, happens: Callable[[], Any]) -> Recorder:
    log = Disturbed(world.log, nth, happens)
    return Recorder(PLANT.id, log, world.history, world.writer(), world.clock)


def gaps(world: World) -> list[str]:
    return [row[0] for row in world.rows("SELECT reason FROM quarantine WHERE kind = 'gap'")]


def away() -> None:
    raise Unavailable("gone")


@pytest.mark.parametrize(("count", "first"), [(5, 5), (8, 8), (9, 8)])
def test_what_is_read_in_pieces_is_one_batch(world: World, count: int, first: int) -> None:
    world.accept(*(good(f"e{n}", 2) for n in range(count)))
    recorder = world.recorder()
    assert recorder.step(None) == first
    assert world.rows(TRANSACTIONS) == [(1,)]
    assert good_of(world) == 2 * first
    assert drain(recorder) == count - first
    assert good_of(world) == 2 * count


def test_entries_that_do_not_fit_are_put_aside_wherever_they_were_read(world: World) -> None:
    fits = claims(*(good(f"e{n}", 2) for n in range(7)))
    unfit = fits[0]._replace(id="x", payload=fits[0].payload.replace(b'"e0"', b'"e\\u0000"'))
    world.log.append(PLANT.id, [*fits[:3], unfit, *fits[3:]])
    recorder = world.recorder()
    assert recorder.step(None) == 8
    assert good_of(world) == 14
    assert world.rows("SELECT kind FROM quarantine") == [("poison",)]
    assert drain(recorder) == 0


def test_a_log_that_is_away_while_it_reads_on_ends_the_batch(world: World) -> None:
    world.accept(*(good(f"e{n}", 2) for n in range(6)))
    recorder = recorder_of(world, 2, away)
    assert recorder.step(None) == 2
    assert good_of(world) == 4
    assert drain(recorder) == 4
    assert good_of(world) == 12
    assert gaps(world) == []


@pytest.mark.parametrize("earlier", [0, 1])  # entries whose places are before those of the old log
def test_a_log_that_begins_anew_while_it_reads_on_is_recorded_as_the_new_one(
    world: World, earlier: int
) -> None:
    def anew() -> None:
        world.client.flushall()
        world.clock.advance(seconds=1)  # which names the new epoch
        for one in claims(*(good(f"o{n}") for n in range(earlier))):
            world.client.xadd(STREAM, {"e": one.payload, "d": one.digest}, id="1-1")
        assert world.said(*(good(f"n{n}") for n in range(3))) == ["accepted"] * 3

    before = world.log.epoch(PLANT.id)
    world.accept(*(good(f"e{n}", 2) for n in range(6)))
    recorder = recorder_of(world, 2, anew)
    assert recorder.step(None) == 2
    assert world.rows("SELECT epoch FROM reader") == [(before,)]
    drain(recorder)
    assert good_of(world) == 2 * 2 + 3 + earlier
    assert world.rows("SELECT epoch FROM reader") == [(world.log.epoch(PLANT.id),)]
    assert len(gaps(world)) == 1


def test_a_gap_that_comes_about_while_it_reads_on_is_told(world: World) -> None:
    world.accept(*(good(f"e{n}", 2) for n in range(6)))

    def trim() -> None:
        world.client.xtrim(STREAM, maxlen=2, approximate=False)

    world.clock.at = datetime.now(UTC) + timedelta(hours=1)
    recorder = recorder_of(world, 2, trim)
    assert recorder.step(None) == 2
    assert gaps(world) == []
    after, at_s = world.log.readers(PLANT.id)[READER]
    assert at_s == int(after.partition("-")[0]) / 1000  # more may be there
    drain(recorder)
    assert good_of(world) == 2 * (2 + 2)
    assert len(gaps(world)) == 1
