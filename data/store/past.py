"""Reads what was recorded by an instant: the events of some subjects, and what a board needs.

Imported by the wiring, which hands it to services. What was recorded by an instant that has passed
never changes; a void that came later is not known yet, and what it undoes still counts. A
site's `recorded_at` is in its own time, so a replayed log is looked back at the same way.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, text

from data.domain.board import bucket_of, bucket_start
from data.domain.events import Data, Event, EventType
from data.domain.plan import Order
from data.domain.rules import FUTURE_LIMIT, OLDEST
from data.domain.subjects import Fold, Identity
from data.services.past import ForecastThen
from data.store.archived import KEPT_FROM
from data.store.bases import need_from, operation_from, order_from
from data.store.scoped import reading, whole

LATELY = timedelta(days=3)  # within which most work units changed their state twice
EVER = OLDEST - 2 * FUTURE_LIMIT  # before anything can have been recorded
FIRST_STATES, MORE_STATES = 4, 8  # states of a unit asked for at first; how much more each time
_data = msgspec.json.Decoder(Data).decode
_order = msgspec.json.Decoder(Order).decode
_rows = msgspec.json.Decoder(list[tuple[str, int, int | None, int | None, int | None]]).decode
_COLUMNS = "e.id, e.source, e.type, e.subject, e.time, e.recorded_at, e.data::text"
# Thousands of subjects are asked for one by one (LATERAL): how many events each has is guessed
# far too high, and asked for as one list all events there are would be read instead.
_OF_SUBJECTS = f"""
SELECT {_COLUMNS} FROM unnest(CAST(:subjects AS text[])) s (subject)
CROSS JOIN LATERAL (
  SELECT * FROM event WHERE site = :site AND subject = s.subject AND recorded_at <= :at{{more}}
  OFFSET 0
) e
"""
_VOIDS = _OF_SUBJECTS.format(more=" AND type = 'event.voided'")
_EVENTS = _OF_SUBJECTS.format(more="")
# As the index work_order_ended says it: when an order's end, or its last plan, was recorded. Row
# security lets no other operator use an index than those that can't tell what they compare.
_OPEN = """
SELECT id FROM work_order
WHERE site = :site AND first_recorded_at <= :at AND CASE WHEN completed_at IS NULL AND NOT cancelled
    THEN 'infinity'::timestamptz ELSE greatest(last_recorded_at, completed_at) END >= :since
UNION
SELECT split_part(subject, '/', 2) FROM event
WHERE site = :site AND recorded_at - time > interval '2 days' AND time < :since
  AND recorded_at > :at AND type LIKE 'operation.%'
UNION
SELECT split_part(subject, '/', 2) FROM event
WHERE site = :site AND type = 'event.voided' AND recorded_at > :at
  AND (subject LIKE 'operation/%' OR subject LIKE 'order/%')
"""
_STANDS = "greatest(first_recorded_at, :ever), last_recorded_at <= :at, base"
_OF_ORDERS = "= ANY(:orders) AND site = :site AND first_recorded_at <= :at"
_ORDERS = f"SELECT 'order/' || id, {_STANDS}, document::text FROM work_order WHERE id {_OF_ORDERS}"
_MEMBERS = (
    "SELECT '{0}/' || order_id || '/' || {0}_id, "
    f"{_STANDS} FROM {{0}} WHERE order_id {_OF_ORDERS}"
)
_VOIDED = """
SELECT DISTINCT subject FROM event
WHERE site = :site AND type = 'event.voided' AND recorded_at > :at
  AND split_part(subject, '/', 1) IN ('order', 'operation', 'need')
  AND split_part(subject, '/', 2) = ANY(:orders)
