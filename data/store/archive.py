"""Takes old events out of SQL into files, and brings them back.

Imported by `data.commands.archive`. Its login owns the tables. Only that is taken which no open
order, no work unit's state and no board that can be looked back at needs: the events of orders
closed long before, and old states of work units. They are taken in one transaction, once the
files were read back and are on the disk; `event_identity` keeps every identity (docs/adr/0024).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Engine, text

from data.domain.site import Site
from data.services.archived import HEARD_S
from data.services.ports import KEEP
from data.store import parquet
from data.store.archive_files import (
    ArchiveError,
    File,
    Manifest,
    checked,
    clear_away,
    manifest_of,
    new_folder,
    of_site,
    rows_in,
    seal,
    write_month,
)
from data.store.archived import ALONE
from data.store.months import COLUMNS, begin, later, month_of
from data.store.small_months import join_small

MARGIN = KEEP + timedelta(days=1)  # what a board looks back at, and a little
UNIT_STATES = 20  # changes of a work unit's state that stay, so that each has what was before it
_PORTION = 20_000
# Which versions of an order's rows there are: another sum after whatever is recorded of it.
_VERSION = """
w.xmin::text::bigint
+ coalesce((SELECT sum(o.xmin::text::bigint) FROM operation o
    WHERE o.site = w.site AND o.order_id = w.id), 0)
+ coalesce((SELECT sum(n.xmin::text::bigint) FROM need n
    WHERE n.site = w.site AND n.order_id = w.id), 0)
"""
_ORDERS = f"""
CREATE TEMPORARY TABLE taken_order ON COMMIT DROP AS
SELECT w.id, {_VERSION} AS version FROM work_order w WHERE w.site = :site AND w.archived IS NULL
  AND (w.cancelled OR w.completed_at < :horizon)
  AND w.id NOT IN (SELECT split_part(subject, '/', 2) FROM event
    WHERE site = :site AND recorded_at >= :horizon
      AND split_part(subject, '/', 1) IN ('order', 'operation', 'need'))
  AND w.id NOT IN (SELECT split_part(subject, '/', 2) FROM pending_void WHERE site = :site)
"""
_CHANGED = f"""
SELECT EXISTS (SELECT FROM taken_order t LEFT JOIN work_order w ON w.site = :site AND w.id = t.id
  WHERE t.version IS DISTINCT FROM {_VERSION})
"""
_UNITS = """
CREATE TEMPORARY TABLE taken_unit ON COMMIT DROP AS
SELECT 'work-unit/' || u.id AS subject, (SELECT e.time FROM event e
  WHERE e.site = :site AND e.subject = 'work-unit/' || u.id AND e.recorded_at < :horizon
  ORDER BY e.time DESC OFFSET :states LIMIT 1) AS upto
FROM work_unit u WHERE u.site = :site
"""
_TAKEN = """
e.site = :site AND e.recorded_at < :horizon AND (
  split_part(e.subject, '/', 1) IN ('order', 'operation', 'need')
    AND split_part(e.subject, '/', 2) IN (SELECT id FROM taken_order)
  OR EXISTS (SELECT FROM taken_unit u WHERE u.subject = e.subject AND e.time < u.upto))
"""
_ANY = f"SELECT EXISTS (SELECT FROM event e WHERE {_TAKEN})"
_EVENTS = f"""
SELECT source, id, type, subject, time, recorded_at, seq, digest, data::text FROM event e
WHERE {_TAKEN} ORDER BY recorded_at, source, id
"""
_MARK = """
UPDATE work_order SET archived = :before WHERE site = :site AND id IN (SELECT id FROM taken_order)
"""
_TRY = "SELECT pg_try_advisory_lock(hashtext('archive'), hashtext(:site))"
_LEAVE = "SELECT pg_advisory_unlock(hashtext('archive'), hashtext(:site))"
_PATIENCE = "SET LOCAL lock_timeout = '60s'"  # the recorder may be writing a long past
_LEFT = "SELECT folder FROM archive_run WHERE site = :site AND NOT taken"
_FORGET_LEFT = "DELETE FROM archive_run WHERE site = :site AND NOT taken"
_TOLD = "SELECT max(before) >= :before FROM archive_run WHERE site = :site AND taken"
_NOTE = """
INSERT INTO archive_run (site, before, number, made_at, folder, events, orders, taken)
SELECT :site, :before, coalesce(max(number), 0) + 1, :now, :folder, 0, 0, false
FROM archive_run WHERE site = :site AND before = :before
"""
_TOOK = """
UPDATE archive_run SET events = :events, orders = :orders, taken = true
WHERE site = :site AND NOT taken
"""
_NEWEST = """
SELECT before, number, made_at, folder FROM archive_run WHERE site = :site AND taken
ORDER BY before DESC, number DESC LIMIT 1
"""
_BRING = "CREATE TEMPORARY TABLE brought (LIKE event) ON COMMIT DROP"
_PUT = f"""
INSERT INTO event ({COLUMNS}) SELECT {COLUMNS} FROM pg_temp.brought b
WHERE NOT EXISTS (SELECT FROM event e WHERE e.site = b.site AND e.recorded_at = b.recorded_at
  AND e.source = b.source AND e.id = b.id)
