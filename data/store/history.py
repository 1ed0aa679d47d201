"""Reads the history: snapshots for boards, ledgers of single subjects, known identities.

Imported by the wiring, which hands it to services. Raises Unavailable when SQL can't be reached.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, text

from data.domain.events import Data, Event, EventType
from data.domain.plan import Order
from data.domain.quarantine import Quarantined
from data.domain.site import Site
from data.domain.subjects import Fold, Identity
from data.services.ports import KEEP, Snapshot
from data.store import archived
from data.store.bases import (
    need_from,
    operation_from,
    order_from,
    site_from,
    work_unit_from,
)
from data.store.scoped import answering as answering
from data.store.scoped import connect as connect
from data.store.scoped import process, reading, whole

_order = msgspec.json.Decoder(Order).decode
_site = msgspec.json.Decoder(Site).decode
_data = msgspec.json.Decoder(Data).decode


class History:
    """The recorded past of all sites."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sites(self) -> list[Site]:
        """Return every site's model, by id."""
        with process(self._engine) as connection:
            rows = connection.execute(text("SELECT document::text FROM site ORDER BY id"))
            return [_site(row[0]) for row in rows]

    def snapshot(self, site: str, real_now: datetime) -> Snapshot:
        """Return the state of a site: open orders, those lately completed, units, output."""
        with reading(self._engine, whole(site), snapshot=True) as connection:
            epoch, after = _offset(connection, site)
            folds = list(_site_folds(connection, site))
            model = folds[0].site if folds else None  # type: ignore[attr-defined]
            since = (model.now(real_now) if model else real_now) - KEEP
            folds += _order_folds(connection, site, since)
            folds += _unit_folds(connection, site)
            return Snapshot(
                epoch=epoch,
                after=after,
                folds=folds,
                output=_output(connection, site, since),
                output_from=since,
                voided=_pending_voids(connection, site),
                last_event_at=_last_event_at(connection, site),
            )

    def epoch(self, site: str) -> str:
        """Return the epoch of the log that was recorded last; empty: none was."""
        with reading(self._engine, whole(site)) as connection:
            return _offset(connection, site)[0]

    def orders(self, site: str, order_ids: Sequence[str]) -> list[Fold]:
        """Return the states of orders, their operations and needs; of those that are recorded."""
        with reading(self._engine, whole(site)) as connection:
            return _folds_of(connection, site, order_ids)

    def knows(self, site: str, kind: str, names: Sequence[str]) -> bool:
        """Whether an operation or need (`[order, id]`) or an order (`[order]`) was ever planned."""
        members = {"operation": "operations", "need": "needs"}.get(kind)
        query = "SELECT document::text FROM work_order WHERE site = :site AND id = :order"
        with reading(self._engine, whole(site)) as connection:
            row = connection.execute(text(query), {"site": site, "order": names[0]}).first()
        if row is None or members is None:
            return row is not None
        return any(member.id == names[1] for member in getattr(_order(row[0]), members))

    def ledger(self, site: str, subject: str, upto_seq: int) -> list[Event]:
        """Return the recorded events of one subject that aren't voided, in log order."""
        query = (
            "SELECT source, id, type, subject, time, recorded_at, data::text FROM event"
            " WHERE site = :site AND subject = :subject AND seq <= :seq ORDER BY seq"
        )
        with reading(self._engine, whole(site)) as connection:
            rows = connection.execute(
                text(query), {"site": site, "subject": subject, "seq": upto_seq}
            ).all()
        events = [event_of(row) for row in rows]
        voided = {
            (e.data.event_source or e.source, e.data.event_id)
            for e in events
            if e.type is EventType.EVENT_VOIDED
        }
        return [e for e in events if (e.source, e.id) not in voided]

    def digests(self, site: str, since: datetime) -> dict[Identity, bytes]:
        """Return identity and digest of every event recorded since an instant."""
        query = "SELECT source, id, digest FROM event WHERE site = :site AND recorded_at >= :since"
        with reading(self._engine, whole(site)) as connection:
            rows = connection.execute(text(query), {"site": site, "since": since})
            return {(row[0], row[1]): bytes(row[2]) for row in rows}

    def digests_of(self, site: str, identities: Sequence[Identity]) -> dict[Identity, bytes]:
        """Return the digest of each identity that was ever recorded, archived ones too."""
        query = (
            "SELECT source, id, digest FROM event_identity WHERE site = :site AND (source, id) IN"
            " (SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])))"
        )
        parameters = {
            "site": site,
            "sources": [source for source, _ in identities],
            "ids": [event_id for _, event_id in identities],
        }
        with reading(self._engine, whole(site)) as connection:
            rows = connection.execute(text(query), parameters)
            return {(row[0], row[1]): bytes(row[2]) for row in rows}

    def kept_from(self, site: str) -> datetime | None:
        """Return before when what isn't needed is archived; None: nothing is."""
        with reading(self._engine, whole(site)) as connection:
            return archived.kept_from(connection, site)

    def archived(
        self, site: str, orders: Sequence[str], identities: Sequence[Identity], before: datetime
    ) -> tuple[set[str], set[Identity]]:
        """Return which of some orders are archived, and which events were recorded before."""
        with reading(self._engine, whole(site)) as connection:
            return (
                archived.archived_orders(connection, site, orders),
                archived.recorded_before(connection, site, identities, before),
            )

    def quarantined(self, site: str, most: int) -> list[Quarantined]:
        """Return the newest inputs of a site that were not taken."""
        query = (
            "SELECT kind, source, event_id, field, reason, raw, received_at FROM quarantine"
            " WHERE site = :site ORDER BY number DESC LIMIT :most"
        )
        with reading(self._engine, whole(site)) as connection:
            rows = connection.execute(text(query), {"site": site, "most": most}).mappings()
            return [Quarantined(**row) for row in rows]

    def ping(self) -> None:
        """Raise Unavailable when SQL can't be reached."""
        with process(self._engine) as connection:
            connection.execute(text("SELECT 1"))


