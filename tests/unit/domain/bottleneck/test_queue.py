"""What waits before each work center."""

from datetime import UTC, datetime, timedelta

from data.domain.board import Board
from data.domain.bottleneck.queue import longest_queue, queues
from data.domain.events import Data, Event, EventType
from data.domain.plan import Operation, Order

T0 = datetime(2026, 11, 3, 6, tzinfo=UTC)


def operation(name: str, center: str, **more: object) -> Operation:
    return Operation(id=name, work_center=center, planned_start=T0,
                     planned_finish=T0 + timedelta(hours=1), **more)  # fmt: skip


def board_of(order: Order, *events: tuple[EventType, str, float]) -> Board:
    board = Board("s")
    board.apply(Event("plan", "s", EventType.PLAN_CHANGED, f"order/{order.id}", T0, T0,
                      Data(order=order)))  # fmt: skip
    for number, (kind, name, hours) in enumerate(events):
        at = T0 + timedelta(hours=hours)
        subject = f"operation/{order.id}/{name}"
        board.apply(Event(f"e{number}", "s", kind, subject, at, at, Data(work_unit="U")))
    return board


def order(*operations: Operation, **more: object) -> Order:
    return Order(id="O", product="p", quantity=40, due_at=T0 + timedelta(days=2),
                 operations=operations, **more)  # fmt: skip


STARTED, DONE = EventType.OPERATION_STARTED, EventType.OPERATION_COMPLETED
ROUTE = (operation("10", "A"), operation("20", "B"))
NOW = T0 + timedelta(hours=5)


def test_an_operation_waits_from_the_end_of_the_one_before():
    board = board_of(order(*ROUTE), (STARTED, "10", 0), (DONE, "10", 2))
    first, second = queues(board, ("A", "B"), NOW)
    assert (first.waiting, first.total_s, first.mean_s) == (0, 0.0, 0.0)
    assert (second.waiting, second.pieces, second.total_s) == (1, 40, 3 * 3600.0)
    assert longest_queue((first, second)) is second


def test_nothing_waits_for_what_is_not_done_yet():
    board = board_of(order(*ROUTE), (STARTED, "10", 0))
    assert [queue.waiting for queue in queues(board, ("A", "B"), NOW)] == [0, 0]
    assert longest_queue(queues(board, ("A", "B"), NOW)) is None


def test_a_first_operation_waits_from_its_release_or_its_planned_start():
    released = board_of(order(*ROUTE, released_at=T0 + timedelta(hours=1)))
    assert queues(released, ("A",), NOW)[0].longest_s == 4 * 3600.0
    assert queues(board_of(order(*ROUTE)), ("A",), NOW)[0].longest_s == 5 * 3600.0
    later = board_of(order(*ROUTE, released_at=NOW + timedelta(hours=1)))
    assert queues(later, ("A",), NOW)[0].waiting == 0


def test_one_that_joins_waits_for_the_last_of_its_predecessors():
    joined = operation("30", "C", predecessors=("10", "20"))
    plan = order(operation("10", "A"), operation("20", "B", predecessors=()), joined)
    done = ((STARTED, "10", 0), (DONE, "10", 1), (STARTED, "20", 0), (DONE, "20", 4))
    assert queues(board_of(plan, *done), ("C",), NOW)[0].total_s == 3600.0
    assert queues(board_of(plan, *done[:3]), ("C",), NOW)[0].waiting == 0


def test_what_another_party_does_is_in_nobodys_queue():
    plan = order(operation("10", "A", performed_by="supplier"))
    assert queues(board_of(plan), ("A",), NOW)[0].waiting == 0


def test_cancelled_orders_wait_for_nothing():
    assert queues(board_of(order(*ROUTE, cancelled=True)), ("A",), NOW)[0].waiting == 0
