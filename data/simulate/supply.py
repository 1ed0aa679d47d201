"""Suppliers of the demo factory: deliveries of parts and outsourced operations.

What a delivery does is drawn from the seed, the order and the need alone, so it is the
same after a restart. Imported by `data.simulate` alone.
"""

from collections.abc import Generator
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import simpy
from msgspec.structs import replace

from data.domain.events import EventType, OperationStatus, need_subject
from data.domain.plan import MaterialNeed, Order
from data.domain.subjects import NeedState, OperationState
from data.simulate.chance import share_of
from data.simulate.jobs import Job, OrderRun
from data.simulate.planner import COATING_S
from data.simulate.plant import KINDS, LATE_SHARE, LOGISTICS, OUTSOURCED
from data.simulate.reports import Source

if TYPE_CHECKING:
    from data.simulate.factory import Factory

Process = Generator[simpy.Event, Any, None]
HOUR_S = 3600.0


class Delivery:
    """How one need is met. Units: seconds since 1970."""

    def __init__(self, seed: int, order: Order, need: MaterialNeed) -> None:
        rng = Random(f"{seed}/{order.id}/{need.id}")
        need_by = need.need_by.timestamp()
        self.late = rng.random() < LATE_SHARE.get(need.supplier, 0.1)
        lateness = rng.uniform(5, 34) if self.late else -rng.uniform(1, 14)
        self.arrives = need_by + lateness * HOUR_S
        self.first_promise = min(self.arrives, need_by - rng.uniform(0, 4) * HOUR_S)
        self.promised = need_by - rng.uniform(50, 80) * HOUR_S
        self.slips = need_by - rng.uniform(2, 12) * HOUR_S
        self.ships = self.arrives - rng.uniform(6, 20) * HOUR_S
        self.parts = 2 if rng.random() < 0.12 else 1
        self.carrier = rng.choice(LOGISTICS).id
        self.delay_s = rng.uniform(240, 3000)  # of a step that should have been before now
        # It tells nothing of the order, which the supplier knows by another name.
        self.advice = f"{self.carrier}-{rng.randrange(10**7):07d}"


def deliver(
    factory: "Factory", run: OrderRun, need: MaterialNeed, job: Job, known: NeedState | None
) -> Process:
    """Promise, perhaps slip, ship and receive one need; go on from what is known of it."""
    plan = Delivery(factory.seed, run.order, need)
    known = known or NeedState(need_subject(run.order.id, need.id))
    if known.received >= need.quantity:
        return
    job.missing += 1
    if known.promised_at is None:
        yield from _until(factory, plan.promised, plan.delay_s)
        _promise(factory, known.subject, plan.first_promise, need.quantity, None)
    if plan.late and known.shipped == 0 and not _slipped(known, plan):
        yield from _until(factory, plan.slips, plan.delay_s)
        _promise(factory, known.subject, plan.arrives, need.quantity, "supplier delay")
        factory.recommit(run, need, plan.arrives)
    yield from _ship_and_receive(factory, need, known, plan)
    job.missing -= 1
    factory.wake(job.operation.work_center)


def _slipped(known: NeedState, plan: Delivery) -> bool:
    return known.promised_at is not None and known.promised_at.timestamp() >= plan.arrives - 1


def _ship_and_receive(
    factory: "Factory", need: MaterialNeed, known: NeedState, plan: Delivery
) -> Process:
    advice = plan.advice
    if known.shipped < need.quantity:
        yield from _until(factory, plan.ships, plan.delay_s)
        data = {"quantity": need.quantity - known.shipped, "dispatch_advice": advice}
        _tell(factory, EventType.MATERIAL_SHIPPED, known.subject, data)
    left = need.quantity - known.received
    first = left if plan.parts == 1 else left // 2
    for quantity in (first, left - first):
        if quantity > 0:
            yield from _until(factory, plan.arrives, plan.delay_s)
            data = {"quantity": quantity, "dispatch_advice": advice}
            _tell(factory, EventType.MATERIAL_RECEIVED, known.subject, data)


def _promise(
    factory: "Factory", subject: str, at: float, quantity: int, reason: str | None
) -> None:
    data = {"promised_at": factory.reporter.text(at), "quantity": quantity}
    if reason is not None:
        data["reason"] = reason
    _tell(factory, EventType.MATERIAL_PROMISED, subject, data)


def _tell(factory: "Factory", event: EventType, subject: str, data: dict[str, Any]) -> None:
    factory.reporter.tell(Source.SUPPLIERS, event, subject, factory.env.now, data)


def _until(factory: "Factory", at: float, otherwise_s: float) -> Process:
    """Wait until an instant; when it has passed, for a short time."""
    left_s = at - factory.env.now
    yield factory.env.timeout(left_s if left_s > 0 else otherwise_s)


def outsource(factory: "Factory", job: Job, known: OperationState | None) -> Process:
    """Let a supplier do an operation once all its pieces are there."""
    if job.completed:
        return
    job.held = True
    if job.before is not None and not job.before.completed:
        yield job.before.done
    rng = Random(f"{factory.seed}/{job.subject}")
    length_s = rng.uniform(*COATING_S) * (1.6 if rng.random() < 0.1 else 1.0)
    begun = known.started_at.timestamp() if known and known.started_at else None
    if begun is None:
        yield factory.env.timeout(rng.uniform(0.5, 2.0) * HOUR_S)
        factory.tell_job(job, EventType.OPERATION_STARTED, Source.SUPPLIERS)
        job.status, begun = OperationStatus.RUNNING, factory.env.now
    yield from _until(factory, begun + length_s, rng.uniform(240, 3000))
    pieces = job.waiting
    scrap = share_of(pieces, KINDS[OUTSOURCED].scrap, rng)
    factory.progress(job, pieces - scrap, scrap, 0, None)


def recommitted(order: Order, need: MaterialNeed, arrives: float) -> Order:
    """Return the order with later commitments, when the need comes after its planned start."""
    ids = [operation.id for operation in order.operations]
    first = ids.index(need.operation)
    late_s = arrives - order.operations[first].planned_start.timestamp()
    if late_s <= 0:
        return order
    milestones = tuple(
        replace(m, committed_at=m.baseline_at + timedelta(seconds=int(late_s)))
        if ids.index(m.operation) >= first
        else m
        for m in order.milestones
    )
    return replace(order, milestones=milestones)
