"""Reads what the figures of shifts are worked out from, and keeps and adds them up.

Imported by the wiring, which hands it to services.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from data.domain.events import WorkUnitState, operation_subject
from data.domain.kpis import Count, Elements
from data.domain.shift_elements import StateChange, UnitRecord
from data.domain.shift_rows import By, FigureFilter, FigureRow, Progress, ShiftRow
from data.domain.subjects import Identity
from data.domain.waiting.spans import Span
from data.store.derived_version import bump
from data.store.months import of_identity
from data.store.scoped import reading, whole, writing

READER = "shift-figures"
_QUANTITIES = ("good", "scrap", "rework", "inspected", "passed")
_NAMES = Elements.__struct_fields__
_STANDS = (
    " NOT EXISTS (SELECT FROM event v WHERE v.site = e.site AND v.subject = e.subject"
    " AND v.type = 'event.voided' AND v.data->>'event_id' = e.id"
    " AND coalesce(v.data->>'event_source', v.source) = e.source)"
)
_STATE = "e.site = :site AND e.type = 'work_unit.state_changed'"
_CHANGE = "substr(e.subject, 11) AS unit, e.time, e.data->>'state', e.data->>'operation'"
_LATEST_FIRST = 'ORDER BY e.time DESC, e.id COLLATE "C" DESC, e.source COLLATE "C" DESC'
_CHANGES = f"""
(SELECT {_CHANGE}, e.id COLLATE "C" AS id, e.source COLLATE "C" AS source
  FROM unnest(CAST(:subjects AS text[])) s (subject)
  CROSS JOIN LATERAL (SELECT * FROM event e WHERE {_STATE} AND e.subject = s.subject
    AND e.time <= :since AND {_STANDS} {_LATEST_FIRST} LIMIT 1) e)
UNION ALL
(SELECT {_CHANGE}, e.id COLLATE "C", e.source COLLATE "C" FROM event e
  WHERE {_STATE} AND e.subject = ANY(:subjects) AND e.time > :since AND e.time < :until
  AND {_STANDS})
ORDER BY time, id, source
"""
# A row for each operation between two edges of windows, however much was reported there.
_COUNTED = f"""
SELECT e.work_unit, min(e.time), e.subject,
  {", ".join(f"coalesce(sum((e.data->>'{name}')::bigint), 0)::bigint" for name in _QUANTITIES)}
FROM event e
WHERE e.site = :site AND e.work_unit = ANY(:units) AND e.time >= :since
  AND e.time < :until AND e.data ?| ARRAY['good', 'scrap', 'rework', 'inspected'] AND {_STANDS}
GROUP BY e.work_unit, e.subject, width_bucket(e.time, CAST(:edges AS timestamptz[]))
ORDER BY 2
"""
_EXECUTIONS = """
SELECT o.work_unit, o.started_at, least(coalesce(o.finished_at, :until), :until)
FROM operation o JOIN work_order w ON w.site = o.site AND w.id = o.order_id AND NOT w.cancelled
WHERE o.site = :site AND o.work_unit = ANY(:units) AND o.started_at < :until
  AND (o.finished_at IS NULL OR o.finished_at > :since)
"""
# Rows that came about otherwise hash otherwise; the sum doesn't ask for their order.
_EXECUTED = """
SELECT o.work_unit,
  sum(hash_record_extended(ROW(o.started_at, least(coalesce(o.finished_at, :until), :until)), 0))
FROM unnest(CAST(:units AS text[]), CAST(:starts AS timestamptz[])) u (unit, start)
JOIN operation o ON o.site = :site AND o.work_unit = u.unit AND o.started_at < :until
  AND (o.finished_at IS NULL OR o.finished_at > u.start)
JOIN work_order w ON w.site = o.site AND w.id = o.order_id AND NOT w.cancelled
WHERE (o.finished_at IS NULL OR o.finished_at > :since)
GROUP BY 1
"""
_RECORDED = "SELECT \"after\" FROM reader WHERE site = :site AND name = 'recorder'"
_UNDONE = f"""
SELECT e.type, e.subject, e.work_unit, e.time
FROM event_identity i {of_identity("i")} WHERE i.site = :site
  AND (i.source, i.id) IN (SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])))
