"""Takes old events out of SQL into files, and brings them back.

Imported by `data.commands.archive`. Its login owns the tables. Only that is taken which no open
order, no work unit's state and no board that can be looked back at needs: the events of orders
closed long before, and old states of work units. They are taken in one transaction, once the
files were read back; `event_identity` keeps every identity (docs/adr/0024).
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Engine, text

from data.services.errors import MilepostError
from data.services.ports import KEEP
from data.store import parquet
from data.store.months import COLUMNS, REST, Month, begin, month_of, months

MANIFEST = "manifest.json"
MARGIN = KEEP + timedelta(days=1)  # what a board looks back at, and a little
UNIT_STATES = 20  # changes of a work unit's state that stay, so that each has what was before it
MOST_LEFT = 200_000  # rows that a month may still hold when its table is given up
_PORTION = 20_000
_ORDERS = """
CREATE TEMPORARY TABLE taken_order ON COMMIT DROP AS
SELECT w.id FROM work_order w WHERE w.site = :site AND w.archived IS NULL
  AND (w.cancelled OR w.completed_at < :horizon)
  AND w.id NOT IN (SELECT split_part(subject, '/', 2) FROM event
    WHERE site = :site AND recorded_at >= :horizon
      AND split_part(subject, '/', 1) IN ('order', 'operation', 'need'))
  AND w.id NOT IN (SELECT split_part(subject, '/', 2) FROM pending_void WHERE site = :site)
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
_EVENTS = f"""
SELECT source, id, type, subject, time, recorded_at, seq, digest, data::text FROM event e
WHERE {_TAKEN} ORDER BY recorded_at, source, id
"""
_MARK = """
UPDATE work_order SET archived = :before WHERE site = :site AND id IN (SELECT id FROM taken_order)
"""
_NOTE = "INSERT INTO archive_run VALUES (:site, :before, :now, :folder, :events, :orders)"
_LATEST = "SELECT recorded_at FROM event WHERE site = :site ORDER BY recorded_at DESC LIMIT 1"
_RUNS = "SELECT before, folder FROM archive_run WHERE site = :site ORDER BY before DESC LIMIT 1"
_BACK = (
    "CREATE TEMPORARY TABLE brought (LIKE event) ON COMMIT DROP",
    f"INSERT INTO event ({COLUMNS}) SELECT {COLUMNS} FROM brought",
    "UPDATE work_order SET archived = NULL WHERE site = :site AND archived = :before",
    "DELETE FROM archive_run WHERE site = :site AND before = :before",
)


class ArchiveError(MilepostError):
    """Nothing was taken or brought back; says why."""


class File(Struct, frozen=True, kw_only=True):
    """One month of a site. `rows`: a digest of what is in it; `sha256`: of the file."""

    name: str
    events: int
    rows: str
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """What was taken in one run."""

    site: str
    before: datetime
    made_at: datetime
    orders: int
    files: tuple[File, ...]

    @property
    def events(self) -> int:
        """How many events it is in all."""
        return sum(file.events for file in self.files)


class Archive:
    """Files below one folder, and the database that they come from."""

    def __init__(self, engine: Engine, folder: Path, now: Callable[[], datetime]) -> None:
        self._engine = engine
        self._folder = folder
        self._now = now

    def sites(self) -> list[str]:
        """Return all sites."""
        with self._engine.begin() as connection:
            begin(connection)
            return [row[0] for row in connection.execute(text("SELECT id FROM site ORDER BY id"))]

    def latest(self, site: str) -> datetime | None:
        """Return when anything was recorded last at a site, by its own clock."""
        with self._engine.begin() as connection:
            begin(connection)
            found: datetime | None = connection.execute(text(_LATEST), {"site": site}).scalar()
            return found

    def take(self, site: str, before: datetime) -> Manifest | None:
        """Write what isn't needed since the beginning of a month to files, and take it out.

        None where there is nothing to take. Raises: ArchiveError; then nothing was taken.
        """
        latest = self.latest(site)
        if before != month_of(before) or latest is None or before > month_of(latest):
            raise ArchiveError(f"{site}: {before:%Y-%m-%d} is not the first of a month that began")
        folder = self._folder / quote(site, safe="") / f"before-{before:%Y-%m}"
        bound = {"site": site, "before": before, "horizon": before - MARGIN, "states": UNIT_STATES}
        with self._engine.begin() as connection:
            begin(connection)
            _choose(connection, bound)
            files = tuple(_written(connection, bound, folder))
            if not files:
                return None
            orders = connection.execute(text("SELECT count(*) FROM taken_order")).scalar_one()
            made = Manifest(
                site=site, before=before, made_at=self._now(), orders=orders, files=files
            )
            (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(made)))
            _take_out(connection, bound, made, folder)
        return made

    def give_up_months(self, before: datetime) -> list[str]:
        """Drop the tables of months that hold little; what they hold goes on in `rest`.

        Readers and writers wait for it some milliseconds; it waits for them 3 s at most.
        Raises: OperationalError when they took longer.
        """
        dropped = []
        with self._engine.begin() as connection:
            begin(connection)
            old = [month for month in months(connection) if month.finish <= before]
        for month in old:
            with self._engine.begin() as connection:
                begin(connection)
                if _given_up(connection, month):
                    dropped.append(month.table)
        return dropped

    def bring_back(self, site: str) -> Manifest:
        """Put the events of a site's newest run back into SQL.

        Raises: ArchiveError when there is none, or its files aren't as they were written.
        """
        with self._engine.begin() as connection:
            begin(connection)
            row = connection.execute(text(_RUNS), {"site": site}).first()
            if row is None:
                raise ArchiveError(f"{site}: nothing is archived")
            folder = Path(row[1])
            manifest = checked(folder)
            bound = {"site": site, "before": row[0]}
            make, put, unmark, forget = map(text, _BACK)
            connection.execute(make)
            for file in manifest.files:
                for rows in parquet.rows_of(folder / file.name):
                    _copy(connection, site, rows)
            connection.execute(put)
            connection.execute(unmark, bound)
            connection.execute(forget, bound)
        return manifest


