"""Where an order stands on its route, and what holds one of its operations up.

Pure. Imported by the conditions.
"""

from collections.abc import Mapping

from data.domain.board import Board
from data.domain.events import (
    WorkUnitState,
    need_subject,
    operation_subject,
    work_unit_subject,
)
from data.domain.exceptions.conditions.ground import Ground, operation_in
from data.domain.plan import Operation, Order

STOPPED = frozenset({WorkUnitState.DOWN, WorkUnitState.REPAIR})


def front(board: Board, plan: Order, goal: str | None = None) -> Operation | None:
    """Return the first operation of a route that isn't completed and waits for none that isn't.

    `goal`: only of those that this operation waits for, and itself. None: all are completed, or
    they wait for each other in a circle.
    """
    waits = waits_of(plan)
    wanted = waits.keys() if goal is None else _before(waits, goal)
    for operation in plan.operations:
        if operation.id not in wanted or _finished(board, plan, operation.id):
            continue
        if all(_finished(board, plan, name) for name in waits[operation.id] if name in waits):
            return operation
    return None


def waits_of(plan: Order) -> Mapping[str, tuple[str, ...]]:
    """Return which operations each one waits for."""
    waits: dict[str, tuple[str, ...]] = {}
    previous: tuple[str, ...] = ()
    for operation in plan.operations:
        named = operation.predecessors
        waits[operation.id] = previous if named is None else named
        previous = (operation.id,)
    return waits


def cause_of(ground: Ground, plan: Order, operation: Operation) -> str:
    """Return the subject of what holds an operation up; empty where that isn't known.

    An operation before it that is at the front of the route; else the material that it misses;
    else a work unit that is down.
    """
    board = ground.board
    state = board.operation(plan.id, operation.id)
    if state.started_at is None:
        first = front(board, plan, operation.id)
        if first is not None and first.id != operation.id:
            return operation_subject(plan.id, first.id)
        missing = _missing(board, plan, operation)
        if missing is not None:
            return need_subject(plan.id, missing)
    unit = stopped_unit(ground, operation.work_center, state.work_unit or operation.work_unit)
    return "" if unit is None else work_unit_subject(unit)


def cause_of_order(ground: Ground, plan: Order, operation: Operation | None) -> str:
    """Return the subject of what holds an order up at the front of its route."""
    if operation is None:
        return ""
    return cause_of(ground, plan, operation) or operation_subject(plan.id, operation.id)


def stopped_unit(ground: Ground, center: str, unit: str | None) -> str | None:
    """Return the work unit that keeps a work center from working: this one, or all of them."""
    own = ground.units_of.get(center, ())
    if unit is not None and unit in own:
        return unit if is_stopped(ground.board, unit) else None
    if own and all(is_stopped(ground.board, one) for one in own):
        return own[0]
    return None


def is_stopped(board: Board, unit: str) -> bool:
    """Whether a work unit is down or under repair."""
    state = board.work_units.get(unit)
    return state is not None and state.state in STOPPED


def unit_at(ground: Ground, plan: Order, operation: Operation | None) -> str | None:
    """Return the work unit that an operation is or shall be done at, where one is named."""
    if operation is None:
        return None
    return ground.board.operation(plan.id, operation.id).work_unit or operation.work_unit


def operation_of(plan: Order, subject: str) -> Operation | None:
    """Return the operation that a subject names."""
    return operation_in(plan, subject.rsplit("/", 1)[1])


def _before(waits: Mapping[str, tuple[str, ...]], goal: str) -> set[str]:
    found, left = set[str](), [goal]
    while left:
        name = left.pop()
        if name in waits and name not in found:
            found.add(name)
            left += waits[name]
    return found


def _finished(board: Board, plan: Order, name: str) -> bool:
    state = board.operations.get(operation_subject(plan.id, name))
    return state is not None and state.finished_at is not None


def _missing(board: Board, plan: Order, operation: Operation) -> str | None:
    for need in plan.needs:
        if need.operation == operation.id:
            state = board.needs.get(need_subject(plan.id, need.id))
            if state is None or state.received < need.quantity:
                return need.id
    return None
