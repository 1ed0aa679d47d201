"""How each subject folds: operation, need, work unit, order and site."""

from datetime import datetime, timedelta

import pytest

from data.domain.events import Data, Event, EventType, OperationStatus
from data.domain.events import WorkUnitState as State
from data.domain.plan import Order
from data.domain.site import Site
from data.domain.subjects import (
    Fold,
    NeedState,
    OperationState,
    OrderState,
    SiteState,
    WorkUnitState,
    events_of,
    moment_of,
)
from tests.unit.domain.strategies import RECORDED, START

T = EventType
SUBJECTS = {
    OperationState: "operation/SO-1/10",
    NeedState: "need/SO-1/n1",
    WorkUnitState: "work-unit/W1",
    OrderState: "order/SO-1",
    SiteState: "site/plant",
}


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def told(state: Fold, *said: tuple[str, EventType, float, Data]) -> Fold:
    for event_id, event_type, minute, data in said:
        event = Event(event_id, "mes", event_type, state.subject, at(minute), RECORDED, data)
        state.add(("mes", event_id), event)
    return state


def unit(*said: tuple[float, str]) -> WorkUnitState:
    state = WorkUnitState("work-unit/W1")
    changes = [
        (f"e{n}", T.WORK_UNIT_STATE_CHANGED, minute, Data(state=State(name)))
        for n, (minute, name) in enumerate(said)
    ]
    told(state, *changes)
    return state


def operation(*said: tuple[str, EventType, float, Data]) -> OperationState:
    state = OperationState("operation/SO-1/10")
    told(state, *said)
    return state


def need(*said: tuple[str, EventType, float, Data]) -> NeedState:
    state = NeedState("need/SO-1/n1")
    told(state, *said)
    return state


@pytest.mark.parametrize(
    ("event_type", "status"),
    [
        (T.OPERATION_STARTED, OperationStatus.RUNNING),
        (T.OPERATION_PROGRESSED, OperationStatus.RUNNING),
        (T.OPERATION_PAUSED, OperationStatus.PAUSED),
        (T.OPERATION_RESUMED, OperationStatus.RUNNING),
        (T.OPERATION_COMPLETED, OperationStatus.COMPLETED),
        (T.OPERATION_REOPENED, OperationStatus.PAUSED),
        (T.QUALITY_INSPECTED, OperationStatus.PLANNED),
    ],
)
def test_each_operation_event_alone_gives_its_status(event_type, status):
    assert operation(("e1", event_type, 0, Data())).status is status


def test_an_operation_nobody_spoke_of_is_planned():
    blank = OperationState("operation/SO-1/10")
    assert (blank.status, blank.finished_at, blank.started_at) == (
        OperationStatus.PLANNED,
        None,
        None,
    )
    assert blank.empty


def test_progress_after_a_pause_does_not_resume_the_operation():
    paused = operation(
        ("e1", T.OPERATION_PAUSED, 0, Data()), ("e2", T.OPERATION_PROGRESSED, 1, Data())
    )
    assert paused.status is OperationStatus.PAUSED


def test_an_operation_sums_pieces_and_starts_at_the_earliest_event():
    state = operation(
        ("e1", T.OPERATION_PROGRESSED, 5, Data(good=2, scrap=1, rework=3)),
        ("e2", T.OPERATION_STARTED, 1, Data(good=1)),
        ("e3", T.QUALITY_INSPECTED, 0, Data(inspected=4, passed=3, scrap=1)),
    )
    assert (state.good, state.scrap, state.rework) == (3, 2, 3)
    assert (state.inspected, state.passed) == (4, 3)
    assert state.started_at == at(1)


def test_an_operation_is_at_the_work_unit_named_last():
    state = operation(
        ("e1", T.OPERATION_STARTED, 5, Data(work_unit="W2")),
        ("e2", T.OPERATION_PROGRESSED, 1, Data(work_unit="W1")),
        ("e3", T.OPERATION_PROGRESSED, 9, Data()),
    )
    assert state.work_unit == "W2"


def test_an_operation_is_finished_only_while_it_is_completed():
    state = operation(("e1", T.OPERATION_COMPLETED, 5, Data()))
    assert state.finished_at == at(5)
    told(state, ("e2", T.OPERATION_REOPENED, 6, Data()))
    assert state.finished_at is None


def test_a_need_has_the_latest_promise_and_sums_of_what_moved():
    state = need(
        ("e1", T.MATERIAL_PROMISED, 5, Data(promised_at=at(500))),
        ("e2", T.MATERIAL_PROMISED, 1, Data(promised_at=at(100))),
        ("e3", T.MATERIAL_SHIPPED, 9, Data(quantity=2, dispatch_advice="D2")),
        ("e4", T.MATERIAL_SHIPPED, 8, Data(quantity=3, dispatch_advice="D1")),
        ("e5", T.MATERIAL_RECEIVED, 12, Data(quantity=4)),
        ("e6", T.MATERIAL_RECEIVED, 11, Data(quantity=1)),
    )
    assert state.promised_at == at(500)
    assert (state.shipped, state.received, state.dispatch_advice) == (5, 5, "D2")
    assert state.received_moment == (at(12), "e5", "mes")


