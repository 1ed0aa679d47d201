from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.calendars import add_working, working_seconds
from data.domain.forecast.worktime import WorkTime
from data.domain.site import Break, Calendar, Shift

ORIGIN = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
DAYS = Calendar(
    id="days",
    shifts=(
        Shift(
            name="day",
            start="08:00",
            finish="16:00",
            days=(1, 2, 3, 4, 5),
            breaks=(Break(start="12:00", finish="12:30"),),
        ),
    ),
)
AXIS = WorkTime(DAYS, "UTC", ORIGIN.timestamp())
HOUR = 3600.0


def clock(day: int, hour: float) -> float:
    return (datetime(2026, 3, day, tzinfo=UTC) + timedelta(hours=hour)).timestamp()


def test_the_origin_has_worked_nothing() -> None:
    assert AXIS.worked_at(ORIGIN.timestamp()) == 0.0


def test_off_shift_time_has_no_length() -> None:
    assert AXIS.worked_at(clock(2, 16)) == AXIS.worked_at(clock(3, 8)) == 3.5 * HOUR


def test_before_the_origin_time_is_negative() -> None:
    assert AXIS.worked_at(clock(2, 8)) == -4 * HOUR


def test_work_that_fills_a_shift_ends_with_it_and_the_next_starts_with_the_next() -> None:
    assert AXIS.ends_at(3.5 * HOUR) == clock(2, 16)
    assert AXIS.starts_at(3.5 * HOUR) == clock(3, 8)


def test_rounding_carries_no_work_over_to_the_next_day() -> None:
    assert AXIS.ends_at(3.5 * HOUR + 0.1) == clock(2, 16)
    assert AXIS.starts_at(3.5 * HOUR - 0.1) == clock(3, 8)


def test_weekends_are_passed_over() -> None:
    assert AXIS.ends_at((3.5 + 4 * 7.5 + 1) * HOUR) == clock(9, 9)


def test_without_a_calendar_every_second_is_worked() -> None:
    axis = WorkTime(None, "UTC", ORIGIN.timestamp())
    assert axis.ends_at(100 * HOUR) == ORIGIN.timestamp() + 100 * HOUR


def test_a_calendar_without_a_single_shift_never_rests() -> None:
    axis = WorkTime(Calendar(id="none", shifts=()), "UTC", ORIGIN.timestamp())
    assert axis.ends_at(HOUR) == ORIGIN.timestamp() + HOUR


def test_beyond_the_calendar_every_second_is_worked() -> None:
    far = clock(2, 0) + 500 * 86400
    assert AXIS.worked_at(far + HOUR) - AXIS.worked_at(far) == HOUR


@given(st.integers(0, 60 * 24 * 60), st.integers(1, 500_000))
def test_it_agrees_with_the_calendar(minutes: int, seconds: int) -> None:
    start = ORIGIN + timedelta(minutes=minutes)
    finish = add_working(DAYS, "UTC", start, seconds)
    begin = AXIS.worked_at(start.timestamp())
    assert AXIS.ends_at(begin + seconds) == pytest.approx(finish.timestamp(), rel=0, abs=1e-3)
    assert begin == pytest.approx(working_seconds(DAYS, "UTC", ORIGIN, start))


def test_many_at_once_are_the_same_as_one_by_one() -> None:
    worked = np.linspace(-50 * HOUR, 200 * HOUR, 999)
    ends, starts = ([read(w) for w in worked.tolist()] for read in (AXIS.ends_at, AXIS.starts_at))
    assert AXIS.ends(worked).tolist() == pytest.approx(ends, rel=0, abs=1e-3)
    assert AXIS.starts(worked).tolist() == pytest.approx(starts, rel=0, abs=1e-3)
    clocks = np.linspace(clock(1, 0), clock(20, 0), 999)
    assert AXIS.worked(clocks).tolist() == [AXIS.worked_at(c) for c in clocks.tolist()]
