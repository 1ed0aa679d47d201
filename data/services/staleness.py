"""What has to be worked out again when events come: the keys that the recorder marks as stale.

`order` an order's account, `shift` the figures of a work unit's day, `chain` the bottleneck
around a state change on a work unit's day. `account` is set by whoever has taken in what a closed
order did: its account can be made. `exception` is set by whoever moves an exception: the watch
publishes it. Imported by the recorder, the store and the watch's aspects.
"""

from collections.abc import Iterable
from datetime import UTC, date
from typing import NamedTuple

from data.domain.events import Event, EventType

ORDER, SHIFT, CHAIN, ACCOUNT = "order", "shift", "chain", "account"
EXCEPTION = "exception"
StaleKey = tuple[str, str]  # kind, key
_STATE = EventType.WORK_UNIT_STATE_CHANGED
_OF_ORDERS = frozenset({"operation", "need", "order"})
_UNIT = len("work-unit/")


class UnitDay(NamedTuple):
    """A day (UTC) of a work unit; whether its state changed, or it was only reported on."""

    work_unit: str
    day: date
    state: bool


def days_of(events: Iterable[Event]) -> set[UnitDay]:
    """Return the days of work units that events tell something of."""
    told = {  # many events, few of which tell of another unit or day
        (
            unit_of(event.type, event.subject, event.data.work_unit),
            event.time.astimezone(UTC).date(),
            event.type is _STATE,
        )
        for event in events
    }
    return {UnitDay(unit, day, state) for unit, day, state in told if unit is not None}


def unit_of(event_type: str, subject: str, named: str | None) -> str | None:
    """Return the work unit that an event tells something of: it names it, or is about it."""
    return subject[_UNIT:] if event_type == _STATE else named


def keys_of_days(days: Iterable[UnitDay]) -> set[StaleKey]:
    """Return the keys of shift figures and, where a state changed, of bottlenecks."""
    days = tuple(days)
    keys = {(SHIFT, f"{unit}/{day}") for unit, day, _ in days}
    return keys | {(CHAIN, f"{unit}/{day}") for unit, day, state in days if state}


def keys_of_subjects(subjects: Iterable[str]) -> set[StaleKey]:
    """Return the keys of the orders that subjects belong to."""
    parts = (subject.split("/", 2) for subject in subjects)
    return {(ORDER, names[1]) for names in parts if names[0] in _OF_ORDERS}
