from msgspec.structs import replace

from data.domain.events import EventType, WorkUnitState
from data.domain.exceptions.rules import Condition
from data.domain.plan import Operation
from tests.unit.domain.exceptions.floor import Works, forecast, rule
from tests.unit.domain.floor_events import (
    COMPLETED,
    SITE,
    STARTED,
    did,
    event,
    h,
    is_in,
    need,
    order,
    plan_event,
    site_event,
    step,
)

NOT_STARTED = rule(Condition.NOT_STARTED, limit_s=1800)
NOT_FINISHED = rule(Condition.NOT_FINISHED, "f", limit_s=1800)
TEN, TWENTY = "operation/SO-1/10", "operation/SO-1/20"
PLAN = plan_event(order(step("10", 0, 2, "MILL"), step("20", 2, 4)))


def works(*rules, plan=PLAN) -> Works:
    made = Works(*rules)
    made.tell(plan)
    return made


def test_an_operation_is_late_once_more_working_time_than_allowed_has_passed():
    made = works(NOT_STARTED)
    assert made.holds(0.5) == []
    assert made.holds(0.51) == [TEN]
    assert made.finding(TEN).since == h(0.5)


def test_breaks_and_nights_make_nothing_late():
    made = works(NOT_STARTED, plan=plan_event(order(step("10", 3.75, 5), step("20", 7.75, 8))))
    assert made.holds(4.5) == []  # a quarter of an hour before the break, none after it
    assert made.holds(4.76) == [TEN]
    assert made.holds(23) == [TEN]
    assert made.holds(24.26) == [TEN, TWENTY]  # 15 minutes of this day, 15 of the next
    assert made.finding(TWENTY).since == h(24.25)


def test_what_has_no_calendar_is_late_by_the_clock():
    made = works(NOT_STARTED, plan=plan_event(order(step("10", 10, 12, "SAW"))))
    assert made.holds(10.51) == [TEN]


def test_an_operation_that_starts_is_late_no_more():
    made = works(NOT_STARTED)
    made.holds(1)
    made.tell(did(STARTED, 1))
    changes = made.look(1.01)
    assert [found.subject for found in changes.cleared] == [TEN]


def test_one_that_is_reported_to_have_begun_in_time_was_never_late_after_the_late_report():
    made = works(NOT_STARTED, NOT_FINISHED)
    assert made.holds(1) == [TEN]
    made.tell(did(STARTED, 0))
    assert made.holds(1.1) == []


def test_a_start_that_is_voided_leaves_it_late():
    made, start = works(NOT_STARTED), did(STARTED, 0.2)
    made.tell(start)
    assert made.holds(1) == []
    made.tell(event(EventType.EVENT_VOIDED, TEN, h(1), event_id=start.id, event_source="test"))
    assert made.holds(1.1) == [TEN]


def test_one_that_is_reopened_is_late_again_by_its_planned_finish():
    made = works(NOT_FINISHED)
    made.tell(did(STARTED, 0), did(COMPLETED, 2))
    assert made.holds(3) == []
    made.tell(did(EventType.OPERATION_REOPENED, 3))
    assert made.holds(3.1) == [TEN]


def test_a_plan_that_is_moved_or_cancelled_takes_its_lateness_along():
    made = works(NOT_STARTED)
    assert made.holds(1) == [TEN]
    made.tell(plan_event(order(step("10", 3, 5, "MILL")), hours=-80))
    assert made.holds(1.1) == []
    assert made.holds(3.6) == [TEN]
    made.tell(plan_event(order(step("10", 3, 5, "MILL"), cancelled=True), hours=-70))
    assert made.holds(3.7) == []


def test_a_clock_that_jumps_back_takes_back_what_came_due():
    made = works(NOT_STARTED, NOT_FINISHED)
    assert made.holds(5.1) == [TEN, TEN, TWENTY, TWENTY]
    assert made.holds(1) == [TEN]
    assert made.holds(0) == []
    assert made.holds(5.1) == [TEN, TEN, TWENTY, TWENTY]


def test_hours_that_change_change_what_is_late():
    made = works(NOT_STARTED)
    assert made.holds(1) == [TEN]
    late = replace(SITE.calendars[0].shifts[0], start="08:45")
    calendar = replace(SITE.calendars[0], shifts=(late,))
    made.tell(replace(site_event(replace(SITE, calendars=(calendar,))), time=h(-50)))
    assert made.holds(1) == []
    assert made.holds(1.3) == [TEN]


def test_one_that_waits_for_another_is_late_because_of_that():
    made = works(NOT_STARTED)
    made.look(3)
    assert made.finding(TWENTY).cause == TEN
    made.tell(did(STARTED, 3), did(COMPLETED, 3.1))
    made.look(3.2)
    assert made.finding(TWENTY).cause == ""


def test_one_whose_material_is_missing_is_late_because_of_that():
    made = works(NOT_STARTED, plan=plan_event(order(step("10", 0, 2), needs=(need("n", 0),))))
    made.look(1)
    assert made.finding(TEN).cause == "need/SO-1/n"
    made.tell(event(EventType.MATERIAL_RECEIVED, "need/SO-1/n", h(1), quantity=10))
    made.look(1.1)
    assert made.finding(TEN).cause == ""


def test_one_whose_work_unit_is_down_is_late_because_of_that_for_as_long():
    made = works(NOT_FINISHED)
    made.tell(did(STARTED, 0, work_unit="M1"))
    made.look(3)
    assert made.finding(TEN, "f").cause == ""
    made.tell(is_in("M1", WorkUnitState.DOWN, 3))
    changes = made.look(3.1)
    assert [found.cause for found in changes.changed] == ["work-unit/M1"]
    made.tell(is_in("M1", WorkUnitState.PROCESSING, 3.2))
    made.look(3.3)
    assert made.finding(TEN, "f").cause == ""


def test_only_when_all_units_of_a_center_are_down_what_waits_there_is_held_up_by_them():
    made = works(NOT_STARTED)
    made.tell(is_in("M1", WorkUnitState.DOWN, 0))
    made.look(1)
    assert made.finding(TEN).cause == ""
    made.tell(is_in("M2", WorkUnitState.REPAIR, 1))
    made.look(1.1)
    assert made.finding(TEN).cause == "work-unit/M2"


def test_a_rule_holds_only_for_what_it_names():
    narrow = {
        "center": {"work_center": ("MILL",)},
        "critical": {"critical": ("true",)},
        "product": {"product": ("Q",)},
        "both": {"area": ("A",), "critical": ("false",)},
    }
    rules = [rule(Condition.NOT_STARTED, name, applies=how) for name, how in narrow.items()]
    steps = (step("10", 0, 2, "MILL"), replace(step("20", 0, 2), critical=True))
    made = works(*rules, plan=plan_event(order(*steps)))
    made.look(1)
    assert set(made.evaluator.standing) == {("center", TEN), ("both", TEN), ("critical", TWENTY)}


def test_an_outside_operation_concerns_who_does_it():
    outside = Operation(
        id="10", work_center="MILL", planned_start=h(0), planned_finish=h(1), performed_by="S"
    )
    made = works(NOT_STARTED, plan=plan_event(order(outside)))
    made.look(1)
    assert made.finding(TEN).parties == {"S"}


def test_a_rule_that_is_off_is_not_judged():
    made = works(rule(Condition.NOT_STARTED, on=False))
    made.expect(forecast("SO-1", 1))
    assert made.holds(5) == []


def test_a_planned_instant_years_ago_is_late_too():
    made = works(NOT_STARTED, plan=plan_event(order(step("10", -24 * 800, 1, "MILL"))))
    assert made.holds(0) == [TEN]
