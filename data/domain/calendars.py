"""Shifts and working time of a calendar.

Pure. Shift times are local to the site; what goes in and out is aware, UTC.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.domain.site import Break, Calendar, Shift

Span = tuple[datetime, datetime]
_DAY_MIN = 24 * 60


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
    """Return the shift that runs at the instant or the last to end before it, two weeks back."""
    running = shift_at(calendar, timezone, at)
    if running is not None:
        return running
    day = at.astimezone(ZoneInfo(timezone)).date()
    days = (day - timedelta(back) for back in range(15))
    over = [r for d in days for r in runs_of(calendar, timezone, d) if r.finish <= at]
    return max(over, key=lambda run: (run.finish, run.start), default=None)


def working_spans(
    calendar: Calendar, timezone: str, start: datetime, finish: datetime
) -> Iterator[Span]:
    """Yield the working spans that meet [start, finish), cut to it, in order.

    Where shifts overlap, the time counts once.
    """
    day = start.astimezone(ZoneInfo(timezone)).date() - timedelta(1)
    last = finish.astimezone(ZoneInfo(timezone)).date()
    at = start
    for a, b in _spans_by_start(calendar, timezone, day, last):
        begin, end = max(a, at), min(b, finish)
        if begin < end:
            yield begin, end
        at = max(at, b)


def working_seconds(calendar: Calendar, timezone: str, start: datetime, finish: datetime) -> float:
    """Seconds of working time between two instants; 0 when finish isn't after start."""
    if finish <= start:
        return 0.0
    spans = working_spans(calendar, timezone, start, finish)
    return sum((b - a).total_seconds() for a, b in spans)


def add_working(
    calendar: Calendar, timezone: str, start: datetime, seconds: float, limit_days: int = 400
) -> datetime:
    """Return the first instant at which `seconds` of working time have passed since `start`.

    Raises: ValueError when the calendar doesn't hold them within `limit_days`.
    """
    left = seconds
    if left <= 0:
        return start
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


def _spans_by_start(calendar: Calendar, timezone: str, day: date, last: date) -> Iterator[Span]:
    waiting: list[Span] = []
    while day <= last:
        waiting += [span for run in runs_of(calendar, timezone, day) for span in run.working]
        waiting.sort()
        day += timedelta(1)
        midnight = _instant(day, "00:00", ZoneInfo(timezone))
        yield from (span for span in waiting if span[0] < midnight)
        waiting = [span for span in waiting if span[0] >= midnight]
    yield from waiting


def _run(shift: Shift, timezone: str, day: date) -> ShiftRun:
    zone = ZoneInfo(timezone)
    overnight = _minutes(shift.finish) <= _minutes(shift.start)
    start = _instant(day, shift.start, zone)
    # Both ends may fall into the hour that a clock change skips: then nothing is left of it.
    finish = max(start, _instant(day + timedelta(overnight), shift.finish, zone))
    working, at = [], start
    for a, b in sorted(_break(pause, shift, day, zone) for pause in shift.breaks):
        if at < min(a, finish):
            working.append((at, min(a, finish)))
        at = max(at, b)
    if at < finish:
        working.append((at, finish))
    return ShiftRun(shift.name, start, finish, tuple(working))


def _break(pause: Break, shift: Shift, day: date, zone: ZoneInfo) -> Span:
    """Return a break's span; it keeps its length when the clocks change within it."""
    next_day = _minutes(pause.start) < _minutes(shift.start)
    start = _instant(day + timedelta(next_day), pause.start, zone)
    length = (_minutes(pause.finish) - _minutes(pause.start)) % _DAY_MIN or _DAY_MIN
    return start, start + timedelta(minutes=length)


def _instant(day: date, clock: str, zone: ZoneInfo) -> datetime:
    days, minutes = divmod(_minutes(clock), _DAY_MIN)
    local = time(minutes // 60, minutes % 60)
    return datetime.combine(day + timedelta(days), local, zone).astimezone(UTC)


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
