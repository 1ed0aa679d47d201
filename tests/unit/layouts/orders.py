"""The made-up order of the domain's tests, as its page has it, and ways to look at a tree."""

from collections.abc import Iterator
from typing import Any

from dash.development.base_component import Component
from msgspec.structs import replace

from data.domain.events import Event, EventType
from data.domain.order_account import account_of
from data.domain.order_view import OrderView, order_view
from data.services.accounts import PlanVersion
from layouts.components.reading import Reading
from layouts.components.waterfall import Shown
from layouts.pages import order as page
from layouts.pages.order import Past
from layouts.text import translator
from layouts.urls import Address
from tests.unit.domain.order_records import (
    EVENTS,
    FIRST_PLAN,
    FORECAST,
    NOW,
    ORDER,
    SITE,
    THE_REST,
    at,
    board_of,
    ledger_of,
    tell,
)

OLD = PlanVersion(number=1, at=at(-5), source="erp", order=FIRST_PLAN)
NEW = PlanVersion(number=2, at=at(-1), source="erp", order=ORDER)
PROOFS: tuple[Event, ...] = (
    tell(EventType.OPERATION_STARTED, "operation/SO-9/10", 3, work_unit="M1"),
    tell(EventType.OPERATION_COMPLETED, "operation/SO-9/10", 5, work_unit="M1", good=7),
)


def reading(locale: str = "en", **query: str) -> Reading:
    here = Address(path="/orders/SO-1", query={"site": "works", **query})
    return Reading(t=translator(locale), timezone="UTC", now=NOW, address=here)


def open_view(**more: Any) -> OrderView:
    return order_view(ORDER, board_of(), NOW, forecast=FORECAST, **more)


def done_view() -> OrderView:
    return order_view(ORDER, board_of((*EVENTS, *THE_REST)), at(30))


def past(**more: Any) -> Past:
    known = Past(account=account_of(ledger_of()), events=(), versions=(NEW,))
    return replace(known, **more)


def drawn(
    view: OrderView, about: Past, shown: Shown | None = None, locale: str = "en"
) -> Component:
    return page.layout(view, about, shown or Shown(), SITE, reading(locale))


def parts(tree: Component, css: str) -> list[Component]:
    return [part for part in walk(tree) if css in str(getattr(part, "className", "")).split()]


def walk(tree: Component) -> Iterator[Component]:
    yield tree
    yield from (part for part in tree._traverse() if isinstance(part, Component))


def words(tree: Any) -> str:
    if isinstance(tree, Component):
        return words(getattr(tree, "children", None))
    if isinstance(tree, list | tuple):
        return " ".join(filter(None, (words(child) for child in tree)))
    return "" if tree is None else str(tree)


def hrefs(tree: Component) -> list[str]:
    return [part.href for part in walk(tree) if getattr(part, "href", None)]
