"""Orders in the making: how many pieces each of their operations has done.

What stands here can be rebuilt from a board's counts, and nothing else is remembered of
an order: that is what lets the factory go on after a restart. Imported by `data.simulate` alone.
"""

from collections.abc import Iterator

import simpy

from data.domain.events import OperationStatus, operation_subject
from data.domain.plan import MaterialNeed, Operation, Order

LEAST_SHARE = 0.25  # of an order that must wait before the next step begins with it
PACE = 0.9


def start_share(before_s: float, own_s: float) -> float:
    """Share of an order that must have come for a step to work it off without waiting.

    A step that is faster than the one before it begins later. Units: seconds a piece.
    """
    if before_s <= 0:
        return LEAST_SHARE
    return max(LEAST_SHARE, 1.0 - PACE * own_s / before_s)


class Job:
    """One operation of an order, and what it has done so far."""

    def __init__(
        self, env: simpy.Environment, order: Order, operation: Operation, before: "Job | None"
    ) -> None:
        self.order = order
        self.operation = operation
        self.subject = operation_subject(order.id, operation.id)
        self.before = before
        self.after: Job | None = None
        self.status = OperationStatus.PLANNED
        self.good = self.scrap = 0
        self.uninspected = self.failed = 0  # since the last inspection report
        self.held = False  # a machine or a supplier works on it
        self.missing = 0  # needs that aren't received yet
        self.free_from = order.released_at.timestamp() if order.released_at else 0.0
        self.priority = operation.planned_start.timestamp()
        self.done = simpy.Event(env)
        if before is not None:
            before.after = self

    def count(self, good: int, scrap: int, rework: int) -> None:
        """Add pieces that went through; reworked ones are good or scrap as well."""
        self.good += good
        self.scrap += scrap
        self.uninspected += good + scrap
        self.failed += scrap + rework

    @property
    def pieces(self) -> int:
        """Pieces that went through, good and scrap."""
        return self.good + self.scrap

    @property
    def completed(self) -> bool:
        """Whether it is reported as completed."""
        return self.status is OperationStatus.COMPLETED

    @property
    def waiting(self) -> int:
        """Pieces that it could work on now."""
        if self.completed:
            return 0
        arrived = self.order.quantity if self.before is None else self.before.good
        return max(0, arrived - self.pieces)

    @property
    def exhausted(self) -> bool:
        """Whether no piece is left to do, now or later."""
        return self.waiting == 0 and (self.before is None or self.before.completed)

    def may_start(self, now: float) -> bool:
        """Whether a machine can take it: released, material there, pieces enough."""
        if self.held or self.completed or self.missing or now < self.free_from:
            return False
        if self.before is None or self.before.completed:
            return True
        share = start_share(self.before.operation.run_time_s, self.operation.run_time_s)
        return self.waiting >= share * self.order.quantity


class OrderRun:
    """An order with its jobs, in the order of the route."""

    def __init__(self, env: simpy.Environment, order: Order) -> None:
        self.order = order
        self.jobs: list[Job] = []
        for operation in order.operations:
            before = self.jobs[-1] if self.jobs else None
            self.jobs.append(Job(env, order, operation, before))

    def job(self, operation_id: str) -> Job | None:
        """Return the job of an operation."""
        return next((job for job in self.jobs if job.operation.id == operation_id), None)

    def needs(self) -> Iterator[tuple[MaterialNeed, Job]]:
        """Each need with the job that waits for it."""
        for need in self.order.needs:
            job = self.job(need.operation)
            if job is not None:
                yield need, job
