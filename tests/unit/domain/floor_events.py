"""A small works and the events of its floor, as the tests of its figures tell them."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from data.domain.board import Board
from data.domain.events import Data, Event, EventType, WorkUnitState
from data.domain.indexes import Indexes
from data.domain.plan import MaterialNeed, Operation, Order
from data.domain.site import Area, Break, Calendar, Shift, Site, WorkCenter, WorkUnit

EIGHT = datetime(2026, 11, 24, 8, tzinfo=UTC)
STATE = EventType.WORK_UNIT_STATE_CHANGED
STARTED, COMPLETED = EventType.OPERATION_STARTED, EventType.OPERATION_COMPLETED
PROGRESSED, PAUSED = EventType.OPERATION_PROGRESSED, EventType.OPERATION_PAUSED
_ids = count()


def h(hours: float) -> datetime:
    """An instant, in hours after 08:00."""
    return EIGHT + timedelta(hours=hours)


DAY = Shift(
    name="day", start="08:00", finish="16:00", breaks=(Break(start="12:00", finish="12:30"),)
)
SITE = Site(
    id="s",
    name="Works",
    areas=(Area(id="A", calendar="c", name="Line A", output=("PACK",)), Area(id="B", calendar="?")),
    work_centers=(
        WorkCenter(id="PACK", area="A"),
        WorkCenter(id="MILL", area="A"),
        WorkCenter(id="SAW", area="B"),
    ),
    work_units=(
        WorkUnit(id="M2", work_center="MILL", signal_limit_s=60),
        WorkUnit(id="M1", work_center="MILL", signal_limit_s=60),
        WorkUnit(id="S1", work_center="SAW"),
        WorkUnit(id="P1", work_center="PACK"),
    ),
    calendars=(Calendar(id="c", shifts=(DAY,)),),
)


def event(kind: EventType, subject: str, at: datetime, **data: Any) -> Event:
    return Event(
        id=f"{next(_ids):09}",
        source="test",
        type=kind,
        subject=subject,
        time=at,
        recorded_at=at,
        data=Data(**data),
    )


def site_event(site: Site = SITE) -> Event:
    return event(EventType.PLAN_CHANGED, "site/s", h(-100), site=site)


def plan_event(plan: Order, hours: float = -90) -> Event:
    return event(EventType.PLAN_CHANGED, f"order/{plan.id}", h(hours), order=plan)


def did(kind: EventType, hours: float, name: str = "10", plan: str = "SO-1", **data: Any) -> Event:
    return event(kind, f"operation/{plan}/{name}", h(hours), **data)


def is_in(unit: str, state: WorkUnitState, hours: float, **data: Any) -> Event:
    return event(STATE, f"work-unit/{unit}", h(hours), state=state, **data)


def step(name: str, start: float, finish: float, center: str = "PACK") -> Operation:
    return Operation(id=name, work_center=center, planned_start=h(start), planned_finish=h(finish))


def order(
    *steps: Operation, quantity: int = 60, name: str = "SO-1", due: float = 24, **more: Any
) -> Order:
    return Order(id=name, product="P", quantity=quantity, due_at=h(due), operations=steps, **more)


def indexes(*events: Event, site: Site = SITE, now: datetime = EIGHT) -> Indexes:
    board = Board("s")
    for one in (site_event(site), *events):
        board.apply(one)
    made = Indexes(board)
    made.refresh(now)
    return made


def with_calendar(*shifts: Shift, timezone: str = "UTC") -> Site:
    areas = (Area(id="A", calendar="c", output=("PACK",)),)
    return Site(
        id="s",
        name="Works",
        timezone=timezone,
        areas=areas,
        work_centers=SITE.work_centers,
        work_units=SITE.work_units,
        calendars=(Calendar(id="c", shifts=shifts),),
    )


def need(name: str, by: float, operation: str = "10", quantity: int = 10) -> MaterialNeed:
    return MaterialNeed(
        id=name, part="bolt", operation=operation, supplier="S", quantity=quantity, need_by=h(by)
    )


def needing(*needs: MaterialNeed, name: str = "SO-1") -> Event:
    return plan_event(order(step("10", 0, 2, "MILL"), name=name, needs=needs))


MILLING = plan_event(order(step("10", 0, 2, "MILL")))
