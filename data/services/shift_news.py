"""What the floor told since the figures of running shifts were worked out last, and how far back.

A note stays until what it is of is recorded: only then has whoever reads SQL met it. Imported by
`data.services.shift_figures`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from data.domain.events import Event, EventType
from data.domain.subjects import Identity
from data.services.staleness import unit_of

NOTE_S = 5.0  # what comes within this is noted together
MOST = 120  # notes; if nothing is recorded for long, the oldest become one
UnitDate = tuple[str, date]  # a work unit and a day (UTC)
_PLANNED, _VOIDED = EventType.PLAN_CHANGED, EventType.EVENT_VOIDED


@dataclass
class Told:
    """What events up to a place in the log told.

    `since`: the earliest time on a work unit's day. `undone`: targets of voids. `orders`: those
    that were planned.
    """

    seq: int = 0
    since: dict[UnitDate, datetime] = field(default_factory=dict)
    undone: set[Identity] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)

    def note(self, event_type: str, subject: str, named: str | None, at: datetime) -> None:
        """Take in that something happened."""
        if event_type == _PLANNED:
            kind, _, order = subject.partition("/")
            if kind == "order":
                self.orders.add(order)
        unit = unit_of(event_type, subject, named)
        if unit is not None:
            key = unit, at.astimezone(UTC).date()
            self.since[key] = min(at, self.since.get(key, at))

    def join(self, other: "Told") -> None:
        """Take in what another has."""
        self.seq = max(self.seq, other.seq)
        self.undone |= other.undone
        self.orders |= other.orders
        for key, at in other.since.items():
            self.since[key] = min(at, self.since.get(key, at))

    def oldest(self) -> dict[str, datetime]:
        """Return the earliest time by work unit."""
        found: dict[str, datetime] = {}
        for (unit, _), at in self.since.items():
            found[unit] = min(at, found.get(unit, at))
        return found


class ShiftNews:
    """The notes of a site."""

    def __init__(self) -> None:
        self._notes: list[Told] = []
        self._begun_s = 0.0

    def take(self, events: Iterable[Event], seq: int, now_s: float) -> None:
        """Note events that the log has up to a place. `now_s`: seconds that never go back."""
        if not self._notes or now_s - self._begun_s >= NOTE_S:
            self._notes.append(Told())
            self._begun_s = now_s
        if len(self._notes) > MOST:
            self._notes[1].join(self._notes.pop(0))
        note = self._notes[-1]
        note.seq = seq
        for event in events:
            note.note(event.type, event.subject, event.data.work_unit, event.time)
            if event.type is _VOIDED:
                note.undone.add(
                    (event.data.event_source or event.source, event.data.event_id or "")
                )

    def all(self) -> tuple[Sequence[Told], Told]:
        """Return the notes, and all of them in one; what comes later is noted apart."""
        whole = Told()
        for note in self._notes:
            whole.join(note)
        self._begun_s = float("-inf")
        return tuple(self._notes), whole

    def drop(self, met: Sequence[Told], recorded_seq: int) -> None:
        """Let those of some notes go that were recorded before they were met."""
        gone = {id(note) for note in met if note.seq <= recorded_seq}
        self._notes = [note for note in self._notes if id(note) not in gone]
