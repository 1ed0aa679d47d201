"""Reads completed orders of the past for the Gantt: no more than the rows that are shown.

Imported by the wiring, which hands it to `data.services.gantt`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, text

from data.domain.gantt.records import GanttView
from data.domain.gantt.rows import PastOrder, PastPage
from data.domain.plan import Order
from data.domain.subjects import OperationState
from data.store.bases import operation_from
from data.store.scoped import reading, whole

MOST_COUNTED = 20_000
_order = msgspec.json.Decoder(Order).decode
_WHERE = (
    " FROM work_order WHERE site = :site AND NOT cancelled"
    " AND completed_at >= :start AND completed_at < :before"
    " AND (released_at IS NULL OR released_at < :finish)"
    " AND (CAST(:area AS text) IS NULL OR area = :area)"
    " AND (:said = '' OR id ILIKE :said OR product ILIKE :said OR customer ILIKE :said)"
)


class GanttStore:
    """The recorded past as the Gantt needs it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def completed(
        self, site: str, view: GanttView, before: datetime, limit: int, offset: int
    ) -> PastPage:
        """Return orders completed in a view's window before an instant, the last one first.

        `total` counts no further than MOST_COUNTED. An order without a release date counts as
        begun before any window. Raises: Unavailable.
        """
        bound = {
            "site": site,
            "start": view.start,
            "before": before,
            "finish": view.finish,
            "area": view.area,
            "said": _pattern(view.text),
        }
        count = f"SELECT count(*) FROM (SELECT 1{_WHERE} LIMIT {MOST_COUNTED}) counted"
        page = (
            f"SELECT id, document::text, completed_at{_WHERE}"
            " ORDER BY completed_at DESC, id LIMIT :limit OFFSET :offset"
        )
        with reading(self._engine, whole(site)) as connection:
            total = int(connection.execute(text(count), bound).scalar_one())
            bound |= {"limit": limit, "offset": offset}
            rows = connection.execute(text(page), bound).all() if limit else []
            return PastPage(orders=_orders(connection, site, rows), total=total)

    def order(self, site: str, order: str) -> PastOrder | None:
        """Return one completed order; None when there is no such.

        Raises: Unavailable.
        """
        query = (
            "SELECT id, document::text, completed_at FROM work_order"
            " WHERE site = :site AND id = :order AND NOT cancelled AND completed_at IS NOT NULL"
        )
        with reading(self._engine, whole(site)) as connection:
            rows = connection.execute(text(query), {"site": site, "order": order}).all()
            return next(iter(_orders(connection, site, rows)), None)


def _orders(connection: Connection, site: str, rows: Sequence[Any]) -> tuple[PastOrder, ...]:
    query = (
        "SELECT order_id, operation_id, base FROM operation"
        " WHERE site = :site AND order_id = ANY(:orders)"
    )
    bound = {"site": site, "orders": [row[0] for row in rows]}
    states: dict[str, dict[str, OperationState]] = {}
    for order, operation, base in connection.execute(text(query), bound) if rows else ():
        subject = f"operation/{order}/{operation}"
        states.setdefault(order, {})[subject] = operation_from(subject, base)
    return tuple(
        PastOrder(plan=_order(document), states=states.get(order, {}), completed_at=completed_at)
        for order, document, completed_at in rows
    )


def _pattern(said: str) -> str:
    """Return a pattern of SQL that finds a text anywhere; empty for none."""
    if not said:
        return ""
    escaped = said.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
