"""A copy of a board with what forecasting reads, so that a forecast may take its time.

The watch folds on while a forecast is made from the copy. Imported by the forecasts alone.
"""

from collections.abc import Iterable

from data.domain.board import Board
from data.domain.events import need_subject, operation_subject
from data.domain.plan import Order

GONE = 50  # orders that left the live board and are still held here, at most


class Image:
    """A board that stands still until `take` brings it up to the live one."""

    def __init__(self, live: Board) -> None:
        """Copy all of it."""
        self.board = Board(live.site_id)
        self.take_site(live)
        self.take(live, live.orders)

    def take_site(self, live: Board) -> None:
        """Take over the site's model and drop the orders that have left the live board."""
        self.board.site_state = live.site_state.as_base()
        self.take_units(live)
        self._drop(self.board.orders.keys() - live.orders.keys())

    def take_units(self, live: Board) -> None:
        """Take over the state of every work unit."""
        self.board.work_units = {name: unit.as_base() for name, unit in live.work_units.items()}

    def take(self, live: Board, orders: Iterable[str]) -> None:
        """Take over orders with their operations and needs."""
        for order in orders:
            state = live.orders.get(order)
            if state is None or state.plan is None:
                self._drop((order,))
            else:
                self.board.orders[order] = state.as_base()
                self._take_members(live, state.plan)
        if len(self.board.orders) > len(live.orders) + GONE:
            self._drop(self.board.orders.keys() - live.orders.keys())

    def snapshot(self) -> Board:
        """Return a board that stands still although this one goes on: its states are replaced."""
        still = Board(self.board.site_id)
        still.site_state = self.board.site_state
        still.orders, still.operations = dict(self.board.orders), dict(self.board.operations)
        still.needs, still.work_units = dict(self.board.needs), dict(self.board.work_units)
        return still

    def plan(self, order: str) -> Order | None:
        """Return the plan of an order as it was taken over last."""
        state = self.board.orders.get(order)
        return None if state is None else state.plan

    def _take_members(self, live: Board, plan: Order) -> None:
        for operation in plan.operations:
            subject = operation_subject(plan.id, operation.id)
            progress = live.operations.get(subject)
            if progress is None:
                self.board.operations.pop(subject, None)
            else:
                self.board.operations[subject] = progress.as_base()
        for need in plan.needs:
            subject = need_subject(plan.id, need.id)
            supply = live.needs.get(subject)
            if supply is None:
                self.board.needs.pop(subject, None)
            else:
                self.board.needs[subject] = supply.as_base()

    def _drop(self, orders: Iterable[str]) -> None:
        for order in orders:
            plan = self.plan(order)
            self.board.orders.pop(order, None)
            for operation in plan.operations if plan else ():
                self.board.operations.pop(operation_subject(order, operation.id), None)
            for need in plan.needs if plan else ():
                self.board.needs.pop(need_subject(order, need.id), None)
