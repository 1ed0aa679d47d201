"""Calendars read from what was done."""

from datetime import UTC, datetime, timedelta

from data.domain.calendars import working_seconds
from data.domain.waiting.discovered import closed_by, discovered_calendars
from data.domain.waiting.records import Execution

MONDAY = datetime(2026, 11, 2, tzinfo=UTC)


def did(day: int, start_h: float, end_h: float, activity: str = "A") -> Execution:
    base = MONDAY + timedelta(days=day)
    return Execution(
        "1", activity, "X", base + timedelta(hours=start_h), base + timedelta(hours=end_h)
    )


def test_a_quarter_in_which_something_began_or_ended_is_worked_on_that_weekday() -> None:
    calendar = discovered_calendars([did(0, 8, 8.4)], "UTC")["X"]
    assert [(s.start, s.finish, s.days) for s in calendar.shifts] == [("08:00", "08:30", (1,))]


def test_hours_are_those_of_the_site() -> None:
    calendar = discovered_calendars([did(0, 8, 8)], "Asia/Shanghai")["X"]
    assert [(s.start, s.finish) for s in calendar.shifts] == [("16:00", "16:15")]


def test_a_quarter_worked_on_few_of_its_days_is_left_out() -> None:
    weeks = [did(7 * n, 8, 8) for n in range(20)] + [did(0, 22, 22)]
    calendar = discovered_calendars(weeks, "UTC")["X"]
    assert [s.start for s in calendar.shifts] == ["08:00"]


def test_the_most_used_quarters_are_added_until_enough_is_covered() -> None:
    # 20 Mondays, one quarter each: none is worked on a tenth of them.
    weeks = [did(7 * n, 0.25 * n, 0.25 * n) for n in range(20)]
    calendar = discovered_calendars(weeks, "UTC")["X"]
    assert working_seconds(calendar, "UTC", MONDAY, MONDAY + timedelta(1)) == 14 * 900


def test_the_day_may_end_at_midnight() -> None:
    calendar = discovered_calendars([did(0, 23.75, 23.8)], "UTC")["X"]
    closed = closed_by({"X": calendar}, "UTC")
    day = (MONDAY, MONDAY + timedelta(1))
    assert closed("X", *day) == [(day[0], day[1] - timedelta(minutes=15))]


def test_a_resource_without_a_calendar_never_rests() -> None:
    assert closed_by({}, "UTC")("X", MONDAY, MONDAY + timedelta(9)) == []
