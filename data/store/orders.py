"""Finds completed orders in the recorded past; the wiring hands it to services."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Engine, text

from data.domain.orders import Sort
from data.domain.plan import Order
from data.services.orders import CompletedQuery
from data.store.delays import DelayReading
from data.store.scoped import reading, whole

_order = msgspec.json.Decoder(Order).decode
_ORDER: dict[Sort, str] = {
    "risk": "o.completed_at {up}, o.id",
    "due": 'o.due_at {down}, o.id COLLATE "C" {down}',
    "order": 'o.id COLLATE "C" {down}',
    "forecast": 'o.completed_at {down}, o.id COLLATE "C" {down}',
}
# The line of an order: the one that it names, else that of its last operation.
_AREA = (
    "(o.area = :area OR o.area IS NULL AND"
    " o.document -> 'operations' -> -1 ->> 'work_center' = ANY(:centers))"
)
_TEXT = "(o.search ILIKE :like OR o.customer = ANY(:customers))"
# The page is found among narrow rows; whole documents are read of its orders alone.
_PAGE = (
    "SELECT w.document::text, w.completed_at FROM"
    " (SELECT o.site, o.id, row_number() OVER (ORDER BY {order}) AS place FROM work_order o"
    " WHERE {where} ORDER BY {order} LIMIT :limit OFFSET :offset) AS page"
    " JOIN work_order w ON w.site = page.site AND w.id = page.id ORDER BY page.place"
)


class CompletedOrders:
    """The completed orders of all sites."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def completed(
        self, site: str, query: CompletedQuery, limit: int, offset: int
    ) -> tuple[list[tuple[Order, datetime]], int]:
        """Return completed orders with their completion, and how many there are.

        Raises: Unavailable.
        """
        where, bound = _where(site, query)
        down, up = ("DESC", "ASC") if query.descending else ("ASC", "DESC")
        order = _ORDER[query.sort].format(down=down, up=up)
        count = f"SELECT count(*) FROM work_order o WHERE {where}"
        page = _PAGE.format(order=order, where=where)
        with reading(self._engine, whole(site)) as connection:
            total: int = connection.execute(text(count), bound).scalar_one()
            rows = connection.execute(text(page), bound | {"limit": limit, "offset": offset})
            return [(_order(document), at) for document, at in rows], total

    def top_causes(self, site: str, orders: Sequence[str]) -> Mapping[str, str | None]:
        """Return what made orders late most, of those that have an account.

        Raises: Unavailable.
        """
        with reading(self._engine, whole(site)) as connection:
            found = DelayReading(connection).orders(site, orders)
        return {order: delayed.top_cause for order, delayed in found.items()}


def _where(site: str, query: CompletedQuery) -> tuple[str, dict[str, Any]]:
    """Return the condition and its values; only conditions that are asked for stand in it."""
    asked: dict[str, tuple[str, Any]] = {
        "area": (_AREA, query.area),
        "product": ("o.product = :product", query.product),
        "customer": ("o.customer = :customer", query.customer),
        "due_from": ("o.due_at >= :due_from", query.due_from),
        "due_before": ("o.due_at < :due_before", query.due_before),
        "like": (_TEXT, None if query.text is None else f"%{_literal(query.text)}%"),
    }
    parts = ["o.site = :site", "NOT o.cancelled", "o.completed_at <= :until"]
    bound: dict[str, Any] = {"site": site, "until": query.until}
    for name, (condition, value) in asked.items():
        if value is not None:
            parts.append(condition)
            bound[name] = value
    if query.area is not None:
        bound["centers"] = list(query.centers or ())
    if query.text is not None:
        bound["customers"] = list(query.customers)
    return " AND ".join(parts), bound


def _literal(text: str) -> str:
    """Return a text of which no sign is a wildcard."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
