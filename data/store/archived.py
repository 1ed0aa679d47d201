"""What SQL knows of events that are archived; keeps the recorder and the archive apart.

Imported within `data.store`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from psycopg import Cursor
from sqlalchemy import Connection, text

from data.domain.subjects import Identity
from data.services.errors import MilepostError

KEPT_FROM = "SELECT max(before) FROM archive_run WHERE site = :site AND taken"
# A run is told before it takes anything, so that doors know of it by then.
_TOLD = "SELECT max(before) FROM archive_run WHERE site = :site"
_ORDERS = (
    "SELECT id FROM work_order WHERE site = :site AND id = ANY(:orders) AND archived IS NOT NULL"
)
_BEFORE = (
    "SELECT source, id FROM event_identity WHERE site = :site AND recorded_at < :before"
    " AND (source, id) IN (SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])))"
)
ALONE = "SELECT pg_advisory_xact_lock(hashtext('archived'), hashtext(:site))"
_BESIDE = (
    "SELECT EXISTS (SELECT FROM archive_run WHERE site = %s)"
    " FROM pg_advisory_xact_lock_shared(hashtext('archived'), hashtext(%s))"
)
_ARCHIVED = (
    "SELECT id FROM work_order WHERE site = %s AND id = ANY(%s) AND archived IS NOT NULL LIMIT 1"
)
_OF_ORDERS = frozenset({"order", "operation", "need"})


class OrderArchived(MilepostError, ValueError):
    """An event concerns an order whose events are archived: it could only be folded wrongly."""


def kept_from(connection: Connection, site: str) -> datetime | None:
    """Return before when what isn't needed is archived, or will be soon; None: nothing is."""
    found: datetime | None = connection.execute(text(_TOLD), {"site": site}).scalar()
    return found


def beside_archive(cursor: Cursor[Any], site: str) -> bool:
    """Keep orders from being marked as archived until the transaction ends; whether any may be.

    To be called before the transaction reads or locks anything else.
    """
    row = cursor.execute(_BESIDE, (site, site)).fetchone()
    return bool(row and row[0])


def refuse_archived(cursor: Cursor[Any], site: str, subjects: Iterable[str]) -> None:
    """Let nothing through that concerns an archived order. Raises: OrderArchived."""
    told = (subject.split("/", 2) for subject in subjects)
    orders = sorted({names[1] for names in told if names[0] in _OF_ORDERS})
    row = cursor.execute(_ARCHIVED, (site, orders)).fetchone()
    if row is not None:
        raise OrderArchived(f"the order {row[0]} is archived; bring the archive back first")


def archived_orders(connection: Connection, site: str, orders: Sequence[str]) -> set[str]:
    """Return those of some orders whose events are archived."""
    rows = connection.execute(text(_ORDERS), {"site": site, "orders": [*orders]})
    return {row[0] for row in rows}


def recorded_before(
    connection: Connection, site: str, identities: Sequence[Identity], before: datetime
) -> set[Identity]:
    """Return those of some events that were recorded before an instant."""
    bound = {
        "site": site, "before": before,
        "sources": [source for source, _ in identities],
        "ids": [event_id for _, event_id in identities],
    }  # fmt: skip
    return {(row[0], row[1]) for row in connection.execute(text(_BEFORE), bound)}
