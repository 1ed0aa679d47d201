"""What happened to one operation, one work unit, one need, as spans of time.

Pure; imported by `data.domain.ledger`. Whoever gathers its events asks `standing` as well.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from msgspec import Struct

from data.domain.events import Event, EventType, WorkUnitState
from data.domain.plan import MaterialNeed
from data.domain.subjects import Identity, moment_of
from data.domain.waiting.spans import Span


class Stretch(Struct, frozen=True):
    """An operation at work on a work unit without a pause. `redone`: after a reopening."""

    start: datetime
    end: datetime
    work_unit: str | None
    redone: bool
    evidence: tuple[Identity, ...]


class Mark(Struct, frozen=True):
    """Pieces reported as reworked."""

    time: datetime
    pieces: int
    evidence: Identity


class Course(Struct, frozen=True):
    """What happened to one operation.

    `finishes`: every instant at which it was completed, later reopenings left standing.
    """

    stretches: tuple[Stretch, ...] = ()
    finishes: tuple[datetime, ...] = ()
    completed: bool = False
    rework: tuple[Mark, ...] = ()

    @property
    def begun_at(self) -> datetime | None:
        """Return when it first began."""
        return self.stretches[0].start if self.stretches else None

    def finished_by(self, at: datetime) -> datetime | None:
        """Return the last instant up to `at` at which it was completed."""
        return max((finish for finish in self.finishes if finish <= at), default=None)


class Spell(Struct, frozen=True):
    """A work unit in one state."""

    state: WorkUnitState
    start: datetime
    end: datetime
    reason: str | None
    evidence: tuple[Identity, ...]


class Supply(Struct, frozen=True):
    """A need, and when all of it was there; None while it isn't."""

    need: MaterialNeed
    met_at: datetime | None
    evidence: tuple[Identity, ...]


def standing(events: Iterable[Event], until: datetime) -> dict[str, list[Event]]:
    """Group the events that count by subject, in order of time: each once, none voided."""
    known = {(e.source, e.id): e for e in events if e.time <= until}
    voided = {
        ((e.data.event_source or e.source, e.data.event_id), e.subject)
        for e in known.values()
        if e.type is EventType.EVENT_VOIDED
    }
    table: dict[str, list[Event]] = defaultdict(list)
    for identity, event in known.items():
        if event.type is not EventType.EVENT_VOIDED and (identity, event.subject) not in voided:
            table[event.subject].append(event)
    for of_subject in table.values():
        of_subject.sort(key=moment_of)
    return dict(table)


def course_of(events: Sequence[Event], until: datetime) -> Course:
    """Read an operation's events; a stretch that hasn't ended runs on to `until`."""
    reader = _Reader()
    for event in events:
        reader.take(event)
    return reader.course(until)


class _Reader:
    """Follows an operation through its events."""

    def __init__(self) -> None:
        self._stretches: list[Stretch] = []
        self._finishes: list[datetime] = []
        self._marks: list[Mark] = []
        self._open: Event | None = None
        self._unit: str | None = None
        self._redone = self._completed = False

    def take(self, event: Event) -> None:
        if event.data.rework:
            self._marks.append(Mark(event.time, event.data.rework, (event.source, event.id)))
        if event.type is EventType.QUALITY_INSPECTED:
            return
        self._follow_unit(event)
        if event.type is EventType.OPERATION_COMPLETED:
            self._begin_if(event, never_begun=True)
            self._close(event)
            self._finishes.append(event.time)
            self._completed = True
        elif event.type is EventType.OPERATION_PAUSED:
            self._close(event)
        elif event.type is EventType.OPERATION_REOPENED:
            self._close(event)
            self._completed, self._redone = False, True
        else:
            progressed = event.type is EventType.OPERATION_PROGRESSED
            self._begin_if(event, never_begun=progressed)

    def course(self, until: datetime) -> Course:
        if self._open is not None:
            self._add(self._open, until, ())
        return Course(
            tuple(self._stretches), tuple(self._finishes), self._completed, tuple(self._marks)
        )

    def _begin_if(self, event: Event, *, never_begun: bool) -> None:
        if self._open is None and not (never_begun and self._stretches):
            self._open, self._completed = event, False

    def _follow_unit(self, event: Event) -> None:
        unit = event.data.work_unit
        if unit is None or unit == self._unit:
            return
        if self._open is not None and self._unit is not None:
            self._close(event)
            self._open = event
        self._unit = unit

    def _close(self, event: Event) -> None:
        if self._open is not None:
            self._add(self._open, event.time, ((event.source, event.id),))
            self._open = None

    def _add(self, first: Event, end: datetime, last: tuple[Identity, ...]) -> None:
        evidence = tuple(dict.fromkeys(((first.source, first.id), *last)))
        self._stretches.append(Stretch(first.time, end, self._unit, self._redone, evidence))


def spells_of(changes: Sequence[Event], window: Span, until: datetime) -> list[Spell]:
    """Return the states of a work unit that meet a window, whole, the last open to `until`.

    Shape: `changes` are the work unit's events in order of time.
    """
    first = max(0, bisect_right(changes, window[0], key=_time) - 1)
    last = bisect_left(changes, window[1], key=_time)
    met = changes[first : last + 1]
    spells = [_spell(a, (a, b), b.time) for a, b in pairwise(met)]
    if met and last >= len(changes):
        spells.append(_spell(met[-1], (met[-1],), until))
    return [s for s in spells if s.start < min(s.end, window[1]) and s.end > window[0]]


def _time(event: Event) -> datetime:
    return event.time


def _spell(change: Event, told: Iterable[Event], end: datetime) -> Spell:
    return Spell(
        change.data.state or WorkUnitState.UNKNOWN,
        change.time,
        end,
        change.data.reason,
        tuple((event.source, event.id) for event in told),
    )


def supply_of(need: MaterialNeed, events: Sequence[Event]) -> Supply:
    """Say when all of a need was there, by its events in order of time.

    The evidence is every promise and receipt until then.
    """
    received, evidence = 0, list[Identity]()
    for event in events:
        evidence.append((event.source, event.id))
        if event.type is EventType.MATERIAL_RECEIVED:
            received += event.data.quantity
            if received >= need.quantity:
                return Supply(need, event.time, tuple(evidence))
    return Supply(need, None, tuple(evidence))