"""
_REPORTED = """
SELECT order_id, operation_id FROM operation
WHERE site = :site AND order_id = ANY(:orders) AND good + scrap > 0
"""
# Subjects are bound: row security lets an index be asked for nothing that SQL puts together.
_COUNTED_ON = """
SELECT DISTINCT work_unit FROM event
WHERE site = :site AND subject = ANY(:subjects) AND time >= :since AND work_unit IS NOT NULL
"""
_RUN_TIMES = """
SELECT 'operation/' || w.id || '/' || (step->>'id'), (step->>'run_time_s')::float
FROM work_order w CROSS JOIN LATERAL jsonb_array_elements(w.document->'operations') step
WHERE w.site = :site AND w.id = ANY(:orders) AND step ? 'run_time_s'
"""
_KEYS = ("work_unit", "shift_start", "shift")
_OTHERS = ("shift_finish", "day", "work_center", "area", *_NAMES)
_COLUMNS = ("site", *_KEYS, *_OTHERS)
_PUT = (
    f"INSERT INTO shift_element AS s ({', '.join(_COLUMNS)})"
    f" VALUES ({', '.join(f':{name}' for name in _COLUMNS)})"
    " ON CONFLICT (site, work_unit, shift_start, shift) DO UPDATE SET"
    f" {', '.join(f'{name} = EXCLUDED.{name}' for name in _OTHERS)}"
    f" WHERE ({', '.join(f's.{name}' for name in _OTHERS)})"
    f" IS DISTINCT FROM ({', '.join(f'EXCLUDED.{name}' for name in _OTHERS)})"
)
_DROP = """
DELETE FROM shift_element s WHERE site = :site AND day = :day AND work_unit = ANY(:units)
  AND NOT EXISTS (SELECT FROM unnest(CAST(:names AS text[]), CAST(:starts AS timestamptz[]),
    CAST(:shifts AS text[])) k (unit, start, shift)
    WHERE k.unit = s.work_unit AND k.start = s.shift_start AND k.shift = s.shift)
"""
_PROGRESS = 'SELECT "after", at FROM reader WHERE site = :site AND name = :name'
_NOTE = """
INSERT INTO reader (site, name, epoch, "after", at) VALUES (:site, :name, '', :after, :at)
ON CONFLICT (site, name) DO UPDATE SET "after" = EXCLUDED."after", at = EXCLUDED.at
"""
_FIRST = (
    "SELECT min(time) FROM (SELECT time FROM event WHERE site = :site"
    " ORDER BY recorded_at LIMIT 1000) earliest"
)
_GROUPS: dict[By, str] = {
    "work_unit": "work_unit",
    "work_center": "work_center",
    "line": "area",
    "shift": "shift",
    "day": "day::text",
}
_FILTERS = {"line": "area", "work_center": "work_center", "work_unit": "work_unit"}
_SUMS = ", ".join(
    f"sum({name})::{'bigint' if name in ('pq', 'gq', 'sq', 'rq', 'ip', 'gp') else 'float'}"
    for name in _NAMES
)


class ShiftFigureStore:
    """The elements of all sites. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def records(
        self, site: str, units: Sequence[str], edges: Sequence[datetime]
    ) -> tuple[dict[str, UnitRecord], dict[str, float]]:
        """Return what was reported of work units, voided events left out.

        `edges`: of the windows that are asked for, in order of time; counts are summed between
        two of them. With it the planned run time a piece of each operation that has counts.
        """
        subjects = [f"work-unit/{unit}" for unit in units]
        bound = {"site": site, "since": edges[0], "until": edges[-1]}
        with reading(self._engine, whole(site), snapshot=True) as connection:
            changes = _changes(connection, {**bound, "subjects": subjects})
            counted = _counted(connection, {**bound, "units": [*units], "edges": [*edges]})
            executions = _executions(connection, {**bound, "units": [*units]})
            orders = {one.operation.split("/")[1] for told in counted.values() for one in told}
            run_times = _run_times(connection, site, sorted(orders))
        return {
            unit: UnitRecord(changes[unit], counted[unit], executions[unit]) for unit in units
        }, run_times

    def executed(self, site: str, since: Mapping[str, datetime], until: datetime) -> dict[str, int]:
        """Return a number for each work unit that worked at something between two instants.

        It is another when it worked from or to another time. `since`: by work unit.
        """
        bound = {
            "site": site, "until": until, "since": min(since.values()),
            "units": [*since], "starts": [*since.values()],
        }  # fmt: skip
        with reading(self._engine, whole(site)) as connection:
            return {row[0]: int(row[1]) for row in connection.execute(text(_EXECUTED), bound)}

    def recorded(self, site: str) -> str:
        """Return the place in the log up to which everything is recorded."""
        with reading(self._engine, whole(site)) as connection:
            return connection.execute(text(_RECORDED), {"site": site}).scalar() or "0-0"

    def undone(
        self, site: str, identities: Sequence[Identity]
    ) -> list[tuple[str, str, str | None, datetime]]:
        """Return type, subject, named work unit and time of those events that are recorded."""
        if not identities:
            return []
        sources, ids = zip(*identities, strict=True)
        bound = {"site": site, "sources": list(sources), "ids": list(ids)}
        with reading(self._engine, whole(site)) as connection:
            return [(row[0], row[1], row[2], row[3]) for row in
                    connection.execute(text(_UNDONE), bound)]  # fmt: skip

    def counted_on(self, site: str, orders: Sequence[str], since: datetime) -> set[str]:
        """Return the work units on which pieces of orders were counted since an instant."""
        with reading(self._engine, whole(site)) as connection:
            asked = {"site": site, "orders": [*orders]}
            names = connection.execute(text(_REPORTED), asked).all()
            subjects = [operation_subject(order, operation) for order, operation in names]
            bound = {"site": site, "subjects": subjects, "since": since}
            return {row[0] for row in connection.execute(text(_COUNTED_ON), bound)}

    def replace(self, site: str, day: date, units: Sequence[str], rows: Sequence[ShiftRow]) -> int:
        """Make these the rows of work units on a day; return how many that changed."""
        keys = {
            "names": [row.work_unit for row in rows],
            "starts": [row.shift_start for row in rows],
            "shifts": [row.shift for row in rows],
        }
        with writing(self._engine, whole(site)) as connection:
            bound = {"site": site, "day": day, "units": [*units], **keys}
            changed = connection.execute(text(_DROP), bound).rowcount
            if rows:
                changed += connection.execute(text(_PUT), [_bound(site, r) for r in rows]).rowcount
            return changed

    def progress(self, site: str) -> Progress | None:
        """Return how far figures were worked out; None before the first time."""
        with reading(self._engine, whole(site)) as connection:
            row = connection.execute(text(_PROGRESS), {"site": site, "name": READER}).first()
        return None if row is None else Progress(date.fromisoformat(row[0]), row[1])

    def note(self, site: str, progress: Progress, changed: bool) -> int | None:
        """Remember how far figures were worked out; return the new version if any changed."""
        bound = {"site": site, "name": READER, "after": str(progress.back_to), "at": progress.upto}
        with writing(self._engine, whole(site)) as connection:
            connection.execute(text(_NOTE), bound)
            return bump(connection, site) if changed else None

    def first_at(self, site: str) -> datetime | None:
        """Return the earliest time of what was recorded first."""
        with reading(self._engine, whole(site)) as connection:
            found: datetime | None = connection.execute(text(_FIRST), {"site": site}).scalar()
            return found

    def sums(self, site: str, wanted: FigureFilter, by: By) -> list[FigureRow]:
        """Return the sums of the elements, a row for each work unit, shift or whatever `by`."""
        where, bound = _where(site, wanted)
        query = f"SELECT {_GROUPS[by]}, {_SUMS} FROM shift_element WHERE {where} GROUP BY 1"
        with reading(self._engine, whole(site)) as connection:
            rows = connection.execute(text(query), bound)
            return [FigureRow(key=row[0], elements=_elements(row[1:])) for row in rows]

    def shifts(self, site: str, wanted: FigureFilter, most: int) -> list[ShiftRow]:
        """Return the shifts that sums are made of, newest first."""
        where, bound = _where(site, wanted)
        columns = ", ".join((*_KEYS, *_OTHERS))
        query = (
            f"SELECT {columns} FROM shift_element WHERE {where}"
            " ORDER BY shift_start DESC, work_unit LIMIT :most"
        )
        with reading(self._engine, whole(site)) as connection:
            rows = connection.execute(text(query), {**bound, "most": most})
            return [_shift_row(row) for row in rows]


