"""What happened to an operation, a work unit and a need, read from their events."""

from typing import Any

from data.domain.events import Event, EventType, WorkUnitState
from data.domain.ledger.courses import course_of, spells_of, standing, supply_of
from data.domain.plan import MaterialNeed
from tests.unit.domain.ledger.test_steps import did, event, h, is_in

S = WorkUnitState


def stretches(*events: Event, until: float = 10) -> list[tuple[object, ...]]:
    course = course_of(events, h(until))
    return [(s.start, s.end, s.work_unit, s.redone) for s in course.stretches]


def test_a_stretch_lasts_from_start_or_resumption_to_pause_or_completion() -> None:
    told = (
        did("started", 0, work_unit="M1"),
        did("paused", 2),
        did("resumed", 3),
        did("completed", 5),
    )
    assert stretches(*told) == [(h(0), h(2), "M1", False), (h(3), h(5), "M1", False)]
    assert course_of(told, h(10)).finishes == (h(5),)


def test_progress_alone_means_that_it_runs_but_not_while_it_is_paused() -> None:
    assert stretches(did("progressed", 1, good=1)) == [(h(1), h(10), None, False)]
    paused = (did("started", 0), did("paused", 1), did("progressed", 2, good=1))
    assert stretches(*paused) == [(h(0), h(1), None, False)]


def test_a_change_of_work_unit_parts_a_stretch() -> None:
    told = (did("started", 0, work_unit="M1"), did("progressed", 4, work_unit="M2", good=1))
    assert stretches(*told) == [(h(0), h(4), "M1", False), (h(4), h(10), "M2", False)]


def test_a_completion_alone_is_a_stretch_of_no_length() -> None:
    course = course_of([did("completed", 4)], h(10))
    assert (course.begun_at, course.finished_by(h(4)), course.completed) == (h(4), h(4), True)
    assert course.finished_by(h(3)) is None


def test_work_after_a_reopening_is_redone_and_the_first_completion_stands() -> None:
    told = (did("started", 0), did("completed", 1), did("reopened", 2), did("resumed", 3))
    course = course_of(told, h(4))
    assert [s.redone for s in course.stretches] == [False, True]
    assert (course.finishes, course.completed) == ((h(1),), False)


def test_states_that_meet_a_window_come_whole() -> None:
    told = [is_in(S.SETUP, 0), is_in(S.PROCESSING, 2), is_in(S.DOWN, 4), is_in(S.DOWN, 4)]

    def seen(start: float, end: float, until: float = 9) -> list[tuple[object, ...]]:
        spells = spells_of(told, (h(start), h(end)), h(until))
        return [(s.state, s.start, s.end) for s in spells]

    assert seen(3, 4) == [(S.PROCESSING, h(2), h(4))]
    assert seen(1, 5) == [
        (S.SETUP, h(0), h(2)),
        (S.PROCESSING, h(2), h(4)),
        (S.DOWN, h(4), h(9)),
    ]
    assert seen(-5, 0) == []
    assert seen(9, 12) == []


def received(at: float, quantity: int) -> Event:
    return event(EventType.MATERIAL_RECEIVED, "need/SO-1/n", at, quantity=quantity)


def test_a_need_is_met_when_all_of_it_was_received() -> None:
    given: dict[str, Any] = {"id": "n", "part": "bolt", "operation": "10", "supplier": "ACME"}
    need = MaterialNeed(quantity=5, need_by=h(0), **given)
    told = [received(1, 2), received(2, 3), received(3, 9)]
    supply = supply_of(need, told)
    assert (supply.met_at, supply.evidence) == (h(2), tuple(("test", e.id) for e in told[:2]))
    assert supply_of(need, told[:1]).met_at is None


def test_events_count_once_unless_voided_or_later_than_now() -> None:
    first, wrong, later = did("started", 0), did("completed", 1), did("completed", 9)
    void = event(EventType.EVENT_VOIDED, wrong.subject, 2, event_id=wrong.id)
    astray = event(EventType.EVENT_VOIDED, "operation/SO-9/10", 2, event_id=first.id)
    told = standing([later, void, wrong, first, first, astray], h(5))
    assert told == {first.subject: [first]}
