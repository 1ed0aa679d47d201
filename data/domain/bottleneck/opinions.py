"""Second opinions: where other methods than the active periods see the bottleneck of a line.

Pure; imported by the watch and by services. They speak of work centers, in the order in which the
line flows: like work units beside each other share their work, so nothing flows between them.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from data.domain.bottleneck.flow import Waiting, arrow_method, turning_point, waiting_from_states
from data.domain.bottleneck.queue import CenterQueue, longest_queue
from data.domain.events import WorkUnitState
from data.domain.site import WorkUnit


class Method(StrEnum):
    """How a bottleneck is found."""

    ARROWS = "arrows"
    TURNING_POINT = "turning_point"
    QUEUE = "queue"


class CenterWaiting(Struct, frozen=True, kw_only=True):
    """How much the work units of a work center were blocked and starved: of time on shift."""

    work_center: str
    blocked: float
    starved: float


class Opinion(Struct, frozen=True, kw_only=True):
    """Where a method sees the bottleneck; no work center when it sees none.

    `severity` only of the arrows: how strongly the neighbours wait for it.
    """

    method: Method
    work_centers: tuple[str, ...]
    severity: float | None = None


StateTimes = Mapping[str, Mapping[WorkUnitState, float]]
_WAITS = frozenset(
    {WorkUnitState.BLOCKED, WorkUnitState.STARVED, WorkUnitState.WAITING_FOR_TRANSPORT}
)


def flow_of(units: Sequence[WorkUnit]) -> tuple[str, ...]:
    """Return the work centers of work units as the line flows."""
    return tuple(dict.fromkeys(unit.work_center for unit in units))


def center_waiting(units: Sequence[WorkUnit], times: StateTimes) -> tuple[CenterWaiting, ...]:
    """Return blockage and starvation of each work center that was on shift, as the line flows."""
    found: list[CenterWaiting] = []
    for center in flow_of(units):
        waiting = waiting_from_states(_summed(units, center, times))
        if waiting is not None:
            found.append(_center(center, waiting))
    return tuple(found)


def second_opinions(
    waiting: Sequence[CenterWaiting], found: Sequence[CenterQueue], reported: bool
) -> tuple[Opinion, ...]:
    """Return what blockage and starvation say, or the queues where neither was `reported`."""
    if not reported or len(waiting) < 2:
        longest = longest_queue(found)
        centers = () if longest is None else (longest.work_center,)
        return (Opinion(method=Method.QUEUE, work_centers=centers),)
    blocked, starved = [one.blocked for one in waiting], [one.starved for one in waiting]
    verdict = arrow_method(blocked, starved)
    turn = turning_point(blocked, starved)
    return (
        Opinion(
            method=Method.ARROWS,
            work_centers=tuple(waiting[i].work_center for i in verdict.primary),
            severity=max(verdict.severities),
        ),
        Opinion(
            method=Method.TURNING_POINT,
            work_centers=() if turn is None else (waiting[turn].work_center,),
        ),
    )


def waits_reported(times: StateTimes) -> bool:
    """Whether any work unit ever said that it is blocked or starved."""
    return any(_WAITS & of_unit.keys() for of_unit in times.values())


def _summed(
    units: Sequence[WorkUnit], center: str, times: StateTimes
) -> dict[WorkUnitState, float]:
    sums: dict[WorkUnitState, float] = {}
    for unit in units:
        if unit.work_center == center:
            for state, seconds in times.get(unit.id, {}).items():
                sums[state] = sums.get(state, 0.0) + seconds
    return sums


def _center(work_center: str, waiting: Waiting) -> CenterWaiting:
    return CenterWaiting(
        work_center=work_center, blocked=waiting.blockage, starved=waiting.starvation
    )
