"""Figures of shifts on real engines: whatever came late or was taken back counts as it is now."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from data.domain.kpis import Elements, Kpi, kpi
from data.domain.scope import factory_scope
from data.domain.shift_elements import OFF_SHIFT
from data.domain.shift_rows import FigureFilter, FigureRow, ShiftRow
from data.domain.site import Calendar, Shift
from data.services import shift_figures as module
from data.services.caching import Cached
from data.services.errors import Forbidden
from data.services.recorder import Recorder
from data.services.shift_figures import ShiftFigures, ShiftFiguresRollup
from data.store.shift_figures import ShiftFigureStore
from data.store.stale import Stale
from tests.contract.world import (
    FACTORY,
    NOW,
    PLANT,
    Clock,
    World,
    completed,
    drain,
    envelope,
    good,
    order,
    process,
    site_document,
    void,
)

HOUR = timedelta(hours=1)
TODAY = date(2026, 11, 3)
ONE = "operation/SO-1/10"
WEEK = FigureFilter(since=TODAY - timedelta(days=9), until=TODAY + timedelta(days=9))


class Ticks:
    """A stopwatch that moves by a step each time it is asked."""

    def __init__(self, step_s: float = 0.0) -> None:
        self.step_s, self.now_s = step_s, 0.0

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


class Floor:
    """A plant whose events are recorded and whose figures are worked out."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.recorder: Recorder = world.recorder()
        self.store = ShiftFigureStore(world.worker_sql)
        self.figures = ShiftFigures(self.store, Cached(None))

    def rollup(self, ticks: Ticks | None = None) -> ShiftFiguresRollup:
        rollup = ShiftFiguresRollup(
            PLANT.id, self.store, Stale(self.world.worker_sql), clock=ticks or Ticks()
        )
        rollup.begin(self.world.live())
        return rollup

    def tell(self, *envelopes: dict[str, Any]) -> None:
        said = self.world.said(*envelopes)
        assert said == ["accepted"] * len(envelopes), said
        drain(self.recorder)
        self.world.live()

    def work(self, rollup: ShiftFiguresRollup) -> None:
        rollup.work(self.world.clock())

    def shifts(self, **wanted: Any) -> list[ShiftRow]:
        return self.store.shifts(PLANT.id, replace(WEEK, **wanted), 999)

    def total(self, **wanted: Any) -> Elements:
        report = self.figures.report(FACTORY, PLANT.id, replace(WEEK, **wanted), "day")
        return report.total


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url, Clock()) as made:
        yield made


@pytest.fixture
def floor(world: World) -> Floor:
    """The plant at 06:00, when its only shift begins; it had two days before."""
    world.open(order("SO-1"), order("SO-2"))
    found = Floor(world)
    drain(found.recorder)
    return found


def state(event_id: str, name: str, hours: float, unit: str = "W1", **data: Any) -> dict[str, Any]:
    at = NOW + hours * HOUR
    subject = f"work-unit/{unit}"
    return envelope(event_id, "work_unit.state_changed", subject, {"state": name, **data}, at)


def from_nothing(floor: Floor) -> list[ShiftRow]:
    """What working everything out anew from the events gives."""
    known = floor.shifts()
    with floor.world.worker_sql.begin() as connection:
        connection.exec_driver_sql("DELETE FROM shift_element")
        connection.exec_driver_sql("DELETE FROM reader WHERE name = 'shift-figures'")
    floor.work(floor.rollup())
    again = floor.shifts()
    since = min(row.day for row in known)
    return [row for row in again if row.day >= since]


def test_a_shift_has_the_elements_of_what_was_reported(floor: Floor) -> None:
    floor.world.clock.advance(hours=4)
    floor.tell(
        envelope("a", "operation.started", ONE, {"work_unit": "W1"}),
        state("s1", "setup", 0, operation=ONE),
        state("s2", "processing", 1, operation=ONE),
        state("s3", "down", 2, operation=ONE),
        state("s4", "processing", 3, operation=ONE),
        good("g", 40, at=NOW + 2 * HOUR),
        envelope("c", "operation.completed", ONE, {"scrap": 10, "work_unit": "W1"}, NOW + 4 * HOUR),
    )
    floor.work(floor.rollup())
    found = floor.total(work_unit="W1", since=TODAY)
    assert (found.pbt, found.apt, found.aupt) == (4 * 3600, 2 * 3600, 3 * 3600)
    assert (found.adet, found.aoet) == (3600, 4 * 3600)
    assert (found.pq, found.gq, found.sq) == (50, 40, 10)
    assert kpi(Kpi.AVAILABILITY, found).value == 0.5


