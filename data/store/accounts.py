"""Reads what the account of an order is made from.

Imported by `app`, which hands it to services. Every reading is one transaction on one snapshot.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, text

from data.domain.events import Data, Event, EventType
from data.domain.ledger.records import Occupation
from data.domain.site import Site
from data.domain.subjects import Identity
from data.services.errors import Archived
from data.store.archived import archived_orders
from data.store.months import of_identity
from data.store.scoped import reading, whole

_data = msgspec.json.Decoder(Data).decode
_site = msgspec.json.Decoder(Site).decode
_identities = msgspec.json.Decoder(tuple[Identity, ...]).decode
_Span = tuple[datetime, datetime]

_COLUMNS = "e.source, e.id, e.type, e.subject, e.time, e.recorded_at, e.data::text"
_STANDS = (
    " AND NOT EXISTS (SELECT 1 FROM event v WHERE v.site = e.site AND v.subject = e.subject"
    " AND v.type = 'event.voided' AND v.data->>'event_id' = e.id"
    " AND coalesce(v.data->>'event_source', v.source) = e.source)"
)
_PLANS = (
    f"SELECT {_COLUMNS} FROM event e WHERE e.site = :site AND e.subject = :subject"
    " AND e.type = 'plan.changed'" + _STANDS
)
# Of progress that follows progress on the same work unit only what says more than that it goes on:
# rework, and the last. Nothing of an account hangs on the rest, which is most of what is reported.
_TOLD = f"""
WITH void AS (
  SELECT subject, data->>'event_id' AS id, coalesce(data->>'event_source', source) AS source
  FROM event WHERE site = :site AND subject = ANY(:subjects) AND type = 'event.voided'
    AND time <= :until
), told AS (
  SELECT e.*, e.type = 'event.voided' OR EXISTS (SELECT FROM void v WHERE v.subject = e.subject
    AND v.id = e.id AND v.source = e.source) AS undone
  FROM event e WHERE e.site = :site AND e.subject = ANY(:subjects) AND e.time <= :until
), followed AS (
  SELECT *, lag(type) OVER own AS type_before, lag(work_unit) OVER own AS unit_before,
    lead(id) OVER own IS NULL AS newest
  FROM told WHERE NOT undone
  WINDOW own AS (PARTITION BY subject ORDER BY time, id COLLATE "C", source COLLATE "C")
)
SELECT {_COLUMNS} FROM told e WHERE undone
UNION ALL
SELECT {_COLUMNS} FROM followed e
WHERE newest OR type <> 'operation.progressed' OR type_before IS DISTINCT FROM type
  OR work_unit IS DISTINCT FROM unit_before OR coalesce((data->>'rework')::int, 0) <> 0
"""
_CHANGE = (
    f"SELECT {_COLUMNS} FROM event e WHERE e.site = :site AND e.subject = s.subject"
    " AND e.type = 'work_unit.state_changed'"
)
# What a span needs: the changes in it, the last before it and the first after it that count,
# and every void, whenever that came.
_STATES = (
    "SELECT c.* FROM unnest(CAST(:subjects AS text[])) s (subject) CROSS JOIN LATERAL ("
    f"({_CHANGE} AND e.time BETWEEN :first AND :last)"
    f" UNION ALL ({_CHANGE} AND e.time < :first{_STANDS}"
    f" ORDER BY e.time DESC, e.id DESC, e.source DESC LIMIT 1)"
    f" UNION ALL ({_CHANGE} AND e.time > :last{_STANDS}"
    f" ORDER BY e.time, e.id, e.source LIMIT 1)"
    f" UNION ALL (SELECT {_COLUMNS} FROM event e WHERE e.site = :site"
    " AND e.subject = s.subject AND e.type = 'event.voided')) c"
)
_OCCUPATIONS = (
    "SELECT work_unit, order_id, operation_id, start_at, end_at, enabled_at, kind, evidence"
    " FROM occupation WHERE site = :site AND work_unit = ANY(:units)"
    " AND day BETWEEN :first_day AND :last_day AND end_at > :first AND start_at < :last"
    " AND order_id <> :order"
    " UNION SELECT work_unit, order_id, operation_id, start_at, end_at, enabled_at, kind, evidence"
    " FROM occupation WHERE site = :site AND work_unit = ANY(:units)"
    " AND end_at IS NULL AND start_at < :last AND order_id <> :order"
    " ORDER BY start_at, order_id, operation_id, work_unit"
)
_EVENTS = (
    f"SELECT {_COLUMNS} FROM event_identity i {of_identity('i')} WHERE i.site = :site"
    " AND (i.source, i.id) IN"
    " (SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])))"
)


class AccountPast:
    """The recorded past of all sites, as accounts read it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def reading(self, site: str) -> Iterator["Reading"]:
        """Read a site at one instant of the database.

        Raises: Unavailable.
        """
        with reading(self._engine, whole(site), snapshot=True) as connection:
            yield Reading(connection)


