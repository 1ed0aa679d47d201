"""Stores forecasts, what they were for orders that went on, and how good they turned out.

Imported by the wiring, which hands it to the watch. Also reads what forecasts learn from: orders
that closed, and the states that work units were in.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Engine, text

from data.domain.events import Event, EventType, work_unit_subject
from data.domain.forecast.records import OrderForecast
from data.domain.subjects import Fold
from data.services.ports import Scored, Trace
from data.store.history import event_of, folds_where
from data.store.scoped import reading, whole, writing

_CLOSED = (
    "SELECT id FROM work_order WHERE site = :site AND NOT cancelled AND completed_at IS NOT NULL"
    " ORDER BY completed_at DESC LIMIT :most"
)
_STATES = (
    "SELECT source, id, type, subject, time, recorded_at, data::text FROM event"
    " WHERE site = :site AND subject = ANY(:subjects) AND time >= :since"
    " ORDER BY time DESC LIMIT :most"
)
_SCORES = (
    "SELECT order_id, closed_at, scores FROM forecast_score WHERE site = :site"
    " ORDER BY closed_at DESC LIMIT :most"
)
_SAVE = """
INSERT INTO forecast (site, order_id, made_at, p50_at, p80_at, p95_at, document)
SELECT :site, * FROM unnest(CAST(:orders AS text[]), CAST(:made AS timestamptz[]),
  CAST(:p50 AS timestamptz[]), CAST(:p80 AS timestamptz[]), CAST(:p95 AS timestamptz[]),
  CAST(:documents AS bytea[]))
ON CONFLICT (site, order_id) DO UPDATE SET made_at = EXCLUDED.made_at,
  p50_at = EXCLUDED.p50_at, p80_at = EXCLUDED.p80_at, p95_at = EXCLUDED.p95_at,
  document = EXCLUDED.document
"""
_KEEP_ONLY = "DELETE FROM forecast WHERE site = :site AND order_id <> ALL(:orders)"
_DROP = "DELETE FROM forecast WHERE site = :site AND order_id = ANY(:orders)"
_TRACE = (
    "INSERT INTO forecast_trace (site, order_id, made_at, remaining_s)"
    " VALUES (:site, :order, :made_at, :remaining_s) ON CONFLICT DO NOTHING"
)
_TRACES = (
    "SELECT order_id, made_at, remaining_s FROM forecast_trace"
    " WHERE site = :site AND order_id = ANY(:orders) ORDER BY order_id, made_at"
)
_TRACED = "SELECT max(made_at) FROM forecast_trace WHERE site = :site"
_UNSCORED = """
SELECT o.id, o.completed_at FROM work_order o
WHERE o.site = :site AND o.completed_at IS NOT NULL AND NOT o.cancelled
  AND o.id IN (SELECT order_id FROM forecast_trace WHERE site = :site)
  AND o.id NOT IN (SELECT order_id FROM forecast_score WHERE site = :site)
ORDER BY o.completed_at
"""
_SCORE = (
    "INSERT INTO forecast_score (site, order_id, closed_at, scores)"
    " VALUES (:site, :order, :closed_at, :scores) ON CONFLICT (site, order_id)"
    " DO UPDATE SET closed_at = EXCLUDED.closed_at, scores = EXCLUDED.scores"
)
_FORGET = (
    "DELETE FROM forecast_trace t USING forecast_score s WHERE t.site = :site"
    " AND s.site = t.site AND s.order_id = t.order_id AND t.made_at < :before"
)
_encode = msgspec.json.Encoder().encode


class ForecastStore:
    """The forecasts of all sites. Raises Unavailable from every method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def closed(self, site: str, most: int) -> list[Fold]:
        """Return the states of the orders that were completed last."""
        bound = {"site": site, "most": most}
        with reading(self._engine, whole(site)) as connection:
            return folds_where(connection, f"IN ({_CLOSED})", bound)

    def unit_events(
        self, site: str, work_units: Iterable[str], since: datetime, most: int
    ) -> list[Event]:
        """Return the newest events of work units, those that are void left out."""
        subjects = [work_unit_subject(unit) for unit in work_units]
        bound = {"site": site, "subjects": subjects, "since": since, "most": most}
        with reading(self._engine, whole(site)) as connection:
            events = [event_of(row) for row in connection.execute(text(_STATES), bound)]
        void = {
            (event.data.event_source or event.source, event.data.event_id)
            for event in events
            if event.type is EventType.EVENT_VOIDED
        }
        return [
            event
            for event in events
            if event.type is EventType.WORK_UNIT_STATE_CHANGED
            and (event.source, event.id) not in void
        ]

    def scores(self, site: str, most: int) -> list[Scored]:
        """Return the scores of the orders that closed last, the oldest first."""
        rows = self._rows(_SCORES, site, most=most)
        return [Scored(row[0], row[1], tuple(row[2])) for row in reversed(rows)]

    def save(self, site: str, forecasts: Sequence[OrderForecast], gone: Sequence[str]) -> None:
        """Make these the newest forecasts of their orders; the others' are no more."""
        bound = {
            "site": site,
            "orders": [made.order for made in forecasts],
            "made": [made.made_at for made in forecasts],
            "p50": [made.finish.p50_at for made in forecasts],
            "p80": [made.finish.p80_at for made in forecasts],
            "p95": [made.finish.p95_at for made in forecasts],
            "documents": [_encode(made) for made in forecasts],
        }
        with writing(self._engine, whole(site)) as connection:
            if gone:
                connection.execute(text(_DROP), {"site": site, "orders": [*gone]})
            if forecasts:
                connection.execute(text(_SAVE), bound)

    def keep_only(self, site: str, orders: Sequence[str]) -> None:
        """Drop the forecasts of all other orders."""
        self._write(site, _KEEP_ONLY, [{"site": site, "orders": [*orders]}])

    def trace(self, site: str, traces: Sequence[Trace]) -> None:
        """Keep what was forecast for orders at an instant, to score it when they close."""
        self._write(site, _TRACE, [{"site": site, **trace._asdict()} for trace in traces])

    def traces(self, site: str, orders: Sequence[str]) -> list[Trace]:
        """Return what was forecast for orders as they went on."""
        rows = self._rows(_TRACES, site, orders=[*orders])
        return [Trace(row[0], row[1], row[2]) for row in rows]

    def traced_at(self, site: str) -> datetime | None:
        """Return when traces were kept last."""
        found: datetime | None = self._rows(_TRACED, site)[0][0]
        return found

    def unscored(self, site: str) -> dict[str, datetime]:
        """Return the orders that were completed while nobody scored them, and when."""
        return {row[0]: row[1] for row in self._rows(_UNSCORED, site)}

    def score(self, site: str, scored: Sequence[Scored]) -> None:
        """Keep the scores of orders that closed."""
        rows = [
            {"site": site, "order": s.order, "closed_at": s.closed_at, "scores": [*s.scores]}
            for s in scored
        ]
        self._write(site, _SCORE, rows)

    def forget_traces(self, site: str, before: datetime) -> None:
        """Drop old traces of orders that are scored."""
        self._write(site, _FORGET, [{"site": site, "before": before}])

    def _rows(self, query: str, site: str, **bound: Any) -> Sequence[Any]:
        with reading(self._engine, whole(site)) as connection:
            return connection.execute(text(query), {"site": site, **bound}).all()

    def _write(self, site: str, statement: str, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            with writing(self._engine, whole(site)) as connection:
                connection.execute(text(statement), rows)
