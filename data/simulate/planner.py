"""New orders with a simple finite-capacity plan.

A new order goes behind what is planned already: each step takes the machine of its work
center that is free first. When the floor has fallen behind the plan, the next order is
planned from where the floor really stands. Imported by `data.simulate` alone.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random

from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.simulate.hours import Hours
from data.simulate.jobs import OrderRun, start_share
from data.simulate.plant import (
    COATER,
    CUSTOMERS,
    KINDS,
    OUTSOURCED,
    SHIPPERS,
    Line,
    center_id,
)
from data.simulate.products import PARTS, Family, choose, route

COATING_S = (14 * 3600.0, 26 * 3600.0)
RELEASE_AHEAD_S = 10 * 3600.0
LAG_S = 600.0  # by which a step ends after the one that feeds it
NEED_AHEAD_S = 6 * 3600.0
SLACK_S = (2.0 * 3600.0, 22.0 * 3600.0)
MILESTONES = {
    "RFL": "SMT done",
    "ASM": "Assembled",
    OUTSOURCED: "Coated",
    "TST": "Tested",
    "PCK": "Packed",
}


class Planner:
    """Plans the orders of one line."""

    def __init__(self, line: Line, hours: Hours, seed: int, rng: Random) -> None:
        self.line = line
        self._hours = hours
        self._seed = seed
        self._rng = rng
        self._free = {c.kind: [0.0] * len(c.units) for c in line.centers if c.units}

    def keep(self, orders: Iterable[Order]) -> None:
        """Take the plans of open orders as planned load."""
        for order in orders:
            coated = False
            for step in order.operations:
                slots = self._free.get(step.work_center.rpartition("-")[0])
                coated = coated or step.performed_by is not None
                if slots and not coated:
                    slots[slots.index(min(slots))] = step.planned_finish.timestamp()

    def plan(self, number: int, now: float, open_runs: Iterable[OrderRun]) -> Order:
        """Return a new order, planned behind the open ones."""
        family, product, factor = choose(self.line.id, now, self._seed, self._rng)
        low, high, step = family.lots
        quantity = self._rng.randrange(low, high + 1, step)
        self._catch_up(now, open_runs)
        steps = [(kind, round(run_s * factor, 2)) for kind, run_s in route(family, product)]
        operations = tuple(self._operations(steps, quantity, now))
        finish = operations[-1].planned_finish.timestamp()
        due = finish + self._rng.uniform(*SLACK_S)
        customer = self._rng.choice(CUSTOMERS).id
        released = max(now, operations[0].planned_start.timestamp() - RELEASE_AHEAD_S)
        return Order(
            id=f"SO-{number}",
            product=product,
            quantity=quantity,
            due_at=_instant(due - due % 3600),
            area=self.line.id,
            family=family.id,
            customer=customer,
            shipped_by=SHIPPERS[customer],
            released_at=_instant(released),
            operations=operations,
            milestones=tuple(_milestones(operations)),
            needs=tuple(self._needs(family, operations, quantity)),
        )

    def _catch_up(self, now: float, open_runs: Iterable[OrderRun]) -> None:
        """Move free times to where the floor can really be free, when that is later."""
        content = dict.fromkeys(self._free, 0.0)
        for run in open_runs:
            for job in run.jobs:
                kind = job.operation.work_center.rpartition("-")[0]
                if kind in content and not job.completed:
                    left = max(0, job.order.quantity - job.pieces)
                    content[kind] += left * job.operation.run_time_s + job.operation.setup_s
        for kind, slots in self._free.items():
            busy_s = content[kind] / len(slots) / self.line.planned_efficiency
            earliest = self._hours.after(now, busy_s)
            self._free[kind] = [max(slot, earliest) for slot in slots]

    def _operations(
        self, steps: list[tuple[str, float]], quantity: int, now: float
    ) -> Iterable[Operation]:
        loads = {k: s / max(1, len(self._free.get(k, ()))) for k, s in steps}
        slowest = max(loads, key=lambda k: loads[k])
        booked = self._book(steps, quantity, now)
        for number, ((kind, run_s), (start, finish)) in enumerate(
            zip(steps, booked, strict=True), 1
        ):
            yield Operation(
                id=str(number * 10),
                work_center=center_id(kind, self.line.id),
                planned_start=_instant(start),
                planned_finish=_instant(finish),
                name=KINDS[kind].name,
                run_time_s=run_s,
                setup_s=_setup_s(kind),
                critical=kind in (slowest, OUTSOURCED),
                performed_by=COATER if kind == OUTSOURCED else None,
            )

    def _book(
        self, steps: list[tuple[str, float]], quantity: int, now: float
    ) -> Iterable[tuple[float, float]]:
        """Yield planned start and finish of each step; steps overlap as they do on the floor."""
        start, finish, before_s, work_s = now, now, 0.0, 0.0
        coated = False
        for kind, run_s in steps:
            if kind == OUTSOURCED:
                start, finish = finish, finish + self._rng.uniform(*COATING_S)
                coated = True
            else:
                share = start_share(before_s, run_s)
                ready = self._hours.after(start, share * work_s) if before_s else finish
                work_s = (_setup_s(kind) + quantity * run_s) / self.line.planned_efficiency
                if coated:
                    self._charge(kind, work_s)
                    start = self._hours.after(ready, 0.0)
                    finish = self._finish(start, finish, work_s)
                else:
                    start, finish = self._take_slot(kind, ready, finish, work_s)
            before_s = run_s
            yield start, finish

    def _take_slot(
        self, kind: str, ready: float, feeder_finish: float, work_s: float
    ) -> tuple[float, float]:
        """Book the machine that is free first."""
        slots = self._free[kind]
        first = slots.index(min(slots))
        start = self._hours.after(max(ready, slots[first]), 0.0)
        slots[first] = self._finish(start, feeder_finish, work_s)
        return start, slots[first]

    def _charge(self, kind: str, work_s: float) -> None:
        """Count work that comes back much later as load, without leaving a gap before it."""
        slots = self._free[kind]
        first = slots.index(min(slots))
        slots[first] = self._hours.after(slots[first], work_s)

    def _finish(self, start: float, feeder_finish: float, work_s: float) -> float:
        """Return when a step ends: not before what feeds it."""
        own = self._hours.after(start, work_s)
        return max(own, self._hours.after(feeder_finish, LAG_S))

    def _needs(
        self, family: Family, operations: tuple[Operation, ...], quantity: int
    ) -> Iterable[MaterialNeed]:
        number = 0
        for operation in operations:
            for part in family.parts.get(operation.work_center.rpartition("-")[0], ()):
                number += 1
                need_by = operation.planned_start.timestamp() - NEED_AHEAD_S
                yield MaterialNeed(
                    id=f"M{number}",
                    part=part,
                    operation=operation.id,
                    supplier=PARTS[part].supplier,
                    quantity=quantity,
                    need_by=_instant(need_by - need_by % 3600),
                    name=PARTS[part].name,
                )


def _setup_s(kind: str) -> float:
    return 0.0 if kind == OUTSOURCED else KINDS[kind].setup_min * 60


def _milestones(operations: tuple[Operation, ...]) -> Iterable[Milestone]:
    for operation in operations:
        kind = operation.work_center.rpartition("-")[0]
        if kind in MILESTONES:
            yield Milestone(
                id=f"M-{kind}",
                name=MILESTONES[kind],
                operation=operation.id,
                baseline_at=operation.planned_finish,
                committed_at=operation.planned_finish,
            )


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
