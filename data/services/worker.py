"""The worker: does one job at every site it can get hold of, one thread a site, until told to stop.

The job is to record or to watch. Any number of workers may run; the lock in SQL gives each site
to one of them.
"""

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from data.domain.site import Site
from data.services.errors import MilepostError

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


class Job(Protocol):
    """What is done at one site by one process at a time."""

    @property
    def site(self) -> str:
        """The site."""

    @property
    def holds_site(self) -> bool:
        """Whether it is this process that does it."""

    def step(self) -> int:
        """Do one round, waiting for work a little; nothing while another process does it."""

    def close(self) -> None:
        """Let another process do it."""


class Worker:
    """Starts a thread for each site as it becomes known."""

    def __init__(
        self, log: AnnouncedSites, past: KnownSites | None, make: Callable[[str], Job]
    ) -> None:
        """`past`: take up recorded sites too that nobody has announced, and announce them."""
        self._log = log
        self._past = past
        self._make = make
        self._stop = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        self._held: set[str] = set()

    def run(self) -> None:
        """Work until `stop`; returns when every job has finished its round."""
        while not self._stop.is_set():
            for site in sorted(self._found() - self._taken_up()):
                thread = threading.Thread(target=self._work, args=(site,), name=f"work {site}")
                self._threads[site] = thread
                thread.start()
            self._stop.wait(DISCOVER_S)
        for thread in self._threads.values():
            thread.join()

    def stop(self) -> None:
        """Ask all jobs to finish."""
        self._stop.set()

    def _taken_up(self) -> set[str]:
        return {site for site, thread in self._threads.items() if thread.is_alive()}

    def _found(self) -> set[str]:
        """Return all sites; held ones that the log doesn't know (any more) are announced.

        Only held ones: while another writes a site's past, nobody may load half of it.
        """
        try:
            announced = self._log.sites()
            if self._past is None:
                return announced
            recorded = {site.id for site in self._past.sites()}
            for site in sorted((recorded & self._held) - announced):
                self._log.announce(site)
            return announced | recorded
        except MilepostError as error:
            _log.warning("sites not discovered", reason=str(error))
            return set()

    def _work(self, site: str) -> None:
        job = self._make(site)
        try:
            while not self._stop.is_set():
                pause_s = _pause_s(job)
                (self._held.add if job.holds_site else self._held.discard)(site)
                self._stop.wait(pause_s)
        finally:  # whatever failed, another may take over, and `run` starts a new thread
            self._held.discard(site)
            job.close()


def _pause_s(job: Job) -> float:
    """Let it do one round; return how long to wait before the next."""
    try:
        job.step()
    except MilepostError as error:
        _log.warning("job waits", site=job.site, job=type(job).__name__, reason=str(error))
        return RETRY_S
    return 0.0 if job.holds_site else STANDBY_S