def test_a_work_unit_has_been_in_its_state_since_the_run_began():
    state = unit((0, "down"), (2, "processing"), (5, "processing"))
    assert (state.state, state.since) == (State.PROCESSING, at(2))


@pytest.mark.parametrize(
    ("late", "since"),
    [((1, "processing"), 1), ((3, "processing"), 2), ((3, "down"), 5), ((-1, "processing"), 2)],
)
def test_a_late_state_change_moves_the_beginning_of_the_run_as_if_it_had_come_in_time(late, since):
    state = unit((0, "down"), (2, "processing"), (5, "processing"), late)
    assert (state.state, state.since) == (State.PROCESSING, at(since))


def test_reason_and_operation_of_a_work_unit_are_those_of_its_latest_event():
    state = WorkUnitState("work-unit/W1")
    down = Data(state=State.DOWN, reason="jam", operation="operation/SO-1/10")
    told(
        state,
        ("e1", T.WORK_UNIT_STATE_CHANGED, 5, down),
        ("e2", T.WORK_UNIT_STATE_CHANGED, 1, Data(state=State.DOWN, reason="old")),
    )
    assert (state.reason, state.operation) == ("jam", "operation/SO-1/10")


def test_states_of_one_instant_follow_their_ids():
    assert unit((0, "down"), (0, "processing")).state is State.PROCESSING


def test_forgetting_leaves_a_single_past_event_in_the_ledger():
    state = unit((0, "down"), (9, "processing"))
    state.forget_before(at(5))
    assert not state.has_base
    assert len(state.ledger) == 2


def test_forgetting_twice_keeps_the_beginning_of_the_first_run():
    state = unit((0, "down"), (1, "down"), (2, "down"), (9, "down"))
    state.forget_before(at(1.5))
    state.forget_before(at(5))
    assert (state.since, state.floor) == (at(0), (at(2), "e2", "mes"))
    assert [*state.timeline] == [(at(0), State.DOWN), (at(9), State.DOWN)]


@pytest.mark.parametrize(
    ("kind", "field", "first", "second"),
    [
        (
            OrderState,
            "order",
            *(Order(id="SO-1", product=p, quantity=1, due_at=START) for p in "ab"),
        ),
        (SiteState, "site", *(Site(id="plant", name=name) for name in "ab")),
    ],
)
def test_the_latest_document_wins_and_undoing_it_brings_the_other_back(kind, field, first, second):
    state = kind(SUBJECTS[kind])
    told(
        state,
        ("e2", T.PLAN_CHANGED, 5, Data(**{field: second})),
        ("e1", T.PLAN_CHANGED, 1, Data(**{field: first})),
    )
    kept = kind.stored[1]
    assert getattr(state, kept) == second
    assert state.take_out(("mes", "e2")) is not None
    assert getattr(state, kept) == first


@pytest.mark.parametrize("kind", SUBJECTS)
def test_a_base_has_every_stored_field_and_no_ledger(kind):
    state = kind(SUBJECTS[kind])
    blank = state.as_base()
    assert blank.has_base
    assert not blank.empty
    assert {name: getattr(blank, name) for name in kind.stored} == {
        name: getattr(state, name) for name in kind.stored
    }


def test_a_base_of_a_work_unit_holds_its_run_at_the_front_of_the_timeline():
    base = unit((0, "down"), (3, "down")).as_base()
    assert [*base.timeline] == [(at(0), State.DOWN)]
    assert base.floor == (at(3), "e1", "mes")
    assert base.ledger == {}


@pytest.mark.parametrize(
    ("minute", "event_id", "needed"),
    [(2, "x", True), (3, "e1", True), (3, "x", False), (4, "a", False)],
)
def test_a_base_needs_the_ledger_for_what_is_not_after_it(minute, event_id, needed):
    state = unit((0, "down"), (3, "down"))
    event = Event(
        event_id, "mes", T.WORK_UNIT_STATE_CHANGED, state.subject, at(minute), RECORDED,
        Data(state=State.DOWN),
    )  # fmt: skip
    assert not state.needs_ledger_for(event)
    assert state.as_base().needs_ledger_for(event) is needed


def test_a_base_gives_no_event_back_and_stays_whole():
    state = operation(("e1", T.OPERATION_STARTED, 0, Data(good=4))).as_base()
    told(state, ("e2", T.OPERATION_PROGRESSED, 1, Data(good=1)))
    assert state.take_out(("mes", "e2")) is None
    assert state.good == 5


def test_without_its_base_a_state_is_folded_from_its_ledger_alone():
    state = operation(("e1", T.OPERATION_STARTED, 0, Data(good=4))).as_base()
    told(state, ("e2", T.OPERATION_PROGRESSED, 1, Data(good=1)))
    state.drop_base()
    assert (state.good, state.has_base, state.knows(("mes", "e2"))) == (1, False, True)


def test_an_event_is_folded_once_and_taken_out_once():
    state = operation(("e1", T.OPERATION_STARTED, 0, Data(good=4)))
    told(state, ("e1", T.OPERATION_STARTED, 0, Data(good=4)))
    assert state.good == 4
    assert [moment_of(e) for e in events_of([state])] == [(at(0), "e1", "mes")]
    assert state.take_out(("mes", "e1")) is not None
    assert state.take_out(("mes", "e1")) is None
    assert state.empty
