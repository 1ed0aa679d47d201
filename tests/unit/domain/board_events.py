"""Events of one small site, for the tests of the board."""

from datetime import timedelta

from hypothesis import settings

from data.domain.events import Data, Event, EventType, WorkUnitState
from data.domain.plan import Operation, Order
from data.domain.site import Site
from tests.unit.domain.strategies import (
    RECORDED,
    SITE,
    START,
)

OPERATION = "operation/SO-1/10"
MANY = settings(max_examples=80, deadline=None)


def event(
    event_id: str,
    event_type: EventType,
    subject: str,
    minute: float = 0,
    source: str = "mes",
    data: Data | None = None,
) -> Event:
    time = START + timedelta(minutes=minute)
    return Event(event_id, source, event_type, subject, time, RECORDED, data or Data())


def progressed(event_id: str, minute: float = 0, good: int = 1, unit: str = "W1") -> Event:
    data = Data(good=good, work_unit=unit)
    return event(event_id, EventType.OPERATION_PROGRESSED, OPERATION, minute, data=data)


def unit_state(event_id: str, minute: float, state: str, unit: str = "W1") -> Event:
    data = Data(state=WorkUnitState(state))
    return event(
        event_id, EventType.WORK_UNIT_STATE_CHANGED, f"work-unit/{unit}", minute, data=data
    )


def void(event_id: str, of: Event, subject: str | None = None, minute: float = 90) -> Event:
    data = Data(event_id=of.id, event_source=of.source)
    return event(event_id, EventType.EVENT_VOIDED, subject or of.subject, minute, data=data)


def model(event_id: str, name: str, minute: float = 0, site: str = SITE) -> Event:
    data = Data(site=Site(id=site, name=name))
    return event(event_id, EventType.PLAN_CHANGED, f"site/{site}", minute, data=data)


def plan(event_id: str, minute: float = 0, order: str = "SO-1", steps: tuple[str, ...] = ("10",)):
    operations = tuple(
        Operation(id=step, work_center="C", planned_start=START, planned_finish=START)
        for step in steps
    )
    document = Order(id=order, product="P", quantity=1, due_at=START, operations=operations)
    return event(
        event_id, EventType.PLAN_CHANGED, f"order/{order}", minute, data=Data(order=document)
    )
