"""Bottlenecks in SQL: the final rows of each line's chain, and the reports they come from.

Imported by the wiring, which hands it to services. Raises Unavailable when SQL can't be reached.
A void is looked for no earlier than a day before the change that it undoes.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from data.domain.bottleneck.chain import BottleneckSegment, SegmentKind
from data.domain.bottleneck.intervals import Interval
from data.domain.bottleneck.line import Change, Correction
from data.domain.events import WorkUnitState, work_unit_subject
from data.domain.subjects import Identity
from data.services.staleness import CHAIN
from data.store.months import of_identity
from data.store.scoped import reading, whole, writing
from data.store.stale import settle

_UNIT = len("work-unit/")
_BEFORE_VOID = timedelta(days=1)
_BUCKET_S = 900
_CHANGED = "type = 'work_unit.state_changed'"
_VOIDS = (
    "voids AS MATERIALIZED (SELECT subject, data->>'event_id' AS id,"
    " coalesce(data->>'event_source', source) AS source FROM event WHERE site = :site"
    " AND subject = ANY(:subjects) AND time >= :voids_since AND type = 'event.voided')"
)
_NOT_VOIDED = (
    "NOT EXISTS (SELECT 1 FROM voids v"
    " WHERE v.subject = e.subject AND v.id = e.id AND v.source = e.source)"
)
_INACTIVE = "('starved', 'blocked', 'waiting_for_transport')"
# Where each unit begins is worked out once, and its events are asked for by that (OFFSET 0): joined
# as they come, all events there are would be read, and where their unit begins asked for each.
_CHANGES = (
    f"WITH {_VOIDS}, first AS MATERIALIZED (SELECT u.subject, coalesce((SELECT time FROM event e"
    f" WHERE site = :site AND subject = u.subject AND {_CHANGED} AND time <= :since"
    f" AND data->>'state' IN {_INACTIVE} AND {_NOT_VOIDED}"
    " ORDER BY time DESC LIMIT 1), :otherwise) AS time"
    " FROM unnest(CAST(:subjects AS text[])) u (subject))"
    " SELECT e.time, e.id, e.source, e.subject, e.data->>'state' FROM first f CROSS JOIN LATERAL"
    " (SELECT * FROM event WHERE site = :site AND subject = f.subject AND time >= f.time"
    f" AND {_CHANGED} OFFSET 0) e"
    f" WHERE {_NOT_VOIDED} ORDER BY e.time, e.id, e.source"
)
_STATE_TIMES = (
    f"WITH {_VOIDS}, changes AS ("
    "SELECT e.subject, e.time, e.id, e.source, e.data->>'state' AS state FROM event e"
    " WHERE e.site = :site AND e.subject = ANY(:subjects) AND e.time > :since AND e.time < :until"
    f" AND e.{_CHANGED} AND {_NOT_VOIDED}"
    " UNION ALL SELECT u.subject, :since, '', '', (SELECT e.data->>'state' FROM event e"
    f" WHERE e.site = :site AND e.subject = u.subject AND e.time <= :since AND e.{_CHANGED}"
    f" AND {_NOT_VOIDED} ORDER BY e.time DESC, e.id DESC, e.source DESC LIMIT 1)"
    " FROM unnest(CAST(:subjects AS text[])) u (subject)),"
    " spells AS (SELECT subject, state, time, coalesce(lead(time) OVER"
    " (PARTITION BY subject ORDER BY time, id, source), :until) AS until FROM changes)"
    " SELECT subject, state, extract(epoch FROM sum(until - time))::float8 FROM spells"
    " WHERE state IS NOT NULL GROUP BY subject, state"
)
_OF_AREA = "site = :site AND area = :area"


class BottleneckStore:
    """The bottlenecks of all sites. Instants go in and out as seconds since the epoch."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def last_end(self, site: str, area: str) -> float | None:
        """Return until when a line's chain is stored, None when none of it is."""
        query = f"SELECT max(end_at) FROM bottleneck_segment WHERE {_OF_AREA}"
        found = self._rows(query, site=site, area=area)[0][0]
        return None if found is None else found.timestamp()

    def first_start(self, site: str, area: str) -> float | None:
        """Return from when on a line's chain is stored, None when none of it is."""
        query = f"SELECT min(start_at) FROM bottleneck_segment WHERE {_OF_AREA}"
        found = self._rows(query, site=site, area=area)[0][0]
        return None if found is None else found.timestamp()

    def segments(
        self, site: str, area: str, since: float, until: float | None = None
    ) -> list[BottleneckSegment]:
        """Return the final segments that meet [since, until), in order of their start."""
        query = (
            "SELECT work_unit, kind, start_at, end_at FROM bottleneck_segment"
            f" WHERE {_OF_AREA} AND end_at > :since AND start_at < :until ORDER BY start_at, end_at"
        )
        return [
            BottleneckSegment(row[0], SegmentKind(row[1]), row[2].timestamp(), row[3].timestamp())
            for row in self._rows(query, site=site, area=area, **_span(since, until))
        ]

    def pauses(
        self, site: str, area: str, since: float, until: float | None = None
    ) -> list[Interval]:
        """Return when the line or who held it up was paused; pauses may overlap."""
        query = (
            "SELECT start_at, end_at FROM bottleneck_pause"
            f" WHERE {_OF_AREA} AND end_at > :since AND start_at < :until ORDER BY start_at"
        )
        return [
            (row[0].timestamp(), row[1].timestamp())
            for row in self._rows(query, site=site, area=area, **_span(since, until))
        ]

    def changes(
        self, site: str, work_units: Sequence[str], since: float, otherwise: float
    ) -> list[Change]:
        """Return the changes of state that count, sorted, with what the first need before them.

        Of each work unit from its last inactive state before `since` on, that being where what
        it does at `since` began; from `otherwise` on when it has none.
        """
        bound: dict[str, Any] = _units(site, work_units, otherwise)
        bound |= {"since": _at(since), "otherwise": _at(otherwise)}
        return [
            Change(at.timestamp(), event_id, source, subject[_UNIT:], WorkUnitState(state))
            for at, event_id, source, subject, state in self._rows(_CHANGES, **bound)
        ]

    def time_of(self, site: str, identity: Identity) -> float | None:
        """Return when the event of an identity happened, None when it isn't recorded."""
        query = (
            f"SELECT e.time FROM event_identity i {of_identity('i')}"
            " WHERE i.site = :site AND i.source = :source AND i.id = :id"
        )
        rows = self._rows(query, site=site, source=identity[0], id=identity[1])
        return rows[0][0].timestamp() if rows else None

    def state_times(
        self, site: str, work_units: Sequence[str], since: float, until: float
    ) -> dict[str, dict[WorkUnitState, float]]:
        """Return how long each work unit was in each state within [since, until)."""
        bound = _units(site, work_units, since) | _span(since, until)
        found: dict[str, dict[WorkUnitState, float]] = {}
        for subject, state, seconds in self._rows(_STATE_TIMES, **bound):
            found.setdefault(subject[_UNIT:], {})[WorkUnitState(state)] = seconds
        return found

    def good(
        self, site: str, work_units: Sequence[str], since: float, until: float
    ) -> dict[str, int]:
        """Return the good pieces of each work unit in the quarters of an hour of a span."""
        query = (
            "SELECT work_unit, sum(good) FROM output WHERE site = :site"
            " AND work_unit = ANY(:units) AND bucket >= :first AND bucket < :last"
            " GROUP BY work_unit"
        )
        rows = self._rows(
            query, site=site, units=list(work_units),
            first=int(since // _BUCKET_S), last=int(-(-until // _BUCKET_S)),
        )  # fmt: skip
        return {row[0]: int(row[1]) for row in rows}

    def good_since(self, site: str) -> float | None:
        """Return from when on good pieces are counted, None while none are."""
        found = self._rows("SELECT min(bucket) FROM output WHERE site = :site", site=site)[0][0]
        return None if found is None else float(found * _BUCKET_S)

    def lot_size(self, site: str, area: str) -> float | None:
        """Return how many pieces an order of a line has on average, None without orders."""
        query = f"SELECT avg(quantity)::float8 FROM work_order WHERE {_OF_AREA} AND NOT cancelled"
        found: float | None = self._rows(query, site=site, area=area)[0][0]
        return found

    def store(
        self, site: str, corrections: Mapping[str, Correction], marks: Sequence[tuple[str, int]]
    ) -> None:
        """Make the rows of lines what they are now and settle marks, in one transaction."""
        with writing(self._engine, whole(site)) as connection:
            for area, correction in corrections.items():
                _remove(connection, site, area, correction)
                _add(connection, site, area, correction)
            settle(connection, site, CHAIN, marks)

    def _rows(self, query: str, site: str, **bound: object) -> Sequence[Any]:
        with reading(self._engine, whole(site)) as connection:
            return connection.execute(text(query), {"site": site, **bound}).all()


def _remove(connection: Connection, site: str, area: str, correction: Correction) -> None:
    bound = {"site": site, "area": area}
    if correction.undone:
        query = (
            "DELETE FROM bottleneck_segment s USING unnest(CAST(:starts AS timestamptz[]),"
            " CAST(:units AS text[]), CAST(:kinds AS text[])) d (start_at, work_unit, kind)"
            f" WHERE s.{_OF_AREA.replace('AND ', 'AND s.')} AND s.start_at = d.start_at"
            " AND s.work_unit = d.work_unit AND s.kind = d.kind"
        )
        connection.execute(text(query), bound | _columns(correction.undone))
    if correction.undone_pauses:
        query = f"DELETE FROM bottleneck_pause WHERE {_OF_AREA} AND start_at = ANY(:starts)"
        starts = [_at(start) for start, _ in correction.undone_pauses]
        connection.execute(text(query), bound | {"starts": starts})


def _add(connection: Connection, site: str, area: str, correction: Correction) -> None:
    bound = {"site": site, "area": area}
    if correction.segments:
        query = (
            "INSERT INTO bottleneck_segment (site, area, start_at, work_unit, kind, end_at)"
            " SELECT :site, :area, n.* FROM unnest(CAST(:starts AS timestamptz[]),"
            " CAST(:units AS text[]), CAST(:kinds AS text[]), CAST(:ends AS timestamptz[])) n"
            " ON CONFLICT (site, area, start_at, work_unit, kind)"
            " DO UPDATE SET end_at = EXCLUDED.end_at"
        )
        columns = _columns(correction.segments)
        columns["ends"] = [_at(row.end) for row in correction.segments]
        connection.execute(text(query), bound | columns)
    if correction.pauses:
        query = (
            "INSERT INTO bottleneck_pause (site, area, start_at, end_at)"
            " SELECT :site, :area, n.* FROM unnest(CAST(:starts AS timestamptz[]),"
            " CAST(:ends AS timestamptz[])) n ON CONFLICT (site, area, start_at)"
            " DO UPDATE SET end_at = greatest(bottleneck_pause.end_at, EXCLUDED.end_at)"
        )
        ends: dict[float, float] = {}
        for start, end in correction.pauses:  # one statement may touch a row once
            ends[start] = max(end, ends.get(start, end))
        pauses = {"starts": [_at(s) for s in ends], "ends": [_at(e) for e in ends.values()]}
        connection.execute(text(query), bound | pauses)


def _columns(rows: Sequence[BottleneckSegment]) -> dict[str, list[Any]]:
    return {
        "starts": [_at(row.start) for row in rows],
        "units": [row.work_unit for row in rows],
        "kinds": [row.kind.value for row in rows],
    }


def _units(site: str, work_units: Sequence[str], since: float) -> dict[str, Any]:
    return {
        "site": site,
        "subjects": [work_unit_subject(unit) for unit in work_units],
        "voids_since": _at(since) - _BEFORE_VOID,
    }


def _span(since: float, until: float | None) -> dict[str, Any]:
    return {"since": _at(since), "until": _FAR if until is None else _at(until)}


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


_FAR = datetime(9999, 1, 1, tzinfo=UTC)
