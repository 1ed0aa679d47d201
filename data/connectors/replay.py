"""Plays a log: its events are reported when the clock of its site has passed them.

All time is injected and nothing is remembered between runs: the ids of a log's events
repeat, so whoever plays it again reports duplicates until it comes to what is new.
Imported by `app.py`.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from data.connectors.event_log import SOURCE, Envelope, Log, as_json
from data.domain.events import EventType, site_subject
from data.domain.site import SiteClock
from data.domain.site_rules import MAX_RATE

BATCH = 500
SIGNAL_S = 5.0
SHORTEST_WAIT_S = 0.05
RETRY_S = (0.5, 1.0, 2.0, 4.0, 8.0)

Report = Callable[[Sequence[Envelope]], None]
Signal = Callable[[Sequence[str]], None]


def replay(
    log: Log,
    report: Report,
    signal: Signal,
    now: Callable[[], datetime],
    sleep: Callable[[float], object],
    stop: Callable[[], bool],
    speed: float = 60.0,
    clock: SiteClock | None = None,
) -> None:
    """Report the site, its plans and then its events as they come due, until the end or `stop`.

    `clock` is the one the site already has: it goes on, and what it passed meanwhile is
    reported at once; with another `speed` it goes on from where it is. What `report` can't
    take (OSError, ConnectionError among them) is reported again until it can. `signal`
    gets the work units every few seconds. Units: `speed` is log seconds a real second.
    """
    clock = clock_of(log, now(), speed, clock)
    player = _Player(log, report, sleep, stop)
    player.deliver([site_envelope(log, clock)])
    units = [unit.id for unit in log.site.work_units]
    while not stop():
        player.report_until(clock.at(now()))
        signal(units)
        if player.done:
            return
        sleep(_wait_s(player.next_at, clock, now()))


def clock_of(log: Log, real: datetime, speed: float, running: SiteClock | None = None) -> SiteClock:
    """Return the clock with which the log is (or goes on being) shown.

    Raises: ValueError when the speed is none that a site's clock may have.
    """
    if not 0 < speed <= MAX_RATE:
        raise ValueError(f"speed {speed:g}: expected more than 0, at most {MAX_RATE:.0f}")
    if running is not None and running.rate == speed and running.ends_at == log.ends_at:
        return running
    origin = log.starts_at if running is None else running.at(real)
    return SiteClock(origin=origin, started_at=real, rate=speed, ends_at=log.ends_at)


def site_envelope(log: Log, clock: SiteClock) -> Envelope:
    """Return the site with its clock; the same clock makes the same envelope."""
    site = msgspec.structs.replace(log.site, clock=clock)
    started = clock.started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")
    return {
        "specversion": "1.0",
        "id": f"{log.digest}.0-site.{started}",
        "source": SOURCE,
        "type": EventType.PLAN_CHANGED.value,
        "subject": site_subject(site.id),
        "time": clock.origin.isoformat(),
        "data": {"site": as_json(site)},
    }


class _Player:
    """Where the replay stands in the log, and how it gets a batch through."""

    def __init__(
        self, log: Log, report: Report, sleep: Callable[[float], object], stop: Callable[[], bool]
    ) -> None:
        self._report, self._sleep, self._stop = report, sleep, stop
        timed = sorted(
            (*log.plans, *log.events),
            key=lambda envelope: (datetime.fromisoformat(envelope["time"]), envelope["id"]),
        )
        self._timeline = timed
        self._times = [datetime.fromisoformat(envelope["time"]) for envelope in timed]
        self._position = 0

    @property
    def done(self) -> bool:
        return self._position == len(self._timeline)

    @property
    def next_at(self) -> datetime:
        return self._times[self._position]

    def report_until(self, site_now: datetime) -> None:
        """Report what the site's clock has passed, batch by batch."""
        due = bisect_right(self._times, site_now)
        while self._position < due and not self._stop():
            upto = min(self._position + BATCH, due)
            if not self.deliver(self._timeline[self._position : upto]):
                return
            self._position = upto

    def deliver(self, batch: Sequence[Envelope]) -> bool:
        """Report a batch, again and again while it fails; False when stopped before."""
        attempt = 0
        while not self._stop():
            try:
                self._report(batch)
            except OSError:
                self._sleep(RETRY_S[min(attempt, len(RETRY_S) - 1)])
                attempt += 1
            else:
                return True
        return False


def _wait_s(next_at: datetime, clock: SiteClock, real: datetime) -> float:
    """Real seconds until the site's clock comes to `next_at`, within the signal's rhythm."""
    ahead: timedelta = next_at - clock.at(real)
    return min(max(ahead.total_seconds() / clock.rate, SHORTEST_WAIT_S), SIGNAL_S)
