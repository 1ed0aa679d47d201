"""What one order adds to the hours of lateness: its ledger in a few sums, and where it stands.

Pure; imported by the services that keep and show delays. How the buffer is meant:
docs/delays.md.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from data.domain.delays import Zone
from data.domain.ledger.account import released_at
from data.domain.ledger.records import NOTHING, Cause, Ledger
from data.domain.ledger.scene import predecessors
from data.domain.plan import Operation, Order

LEAST_BUFFER = 0.1  # of the planned lead time: what an order planned with less is measured by
_EXPLAIN_NOTHING = (Cause.SLACK, Cause.TO_COME)
# Share of the buffer used, at the beginning and at the end of the chain, from which on it is so.
_YELLOW, _RED = (0.15, 0.75), (0.30, 0.90)


class Cell(Struct, frozen=True, array_like=True):
    """What the steps of one cause, work center and party add; empty where there is none."""

    cause: str
    work_center: str
    party: str
    late_s: float


class OrderDelay(Struct, frozen=True, kw_only=True):
    """One order as it is summed up; the cells add up to `late_s`."""

    order: str
    area: str
    product: str
    customer: str
    late_s: float
    cells: tuple[Cell, ...]


class Buffer(Struct, frozen=True, kw_only=True):
    """How far an open order is along its critical chain, and how much of its buffer that took."""

    done: float
    used: float
    zone: Zone


def cells_of(order: Order, ledger: Ledger) -> tuple[Cell, ...]:
    """Sum up what a ledger's steps add, by cause, work center and who answers."""
    centers = {operation.id: operation.work_center for operation in order.operations}
    sums: dict[tuple[str, str, str], timedelta] = {}
    for step in ledger.steps:
        center = step.work_center or centers.get(step.operation or "", "")
        key = (step.cause.value, center, step.owner.party or "")
        sums[key] = sums.get(key, NOTHING) + step.late
    return tuple(Cell(*key, late.total_seconds()) for key, late in sums.items() if late)


def top(cells: Iterable[Cell], dimension: str) -> str | None:
    """Return the key that adds most, of what explains a delay; None when nothing does."""
    sums: dict[str, float] = {}
    for cell in cells:
        key = getattr(cell, dimension)
        if key and cell.cause not in _EXPLAIN_NOTHING:
            sums[key] = sums.get(key, 0.0) + cell.late_s
    found = max(sums.items(), key=lambda item: (item[1], item[0]), default=None)
    return found[0] if found is not None and found[1] > 0 else None


def buffer_of(order: Order, finished: Collection[str], ends_at: datetime) -> Buffer | None:
    """Say how an open order stands that will end at `ends_at`; None for one without operations.

    `finished`: the operations that are completed.
    """
    if not order.operations:
        return None
    chain = critical_chain(order.operations)
    planned = sum((_planned(operation) for operation in chain), NOTHING)
    gone = sum((_planned(operation) for operation in chain if operation.id in finished), NOTHING)
    done = gone / planned if planned else len(finished) / len(order.operations)
    size = _buffer(order)
    used = (ends_at - (order.due_at - size)) / size
    return Buffer(done=done, used=max(0.0, used), zone=zone_of(done, used))


def critical_chain(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """Return the longest path through the operations by planned time, in the order of the plan.

    Of two as long, the one that the plan has end last.
    """
    before = predecessors(operations)
    known = {operation.id: operation for operation in operations}
    length: dict[str, timedelta] = {}
    for name in _from_the_first(before):
        ahead = max((length[b] for b in before[name]), default=NOTHING)
        length[name] = ahead + _planned(known[name])
    path: list[Operation] = []
    names: Collection[str] = length
    while names:
        last = max(names, key=lambda n: (length[n], known[n].planned_finish, n))
        path.append(known[last])
        names = before[last]
    return tuple(reversed(path))


def zone_of(done: float, used: float) -> Zone:
    """Return the zone of the fever chart: what may be used grows with what is done."""
    if used < _YELLOW[0] + (_YELLOW[1] - _YELLOW[0]) * done:
        return "green"
    return "yellow" if used < _RED[0] + (_RED[1] - _RED[0]) * done else "red"


def _from_the_first(before: dict[str, tuple[str, ...]]) -> list[str]:
    """Return names after all of their predecessors; what goes round in a circle is left out."""
    placed: dict[str, None] = {}
    left = list(before)
    while ready := [name for name in left if all(b in placed for b in before[name])]:
        placed.update(dict.fromkeys(ready))
        left = [name for name in left if name not in placed]
    return list(placed)


def _planned(operation: Operation) -> timedelta:
    return max(NOTHING, operation.planned_finish - operation.planned_start)


def _buffer(order: Order) -> timedelta:
    finish = max(operation.planned_finish for operation in order.operations)
    begin = released_at(order) or finish
    least = max(LEAST_BUFFER * (finish - begin), timedelta(minutes=1))
    return max(order.due_at - finish, least)
