"""Marks of what must be worked out again: the recorder sets them, aspects of the watch take them.

Imported by `data.store` and by the wiring. The recorder sets a mark in the transaction in which it
stores the events, so none is lost while nobody looks; whoever has worked something out settles
the mark that it saw before, and one set again meanwhile stays.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import Cursor
from sqlalchemy import Connection, Engine, text

from data.domain.subjects import Identity
from data.services.staleness import StaleKey, UnitDay, keys_of_days, unit_of
from data.store.calls import call, ear_of
from data.store.months import of_identity
from data.store.scoped import reading, whole, writing

Mark = tuple[str, int]  # key, a number that grows each time the key is marked
_TAKE = (
    "SELECT key, mark FROM stale s WHERE site = :site AND kind = :kind"
    " AND NOT (kind IN ('order', 'account') AND EXISTS (SELECT FROM work_order w"  # once it is back
    " WHERE w.site = s.site AND w.id = s.key AND w.archived IS NOT NULL))"
    " ORDER BY mark, key LIMIT :most"
)
_SETTLE = (
    "DELETE FROM stale s"
    " USING unnest(CAST(:keys AS text[]), CAST(:marks AS bigint[])) d (key, mark)"
    " WHERE s.site = :site"
    " AND s.kind = :kind AND s.key = d.key AND s.mark = d.mark"
)
_SET = (
    "INSERT INTO stale (site, kind, key, mark)"
    " SELECT %s, kind, key, %s FROM unnest(%s::text[], %s::text[]) AS n (kind, key)"
    " ON CONFLICT (site, kind, key)"
    " DO UPDATE SET mark = greatest(stale.mark + 1, EXCLUDED.mark)"
)
_SET_NOW = (
    "INSERT INTO stale (site, kind, key, mark)"
    " SELECT :site, kind, key, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    " FROM unnest(CAST(:kinds AS text[]), CAST(:keys AS text[])) AS n (kind, key)"
    " ON CONFLICT (site, kind, key)"
    " DO UPDATE SET mark = greatest(stale.mark + 1, EXCLUDED.mark)"
)
_UNDONE = (
    "SELECT e.type, e.subject, e.work_unit, (e.time AT TIME ZONE 'UTC')::date"
    f" FROM event_identity i {of_identity('i')}"
    " WHERE i.site = %s AND (i.source, i.id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))"
)


class Stale:
    """The marks of all sites."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, site: str, kind: str, limit: int) -> list[Mark]:
        """Return marked keys, those marked longest ago first. They stay until they are settled.

        Raises: Unavailable.
        """
        with reading(self._engine, whole(site)) as connection:
            rows = connection.execute(text(_TAKE), {"site": site, "kind": kind, "most": limit})
            return [(row[0], row[1]) for row in rows]

    def called(self, site: str, kind: str) -> bool:
        """Whether somebody may have marked something at once (`mark_now`) since this was asked.

        Costs SQL nothing. A lost call is possible, though not likely: look now and then too.

        Raises: Unavailable.
        """
        return ear_of(self._engine).heard(self._engine, site, kind)

    def settle(self, site: str, kind: str, marks: Sequence[Mark]) -> None:
        """Take away marks that are still the same.

        Raises: Unavailable.
        """
        with writing(self._engine, whole(site)) as connection:
            settle(connection, site, kind, marks)


def settle(connection: Connection, site: str, kind: str, marks: Sequence[Mark]) -> None:
    """Take away marks that are still the same, within a transaction of the caller's."""
    if marks:
        bound = {"keys": [key for key, _ in marks], "marks": [mark for _, mark in marks]}
        connection.execute(text(_SETTLE), {"site": site, "kind": kind, **bound})


def mark(
    cursor: Cursor[Any], site: str, keys: Iterable[StaleKey], undone: Sequence[Identity],
    at: datetime,
) -> None:  # fmt: skip
    """Set marks on keys and on what the undone events touched, within the recorder's transaction.

    In the order of their keys: no two writers wait for each other's.
    """
    marked = sorted({*keys, *_of_undone(cursor, site, undone)})
    if marked:
        kinds, names = zip(*marked, strict=True)
        number = int(at.astimezone(UTC).timestamp() * 1e6)
        cursor.execute(_SET, (site, number, list(kinds), list(names)))


def _of_undone(cursor: Cursor[Any], site: str, undone: Sequence[Identity]) -> set[StaleKey]:
    if not undone:
        return set()
    sources, ids = zip(*undone, strict=True)
    rows = cursor.execute(_UNDONE, (site, list(sources), list(ids))).fetchall()
    return keys_of_days(
        UnitDay(unit, day, event_type == "work_unit.state_changed")
        for event_type, subject, named, day in rows
        if (unit := unit_of(event_type, subject, named)) is not None
    )


def mark_now(connection: Connection, site: str, kind: str, keys: Sequence[str]) -> None:
    """Set marks on keys within a transaction of the caller's, each above what stands there.

    Whoever asks whether it was `called` hears of it once the transaction is committed.
    """
    bound = {"site": site, "kinds": [kind] * len(keys), "keys": sorted(keys)}
    connection.execute(text(_SET_NOW), bound)
    call(connection, site, kind)
