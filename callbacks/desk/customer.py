"""`/customer`: a customer's own board, drawn from what is disclosed to it and nothing else."""

from collections import Counter
from collections.abc import Mapping, Sequence

from dash import Dash
from dash.development.base_component import Component
from msgspec import Struct

from callbacks.desk.date_acts import sent, wrong
from callbacks.desk.party_visit import PartyVisit
from data.domain.bought import (
    WHICH,
    Bought,
    BoughtFilter,
    bought,
    compared,
    of_which,
    seen_of,
    wanted,
)
from data.domain.policy import Kind
from data.domain.scope import Role
from data.domain.topics import STATEMENTS
from data.domain.view import Standing
from data.services.dates import Dated, Dates
from data.services.errors import Forbidden, Unavailable
from data.services.visits import Before, Visits
from layouts.components.dating import Sender
from layouts.components.reading import Reading
from layouts.pages import customer
from layouts.pages.customer_sheets import sheets
from layouts.sheets import Sheet
from layouts.text import Translator
from layouts.urls import Address

ROWS = 20
MOST_PAGES = 500
BOARD = "customer"
ACTION = "/customer/say"


class Found(Struct, frozen=True, kw_only=True):
    """What one visit found: all of the customer's orders, and those that the address leaves."""

    rows: Sequence[Bought]
    shown: Sequence[Bought]
    by: BoughtFilter
    said: Mapping[str, Dated]
    before: Before


class CustomerPage:
    """How a customer's orders stand."""

    name = "customer"
    path = "/customer"
    topics = 1 | STATEMENTS
    party = True
    roles = frozenset({Role.CUSTOMER})

    def __init__(self, dates: Dates, visits: Visits) -> None:
        self._dates = dates
        self._visits = visits

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(customer.TITLE)

    def body(self, visit: PartyVisit) -> Component:
        """Return the board that the address asks for."""
        found = self._found(visit)
        page = visit.whole("page", 1, MOST_PAGES, 1)
        open_, shown = _open(found, visit), found.shown[(page - 1) * ROWS : page * ROWS]
        if open_ is not None and open_ not in shown:
            shown = [open_, *shown]
        of_all = of_which(found.rows, found.by.which)
        reading = reading_of(visit)
        view = customer.CustomerView(
            rows=shown,
            by=found.by,
            counts=Counter(row.standing or Standing.UNKNOWN for row in of_all),
            changed=sum(bool(row.changes) for row in of_all),
            page=page,
            pages=-(-len(found.shown) // ROWS),
            reading=reading,
            since=found.before.at,
            chosen=None if open_ is None else open_.order,
            node=_node(open_, visit),
            said={key: one.entries for key, one in found.said.items()},
            agreed={key: one.standing for key, one in found.said.items()},
            sender=Sender(action=ACTION, csrf=visit.csrf, site=visit.site, reading=reading),
            sent=sent(visit),
            wrong=wrong(visit),
        )
        return customer.layout(view, visit.href)

    def sheets(self, visit: PartyVisit) -> Sequence[Sheet]:
        """Return what the filters leave: orders, milestones, what was said about dates."""
        found = self._found(visit)
        said = {key: one.entries for key, one in found.said.items()}
        return sheets(found.shown, said, visit.t)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _found(self, visit: PartyVisit) -> Found:
        by = filter_of(visit)
        rows = bought(visit.rows(Kind.ORDER), visit.rows(Kind.MILESTONE))
        try:
            before = self._visits.look(
                visit.scope, visit.actor, visit.site, BOARD, seen_of(rows), visit.now
            )
        except Unavailable:
            before = Before()
        rows = compared(rows, before.seen)
        said = self._dates.history(visit.scope, visit.site, visit.now)
        return Found(rows=rows, shown=wanted(rows, by), by=by, said=said, before=before)


def filter_of(visit: PartyVisit) -> BoughtFilter:
    """Return what the address asks for.

    Raises: BadParameter.
    """
    standing = visit.choice("standing", [one.value for one in customer.STANDINGS], "")
    return BoughtFilter(
        which=visit.choice("which", WHICH, WHICH[0]),
        standing=Standing(standing) if standing else None,
        text=visit.text("q") or "",
        changed=visit.choice("changed", ("1",), "") == "1",
    )


def reading_of(visit: PartyVisit) -> Reading:
    """Return how dates are said to the viewer."""
    here = Address(path=visit.path, query=visit.query, variables=visit.variables)
    return Reading(t=visit.t, timezone=visit.timezone, now=visit.now, address=here)


def _open(found: Found, visit: PartyVisit) -> Bought | None:
    """Return the order that is unfolded.

    Raises: Forbidden when the viewer has none of that name.
    """
    order, key = visit.text("order"), visit.text("milestone")
    if order is None and key is None:
        return None
    for row in found.rows:
        if order is None and any(node.key == key for node in row.nodes):
            return row
        if order is not None and row.order == order:
            return row
    raise Forbidden(order or "milestone")


def _node(row: Bought | None, visit: PartyVisit) -> str | None:
    """Return the key of the milestone that is unfolded.

    Raises: Forbidden when the order has none of that name.
    """
    key = visit.text("milestone")
    if key is None:
        return None
    if row is None or not any(node.key == key for node in row.nodes):
        raise Forbidden(key)
    return key
