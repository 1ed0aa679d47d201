"""How the demo factory reports: its past straight into history, its present through the door."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog
from msgspec.structs import replace

from data.domain.rules import parse_event
from data.domain.scope import factory_scope
from data.services.errors import MilepostError
from data.services.ingest import Ingest, Status, digest_of
from data.services.recorder import Recorder

_DOOR_BATCH = 500
_log = structlog.get_logger("demo")


class DemoLog(Protocol):
    """What the demo asks of the log."""

    def sites(self) -> set[str]:
        """Announced sites."""

    def announce(self, site: str) -> None:
        """Make a site known."""

    def signal(self, site: str, work_units: Sequence[str], at_s: float) -> None:
        """These are connected."""


class DemoSink:
    """Where the demo factory's events go."""

    def __init__(
        self, site: str, ingest: Ingest, log: DemoLog, make: Callable[[str], Recorder],
        fresh: bool, now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._site = site
        self._ingest = ingest
        self._log = log
        self._recorder = make(site) if fresh else None
        self._now = now

    def record_history(self, envelopes: Sequence[dict[str, Any]]) -> None:
        """Store a made past; at a first start without the detour through the log."""
        if self._recorder is None:
            for first in range(0, len(envelopes), _DOOR_BATCH):
                self.report(envelopes[first : first + _DOOR_BATCH])
            return
        now = self._now()
        parsed = [parse_event(envelope, now) for envelope in envelopes]
        events = [replace(event, recorded_at=event.time) for event in parsed]
        self._recorder.record_past([(event, digest_of(event)) for event in events])

    def report(self, envelopes: Sequence[dict[str, Any]]) -> None:
        """Report what happens through the door.

        Raises: ConnectionError when the door can't take it now; the same may be sent again.
        """
        self._open()
        try:
            verdicts = self._ingest.accept(
                factory_scope(self._site), self._site, envelopes, self._now()
            )
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

    def _open(self) -> None:
        """Let the recorder's lock go and the site be known, once the past is stored."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None
        if self._site not in self._log.sites():
            self._log.announce(self._site)
