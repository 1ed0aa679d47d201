"""From states of work units to active periods, and to the time spent in each state.

Pure; imported by the bottleneck package, services and the watch. A state holds until the
unit's next one. Of several states that one unit reports for the same instant the last
holds, so an idle moment of no length does not part two active periods.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import pairwise

from msgspec import Struct

from data.domain.bottleneck.intervals import Interval, complement, subtract, union
from data.domain.events import WorkUnitState


class Phase(Enum):
    """What a state means for the active period of its work unit."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    PAUSED = "paused"


PHASES: dict[WorkUnitState, Phase] = {
    WorkUnitState.PROCESSING: Phase.ACTIVE,
    WorkUnitState.SETUP: Phase.ACTIVE,
    WorkUnitState.DOWN: Phase.ACTIVE,
    WorkUnitState.REPAIR: Phase.ACTIVE,
    WorkUnitState.MAINTENANCE: Phase.ACTIVE,
    WorkUnitState.TOOL_CHANGE: Phase.ACTIVE,
    WorkUnitState.STARVED: Phase.INACTIVE,
    WorkUnitState.BLOCKED: Phase.INACTIVE,
    WorkUnitState.WAITING_FOR_TRANSPORT: Phase.INACTIVE,
    WorkUnitState.OFF_SHIFT: Phase.PAUSED,
    WorkUnitState.UNKNOWN: Phase.PAUSED,
}


class StateChange(Struct, frozen=True, gc=False):
    """A work unit enters a state."""

    work_unit: str
    state: WorkUnitState
    time: float


class StateSpell(Struct, frozen=True, gc=False):
    """A work unit stays in one state."""

    work_unit: str
    state: WorkUnitState
    start: float
    end: float


class ActivePeriod(Struct, frozen=True, gc=False):
    """A work unit is active without a break, pauses inside left standing.

    Units: `length` is `end - start` less the pauses, for time off shift makes
    no unit more of a bottleneck.
    """

    work_unit: str
    start: float
    end: float
    pauses: tuple[Interval, ...] = ()

    @property
    def length(self) -> float:
        """Return the time worked."""
        if not self.pauses:
            return self.end - self.start
        return self.end - self.start - sum(end - start for start, end in self.pauses)


def state_spells(changes: Iterable[StateChange], until: float) -> dict[str, list[StateSpell]]:
    """Return each work unit's spells in order of time, the last one open to `until`.

    Changes may come in any order; of one unit's at one instant the last given holds.
    """
    by_unit: dict[str, dict[float, WorkUnitState]] = {}
    for change in changes:
        by_unit.setdefault(change.work_unit, {})[change.time] = change.state
    return {unit: list(_spells(unit, states, until)) for unit, states in by_unit.items()}


def _spells(
    work_unit: str, states: dict[float, WorkUnitState], until: float
) -> Iterator[StateSpell]:
    times = sorted(time for time in states if time < until)
    for start, end in pairwise([*times, until]):
        yield StateSpell(work_unit, states[start], start, end)


def active_periods(spells: dict[str, list[StateSpell]]) -> list[ActivePeriod]:
    """Return the merged active periods of all work units.

    Source: Roser, Nakano, Tanaka 2001; a pause neither closes a period nor lengthens it,
    and a pause with no work after it lies outside.
    """
    return [period for of_unit in spells.values() for period in _periods_of(of_unit)]


def _periods_of(spells: list[StateSpell]) -> Iterator[ActivePeriod]:
    run: list[StateSpell] = []
    for spell in spells:
        if PHASES[spell.state] is not Phase.INACTIVE:
            run.append(spell)
            continue
        yield from _period_of_run(run)
        run = []
    yield from _period_of_run(run)


def _period_of_run(run: list[StateSpell]) -> Iterator[ActivePeriod]:
    """Make a period of spells without an inactive one: from first to last active."""
    active = [i for i, spell in enumerate(run) if PHASES[spell.state] is Phase.ACTIVE]
    if not active:
        return
    inside = run[active[0] : active[-1] + 1]
    pauses = union((s.start, s.end) for s in inside if PHASES[s.state] is Phase.PAUSED)
    yield ActivePeriod(inside[0].work_unit, inside[0].start, inside[-1].end, tuple(pauses))


def merge_periods(periods: Iterable[ActivePeriod]) -> list[ActivePeriod]:
    """Join periods of one work unit that overlap or touch; drop those of no length.

    Pauses are kept where the joined period has no work at that time from another one.
    """
    by_unit: dict[str, list[ActivePeriod]] = {}
    for period in periods:
        by_unit.setdefault(period.work_unit, []).append(period)
    return [merged for of_unit in by_unit.values() for merged in _merged(of_unit)]


def _merged(periods: list[ActivePeriod]) -> Iterator[ActivePeriod]:
    unit = periods[0].work_unit
    spans = union((p.start, p.end) for p in periods)
    pauses: list[Interval] = []
    if any(period.pauses for period in periods):
        pauses = subtract(spans, union(w for p in periods for w in worked_intervals(p)))
    starts = [start for start, _ in pauses]
    for start, end in spans:
        inside = pauses[bisect_left(starts, start) : bisect_left(starts, end)]
        yield ActivePeriod(unit, start, end, tuple(inside))


def worked_intervals(period: ActivePeriod) -> list[Interval]:
    """Return the period without its pauses."""
    edges = [period.start, *(edge for pause in period.pauses for edge in pause), period.end]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b > a]


def line_pauses(spells: dict[str, list[StateSpell]]) -> list[Interval]:
    """Return the time observed in which no work unit was on shift.

    A unit is unknown before its first state, which is a pause as well.
    """
    every = [spell for of_unit in spells.values() for spell in of_unit]
    if not every:
        return []
    working = union((s.start, s.end) for s in every if PHASES[s.state] is not Phase.PAUSED)
    return complement(working, (min(s.start for s in every), max(s.end for s in every)))


def state_times(spells: dict[str, list[StateSpell]]) -> dict[str, dict[WorkUnitState, float]]:
    """Sum each work unit's time in each state; the sums fill the time observed exactly."""
    times: dict[str, dict[WorkUnitState, float]] = {unit: {} for unit in spells}
    for unit, of_unit in spells.items():
        for spell in of_unit:
            so_far = times[unit].get(spell.state, 0)
            times[unit][spell.state] = so_far + spell.end - spell.start
    return times
