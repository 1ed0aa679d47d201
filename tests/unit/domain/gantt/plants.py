"""Plants of any size for the Gantt's tests: orders, progress, forecasts, from a seed."""

from datetime import UTC, datetime, timedelta

import numpy as np

from data.domain.board import Board
from data.domain.events import Data, Event, EventType
from data.domain.forecast.records import (
    Finish,
    MilestoneForecast,
    OperationForecast,
    OrderForecast,
)
from data.domain.indexes import Indexes
from data.domain.plan import Milestone, Operation, Order
from data.domain.site import Area, Calendar, Shift, Site, WorkCenter, WorkUnit

NOW = datetime(2026, 11, 24, 3, 42, tzinfo=UTC)
HOUR = timedelta(hours=1)
CENTERS = 20


def site_of(centers: int = CENTERS, units: int = 3) -> Site:
    shift = Shift(name="Early", start="06:00", finish="14:00", days=(1, 2, 3, 4, 5))
    return Site(
        id="plant",
        name="Plant",
        timezone="Asia/Taipei",
        areas=(Area(id="line", calendar="c", name="Line", output=(f"C{centers - 1}",)),),
        work_centers=tuple(WorkCenter(id=f"C{i}", area="line") for i in range(centers)),
        work_units=tuple(
            WorkUnit(id=f"C{i}-{u}", work_center=f"C{i}")
            for i in range(centers)
            for u in range(units)
        ),
        calendars=(Calendar(id="c", shifts=(shift,)),),
    )


class Plant:
    """A board of `orders` orders of `steps` operations each, with forecasts of what is open."""

    def __init__(self, orders: int, steps: int = CENTERS, seed: int = 0, units: int = 3) -> None:
        self.random = np.random.default_rng(seed)
        self.board = Board("plant")
        self.forecasts: dict[str, OrderForecast] = {}
        self._ids = 0
        self._units = units
        self._event(EventType.PLAN_CHANGED, "site/plant", NOW, site=site_of(units=units))
        for number in range(orders):
            self._add(number, steps, orders)
        self.indexes = Indexes(self.board)
        self.indexes.refresh(NOW)
        self.indexes.gantt.renew(self.forecasts)

    def complete(self, order: str, operation: str, at: datetime) -> None:
        """Report an operation completed and let the indexes know."""
        self._event(EventType.OPERATION_COMPLETED, f"operation/{order}/{operation}", at)
        self.indexes.touch([order])

    def plan(self, plan: Order, at: datetime = NOW) -> None:
        """Plan an order and let the indexes know."""
        self._event(EventType.PLAN_CHANGED, f"order/{plan.id}", at, order=plan)
        self.indexes.touch([plan.id])

    def _add(self, number: int, steps: int, orders: int) -> None:
        days = float(self.random.uniform(-6, 8)) if orders > 1 else -1.0
        begin, length = NOW + timedelta(days=days), timedelta(hours=0.3 + self.random.random() * 4)
        operations = tuple(
            Operation(
                id=f"{place:02d}",
                name=f"Step {place}",
                work_center=f"C{place % CENTERS}",
                planned_start=begin + place * length,
                planned_finish=begin + (place + 0.9) * length,
                critical=bool(self.random.random() < 0.05),
                work_unit=f"C{place % CENTERS}-{int(self.random.integers(self._units))}",
            )
            for place in range(steps)
        )
        plan = Order(
            id=f"SO-{number:05d}",
            product=f"P-{number % 40}",
            customer=f"Customer {number % 9}",
            quantity=100,
            due_at=begin + steps * length * 1.1,
            area="line",
            operations=operations,
            milestones=tuple(
                Milestone(
                    id=f"M{place}", name=f"Node {place}", operation=operations[place].id,
                    baseline_at=operations[place].planned_finish,
                )
                for place in {steps - 1, steps // 2}
            ),
        )  # fmt: skip
        self._event(EventType.PLAN_CHANGED, f"order/{plan.id}", begin, order=plan)
        self._work(plan, length)

    def _work(self, plan: Order, length: timedelta) -> None:
        """Report what was done by now, at a pace of its own, and forecast the rest."""
        pace = float(self.random.uniform(0.8, 1.3))
        at = plan.operations[0].planned_start
        ahead = []
        for step in plan.operations:
            start, at = at, at + length * 0.95 * pace
            subject = f"operation/{plan.id}/{step.id}"
            if start <= NOW:
                self._event(EventType.OPERATION_STARTED, subject, start, work_unit=step.work_unit)
            if at <= NOW:
                self._event(EventType.OPERATION_COMPLETED, subject, at)
            else:
                finish = self._finish(at)
                ahead.append(OperationForecast(operation=step.id, start_at=start, finish=finish))
        if ahead:
            self._forecast(plan, ahead)

    def _finish(self, at: datetime) -> Finish:
        spread = (at - NOW) * 0.1
        return Finish(p50_at=at, p80_at=at + spread, p95_at=at + 2 * spread)

    def _forecast(self, plan: Order, ahead: list[OperationForecast]) -> None:
        finishes = {one.operation: one.finish for one in ahead}
        self.forecasts[plan.id] = OrderForecast(
            order=plan.id,
            made_at=NOW,
            finish=ahead[-1].finish,
            calibrated=False,
            operations=tuple(ahead),
            milestones=tuple(
                MilestoneForecast(milestone=one.id, finish=finishes[one.operation])
                for one in plan.milestones
                if one.operation in finishes
            ),
            needs=(),
            remaining_s=(),
        )

    def _event(self, kind: EventType, subject: str, at: datetime, **data: object) -> None:
        self._ids += 1
        self.board.apply(
            Event(
                id=f"{self._ids:09}",
                source="test",
                type=kind,
                subject=subject,
                time=at,
                recorded_at=at,
                data=Data(**data),
            )
        )
