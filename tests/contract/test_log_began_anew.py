"""A log that another hand emptied begins anew, under another epoch, whatever parts are at then.

What stood in the old log, what stands in the new one and what was put back into it count once on
every board, as they do in SQL.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from data.services.live import LiveSite
from data.services.ports import Entry
from data.services.recorder import Recorder
from data.stream.log import EventLog
from tests.contract.world import FACTORY, PLANT, World, claims, drain, good, order, process

SUBJECT = "operation/SO-1/10"


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(order("SO-1"))
        yield made


class Interrupted:
    """The log, in which something happens once while a reader waits for its next entries."""

    def __init__(self, log: EventLog, happens: Any, after_read: bool = False) -> None:
        self._log, self._happens, self._after_read = log, happens, after_read

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def read(self, site: str, after: str, count: int, block_ms: int | None) -> list[Entry]:
        happens, self._happens = self._happens, lambda: None
        if self._after_read:
            found = self._log.read(site, after, count, None)
            happens()
            return found
        happens()
        return self._log.read(site, after, count, None)


def emptied(world: World, *reports: Any) -> None:
    """Empty the log; the door opens a new epoch with the next reports."""
    world.client.flushall()
    world.clock.advance(seconds=1)
    assert world.said(*reports) == ["accepted"] * len(reports)


def board(world: World, log: Any = None) -> LiveSite:
    live = LiveSite(PLANT.id, log or world.log, world.history, world.clock)
    live.load()
    return live


def good_on(live: LiveSite) -> int:
    while live.read(block_ms=None):
        pass
    return live.board.operation("SO-1", "10").good


def output_on(live: LiveSite) -> int:
    return sum(counted[0] for counted in live.board.output.values())


def recorder_with(world: World, log: Any) -> Recorder:
    return Recorder(PLANT.id, log, world.history, world.writer(), world.clock)


def test_a_recorder_that_waited_records_nothing_of_the_new_log_under_the_old_epoch(
    world: World,
) -> None:
    log = Interrupted(world.log, lambda: None)
    recorder = recorder_with(world, log)
    drain(recorder)
    log._happens = lambda: emptied(world, good("a", 3))
    recorder.step(block_ms=None)
    live = board(world)  # in the moment before the recorder goes on
    assert good_on(live) == 3
    drain(recorder)
    live.poll()
    assert good_on(live) == 3
    assert world.rows("SELECT good FROM operation") == [(3,)]
    assert world.rows("SELECT epoch FROM reader") == [(world.log.epoch(PLANT.id),)]


def test_a_board_of_the_new_log_has_what_a_recorder_still_had_of_the_old_one(
    world: World,
) -> None:
    log = Interrupted(world.log, lambda: None, after_read=True)
    recorder = recorder_with(world, log)
    drain(recorder)
    live = board(world)
    assert world.said(good("a", 3)) == ["accepted"]
    assert good_on(live) == 3

    def meanwhile() -> None:
        emptied(world, good("b", 4))
        live.poll()  # it starts again from SQL, which hasn't got "a" yet
        assert good_on(live) == 4

    log._happens = meanwhile
    drain(recorder)
    live.poll()
    assert good_on(live) == output_on(live) == 7
    assert world.rows("SELECT good FROM operation") == [(7,)]
    loaded = live.boards
    live.poll()
    assert good_on(live) == 7
    assert live.boards == loaded


def test_a_board_that_began_while_the_log_was_cold_has_it_too(world: World) -> None:
    recorder = world.recorder()
    drain(recorder)
    world.client.flushall()
    live = board(world)
    emptied(world, good("a", 3))
    live.poll()
    assert good_on(live) == 3
    drain(recorder)
    live.poll()
    assert good_on(live) == output_on(live) == 3


@pytest.mark.parametrize("subject", [SUBJECT, "operation/SO-1/20"])
def test_what_is_put_back_twice_counts_once_on_a_board_that_began_in_between(
    world: World, subject: str
) -> None:
    recorder = world.recorder()
    drain(recorder)
    (lost,) = claims(good("a", 3))
    assert world.log.append(PLANT.id, [lost], again=True) == ["accepted"]
    drain(recorder)
    live = board(world)
    assert world.said({**good("b", 4), "subject": subject}) == ["accepted"]
    world.log.forget(PLANT.id, [(lost.source, lost.id)])
    assert world.log.append(PLANT.id, [lost], again=True) == ["accepted"]
    drain(recorder)
    assert good_on(live) == (7 if subject == SUBJECT else 3)
    assert output_on(live) == 7
    live.poll()
    assert output_on(live) == 7
    assert world.recorded_ids().count("a") == 1
    assert world.sites.current(FACTORY, PLANT.id).board.operation("SO-1", "10").good == (
        7 if subject == SUBJECT else 3
    )
