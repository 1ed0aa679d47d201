"""Many reports of a busy shop: for the fold, the recorder, the door and the start.

30 work units report about 600 events an operation: started, pieces one by one, inspections
and changes of state in between, completed.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from data.domain.events import Data, Event, EventType, WorkUnitState
from data.domain.plan import Operation, Order
from data.domain.site import Area, Calendar, Shift, Site, WorkCenter, WorkUnit

SITE, SOURCE = "shop", "urn:milepost:shop"
UNITS, STEPS, PER_OPERATION = 30, 3, 600
REQUEST = 500
_DAY = timedelta(days=1)


def site_model() -> Site:
    """30 work units in 10 work centers of one area."""
    centers = [f"C{number}" for number in range(UNITS // STEPS)]
    shift = Shift(name="Day", start="00:00", finish="00:00")
    return Site(
        id=SITE,
        name="Shop",
        areas=(Area(id="all", calendar="c", output=(centers[-1],)),),
        work_centers=tuple(WorkCenter(id=center, area="all") for center in centers),
        work_units=tuple(
            WorkUnit(id=f"U{unit:02d}", work_center=centers[unit // STEPS]) for unit in range(UNITS)
        ),
        calendars=(Calendar(id="c", shifts=(shift,)),),
    )


def order_of(number: int, now: datetime, steps: int = STEPS, center: str = "C0") -> Order:
    """An order of some steps, planned around now."""
    start = now - timedelta(hours=1)
    operations = tuple(
        Operation(
            id=str(10 * (step + 1)),
            work_center=center,
            planned_start=start + timedelta(minutes=30 * step),
            planned_finish=start + timedelta(minutes=30 * step + 30),
            run_time_s=2.0,
        )
        for step in range(steps)
    )
    return Order(
        id=f"SO-{number:05d}",
        product=f"P{number % 50}",
        quantity=PER_OPERATION,
        due_at=now + _DAY,
        area="all",
        operations=operations,
    )


def plans(count: int, now: datetime) -> list[Event]:
    """The site and every order that `reports(count)` speaks of."""
    at = now - _DAY
    rounds = -(-count // (UNITS * PER_OPERATION))
    orders = [order_of(number, now) for number in range(rounds * UNITS // STEPS)]
    return [
        Event("site", SOURCE, EventType.PLAN_CHANGED, f"site/{SITE}", at, at,
              Data(site=site_model())),
        *(plan_event(order, at) for order in orders),
    ]  # fmt: skip


def plan_event(order: Order, at: datetime) -> Event:
    subject = f"order/{order.id}"
    return Event(
        f"plan-{order.id}", SOURCE, EventType.PLAN_CHANGED, subject, at, at, Data(order=order)
    )


def reports(count: int, now: datetime) -> Iterator[Event]:
    """Yield `count` events, 10 ms apart, the last one now; those of a request come in together."""
    for number in range(count):
        unit, turn = number % UNITS, number // UNITS
        at = now - timedelta(seconds=0.01 * (count - number))
        came = now - timedelta(seconds=0.01 * (count - number // REQUEST * REQUEST - REQUEST))
        order = (turn // PER_OPERATION) * (UNITS // STEPS) + unit // STEPS
        operation = f"operation/SO-{order:05d}/{10 * (unit % STEPS + 1)}"
        yield _event(number, turn % PER_OPERATION, operation, f"U{unit:02d}", at, came)


def envelope_of(event: Event) -> dict[str, Any]:
    """The event as a sender sends it."""
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type.value,
        "subject": event.subject,
        "time": event.time.isoformat(),
        "data": msgspec.to_builtins(event.data),
    }


def _event(
    number: int, turn: int, operation: str, unit: str, at: datetime, came: datetime
) -> Event:
    kind, subject, data = EventType.OPERATION_PROGRESSED, operation, Data(work_unit=unit, good=1)
    if turn == 0:
        kind, data = EventType.OPERATION_STARTED, Data(work_unit=unit)
    elif turn == PER_OPERATION - 1:
        kind = EventType.OPERATION_COMPLETED
    elif turn % 20 == 0:
        kind, data = EventType.QUALITY_INSPECTED, Data(inspected=20, passed=19, scrap=1)
    elif turn % 25 == 0:
        kind, subject = EventType.WORK_UNIT_STATE_CHANGED, f"work-unit/{unit}"
        state = WorkUnitState.PROCESSING if turn % 50 == 0 else WorkUnitState.SETUP
        data = Data(state=state, operation=operation)
    return Event(f"e{number:07d}", SOURCE, kind, subject, at, came, data)
