"""A work unit's shifts, and the elements of ISO 22400 that each of them holds.

Pure; used by `data.services.shift_figures`. Time that belongs to no shift is gathered in a
window of its own day, without planned time: what is made off shift counts there.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import add
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.domain.calendars import runs_of
from data.domain.events import WorkUnitState as State
from data.domain.kpis import Count, Elements, UnitSpell, quantity_elements, time_elements
from data.domain.site import Calendar
from data.domain.waiting.spans import Span, without

OFF_SHIFT = ""  # the name of the window that gathers what lies outside every shift of a day
EVER = datetime.min.replace(tzinfo=UTC)
_DAY = timedelta(days=1)


class ShiftWindow(Struct, frozen=True):
    """A shift of a day, or the day's time off shift.

    `spans`: the time that counts for it; `working`: its planned busy time, breaks left out.
    """

    day: date
    name: str
    start: datetime
    finish: datetime
    spans: tuple[Span, ...]
    working: tuple[Span, ...]


class StateChange(Struct, frozen=True):
    """A work unit went into a state; `operation` is what it works on, where that was told."""

    time: datetime
    state: State
    operation: str | None


class UnitRecord(Struct, frozen=True):
    """What was reported of one work unit around some shifts.

    `changes`: in order of time, the first may lie before. `counted`: quantities there, in order
    of time, none over an edge of a window. `executions`: from start to end of each operation.
    """

    changes: Sequence[StateChange] = ()
    counted: Sequence[Count] = ()
    executions: Sequence[Span] = ()


def windows_of(calendar: Calendar | None, timezone: str, day: date) -> tuple[ShiftWindow, ...]:
    """Return the shifts that start on a local day, then the day's time off shift if any."""
    zone = ZoneInfo(timezone)
    midnight, next_midnight = _midnight(day, zone), _midnight(day + _DAY, zone)
    runs = () if calendar is None else runs_of(calendar, timezone, day)
    before = () if calendar is None else runs_of(calendar, timezone, day - _DAY)
    shifts = [
        ShiftWindow(day, run.name, run.start, run.finish, ((run.start, run.finish),), run.working)
        for run in runs
    ]
    taken = [(run.start, run.finish) for run in (*before, *runs)]
    off = tuple(without([(midnight, next_midnight)], taken))
    if off:
        shifts.append(ShiftWindow(day, OFF_SHIFT, midnight, next_midnight, off, ()))
    return tuple(shifts)


def elements_of(
    window: ShiftWindow,
    record: UnitRecord,
    run_time_s: Mapping[str, float],
    now: datetime,
    since: datetime = EVER,
) -> Elements:
    """Return the elements of one work unit in one window, as far as it has come by `now`.

    `run_time_s`: planned run time a piece by operation subject. `since`: what came before is
    left out; the elements until then and those since then add up.
    """
    cut = ((max(start, since), min(finish, now)) for start, finish in window.spans)
    spans = [(start, finish) for start, finish in cut if start < finish]
    parts = [
        time_elements(
            _spells(record.changes, span),
            span,
            planned=window.working,
            tasks=record.executions,
            executions=record.executions,
        )
        for span in spans
    ]
    counted = [count for span in window.spans for count in _counted(record.counted, span)]
    return reduce(add, parts, quantity_elements(counted, run_time_s))


def _spells(changes: Sequence[StateChange], span: Span) -> Iterable[UnitSpell]:
    first = max(0, bisect_right(changes, span[0], key=_time) - 1)
    last = bisect_left(changes, span[1], key=_time)
    met = changes[first:last]
    ends = [*(change.time for change in met[1:]), span[1]][: len(met)]
    return [
        UnitSpell(change.state, (change.time, end), change.operation)
        for change, end in zip(met, ends, strict=True)
    ]


def _counted(counts: Sequence[Count], span: Span) -> Sequence[Count]:
    return counts[bisect_left(counts, span[0], key=_time) : bisect_left(counts, span[1], key=_time)]


def _time(told: StateChange | Count) -> datetime:
    return told.time


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(ZoneInfo("UTC"))
