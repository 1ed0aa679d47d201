"""How the demo factory reports: its past straight into history, its present through the door."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from data.domain.rules import parse_event
from data.services.ingest import Ingest, digest_of
from data.services.recorder import Recorder
from data.services.reporting import Reporter, SiteLog

_DOOR_BATCH = 500


class DemoSink(Reporter):
    """Where the demo factory's events go; `recorder` stores the past of a first start."""

    def __init__(
        self, site: str, ingest: Ingest, log: SiteLog, now: Callable[[], datetime],
        recorder: Recorder | None,
    ) -> None:  # fmt: skip
        super().__init__(site, ingest, log, now)
        self._recorder = recorder

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
        """Report live, from when the past is stored: then the recorder's lock is let go."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None
        super().report(envelopes)