class Reading:
    """One transaction that reads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def site(self, site: str) -> Site:
        """Return the site's model; one with nothing in it when none is recorded."""
        query = "SELECT document::text FROM site WHERE id = :site"
        row = self._connection.execute(text(query), {"site": site}).first()
        return Site(id=site, name=site) if row is None else _site(row[0])

    def plans(self, site: str, order_id: str) -> list[Event]:
        """Return the plan events of an order that aren't voided.

        Raises: Archived.
        """
        found = self._events(_PLANS, site=site, subject=f"order/{order_id}")
        if not found and archived_orders(self._connection, site, [order_id]):
            raise Archived(f"the events of {order_id} are archived")
        return found

    def told(self, site: str, subjects: Sequence[str], until: datetime) -> list[Event]:
        """Return the events of subjects up to an instant, voids too; of mere progress the ends."""
        return self._events(_TOLD, site=site, subjects=list(subjects), until=until)

    def states(self, site: str, work_units: Sequence[str], span: _Span) -> list[Event]:
        """Return the state changes of work units in a span, and those that reach into it."""
        subjects = [f"work-unit/{unit}" for unit in work_units]
        return self._events(_STATES, site=site, subjects=subjects, first=span[0], last=span[1])

    def occupations(
        self, site: str, work_units: Sequence[str], span: _Span, but_not: str, now: datetime
    ) -> list[Occupation]:
        """Return what orders but one did on work units in a span; what goes on, up to `now`."""
        first, last = (instant.astimezone(UTC) for instant in span)
        bound = {
            "site": site,
            "units": list(work_units),
            "first": first,
            "last": last,
            "first_day": first.date(),
            "last_day": last.date(),
            "order": but_not,
        }
        return [
            _occupation(row, now) for row in self._connection.execute(text(_OCCUPATIONS), bound)
        ]

    def events(self, site: str, identities: Sequence[Identity]) -> list[Event]:
        """Return events by their identity."""
        sources = [source for source, _ in identities]
        ids = [event_id for _, event_id in identities]
        return self._events(_EVENTS, site=site, sources=sources, ids=ids)

    def _events(self, query: str, **bound: Any) -> list[Event]:
        return [_event(row) for row in self._connection.execute(text(query), bound)]


def _event(row: Any) -> Event:
    source, event_id, event_type, subject, time, recorded_at, data = row
    return Event(event_id, source, EventType(event_type), subject, time, recorded_at, _data(data))


def _occupation(row: Any, until: datetime) -> Occupation:
    unit, order_id, operation_id, start, end, enabled_at, kind, evidence = row
    return Occupation(
        work_unit=unit,
        operation=f"operation/{order_id}/{operation_id}",
        start=start,
        end=until if end is None else end,
        enabled_at=enabled_at,
        kind=kind,
        evidence=_identities(evidence),
    )
