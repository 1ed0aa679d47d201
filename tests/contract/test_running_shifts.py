"""Figures of running days: only what is new is read, and they are what all events give."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from data.domain.plan import Order
from data.domain.rules import parse_event
from data.domain.shift_elements import UnitRecord
from data.domain.shift_rows import FigureFilter, ShiftRow
from data.services import shift_figures as module
from data.services.ingest import digest_of
from data.services.live import LiveSite
from data.services.running_shifts import AT_ONCE, SETTLES
from data.services.shift_figures import ShiftFiguresRollup, derived_day
from data.store.shift_figures import ShiftFigureStore
from data.store.stale import Stale
from tests.contract.world import (
    NOW,
    PLANT,
    Clock,
    World,
    completed,
    drain,
    envelope,
    good,
    order,
    plan_document,
    process,
    site_document,
    void,
)

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ONE, TWO = "operation/SO-1/10", "operation/SO-2/10"
Told = tuple[str, str]  # id and subject of an event
EVERY_DAY = FigureFilter(since=date(2026, 1, 1), until=date(2027, 1, 1))


class Spy(ShiftFigureStore):
    """The store, which notes from when on records of which work units were read."""

    def __init__(self, world: World) -> None:
        super().__init__(world.worker_sql)
        self.reads: list[tuple[datetime, frozenset[str]]] = []

    def records(
        self, site: str, units: Sequence[str], edges: Sequence[datetime]
    ) -> tuple[dict[str, UnitRecord], dict[str, float]]:
        self.reads.append((edges[0], frozenset(units)))
        return super().records(site, units, edges)

    def oldest(self, unit: str = "W1") -> datetime:
        """From when on a work unit was read since this was asked."""
        found = min(at for at, units in self.reads if unit in units)
        self.reads.clear()
        return found


class Whole:
    """A store that keeps what it is handed beside the tables."""

    def __init__(self, store: ShiftFigureStore) -> None:
        self.records = store.records
        self.rows: list[ShiftRow] = []

    def replace(self, site: str, day: date, units: Sequence[str], rows: Sequence[ShiftRow]) -> int:
        self.rows += rows
        return len(rows)


class Floor:
    """A plant whose events are recorded, and a rollup that sees them as in the watch."""

    def __init__(self, world: World) -> None:
        self.world, self.recorder = world, world.recorder()
        self.store, self.stale = Spy(world), Stale(world.worker_sql)
        self.live: LiveSite = world.live()
        self.rollup = ShiftFiguresRollup(PLANT.id, self.store, self.stale, clock=lambda: 0.0)
        self.live.follow(self.rollup.see)

    def begin(self) -> None:
        self.rollup.begin(self.world.live())

    def say(self, *envelopes: dict[str, Any]) -> None:
        """Let the door take events, which nobody has read or recorded yet."""
        said = self.world.said(*envelopes)
        assert said == ["accepted"] * len(envelopes), said

    def tell(self, *envelopes: dict[str, Any]) -> None:
        self.say(*envelopes)
        self.world.live()
        drain(self.recorder)

    def work(self, **later: float) -> None:
        """Work everything out that is due after some time, a minute if nothing else is said."""
        self.world.clock.advance(**(later or {"minutes": 1}))
        self.rollup.work(self.world.clock())

    def rows(self) -> list[ShiftRow]:
        return sorted(self.store.shifts(PLANT.id, EVERY_DAY, 9999), key=_key)

    def whole(self) -> list[ShiftRow]:
        """What all events give, for the days that there are."""
        store, model = Whole(self.store), self.world.live().board.site
        for day in {row.day for row in self.rows()}:
            derived_day(store, model, model.work_units, day, self.world.clock())
        self.store.reads.clear()
        return sorted(store.rows, key=_key)

    def agrees(self) -> bool:
        """Whether the rows of running days are what all events give."""
        running = (self.world.clock() - module.OPEN).date()
        rows = [row for row in self.rows() if row.day >= running]
        return bool(rows) and rows == [row for row in self.whole() if row.day >= running]

    def row(self, unit: str = "W1") -> ShiftRow:
        """The shift that runs."""
        shifts = [row for row in self.rows() if (row.work_unit, row.shift) == (unit, "day")]
        return shifts[-1]


def _key(row: ShiftRow) -> tuple[str, datetime, str]:
    return (row.work_unit, row.shift_start, row.shift)


@pytest.fixture
def world(redis_url: str, emptied_database_url: str) -> Iterator[World]:
    with process(redis_url, emptied_database_url, Clock()) as made:
        yield made


@pytest.fixture
def floor(world: World) -> Floor:
    """The plant four hours into its shift, worked out up to then."""
    world.open(timed("SO-1"), timed("SO-2"))
    found = Floor(world)
    drain(found.recorder)
    world.clock.advance(hours=4)
    found.begin()
    found.tell(
        envelope("a", "operation.started", ONE, {"work_unit": "W1"}, NOW),
        state("s1", "setup", NOW),
        state("s2", "processing", NOW + HOUR, operation=ONE),
        good("g1", 40, at=NOW + 2 * HOUR),
    )
    for _ in range(3):
        found.work()
    found.store.reads.clear()
    return found


def timed(name: str, run_time_s: float = 2.0) -> Order:
    plan = order(name)
    return replace(
        plan, operations=tuple(replace(step, run_time_s=run_time_s) for step in plan.operations)
    )


def state(event_id: str, name: str, at: datetime, unit: str = "W1", **data: Any) -> dict[str, Any]:
    subject = f"work-unit/{unit}"
    return envelope(event_id, "work_unit.state_changed", subject, {"state": name, **data}, at)


def test_only_what_is_new_is_read(floor: Floor) -> None:
    now = floor.world.clock()
    floor.tell(state("s3", "down", now), good("g2", 2, at=now))
    floor.work()
    assert floor.store.oldest() >= now - 2 * SETTLES
    assert floor.row().elements.gq == 42
    assert floor.row().elements.apt == (now - NOW - HOUR).total_seconds()
    assert floor.agrees()


def test_what_came_late_is_counted_and_is_read_from_then_on_alone(floor: Floor) -> None:
    for _ in range(5):
        floor.work()
    now = floor.world.clock()
    floor.store.reads.clear()
    floor.tell(state("late", "down", now - 3 * MINUTE), good("g2", 2, at=now - 3 * MINUTE))
    floor.work()
    assert now - 8 * MINUTE <= floor.store.oldest() <= now - 3 * MINUTE
    assert (floor.row().elements.gq, floor.agrees()) == (42, True)


def test_what_came_hours_late_is_counted_for_its_work_unit(floor: Floor) -> None:
    floor.tell(state("late", "down", NOW + HOUR / 2), good("g2", 2, at=NOW + HOUR / 2))
    floor.work()
    reads = floor.store.reads[:]
    assert floor.store.oldest() <= NOW + HOUR / 2
    assert min(at for at, units in reads if "W2" in units) > NOW + 3 * HOUR
    assert (floor.row().elements.gq, floor.agrees()) == (42, True)


def test_what_is_seen_before_it_is_recorded_counts_when_it_is(floor: Floor) -> None:
    floor.say(good("g2", 2, at=NOW + HOUR))
    floor.world.live()
    for _ in range(3):
        floor.work()
    assert floor.row().elements.gq == 40
    drain(floor.recorder)
    floor.work()
    assert (floor.row().elements.gq, floor.agrees()) == (42, True)


def test_what_is_recorded_before_it_is_seen_counts_once_it_is_seen(floor: Floor) -> None:
    floor.say(good("g2", 2, at=NOW + HOUR))
    drain(floor.recorder)
    floor.work()
    floor.world.live()
    floor.work()
    assert (floor.row().elements.gq, floor.agrees()) == (42, True)
    assert floor.stale.take(PLANT.id, "shift", 9) == []


def test_what_was_in_the_log_at_the_start_counts_whenever_it_is_recorded(floor: Floor) -> None:
    floor.say(good("g2", 2, at=NOW + HOUR))
    floor.begin()
    floor.work()
    floor.tell(good("g3", 3, at=NOW + 2 * HOUR))
    floor.work()
    floor.work()
    assert (floor.row().elements.gq, floor.agrees()) == (45, True)


def test_a_mark_without_an_event_lets_its_day_be_worked_out_anew(floor: Floor) -> None:
    event = parse_event(good("imported", 5, at=NOW + HOUR), floor.world.clock())
    floor.recorder.record_past([(event, digest_of(event))])
    floor.work()
    assert (floor.row().elements.gq, floor.agrees()) == (45, True)


def test_what_is_undone_counts_no_more(floor: Floor) -> None:
    floor.tell(void("v1", "g1"), void("v2", "s2", "work-unit/W1"))
    floor.work()
    assert (floor.row().elements.gq, floor.row().elements.apt, floor.agrees()) == (0, 0, True)


def test_an_operation_that_moved_to_another_work_unit_is_at_work_there_alone(floor: Floor) -> None:
    floor.tell(completed("c", ONE, floor.world.clock()))
    for _ in range(3):
        floor.work()
    worked = floor.row().elements.aoet
    assert worked > 4 * 3600
    at = floor.world.clock()
    floor.tell(
        envelope(
            "i", "quality.inspected", ONE, {"inspected": 1, "passed": 1, "work_unit": "W2"}, at
        )
    )
    floor.work()
    assert (floor.row().elements.aoet, floor.row("W2").elements.aoet) == (0, worked)
    assert floor.agrees()


def test_an_operation_that_is_reopened_was_at_work_all_along(floor: Floor) -> None:
    floor.tell(completed("c", ONE, NOW + 3 * HOUR))
    floor.work()
    assert floor.row().elements.aoet == 3 * 3600
    floor.tell(envelope("r", "operation.reopened", ONE, {}, floor.world.clock()))
    floor.work()
    assert floor.row().elements.aoet == (floor.world.clock() - NOW).total_seconds()
    assert floor.agrees()


def test_new_planned_run_times_hold_for_what_was_counted_before(floor: Floor) -> None:
    assert floor.row().elements.standard == 80
    at = floor.world.clock()
    floor.tell(plan_document(timed("SO-1", 3.0), "again", at))
    floor.work()
    assert (floor.row().elements.standard, floor.agrees()) == (120, True)


def test_a_new_calendar_lets_the_day_be_worked_out_anew(floor: Floor) -> None:
    (shift,) = PLANT.calendars[0].shifts
    calendar = replace(PLANT.calendars[0], shifts=(replace(shift, start="08:00"),))
    floor.tell(site_document(replace(PLANT, calendars=(calendar,)), "z-newer"))
    floor.work()
    assert (floor.row().shift_start, floor.agrees()) == (NOW + 2 * HOUR, True)


def test_a_clock_that_goes_back_takes_back_what_lies_ahead(floor: Floor) -> None:
    floor.work(hours=-2)
    floor.work()
    assert floor.row().elements.apt == (floor.world.clock() - NOW - HOUR).total_seconds()
    assert floor.agrees()


def test_a_day_is_read_a_while_at_a_time(floor: Floor) -> None:
    floor.begin()
    floor.work()
    starts = sorted({at for at, units in floor.store.reads if "W1" in units})
    assert max(b - a for a, b in pairwise(starts)) <= AT_ONCE


def test_a_day_that_is_over_is_worked_out_once_more_and_held_no_longer(floor: Floor) -> None:
    floor.work(hours=14.5)  # past midnight
    assert floor.store.oldest() > NOW + 3 * HOUR
    floor.work(hours=1)
    assert floor.store.oldest() == NOW - 6 * HOUR
    assert floor.agrees()
    floor.work()
    assert floor.store.oldest() >= NOW + 18 * HOUR


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_comes_in_whatever_order_gives_what_all_events_give(
    floor: Floor, seed: int
) -> None:
    chance, told = Random(seed), [("g1", ONE), ("s2", "work-unit/W1")]
    for number in range(40):
        floor.say(*(_anything(chance, f"x{number}-{n}", floor, told) for n in range(2)))
        read, recorded = chance.random() < 0.8, chance.random() < 0.7
        if read:
            floor.world.live()
        if recorded:
            drain(floor.recorder)
        floor.work(seconds=chance.choice([60, 60, 70, 90, 600, 5400]))
        if read and recorded and chance.random() < 0.3:
            assert floor.agrees(), number
    floor.world.live()
    drain(floor.recorder)
    floor.work()
    assert floor.agrees()


def _anything(chance: Random, event_id: str, floor: Floor, told: list[Told]) -> dict[str, Any]:
    late = chance.choice([0, 0, 1, 5, 50, 70, 200, 1000, 9000, 40_000])
    at, unit = floor.world.clock() - timedelta(seconds=late), chance.choice(["W1", "W2"])
    subject = chance.choice([ONE, TWO])
    made = _made(chance, event_id, at, subject, unit)
    if chance.random() < 0.2:
        return void(event_id, *chance.choice(told))
    told.append((event_id, made["subject"]))
    return made


def _made(chance: Random, event_id: str, at: datetime, subject: str, unit: str) -> dict[str, Any]:
    match chance.randrange(8):
        case 0:
            return state(event_id, chance.choice(["processing", "down", "setup"]), at, unit)
        case 1:
            return state(event_id, "starved", at, unit)
        case 2:
            kind = chance.choice(["operation.started", "operation.reopened", "operation.paused"])
            return envelope(event_id, kind, subject, {}, at)
        case 3:
            return completed(event_id, subject, at)
        case 4:
            plan = timed(chance.choice(["SO-1", "SO-2"]), chance.choice([1.0, 2.0, 3.0]))
            return plan_document(plan, event_id, at)
        case _:
            return good(event_id, chance.randrange(9), subject, unit, at=at)
