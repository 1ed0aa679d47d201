"""An order is found on the board at hand, else in the history, else nowhere."""

from types import SimpleNamespace

import pytest

from data.domain.board import Board
from data.domain.scope import factory_scope
from data.services.errors import Forbidden, Unavailable
from data.services.order_boards import OrderBoards, plan_on
from tests.unit.domain.order_records import EVENTS, NOW, ORDER, SITE, at, board_of

SCOPE = factory_scope("works")


class Recorded:
    """Remembers one order, and what was recorded of it."""

    def __init__(self, events=EVENTS, down=False):
        self.board, self.down, self.asked = board_of(events), down, []

    def archived(self, site, orders, identities, before):
        return set(), set()

    def orders(self, site, order_ids):
        if self.down:
            raise Unavailable("down")
        self.asked.append((site, *order_ids))
        board = self.board
        wanted = [board.orders[o] for o in order_ids if o in board.orders]
        return [*wanted, *board.operations.values(), *board.needs.values()] if wanted else []

    def events_until(self, site, when, subjects):
        folds = [self.board.existing(subject) for subject in subjects]
        events = [event for fold in folds if fold for event in fold.ledger.values()]
        return [event for event in events if event.recorded_at <= when]


def view_of(board):
    return SimpleNamespace(site="works", board=board)


def empty():
    board = Board("works")
    board.site_state = board_of(()).site_state
    return board


def test_an_order_that_the_board_holds_is_taken_from_there():
    recorded, board = Recorded(), board_of()
    assert OrderBoards(recorded, recorded).of(SCOPE, view_of(board), "SO-1", None) is board
    assert recorded.asked == []


def test_an_order_that_left_the_board_is_taken_from_the_history_with_its_site():
    recorded = Recorded()
    found = OrderBoards(recorded, recorded).of(SCOPE, view_of(empty()), "SO-1", None)
    assert plan_on(found, "SO-1") == ORDER
    assert found.operation("SO-1", "10").good == 98
    assert found.site == SITE


def test_the_past_is_folded_from_what_had_been_recorded_by_then():
    recorded = Recorded()
    found = OrderBoards(recorded, recorded).of(SCOPE, view_of(empty()), "SO-1", at(2))
    assert found.operation("SO-1", "10").started_at == at(0)
    assert found.operation("SO-1", "10").finished_at is None
    assert found.operation("SO-1", "20").started_at is None


@pytest.mark.parametrize("when", [None, NOW])
def test_an_order_that_never_was_is_not_there(when):
    recorded = Recorded()
    with pytest.raises(Forbidden):
        OrderBoards(recorded, recorded).of(SCOPE, view_of(empty()), "SO-404", when)


def test_who_may_not_see_the_site_sees_none_of_its_orders():
    recorded = Recorded()
    with pytest.raises(Forbidden):
        OrderBoards(recorded, recorded).of(
            factory_scope("other"), view_of(board_of()), "SO-1", None
        )


def test_a_history_that_is_down_says_so_only_when_it_is_needed():
    recorded = Recorded(down=True)
    boards = OrderBoards(recorded, recorded)
    assert boards.of(SCOPE, view_of(board_of()), "SO-1", None)
    with pytest.raises(Unavailable):
        boards.of(SCOPE, view_of(empty()), "SO-1", None)
