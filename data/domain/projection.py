"""When the operations of an order will finish, from its plan and what happened so far.

Pure; used by `data.domain.risk` and `data.domain.figures`. This is the plan, moved by the
delay already there, and no forecast: it learns nothing from the past.

No calendar is asked: a planned span already holds the off-shift time that was planned into
it, so a span moved by a delay keeps it. A delay that carries an operation over a different
stretch of off-shift time is therefore seen only when the operation itself reports.
"""

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from msgspec import Struct

from data.domain.board import Board
from data.domain.events import operation_subject
from data.domain.plan import Operation, Order
from data.domain.subjects import OperationState


class Step(NamedTuple):
    """One planned operation in numbers.

    Units: seconds since 1970; `run_s` seconds a piece. `before`: the places of its
    predecessors in the route and how long the plan lets each of them overlap this step.
    """

    subject: str
    start_s: float
    finish_s: float
    run_s: float
    quantity: int
    before: tuple[tuple[int, float], ...] = ()


class Route(Struct, frozen=True):
    """An order's plan, made ready to be projected: predecessors stand before successors."""

    plan: Order
    operations: tuple[Operation, ...]
    steps: tuple[Step, ...]


class Projection(Struct, frozen=True):
    """What comes of a route. Units: seconds since 1970; `window_s` seconds.

    `current`: place of the first operation that isn't completed; None when all are.
    `finish_s`: None when the order has no operations. `window_s`: planned span of the
    operations that aren't completed, from the first start to the last finish.
    """

    finish_s: float | None
    current: int | None
    done: int
    begun: bool
    window_s: float


def step_of(plan: Order, operation: Operation, before: Iterable[tuple[int, float]] = ()) -> Step:
    """Return one operation in numbers; `before`: its predecessors' places and planned finishes.

    The run time a piece is never more than the planned span leaves it: several work units
    may share an operation.
    """
    start_s = operation.planned_start.timestamp()
    finish_s = max(start_s, operation.planned_finish.timestamp())
    share_s = (finish_s - start_s) / (plan.quantity or 1)
    run_s = operation.run_time_s
    return Step(
        operation_subject(plan.id, operation.id),
        start_s,
        finish_s,
        run_s if 0 < run_s < share_s else share_s,
        plan.quantity,
        tuple([(place, max(0.0, ends_s - start_s)) for place, ends_s in before]),
    )


def route_of(plan: Order) -> Route:
    """Make a plan ready to be projected."""
    operations = plan.operations
    if all(operation.predecessors is None for operation in operations):
        return Route(plan, operations, _chain(plan))
    waits = _waits(operations)
    operations = _in_route_order(operations, waits)
    places: dict[str, int] = {}
    steps: list[Step] = []
    for operation in operations:
        known = [places[name] for name in waits[operation.id] if name in places]
        places[operation.id] = len(steps)
        steps.append(step_of(plan, operation, [(p, steps[p].finish_s) for p in known]))
    return Route(plan, operations, tuple(steps))


def finish_of(
    step: Step, state: OperationState | None, finishes: Sequence[float], now_s: float
) -> float:
    """Return when an operation that isn't completed will finish, never before now.

    Not started: at its planned start, now, or when its predecessors let it, whichever is
    latest, for its planned span. Started: its planned span from then, but not before the
    run time of the pieces that are still to be made has passed. A source that counts no
    pieces before the end is believed: without any count, the planned span alone holds.
    """
    span_s = step.finish_s - step.start_s
    if state is None or state.started_at is None:
        start_s = max(step.start_s, now_s)
        for place, overlap_s in step.before:
            start_s = max(start_s, finishes[place] - overlap_s)
        return start_s + span_s
    counted = state.good + state.scrap
    left = max(0, step.quantity - counted) if counted else 0
    return max(state.started_at.timestamp() + span_s, now_s + left * step.run_s)


def project(route: Route, board: Board, now_s: float) -> Projection:
    """Walk the route: completed operations are facts, the rest follow from them."""
    states, finishes = board.operations, list[float]()
    current: int | None = None
    first_s, last_s, begun = float("inf"), float("-inf"), False
    done = 0
    for place, step in enumerate(route.steps):
        state = states.get(step.subject)
        finished_at = None if state is None else state.finished_at
        if finished_at is not None:
            done += 1
            finishes.append(finished_at.timestamp())
            continue
        if current is None:
            current = place
        begun = begun or (state is not None and state.started_at is not None)
        first_s, last_s = min(first_s, step.start_s), max(last_s, step.finish_s)
        finishes.append(finish_of(step, state, finishes, now_s))
    window_s = max(0.0, last_s - first_s)
    return Projection(max(finishes, default=None), current, done, begun or done > 0, window_s)


def _chain(plan: Order) -> tuple[Step, ...]:
    """Return the steps of a plan in which each operation waits for the one before it."""
    steps: list[Step] = []
    before: tuple[tuple[int, float], ...] = ()
    for place, operation in enumerate(plan.operations):
        step = step_of(plan, operation, before)
        before = ((place, step.finish_s),)
        steps.append(step)
    return tuple(steps)


def _waits(operations: Sequence[Operation]) -> dict[str, tuple[str, ...]]:
    waits: dict[str, tuple[str, ...]] = {}
    previous: tuple[str, ...] = ()
    for operation in operations:
        named = operation.predecessors
        waits[operation.id] = previous if named is None else named
        previous = (operation.id,)
    return waits


def _in_route_order(
    operations: tuple[Operation, ...], waits: dict[str, tuple[str, ...]]
) -> tuple[Operation, ...]:
    """As listed when that is an order to work in; a circle is left as it was listed."""
    seen: set[str] = set()
    for operation in operations:
        if any(name in waits and name not in seen for name in waits[operation.id]):
            break
        seen.add(operation.id)
    else:
        return operations
    by_id = {operation.id: operation for operation in operations}
    try:
        names = list(TopologicalSorter(waits).static_order())
    except CycleError:
        return operations
    return tuple(by_id[name] for name in names if name in by_id)