def test_late_and_voided_events_count_as_if_they_had_come_in_time(floor: Floor) -> None:
    floor.world.clock.advance(hours=2)
    floor.tell(state("s1", "processing", 0), good("g1", 5), good("g2", 7, unit="W2"))
    rollup = floor.rollup()
    floor.work(rollup)
    floor.world.clock.advance(days=3)
    floor.work(rollup)
    assert floor.total(shift="day").apt > 24 * 3600
    floor.tell(
        state("late", "down", 1),
        good("more", 30, at=NOW - 12 * HOUR),
        void("v1", "g1"),
        state("later", "off_shift", 1.5),
    )
    floor.world.clock.advance(minutes=2)
    floor.work(rollup)
    known = floor.shifts()
    assert floor.total(shift="day", work_unit="W1").apt == 3600
    assert floor.total().gq == 37
    assert known == from_nothing(floor)
    floor.tell(void("v2", "late", "work-unit/W1"), void("v3", "later", "work-unit/W1"))
    floor.world.clock.advance(minutes=2)
    floor.work(rollup)
    assert floor.total(shift="day", work_unit="W1").apt > 24 * 3600
    assert floor.shifts() == from_nothing(floor)


def test_the_running_shift_is_renewed_each_minute_and_not_more_often(floor: Floor) -> None:
    floor.tell(state("s1", "processing", 0))
    floor.world.clock.advance(minutes=30)
    rollup = floor.rollup()
    floor.work(rollup)
    assert floor.total(work_unit="W1").apt == 1800
    floor.world.clock.advance(seconds=59)
    floor.work(rollup)
    assert floor.total(work_unit="W1").apt == 1800
    floor.world.clock.advance(seconds=1)
    floor.work(rollup)
    assert floor.total(work_unit="W1").apt == 1860


def test_days_on_which_nothing_happened_have_their_planned_time(floor: Floor) -> None:
    rollup = floor.rollup()
    floor.work(rollup)
    floor.world.clock.advance(days=4)
    floor.work(rollup)
    days = {row.day for row in floor.shifts(work_unit="W1", shift="day")}
    assert days >= {TODAY + timedelta(days=n) for n in range(4)}
    assert floor.total(work_unit="W1", since=TODAY, until=TODAY).pbt == 16 * 3600


