"""How long operations and stoppages take, learnt from those that ended.

An operation's time is kept as a ratio to its planned working time, so that products and
quantities can teach each other; it runs from start to finish, with every interruption in
between. Future breakdowns are therefore in it, and are not drawn a second time.
Imported by services that keep the forecast's history.
"""

from collections.abc import Hashable, Iterable
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from data.domain.events import WorkUnitState as State
from data.domain.forecast.history import History
from data.domain.subjects import WorkUnitState

Floats = NDArray[np.float64]

STOPPED = frozenset({State.DOWN, State.REPAIR, State.MAINTENANCE})
UNTAUGHT_SPREAD = 0.25  # of the logarithm of the ratio, before anything was learnt
LEADS_NEEDED, LEAD_LEVELS = 5, 20
_LONGEST_RATIO, _SHORTEST_RATIO = 100.0, 0.01


class Work(Struct, frozen=True):
    """What an operation's time may depend on, the finest first."""

    product: str
    family: str
    work_center: str

    @property
    def chain(self) -> tuple[Hashable, ...]:
        """Keys of the hierarchy: product, family, any at the work center; anything."""
        center = self.work_center
        return (self.product, center), (self.family, center), center, None


class RunTimes:
    """Ratios of realised to planned working time, lengths of stoppages, overlaps of steps."""

    def __init__(self) -> None:
        """Begin without a past."""
        self._ratios = History()
        self._stops = History()
        self._leads = History()

    def add_run(self, work: Work, order: str, actual_s: float, planned_s: float) -> None:
        """Learn from a completed operation; one that was planned to take no time teaches nothing.

        Units: working seconds.
        """
        if planned_s > 0 and actual_s >= 0:
            ratio = min(max(actual_s / planned_s, _SHORTEST_RATIO), _LONGEST_RATIO)
            self._ratios.add(work.chain, order, ratio)

    def add_stop(self, work_unit: str, work_center: str, name: str, length_s: float) -> None:
        """Learn from a stoppage that ended; `name` tells it from others. Units: clock seconds."""
        self._stops.add((work_unit, ("center", work_center), None), name, length_s)

    def add_stops(self, unit: WorkUnitState, work_center: str) -> None:
        """Learn from every stoppage on a work unit's timeline that ended."""
        name = unit.subject.split("/", 1)[1]
        for start_s, length_s in _ended_stops(unit):
            self.add_stop(name, work_center, f"{name}@{start_s}", length_s)

    def ratios(self, work: Work, count: int) -> Floats:
        """Return `count` ascending ratios that stand evenly for the operation's distribution."""
        known = self._ratios.vector(work.chain, count)
        return _untaught(count) if known is None else known

    def add_lead(self, before: str, work_center: str, order: str, lead: float) -> None:
        """Learn how far a step's predecessor had come when it began: 1 is its end, 0 its start."""
        self._leads.add(((before, work_center),), order, min(max(lead, 0.0), 1.0))

    def overlap(self, before: str, work_center: str) -> float:
        """Return the share of a predecessor's span that a step there may overlap.

        A step that waited for a work unit began later than it might have, so the early
        starts count. 0 until enough orders have shown otherwise.
        """
        chain = ((before, work_center),)
        if self._leads.owners(chain)[0] < LEADS_NEEDED:
            return 0.0
        leads = self._leads.vector(chain, LEAD_LEVELS)
        return 0.0 if leads is None else 1.0 - float(leads[LEAD_LEVELS // 5])

    def stop_left(self, work_unit: str, work_center: str, elapsed_s: float, count: int) -> Floats:
        """Return how long a stoppage still lasts, given how long it has: `count` ascending.

        Without a past: in the median as long again as it has lasted.
        """
        known = self._stops.vector((work_unit, ("center", work_center), None), count)
        if known is None:
            levels = (np.arange(count) + 0.5) / count
            return np.asarray(max(elapsed_s, 60.0) * levels / (1 - levels))
        return truncated(known, elapsed_s) - elapsed_s


def truncated(ascending: Floats, elapsed: float) -> Floats:
    """Return the distribution of what lasted longer than `elapsed`, at as many quantiles.

    What has outlasted all that is known is taken to end after a tenth more in the median.
    """
    count = len(ascending)
    longer = ascending[np.searchsorted(ascending, elapsed, side="right") :]
    if not longer.size:
        levels = (np.arange(count) + 0.5) / count
        return np.asarray(elapsed * (1 + 0.1 * np.log(1 / (1 - levels)) / np.log(2)))
    places = np.arange(count) * len(longer) // count
    return np.asarray(longer[places])


@lru_cache(maxsize=8)
def _untaught(count: int) -> Floats:
    normal = NormalDist()
    levels = (np.arange(count) + 0.5) / count
    ratios = np.exp([UNTAUGHT_SPREAD * normal.inv_cdf(float(level)) for level in levels])
    ratios.flags.writeable = False  # it is everybody's
    return ratios


def _ended_stops(unit: WorkUnitState) -> Iterable[tuple[float, float]]:
    since: float | None = None
    for at, state in unit.timeline:
        if state in STOPPED:
            since = at.timestamp() if since is None else since
        elif since is not None:
            yield since, at.timestamp() - since
            since = None
