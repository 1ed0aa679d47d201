from msgspec.structs import replace

from data.domain.events import EventType, WorkUnitState
from data.domain.exceptions.rules import Condition
from data.domain.plan import Milestone
from tests.unit.domain.exceptions.floor import Works, forecast, rule
from tests.unit.domain.floor_events import (
    COMPLETED,
    STARTED,
    did,
    h,
    is_in,
    order,
    plan_event,
    step,
)

PAST_DUE = rule(Condition.PAST_DUE, limit_s=7200, below_s=1800)
AT_RISK = rule(Condition.MILESTONE_AT_RISK, limit_s=3600)
ORDER, MILESTONE = "order/SO-1", "milestone/SO-1/m"
STEPS = (step("10", 0, 2, "MILL"), step("20", 2, 4))
MARK = Milestone(id="m", name="milled", operation="10", baseline_at=h(3))
PLAN = plan_event(order(*STEPS, due=10, milestones=(MARK,), customer="C", shipped_by="L", area="A"))


def works(*rules, plan=PLAN, held=None) -> Works:
    made = Works(*rules, held=held)
    made.tell(plan)
    return made


def test_an_order_is_expected_late_when_p80_is_beyond_due_and_tolerance():
    made = works(PAST_DUE)
    made.expect(forecast("SO-1", 12))
    assert made.holds(0) == []
    made.expect(forecast("SO-1", 12.1))
    assert made.holds(0.1) == [ORDER]
    found = made.finding(ORDER)
    assert (found.since, found.parties) == (h(0.1), {"C", "L"})
    assert (found.values["due_at"], found.values["p80_at"]) == (h(10), h(12.1))


def test_a_forecast_that_wavers_around_the_limit_is_told_once():
    made = works(PAST_DUE)
    made.expect(forecast("SO-1", 12.1))
    made.look(0)
    for p80 in (11.9, 12.1, 10.6):
        made.expect(forecast("SO-1", p80))
        changes = made.look(0.5)
        assert not changes.raised
        assert not changes.cleared
    made.expect(forecast("SO-1", 10.5))
    assert len(made.look(1).cleared) == 1


def test_people_are_told_again_only_of_what_they_would_notice():
    made = works(PAST_DUE)
    made.expect(forecast("SO-1", 13))
    made.look(0)
    made.expect(forecast("SO-1", 13.4))
    assert not made.look(0.1)
    made.expect(forecast("SO-1", 13.6))
    assert [found.values["p80_at"] for found in made.look(0.2).changed] == [h(13.6)]


def test_without_a_forecast_an_order_is_late_when_its_date_has_passed():
    made = works(PAST_DUE)
    assert made.holds(12) == []
    assert made.holds(12.01) == [ORDER]


def test_what_stood_before_a_restart_stands_until_the_forecast_is_there():
    made = works(PAST_DUE, held={("r", ORDER): h(-5)})
    made.look(0)
    assert made.finding(ORDER).since == h(-5)
    made.expect(forecast("SO-1", 11))  # within the limit, but not back below the lower one
    assert made.holds(0.1) == [ORDER]
    made.expect(forecast("SO-1", 9))
    assert made.holds(0.2) == []


def test_an_order_that_is_done_or_cancelled_is_late_no_more():
    for last in (
        (did(STARTED, 1), did(COMPLETED, 2), did(STARTED, 2, "20"), did(COMPLETED, 3, "20")),
        (plan_event(order(*STEPS, cancelled=True), hours=-80),),
    ):
        made = works(PAST_DUE)
        made.expect(forecast("SO-1", 20))
        assert made.holds(0) == [ORDER]
        made.tell(*last)
        assert made.holds(4) == []


def test_an_order_is_late_because_of_what_holds_it_up_where_it_is():
    made = works(PAST_DUE)
    made.expect(forecast("SO-1", 20))
    made.look(0)
    assert made.finding(ORDER).cause == "operation/SO-1/10"
    made.tell(did(STARTED, 0, work_unit="M1"), is_in("M1", WorkUnitState.DOWN, 0.5))
    made.look(1)
    assert made.finding(ORDER).cause == "work-unit/M1"
    assert made.finding(ORDER).place.work_center == "MILL"
    made.tell(did(COMPLETED, 1.1, work_unit="M1"))
    made.look(1.2)
    assert made.finding(ORDER).cause == "operation/SO-1/20"


def test_a_milestone_is_at_risk_by_what_was_committed():
    made = works(AT_RISK)
    made.expect(forecast("SO-1", 8, milestone=4))
    assert made.holds(0) == []
    made.expect(forecast("SO-1", 8, milestone=4.1))
    assert made.holds(0.1) == [MILESTONE]
    assert made.finding(MILESTONE).values["milestone_name"] == "milled"
    made.tell(did(STARTED, 0.2), did(COMPLETED, 0.3))
    assert made.holds(0.4) == []


def test_a_milestone_of_a_late_order_stands_within_it():
    made = works(AT_RISK)
    made.expect(forecast("SO-1", 20, milestone=9))
    made.look(0)
    assert made.finding(MILESTONE).cause == ORDER
    made.expect(forecast("SO-1", 9, milestone=9))
    made.look(0.1)
    assert made.finding(MILESTONE).cause == "operation/SO-1/10"


def test_a_void_of_the_end_brings_the_lateness_back():
    made, end = works(PAST_DUE), did(COMPLETED, 3, "20")
    made.expect(forecast("SO-1", 20))
    made.tell(did(STARTED, 1), did(COMPLETED, 2), end)
    assert made.holds(3) == []
    made.tell(did(EventType.OPERATION_REOPENED, 3.5, "20"))
    assert made.holds(4) == [ORDER]


def test_milestones_of_one_order_stand_within_the_first_that_is_late():
    marks = tuple(
        Milestone(id=name, name=name, operation=step_, baseline_at=h(at))
        for name, step_, at in (("a", "10", 3), ("m", "20", 5))
    )
    made = works(AT_RISK, plan=plan_event(order(*STEPS, due=30, milestones=marks)))
    late = forecast("SO-1", 12, milestone=9)
    first = replace(late.milestones[0], milestone="a")
    made.expect(replace(late, milestones=(first, *late.milestones)))
    made.look(0)
    assert made.finding(MILESTONE).cause == "milestone/SO-1/a"
    assert made.finding("milestone/SO-1/a").cause == "operation/SO-1/10"
    made.tell(did(STARTED, 0.1), did(COMPLETED, 0.2))
    made.look(0.3)
    assert made.finding(MILESTONE).cause == "operation/SO-1/20"
