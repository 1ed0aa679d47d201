"""The factory that the wall is measured on: one line of 12 work units in the midst of a shift.

Four work centers of three units. Each hour of the shift, three orders are planned at the last
one, so a report of ten pieces there moves the count of the shift and the bar of the hour.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from data.domain.plan import MaterialNeed, Operation, Order
from data.domain.site import (
    Area,
    Calendar,
    Party,
    PartyKind,
    Shift,
    Site,
    WorkCenter,
    WorkUnit,
)

SITE, AREA, SOURCE = "bench", "line", "urn:milepost:bench"
SCREEN = f"{SITE}.{AREA}"
CENTERS = ("CUT", "WELD", "ASSY", "TEST")
UNITS = 3
HOURS, BEFORE = 12, 3
PIECES = 10  # that one report adds
PER_ORDER = 2700
HOUR = timedelta(hours=1)


class Factory:
    """Documents and events of the bench's line, from the hour in which it is made."""

    def __init__(self, now: datetime) -> None:
        self.start = now.replace(minute=0, second=0, microsecond=0) - BEFORE * HOUR
        self.good = 0  # pieces that the line has reported in the shift
        self._now = now
        self._number = 0

    def site(self) -> dict[str, Any]:
        begin, end = self.start, self.start + HOURS * HOUR
        shift = Shift(name="Early", start=f"{begin:%H:%M}", finish=f"{end:%H:%M}")
        model = Site(
            id=SITE,
            name="Bench",
            areas=(Area(id=AREA, calendar="day", name="Line 1", output=(CENTERS[-1],)),),
            work_centers=tuple(WorkCenter(id=center, area=AREA) for center in CENTERS),
            work_units=tuple(
                WorkUnit(id=f"{center}-{unit}", work_center=center)
                for center in CENTERS
                for unit in range(UNITS)
            ),
            calendars=(Calendar(id="day", shifts=(shift,)),),
            parties=(
                Party(id="S1", name="Supplier", kind=PartyKind.SUPPLIER),
                Party(id="K1", name="Customer", kind=PartyKind.CUSTOMER),
            ),
        )
        return msgspec.to_builtins(model)

    def plans(self) -> list[dict[str, Any]]:
        return [
            self._envelope("plan.changed", f"order/{order.id}", self._now, order=as_data(order))
            for order in self._orders()
        ]

    def past(self) -> list[dict[str, Any]]:
        """What happened so far: as planned."""
        events = []
        for order in self._orders():
            unit = order.id[-1]
            for step in order.operations:
                if step.planned_start <= self._now:
                    events += self._worked(order, step, f"{step.work_center}-{unit}")
        return events

    def report(self) -> dict[str, Any]:
        """Report pieces made just now at the end of the line."""
        now = datetime.now(UTC)
        unit = self._number % UNITS
        hour = min(HOURS - 1, int((now - self.start) / HOUR))
        subject = f"operation/SO-{hour:02d}-{unit}/{CENTERS[-1]}"
        data = {"work_unit": f"{CENTERS[-1]}-{unit}", "good": PIECES}
        self.good += PIECES
        return self._envelope("operation.progressed", subject, now, **data)

    def _orders(self) -> Iterator[Order]:
        last = len(CENTERS) - 1
        for hour in range(HOURS + last):
            for unit in range(UNITS):
                ends = self.start + (hour + 1) * HOUR
                steps = [
                    Operation(
                        id=center,
                        work_center=center,
                        planned_start=ends - (last - place + 1) * HOUR,
                        planned_finish=ends - (last - place) * HOUR,
                        run_time_s=1.3,
                    )
                    for place, center in enumerate(CENTERS)
                ]
                name = f"SO-{hour:02d}-{unit}"
                yield _order(name, tuple(steps), ends)

    def _worked(self, order: Order, step: Operation, unit: str) -> list[dict[str, Any]]:
        subject = f"operation/{order.id}/{step.id}"
        began = self._envelope("operation.started", subject, step.planned_start, work_unit=unit)
        if step.planned_finish <= self._now:
            at = step.planned_finish - timedelta(seconds=30)
            self.good += order.quantity if step.work_center == CENTERS[-1] else 0
            data = {"work_unit": unit, "good": order.quantity}
            return [began, self._envelope("operation.completed", subject, at, **data)]
        data = {"state": "processing", "operation": subject}
        busy = self._envelope(
            "work_unit.state_changed", f"work-unit/{unit}", step.planned_start, **data
        )
        return [began, busy]

    def _envelope(self, kind: str, subject: str, at: datetime, **data: Any) -> dict[str, Any]:
        self._number += 1
        return {
            "specversion": "1.0",
            "id": f"{kind}-{self._number}",
            "source": SOURCE,
            "type": kind,
            "subject": subject,
            "time": at.isoformat(),
            "data": data,
        }


def as_data(order: Order) -> dict[str, Any]:
    return msgspec.to_builtins(order)


def _order(name: str, steps: tuple[Operation, ...], ends: datetime) -> Order:
    need = MaterialNeed(
        id="N1",
        part=f"P-{name[3:]}",
        operation=CENTERS[0],
        supplier="S1",
        quantity=PER_ORDER,
        need_by=steps[0].planned_start,
        name="Housing",
    )
    return Order(
        id=name,
        product=f"Charger {name[-1]}",
        quantity=PER_ORDER,
        due_at=ends + 2 * HOUR,
        area=AREA,
        customer="K1",
        operations=steps,
        needs=(need,),
    )
