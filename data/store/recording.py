"""Writes the history: events, states and the reader's offset, in one transaction.

Imported by the wiring, which hands it to the recorder. The connection that writes also holds the
site's advisory lock, so whoever loses the lock can't write any more.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from itertools import islice
from select import POLLOUT, poll
from typing import Any

import msgspec
import psycopg
from psycopg import Connection, Cursor, sql

from data.domain.quarantine import Quarantined
from data.domain.subjects import (
    Fold,
    NeedState,
    OperationState,
    OrderState,
    SiteState,
    WorkUnitState,
)
from data.services.errors import Unavailable
from data.services.ports import Batch, Recorded
from data.store.archived import beside_archive, refuse_archived
from data.store.bases import base_of
from data.store.scoped import enter
from data.store.stale import mark

_encode = msgspec.json.Encoder().encode
_UNFIT = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)
_DELETE = {
    "operation": "DELETE FROM operation WHERE site = %s AND order_id = %s AND operation_id = %s",
    "need": "DELETE FROM need WHERE site = %s AND order_id = %s AND need_id = %s",
    "work-unit": "DELETE FROM work_unit WHERE site = %s AND id = %s",
    "order": "DELETE FROM work_order WHERE site = %s AND id = %s",
    "site": "DELETE FROM site WHERE id = %s AND id = %s",
}
# One statement a chunk, for a statement has a price of its own; not so many that the server, which
# begins when it has all of a chunk, stands still while they are made.
_CHUNK = 1000
# COPY can't write where row security holds. Months can't hold a key without `recorded_at`:
# `event_identity` has each identity once, for ever.
_STORE = """
WITH came AS (
    SELECT e ->> 0 AS source, e ->> 1 AS id, e ->> 2 AS type, e ->> 3 AS subject,
        (e ->> 4)::timestamptz AS time, (e ->> 5)::timestamptz AS recorded_at,
        (e ->> 6)::bigint AS seq, decode(e ->> 7, 'base64') AS digest, e -> 8 AS data
    FROM jsonb_array_elements(%(events)s::jsonb) e
), identified AS (
    INSERT INTO event_identity (site, source, id, recorded_at, digest)
    SELECT %(site)s, source, id, recorded_at, digest FROM came
)
INSERT INTO event (site, source, id, type, subject, time, recorded_at, seq, digest, data)
SELECT %(site)s, source, id, type, subject, time, recorded_at, seq, digest, data FROM came
"""
Spans = dict[str, tuple[datetime, datetime]]  # by subject: its first and last recording


class Recording:
    """The one writer of a site's history while it holds the lock."""

    def __init__(self, url: str, site: str) -> None:
        self._url = url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._site = site
        self._connection: Connection[Any] | None = None

    def acquire(self) -> bool:
        """Take the site's lock; False while another holds it.

        Raises: Unavailable.
        """
        try:
            if self._connection is None:
                self._connection = psycopg.connect(
                    self._url, connect_timeout=5, autocommit=True, application_name="recorder"
                )
            query = "SELECT pg_try_advisory_lock(hashtext('recorder'), hashtext(%s))"
            row = self._connection.execute(query, (self._site,)).fetchone()
            return bool(row and row[0])
        except psycopg.Error as error:
            self._drop()
            raise Unavailable(f"the history can't be reached: {error}") from error

    def release(self) -> None:
        """Give the lock back, so that another may take it at once, and the connection."""
        if self._connection is not None and not self._connection.closed:
            with suppress(psycopg.Error):
                self._connection.execute("SELECT pg_advisory_unlock_all()")
        self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def write(self, batch: Batch) -> None:
        """Store a batch whole, or nothing of it.

        Raises: Unavailable; psycopg.errors.UniqueViolation when an event is there already;
        psycopg.DataError, IntegrityError or ProgramLimitExceeded when one can't be stored;
        OrderArchived when one concerns an order whose events are archived.
        """
        if self._connection is None:
            raise Unavailable("the recorder's connection is gone")
        try:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                enter(cursor, self._site)
                archived = beside_archive(cursor, self._site)
                spans: Spans = {}
                store_events(self._connection, self._site, _noted(batch.events, spans))
                if archived:
                    refuse_archived(cursor, self._site, spans)
                _upsert_folds(cursor, self._site, batch, spans)
                _upsert_output(cursor, self._site, batch.output)
                _write_voids(cursor, self._site, batch)
                _write_quarantine(cursor, self._site, batch.quarantined)
                mark(cursor, self._site, batch.stale, batch.undone, batch.at)
                _write_offset(cursor, self._site, batch)
        except psycopg.errors.CheckViolation as error:
            if error.diag.constraint_name is not None:
                raise
            raise Unavailable("a month was just made of what had none; again") from error
        except _UNFIT:
            raise
        except psycopg.Error as error:
            self._drop()
            raise Unavailable(f"the history can't be written: {error}") from error


