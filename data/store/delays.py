"""Keeps accounts of orders, the days that they are summed up by, and who held a work unit when.

Imported by the wiring, which hands it to services. The writers of one site wait for each other; a
day's sums are packed again from the rows of its orders in the transaction that changes one of
these, so they can't differ.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import psycopg
from sqlalchemy import Connection, Engine, text

from data.domain.delay_cells import Cell, OrderDelay, top
from data.domain.delay_columns import Pack, pack_of
from data.domain.delays import DelayedOrder, FeverPoint
from data.domain.ledger.records import Occupation
from data.services.delays import OpenOrder
from data.services.derivation import EVER, Mark, OrderAccount
from data.services.errors import Unavailable
from data.services.staleness import ORDER
from data.store import derived_version
from data.store.scoped import reading, whole, writing
from data.store.stale import Stale, settle

_cells = msgspec.json.Decoder(tuple[Cell, ...]).decode
_DAY = timedelta(days=1)

_ALONE = "SELECT pg_advisory_xact_lock(hashtext('delays'), hashtext(:site))"
_SETTLED = (
    "DELETE FROM stale s"
    " USING unnest(CAST(:keys AS text[]), CAST(:marks AS bigint[])) d (key, mark)"
    " WHERE s.site = :site AND s.kind = 'account' AND s.key = d.key AND s.mark = d.mark"
    " RETURNING s.key"
)
_REMAKE = (
    "INSERT INTO stale (site, kind, key, mark) SELECT :site, 'account', key, 1 FROM ("
    " SELECT unnest(CAST(:remake AS text[])) AS key UNION SELECT order_id FROM order_account"
    " WHERE site = :site AND order_id = ANY(:orders) AND completed ORDER BY key) m"
    " ON CONFLICT (site, kind, key) DO UPDATE SET mark = stale.mark + 1"
)
_MISSING = (
    "INSERT INTO stale (site, kind, key, mark) SELECT o.site, 'order', o.id, 0 FROM work_order o"
    " LEFT JOIN order_account a ON a.site = o.site AND a.order_id = o.id"
    " WHERE o.site = :site AND NOT o.cancelled AND a.order_id IS NULL ORDER BY o.id"
    " ON CONFLICT DO NOTHING"
)
_COUNT_MISSING = (
    "SELECT count(*) FROM work_order o"
    " LEFT JOIN order_account a ON a.site = o.site AND a.order_id = o.id"
    " WHERE o.site = :site AND NOT o.cancelled AND a.order_id IS NULL"
)
_OCCUPY = (
    "INSERT INTO occupation VALUES (:site, :work_unit, :day, :order_id, :operation_id,"
    " :start_at, :end_at, :enabled_at, :kind, :evidence) ON CONFLICT DO NOTHING"
)
_DAYS_OF = (
    "SELECT DISTINCT day FROM order_account"
    " WHERE site = :site AND order_id = ANY(:orders) AND completed"
)
_KEEP = (
    "INSERT INTO order_account (site, order_id, area, product, family, customer, quantity, due_at,"
    " ended_at, completed, late_s, day, made_at, done, used, zone, cells)"
    " VALUES (:site, :order_id, :area, :product, :family, :customer, :quantity, :due_at,"
    " :ended_at, :completed, :late_s, :day, :made_at, :done, :used, :zone, :cells)"
    " ON CONFLICT (site, order_id) DO UPDATE SET area = EXCLUDED.area,"
    " product = EXCLUDED.product, family = EXCLUDED.family, customer = EXCLUDED.customer,"
    " quantity = EXCLUDED.quantity, due_at = EXCLUDED.due_at, ended_at = EXCLUDED.ended_at,"
    " completed = EXCLUDED.completed, late_s = EXCLUDED.late_s, day = EXCLUDED.day,"
    " made_at = EXCLUDED.made_at, done = EXCLUDED.done, used = EXCLUDED.used,"
    " zone = EXCLUDED.zone, cells = EXCLUDED.cells"
)
_OF_DAY = (
    "SELECT order_id, area, product, customer, late_s, cells FROM order_account"
    " WHERE site = :site AND day = :day AND completed ORDER BY order_id"
)
_KEEP_DAY = (
    "INSERT INTO delay_day VALUES (:site, :day, :made_at, :head, :orders, :cells)"
    " ON CONFLICT (site, day) DO UPDATE SET made_at = EXCLUDED.made_at, head = EXCLUDED.head,"
    " orders = EXCLUDED.orders, cells = EXCLUDED.cells"
)
_DUE = (
    "SELECT o.id FROM work_order o LEFT JOIN order_account a"
    " ON a.site = o.site AND a.order_id = o.id"
    " WHERE o.site = :site AND NOT o.cancelled"
    " AND (o.completed_at IS NULL OR o.completed_at >= :settled)"
    " AND (a.made_at IS NULL OR a.made_at < :before)"
    " ORDER BY a.made_at NULLS FIRST, o.id LIMIT :most"
)
_PACKS = (  # for psycopg itself
    "SELECT day, made_at, head, orders, cells FROM delay_day"
    " WHERE site = %s AND day BETWEEN %s AND %s ORDER BY day"
)
_OPEN = (
    "SELECT order_id, area, product, customer, late_s, cells, day, made_at, done, used, zone"
    " FROM order_account WHERE site = :site AND NOT completed ORDER BY day, order_id"
)
_ORDERS = (
    "SELECT order_id, product, customer, area, quantity, due_at, ended_at, completed, late_s, cells"
    " FROM order_account WHERE site = :site AND order_id = ANY(:orders)"
)


class DelayStore:
    """The accounts of all sites."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stale = Stale(engine)

    def version(self, site: str) -> int:
        """Return the derived version.

        Raises: Unavailable.
        """
        with reading(self._engine, whole(site)) as connection:
            return derived_version.current(connection, site)

    @contextmanager
    def reading(self, site: str) -> Iterator["DelayReading"]:
        """Read a site at one instant of the database.

        Raises: Unavailable.
        """
        with reading(self._engine, whole(site), snapshot=True) as connection:
            yield DelayReading(connection)

    def marked(self, site: str, kind: str, most: int) -> list[Mark]:
        """Return keys that are marked, those marked longest ago first.

        Raises: Unavailable.
        """
        return self._stale.take(site, kind, most)

    def due(self, site: str, before: datetime, settled: datetime, most: int) -> list[str]:
        """Return orders open, or completed since `settled`, whose account is older than `before`.

        Raises: Unavailable.
        """
        bound = {"site": site, "before": before, "settled": settled, "most": most}
        with reading(self._engine, whole(site)) as connection:
            return [row[0] for row in connection.execute(text(_DUE), bound)]

    def mark_missing(self, site: str) -> None:
        """Mark every order that has no account yet.

        Raises: Unavailable.
        """
        with writing(self._engine, whole(site)) as connection:
            connection.execute(text(_MISSING), {"site": site})

    def missing(self, site: str) -> int:
        """Return how many orders have no account yet.

        Raises: Unavailable.
        """
        with reading(self._engine, whole(site)) as connection:
            return int(connection.execute(text(_COUNT_MISSING), {"site": site}).scalar_one())

    def keep_occupations(
        self, site: str, occupied: Mapping[str, Sequence[Occupation]],
        marks: Sequence[Mark], remake: Sequence[str],
    ) -> None:  # fmt: skip
        """Replace what orders did on work units, settle marks, mark accounts to be made.

        Accounts of completed orders are marked too: whatever happened to these changes them.
        Raises: Unavailable.
        """
        orders = sorted(occupied)
        rows = [row for o in orders for one in occupied[o] for row in _occupation_rows(site, one)]
        with writing(self._engine, whole(site)) as connection:
            connection.execute(text(_ALONE), {"site": site})
            connection.execute(
                text("DELETE FROM occupation WHERE site = :site AND order_id = ANY(:orders)"),
                {"site": site, "orders": orders},
            )
            if rows:
                connection.execute(text(_OCCUPY), rows)
            bound = {"site": site, "orders": orders, "remake": list(remake)}
            connection.execute(text(_REMAKE), bound)
            settle(connection, site, ORDER, marks)

    def keep(
        self, site: str, accounts: Sequence[OrderAccount], gone: Sequence[str],
        marks: Sequence[Mark], at: datetime, *, tell: bool,
    ) -> int:  # fmt: skip
        """Replace accounts whose marks are still the same, and take away those that are gone.

        Returns the derived version, raised if completed orders changed or it is to `tell`.
        Raises: Unavailable.
        """
        with writing(self._engine, whole(site)) as connection:
            connection.execute(text(_ALONE), {"site": site})
            if marks:
                sure = _settled(connection, site, marks)
                accounts = [account for account in accounts if account.order.id in sure]
                gone = [order for order in gone if order in sure]
            orders = [account.order.id for account in accounts]
            days = _days_of(connection, site, [*orders, *gone])
            connection.execute(
                text("DELETE FROM order_account WHERE site = :site AND order_id = ANY(:orders)"),
                {"site": site, "orders": list(gone)},
            )
            if accounts:
                rows = [_account_row(site, account, at) for account in accounts]
                connection.execute(text(_KEEP), rows)
            days |= _days_of(connection, site, orders)
            for day in sorted(days):
                _pack_day(connection, site, day, at)
            if days or gone or tell:
                return derived_version.bump(connection, site)
            return derived_version.current(connection, site)