"""
_MOVED = f"""
SELECT {_COLUMNS}
FROM unnest(CAST(:subjects AS text[]), CAST(:begun AS timestamptz[])) s (subject, begun)
CROSS JOIN LATERAL (
  SELECT * FROM event WHERE site = :site AND subject = s.subject
    AND recorded_at >= s.begun AND recorded_at <= :at
  OFFSET 0
) e
"""
_STATES = f"""
SELECT {_COLUMNS} FROM unnest(CAST(:subjects AS text[])) s (subject)
CROSS JOIN LATERAL (
  SELECT * FROM event WHERE site = :site AND subject = s.subject
    AND type = 'work_unit.state_changed' AND time <= :until
    AND recorded_at <= :at AND recorded_at > :newer
  ORDER BY time DESC, id COLLATE "C" DESC, source COLLATE "C" DESC LIMIT :most
) e
"""
_OUTPUT = """
WITH undone AS (
  SELECT coalesce(data->>'event_source', source) AS source, data->>'event_id' AS id, subject
  FROM event WHERE site = :site AND type = 'event.voided' AND recorded_at <= :at
    AND subject LIKE 'operation/%'
)
SELECT json_agg(json_build_array(unit, bucket, good, scrap, rework))::text FROM (
SELECT e.work_unit AS unit, floor(extract(epoch FROM e.time) / 900)::bigint AS bucket,
  sum((e.data->>'good')::bigint) AS good, sum((e.data->>'scrap')::bigint) AS scrap,
  sum((e.data->>'rework')::bigint) AS rework
FROM event e
WHERE e.site = :site AND e.work_unit = ANY(:units) AND e.time >= :start
  AND e.time <= :until AND e.recorded_at <= :at AND e.recorded_at >= :begun
  AND e.subject LIKE 'operation/%'
  AND NOT EXISTS (SELECT FROM undone u
    WHERE u.source = e.source AND u.id = e.id AND u.subject = e.subject)
GROUP BY 1, 2) counted
"""
_FIRST = "SELECT recorded_at FROM event WHERE site = :site ORDER BY recorded_at LIMIT 1"
_LATEST = (
    "SELECT max(time) FROM (SELECT time FROM event WHERE site = :site AND recorded_at <= :at"
    " ORDER BY recorded_at DESC LIMIT 1000) latest"
)
_TRACES = (
    "SELECT DISTINCT ON (order_id) order_id, made_at, remaining_s FROM forecast_trace"
    " WHERE site = :site AND order_id = ANY(:orders) AND made_at <= :at"
    " ORDER BY order_id, made_at DESC"
)
_KINDS: tuple[tuple[str, Callable[..., Fold]], ...] = (
    (_ORDERS, order_from),
    (_MEMBERS.format("operation"), operation_from),
    (_MEMBERS.format("need"), need_from),
)


class PastEvents:
    """What was recorded at any site by an instant. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def first_at(self, site: str) -> datetime | None:
        """Return when the first event of a site was recorded; None: there is none."""
        return self._scalar(_FIRST, site, {})

    def kept_from(self, site: str) -> datetime | None:
        """Return before when what isn't needed is archived; None: nothing is."""
        return self._scalar(KEPT_FROM, site, {})

    def latest_at(self, site: str, at: datetime) -> datetime | None:
        """Return the latest time of what was recorded by an instant."""
        return self._scalar(_LATEST, site, {"at": at})

    def events_until(self, site: str, at: datetime, subjects: Sequence[str]) -> list[Event]:
        """Return the events of subjects that were recorded by an instant, voids among them."""
        return self._events(_EVENTS, site, {"at": at, "subjects": [*subjects]})

    def orders(self, site: str, at: datetime, since: datetime) -> tuple[list[Fold], list[Event]]:
        """Return the orders that may have been open then or since `since`, with what is theirs.

        Those orders, operations and needs of which nothing was recorded since then stand as
        they stood; of the others the events recorded by then. None is missing; some that were
        completed before may be among them, for a late report, or a void, changes that.
        """
        bound: dict[str, Any] = {"site": site, "at": at, "since": since}
        with reading(self._engine, whole(site), snapshot=True) as connection:
            bound["orders"] = [row[0] for row in connection.execute(text(_OPEN), bound)]
            stood, begun = _standing(connection, bound)
            bound |= {"subjects": [*begun], "begun": [*begun.values()]}
            return stood, _told(connection, _MOVED, bound)

    def unit_events(self, site: str, at: datetime, subjects: Sequence[str]) -> list[Event]:
        """Return what the state of each work unit at an instant is folded from.

        Its latest changes of state, back to one into another state, and what is voided. What
        was recorded lately is looked at first: it lies in one month or two.
        """
        with reading(self._engine, whole(site)) as connection:
            bound: dict[str, Any] = {"site": site, "at": at, "subjects": [*subjects]}
            bound["until"] = at + FUTURE_LIMIT  # what is recorded lies no further ahead
            voids = _told(connection, _VOIDS, bound)
            undone = {(_aim(void), void.subject) for void in voids}
            found, most = list(voids), FIRST_STATES
            unclear, newer = [*subjects], at - LATELY
            while unclear:
                bound |= {"subjects": unclear, "most": most, "newer": newer}
                runs = _by_subject(unclear, _told(connection, _STATES, bound))
                more = {s for s, run in runs.items() if _goes_on(run, undone, most, newer)}
                found += [e for s, run in runs.items() if s not in more for e in run]
                unclear, newer = [*more], EVER
                most *= MORE_STATES
            return found

    def output(
        self, site: str, at: datetime, since: datetime, units: Sequence[str]
    ) -> dict[tuple[str, int], list[int]]:
        """Return good, scrap and rework by work unit and quarter of an hour, from `since` on."""
        start = bucket_start(bucket_of(since))
        until = at + FUTURE_LIMIT
        bound = {"site": site, "at": at, "start": start, "until": until, "units": [*units]}
        bound["begun"] = start - FUTURE_LIMIT
        with reading(self._engine, whole(site)) as connection:
            told = connection.execute(text(_OUTPUT), bound).scalar() or "[]"
        counted = ((unit, bucket, [n or 0 for n in sums]) for unit, bucket, *sums in _rows(told))
        return {(unit, bucket): sums for unit, bucket, sums in counted if any(sums)}

    def forecasts(self, site: str, at: datetime, orders: Sequence[str]) -> list[ForecastThen]:
        """Return the newest forecast kept of each order, made by an instant."""
        bound = {"site": site, "at": at, "orders": [*orders]}
        with reading(self._engine, whole(site)) as connection:
            rows = connection.execute(text(_TRACES), bound)
            return [ForecastThen(row[0], row[1], tuple(row[2])) for row in rows]

    def _scalar(self, query: str, site: str, bound: Mapping[str, Any]) -> datetime | None:
        with reading(self._engine, whole(site)) as connection:
            found: datetime | None = connection.execute(
                text(query), {"site": site, **bound}
            ).scalar()
            return found

    def _events(self, query: str, site: str, bound: Mapping[str, Any]) -> list[Event]:
        with reading(self._engine, whole(site)) as connection:
            return _told(connection, query, {"site": site, **bound})


