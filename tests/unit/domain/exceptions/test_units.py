import pytest

from data.domain.events import EventType, WorkUnitState
from data.domain.exceptions.evaluate import Evaluator
from data.domain.exceptions.rules import Condition
from tests.unit.domain.exceptions.floor import Works, outside, rule
from tests.unit.domain.floor_events import event, h, is_in
from tests.unit.domain.strategies import restored_from

DOWN, REPAIR, RUNS = WorkUnitState.DOWN, WorkUnitState.REPAIR, WorkUnitState.PROCESSING
STOPPED = rule(Condition.UNIT_STATE, states=("down", "repair"), limit_s=1800)
SILENT = rule(Condition.NO_SIGNAL, limit_s=60)
M1 = "work-unit/M1"


def test_a_work_unit_may_be_down_for_so_much_working_time():
    made = Works(STOPPED)
    made.tell(is_in("M1", DOWN, 3.75, reason="jam"))
    assert made.holds(4.7) == []  # half an hour of it was a break
    assert made.holds(4.76) == [M1]
    found = made.finding(M1)
    assert (found.since, found.values["reason"]) == (h(4.75), "jam")
    made.tell(is_in("M1", RUNS, 4.8))
    assert made.holds(4.81) == []


def test_one_state_of_a_rule_after_the_other_is_one_stop():
    made = Works(STOPPED)
    made.tell(is_in("M1", DOWN, 0))
    assert made.holds(0.4) == []
    made.tell(is_in("M1", REPAIR, 0.4))
    assert made.holds(0.6) == [M1]
    assert made.finding(M1).values["state_since"] == h(0)


def test_a_stop_that_was_reported_late_counts_from_when_it_was():
    made = Works(STOPPED)
    made.look(1)
    made.tell(is_in("M1", DOWN, 0))
    assert made.holds(1.01) == [M1]


def test_a_state_that_is_voided_or_interrupted_by_a_late_report_is_judged_anew():
    made, down = Works(STOPPED), is_in("M1", DOWN, 0)
    made.tell(down)
    assert made.holds(1) == [M1]
    made.tell(is_in("M1", RUNS, 0.8), is_in("M1", DOWN, 0.9))
    assert made.holds(1.01) == []
    assert made.holds(1.41) == [M1]
    made.tell(event(EventType.EVENT_VOIDED, M1, h(2), event_id=down.id, event_source="test"))
    assert made.holds(2.01) == [M1]


@pytest.mark.parametrize("unit", ["S1", "M9"])
def test_a_unit_without_hours_counts_by_the_clock(unit: str):
    made = Works(STOPPED)
    made.tell(is_in(unit, DOWN, 20))
    assert made.holds(20.4) == []
    assert made.holds(20.51) == [f"work-unit/{unit}"]


def test_what_stood_before_a_restart_stands_though_its_beginning_is_not_known_any_more():
    made = Works(STOPPED)
    made.tell(is_in("M1", DOWN, 0), is_in("M1", REPAIR, 0.6))
    made.look(0.7)
    board = restored_from(made.board)
    again = Evaluator((STOPPED,), board, dict, dict, made.evaluator.held)
    again.look(h(0.8), outside(h(0.8)))
    assert again.held == made.evaluator.held


def test_a_stop_that_stood_goes_on_though_the_clock_goes_back_before_it():
    made = Works(STOPPED)
    made.tell(is_in("M1", DOWN, 1))
    assert made.holds(1.6) == [M1]
    since = made.finding(M1).since
    for back in (1.2, 0.5, -30.0):
        assert made.holds(back) == [M1]
    assert made.finding(M1).since == since
    made.tell(is_in("M1", RUNS, 1.7))
    assert made.holds(0.6) == []
    made.tell(is_in("M1", DOWN, 1.8))
    assert made.holds(0.7) == []  # another one, that hasn't been yet


def test_a_stop_goes_on_when_who_judges_begins_anew_behind_it():
    made = Works(STOPPED)
    made.tell(is_in("M1", DOWN, 1))
    made.look(1.6)
    again = Evaluator((STOPPED,), made.board, dict, dict, made.evaluator.held)
    again.look(h(0.5), outside(h(0.5)))
    assert again.held == made.evaluator.held


def test_a_stop_that_began_otherwise_than_was_known_is_judged_by_the_clock():
    made = Works(STOPPED)
    made.tell(is_in("M1", DOWN, 1))
    made.look(1.6)
    made.tell(is_in("M1", RUNS, 1.2), is_in("M1", DOWN, 1.3))
    assert made.holds(1.65) == []
    assert made.holds(1.81) == [M1]


def test_a_machine_that_is_not_heard_while_its_line_works_is_told():
    made = Works(SILENT)
    assert made.holds(1, signal_age_s={"M1": 60.0, "M2": 10.0}) == []
    assert made.holds(1, signal_age_s={"M1": 61.0, "M2": 11.0}) == [M1]
    assert made.finding(M1).values["heard_at"] == h(1 - 61 / 3600)
    assert made.holds(1.1, signal_age_s={"M1": 1.0}) == []


def test_a_machine_that_is_switched_off_after_work_is_no_trouble_until_the_next_shift():
    made = Works(SILENT)
    assert made.holds(8.5, signal_age_s={"M1": 600.0}) == []
    assert made.holds(24.01, signal_age_s={"M1": 57_000.0}) == [M1]
    assert made.holds(32.5, signal_age_s={"M1": 90_000.0}) == [M1]


def test_a_machine_that_was_never_heard_is_not_judged():
    assert Works(SILENT).holds(1, signal_age_s={}) == []


def test_a_silent_machine_is_told_once():
    made = Works(SILENT)
    made.look(1, signal_age_s={"M1": 61.0})
    assert not made.look(1.1, signal_age_s={"M1": 421.0})
