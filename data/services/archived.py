"""Keeps events from the door that concern what is archived: they could only be folded wrongly.

Imported by `data.services.ingest`; `data.store.archive` waits until doors have heard of a run.
Without its events an order's state can't be corrected, and a day's figures can't be worked out
anew. Whoever needs that brings the archive back first.
"""

from collections.abc import Sequence, Set
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Protocol

from data.domain.events import Event, EventType, SubjectKind, subject_parts
from data.domain.rules import Refusal
from data.domain.subjects import Identity
from data.services.errors import Unavailable

ASK_EVERY = timedelta(minutes=1)
HEARD_S = ASK_EVERY.total_seconds() + 10  # by then each door has asked, and let go what it had
_OF_ORDERS = frozenset({SubjectKind.ORDER, SubjectKind.OPERATION, SubjectKind.NEED})
_BACK = "is archived; bring the archive back first"


class Archive(Protocol):
    """What SQL knows of what is archived."""

    def kept_from(self, site: str) -> datetime | None:
        """Before when what isn't needed is archived."""

    def archived(
        self, site: str, orders: Sequence[str], identities: Sequence[Identity], before: datetime
    ) -> tuple[set[str], set[Identity]]:
        """Which orders are archived, and which events were recorded before."""


class ArchivedPast:
    """Knows for each site what is archived, or will be a minute later: it asks that often."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._known: dict[str, tuple[datetime, datetime | None]] = {}

    def refusals(
        self, site: str, events: Sequence[Event], real_now: datetime
    ) -> dict[Identity, Refusal]:
        """Return why events can't be taken, of those that can't.

        While SQL can't be asked, what was known last holds, and which orders are archived is left
        to the recorder.
        """
        before = self._kept_from(site, real_now)
        if before is None:
            return {}
        gone, undone = self._asked(site, events, before)
        return _judged(events, before, gone, undone)

    def _kept_from(self, site: str, real_now: datetime) -> datetime | None:
        asked_at, before = self._known.get(site, (None, None))
        if asked_at is None or not timedelta() <= real_now - asked_at < ASK_EVERY:
            with suppress(Unavailable):
                before = self._archive.kept_from(site)
            self._known[site] = (real_now, before)
        return before

    def _asked(
        self, site: str, events: Sequence[Event], before: datetime
    ) -> tuple[set[str], set[Identity]]:
        orders = {order for event in events if (order := _order_of(event)) is not None}
        aims = [_aim(event) for event in events if event.type is EventType.EVENT_VOIDED]
        try:
            return self._archive.archived(site, sorted(orders), aims, before)
        except Unavailable:
            return set(), set()


def _judged(
    events: Sequence[Event], before: datetime, gone: Set[str], undone: Set[Identity]
) -> dict[Identity, Refusal]:
    found = {}
    for event in events:
        if _order_of(event) in gone:
            found[event.source, event.id] = Refusal("subject", f"the order {_BACK}")
        elif event.type is EventType.EVENT_VOIDED and _aim(event) in undone:
            found[event.source, event.id] = Refusal("data.event_id", f"its time {_BACK}")
        elif event.type is not EventType.PLAN_CHANGED and event.time < before:
            found[event.source, event.id] = Refusal("time", f"what was then {_BACK}")
    return found


def _order_of(event: Event) -> str | None:
    kind, *names = subject_parts(event.subject)
    return names[0] if kind in _OF_ORDERS else None


def _aim(void: Event) -> Identity:
    return (void.data.event_source or void.source, void.data.event_id or "")
