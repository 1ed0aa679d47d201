"""Finds orders: the open ones on the board, the completed ones in the recorded past.

Imported by callbacks. With the past out of reach the open ones are still found.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from heapq import merge
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import structlog
from msgspec import Struct
from msgspec.structs import replace

from data.domain.board import Board
from data.domain.orders import (
    Facets,
    OrderFilter,
    OrderList,
    OrderRow,
    Sort,
    completed_row,
    due_window,
    facets,
    open_orders,
    party_names,
    row_of,
    sort_rows,
)
from data.domain.plan import Order
from data.domain.scope import Scope
from data.domain.view import Standing
from data.services.errors import Forbidden, Unavailable
from data.services.views import SiteView

MOST_OPEN = 100_000
MOST_FOUND = 20_000  # completed orders that a list goes down to
_log = structlog.get_logger("orders")


class CompletedQuery(Struct, frozen=True, kw_only=True):
    """What is asked of the recorded past; `customers`: ids whose names hold the text."""

    text: str | None
    customers: tuple[str, ...]
    centers: tuple[str, ...] | None  # of the area asked for
    area: str | None
    product: str | None
    customer: str | None
    due_from: datetime | None
    due_before: datetime | None
    until: datetime
    sort: Sort
    descending: bool


class OrderPast(Protocol):
    """What finding orders asks of the recorded past."""

    def completed(
        self, site: str, query: CompletedQuery, limit: int, offset: int
    ) -> tuple[list[tuple[Order, datetime]], int]:
        """Return completed orders with their completion, and how many there are."""

    def top_causes(self, site: str, orders: Sequence[str]) -> Mapping[str, str | None]:
        """Return what made orders late most, of those that have an account."""


class Orders:
    """The list of orders."""

    def __init__(self, past: OrderPast) -> None:
        self._past = past

    def facets(self, scope: Scope, live: SiteView) -> Facets:
        """Return what the open orders can be filtered by.

        Raises: Forbidden.
        """
        _permit(scope, live)
        return facets(live.indexes.book.worst(None, MOST_OPEN), live.board)

    def search(
        self,
        scope: Scope,
        live: SiteView,
        by: OrderFilter,
        limit: int,
        offset: int = 0,
        causes: bool = True,
    ) -> OrderList:
        """Return a page of the orders that a filter leaves.

        `causes`: of lateness, as they are known now: wrong for a board of the past.

        Raises: Forbidden; Unavailable when completed orders alone are wanted and the recorded
        past can't be reached.
        """
        _permit(scope, live)
        names = party_names(live.board)
        candidates = live.indexes.book.worst(by.area, MOST_OPEN)
        found, standings = open_orders(candidates, live.board, by)
        rows = [row_of(row, names) for row in self._open(found, by)]
        total, missing = len(rows), False
        if _wants_completed(by):
            rows, total, missing = self._joined(live, by, rows, limit + offset, names)
        shown, without = rows[offset : offset + limit], False
        if causes:
            shown, without = self._with_causes(live.site, shown)
        return OrderList(
            rows=tuple(shown),
            total=total,
            standings=dict(standings),
            history_missing=missing or without,
        )

    def _open(self, found: list[Any], by: OrderFilter) -> list[Any]:
        wanted = by.which != "completed" and by.standing is not Standing.DONE
        return sort_rows(found, by) if wanted else []

    def _joined(
        self,
        live: SiteView,
        by: OrderFilter,
        rows: list[OrderRow],
        most: int,
        names: Mapping[str, str],
    ) -> tuple[list[OrderRow], int, bool]:
        """Return open and completed rows as one list down to `most`, and how many there are."""
        query = _query(live, by, names)
        try:
            past, count = self._past.completed(live.site, query, min(most, MOST_FOUND), 0)
        except Unavailable:
            if by.which == "completed":
                raise
            return rows, len(rows), True
        done = [completed_row(plan, at, names) for plan, at in past]
        if by.sort == "risk":
            both = [*done, *rows] if by.descending else [*rows, *done]
        else:
            both = list(merge(rows, done, key=_KEYS[by.sort], reverse=by.descending))
        return both, len(rows) + count, False

    def _with_causes(self, site: str, rows: list[OrderRow]) -> tuple[list[OrderRow], bool]:
        late = [row.order for row in rows if (row.late_s or 0) > 0]
        if not late:
            return rows, False
        try:
            causes = self._past.top_causes(site, late)
        except Unavailable as error:
            _log.warning("list without causes", site=site, reason=str(error))
            return rows, True
        return [
            replace(row, top_cause=causes[row.order]) if row.order in causes else row
            for row in rows
        ], False


_KEYS: dict[Sort, Any] = {
    "due": lambda row: (row.due_at, row.order),
    "order": lambda row: row.order,
    "forecast": lambda row: (row.ended_at or row.due_at, row.order),
}


def _permit(scope: Scope, live: SiteView) -> None:
    if not scope.may_see(live.site):
        raise Forbidden(live.site)


def _wants_completed(by: OrderFilter) -> bool:
    return by.which != "open" and by.standing in (None, Standing.DONE)


def _query(live: SiteView, by: OrderFilter, names: Mapping[str, str]) -> CompletedQuery:
    board = live.board
    low, high = due_window(by, ZoneInfo(board.site.timezone))
    needle = by.text.casefold() if by.text else None
    holding = [party for party, name in names.items() if needle and needle in name.casefold()]
    return CompletedQuery(
        text=by.text,
        customers=tuple(holding),
        centers=_centers(board, by.area),
        area=by.area,
        product=by.product,
        customer=by.customer,
        due_from=low,
        due_before=high,
        until=live.now,
        sort=by.sort,
        descending=by.descending,
    )


def _centers(board: Board, area: str | None) -> tuple[str, ...] | None:
    if area is None:
        return None
    return tuple(center.id for center in board.site.work_centers if center.area == area)