def test_a_first_start_works_the_past_out_a_piece_at_a_time(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BACK", timedelta(days=5))
    floor.tell(state("old", "processing", -24 * 8), state("off", "off_shift", -24 * 7.5))
    stale = Stale(floor.world.worker_sql)
    stale.settle(PLANT.id, "shift", stale.take(PLANT.id, "shift", 99))
    rollup = floor.rollup(Ticks(module.BUDGET_S / 2))
    steps = 0
    while not floor.shifts(since=TODAY - timedelta(days=5), until=TODAY - timedelta(days=5)):
        floor.work(rollup)
        steps += 1
        assert steps < 40
    assert steps > 3
    floor.work(floor.rollup())
    assert not floor.shifts(until=TODAY - timedelta(days=6))


def test_off_shift_work_stands_on_its_day_without_planned_time(floor: Floor) -> None:
    floor.tell(
        state("s1", "processing", -3, "W2"),
        state("s2", "off_shift", -2, "W2"),
        good("g", 9, unit="W2", at=NOW - 2.5 * HOUR),
    )
    floor.world.clock.advance(minutes=5)
    floor.work(floor.rollup())
    (row,) = floor.shifts(shift=OFF_SHIFT)
    assert (row.work_unit, row.day) == ("W2", TODAY)
    assert (row.elements.pbt, row.elements.apt, row.elements.gq) == (0, 3600, 9)


def test_marks_are_settled_once_worked_out(floor: Floor) -> None:
    stale = Stale(floor.world.worker_sql)
    floor.tell(state("s1", "processing", 0))
    assert stale.take(PLANT.id, "shift", 9)
    rollup = floor.rollup()
    floor.work(rollup)
    assert stale.take(PLANT.id, "shift", 9) == []
    before = floor.shifts()
    floor.work(floor.rollup())
    assert floor.shifts() == before


def test_what_changed_raises_the_version_of_what_is_derived(floor: Floor) -> None:
    rollup = floor.rollup()
    first = rollup.work(floor.world.clock())
    assert int(first["history"] or b"0") > 0
    floor.world.clock.advance(minutes=2)
    floor.tell(state("s1", "processing", 0))
    assert int(rollup.work(floor.world.clock())["history"] or b"0") > int(first["history"] or b"0")


def test_sums_are_added_up_and_no_ratio_is_averaged(floor: Floor) -> None:
    """W1 processes 4 of 4 hours, W2 none: half of the line's time, whatever was made."""
    floor.world.clock.advance(hours=4)
    floor.tell(state("s1", "processing", 0), state("s2", "starved", 0, "W2"), good("g", 12))
    floor.work(floor.rollup())
    for by, key in (("line", "A"), ("work_center", "C"), ("shift", "day"), ("day", str(TODAY))):
        report = floor.figures.report(FACTORY, PLANT.id, replace(WEEK, since=TODAY), by)
        rows = {row.key: row for row in report.rows}
        assert kpi(Kpi.AVAILABILITY, rows[key].elements).value == 0.5
        assert report.total == rows[key].elements
        assert report.derived_at == floor.world.clock()
    units = floor.figures.report(FACTORY, PLANT.id, replace(WEEK, since=TODAY), "work_unit")
    assert {row.key: kpi(Kpi.AVAILABILITY, row.elements).value for row in units.rows} == {
        "W1": 1.0,
        "W2": 0.0,
    }
    assert [row.key for row in units.days] == [str(TODAY)]


def test_filters_leave_what_they_name(floor: Floor) -> None:
    floor.world.clock.advance(hours=1)
    floor.tell(state("s1", "processing", 0), good("g", 3), good("h", 4, unit="W2"))
    floor.work(floor.rollup())
    assert floor.total(work_unit="W1").gq == 3
    assert floor.total(line="A", work_center="C").gq == 7
    assert floor.total(line="B") == floor.total(until=TODAY - timedelta(days=1), since=TODAY)
    assert floor.total(shift="day").gq == 7
    assert floor.total(line="B") == Elements()


def test_a_stranger_sees_no_figures(floor: Floor) -> None:
    floor.work(floor.rollup())
    stranger = factory_scope("elsewhere")
    with pytest.raises(Forbidden):
        floor.figures.report(stranger, PLANT.id, WEEK, "line")
    with pytest.raises(Forbidden):
        floor.figures.shifts(stranger, PLANT.id, WEEK)


def test_a_new_calendar_moves_the_shifts_of_today(floor: Floor) -> None:
    floor.world.clock.advance(hours=1)
    rollup = floor.rollup()
    floor.work(rollup)
    two = Calendar(id="day", shifts=(Shift(name="long", start="04:00", finish="23:00"),))
    floor.tell(site_document(replace(PLANT, calendars=(two,)), "z-newer"))
    floor.world.clock.advance(minutes=2)
    floor.work(rollup)
    names = {row.shift for row in floor.shifts(since=TODAY) if row.elements.pbt}
    assert names == {"long"}


def test_operations_that_go_on_for_days_count_on_each_of_them(floor: Floor) -> None:
    floor.tell(envelope("a", "operation.started", ONE, {"work_unit": "W1"}))
    rollup = floor.rollup()
    floor.world.clock.advance(days=2)
    floor.work(rollup)
    assert floor.total(since=TODAY, shift="day").aoet == 32 * 3600
    floor.tell(completed("c", ONE, NOW + 20 * HOUR))
    floor.tell(good("g", 1, at=NOW + 20 * HOUR))
    floor.world.clock.advance(minutes=2)
    floor.work(rollup)
    assert floor.total(since=TODAY, shift="day").aoet == 16 * 3600


def test_rows_are_named_by_what_was_asked_for(floor: Floor) -> None:
    floor.work(floor.rollup())
    report = floor.figures.report(FACTORY, PLANT.id, WEEK, "work_unit")
    assert all(isinstance(row, FigureRow) for row in report.rows)
    assert {row.key for row in report.rows} == {"W1", "W2"}
