"""What one more hour of work at each work unit would give the whole line.

Pure; imported by services. The line is taken for a serial one of work centers that work or fail
in each cycle, with equal buffers between (`bernoulli`). Its figures are those of the floor: a work
center's *capacity* is what it made in an hour in which it neither waited nor was off shift, over
the part of the line's pieces that pass it at all (its *visits*); the cycle is a little faster than
the fastest work center; the buffer is the size with which the model makes what the line really
made. An hour more at a work unit is its capacity times how much of the work center's gain reaches
the end of the line.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from data.domain.bottleneck.bernoulli import NotConverged, line_flow, throughput_sensitivity
from data.domain.bottleneck.opinions import StateTimes, flow_of
from data.domain.bottleneck.states import PHASES, Phase
from data.domain.events import WorkUnitState
from data.domain.site import WorkUnit

HOUR_S = 3600.0
HEADROOM = 1.02  # the cycle is so much faster than the fastest work center
LARGEST_BUFFER = 40
SMALLEST = 1e-3


class UnitGain(Struct, frozen=True, kw_only=True):
    """What an hour more at a work unit gives the line. Units: pieces; `reach` 0 to 1."""

    work_unit: str
    visits: float  # part of the line's pieces that pass its work center
    capacity: float  # pieces of the line that it lets through in an hour of work
    reach: float  # how much of a gain here reaches the end of the line
    pieces: float


class LineModel(Struct, frozen=True, kw_only=True):
    """The model that the gains come from. Units: pieces an hour.

    `fits`: whether some buffer makes the model's rate the real one; else the nearest is taken.
    """

    cycle: float
    buffer: int
    real: float
    modelled: float
    fits: bool
    gains: tuple[UnitGain, ...]


def line_model(
    units: Sequence[WorkUnit], times: StateTimes, good: Mapping[str, int], real: float
) -> LineModel | None:
    """Return what an hour gives at each work unit, as the line flows; None with too little known.

    `good`: pieces of each work unit in the time that `times` sums; `real`: pieces an hour that
    the line made while its last work center was on shift. Work units that made nothing have no
    capacity and are left out. Source: Li and Meerkov, Production Systems Engineering, chapter 4.
    """
    rates = {u.id: c for u in units if (c := _rate_of(times.get(u.id, {}), good.get(u.id)))}
    known = [unit for unit in units if unit.id in rates]
    centers = flow_of(known)
    if len(centers) < 2 or real <= 0:
        return None
    visits = _visits(known, good)
    capacities = {unit.id: rates[unit.id] / visits[unit.work_center] for unit in known}
    of_center = [_of_center(known, center, capacities) for center in centers]
    cycle = HEADROOM * max(of_center)
    shares = [max(SMALLEST, capacity / cycle) for capacity in of_center]
    try:
        buffer, modelled = _fitted(shares, real / cycle)
        slopes = throughput_sensitivity(shares, [buffer] * (len(shares) - 1))
    except NotConverged:
        return None
    reach = dict(zip(centers, slopes, strict=True))
    return LineModel(
        cycle=cycle,
        buffer=buffer,
        real=real,
        modelled=modelled * cycle,
        fits=abs(modelled * cycle - real) <= 0.1 * real,
        gains=tuple(
            _gain(unit, visits[unit.work_center], capacities[unit.id], reach[unit.work_center])
            for unit in known
        ),
    )


def _gain(unit: WorkUnit, visits: float, capacity: float, reach: float) -> UnitGain:
    pieces = capacity * reach
    return UnitGain(work_unit=unit.id, visits=visits, capacity=capacity, reach=reach, pieces=pieces)


def working_s(times: Mapping[WorkUnitState, float]) -> float:
    """Return how long a work unit worked or was held up by itself: the time it didn't wait."""
    return sum(t for state, t in times.items() if PHASES[state] is Phase.ACTIVE)


def _rate_of(times: Mapping[WorkUnitState, float], good: int | None) -> float:
    worked_s = working_s(times)
    return good * HOUR_S / worked_s if good and worked_s > 0 else 0.0


def _of_center(units: Sequence[WorkUnit], center: str, capacities: Mapping[str, float]) -> float:
    return sum(capacities[unit.id] for unit in units if unit.work_center == center)


def _visits(units: Sequence[WorkUnit], good: Mapping[str, int]) -> dict[str, float]:
    """Return which part of the line's pieces passes each work center; most pass all of it."""
    made: dict[str, int] = {}
    for unit in units:
        made[unit.work_center] = made.get(unit.work_center, 0) + good[unit.id]
    most = max(made.values())
    return {center: count / most for center, count in made.items()}


def _fitted(shares: Sequence[float], wanted: float) -> tuple[int, float]:
    """Return the buffer whose rate is nearest to the wanted one, and that rate.

    The rate grows with the buffer, so halving finds it.
    """
    low, high = 1, LARGEST_BUFFER
    while high - low > 1:
        middle = (low + high) // 2
        if _rate(shares, middle) < wanted:
            low = middle
        else:
            high = middle
    rates = {buffer: _rate(shares, buffer) for buffer in (low, high)}
    best = min(rates, key=lambda buffer: abs(rates[buffer] - wanted))
    return best, rates[best]


def _rate(shares: Sequence[float], buffer: int) -> float:
    return line_flow(shares, [buffer] * (len(shares) - 1)).production_rate
