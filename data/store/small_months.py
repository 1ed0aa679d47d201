"""Gives disk back: months that hold little by now go on together, in one small table.

Imported by `data.store.archive`; the login owns the tables. What is left of old months is copied
while everybody else reads and records; they wait only while one table takes the others' place.
So `rest`, which PostgreSQL reads through whenever a month is made, gets none of it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

import psycopg
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from data.store.months import COLUMNS, Month, begin, closed, months

MOST = 200_000  # rows that a month, or a small table of several, may hold
_SMALL = "months.small_"
_NEW = "months.joining"
_HELD = "SELECT count(*) FROM (SELECT FROM {} LIMIT :most) held"
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtext('months'), 0)")
_BUSY = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)


def join_small(engine: Engine, before: datetime) -> list[str]:
    """Put small tables in place of months that ended before an instant; return those dropped.

    Whoever writes into such an old month waits meanwhile. What is in use for long is left to the
    next time, and all of it where another is at it.
    """
    with engine.begin() as holder:
        if not holder.execute(_ALONE).scalar_one():
            return []
        with engine.begin() as connection:
            begin(connection)
            groups = [*_groups(connection, before)]
        joined = [group for group in groups if _joined(engine, group)]
    return [month.table for group in joined for month in group if not _is_small(month)]


def _joined(engine: Engine, group: Sequence[Month]) -> bool:
    """Put a small table in place of a group; False when it is in use for long."""
    try:
        with engine.begin() as connection:
            begin(connection)
            return _replaced(connection, group)
    except OperationalError as error:
        if not isinstance(error.orig, _BUSY):
            raise
        return False


def _groups(connection: Connection, before: datetime) -> Iterator[list[Month]]:
    """Yield neighbours that hold little together; none that is a small table by itself."""
    group: list[Month] = []
    total = 0
    for month in [month for month in months(connection) if month.finish <= before]:
        held = _held(connection, month)
        if group and (total + held >= MOST or group[-1].finish != month.start):
            yield from _worth(group)
            group, total = [], 0
        if held < MOST:
            group.append(month)
            total += held
    yield from _worth(group)


def _worth(group: list[Month]) -> Iterator[list[Month]]:
    if len(group) > 1 or (group and not _is_small(group[0])):
        yield group


def _is_small(month: Month) -> bool:
    return month.table.startswith(_SMALL)


def _held(connection: Connection, month: Month) -> int:
    """Count the rows of a month, as far as it matters."""
    query = text(_HELD.format(month.table))
    held: int = connection.execute(query, {"most": MOST}).scalar_one()
    return held


def _replaced(connection: Connection, group: Sequence[Month]) -> bool:
    """Copy what months hold, then let go of them; everybody waits for the second half alone."""
    tables = ", ".join(month.table for month in group)
    connection.execute(text(f"LOCK TABLE {tables} IN SHARE MODE"))
    held = sum(_held(connection, month) for month in group)
    if held >= MOST:
        return False
    start, finish = group[0].start, group[-1].finish
    if held:
        for statement in _copied(group, start, finish):
            connection.execute(text(statement))
    for month in group:
        connection.execute(text(f"ALTER TABLE event DETACH PARTITION {month.table}"))
    if held:
        connection.execute(text(_attached(start, finish)))
    connection.execute(text(f"DROP TABLE {tables}"))
    if held:
        name = f"{_SMALL}{finish:%Y_%m}".removeprefix("months.")
        connection.execute(text(f"ALTER TABLE {_NEW} DROP CONSTRAINT joined"))
        connection.execute(text(f"ALTER TABLE {_NEW} RENAME TO {name}"))
    return True


def _copied(group: Sequence[Month], start: datetime | None, finish: datetime) -> Iterator[str]:
    """Yield what makes the small table; its constraint spares PostgreSQL to read it once more."""
    yield f"CREATE TABLE {_NEW} (LIKE event INCLUDING GENERATED INCLUDING INDEXES)"
    within = f"recorded_at < '{finish.isoformat()}'"
    if start is not None:
        within += f" AND recorded_at >= '{start.isoformat()}'"
    yield f"ALTER TABLE {_NEW} ADD CONSTRAINT joined CHECK ({within})"
    for month in group:
        yield f"INSERT INTO {_NEW} ({COLUMNS}) SELECT {COLUMNS} FROM {month.table}"
    yield from closed(_NEW)


def _attached(start: datetime | None, finish: datetime) -> str:
    begins = "MINVALUE" if start is None else f"'{start.isoformat()}'"
    span = f"FROM ({begins}) TO ('{finish.isoformat()}')"
    return f"ALTER TABLE event ATTACH PARTITION {_NEW} FOR VALUES {span}"
