"""What operators and their tools ask: `/healthz`, `/readyz`, `/metrics`."""

import os
from collections.abc import Callable
from typing import NamedTuple

import msgspec
from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess
from prometheus_client import REGISTRY as OWN

from callbacks.hub import Hub
from callbacks.metrics import (
    BACKLOG_SECONDS,
    CHANNELS,
    EVENT_AGE_SECONDS,
    FORECAST_COVERAGE,
    IN_FLIGHT,
    LOG_MEMORY,
    READER_LAG_SECONDS,
)
from data.services.admission import Admission
from data.services.errors import MilepostError
from data.services.live import LiveSite
from data.services.sites import Sites


class Life(NamedTuple):
    """What a server's host asks of it: whether to let requests in yet, and to end its streams."""

    is_ready: Callable[[], bool]
    close: Callable[[], None]


class Operating:
    """Handlers of the operating routes."""

    def __init__(
        self, sites: Sites, hub: Hub, engines: dict[str, Callable[[], None]],
        admission: Admission | None = None,
    ) -> None:  # fmt: skip
        self._admission = admission
        self._sites = sites
        self._hub = hub
        self._engines = engines  # name → raises when it can't be reached

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        operating = Blueprint("operating", __name__)
        operating.get("/healthz")(self.healthz)
        operating.get("/readyz")(self.readyz)
        operating.get("/metrics")(self.metrics)
        return operating

    def healthz(self) -> Response:
        """The process is alive."""
        return _json({"status": "alive"}, 200)

    def readyz(self) -> Response:
        """Whether walls can be served, and what is missing. Only the log is indispensable."""
        missing = self._missing()
        sites = {live.site: _site_state(live) for live in self._lives()}
        ready = "log" not in missing and self._sites.loaded
        body = {"status": "ready" if ready else "not ready", "missing": missing, "sites": sites}
        return _json(body, 200 if ready else 503)

    def is_ready(self) -> bool:
        """Whether walls can be served."""
        return "log" not in self._missing() and self._sites.loaded

    def metrics(self) -> Response:
        """Figures of all processes for Prometheus."""
        CHANNELS.set(len(self._hub))
        for live in self._lives():
            readers = live.readers()
            if readers.event_age_s is not None:
                EVENT_AGE_SECONDS.labels(live.site).set(readers.event_age_s)
            if readers.history_lag_s is not None:
                READER_LAG_SECONDS.labels(live.site, "recorder").set(readers.history_lag_s)
            if readers.watch_lag_s is not None:
                READER_LAG_SECONDS.labels(live.site, "watch").set(readers.watch_lag_s)
            if (made := live.facts.forecasting) is not None and made.coverage is not None:
                FORECAST_COVERAGE.labels(live.site).set(made.coverage)
            READER_LAG_SECONDS.labels(live.site, "board").set(live.read_age_s)
        if self._admission is not None:
            _show(self._admission)
        return Response(generate_latest(_registry()), mimetype=CONTENT_TYPE_LATEST)

    def _missing(self) -> dict[str, str]:
        """Return why what can't be reached can't be, by its name."""
        missing = {}
        for name, ping in self._engines.items():
            try:
                ping()
            except MilepostError as error:
                missing[name] = str(error)
        return missing

    def _lives(self) -> list[LiveSite]:
        return self._sites.everywhere()


def _site_state(live: LiveSite) -> dict[str, object]:
    readers = live.readers()
    return {
        "loaded": live.loaded,
        "log_connected": readers.log_connected,
        "event_age_s": readers.event_age_s,
        "history_lag_s": readers.history_lag_s,
        "history_stale": readers.history_stale,
        "watch_lag_s": readers.watch_lag_s,
        "watch_stale": readers.watch_stale,
    }


def _show(door: Admission) -> None:
    """Set the figures of what the door is let in by."""
    IN_FLIGHT.set(door.in_flight)
    LOG_MEMORY.set(door.memory)
    for site, backlog_s in door.backlogs.items():
        BACKLOG_SECONDS.labels(site).set(backlog_s)


def _registry() -> CollectorRegistry:
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return OWN
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def _json(body: object, status: int) -> Response:
    return Response(msgspec.json.encode(body), status=status, mimetype="application/json")