def _changes(
    connection: Connection, bound: Mapping[str, Any]
) -> defaultdict[str, list[StateChange]]:
    found: defaultdict[str, list[StateChange]] = defaultdict(list)
    for unit, time, state, operation, *_ in connection.execute(text(_CHANGES), bound):
        found[unit].append(StateChange(time, WorkUnitState(state), operation))
    return found


def _counted(connection: Connection, bound: Mapping[str, Any]) -> defaultdict[str, list[Count]]:
    found: defaultdict[str, list[Count]] = defaultdict(list)
    for unit, time, subject, *quantities in connection.execute(text(_COUNTED), bound):
        found[unit].append(Count(time, subject, *quantities))
    return found


def _executions(connection: Connection, bound: Mapping[str, Any]) -> defaultdict[str, list[Span]]:
    found: defaultdict[str, list[Span]] = defaultdict(list)
    for unit, start, end in connection.execute(text(_EXECUTIONS), bound):
        found[unit].append((start, end))
    return found


def _run_times(connection: Connection, site: str, orders: Sequence[str]) -> dict[str, float]:
    rows = connection.execute(text(_RUN_TIMES), {"site": site, "orders": [*orders]})
    return {row[0]: row[1] for row in rows}


def _bound(site: str, row: ShiftRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in (*_KEYS, *_OTHERS[:4])}
    return {"site": site, **values, **{name: getattr(row.elements, name) for name in _NAMES}}


def _elements(sums: Sequence[Any]) -> Elements:
    return Elements(**dict(zip(_NAMES, sums, strict=True)))


def _shift_row(row: Any) -> ShiftRow:
    unit, start, shift, finish, day, center, area, *sums = row
    return ShiftRow(unit, start, shift, finish, day, center, area, _elements(sums))


def _where(site: str, wanted: FigureFilter) -> tuple[str, dict[str, Any]]:
    bound: dict[str, Any] = {"site": site, "since": wanted.since, "until": wanted.until}
    where = ["site = :site", "day BETWEEN :since AND :until"]
    for name, column in {**_FILTERS, "shift": "shift"}.items():
        value = getattr(wanted, name)
        if value is not None:
            where.append(f"{column} = :{name}")
            bound[name] = value
    return " AND ".join(where), bound
