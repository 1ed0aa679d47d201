"""Accounts as they could be given at an instant: from what had been recorded by then.

What came or was corrected later is left out. Imported by callbacks, put together by the wiring.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from msgspec.structs import replace

from data.domain.events import Event, EventType, order_subject
from data.domain.ledger.records import Occupation
from data.domain.site import Site
from data.domain.subjects import Identity
from data.services.accounts import Accounts
from data.services.accounts_facts import Past, PastReading
from data.services.order_boards import RecordedThen

_Span = tuple[datetime, datetime]


class AccountsThen:
    """Gives accounts of any instant."""

    def __init__(self, past: Past, then: RecordedThen) -> None:
        self._past = past
        self._then = then

    def at(self, instant: datetime) -> Accounts:
        """Return the accounts of an instant."""
        return Accounts(_PastThen(self._past, self._then, instant))


class _PastThen:
    """The recorded past, as of an instant."""

    def __init__(self, past: Past, then: RecordedThen, at: datetime) -> None:
        self._past = past
        self._then = then
        self._at = at

    @contextmanager
    def reading(self, site: str) -> Iterator["_ReadingThen"]:
        """Read a site at one instant of the database."""
        with self._past.reading(site) as reading:
            yield _ReadingThen(reading, self._then, self._at)


class _ReadingThen:
    """What a reading holds, less what wasn't known yet."""

    def __init__(self, reading: PastReading, then: RecordedThen, at: datetime) -> None:
        self._reading = reading
        self._then = then
        self._at = at

    def site(self, site: str) -> Site:
        """Return the site's model of today: calendars and equipment."""
        return self._reading.site(site)

    def plans(self, site: str, order_ids: Sequence[str]) -> list[Event]:
        """Return the plans that weren't voided by then."""
        subjects = [order_subject(order_id) for order_id in order_ids]
        told = self._then.events_until(site, self._at, subjects)
        undone = {
            (event.data.event_source or event.source, event.data.event_id)
            for event in told
            if event.type is EventType.EVENT_VOIDED
        }
        plans = (event for event in told if event.type is EventType.PLAN_CHANGED)
        found = [event for event in plans if (event.source, event.id) not in undone]
        return found or self._none_unless_archived(site, order_ids)

    def _none_unless_archived(self, site: str, order_ids: Sequence[str]) -> list[Event]:
        """Return nothing. Raises: Archived."""
        self._reading.plans(site, order_ids)
        return []

    def told(self, site: str, subjects: Sequence[str], until: datetime) -> list[Event]:
        """Return the events of subjects, voids too."""
        told = self._then.events_until(site, self._at, list(subjects))
        return [event for event in told if event.time <= until]

    def states(self, site: str, work_units: Sequence[str], span: _Span) -> list[Event]:
        """Return the state changes of work units."""
        return self._known(self._reading.states(site, work_units, span))

    def occupations(
        self, site: str, work_units: Sequence[str], span: _Span, now: datetime
    ) -> list[Occupation]:
        """Return what was done on work units; what ended later went on then."""
        found = self._reading.occupations(site, work_units, span, now)
        return [replace(o, end=min(o.end, self._at)) for o in found if o.start < self._at]

    def events(self, site: str, identities: Sequence[Identity]) -> list[Event]:
        """Return events by their identity."""
        return self._known(self._reading.events(site, identities))

    def _known(self, events: Sequence[Event]) -> list[Event]:
        return [event for event in events if event.recorded_at <= self._at]
