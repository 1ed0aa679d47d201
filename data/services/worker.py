"""The worker: records every site it can get hold of, one thread a site, until told to stop.

Any number of workers may run; the lock in SQL gives each site to one of them.
"""

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from data.domain.site import Site
from data.services.errors import MilepostError
from data.services.recorder import Recorder

DISCOVER_S = 1.0
STANDBY_S = 1.0
RETRY_S = 0.5
_log = structlog.get_logger("worker")


class KnownSites(Protocol):
    """Where sites are known from."""

    def sites(self) -> list[Site]:
        """Recorded sites."""


class AnnouncedSites(Protocol):
    """Where sites are announced."""

    def announce(self, site: str) -> None:
        """Make a site known."""

    def sites(self) -> set[str]:
        """Announced sites."""


class Worker:
    """Starts a recorder thread for each site as it becomes known."""

    def __init__(
        self, log: AnnouncedSites, past: KnownSites, make: Callable[[str], Recorder]
    ) -> None:
        self._log = log
        self._past = past
        self._make = make
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._held: set[str] = set()

    def run(self) -> None:
        """Record until `stop`; returns when every recorder has finished its batch."""
        while not self._stop.is_set():
            for site in sorted(self._found() - self._recording()):
                thread = threading.Thread(target=self._record, args=(site,), name=f"record {site}")
                self._threads[site] = thread
                thread.start()
            self._stop.wait(DISCOVER_S)
        for thread in self._threads.values():
            thread.join()

    def stop(self) -> None:
        """Ask all recorders to finish."""
        self._stop.set()

    def _recording(self) -> set[str]:
        return {site for site, thread in self._threads.items() if thread.is_alive()}

    def _found(self) -> set[str]:
        """Return all sites; held ones that the log doesn't know (any more) are announced.

        Only held ones: while another writes a site's past, nobody may load half of it.
        """
        try:
            announced = self._log.sites()
            recorded = {site.id for site in self._past.sites()}
            for site in sorted((recorded & self._held) - announced):
                self._log.announce(site)
            return announced | recorded
        except MilepostError as error:
            _log.warning("sites not discovered", reason=str(error))
            return set()

    def _record(self, site: str) -> None:
        recorder = self._make(site)
        try:
            while not self._stop.is_set():
                pause_s = _pause_s(recorder)
                (self._held.add if recorder.holds_site else self._held.discard)(site)
                self._stop.wait(pause_s)
        finally:  # whatever failed, another may take over, and `run` starts a new thread
            self._held.discard(site)
            recorder.close()


def _pause_s(recorder: Recorder) -> float:
    """Let it record once; return how long to wait before the next time."""
    try:
        recorder.step()
    except MilepostError as error:
        _log.warning("recorder waits", site=recorder.site, reason=str(error))
        return RETRY_S
    return 0.0 if recorder.holds_site else STANDBY_S
