"""What stands isn't told as over because a log was emptied or a clock set back, on real engines."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from data.domain.exceptions.records import Case, Move, Severity, State
from data.domain.exceptions.rules import Condition, Rule
from data.domain.exceptions.trust import DOUBT_S
from data.domain.scope import Role
from data.services.exceptions import FIRST_S
from data.services.rescue import Rescue
from tests.contract.test_log_gap import Plant
from tests.contract.world import PLANT, World, envelope, good, order, process

SITE = PLANT.id
STOPPED = Rule(
    id="stopped", condition=Condition.UNIT_STATE, severity=Severity.HIGH,
    owner=Role.ADMINISTRATOR, states=("down",), limit_s=0.0,
)  # fmt: skip
LATE = Rule(
    id="late", condition=Condition.NOT_STARTED, severity=Severity.HIGH, owner=Role.ADMINISTRATOR,
    limit_s=1800.0,
)  # fmt: skip
RAISED, RETURNED = "raised E-1", "returned E-1"
SEEN_S = 5.0  # a board is loaded anew within 2 s of a log that began anew, and judged
LONG_S = DOUBT_S + 2 * SEEN_S


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(order("SO-1", "10"))
        yield made


@pytest.fixture
def right(redis_url: str, database_url: str) -> Iterator[World]:
    """Another process, whose clock stays right."""
    with process(redis_url, database_url) as made:
        yield made


@pytest.fixture
def plant(world: World) -> Iterator[Plant]:
    with closing(begun(world, STOPPED)) as made:
        yield made


def begun(world: World, rule: Rule) -> Plant:
    """A plant whose watch knows it for so long that what comes up now is told."""
    made = Plant(world, rule)
    made.work()
    made.work(seconds=FIRST_S)
    return made


def turns(world: World, name: str, state: str, unit: str = "W1") -> None:
    said = envelope(
        name, "work_unit.state_changed", f"work-unit/{unit}", {"state": state}, world.clock()
    )
    assert world.said(said) == ["accepted"]


def told(plant: Plant) -> list[str]:
    return [words for _, words in plant.telling.sent()]


def goes_on(plant: Plant, seconds: float) -> None:
    until = plant.clock_s + seconds
    while plant.clock_s < until:
        plant.work(seconds=1.0)


def until_said(plant: Plant, words: str, within_s: float) -> float:
    """How long it takes until people are told this."""
    started = plant.clock_s
    while words not in told(plant):
        assert plant.clock_s - started < within_s
        plant.work()
    return plant.clock_s - started


def stopped_unrecorded(world: World, plant: Plant) -> None:
    turns(world, "a", "down")
    plant.work(recording=False)
    assert told(plant) == [RAISED]
    assert "a" not in world.recorded_ids()


def emptied(world: World, *more: str) -> None:
    """Another hand empties the log; what comes in begins another."""
    world.client.flushall()
    assert world.said(*(good(name, at=world.clock()) for name in more)) == ["accepted"] * len(more)


def only(plant: Plant) -> Case:
    (case,) = plant.cases()
    return case


def moves(plant: Plant) -> list[Move]:
    return [one.move for one in plant.telling.store.transitions(SITE, 1)]


def test_a_stop_that_vanishes_before_it_is_recorded_goes_on_until_it_is_put_back(
    world: World, plant: Plant
) -> None:
    stopped_unrecorded(world, plant)
    emptied(world, "b")
    goes_on(plant, LONG_S)
    assert "a" in world.recorded_ids()
    assert (told(plant), moves(plant)) == ([RAISED], [Move.RAISE])
    assert (only(plant).standing, only(plant).flapping, only(plant).times) == (True, False, 1)


def test_a_machine_that_goes_on_when_the_log_was_emptied_is_told_of_a_little_later(
    world: World, plant: Plant
) -> None:
    stopped_unrecorded(world, plant)
    emptied(world, "b")
    goes_on(plant, SEEN_S)
    turns(world, "c", "processing")
    assert until_said(plant, RETURNED, within_s=LONG_S) > 0
    goes_on(plant, DOUBT_S)
    assert told(plant) == [RAISED, RETURNED]


def test_a_stop_that_nobody_can_put_back_is_over_when_nothing_comes(
    world: World, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Rescue, "work", lambda *_: {})
    stopped_unrecorded(world, plant)
    emptied(world, "b")
    assert DOUBT_S <= until_said(plant, RETURNED, LONG_S) <= DOUBT_S + SEEN_S
    assert only(plant).state is State.RETURNED


def test_what_comes_up_while_returns_are_in_doubt_is_told_at_once(
    world: World, plant: Plant
) -> None:
    stopped_unrecorded(world, plant)
    emptied(world, "b")
    goes_on(plant, SEEN_S)
    turns(world, "c", "down", "W2")
    assert until_said(plant, "raised E-2", within_s=2.0) <= 1.0


def test_a_watch_that_begins_before_it_is_put_back_goes_on_with_the_stop(
    world: World, plant: Plant
) -> None:
    stopped_unrecorded(world, plant)
    emptied(world)
    plant.close()
    with closing(Plant(world, STOPPED)) as other:
        goes_on(other, SEEN_S)
        turns(world, "a", "down")  # as a web process does that acknowledged it
        goes_on(other, LONG_S)
        assert (told(other), moves(other)) == ([], [Move.RAISE])


def test_a_stop_goes_on_when_the_clock_goes_back_before_it_and_is_over_when_a_machine_says_so(
    world: World, right: World, plant: Plant
) -> None:
    turns(world, "a", "down")
    turns(world, "b", "down", "W2")
    goes_on(plant, 1.0)
    world.clock.advance(hours=-2)
    goes_on(plant, LONG_S)
    assert sorted(told(plant)) == [RAISED, "raised E-2"]
    right.clock.at = world.clock() + timedelta(hours=2)
    turns(right, "c", "processing")
    assert until_said(plant, _returned(plant, "W1"), within_s=2.0) <= 1.0
    world.clock.advance(hours=2)
    goes_on(plant, LONG_S)
    assert len(told(plant)) == 3


def test_a_watch_that_begins_behind_what_it_knows_goes_on_with_the_stop(
    world: World, plant: Plant
) -> None:
    turns(world, "a", "down")
    goes_on(plant, 1.0)
    plant.close()
    world.clock.advance(hours=-2)
    with closing(Plant(world, STOPPED)) as other:
        goes_on(other, LONG_S)
        world.clock.advance(hours=2)
        goes_on(other, LONG_S)
        assert (told(other), moves(other)) == ([], [Move.RAISE])


def test_what_is_late_stays_so_until_a_clock_that_went_back_has_caught_up_with_what_is_known(
    world: World,
) -> None:
    with closing(begun(world, LATE)) as plant:
        goes_on_to(plant, 1801.0)
        assert told(plant) == [RAISED]
        turns(world, "a", "processing")
        plant.work()
        world.clock.advance(seconds=-600)
        goes_on(plant, LONG_S)
        assert told(plant) == [RAISED]
        plant.work(seconds=600.0)
        goes_on(plant, DOUBT_S)
        assert (told(plant), moves(plant)) == ([RAISED], [Move.RAISE])


def goes_on_to(plant: Plant, seconds: float) -> None:
    """Let the shift go on until so long after it began."""
    begun_at = plant.world.clock().replace(hour=6, minute=0, second=0, microsecond=0)
    left = seconds - (plant.world.clock() - begun_at).total_seconds()
    plant.work(seconds=left)
    plant.work()


def _returned(plant: Plant, unit: str) -> str:
    case = next(case for case in plant.cases() if case.subject == f"work-unit/{unit}")
    return f"returned {case.name}"
