"""How sources that run inside Milepost report: replayed logs, machine connectors, the demo.

They can't be answered like a client of the API, so what the door refuses is kept in quarantine
for people to look at.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from data.domain.scope import factory_scope
from data.services.errors import MilepostError
from data.services.ingest import Ingest, Status

_log = structlog.get_logger("reporting")


class SiteLog(Protocol):
    """What a reporter asks of the log."""

    def sites(self) -> set[str]:
        """Announced sites."""

    def announce(self, site: str) -> None:
        """Make a site known."""

    def signal(self, site: str, work_units: Sequence[str], at_s: float) -> None:
        """These are connected."""


class Reporter:
    """Takes one source's events and signals to the door of a site."""

    def __init__(
        self, site: str, ingest: Ingest, log: SiteLog, now: Callable[[], datetime]
    ) -> None:
        self._site = site
        self._ingest = ingest
        self._log = log
        self._now = now

    def report(self, envelopes: Sequence[dict[str, Any]]) -> None:
        """Report what happened; refusals go to quarantine.

        Raises: ConnectionError when the door can't take it now; the same may be sent again.
        """
        scope, now = factory_scope(self._site), self._now()
        try:
            if self._site not in self._log.sites():
                self._log.announce(self._site)
            verdicts = self._ingest.accept(scope, self._site, envelopes, now)
            self._ingest.quarantine(scope, self._site, envelopes, verdicts, now)
        except MilepostError as error:
            raise ConnectionError(str(error)) from error
        for verdict in verdicts:
            if verdict.status is Status.REFUSED:
                _log.warning("refused", id=verdict.id, field=verdict.field, reason=verdict.reason)

    def signal(self, work_units: Sequence[str]) -> None:
        """Say that these machines are connected."""
        try:
            self._log.signal(self._site, work_units, time.time())
        except MilepostError as error:
            _log.warning("signals not sent", reason=str(error))