def event_of(row: Any) -> Event:
    """Return an event from source, id, type, subject, time, recorded_at and data as JSON."""
    source, event_id, event_type, subject, time, recorded_at, data = row
    return Event(event_id, source, EventType(event_type), subject, time, recorded_at, _data(data))


def _offset(connection: Connection, site: str) -> tuple[str, str]:
    query = "SELECT epoch, after FROM reader WHERE site = :site AND name = 'recorder'"
    row = connection.execute(text(query), {"site": site}).first()
    return (row[0], row[1]) if row else ("", "0-0")


def _site_folds(connection: Connection, site: str) -> Iterator[Fold]:
    query = "SELECT base, document::text FROM site WHERE id = :site"
    for base, document in connection.execute(text(query), {"site": site}):
        yield site_from(f"site/{site}", base, _site(document))


def _order_folds(connection: Connection, site: str, since: datetime) -> list[Fold]:
    open_or_late = (
        "SELECT id FROM work_order WHERE site = :site AND NOT cancelled"
        " AND (completed_at IS NULL OR completed_at >= :since)"
    )
    return folds_where(connection, f"IN ({open_or_late})", {"site": site, "since": since})


def _folds_of(connection: Connection, site: str, order_ids: Sequence[str]) -> list[Fold]:
    """Return the states of orders, also of operations whose order has no plan any more."""
    return folds_where(connection, "= ANY(:orders)", {"site": site, "orders": [*order_ids]})


def folds_where(connection: Connection, which: str, bound: Mapping[str, Any]) -> list[Fold]:
    """Return the states of the orders whose id is `which` (the rest of an SQL condition)."""
    query = f"SELECT id, base, document::text FROM work_order WHERE site = :site AND id {which}"
    folds: list[Fold] = [
        order_from(f"order/{order_id}", base, _order(document))
        for order_id, base, document in connection.execute(text(query), bound)
    ]
    of_order = f"WHERE site = :site AND order_id {which}"
    query = f"SELECT order_id, operation_id, base FROM operation {of_order}"
    for order_id, operation_id, base in connection.execute(text(query), bound):
        folds.append(operation_from(f"operation/{order_id}/{operation_id}", base))
    query = f"SELECT order_id, need_id, base FROM need {of_order}"
    for order_id, need_id, base in connection.execute(text(query), bound):
        folds.append(need_from(f"need/{order_id}/{need_id}", base))
    return folds


def _unit_folds(connection: Connection, site: str) -> Iterator[Fold]:
    query = "SELECT id, base FROM work_unit WHERE site = :site"
    for unit_id, base in connection.execute(text(query), {"site": site}):
        yield work_unit_from(f"work-unit/{unit_id}", base)


def _output(connection: Connection, site: str, since: datetime) -> dict[tuple[str, int], list[int]]:
    query = (
        "SELECT work_unit, bucket, good, scrap, rework FROM output"
        " WHERE site = :site AND bucket >= :first"
    )
    first = int(since.timestamp()) // 900
    rows = connection.execute(text(query), {"site": site, "first": first})
    return {(row[0], row[1]): [row[2], row[3], row[4]] for row in rows}


def _pending_voids(connection: Connection, site: str) -> dict[Identity, set[str]]:
    query = "SELECT source, id, subject FROM pending_void WHERE site = :site"
    found: dict[Identity, set[str]] = {}
    for source, event_id, subject in connection.execute(text(query), {"site": site}):
        found.setdefault((source, event_id), set()).add(subject)
    return found


def _last_event_at(connection: Connection, site: str) -> datetime | None:
    query = (
        "SELECT max(time) FROM (SELECT time FROM event WHERE site = :site"
        " ORDER BY recorded_at DESC LIMIT 1000) latest"
    )
    found: datetime | None = connection.execute(text(query), {"site": site}).scalar()
    return found
