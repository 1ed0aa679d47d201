"""What a look leaves for a later one, and what is held of what is over."""

from data.domain.exceptions.conditions.floor import Queues
from data.domain.exceptions.evaluate import Evaluator
from data.domain.exceptions.rules import Condition
from tests.unit.domain.exceptions.floor import Works, outside, rule
from tests.unit.domain.floor_events import STARTED, did, h, order, plan_event, step

LATE = rule(Condition.NOT_STARTED, limit_s=600.0)
QUEUE = rule(Condition.QUEUE, limit=2, below=1)


def begun(made: Works) -> Evaluator:
    """An evaluator that has looked once, so that another look judges what changed."""
    made.evaluator.look(h(1), outside(h(1)))
    return made.evaluator


def test_an_order_that_waits_is_judged_by_the_look_after_it_has_waited():
    made = Works(LATE)
    evaluator = begun(made)
    made.tell(plan_event(order(step("10", 0, 2))))
    assert not evaluator.look(h(1), outside(h(1)), {"SO-1"})
    assert not evaluator.look(h(1), outside(h(1)), {"SO-1"})
    assert [one.subject for one in evaluator.look(h(1), outside(h(1))).raised] == [
        "operation/SO-1/10"
    ]


def test_of_an_order_that_has_started_while_it_waited_nothing_is_raised():
    made = Works(LATE)
    evaluator = begun(made)
    made.tell(plan_event(order(step("10", 0, 2))))
    evaluator.look(h(1), outside(h(1)), {"SO-1"})
    made.tell(did(STARTED, 0.1))
    assert not evaluator.look(h(1), outside(h(1)))


def test_while_one_order_waits_others_are_judged():
    made = Works(LATE)
    evaluator = begun(made)
    made.tell(*(plan_event(order(step("10", 0, 2), name=name)) for name in ("SO-1", "SO-2")))
    found = evaluator.look(h(1), outside(h(1)), {"SO-1"}).raised
    assert [one.subject for one in found] == ["operation/SO-2/10"]


def test_a_queue_holds_nothing_of_orders_of_which_nothing_waits_any_more():
    made = Works(QUEUE)
    made.tell(plan_event(order(step("10", 0, 2, "MILL"))))
    made.holds(1)
    made.tell(did(STARTED, 1.1))
    made.holds(1.2)
    (queues,) = made.evaluator._families
    assert isinstance(queues, Queues)
    assert queues._of_order == {}
