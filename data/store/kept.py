"""Reads what is derived as it is kept, to compare it with the events, and marks what differs.

Imported by `data.commands.rebuild`.
"""

from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy import Engine, text

from data.domain.delay_cells import Cell, OrderDelay
from data.domain.delay_columns import Pack
from data.services.rebuild import Difference, KeptAccount
from data.store.delays import DelayReading
from data.store.scoped import reading, whole, writing
from data.store.stale import mark_now

_cells = msgspec.json.Decoder(tuple[Cell, ...]).decode
_ACCOUNTS = (
    "SELECT a.order_id, a.ended_at, a.late_s, a.cells, a.day, a.area, a.product, a.customer"
    " FROM order_account a LEFT JOIN work_order w ON w.site = a.site AND w.id = a.order_id"
    " WHERE a.site = :site AND a.completed AND (w.archived IS NULL OR :archived)"
    " AND NOT EXISTS (SELECT FROM stale s WHERE s.site = a.site AND s.key = a.order_id"
    " AND s.kind IN ('order', 'account')) ORDER BY a.order_id"
)
_EVER = (date(1, 1, 1), date(9999, 1, 1))


class Kept:
    """The derived tables of all sites. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def accounts(self, site: str) -> list[KeptAccount]:
        """Return the accounts of completed orders whose events are there and wait for nothing."""
        with reading(self._engine, whole(site)) as connection:
            rows = connection.execute(text(_ACCOUNTS), {"site": site, "archived": False})
            return [
                KeptAccount(order=row[0], ended_at=row[1], late_s=row[2], cells=_cells(row[3]))
                for row in rows
            ]

    def days(self, site: str) -> tuple[list[Pack], dict[date, list[OrderDelay]]]:
        """Return the days' sums, and the orders that they should be the sums of."""
        found: dict[date, list[OrderDelay]] = {}
        with reading(self._engine, whole(site), snapshot=True) as connection:
            for row in connection.execute(text(_ACCOUNTS), {"site": site, "archived": True}):
                delay = OrderDelay(
                    order=row[0], late_s=row[2], cells=_cells(row[3]), area=row[5],
                    product=row[6], customer=row[7],
                )  # fmt: skip
                found.setdefault(row[4], []).append(delay)
            packs, _ = DelayReading(connection).packs(site, *_EVER)
        return packs, found

    def mark(self, site: str, differences: Sequence[Difference]) -> None:
        """Let the watch work out anew what differs."""
        kinds = {one.kind for one in differences}
        with writing(self._engine, whole(site)) as connection:
            for kind in sorted(kinds):
                keys = {one.key for one in differences if one.kind == kind and one.key}
                mark_now(connection, site, kind, sorted(keys))
