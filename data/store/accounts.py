"""Reads what the account of an order is made from.

Imported by the wiring, which hands it to services. Every reading is one transaction on one
snapshot.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, text

from data.domain.events import (
    Data,
    Event,
    EventType,
    order_subject,
    subject_parts,
    work_unit_subject,
)
from data.domain.ledger.records import Occupation
from data.domain.rules import FUTURE_LIMIT, OLDEST
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

# How much before and after a span the next states of its work units are looked for at first. What
# was recorded `_LATE` after it happened, or later, is in an index of its own.
_REACH, _LATE = timedelta(days=4), timedelta(days=2)
_EVER = OLDEST - 2 * FUTURE_LIMIT  # before anything can have been recorded
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)
_COLUMNS = "e.source, e.id, e.type, e.subject, e.time, e.recorded_at, e.data::text"
_NOT_UNDONE = (
    "NOT EXISTS (SELECT 1 FROM event v WHERE v.site = e.site AND v.subject = e.subject"
    " AND v.type = 'event.voided' AND v.data->>'event_id' = e.id"
    " AND coalesce(v.data->>'event_source', v.source) = e.source)"
)
_STANDS = f" AND {_NOT_UNDONE}"
# An operation or a need without a row has nothing that counts; an order without one may have been
# recorded by who kept no such times.
_SPAN = """
SELECT count(*) FILTER (WHERE planned), greatest(min(first_recorded_at), :ever),
  least(max(last_recorded_at), :never)
FROM (
  SELECT first_recorded_at, last_recorded_at, true AS planned FROM work_order
  WHERE site = :site AND id = ANY(:orders)
  UNION ALL SELECT first_recorded_at, last_recorded_at, false FROM operation
  WHERE site = :site AND order_id = ANY(:orders)
  UNION ALL SELECT first_recorded_at, last_recorded_at, false FROM need
  WHERE site = :site AND order_id = ANY(:orders)
) recorded
"""
_PLANS = (
    f"SELECT {_COLUMNS} FROM event e WHERE e.site = :site AND e.subject = ANY(:subjects)"
    " AND e.recorded_at BETWEEN :since AND :upto AND e.type = 'plan.changed'" + _STANDS
)
# Of progress that follows progress on the same work unit only what says more than that it goes on:
# rework, and the last. Nothing of an account hangs on the rest, which is most of what is reported.
# A void may have been recorded before all that counts of its subject.
_TOLD = f"""
WITH void AS MATERIALIZED (
  SELECT *, data->>'event_id' AS aim_id, coalesce(data->>'event_source', source) AS aim_source
  FROM event WHERE site = :site AND subject = ANY(:subjects) AND type = 'event.voided'
    AND time <= :until
), told AS MATERIALIZED (
  SELECT e.*, EXISTS (SELECT FROM void v WHERE v.subject = e.subject
    AND v.aim_id = e.id AND v.aim_source = e.source) AS undone
  FROM event e WHERE e.site = :site AND e.subject = ANY(:subjects) AND e.time <= :until
    AND e.recorded_at BETWEEN :since AND :upto AND e.type <> 'event.voided'
), followed AS (
  SELECT *, lag(type) OVER own AS type_before, lag(work_unit) OVER own AS unit_before,
    lead(id) OVER own IS NULL AS newest
  FROM told WHERE NOT undone
  WINDOW own AS (PARTITION BY subject ORDER BY time, id COLLATE "C", source COLLATE "C")
)
SELECT {_COLUMNS} FROM void e
UNION ALL
SELECT {_COLUMNS} FROM told e WHERE undone
UNION ALL
SELECT {_COLUMNS} FROM followed e
WHERE newest OR type <> 'operation.progressed' OR type_before IS DISTINCT FROM type
  OR work_unit IS DISTINCT FROM unit_before OR coalesce((data->>'rework')::int, 0) <> 0
