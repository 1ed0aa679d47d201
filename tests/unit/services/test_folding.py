"""Months of a board's life: what is over leaves it, and it grows no larger."""

import gc
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest

from data.domain.board import Board
from data.domain.events import Data, Event, EventType, WorkUnitState
from data.domain.indexes import Indexes
from data.domain.plan import MaterialNeed, Operation, Order
from data.domain.subjects import Fold, events_of
from data.services.folding import Folding
from data.services.ports import KEEP
from tests.unit.domain.strategies import START, states_of

DAY = timedelta(days=1)
ORDERS = 8  # a day
MOST = 2**63 - 1


class Recorded:
    """A history that holds everything, as SQL does."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.asked: list[str] = []

    def orders(self, site: str, order_ids: Sequence[str]) -> list[Fold]:
        return []

    def ledger(self, site: str, subject: str, upto_seq: int) -> list[Event]:
        self.asked.append(subject)
        return [event for event in self.events if event.subject == subject]


class Life:
    """A factory that goes on, and a board that follows it."""

    def __init__(self) -> None:
        self.past = Recorded()
        self.board = Board("plant")
        self.indexes = Indexes(self.board)
        self.folding = Folding(self.board, self.past, 0)
        self.day = 0

    def live(self, days: int) -> None:
        for _ in range(days):
            now = START + self.day * DAY
            for event in _day(self.day, now):
                self._take(event)
            self.folding.rest(MOST)
            self.folding.forget(now - KEEP, MOST)
            self.indexes.touch(self.board.changed_orders)
            self.board.changed_orders.clear()
            self.indexes.refresh(now)
            self.indexes.gantt.renew({})
            self.day += 1

    def _take(self, event: Event) -> None:
        self.folding.fetch([event])
        self.folding.apply(event)
        self.folding.hold([event], 1)


def _day(day: int, now: datetime) -> Iterator[Event]:
    """Orders that are planned, worked on, partly corrected, and completed or cancelled."""
    for number in range(ORDERS):
        order = f"SO-{day}-{number}"
        subject, need = f"operation/{order}/10", f"need/{order}/n1"
        yield _told(f"plan-{order}", EventType.PLAN_CHANGED, f"order/{order}", now, _plan(order))
        yield _told(f"got-{order}", EventType.MATERIAL_RECEIVED, need, now, Data(quantity=5))
        for part in range(5):
            made = Data(good=1, work_unit="W1")
            yield _told(f"{part}-{order}", EventType.OPERATION_PROGRESSED, subject, now, made)
        wrong = Data(event_id=f"3-{order}", event_source="mes")
        yield _told(f"void-{order}", EventType.EVENT_VOIDED, subject, now, wrong)
        if number:
            yield _told(f"done-{order}", EventType.OPERATION_COMPLETED, subject, now, Data())
        else:
            gone, later = _plan(order, cancelled=True), now + timedelta(minutes=1)
            yield _told(f"gone-{order}", EventType.PLAN_CHANGED, f"order/{order}", later, gone)
        state = Data(state=(WorkUnitState.PROCESSING, WorkUnitState.DOWN)[number % 2])
        at = now + timedelta(minutes=number)
        yield _told(f"w-{order}", EventType.WORK_UNIT_STATE_CHANGED, "work-unit/W1", at, state)


def _told(event_id: str, kind: EventType, subject: str, at: datetime, data: Data) -> Event:
    return Event(event_id, "mes", kind, subject, at, at, data)


def _plan(order: str, cancelled: bool = False) -> Data:
    step = Operation(id="10", work_center="C", planned_start=START, planned_finish=START + DAY)
    need = MaterialNeed(id="n1", part="P", operation="10", supplier="P1", quantity=5, need_by=START)
    return Data(
        order=Order(
            id=order, product="pump", quantity=5, due_at=START, cancelled=cancelled,
            operations=(step,), needs=(need,),
        )
    )  # fmt: skip


@pytest.fixture
def life(monkeypatch: pytest.MonkeyPatch) -> Life:
    monkeypatch.setattr(Folding, "kept", 100)
    return Life()


def test_orders_over_for_more_than_two_days_are_on_no_board(life: Life) -> None:
    life.live(30)
    days = {int(order.split("-")[1]) for order in life.board.orders}
    assert days == {27, 28, 29}
    held = life.board.operations.keys() | life.board.needs.keys()
    assert {int(subject.split("-")[1]) for subject in held} == days


def test_a_board_holds_the_newest_events_alone_and_no_void_that_is_over(life: Life) -> None:
    life.live(30)
    assert len(list(events_of(states_of(life.board)))) <= 100
    assert len(life.board.voided) <= 100 // 10
    assert life.board.unmet_voids == set()
    assert len(life.board.work_units["W1"].timeline) <= 3 * ORDERS + 1


def test_counters_of_output_and_their_changes_end_with_the_days_that_are_kept(life: Life) -> None:
    life.live(30)
    assert len(life.board.output) <= 3
    assert len(life.board.changed_output) <= 3


def test_months_take_no_more_memory_than_weeks(life: Life) -> None:
    life.live(20)
    gc.collect()
    tracemalloc.start()
    life.live(20)
    before = _traced()
    life.live(60)
    grown = _traced() - before
    tracemalloc.stop()
    assert grown / (60 * ORDERS) < 500  # bytes an order: its name in the Gantt and the changes


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_a_void_of_what_just_happened_asks_sql_for_nothing_else(life: Life) -> None:
    life.live(5)
    assert life.past.asked == []


def test_an_order_leaves_only_when_all_of_it_is_recorded(life: Life) -> None:
    life.live(2)
    late = _told("late", EventType.OPERATION_PROGRESSED, "operation/SO-0-1/10", START, Data(good=1))
    life.folding.apply(late)
    life.folding.hold([late], 7)
    life.folding.forget(START + 5 * DAY, recorded_seq=6)
    assert {*life.board.orders} == {"SO-0-1"}
    life.folding.forget(START + 5 * DAY, recorded_seq=7)
    assert not life.board.orders
