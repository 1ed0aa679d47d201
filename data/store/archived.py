"""What SQL knows of events that are archived. Imported within `data.store`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from data.domain.subjects import Identity

KEPT_FROM = "SELECT max(before) FROM archive_run WHERE site = :site"
_ORDERS = (
    "SELECT id FROM work_order WHERE site = :site AND id = ANY(:orders) AND archived IS NOT NULL"
)
_BEFORE = (
    "SELECT source, id FROM event_identity WHERE site = :site AND recorded_at < :before"
    " AND (source, id) IN (SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])))"
)


def kept_from(connection: Connection, site: str) -> datetime | None:
    """Return before when what isn't needed is archived; None: nothing is."""
    found: datetime | None = connection.execute(text(KEPT_FROM), {"site": site}).scalar()
    return found


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
