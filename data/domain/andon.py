"""How each work unit of a line stands: the andon.

Pure. Used by `data.domain.figures`.
"""

from collections.abc import Mapping
from datetime import datetime

from data.domain.events import OperationStatus
from data.domain.events import WorkUnitState as State
from data.domain.floor import FloorIndex, OpenOperation
from data.domain.indexes import Indexes
from data.domain.projection import finish_of, step_of
from data.domain.site import WorkUnit
from data.domain.subjects import WorkUnitState
from data.domain.view import Standing, UnitTile

TOLERANCE_S = 300.0
TOLERANCE_SHARE = 0.1

_WORKING = frozenset({State.PROCESSING, State.SETUP, State.TOOL_CHANGE})
_STOPPED = frozenset({State.DOWN, State.REPAIR})


def unit_tiles(
    indexes: Indexes, area: str, now: datetime, signal_age_s: Mapping[str, float]
) -> tuple[UnitTile, ...]:
    """Return a tile for each work unit of an area, as the line flows.

    A unit that works (also on a setup or a tool change) stands as its operation does: on
    track while that finishes within its plan, with a tolerance of 5 min or a tenth of its
    planned span. One that is behind stands as its order is projected to end (the book, as
    last refreshed), so that a delay which the rest of the route absorbs stays quiet.
    Without an operation that is known a unit is on track. Down and repair are stopped,
    every other known state is idle. A unit whose state nobody reports stands by the
    operation that was started there, and is unknown without one.

    Raises: UnknownArea.
    """
    units = indexes.line(area).units
    return tuple(_tile(indexes, unit, now, signal_age_s.get(unit.id)) for unit in units)


def is_stale(unit: WorkUnit, age_s: float | None) -> bool:
    """Whether a unit's signal is older than its limit, or was never heard though it has one."""
    limit_s = unit.signal_limit_s
    return limit_s is not None and (age_s is None or age_s > limit_s)


def _tile(indexes: Indexes, unit: WorkUnit, now: datetime, age_s: float | None) -> UnitTile:
    known = indexes.board.work_units.get(unit.id)
    work = _work_at(indexes.floor, unit.id, known)
    behind_s = None if work is None else _behind_s(work, now)
    state = known.state if known else None
    return UnitTile(
        id=unit.id,
        name=unit.name,
        state=state,
        standing=_standing(indexes, state, work, behind_s or 0.0),
        since=_since(known, work),
        reason=known.reason if known else None,
        order=work.order.id if work else None,
        operation=work.operation.id if work else None,
        late_s=behind_s if behind_s is not None and behind_s > 0 else None,
        signal_age_s=None if unit.signal_limit_s is None else age_s,
        stale=is_stale(unit, age_s),
    )


def _work_at(floor: FloorIndex, unit: str, known: WorkUnitState | None) -> OpenOperation | None:
    """Return the operation that the unit names, if it is open, else the one started there."""
    named = known.operation if known else None
    return (floor.open(named) if named else None) or floor.at(unit)


def _behind_s(work: OpenOperation, now: datetime) -> float:
    step = step_of(work.order, work.operation)
    return finish_of(step, work.state, (), now.timestamp()) - step.finish_s


def _standing(
    indexes: Indexes, state: State | None, work: OpenOperation | None, behind_s: float
) -> Standing:
    if state in _STOPPED:
        return Standing.STOPPED
    if state in _WORKING:
        return Standing.ON_TRACK if work is None else _progress(indexes, work, behind_s)
    if state is State.UNKNOWN or (state is None and work is None):
        return Standing.UNKNOWN
    if state is not None or work is None:
        return Standing.IDLE
    if work.state.status is OperationStatus.PAUSED:
        return Standing.STOPPED
    return _progress(indexes, work, behind_s)


def _progress(indexes: Indexes, work: OpenOperation, behind_s: float) -> Standing:
    operation = work.operation
    span_s = (operation.planned_finish - operation.planned_start).total_seconds()
    row = indexes.book.row(work.order.id)
    if row is None or behind_s <= max(TOLERANCE_S, TOLERANCE_SHARE * span_s):
        return Standing.ON_TRACK
    if row.slack_s < 0:
        return Standing.LATE
    return Standing.AT_RISK if row.standing is Standing.AT_RISK else Standing.ON_TRACK


def _since(known: WorkUnitState | None, work: OpenOperation | None) -> datetime | None:
    if known is not None and known.state is not None:
        return known.since
    return work.state.started_at if work else None
