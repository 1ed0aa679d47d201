"""`/orders`: every order, searched, filtered and sorted; those at most risk first."""

from collections.abc import Sequence

from dash import Dash
from dash.development.base_component import Component

from callbacks.desk.visit import BadParameter, Visit
from data.domain.orders import SORTS, WHICH, OrderFilter, OrderList, Sort, Which
from data.domain.topics import CLOCK, FORECASTS, HISTORY, OPERATIONS, PLAN
from data.domain.view import Standing
from data.services.orders import Orders
from layouts.pages import orders
from layouts.sheets import Sheet
from layouts.text import Translator

ROWS = 50
MOST_PAGES = 400
MOST_EXPORTED = 20_000
DIRECTIONS = ("down", "up")
_WHICH: dict[str, Which] = {which: which for which in WHICH}
_SORTS: dict[str, Sort] = {sort: sort for sort in SORTS}


class OrdersPage:
    """The list of orders."""

    name = "orders"
    path = "/orders"
    topics = OPERATIONS | PLAN | FORECASTS | HISTORY | CLOCK

    def __init__(self, service: Orders) -> None:
        self._orders = service

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(orders.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return the page of the list that the address asks for."""
        by, page = filter_of(visit), visit.whole("page", 1, MOST_PAGES, 1)
        found = self._found(visit, by, ROWS, (page - 1) * ROWS)
        view = orders.ListView(
            found=found,
            by=by,
            facets=self._orders.facets(visit.scope, visit.live),
            page=page,
            pages=min(MOST_PAGES, -(-found.total // ROWS)),
            timezone=visit.timezone,
            now=visit.now,
        )
        return orders.layout(view, visit.href, visit.t)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return the whole list."""
        found = self._found(visit, filter_of(visit), MOST_EXPORTED)
        return (orders.sheet(found, visit.t),)

    def _found(self, visit: Visit, by: OrderFilter, limit: int, offset: int = 0) -> OrderList:
        now = visit.at is None
        return self._orders.search(visit.scope, visit.live, by, limit, offset, causes=now)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""


def filter_of(visit: Visit) -> OrderFilter:
    """Return what the address asks for.

    Raises: BadParameter.
    """
    due_from, due_to = visit.day("from"), visit.day("to")
    if due_from and due_to and due_to < due_from:
        raise BadParameter("to", "day")
    standing = visit.choice("standing", orders.STANDINGS, "")
    return OrderFilter(
        which=_WHICH[visit.choice("which", WHICH, "open")],
        text=visit.text("q"),
        standing=Standing(standing) if standing else None,
        area=visit.text("area"),
        product=visit.text("product"),
        customer=visit.text("customer"),
        due_from=due_from,
        due_to=due_to,
        sort=_SORTS[visit.choice("sort", SORTS, "risk")],
        descending=visit.choice("dir", DIRECTIONS, "up") == "down",
    )
