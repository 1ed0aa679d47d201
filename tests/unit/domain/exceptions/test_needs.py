from data.domain.events import EventType
from data.domain.exceptions.rules import Condition
from tests.unit.domain.exceptions.floor import Works, forecast, rule
from tests.unit.domain.floor_events import COMPLETED, STARTED, did, event, h, need, needing

NEED = "need/SO-1/n"
HOUR = 3600.0


def works(*rules) -> Works:
    made = Works(*rules)
    made.tell(needing(need("n", 10)))
    return made


def said(kind: EventType, hours: float, **data: object):
    return event(kind, NEED, h(hours), **data)


def promise(hours: float, at: float):
    return said(EventType.MATERIAL_PROMISED, at, promised_at=h(hours), quantity=10)


def test_material_must_be_promised_so_long_before_it_is_needed():
    made = works(rule(Condition.NOT_PROMISED, limit_s=4 * HOUR))
    assert made.holds(6) == []
    assert made.holds(6.1) == [NEED]
    assert made.finding(NEED).parties == {"S"}
    made.tell(promise(9, 6.2))
    assert made.holds(6.3) == []


def test_the_forecast_says_when_it_is_needed():
    made = works(rule(Condition.NOT_PROMISED, limit_s=4 * HOUR, below_s=HOUR))
    made.expect(forecast("SO-1", 20, needs={"n": 14}))
    assert made.holds(9) == []
    made.expect(forecast("SO-1", 20, needs={"n": 12.5}))
    assert made.holds(9) == [NEED]
    assert made.finding(NEED).values["need_by"] == h(12.5)
    made.expect(forecast("SO-1", 20, needs={"n": 13.5}))
    assert made.holds(9) == [NEED]  # not so much later that it is normal again
    made.expect(forecast("SO-1", 20, needs={"n": 14.5}))
    assert made.holds(9) == []


def test_what_is_shipped_in_part_is_not_shipped():
    made = works(rule(Condition.NOT_SHIPPED, limit_s=HOUR))
    made.tell(promise(9, 0), said(EventType.MATERIAL_SHIPPED, 5, quantity=9))
    assert made.holds(9.1) == [NEED]
    made.tell(said(EventType.MATERIAL_SHIPPED, 9.2, quantity=1))
    assert made.holds(9.3) == []


def test_material_is_missing_until_all_of_it_is_there():
    made = works(rule(Condition.NOT_RECEIVED))
    made.tell(said(EventType.MATERIAL_RECEIVED, 5, quantity=9))
    assert made.holds(10) == []
    assert made.holds(10.1) == [NEED]
    made.tell(said(EventType.MATERIAL_RECEIVED, 10.2, quantity=1))
    assert made.holds(10.3) == []


def test_material_of_an_operation_that_is_done_is_not_needed_any_more():
    made = works(rule(Condition.NOT_RECEIVED))
    assert made.holds(11) == [NEED]
    made.tell(did(STARTED, 11), did(COMPLETED, 11.1))
    assert made.holds(11.2) == []


def test_a_promise_beyond_the_forecast_need_is_told_and_taken_back():
    made = works(rule(Condition.PROMISED_LATE, limit_s=HOUR, below_s=0))
    made.tell(promise(12, 0))
    assert made.holds(0) == [NEED]
    made.expect(forecast("SO-1", 20, needs={"n": 11.5}))
    assert made.holds(0.1) == [NEED]
    made.expect(forecast("SO-1", 20, needs={"n": 12}))
    assert made.holds(0.2) == []
    made.tell(promise(14, 0.3))
    assert made.holds(0.4) == [NEED]


def test_a_forecast_that_is_off_by_less_than_an_hour_is_as_planned():
    made = works(rule(Condition.PROMISED_LATE, limit_s=HOUR, below_s=HOUR))
    made.tell(promise(11.5, 0))
    made.expect(forecast("SO-1", 20, needs={"n": 10.9}))
    assert made.holds(0) == [NEED]
    assert made.finding(NEED).values["need_by"] == h(10)
    made.expect(forecast("SO-1", 20, needs={"n": 11}))
    assert made.holds(0.1) == []


def test_a_clock_that_jumps_back_makes_nothing_due():
    made = works(rule(Condition.NOT_RECEIVED))
    assert made.holds(11) == [NEED]
    assert made.holds(1) == []


def test_rules_are_for_suppliers_that_they_name():
    names = {"S": "named", "T": "other"}
    made = works(
        *(rule(Condition.NOT_RECEIVED, n, applies={"supplier": (s,)}) for s, n in names.items())
    )
    made.look(11)
    assert set(made.evaluator.standing) == {("named", NEED)}