def _settled(connection: Connection, site: str, marks: Sequence[Mark]) -> set[str]:
    """Take away marks that are still the same; return their keys."""
    bound = {"keys": [key for key, _ in marks], "marks": [mark for _, mark in marks]}
    rows = connection.execute(text(_SETTLED), {"site": site, **bound})
    return {row[0] for row in rows}


def _days_of(connection: Connection, site: str, orders: Sequence[str]) -> set[date]:
    rows = connection.execute(text(_DAYS_OF), {"site": site, "orders": list(orders)})
    return {row[0] for row in rows}


def _pack_day(connection: Connection, site: str, day: date, at: datetime) -> None:
    """Pack a day's completed orders again; a day without any has no row."""
    bound = {"site": site, "day": day}
    delays = [_delay(row) for row in connection.execute(text(_OF_DAY), bound)]
    if not delays:
        connection.execute(text("DELETE FROM delay_day WHERE site = :site AND day = :day"), bound)
        return
    pack = pack_of(day, delays)
    packed = {"head": pack.head, "orders": pack.orders, "cells": pack.cells}
    connection.execute(text(_KEEP_DAY), {**bound, "made_at": at, **packed})


def _delay(row: Any) -> OrderDelay:
    order_id, area, product, customer, late_s, cells = row
    return OrderDelay(
        order=order_id,
        area=area,
        product=product,
        customer=customer,
        late_s=late_s,
        cells=_cells(cells),
    )