"""
_FORGET = """
DELETE FROM archive_run WHERE site = :site AND before = :before AND number = :number
"""
# By what is in the run; all that are left of that month once it has no other run.
_UNMARK = """
UPDATE work_order SET archived = NULL WHERE site = :site AND archived = :before
AND (id IN (SELECT split_part(subject, '/', 2) FROM pg_temp.brought
    WHERE split_part(subject, '/', 1) IN ('order', 'operation', 'need'))
  OR NOT EXISTS (SELECT FROM archive_run WHERE site = :site AND before = :before))
"""


class Brought(Struct, frozen=True, kw_only=True):
    """What came back. `there`: how many events of the run were in SQL already."""

    site: str
    events: int
    there: int


class Run(Struct, frozen=True, kw_only=True):
    """One run as SQL knows it."""

    before: datetime
    number: int
    made_at: datetime
    folder: str


class Archive:
    """Files below one folder, and the database that they come from.

    `pause` waits so many seconds: doors hear of a run before it takes anything.
    """

    def __init__(
        self, engine: Engine, folder: Path, now: Callable[[], datetime],
        pause: Callable[[float], None],
    ) -> None:  # fmt: skip
        self._engine = engine
        self._folder = folder
        self._now = now
        self._pause = pause

    def sites(self) -> list[str]:
        """Return all sites."""
        with self._engine.begin() as connection:
            begin(connection)
            return [row[0] for row in connection.execute(text("SELECT id FROM site ORDER BY id"))]

    def now(self, site: str) -> datetime:
        """Return what the clock of a site says: the real one, where it has none of its own.

        Raises: ArchiveError for a site that isn't known.
        """
        query = text("SELECT CAST(document AS text) FROM site WHERE id = :site")
        with self._engine.begin() as connection:
            begin(connection)
            document = connection.execute(query, {"site": site}).scalar()
        if document is None:
            raise ArchiveError(f"{site}: no such site")
        return msgspec.json.decode(document, type=Site).now(self._now())

    def began(self, months_ago: int) -> datetime:
        """Return when the month began that lies so many months back, by the real clock."""
        return later(month_of(self._now()), -months_ago)

    def take(self, site: str, before: datetime) -> Manifest | None:
        """Write what isn't needed since the beginning of a month to files, and take it out.

        None where there is nothing to take. A month may be archived more than once: each run has
        files of its own. Raises: ArchiveError; then nothing was taken.
        """
        if before != month_of(before) or before > month_of(self.now(site)):
            raise ArchiveError(f"{site}: {before:%Y-%m-%d} is not the first of a month that began")
        bound = {"site": site, "before": before, "horizon": before - MARGIN, "states": UNIT_STATES}
        with _alone(self._engine, site) as connection:
            _forget_broken(connection, site)
            with _within(connection):
                _choose(connection, bound)
                if not connection.execute(text(_ANY), bound).scalar_one():
                    return None
            try:
                return self._take(connection, bound)
            finally:
                if not connection.invalidated:  # else another may be at it by now
                    connection.rollback()
                    _forget_broken(connection, site)

    def _take(self, connection: Connection, bound: dict[str, Any]) -> Manifest | None:
        """Say what is to come, wait until that is heard, and do it."""
        folder = new_folder(self._folder, bound["site"], bound["before"])
        noted = {**bound, "now": self._now(), "folder": str(folder)}
        with _within(connection):
            heard = connection.execute(text(_TOLD), bound).scalar()
            connection.execute(text(_NOTE), noted)
        if not heard:
            self._pause(HEARD_S)
        with _within(connection):
            _choose(connection, bound)
            files = tuple(_written(connection, bound, folder))
            if not files:
                return None
            orders = connection.execute(text("SELECT count(*) FROM taken_order")).scalar_one()
            made = Manifest(
                site=bound["site"], before=bound["before"], made_at=noted["now"], orders=orders,
                files=files,
            )  # fmt: skip
            seal(folder, made)
            _take_out(connection, bound, made)
        return made

    def give_up_months(self, before: datetime) -> list[str]:
        """Drop the tables of months before an instant that hold little; return their names.

        What they hold goes on in a small table; whatever is asked finds it as before.
        """
        return join_small(self._engine, min(before, self.began(0)))

    def bring_back(self, site: str) -> Brought:
        """Put the events of a site's newest run back into SQL, those that aren't there.

        Raises: ArchiveError when there is none, or its files aren't as they were written.
        """
        with _alone(self._engine, site) as connection, _within(connection):
            row = connection.execute(text(_NEWEST), {"site": site}).mappings().first()
            if row is None:
                raise ArchiveError(f"{site}: nothing is archived")
            run = Run(**row)
            folder = self._found(site, run)
            manifest = checked(folder)
            connection.execute(text(_BRING))
            for rows in rows_in(folder, manifest):
                _copy(connection, site, rows)
            connection.execute(text("ANALYZE pg_temp.brought"))
            put = connection.execute(text(_PUT)).rowcount
            bound = {"site": site, "before": run.before, "number": run.number}
            connection.execute(text(_FORGET), bound)
            connection.execute(text(_UNMARK), bound)
        return Brought(site=site, events=put, there=manifest.events - put)

    def _found(self, site: str, run: Run) -> Path:
        """Return where the files of a run are: below this folder, or where they were written."""
        noted = Path(run.folder)
        places = (of_site(self._folder, site) / noted.name, noted)
        for place in places:
            found = manifest_of(place)
            if found and (found.site, found.before, found.made_at) == (
                site, run.before, run.made_at,
            ):  # fmt: skip
                return place
        told = " nor ".join(str(place) for place in dict.fromkeys(places))
        raise ArchiveError(f"{site}: the run of {run.made_at:%F %T} is not in {told}")


@contextmanager
def _alone(engine: Engine, site: str) -> Iterator[Connection]:
    """Keep other archive runs of a site away. Raises: ArchiveError when one is at it."""
    with engine.connect() as connection:
        if not connection.execute(text(_TRY), {"site": site}).scalar_one():
            raise ArchiveError(f"{site}: another run is archiving it, or bringing it back")
        connection.commit()
        try:
            yield connection
        finally:
            if not connection.invalidated:
                connection.rollback()
                connection.execute(text(_LEAVE), {"site": site})
                connection.commit()


@contextmanager
def _within(connection: Connection) -> Iterator[None]:
    with connection.begin():
        begin(connection)
        yield


def _forget_broken(connection: Connection, site: str) -> None:
    """Clear away what runs left that took nothing; nobody else is at it."""
    with _within(connection):
        for (folder,) in connection.execute(text(_LEFT), {"site": site}).all():
            clear_away(Path(folder))
        connection.execute(text(_FORGET_LEFT), {"site": site})


def _choose(connection: Connection, bound: dict[str, Any]) -> None:
    for statement in (_ORDERS, _UNITS):
        connection.execute(text(statement), bound)
    connection.execute(text("ANALYZE taken_order, taken_unit"))


def _written(connection: Connection, bound: dict[str, Any], folder: Path) -> Iterator[File]:
    """Write a file for each month and read it back."""
    streamed = text(_EVENTS).execution_options(yield_per=_PORTION)
    portions = connection.execute(streamed, bound).partitions()
    rows = (tuple(row) for portion in portions for row in portion)
    for month, of_month in groupby(rows, key=lambda row: month_of(row[5])):
        yield write_month(folder, month, of_month)


def _take_out(connection: Connection, bound: dict[str, Any], made: Manifest) -> None:
    """Delete what was written, if that is still what would be; else undo all.

    The recorder is kept out from the last look at the orders until they are marked: whatever it
    records afterwards finds the mark.
    """
    gone = connection.execute(text(f"DELETE FROM event e WHERE {_TAKEN}"), bound).rowcount
    connection.execute(text(_PATIENCE))
    connection.execute(text(ALONE), bound)
    if gone != made.events or connection.execute(text(_CHANGED), bound).scalar_one():
        raise ArchiveError(f"{made.site}: something was recorded meanwhile; run it again")
    connection.execute(text(_MARK), bound)
    connection.execute(text(_TOOK), {"site": made.site, "events": gone, "orders": made.orders})


def _copy(connection: Connection, site: str, rows: list[parquet.Row]) -> None:
    raw = connection.connection.driver_connection
    if raw is None:
        raise ArchiveError("the connection is gone")
    with raw.cursor() as cursor, cursor.copy(
        f"COPY pg_temp.brought ({COLUMNS}) FROM STDIN"
    ) as copy:  # fmt: skip
        for row in rows:
            copy.write_row((site, *row))
