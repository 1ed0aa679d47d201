"""The bars of a whole board, kept ready so that any window of them is had at once.

Pure. A member of `data.domain.indexes`. It costs nothing until somebody looks: the first
`renew` reads the board, the following ones only the orders that changed.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import inf, nan

import numpy as np

from data.domain.board import Board
from data.domain.forecast.records import OrderForecast
from data.domain.gantt.bars import BAR, NODE, Blocks, Numbers, Table, bars_of, nodes_of
from data.domain.plan import Order
from data.domain.site import Site


class GanttIndex:
    """Bars and milestones of every order on a board."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._begun = False
        self._touched: set[str] = set()
        self._clear()

    def touch(self, orders: Iterable[str]) -> None:
        """Note orders that changed; the next `renew` takes them over."""
        if self._begun:
            self._touched.update(orders)

    def renew(self, forecasts: Mapping[str, OrderForecast]) -> None:
        """Bring the bars up to the board and to what is forecast; to be called before looking."""
        if not self._begun or self._board.site_state.site is not self._site:
            self._clear()
            self._begun, self._touched = True, set(self._board.orders)
        touched, self._touched = self._touched, set()
        touched |= {
            order
            for order, forecast in forecasts.items()
            if self._forecasts.get(order) is not forecast
        }
        touched |= self._forecasts.keys() - forecasts.keys()
        for order in touched:
            self._replace(order, forecasts.get(order))

    def plan(self, order: str) -> Order | None:
        """Return the plan of an order that is shown."""
        return self.plans.get(order)

    def spans(self, now_s: float) -> tuple[Table, Table]:
        """Return from when to when each order number has something to show; NaN for none.

        What is open lasts until now at least.
        """
        last = np.where(self._open, np.fmax(self._last, now_s), self._last)
        return self._first, last

    def is_open(self, order: str) -> bool:
        """Whether any of an order's operations isn't completed."""
        number = self.numbers.orders.known(order)
        return number >= 0 and bool(self._open[number])

    def _clear(self) -> None:
        self.numbers = Numbers()
        self.bars = Blocks(BAR)
        self.nodes = Blocks(NODE)
        self.plans: dict[str, Order] = {}
        self._forecasts: dict[str, OrderForecast] = {}
        self._first = np.full(0, nan)
        self._last = np.full(0, nan)
        self._open = np.zeros(0, bool)
        self._site = self._board.site_state.site
        self.only_units = only_units(self._site)

    def _replace(self, order: str, forecast: OrderForecast | None) -> None:
        if forecast is None:
            self._forecasts.pop(order, None)
        else:
            self._forecasts[order] = forecast
        state = self._board.orders.get(order)
        plan = state.plan if state else None
        if plan is None or plan.cancelled:
            self._drop(order)
            return
        self.plans[order] = plan
        bars = bars_of(plan, self._board.operations, forecast, self.only_units, self.numbers)
        nodes = nodes_of(plan, bars, forecast)
        number = self.numbers.orders.number(order)
        self.bars.put(number, bars)
        self.nodes.put(number, nodes)
        self._measure(number, bars, nodes)

    def _drop(self, order: str) -> None:
        number = self.numbers.orders.known(order)
        if self.plans.pop(order, None) is not None:
            self.bars.drop(number)
            self.nodes.drop(number)
            self._first[number] = self._last[number] = nan
            self._open[number] = False

    def _measure(self, number: int, bars: Table, nodes: Table) -> None:
        if number >= len(self._first):
            size = max(64, 2 * number)
            self._first = _grown(self._first, size)
            self._last = _grown(self._last, size)
            self._open = np.concatenate([self._open, np.zeros(size - len(self._open), bool)])
        self._first[number], self._last[number] = extent(bars, nodes)
        self._open[number] = bool(np.isnan(bars["finish"]).any())


def extent(bars: Table, nodes: Table) -> tuple[float, float]:
    """Return the first and the last instant at which an order has something; NaN for nothing."""
    first = [bars["planned_start"], bars["start"], nodes["planned"]]
    last = [bars["planned_finish"], bars["finish"], bars["p80"], nodes["planned"], nodes["p50"]]
    low = min((float(np.fmin.reduce(a, initial=inf)) for a in first), default=inf)
    high = max((float(np.fmax.reduce(a, initial=-inf)) for a in last), default=-inf)
    return (low, high) if low <= high else (nan, nan)


def only_units(site: Site | None) -> dict[str, str]:
    """Map each work center that has a single work unit to it."""
    units = site.work_units if site else ()
    counted = Counter(unit.work_center for unit in units)
    return {unit.work_center: unit.id for unit in units if counted[unit.work_center] == 1}


def _grown(values: Table, size: int) -> Table:
    return np.concatenate([values, np.full(size - len(values), nan)])