def store_events(connection: Connection[Any], site: str, events: Iterable[Recorded]) -> None:
    """Store events in a transaction, in chunks: the server works while the next one is made.

    Raises: psycopg.Error of the first chunk that can't be stored, at a later one or at the end.
    """
    coming = iter(events)
    with connection.pipeline(), connection.cursor() as cursor:
        while chunk := list(islice(coming, _CHUNK)):
            cursor.execute(_STORE, {"site": site, "events": _told(chunk)}, prepare=True)
            _hand_over(connection)


def _told(events: Iterable[Recorded]) -> str:
    """Return events as `_STORE` takes them."""
    return _encode([
        (
            event.source, event.id, event.type, event.subject, event.time, event.recorded_at,
            recorded.seq, recorded.digest, event.data,
        )
        for recorded in events
        for event in (recorded.event,)
    ]).decode()  # fmt: skip


def _hand_over(connection: Connection[Any]) -> None:
    """Wait until all that was said is on its way: what is held back, the server waits for."""
    taken = poll()
    taken.register(connection, POLLOUT)
    while connection.pgconn.flush():
        taken.poll()


def _noted(events: Iterable[Recorded], spans: Spans) -> Iterator[Recorded]:
    """Pass events on; note of each subject when its first and its last was recorded."""
    for recorded in events:
        subject, at = recorded.event.subject, recorded.event.recorded_at
        span = spans.get(subject)
        if span is None:
            spans[subject] = (at, at)
        elif not span[0] <= at <= span[1]:
            spans[subject] = (min(span[0], at), max(span[1], at))
        yield recorded


def _upsert_folds(cursor: Cursor[Any], site: str, batch: Batch, spans: Spans) -> None:
    by_kind: dict[type[Fold], list[Fold]] = {}
    for fold in batch.folds:
        if fold.empty:  # all that was known of it is void
            kind, *names = fold.subject.split("/")
            cursor.execute(_DELETE[kind], (site, *names))
        else:
            by_kind.setdefault(type(fold), []).append(fold)
    for form, (table, columns, row_of) in _STATES.items():
        dated = columns[-2:] == _SPAN
        rows = [
            row_of(site, fold) + (spans[fold.subject] if dated else ())
            for fold in by_kind.get(form, [])
        ]
        _upsert(cursor, table, columns, rows)
    if batch.completed:
        cursor.execute(
            "UPDATE work_order o SET completed_at = c.at FROM"
            " unnest(%s::text[], %s::timestamptz[]) AS c (id, at)"
            " WHERE o.site = %s AND o.id = c.id",
            (list(batch.completed), list(batch.completed.values()), site),
        )


# When the first and the last event of a subject were recorded: kept as far apart as ever told.
_SPAN = (("first_recorded_at", "timestamptz", False), ("last_recorded_at", "timestamptz", False))
_MERGED = {
    "first_recorded_at": "LEAST({1}.{0}, EXCLUDED.{0})",
    "last_recorded_at": "GREATEST({1}.{0}, EXCLUDED.{0})",
}
_OPERATION = (
    ("site", "text", True),
    ("order_id", "text", True),
    ("operation_id", "text", True),
    ("status", "text", False),
    ("work_unit", "text", False),
    ("started_at", "timestamptz", False),
    ("finished_at", "timestamptz", False),
    ("good", "bigint", False),
    ("scrap", "bigint", False),
    ("rework", "bigint", False),
    ("inspected", "bigint", False),
    ("passed", "bigint", False),
    ("base", "bytea", False),
    *_SPAN,
)
_NEED = (
    ("site", "text", True),
    ("order_id", "text", True),
    ("need_id", "text", True),
    ("promised_at", "timestamptz", False),
    ("shipped", "bigint", False),
    ("received", "bigint", False),
    ("base", "bytea", False),
    *_SPAN,
)
_UNIT = (
    ("site", "text", True),
    ("id", "text", True),
    ("state", "text", False),
    ("since", "timestamptz", False),
    ("base", "bytea", False),
)
_ORDER = (
    ("site", "text", True),
    ("id", "text", True),
    ("product", "text", False),
    ("family", "text", False),
    ("customer", "text", False),
    ("area", "text", False),
    ("quantity", "bigint", False),
    ("released_at", "timestamptz", False),
    ("due_at", "timestamptz", False),
    ("cancelled", "boolean", False),
    ("document", "jsonb", False),
    ("base", "bytea", False),
    *_SPAN,
)
_SITE = (("id", "text", True), ("document", "jsonb", False), ("base", "bytea", False))
_OUTPUT = (
    ("site", "text", True),
    ("work_unit", "text", True),
    ("bucket", "integer", True),
    ("good", "bigint", False),
    ("scrap", "bigint", False),
    ("rework", "bigint", False),
)
_Columns = tuple[tuple[str, str, bool], ...]