def checked(folder: Path) -> Manifest:
    """Return a run's manifest when every file is as it was written.

    Raises: ArchiveError.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        for file in manifest.files:
            _check(folder, file)
    except (OSError, msgspec.DecodeError) as error:
        raise ArchiveError(f"{folder} holds no whole archive: {error}") from error
    return manifest


def _check(folder: Path, file: File) -> None:
    """Raise ArchiveError when a file isn't what was said of it."""
    if _sha256(folder / file.name) != file.sha256:
        raise ArchiveError(f"{folder / file.name} is not as it was written")
    found = parquet.summed(folder / file.name)
    if (found.rows, found.digest) != (file.events, file.rows):
        raise ArchiveError(f"{folder / file.name} doesn't hold the events it was given")


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
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{month:%Y-%m}.parquet"
        writer = parquet.Writer(folder / name)
        for portion in _portions(of_month):
            writer.add(portion)
        writer.close()
        file = File(
            name=name, events=writer.sum.rows, rows=writer.sum.digest,
            sha256=_sha256(folder / name),
        )  # fmt: skip
        _check(folder, file)
        yield file


def _portions(rows: Iterator[Any]) -> Iterator[list[Any]]:
    portion: list[Any] = []
    for row in rows:
        portion.append((*row[:7], bytes(row[7]), row[8]))
        if len(portion) == _PORTION:
            yield portion
            portion = []
    if portion:
        yield portion


def _take_out(connection: Connection, bound: dict[str, Any], made: Manifest, folder: Path) -> None:
    """Delete what was written, if that is still what would be; else undo all."""
    gone = connection.execute(text(f"DELETE FROM event e WHERE {_TAKEN}"), bound).rowcount
    if gone != made.events:
        raise ArchiveError(f"{made.site}: something was recorded meanwhile; run it again")
    connection.execute(text(_MARK), bound)
    noted = {
        "site": made.site, "before": made.before, "now": made.made_at,
        "folder": str(folder.resolve()), "events": gone, "orders": made.orders,
    }  # fmt: skip
    connection.execute(text(_NOTE), noted)


def _given_up(connection: Connection, month: Month) -> bool:
    """Take a month out of the table when it holds little."""
    count = f"SELECT count(*) FROM (SELECT FROM {month.table} LIMIT :most) held"
    if connection.execute(text(count), {"most": MOST_LEFT}).scalar_one() >= MOST_LEFT:
        return False
    for statement in (
        f"ALTER TABLE event DETACH PARTITION {month.table}",
        f"INSERT INTO {REST} ({COLUMNS}) SELECT {COLUMNS} FROM {month.table}",
        f"DROP TABLE {month.table}",
    ):
        connection.execute(text(statement))
    return True


def _copy(connection: Connection, site: str, rows: list[parquet.Row]) -> None:
    raw = connection.connection.driver_connection
    if raw is None:
        raise ArchiveError("the connection is gone")
    with raw.cursor() as cursor, cursor.copy(
        f"COPY pg_temp.brought ({COLUMNS}) FROM STDIN"
    ) as copy:  # fmt: skip
        for row in rows:
            copy.write_row((site, *row))


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