"""
_EACH = "FROM unnest(CAST(:{} AS text[])) s (subject) CROSS JOIN LATERAL"
_CHANGE = (
    f"SELECT {_COLUMNS} FROM event e WHERE e.site = :site AND e.subject = s.subject"
    " AND e.type = 'work_unit.state_changed'"
)
_NEAR = f"{_CHANGE} AND e.recorded_at BETWEEN :since AND :upto"
_OLDEST, _NEWEST = (
    f"ORDER BY e.time {way}, e.id {way}, e.source {way} LIMIT 1" for way in ("ASC", "DESC")
)
# What a span needs: the changes in it, the last before it and the first after it that count,
# and every void, whenever that came. First as far as that lies near, and was recorded in the
# months around it or late.
_STATES = (
    f"SELECT c.* {_EACH.format('subjects')} ("
    f"({_NEAR} AND e.time BETWEEN :first AND :last)"
    f" UNION ALL ({_NEAR} AND e.time >= :early AND e.time < :first{_STANDS} {_NEWEST})"
    f" UNION ALL ({_NEAR} AND e.time > :last AND e.time <= :afterwards{_STANDS} {_OLDEST})) c"
    f" UNION ALL SELECT {_COLUMNS} FROM event e WHERE e.site = :site"
    " AND e.subject = ANY(:subjects) AND e.type = 'work_unit.state_changed'"
    " AND e.time BETWEEN :early AND :afterwards AND e.recorded_at > :upto"
    " AND e.recorded_at - e.time > interval '2 days'"
    f" AND (e.time BETWEEN :first AND :last OR {_NOT_UNDONE})"
    f" UNION ALL SELECT {_COLUMNS} FROM event e WHERE e.site = :site"
    " AND e.subject = ANY(:subjects) AND e.type = 'event.voided'"
)
_STATES_FAR = (
    f"SELECT c.* {_EACH.format('before')} ({_CHANGE} AND e.time < :first{_STANDS} {_NEWEST}) c"
    f" UNION ALL SELECT c.* {_EACH.format('after')} ({_CHANGE} AND e.time > :last"
    f" AND e.recorded_at >= :since{_STANDS} {_OLDEST}) c"
)
_OCCUPATIONS = (
    "SELECT work_unit, order_id, operation_id, start_at, end_at, enabled_at, kind, evidence"
    " FROM occupation WHERE site = :site AND work_unit = ANY(:units)"
    " AND day BETWEEN :first_day AND :last_day AND end_at > :first AND start_at < :last"
    " UNION SELECT work_unit, order_id, operation_id, start_at, end_at, enabled_at, kind, evidence"
    " FROM occupation WHERE site = :site AND work_unit = ANY(:units)"
    " AND end_at IS NULL AND start_at < :last"
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
        self._spans: dict[frozenset[str], dict[str, datetime]] = {}  # of orders, by these

    def site(self, site: str) -> Site:
        """Return the site's model; one with nothing in it when none is recorded."""
        query = "SELECT document::text FROM site WHERE id = :site"
        row = self._connection.execute(text(query), {"site": site}).first()
        return Site(id=site, name=site) if row is None else _site(row[0])

    def plans(self, site: str, order_ids: Sequence[str]) -> list[Event]:
        """Return the plan events of orders that aren't voided.

        Raises: Archived.
        """
        subjects = [order_subject(order_id) for order_id in order_ids]
        recorded = self._recorded(site, order_ids)
        found = self._events(_PLANS, site=site, subjects=subjects, **recorded)
        missing = {*subjects} - {event.subject for event in found}
        unplanned = [subject_parts(subject)[1] for subject in missing]
        if unplanned and (gone := archived_orders(self._connection, site, unplanned)):
            raise Archived(f"the events of {', '.join(sorted(gone))} are archived")
        return found

    def told(self, site: str, subjects: Sequence[str], until: datetime) -> list[Event]:
        """Return the events of subjects of orders up to an instant; of mere progress the ends.

        Those that count, and voids.
        """
        recorded = self._recorded(site, (subject_parts(subject)[1] for subject in subjects))
        return self._events(_TOLD, site=site, subjects=list(subjects), until=until, **recorded)

    def states(self, site: str, work_units: Sequence[str], span: _Span) -> list[Event]:
        """Return the state changes of work units in a span, and those that reach into it."""
        bound = {"site": site, "first": span[0], "last": span[1], **_around(span)}
        subjects = [work_unit_subject(unit) for unit in work_units]
        near = self._events(_STATES, subjects=subjects, **bound)
        changes = [event for event in near if event.type is EventType.WORK_UNIT_STATE_CHANGED]
        met_before = {event.subject for event in changes if event.time < span[0]}
        met_after = {event.subject for event in changes if event.time > span[1]}
        before = [subject for subject in subjects if subject not in met_before]
        after = [subject for subject in subjects if subject not in met_after]
        if before or after:
            near += self._events(_STATES_FAR, before=before, after=after, **bound)
        return near

    def occupations(
        self, site: str, work_units: Sequence[str], span: _Span, now: datetime
    ) -> list[Occupation]:
        """Return what orders did on work units in a span; what goes on, up to `now`."""
        first, last = (instant.astimezone(UTC) for instant in span)
        bound = {
            "site": site,
            "units": list(work_units),
            "first": first,
            "last": last,
            "first_day": first.date(),
            "last_day": last.date(),
        }
        return [
            _occupation(row, now) for row in self._connection.execute(text(_OCCUPATIONS), bound)
        ]

    def events(self, site: str, identities: Sequence[Identity]) -> list[Event]:
        """Return events by their identity."""
        sources = [source for source, _ in identities]
        ids = [event_id for _, event_id in identities]
        return self._events(_EVENTS, site=site, sources=sources, ids=ids)

    def _recorded(self, site: str, order_ids: Iterable[str]) -> dict[str, datetime]:
        """Return when what counts of orders was recorded first and last, as far as it is known."""
        orders = frozenset(order_ids)
        if orders not in self._spans:
            self._spans[orders] = self._span(site, orders)
        return self._spans[orders]

    def _span(self, site: str, orders: Collection[str]) -> dict[str, datetime]:
        bound = {"site": site, "orders": list(orders), "ever": _EVER, "never": _NEVER}
        known, since, upto = self._connection.execute(text(_SPAN), bound).one()
        if known < len(orders):
            return {"since": _EVER, "upto": _NEVER}
        return {"since": since, "upto": upto}

    def _events(self, query: str, **bound: Any) -> list[Event]:
        return [_event(row) for row in self._connection.execute(text(query), bound)]


def _around(span: _Span) -> dict[str, datetime]:
    """Return between when what lies near a span happened, and was recorded unless it was late."""
    early, afterwards = span[0] - _REACH, span[1] + _REACH
    return {
        "early": early,
        "afterwards": afterwards,
        "since": early - FUTURE_LIMIT,  # what is recorded lies no further ahead
        "upto": afterwards + _LATE,
    }


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
