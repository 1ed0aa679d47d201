"""The board that holds an order: the one at hand, or one made for it from the history.

A live board forgets orders that were completed days ago, and a board of the past those
completed long before it; their pages stay. Imported by callbacks, put together by the wiring.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from data.domain.board import Board
from data.domain.events import Event, need_subject, operation_subject, order_subject
from data.domain.plan import Order
from data.domain.scope import Scope
from data.domain.subjects import Fold, Identity
from data.services.errors import Forbidden
from data.services.views import SiteView


class RecordedOrders(Protocol):
    """The newest states of orders."""

    def orders(self, site: str, order_ids: Sequence[str]) -> list[Fold]:
        """States of orders with their operations and needs."""

    def archived(
        self, site: str, orders: Sequence[str], identities: Sequence[Identity], before: datetime
    ) -> tuple[set[str], set[Identity]]:
        """Which orders are archived, and which events were recorded before."""


class RecordedThen(Protocol):
    """What was recorded by an instant."""

    def events_until(self, site: str, at: datetime, subjects: Sequence[str]) -> list[Event]:
        """Events of subjects that were recorded by then and not corrected by then."""


class OrderBoards:
    """Finds the board that holds an order."""

    def __init__(self, recorded: RecordedOrders, then: RecordedThen) -> None:
        self._recorded = recorded
        self._then = then

    def of(self, scope: Scope, view: SiteView, order: str, at: datetime | None) -> Board:
        """Return a board of the site that holds the order as it is, or was at an instant.

        Raises: Forbidden when there is no such order or the scope may not see it;
        Unavailable when it can only be found in the history, which can't be reached.
        """
        if not scope.may_see(view.site):
            raise Forbidden(view.site)
        if plan_on(view.board, order) is not None:
            return view.board
        board = Board(view.site)
        board.site_state = view.board.site_state
        if at is None:
            board.restore(self._recorded.orders(view.site, [order]))
        else:
            self._fold_until(board, order, at)
            self._take_archived(board, order, at)
        if plan_on(board, order) is None:
            raise Forbidden(order)
        return board

    def _take_archived(self, board: Board, order: str, at: datetime) -> None:
        """Take an order whose events are archived as it is: nothing was recorded of it since."""
        if plan_on(board, order) is None:
            archived, _ = self._recorded.archived(board.site_id, [order], [], at)
            if archived:
                board.restore(self._recorded.orders(board.site_id, [order]))

    def _fold_until(self, board: Board, order: str, at: datetime) -> None:
        _fold(board, self._then.events_until(board.site_id, at, [order_subject(order)]))
        plan = plan_on(board, order)
        if plan is not None:
            _fold(board, self._then.events_until(board.site_id, at, _members(plan)))


def plan_on(board: Board, order: str) -> Order | None:
    """Return an order's plan; None when the board doesn't hold it."""
    state = board.orders.get(order)
    return None if state is None else state.plan


def _members(plan: Order) -> list[str]:
    operations = [operation_subject(plan.id, operation.id) for operation in plan.operations]
    return operations + [need_subject(plan.id, need.id) for need in plan.needs]


def _fold(board: Board, events: Sequence[Event]) -> None:
    for event in events:
        board.apply(event)
