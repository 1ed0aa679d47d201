"""The months that the table of events is split into: which there are, new ones, old ones.

Imported by migrations, by `data.store.migrate` and `data.store.archive`. A month is told by
`recorded_at`, which only grows, so an old one changes no more (docs/adr/0024). Whatever has no
month of its own lies in `rest`. The tables of months have no grants: roles have the whole alone.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, text

from data.store.protection import EVERYTHING, PARTY, SITES, whole_site

AHEAD = 3  # months made before they begin
LOCK_S = 3  # how long whoever reads and writes may be kept waiting for a change of the months
COLUMNS = "site, source, id, type, subject, time, recorded_at, seq, digest, data"
REST = "months.rest"
_BOUNDS = re.compile(r"FROM \((MINVALUE|'[^']+')\) TO \('([^']+)'\)")
_PARTS = (
    "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i"
    " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass('public.event')"
)
# By the catalogue: a login that may not use the schema may not even name its tables.
_MINE = (
    "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('public.event')"
    " AND EXISTS (SELECT 1 FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace"
    " WHERE n.nspname = 'months' AND r.relname = 'rest')"
)
_PATIENCE = (
    f"SELECT set_config('lock_timeout', '{LOCK_S}s', true), set_config('timezone', 'UTC', true),"
    f" set_config('{SITES}', '{EVERYTHING}', true), set_config('{PARTY}', '{EVERYTHING}', true)"
)


class Month(NamedTuple):
    """A table of events: what was recorded from `start` (None: ever) up to `finish`."""

    table: str
    start: datetime | None
    finish: datetime


def begin(connection: Connection) -> None:
    """Let a transaction reach all sites, and give up rather than hold others up."""
    connection.execute(text(_PATIENCE))


def may_change(connection: Connection) -> bool:
    """Whether there are months, and the login owns them."""
    return bool(connection.execute(text(_MINE)).scalar())


def months(connection: Connection) -> list[Month]:
    """Return the months that have a table, in their order; within a transaction that began."""
    found = []
    for name, bounds in connection.execute(text(_PARTS)):
        met = _BOUNDS.search(bounds)
        if met is not None:
            start = None if met[1] == "MINVALUE" else _instant(met[1].strip("'"))
            found.append(Month(f"months.{name}", start, _instant(met[2])))
    return sorted(found, key=lambda month: month.finish)


def month_of(at: datetime) -> datetime:
    """Return when the month of an instant began, in UTC."""
    return at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def later(month: datetime, by: int) -> datetime:
    """Return the beginning of a month some months later, or earlier."""
    count = month.year * 12 + month.month - 1 + by
    return month.replace(year=count // 12, month=count % 12 + 1)


def make_ahead(connection: Connection, now: datetime) -> list[str]:
    """Make the tables of the month before, of this one and of those ahead that are missing."""
    begin(connection)
    there = months(connection)
    made = []
    for start in _wanted(now):
        if not any((m.start is None or m.start <= start) and start < m.finish for m in there):
            made.append(make(connection, start))
    return made


def _wanted(now: datetime) -> Iterator[datetime]:
    return (later(month_of(now), by) for by in range(-1, AHEAD + 1))


def make(connection: Connection, start: datetime) -> str:
    """Make a month's table, with what lay in `rest` of it."""
    name, finish = f"months.event_{start:%Y_%m}", later(start, 1)
    span = f"FROM ('{start.isoformat()}') TO ('{finish.isoformat()}')"
    within = f"recorded_at >= '{start.isoformat()}' AND recorded_at < '{finish.isoformat()}'"
    for statement in (
        f"LOCK TABLE {REST} IN SHARE ROW EXCLUSIVE MODE",  # else more comes in behind the move
        f"CREATE TABLE {name} (LIKE event INCLUDING GENERATED)",
        f"WITH moved AS (DELETE FROM {REST} WHERE {within} RETURNING {COLUMNS})"
        f" INSERT INTO {name} ({COLUMNS}) SELECT {COLUMNS} FROM moved",
        *closed(name),
        f"ALTER TABLE event ATTACH PARTITION {name} FOR VALUES {span}",
    ):
        connection.execute(text(statement))
    return name


def of_identity(identity: str) -> str:
    """Return what joins to a row of `event_identity` its event, `e`, in the one month it is in."""
    same = " AND ".join(
        f"found.{name} = {identity}.{name}" for name in ("site", "recorded_at", "source", "id")
    )
    return f"CROSS JOIN LATERAL (SELECT * FROM event found WHERE {same} LIMIT 1) e"


def closed(table: str) -> tuple[str, str]:
    """Return what hides the rows of a month's table from whoever asks for it by its own name."""
    rows = whole_site()
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY month_all ON {table} TO PUBLIC USING ({rows}) WITH CHECK ({rows})",
    )


def _instant(told: str) -> datetime:
    return datetime.fromisoformat(told).astimezone(UTC)