def _account_row(site: str, account: OrderAccount, at: datetime) -> dict[str, Any]:
    order, buffer = account.order, account.buffer
    return {
        "site": site,
        "order_id": order.id,
        "area": order.area or "",
        "product": order.product,
        "family": order.family,
        "customer": order.customer or "",
        "quantity": order.quantity,
        "due_at": order.due_at,
        "ended_at": account.ended_at,
        "completed": account.completed,
        "late_s": account.late_s,
        "day": account.day,
        "made_at": at,
        "done": None if buffer is None else buffer.done,
        "used": None if buffer is None else buffer.used,
        "zone": None if buffer is None else buffer.zone,
        "cells": msgspec.json.encode(account.cells),
    }


def _occupation_rows(site: str, one: Occupation) -> Iterator[dict[str, Any]]:
    """Yield a row for each day (UTC) that it touches; what goes on, on its first day alone."""
    _, order_id, operation_id = one.operation.split("/")
    start, goes_on = one.start.astimezone(UTC), one.end >= EVER
    day = start.date()
    last = day if goes_on else one.end.astimezone(UTC).date()
    evidence = msgspec.json.encode(one.evidence)
    while day <= last:
        yield {
            "site": site,
            "work_unit": one.work_unit,
            "day": day,
            "order_id": order_id,
            "operation_id": operation_id,
            "start_at": start,
            "end_at": None if goes_on else one.end,
            "enabled_at": one.enabled_at,
            "kind": one.kind,
            "evidence": evidence,
        }
        day += _DAY


class DelayReading:
    """One transaction that reads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def packs(self, site: str, since: date, until: date) -> tuple[list[Pack], datetime | None]:
        """Return the days of completed orders, and when the newest of them was made."""
        raw = self._connection.connection.driver_connection
        if not isinstance(raw, psycopg.Connection):
            raise TypeError("packs are read through psycopg")
        try:
            with raw.cursor(binary=True) as cursor:  # as text they would be twice as long
                rows = cursor.execute(_PACKS, (site, since, until)).fetchall()
        except psycopg.Error as error:
            raise Unavailable(f"the history can't be reached: {error}") from error
        packs = [Pack(day, head, orders, cells) for day, _, head, orders, cells in rows]
        return packs, max((row[1] for row in rows), default=None)

    def open_orders(self, site: str) -> list[OpenOrder]:
        """Return the open orders, by day."""
        rows = self._connection.execute(text(_OPEN), {"site": site})
        return [_open_order(row) for row in rows]

    def orders(self, site: str, order_ids: Sequence[str]) -> dict[str, DelayedOrder]:
        """Return orders by id."""
        bound = {"site": site, "orders": list(order_ids)}
        found = (_delayed(row) for row in self._connection.execute(text(_ORDERS), bound))
        return {order.order: order for order in found}


def _open_order(row: Any) -> OpenOrder:
    *of_delay, day, made_at, done, used, zone = row
    delay = _delay(of_delay)
    fever = None
    if zone is not None:
        fever = FeverPoint(order=delay.order, done=done, used=used, zone=zone, late_s=delay.late_s)
    return OpenOrder(day=day, delay=delay, made_at=made_at, fever=fever)


def _delayed(row: Any) -> DelayedOrder:
    *columns, packed = row
    cells = _cells(packed)
    order, product, customer, area, quantity, due_at, ended_at, completed, late_s = columns
    return DelayedOrder(
        order=order,
        product=product,
        customer=customer,
        area=area,
        quantity=quantity,
        due_at=due_at,
        ended_at=ended_at,
        completed=completed,
        late_s=late_s,
        top_cause=top(cells, "cause"),
        top_work_center=top(cells, "work_center"),
        top_party=top(cells, "party"),
    )
