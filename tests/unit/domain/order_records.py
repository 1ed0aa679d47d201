"""A made-up order in four operations, two plans of it, and what happened to it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from data.domain.board import Board
from data.domain.events import Data, Event, EventType, WorkUnitState
from data.domain.forecast.records import (
    Finish,
    MilestoneForecast,
    NeedForecast,
    OperationForecast,
    OrderForecast,
)
from data.domain.ledger.account import delay_ledger
from data.domain.ledger.records import Facts, Ledger, Occupation
from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.domain.site import Area, Calendar, Party, PartyKind, Shift, Site, WorkCenter, WorkUnit

MONDAY = datetime(2026, 11, 23, 6, tzinfo=UTC)
NOW = MONDAY + timedelta(hours=9)
SITE = Site(
    id="works",
    name="Works",
    timezone="UTC",
    areas=(Area(id="L1", calendar="c", name="Line 1"),),
    work_centers=(WorkCenter(id="MILL", area="L1"), WorkCenter(id="PACK", area="L1")),
    work_units=(
        WorkUnit(id="M1", work_center="MILL"),
        WorkUnit(id="M2", work_center="MILL"),
        WorkUnit(id="P1", work_center="PACK"),
    ),
    calendars=(Calendar(id="c", shifts=(Shift(name="Day", start="06:00", finish="22:00"),)),),
    parties=(
        Party(id="acme", name="Acme Valves", kind=PartyKind.CUSTOMER),
        Party(id="bolt", name="Bolt & Nut", kind=PartyKind.SUPPLIER),
    ),
)


def at(hours: float) -> datetime:
    return MONDAY + timedelta(hours=hours)


def operation(id: str, center: str, start: float, finish: float, **more: object) -> Operation:
    return Operation(
        id=id, work_center=center, planned_start=at(start), planned_finish=at(finish), **more
    )  # type: ignore[arg-type]


ORDER = Order(
    id="SO-1",
    product="Valve",
    quantity=100,
    due_at=at(8),
    area="L1",
    customer="acme",
    released_at=at(0),
    operations=(
        operation("10", "MILL", 0, 2, name="Rough milling"),
        operation("20", "MILL", 2, 4, name="Finish milling", critical=True),
        operation("30", "PACK", 2, 4.5, name="Label", predecessors=("10",)),
        operation("40", "PACK", 5, 7, name="Pack", predecessors=("20", "30")),
    ),
    milestones=(
        Milestone(id="m1", name="Milled", operation="20", baseline_at=at(4)),
        Milestone(id="m2", name="Packed", operation="40", baseline_at=at(7), committed_at=at(8)),
    ),
    needs=(
        MaterialNeed(id="n1", part="BX-7", name="Box", operation="40", supplier="bolt",
                     quantity=100, need_by=at(5)),
    ),
)  # fmt: skip
FIRST_PLAN = replace(
    ORDER,
    due_at=at(7),
    operations=tuple(
        replace(o, planned_finish=o.planned_finish - timedelta(hours=1)) for o in ORDER.operations
    ),
)


def tell(kind: EventType, subject: str, hours: float, **data: object) -> Event:
    name = f"{kind}@{subject}@{hours}"
    return Event(name, "floor", kind, subject, at(hours), at(hours), Data(**data))  # type: ignore[arg-type]


def done(operation: str, start: float, finish: float, unit: str) -> list[Event]:
    subject = f"operation/SO-1/{operation}"
    return [
        tell(EventType.OPERATION_STARTED, subject, start, work_unit=unit),
        tell(EventType.OPERATION_COMPLETED, subject, finish, work_unit=unit, good=98, scrap=2),
    ]


# 10 ran an hour over, M1 was busy with SO-9 for two hours before 20, which still runs.
EVENTS = (
    *done("10", 0, 3, "M1"),
    tell(EventType.OPERATION_STARTED, "operation/SO-1/20", 5, work_unit="M1"),
    tell(EventType.OPERATION_PROGRESSED, "operation/SO-1/20", 8, work_unit="M1", good=40),
    tell(EventType.WORK_UNIT_STATE_CHANGED, "work-unit/M1", 0, state=WorkUnitState.PROCESSING),
    tell(EventType.WORK_UNIT_STATE_CHANGED, "work-unit/M1", 6, state=WorkUnitState.DOWN,
         reason="spindle"),
    tell(EventType.WORK_UNIT_STATE_CHANGED, "work-unit/M1", 7, state=WorkUnitState.PROCESSING),
    tell(EventType.MATERIAL_PROMISED, "need/SO-1/n1", 1, promised_at=at(12)),
)  # fmt: skip
THE_REST = (*done("30", 4, 5, "P1"), *done("20", 5, 10, "M1")[1:], *done("40", 10, 12, "P1"))
OTHER = Occupation(
    work_unit="M1",
    operation="operation/SO-9/10",
    start=at(3),
    end=at(5),
    enabled_at=at(1),
    evidence=(("floor", "other-started"), ("floor", "other-completed")),
)
EXPECTED = at(13)
FORECAST = OrderForecast(
    order="SO-1",
    made_at=at(8.9),
    finish=Finish(p50_at=at(13), p80_at=at(14), p95_at=at(16)),
    calibrated=True,
    operations=(
        OperationForecast(operation="20", start_at=at(5),
                          finish=Finish(p50_at=at(10), p80_at=at(11), p95_at=at(12))),
        OperationForecast(operation="30", start_at=at(9),
                          finish=Finish(p50_at=at(10), p80_at=at(10.5), p95_at=at(12))),
        OperationForecast(operation="40", start_at=at(11),
                          finish=Finish(p50_at=at(13), p80_at=at(14), p95_at=at(16))),
    ),
    milestones=(
        MilestoneForecast(milestone="m1",
                          finish=Finish(p50_at=at(10), p80_at=at(11), p95_at=at(12))),
        MilestoneForecast(milestone="m2",
                          finish=Finish(p50_at=at(7.5), p80_at=at(8.5), p95_at=at(9))),
    ),
    needs=(NeedForecast(need="n1", need_by=at(11), early_at=at(10)),),
    remaining_s=(),
)  # fmt: skip


def board_of(events: Iterable[Event] = EVENTS, plan: Order = ORDER) -> Board:
    board = Board("works")
    board.apply(tell(EventType.PLAN_CHANGED, "site/works", -2, site=SITE))
    board.apply(tell(EventType.PLAN_CHANGED, "order/SO-1", -1, order=plan))
    for event in events:
        board.apply(event)
    return board


def ledger_of(
    events: Iterable[Event] = EVENTS, now: datetime = NOW, forecast_at: datetime | None = EXPECTED
) -> Ledger:
    facts = Facts(
        order=ORDER, site=SITE, events=tuple(events), occupations=(OTHER,), now=now,
        forecast_at=forecast_at,
    )  # fmt: skip
    return delay_ledger(facts)