def _standing(
    connection: Connection, bound: dict[str, Any]
) -> tuple[list[Fold], dict[str, datetime]]:
    """Return what stands as it stood then, and when what moved on since was recorded first.

    Of what was void altogether for a while, that isn't known: its row may be a later one.
    """
    stood: list[Fold] = []
    begun: dict[str, datetime] = {}
    for query, restored in _KINDS:
        rows = connection.execute(text(query), bound | {"ever": EVER})
        for subject, first_at, stands, base, *document in rows:
            if stands:
                stood.append(restored(subject, base, *map(_order, document)))
            else:
                begun[subject] = first_at
    begun |= {row[0]: EVER for row in connection.execute(text(_VOIDED), bound)}
    return stood, begun


def _told(connection: Connection, query: str, bound: Mapping[str, Any]) -> list[Event]:
    return [_event(row) for row in connection.execute(text(query), bound)]


def _event(row: Any) -> Event:
    event_id, source, event_type, subject, time, recorded_at, data = row
    return Event(event_id, source, EventType(event_type), subject, time, recorded_at, _data(data))


def _aim(void: Event) -> Identity:
    return (void.data.event_source or void.source, void.data.event_id or "")


def _by_subject(subjects: Iterable[str], events: Iterable[Event]) -> dict[str, list[Event]]:
    runs: dict[str, list[Event]] = {subject: [] for subject in subjects}
    for event in events:
        runs[event.subject].append(event)
    return runs


def _goes_on(
    run: Sequence[Event], undone: Set[tuple[Identity, str]], most: int, newer: datetime
) -> bool:
    """Whether a unit may have been in its state since before the events that were asked for.

    They are the latest there are, back to what may have been recorded until `newer`.
    """
    if newer == EVER and len(run) < most:
        return False
    sure = [e for e in run if e.time > newer + FUTURE_LIMIT]
    return len({e.data.state for e in sure if ((e.source, e.id), e.subject) not in undone}) < 2
