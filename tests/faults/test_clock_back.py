"""A clock that goes back two hours holds nothing up for two hours."""

from collections.abc import Iterator

import pytest

from data.domain.topics import ORDERS
from tests.contract.world import PLANT, World, drain, good, order, process


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(order("SO-1"))
        yield made


def test_the_risks_of_a_live_board_go_on(world: World) -> None:
    live = world.live()
    live.refresh()
    world.clock.advance(hours=-2)
    assert live.refresh() == ORDERS
    assert live.refresh() == 0  # and once a second again
    world.clock.advance(seconds=1)
    assert live.refresh() == ORDERS


def test_the_recorder_goes_on_trimming(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = world.recorder()
    drain(recorder)
    trimmed: list[str] = []
    monkeypatch.setattr(world.log, "trim", lambda _, below: trimmed.append(below))
    world.clock.advance(hours=-2)
    assert world.said(good("a", at=world.clock())) == ["accepted"]
    drain(recorder)
    assert trimmed == [recorded for recorded in trimmed if recorded]
    assert len(trimmed) == 1
    assert world.log.first_offset(PLANT.id) is not None
