"""A stretch of a line's chain as people ask for it: by shift, day and week, and since midnight.

Pure; imported by the watch and by services. Times are seconds since the epoch, except where a
window says otherwise.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.domain.bottleneck.chain import BottleneckSegment
from data.domain.bottleneck.intervals import Interval, intersect, subtract, union
from data.domain.bottleneck.shares import (
    Verdict,
    WindowShares,
    WorkUnitShare,
    judge,
    shares_in_windows,
)
from data.domain.calendars import runs_of, working_spans
from data.domain.line import Line

LEAD = 0.1  # of the counted time: who leads the next by less doesn't stand out


class Grain(StrEnum):
    """How long a window is."""

    SHIFT = "shift"
    DAY = "day"
    WEEK = "week"


class Window(Struct, frozen=True, kw_only=True):
    """A shift (with its name), a day or a week at the site."""

    name: str
    start: datetime
    finish: datetime


class LinePast(Struct, frozen=True):
    """Segments of a chain, final and provisional, and the time that no share counts."""

    segments: tuple[BottleneckSegment, ...]
    left_out: tuple[Interval, ...]

    def shares(self, start: float, end: float) -> WindowShares:
        """Return the shares of one span.

        Raises: ValueError unless it has a length.
        """
        return shares_in_windows(self.segments, (start, end), self.left_out)[0]

    def verdict(self, start: float, end: float) -> Verdict:
        """Return the bottleneck of a span, if the evidence names one."""
        inside = [s for s in self.segments if s.end > start and s.start < end]
        return judge(inside, (start, end), intersect(self.left_out, [(start, end)]))


def past_of(segments: Iterable[BottleneckSegment], pauses: Iterable[Interval]) -> LinePast:
    """Put segments and raw pauses together: a pause counts where nobody held the line up."""
    rows = tuple(sorted(segments, key=lambda row: (row.start, row.end, row.work_unit)))
    held = union((row.start, row.end) for row in rows)
    return LinePast(rows, tuple(subtract(union(pauses), held)))


def stands_out(shares: Sequence[WorkUnitShare]) -> WorkUnitShare | None:
    """Return the largest share when it leads the next by a tenth of the time."""
    if not shares or shares[0].total - (shares[1].total if len(shares) > 1 else 0.0) < LEAD:
        return None
    return shares[0]


def midnight(zone: ZoneInfo, at: datetime) -> datetime:
    """Return the start of the site's day that holds an instant."""
    return _start_of(at.astimezone(zone).date(), zone)


def windows(line: Line, grain: Grain, since: datetime, until: datetime) -> list[Window]:
    """Return the windows that meet [since, until), cut to it, in order.

    A line without a calendar has no shifts.
    """
    found = _shifts(line, since, until) if grain is Grain.SHIFT else _days(line, grain, since)
    cut: list[Window] = []
    for one in found:
        if one.start >= until:
            break
        start, finish = max(one.start, since), min(one.finish, until)
        if start < finish:
            cut.append(Window(name=one.name, start=start, finish=finish))
    return cut


def off_shift(line: Line, since: datetime, until: datetime) -> list[Interval]:
    """Return when the calendar has no working time, in a span; nothing without a calendar."""
    if line.calendar is None:
        return []
    working = union(
        (a.timestamp(), b.timestamp())
        for a, b in working_spans(line.calendar, line.timezone, since, until)
    )
    return subtract([(since.timestamp(), until.timestamp())], working)


def _shifts(line: Line, since: datetime, until: datetime) -> Iterator[Window]:
    if line.calendar is None:
        return
    day = since.astimezone(line.zone).date() - timedelta(1)
    last = until.astimezone(line.zone).date()
    while day <= last:
        for run in runs_of(line.calendar, line.timezone, day):
            yield Window(name=run.name, start=run.start, finish=run.finish)
        day += timedelta(1)


def _days(line: Line, grain: Grain, since: datetime) -> Iterator[Window]:
    day = since.astimezone(line.zone).date()
    step = timedelta(1)
    if grain is Grain.WEEK:
        day, step = day - timedelta(day.weekday()), timedelta(7)
    while True:
        following = day + step
        start, finish = _start_of(day, line.zone), _start_of(following, line.zone)
        yield Window(name="", start=start, finish=finish)
        day = following


def _start_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
