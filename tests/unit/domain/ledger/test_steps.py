"""Each cause of a delay by itself, in a works of two centers, in hours after 08:00."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from data.domain.events import Data, Event, EventType, WorkUnitState
from data.domain.ledger.account import delay_ledger
from data.domain.ledger.occupations import occupations_of
from data.domain.ledger.records import Cause, Facts, Ledger, Occupation, Owner, Role, late_by_cause
from data.domain.plan import MaterialNeed, Operation, Order
from data.domain.site import Area, Calendar, Shift, Site, WorkCenter, WorkUnit

EIGHT = datetime(2026, 11, 24, 8, tzinfo=UTC)
S = WorkUnitState
_ids = count()


def h(hours: float) -> datetime:
    return EIGHT + timedelta(hours=hours)


def hours(span: timedelta) -> float:
    return span / timedelta(hours=1)


SITE = Site(
    id="s",
    name="Works",
    areas=(Area(id="A", calendar="always"), Area(id="B", calendar="day")),
    work_centers=(WorkCenter(id="MILL", area="A"), WorkCenter(id="PACK", area="B")),
    work_units=(
        WorkUnit(id="M1", work_center="MILL"),
        WorkUnit(id="M2", work_center="MILL"),
        WorkUnit(id="P1", work_center="PACK"),
    ),
    calendars=(Calendar(id="day", shifts=(Shift(name="day", start="08:00", finish="16:00"),)),),
)


def event(kind: EventType, subject: str, at: float, **data: Any) -> Event:
    name = f"{next(_ids):06}"
    return Event(name, "test", kind, subject, h(at), h(at), Data(**data))


def did(kind: str, at: float, operation: str = "10", order: str = "SO-1", **data: Any) -> Event:
    return event(EventType(f"operation.{kind}"), f"operation/{order}/{operation}", at, **data)


def ran(
    start: float, end: float, operation: str = "10", unit: str = "M1", order: str = "SO-1"
) -> tuple[Event, Event]:
    return (
        did("started", start, operation, order, work_unit=unit),
        did("completed", end, operation, order),
    )


def is_in(state: WorkUnitState, at: float, unit: str = "M1", **data: Any) -> Event:
    kind = EventType.WORK_UNIT_STATE_CHANGED
    return event(kind, f"work-unit/{unit}", at, state=state, **data)


def step(name: str, start: float, finish: float, center: str = "MILL", **more: Any) -> Operation:
    return Operation(
        id=name, work_center=center, planned_start=h(start), planned_finish=h(finish), **more
    )


def order(*operations: Operation, due: float = 4, **more: Any) -> Order:
    given = {"id": "SO-1", "product": "P", "quantity": 10, "released_at": h(0)} | more
    return Order(due_at=h(due), operations=operations, **given)


def ledger(
    plan: Order,
    *events: Event,
    now: float = 100,
    others: tuple[Occupation, ...] = (),
    forecast: float | None = None,
) -> Ledger:
    return delay_ledger(
        Facts(
            order=plan,
            site=SITE,
            events=events,
            occupations=others,
            now=h(now),
            forecast_at=None if forecast is None else h(forecast),
        )
    )


def told(found: Ledger) -> list[tuple[str, float, float]]:
    """Cause, hours taken and hours planned of each step."""
    return [(s.cause.value, hours(s.actual), hours(s.planned)) for s in found.steps]


ONE = order(step("10", 0, 4))


def test_an_order_that_ran_as_planned_has_one_step_that_adds_nothing() -> None:
    found = ledger(ONE, *ran(0, 4))
    assert told(found) == [("running", 4, 4)]
    assert found.lateness == timedelta(0)


def test_running_longer_than_planned() -> None:
    start, end = ran(0, 6)
    found = ledger(ONE, start, end)
    assert told(found) == [("running", 6, 4)]
    assert found.steps[0].owner == Owner(Role.PRODUCTION)
    assert found.steps[0].evidence == (("test", start.id), ("test", end.id))


def test_material_that_came_late_names_supplier_and_receipt() -> None:
    need = MaterialNeed(
        id="n", part="bolt", operation="10", supplier="ACME", quantity=10, need_by=h(0)
    )
    plan = order(step("10", 0, 4), needs=(need,))
    part = event(EventType.MATERIAL_RECEIVED, "need/SO-1/n", 1, quantity=4)
    rest = event(EventType.MATERIAL_RECEIVED, "need/SO-1/n", 3, quantity=6)
    found = ledger(plan, part, rest, *ran(3, 7))
    assert told(found) == [("material_missing", 3, 0), ("running", 4, 4)]
    assert found.steps[0].owner == Owner(Role.SUPPLIER, "ACME")
    assert found.steps[0].about == "n"
    assert found.steps[0].evidence == (("test", part.id), ("test", rest.id))


def test_material_booked_in_after_the_start_held_nothing_up() -> None:
    need = MaterialNeed(
        id="n", part="bolt", operation="10", supplier="ACME", quantity=10, need_by=h(0)
    )
    plan = order(step("10", 0, 4), needs=(need,))
    late = event(EventType.MATERIAL_RECEIVED, "need/SO-1/n", 5, quantity=10)
    assert told(ledger(plan, late, *ran(2, 6))) == [("unexplained", 2, 0), ("running", 4, 4)]


def other(start: float, end: float, enabled: float | None, **more: Any) -> Occupation:
    given = {"work_unit": "M1", "operation": "operation/SO-2/10"} | more
    at = None if enabled is None else h(enabled)
    return Occupation(start=h(start), end=h(end), enabled_at=at, **given)


def test_a_work_unit_busy_with_earlier_work_is_contention() -> None:
    found = ledger(ONE, *ran(3, 7), others=(other(-1, 3, -2),))
    assert told(found) == [("contention", 3, 0), ("running", 4, 4)]
    assert found.steps[0].about == "operation/SO-2/10"
    assert found.steps[0].owner == Owner(Role.PLANNING)


def test_a_work_unit_busy_with_later_work_is_prioritization() -> None:
    found = ledger(ONE, *ran(3, 7), others=(other(1, 3, 0.5),))
    assert told(found)[:2] == [("unexplained", 1, 0), ("prioritization", 2, 0)]


def test_what_ends_last_binds() -> None:
    need = MaterialNeed(
        id="n", part="bolt", operation="10", supplier="ACME", quantity=1, need_by=h(0)
    )
    plan = order(step("10", 0, 4), needs=(need,))
    came = event(EventType.MATERIAL_RECEIVED, "need/SO-1/n", 3, quantity=1)
    busy = (other(-1, 2, -2), other(2, 4, -2))
    assert told(ledger(plan, came, *ran(4, 8), others=busy))[0] == ("contention", 4, 0)
    assert told(ledger(plan, came, *ran(4, 8), others=busy[:1]))[:2] == [
        ("material_missing", 3, 0),
        ("unexplained", 1, 0),
    ]


def test_a_wait_for_the_rest_of_a_batch_is_batching() -> None:
    mate = other(3, 7, 2, kind="P/10", operation="operation/SO-2/10")
    found = ledger(ONE, *ran(3, 7), others=(mate,))
    assert told(found) == [("batching", 2, 0), ("unexplained", 1, 0), ("running", 4, 4)]


def test_time_off_the_calendar_is_planned_where_the_plan_has_it() -> None:
    plan = order(step("10", 6, 26, "PACK"), due=26)
    found = ledger(plan, *ran(7, 27, unit="P1"))
    assert told(found) == [
        ("unexplained", 7, 6),
        ("running", 1, 1),
        ("off_calendar", 16, 16),
        ("running", 3, 3),
    ]


def test_a_breakdown_in_the_middle_is_down_whether_paused_or_not() -> None:
    states = (is_in(S.PROCESSING, 0), is_in(S.DOWN, 1, reason="jam"), is_in(S.PROCESSING, 3))
    paused = (did("paused", 1), did("resumed", 3))
    for more in ((), paused):
        found = ledger(ONE, *ran(0, 6), *states, *more)
        assert told(found) == [("running", 1, 1), ("down", 2, 0), ("running", 3, 3)]
        assert found.steps[1].owner == Owner(Role.MAINTENANCE)
        assert found.steps[1].about == "jam"
        assert found.steps[1].evidence == tuple(("test", e.id) for e in states[1:])


def test_setup_is_held_against_the_planned_setup() -> None:
    plan = order(step("10", 0, 4, setup_s=3600))
    found = ledger(plan, *ran(0, 5), is_in(S.SETUP, 0), is_in(S.PROCESSING, 1.5))
    assert told(found) == [("setup", 1.5, 1), ("running", 3.5, 3)]


def test_reworked_pieces_take_their_standard_time() -> None:
    plan = order(step("10", 0, 4, run_time_s=1800))
    report = did("progressed", 3, good=5, rework=2)
    found = ledger(plan, *ran(0, 5), report)
    assert told(found) == [("running", 2, 2), ("rework", 1, 0), ("running", 2, 2)]
    assert found.steps[1].evidence == (("test", report.id),)
    assert found.steps[1].owner == Owner(Role.QUALITY)


def test_work_after_a_reopening_is_rework() -> None:
    again = (did("reopened", 5), did("resumed", 6), did("completed", 7))
    found = ledger(ONE, *ran(0, 4), *again)
    assert told(found) == [("running", 4, 4), ("unexplained", 2, 0), ("rework", 1, 0)]


TWO = order(step("10", 0, 4), step("20", 5, 7, "PACK"), due=8)


def test_the_walk_leads_through_the_predecessor() -> None:
    found = ledger(TWO, *ran(0, 5), *ran(7, 8, "20", "P1"))
    assert [(s.operation, *t) for s, t in zip(found.steps, told(found), strict=True)] == [
        ("10", "running", 5, 4),
        ("20", "unexplained", 2, 1),
        ("20", "running", 1, 2),
        (None, "slack", 0, 1),
    ]
    assert hours(found.lateness) == 0


def test_a_starved_operation_hands_the_walk_to_the_predecessor_that_ran() -> None:
    beside = (is_in(S.PROCESSING, 1, "P1"), is_in(S.STARVED, 2, "P1"), is_in(S.PROCESSING, 6, "P1"))
    down = (is_in(S.PROCESSING, 0), is_in(S.DOWN, 2), is_in(S.PROCESSING, 4))
    found = ledger(TWO, *ran(0, 5.5), *ran(1, 8, "20", "P1"), *beside, *down)
    assert [(s.operation, s.cause.value, hours(s.actual)) for s in found.steps] == [
        ("10", "running", 2),
        ("10", "down", 2),
        ("10", "running", 1.5),
        ("20", "slack", 0),
        ("20", "waiting_for_predecessor", 0.5),
        ("20", "running", 2),
        (None, "slack", 0),
    ]


def test_a_predecessor_that_reports_nothing_is_waited_for() -> None:
    found = ledger(TWO, ran(6, 8, "20", "P1")[0], now=7)
    assert [t[:2] for t in told(found)][:2] == [("waiting_for_predecessor", 6), ("running", 1)]
    assert found.steps[0].about == "operation/SO-1/10"


def test_outsourced_time_is_the_partys() -> None:
    plan = order(step("10", 0, 4, performed_by="COAT"))
    found = ledger(plan, did("started", 1), did("completed", 6))
    assert [s.owner for s in found.steps] == [Owner(Role.SUPPLIER, "COAT")] * 2


def test_planned_waiting_that_was_not_needed_is_slack() -> None:
    found = ledger(TWO, *ran(0, 4), *ran(4, 6, "20", "P1"))
    assert late_by_cause(found.steps) == {
        Cause.RUNNING: timedelta(0),
        Cause.SLACK: timedelta(hours=-2),
    }


def test_an_open_order_is_walked_from_now_and_the_rest_is_to_come() -> None:
    found = ledger(TWO, *ran(0, 6), now=7, forecast=11)
    assert told(found) == [
        ("running", 6, 4),
        ("unexplained", 1, 1),
        ("to_come", 4, 2),
        ("slack", 0, 1),
    ]
    assert (found.completed, hours(found.lateness)) == (False, 3)


def test_an_open_operation_waits_for_a_work_unit_only_when_none_is_free() -> None:
    busy = (other(0, 2, -1), other(1, 3, -1, work_unit="M2"))
    found = ledger(ONE, now=3, others=busy)
    assert told(found)[:3] == [("unexplained", 1, 0), ("contention", 1, 0), ("unexplained", 1, 0)]


def test_an_open_order_waits_for_material_that_is_not_there() -> None:
    need = MaterialNeed(
        id="n", part="bolt", operation="10", supplier="ACME", quantity=1, need_by=h(0)
    )
    found = ledger(order(step("10", 0, 4), needs=(need,)), now=3)
    assert told(found)[0] == ("material_missing", 3, 0)


def test_voided_events_and_those_after_now_do_not_count() -> None:
    wrong = did("completed", 2)
    void = event(EventType.EVENT_VOIDED, wrong.subject, 3, event_id=wrong.id)
    found = ledger(ONE, *ran(0, 6), wrong, void)
    assert told(found) == [("running", 6, 4)]
    assert told(ledger(ONE, *ran(0, 6), now=5))[:1] == [("running", 5, 4)]


def test_an_order_without_operations_is_unexplained() -> None:
    assert told(ledger(order(), now=1)) == [("unexplained", 1, 0), ("slack", 0, 4)]


def test_occupations_are_the_stretches_on_known_work_units_with_their_enabling() -> None:
    plan = order(step("10", 0, 4), step("20", 4, 5, "PACK"), id="SO-2")
    events = (*ran(1, 4, order="SO-2"), *ran(6, 7, "20", "P1", "SO-2"))
    found = occupations_of(plan, events, h(100))
    assert [(o.work_unit, o.start, o.end, o.enabled_at, o.kind) for o in found] == [
        ("M1", h(1), h(4), h(0), "P/10"),
        ("P1", h(6), h(7), h(4), "P/20"),
    ]
