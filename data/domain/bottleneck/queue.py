"""What waits before each work center: operations that could start and haven't.

Pure; imported by the watch and by services. Where nobody reports blockage and starvation this is
the second opinion on the bottleneck: the work waits before it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from data.domain.board import Board
from data.domain.plan import Operation, Order
from data.domain.subjects import OperationState


class CenterQueue(Struct, frozen=True, kw_only=True):
    """What waits before a work center. Units: seconds, pieces.

    `total_s` is the sum over the waiting operations, `longest_s` of the one that waits longest.
    """

    work_center: str
    waiting: int = 0
    pieces: int = 0
    total_s: float = 0.0
    longest_s: float = 0.0

    @property
    def mean_s(self) -> float:
        """How long an operation has waited on average."""
        return self.total_s / self.waiting if self.waiting else 0.0


class _Entry(Struct, frozen=True):
    work_center: str
    pieces: int
    waited_s: float


def queues(board: Board, work_centers: Sequence[str], now: datetime) -> tuple[CenterQueue, ...]:
    """Return the queue before each work center, in the order given.

    An operation waits when it isn't started, its order is released and all its predecessors are
    completed; since the latest of those instants, or since its order was due to begin.
    """
    entries: dict[str, list[_Entry]] = {center: [] for center in work_centers}
    for plan in board.plans():
        for entry in _waiting(board, plan, now):
            if entry.work_center in entries:
                entries[entry.work_center].append(entry)
    return tuple(_queue(center, found) for center, found in entries.items())


def longest_queue(found: Sequence[CenterQueue]) -> CenterQueue | None:
    """Return the queue in which most time is waited, None when nothing waits."""
    longest = max(found, key=lambda queue: queue.total_s, default=None)
    return longest if longest is not None and longest.total_s > 0 else None


def _queue(work_center: str, found: Sequence[_Entry]) -> CenterQueue:
    return CenterQueue(
        work_center=work_center,
        waiting=len(found),
        pieces=sum(entry.pieces for entry in found),
        total_s=sum(entry.waited_s for entry in found),
        longest_s=max((entry.waited_s for entry in found), default=0.0),
    )


def enabled(board: Board, plan: Order) -> Iterable[tuple[Operation, datetime]]:
    """Yield each operation that isn't begun and could be, and the instant from which it could.

    That may lie ahead: its order is released then. Done elsewhere, it waits before nobody here.
    """
    states = {o.id: board.operations.get(f"operation/{plan.id}/{o.id}") for o in plan.operations}
    before: str | None = None
    for operation in plan.operations:
        needed = _needed(operation, before)
        before = operation.id
        if _begun(states[operation.id]) or operation.performed_by is not None:
            continue
        since = _enabled_at(plan, operation, [states.get(name) for name in needed])
        if since is not None:
            yield operation, since


def _waiting(board: Board, plan: Order, now: datetime) -> Iterable[_Entry]:
    for operation, since in enabled(board, plan):
        if since <= now:
            waited_s = (now - since).total_seconds()
            yield _Entry(operation.work_center, plan.quantity, waited_s)


def _needed(operation: Operation, before: str | None) -> tuple[str, ...]:
    if operation.predecessors is not None:
        return operation.predecessors
    return () if before is None else (before,)


def _begun(state: OperationState | None) -> bool:
    return state is not None and state.started_at is not None


def _enabled_at(
    plan: Order, operation: Operation, needed: Sequence[OperationState | None]
) -> datetime | None:
    finished = [None if state is None else state.finished_at for state in needed]
    known = [at for at in finished if at is not None]
    if len(known) < len(finished):
        return None
    released = plan.released_at if known else plan.released_at or operation.planned_start
    return max([*known, *([released] if released else [])], default=None)