def _upsert(cursor: Cursor[Any], table: str, columns: _Columns, rows: list[Any]) -> None:
    """Insert rows or overwrite those with the same key, in one statement."""
    if rows:
        arrays = [list(values) for values in zip(*rows, strict=True)]
        cursor.execute(_upserting(table, columns), arrays)


@cache
def _upserting(table: str, columns: _Columns) -> bytes:
    """Return the statement for `_upsert`; to make it takes longer than to insert some rows."""
    names = sql.SQL(", ").join(sql.Identifier(name) for name, _, _ in columns)
    arrays = sql.SQL(", ").join(sql.SQL("%s::{}[]").format(sql.SQL(form)) for _, form, _ in columns)
    keys = sql.SQL(", ").join(sql.Identifier(name) for name, _, is_key in columns if is_key)
    sets = sql.SQL(", ").join(
        sql.SQL("{0} = " + _MERGED.get(name, "EXCLUDED.{0}")).format(
            sql.Identifier(name), sql.Identifier(table)
        )
        for name, _, is_key in columns
        if not is_key
    )
    query = sql.SQL(
        "INSERT INTO {table} ({names}) SELECT * FROM unnest({arrays})"
        " ON CONFLICT ({keys}) DO UPDATE SET {sets}"
    ).format(table=sql.Identifier(table), names=names, arrays=arrays, keys=keys, sets=sets)
    return query.as_bytes(None)


def _operation_row(site: str, fold: OperationState) -> tuple[Any, ...]:
    _, order_id, operation_id = fold.subject.split("/")
    return (
        site, order_id, operation_id, fold.status, fold.work_unit, fold.started_at,
        fold.finished_at, fold.good, fold.scrap, fold.rework, fold.inspected, fold.passed,
        base_of(fold),
    )  # fmt: skip


def _need_row(site: str, fold: NeedState) -> tuple[Any, ...]:
    _, order_id, need_id = fold.subject.split("/")
    base = base_of(fold)
    return (site, order_id, need_id, fold.promised_at, fold.shipped, fold.received, base)


def _unit_row(site: str, fold: WorkUnitState) -> tuple[Any, ...]:
    return (site, fold.subject.split("/", 1)[1], fold.state, fold.since, base_of(fold))


def _order_row(site: str, fold: OrderState) -> tuple[Any, ...]:
    plan = fold.plan
    if plan is None:
        raise ValueError(f"{fold.subject} has no plan to store")
    return (
        site, plan.id, plan.product, plan.family, plan.customer, plan.area, plan.quantity,
        plan.released_at, plan.due_at, plan.cancelled, _encode(plan).decode(), base_of(fold),
    )  # fmt: skip


def _site_row(site: str, fold: SiteState) -> tuple[Any, ...]:
    return (site, _encode(fold.site).decode(), base_of(fold))


# How each kind of state is stored: its table, the columns, a state's row.
_STATES: dict[type[Fold], tuple[str, _Columns, Callable[[str, Any], tuple[Any, ...]]]] = {
    OperationState: ("operation", _OPERATION, _operation_row),
    NeedState: ("need", _NEED, _need_row),
    WorkUnitState: ("work_unit", _UNIT, _unit_row),
    OrderState: ("work_order", _ORDER, _order_row),
    SiteState: ("site", _SITE, _site_row),
}


def _upsert_output(
    cursor: Cursor[Any], site: str, output: Mapping[tuple[str, int], Sequence[int]]
) -> None:
    rows = [(site, unit, bucket, *counted) for (unit, bucket), counted in output.items()]
    _upsert(cursor, "output", _OUTPUT, rows)


def _write_voids(cursor: Cursor[Any], site: str, batch: Batch) -> None:
    if batch.pending_voids:
        cursor.executemany(
            "INSERT INTO pending_void VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(site, *identity, subject) for identity, subject in batch.pending_voids],
        )
    if batch.settled_voids:
        cursor.executemany(
            "DELETE FROM pending_void WHERE site = %s AND source = %s AND id = %s",
            [(site, *identity) for identity in batch.settled_voids],
        )


def _write_quarantine(cursor: Cursor[Any], site: str, records: Sequence[Quarantined]) -> None:
    if records:
        cursor.executemany(
            "INSERT INTO quarantine (site, source, event_id, kind, field, reason, raw,"
            " received_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    site,
                    *map(_storable, (q.source, q.event_id, q.kind, q.field, q.reason)),
                    q.raw,
                    q.received_at,
                )
                for q in records
            ],
        )


def _storable(text: str) -> str:
    """Return text without what PostgreSQL can't hold: a poisoned entry may say anything."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _write_offset(cursor: Cursor[Any], site: str, batch: Batch) -> None:
    cursor.execute(
        "INSERT INTO reader (site, name, epoch, after, at) VALUES (%s, 'recorder', %s, %s, %s)"
        " ON CONFLICT (site, name) DO UPDATE SET epoch = EXCLUDED.epoch,"
        " after = EXCLUDED.after, at = EXCLUDED.at",
        (site, batch.epoch, batch.after, batch.at),
    )
