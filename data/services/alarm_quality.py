"""The quality of a site's alarms over a period, for those who look after its rules.

Imported by the wiring, which hands it to the page.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Protocol

from data.domain.exceptions.quality.assess import assess
from data.domain.exceptions.quality.records import Course, Opinion, Period, Quality, Told
from data.domain.scope import Scope
from data.services.errors import Forbidden


class Past(Protocol):
    """What the service asks of SQL; all instants are of the real clock."""

    def told(
        self, scope: Scope, site: str, since: datetime, until: datetime, area: str | None
    ) -> Sequence[Told]:
        """The alarms that people were told."""

    def courses(
        self, scope: Scope, site: str, since: datetime, until: datetime, area: str | None
    ) -> Sequence[Course]:
        """The moves of all that moved or is open."""

    def opinions(
        self, scope: Scope, site: str, since: datetime, until: datetime, area: str | None
    ) -> Sequence[Opinion]:
        """What recipients said."""


class AlarmQuality:
    """Says how good the alarms of sites are."""

    def __init__(self, past: Past, now: Callable[[], datetime]) -> None:
        """`now`: the real clock."""
        self._past = past
        self._now = now

    def today(self, timezone: str) -> date:
        """Return the day that it really is at a site."""
        now = self._now()
        return Period(since=now.date(), until=now.date(), timezone=timezone, now=now).day(now)

    def of(
        self, scope: Scope, site: str, since: date, until: date, timezone: str,
        area: str | None = None, person: str | None = None,
    ) -> Quality:  # fmt: skip
        """Return all that can be said of these days of the site, both included.

        Raises: Forbidden, Unavailable.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        period = Period(since=since, until=until, timezone=timezone, now=self._now())
        asked = (scope, site, period.start, period.finish, area)
        told, courses = self._past.told(*asked), self._past.courses(*asked)
        return assess(told, courses, self._past.opinions(*asked), period, person)
