"""Shifts and working time of a calendar.

Pure. Shift times are local to the site; what goes in and out is aware, UTC.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.domain.site import Calendar, Shift

Span = tuple[datetime, datetime]


class ShiftRun(Struct, frozen=True):
    """One shift of one day: its span and the working spans within it (breaks left out)."""

    name: str
    start: datetime
    finish: datetime
    working: tuple[Span, ...]


def shift_at(calendar: Calendar, timezone: str, at: datetime) -> ShiftRun | None:
    """Return the shift that runs at the instant; None off shift."""
    day = at.astimezone(ZoneInfo(timezone)).date()
    for run in (
        *runs_of(calendar, timezone, day - timedelta(1)),
        *runs_of(calendar, timezone, day),
    ):
        if run.start <= at < run.finish:
            return run
    return None


def last_shift(calendar: Calendar, timezone: str, at: datetime) -> ShiftRun | None:
    """Return the shift that runs at the instant or the last before it, two weeks back."""
    day = at.astimezone(ZoneInfo(timezone)).date()
    for back in range(15):
        runs = runs_of(calendar, timezone, day - timedelta(back))
        for run in reversed(runs):
            if run.start <= at:
                return run
    return None


def working_spans(
    calendar: Calendar, timezone: str, start: datetime, finish: datetime
) -> Iterator[Span]:
    """Yield the working spans that meet [start, finish), cut to it, in order."""
    day = start.astimezone(ZoneInfo(timezone)).date() - timedelta(1)
    last = finish.astimezone(ZoneInfo(timezone)).date()
    while day <= last:
        for run in runs_of(calendar, timezone, day):
            for a, b in run.working:
                if b > start and a < finish:
                    yield max(a, start), min(b, finish)
        day += timedelta(1)


def working_seconds(calendar: Calendar, timezone: str, start: datetime, finish: datetime) -> float:
    """Seconds of working time between two instants; 0 when finish isn't after start."""
    if finish <= start:
        return 0.0
    spans = working_spans(calendar, timezone, start, finish)
    return sum((b - a).total_seconds() for a, b in spans)


def add_working(
    calendar: Calendar, timezone: str, start: datetime, seconds: float, limit_days: int = 400
) -> datetime:
    """Return the instant at which `seconds` of working time have passed since `start`.

    Raises: ValueError when the calendar doesn't hold them within `limit_days`.
    """
    left = seconds
    for a, b in working_spans(calendar, timezone, start, start + timedelta(limit_days)):
        span_s = (b - a).total_seconds()
        if left <= span_s:
            return a + timedelta(seconds=left)
        left -= span_s
    raise ValueError(f"calendar {calendar.id}: {seconds:.0f} s don't fit in {limit_days} days")


@lru_cache(maxsize=4096)
def runs_of(calendar: Calendar, timezone: str, day: date) -> tuple[ShiftRun, ...]:
    """Return the shifts that start on a local day, in order of their start."""
    if day.isoformat() in calendar.holidays:
        return ()
    runs = [
        _run(shift, timezone, day) for shift in calendar.shifts if day.isoweekday() in shift.days
    ]
    return tuple(sorted(runs, key=lambda run: run.start))


def _run(shift: Shift, timezone: str, day: date) -> ShiftRun:
    zone = ZoneInfo(timezone)
    start = _instant(day, shift.start, zone)
    finish = _instant(day, shift.finish, zone)
    if finish <= start:
        finish = _instant(day + timedelta(1), shift.finish, zone)
    working, at = [], start
    for a, b in sorted(
        _break(day, pause.start, pause.finish, zone, start) for pause in shift.breaks
    ):
        if a > at:
            working.append((at, min(a, finish)))
        at = max(at, b)
    if at < finish:
        working.append((at, finish))
    return ShiftRun(shift.name, start, finish, tuple(working))


def _break(day: date, start: str, finish: str, zone: ZoneInfo, shift_start: datetime) -> Span:
    a, b = _instant(day, start, zone), _instant(day, finish, zone)
    if a < shift_start:
        a, b = _instant(day + timedelta(1), start, zone), _instant(day + timedelta(1), finish, zone)
    return (a, b) if b > a else (a, _instant(day + timedelta(2), finish, zone))


def _instant(day: date, clock: str, zone: ZoneInfo) -> datetime:
    hour, minute = clock.split(":")
    if hour == "24":
        return datetime.combine(day + timedelta(1), time(0, int(minute)), zone).astimezone(UTC)
    return datetime.combine(day, time(int(hour), int(minute)), zone).astimezone(UTC)
