from data.domain.events import EventType, WorkUnitState
from data.domain.exceptions.rules import Condition
from tests.unit.domain.exceptions.floor import Works, rule
from tests.unit.domain.floor_events import (
    COMPLETED,
    PROGRESSED,
    STARTED,
    did,
    event,
    h,
    is_in,
    order,
    plan_event,
    step,
)

QUEUE = rule(Condition.QUEUE, limit=2, below=1)
SCRAP = rule(Condition.SCRAP, limit=0.1, below=0.05, least=20, limit_s=3600)
MILL, M1 = "work-center/MILL", "work-unit/M1"


def waiting(count: int, released: float = 0) -> list:
    """Orders of 60 pieces that are released an hour apart, each for the mill first."""
    return [
        plan_event(
            order(
                step("10", 0, 2, "MILL"),
                step("20", 2, 4),
                name=f"SO-{n}",
                released_at=h(released + n),
            )
        )
        for n in range(count)
    ]


def counted(good: int, scrap: int, hours: float, unit: str = "M1"):
    return did(PROGRESSED, hours, good=good, scrap=scrap, work_unit=unit)


def test_a_queue_is_long_once_more_wait_than_may():
    made = Works(QUEUE)
    made.tell(*waiting(3))
    assert made.holds(1.9) == []
    assert made.holds(2.1) == [MILL]
    found = made.finding(MILL)
    assert (found.values["waiting"], found.values["pieces"]) == (3, 180)
    assert (found.values["longest_since"], found.place.area) == (h(0), "A")


def test_a_long_queue_is_normal_again_when_it_is_back_below():
    made = Works(QUEUE)
    made.tell(*waiting(3))
    assert made.holds(3) == [MILL]
    made.tell(did(STARTED, 3, plan="SO-0"))
    assert made.holds(3.1) == [MILL]
    made.tell(did(STARTED, 3.2, plan="SO-1"))
    assert made.holds(3.3) == []


def test_what_is_completed_upstream_waits_at_the_next_work_center():
    made = Works(rule(Condition.QUEUE, limit=0))
    made.tell(*waiting(1), did(STARTED, 0, plan="SO-0"))
    assert made.holds(1) == []
    made.tell(did(COMPLETED, 1, plan="SO-0"))
    assert made.holds(1.1) == ["work-center/PACK"]


def test_a_queue_before_work_units_that_are_down_is_caused_by_them():
    made = Works(rule(Condition.QUEUE, limit=0))
    made.tell(*waiting(1))
    made.look(1)
    assert made.finding(MILL).cause == ""
    made.tell(is_in("M1", WorkUnitState.DOWN, 1), is_in("M2", WorkUnitState.DOWN, 1))
    made.look(1.1)
    assert made.finding(MILL).cause == "work-unit/M2"


def test_scrap_is_judged_once_enough_pieces_are_counted():
    made = Works(SCRAP)
    made.tell(counted(10, 5, 0.1))
    assert made.holds(0.2) == []
    made.tell(counted(4, 1, 0.2))
    assert made.holds(0.3) == [M1]
    values = made.finding(M1).values
    assert (values["ratio"], values["scrap"], values["pieces"]) == (0.3, 6, 20)


def test_scrap_that_is_long_ago_counts_no_more():
    made = Works(SCRAP)
    made.tell(counted(10, 10, 0.1))
    assert made.holds(0.9) == [M1]
    assert made.holds(1.1) == []


def test_a_ratio_around_the_limit_is_told_once():
    made = Works(SCRAP)
    made.tell(counted(89, 11, 0.1))
    assert made.holds(0.2) == [M1]
    made.tell(counted(60, 0, 0.2))
    assert made.holds(0.3) == [M1]
    made.tell(counted(60, 0, 0.3))
    assert made.holds(0.4) == []


def test_scrap_that_is_voided_was_none():
    made, bad = Works(SCRAP), counted(10, 10, 0.1)
    made.tell(bad)
    assert made.holds(0.2) == [M1]
    void = event(EventType.EVENT_VOIDED, bad.subject, h(0.3), event_id=bad.id, event_source="test")
    made.tell(void)
    assert made.holds(0.4) == []
