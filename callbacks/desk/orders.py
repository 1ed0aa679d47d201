"""`/orders`: every order, searched, filtered and sorted; those at most risk first."""

from collections.abc import Sequence

from dash import Dash
from dash.development.base_component import Component

from callbacks.desk.visit import Visit
from data.domain.topics import FORECASTS, OPERATIONS, PLAN
from layouts.pages import orders
from layouts.sheets import Sheet
from layouts.text import Translator


class OrdersPage:
    """The list of orders."""

    name = "orders"
    path = "/orders"
    topics = OPERATIONS | PLAN | FORECASTS

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(orders.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return the list."""
        rows = visit.live.indexes.book.worst(None, 50)
        return orders.layout(rows, visit.href, visit.timezone, visit.now, visit.t)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return the whole list."""
        rows = visit.live.indexes.book.worst(None, 20_000)
        return (orders.sheet(rows, visit.t),)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""
