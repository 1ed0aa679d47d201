"""Shifts of a site, what counts as late or at risk, which rows of a party's a report tells."""

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from data.domain.indexes import Indexes
from data.domain.orders import OrderRow
from data.domain.report import (
    DailyReport,
    Shift,
    last_over,
    late_of,
    outputs,
    own_rows,
    risks_of,
    shift_of,
    until_tomorrow,
)
from data.domain.site import Area, Calendar, Site, WorkCenter, WorkUnit
from data.domain.site import Shift as Times
from data.domain.view import Standing
from tests.unit.callbacks.desk.places import live_site

WEEK = (1, 2, 3, 4, 5)
DAYS = Calendar(
    id="two",
    shifts=(
        Times(name="day", start="06:00", finish="14:00", days=WEEK),
        Times(name="night", start="22:00", finish="06:00", days=WEEK),
    ),
)
LATER = Calendar(id="later", shifts=(Times(name="day", start="07:00", finish="15:30"),))
PLANT = Site(
    id="plant", name="Plant", timezone="Asia/Taipei",
    areas=(Area(id="A", calendar="two", name="Line A", output=("C1",)),
           Area(id="B", calendar="later")),
    work_centers=(WorkCenter(id="C1", area="A"), WorkCenter(id="C2", area="B")),
    work_units=(WorkUnit(id="W1", work_center="C1"), WorkUnit(id="W2", work_center="C2")),
    calendars=(DAYS, LATER),
)  # fmt: skip
TUESDAY = date(2026, 11, 24)


def taipei(day, clock):
    hour, minute = clock.split(":")
    local = datetime(day.year, day.month, day.day, int(hour), int(minute), tzinfo=UTC)
    return local - timedelta(hours=8)


def test_a_shift_lasts_from_its_first_start_to_its_last_finish_on_any_line():
    shift = shift_of(PLANT, TUESDAY, "day")
    assert (shift.start, shift.finish) == (taipei(TUESDAY, "06:00"), taipei(TUESDAY, "15:30"))


def test_a_day_lasts_until_its_night_shift_ends():
    day = shift_of(PLANT, TUESDAY, "")
    assert (day.start, day.finish) == (
        taipei(TUESDAY, "06:00"), taipei(TUESDAY + timedelta(1), "06:00")
    )  # fmt: skip


def test_a_day_without_shifts_is_midnight_to_midnight_and_has_no_shift_by_name():
    free = replace(PLANT, calendars=())
    day = shift_of(free, TUESDAY, "")
    assert (day.start, day.finish) == (
        taipei(TUESDAY, "00:00"), taipei(TUESDAY + timedelta(1), "00:00")
    )  # fmt: skip
    assert shift_of(free, TUESDAY, "day") is None
    assert shift_of(PLANT, TUESDAY, "siesta") is None


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (24, "05:59", (date(2026, 11, 23), "day")),
        (24, "06:00", (date(2026, 11, 23), "night")),
        (24, "15:29", (date(2026, 11, 23), "night")),
        (24, "15:30", (TUESDAY, "day")),
    ],
)
def test_the_shift_that_ended_last_may_have_begun_the_day_before(day, clock, expected):
    last = last_over(PLANT, taipei(date(2026, 11, day), clock))
    assert (last.day, last.name) == expected


def test_without_shifts_the_day_before_is_told():
    last = last_over(replace(PLANT, calendars=()), taipei(TUESDAY, "10:00"))
    assert (last.day, last.name) == (date(2026, 11, 23), "")


def test_risks_are_told_until_the_end_of_the_day_after():
    shift = shift_of(PLANT, TUESDAY, "day")
    assert until_tomorrow(PLANT, shift) == taipei(date(2026, 11, 26), "00:00")


def test_only_lines_that_count_output_and_have_the_shift_tell_it():
    live = live_site()
    indexes = Indexes(live.board)
    shift = shift_of(live.board.site, TUESDAY, "d")
    assert outputs(live.board.site, indexes, shift) == ()
    model = replace(PLANT, id="north")
    live = live_site(model)
    (only,) = outputs(model, live.indexes, shift_of(model, TUESDAY, "day"))
    assert (only.area, only.name, only.good, only.planned) == ("A", "Line A", 0, 0.0)


def row(order, standing=Standing.ON_TRACK, late_h=-1.0, due_h=5.0, p80_h=None):
    due = taipei(TUESDAY, "12:00") + timedelta(hours=due_h)
    return OrderRow(
        order=order, product="p", customer="c", quantity=1, standing=standing, due_at=due,
        ended_at=due + timedelta(hours=late_h),
        p80_at=None if p80_h is None else due + timedelta(hours=p80_h),
        forecast=True, completed=False, late_s=late_h * 3600, step=1, steps=2, work_center=None,
    )  # fmt: skip


def test_late_orders_come_the_latest_first_with_those_that_stand_still():
    rows = [row("a", late_h=1), row("b"), row("c", Standing.STOPPED), row("d", Standing.LATE, 3)]
    assert [one.order for one in late_of(rows)] == ["d", "a", "c"]


def test_risks_are_in_time_as_likely_as_not_and_late_in_the_worse_case():
    rows = [
        row("sure", p80_h=-0.5),
        row("worse", p80_h=0.5),
        row("by standing", Standing.AT_RISK, due_h=1),
        row("late", Standing.LATE, 2, p80_h=3),
        row("far", p80_h=1, due_h=100),
    ]
    until = until_tomorrow(PLANT, shift_of(PLANT, TUESDAY, "day"))
    assert [one.order for one in risks_of(rows, until)] == ["by standing", "worse"]


def test_a_party_s_rows_are_those_of_the_time_and_those_that_stand_badly():
    start, until = taipei(TUESDAY, "06:00"), taipei(TUESDAY, "20:00")
    inside = {"need": "in", "need_by": taipei(TUESDAY, "08:00"), "standing": "on_track"}
    before = {"need": "before", "need_by": taipei(TUESDAY, "01:00"), "standing": "done"}
    bad = {"need": "bad", "need_by": taipei(date(2026, 12, 1), "08:00"), "standing": "late"}
    vague = {"need": "vague", "need_by": "this week", "standing": "on_track"}
    found = own_rows([bad, vague, before, inside], ("need_by",), start, until)
    assert [one["need"] for one in found] == ["in", "bad"]


def test_a_report_without_lines_has_no_output():
    shift = Shift(day=TUESDAY, name="day", start=taipei(TUESDAY, "06:00"),
                  finish=taipei(TUESDAY, "14:00"))  # fmt: skip
    report = DailyReport(site="p", site_name="P", timezone="UTC", shift=shift, as_of=shift.finish)
    assert (report.planned, report.good, report.over) == (None, None, True)
    assert not replace(report, as_of=shift.start).over
