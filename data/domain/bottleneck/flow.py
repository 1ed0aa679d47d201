"""A second opinion on the bottleneck, from how much each work unit is blocked and starved.

Pure; imported by services and panels. Everything here is for a serial line: work units in
the order of flow. Numbers come from a model (`bernoulli`) or from states on the floor.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from data.domain.bottleneck.states import PHASES, Phase
from data.domain.events import WorkUnitState

TIE = 1e-12


class Arrow(StrEnum):
    """Where the bottleneck lies, seen from the place between two neighbours."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"


class ArrowVerdict(Struct, frozen=True):
    """What the arrow method finds.

    Shape: `arrows` one for each pair of neighbours; `bottlenecks` positions from 0 in
    order of flow; `severities` one for each of them; `primary` those of highest severity.
    """

    arrows: tuple[Arrow, ...]
    bottlenecks: tuple[int, ...]
    severities: tuple[float, ...]
    primary: tuple[int, ...]


def arrow_method(blockage: Sequence[float], starvation: Sequence[float]) -> ArrowVerdict:
    """Point between neighbours to where the bottleneck is; nothing points away from it.

    Shape: one number for each work unit in order of flow. Raises: ValueError when the two
    differ in length or are empty. Source: Kuo, Lim, Meerkov 1996.
    """
    _check(blockage, starvation)
    arrows = [
        Arrow.DOWNSTREAM if blocked - starved > TIE else Arrow.UPSTREAM
        for blocked, starved in zip(blockage, starvation[1:], strict=False)
    ]
    found = [i for i in range(len(blockage)) if not _points_away(arrows, i)]
    severities = [severity(blockage, starvation, i) for i in found]
    worst = max(severities)
    return ArrowVerdict(
        arrows=tuple(arrows),
        bottlenecks=tuple(found),
        severities=tuple(severities),
        primary=tuple(i for i, s in zip(found, severities, strict=True) if worst - s <= 1e-9),
    )


def _points_away(arrows: Sequence[Arrow], unit: int) -> bool:
    to_next = unit < len(arrows) and arrows[unit] is Arrow.DOWNSTREAM
    return to_next or (unit > 0 and arrows[unit - 1] is Arrow.UPSTREAM)


def severity(blockage: Sequence[float], starvation: Sequence[float], unit: int) -> float:
    """Return how strongly the neighbours wait for a bottleneck.

    Source: Kuo, Lim, Meerkov 1996; at the ends of the line one neighbour counts.
    """
    weight = 0.0
    if unit > 0:
        weight += abs(starvation[unit] - blockage[unit - 1])
    if unit + 1 < len(blockage):
        weight += abs(starvation[unit + 1] - blockage[unit])
    return weight


def turning_point(blockage: Sequence[float], starvation: Sequence[float]) -> int | None:
    """Return the unit where the line turns from blocked to starved, None if it nowhere does.

    All before it are more blocked than starved, all after it more starved than blocked,
    and it waits less in all than either neighbour.

    Shape and Raises: as `arrow_method`. Source: Li, Chang, Ni 2009.
    """
    _check(blockage, starvation)
    lean = [b - s for b, s in zip(blockage, starvation, strict=True)]
    idle = [b + s for b, s in zip(blockage, starvation, strict=True)]
    for unit in range(len(lean)):
        before = all(x > TIE for x in lean[:unit])
        after = all(x < -TIE for x in lean[unit + 1 :])
        neighbours = idle[max(unit - 1, 0) : unit] + idle[unit + 1 : unit + 2]
        if before and after and all(idle[unit] < n - TIE for n in neighbours):
            return unit
    return None


def _check(blockage: Sequence[float], starvation: Sequence[float]) -> None:
    if not blockage or len(blockage) != len(starvation):
        raise ValueError("blockage and starvation need one number for each work unit")


class Waiting(Struct, frozen=True):
    """How much of its time on shift a work unit is blocked and starved: 0 to 1."""

    blockage: float
    starvation: float


def waiting_from_states(times: Mapping[WorkUnitState, float]) -> Waiting | None:
    """Return blockage and starvation from time in each state, None when never on shift.

    Waiting for transport is blockage: the part is done and cannot leave.
    """
    on_shift = sum(t for state, t in times.items() if PHASES[state] is not Phase.PAUSED)
    if on_shift <= 0:
        return None
    blocked = times.get(WorkUnitState.BLOCKED, 0) + times.get(
        WorkUnitState.WAITING_FOR_TRANSPORT, 0
    )
    return Waiting(blocked / on_shift, times.get(WorkUnitState.STARVED, 0) / on_shift)
