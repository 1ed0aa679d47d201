"""Reads what was recorded, forecast and found between two instants, to try rules on it.

Imported by the wiring, which hands it to services.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Engine, text

from data.domain.events import Data, Event, EventType
from data.services.past import ForecastThen
from data.services.trials import KnownCase
from data.store.scoped import reading, whole

_data = msgspec.json.Decoder(Data).decode
_EVENTS = """
SELECT e.seq, e.id, e.source, e.type, e.subject, e.time, e.recorded_at, e.data::text
FROM event e
WHERE e.site = :site AND e.recorded_at >= :after AND e.recorded_at <= :until
  AND (e.recorded_at, e.seq) > (:after, :seq)
ORDER BY e.recorded_at, e.seq LIMIT :most
"""
_FORECASTS = (
    "SELECT order_id, made_at, remaining_s FROM forecast_trace"
    " WHERE site = :site AND made_at > :after AND made_at <= :until ORDER BY made_at, order_id"
)
_CASES = """
SELECT x.subject, x.raised_at, x.closed_at, EXISTS (
  SELECT FROM exception_transition t WHERE t.site = x.site AND t.number = x.number
    AND t.actor LIKE 'account/%'
    AND t.move IN ('acknowledge', 'assign', 'shelve', 'resolve'))
FROM exception x
WHERE x.site = :site AND x.kind = :kind AND x.raised_at <= :until
  AND (x.closed_at IS NULL OR x.closed_at >= :after)
"""


class TrialRows:
    """What was recorded at any site between two instants. Raises Unavailable from each method."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def events(
        self, site: str, after: tuple[datetime, int], until: datetime, most: int
    ) -> list[tuple[int, Event]]:
        """Return events with their places in the log, as they were recorded, after one of them."""
        bound = {"after": after[0], "seq": after[1], "until": until, "most": most}
        return [(row[0], _event(row[1:])) for row in self._rows(_EVENTS, site, bound)]

    def forecasts(self, site: str, after: datetime, until: datetime) -> list[ForecastThen]:
        """Return forecasts that were kept, as they were made."""
        rows = self._rows(_FORECASTS, site, {"after": after, "until": until})
        return [ForecastThen(row[0], row[1], tuple(row[2])) for row in rows]

    def cases(self, site: str, kind: str, since: datetime, until: datetime) -> list[KnownCase]:
        """Return exceptions of a kind that were open at any time between."""
        bound = {"kind": kind, "after": since, "until": until}
        return [KnownCase(*row) for row in self._rows(_CASES, site, bound)]

    def _rows(self, query: str, site: str, bound: Mapping[str, Any]) -> list[Any]:
        with reading(self._engine, whole(site)) as connection:
            return [*connection.execute(text(query), {"site": site, **bound})]


def _event(row: Any) -> Event:
    event_id, source, event_type, subject, time, recorded_at, data = row
    return Event(event_id, source, EventType(event_type), subject, time, recorded_at, _data(data))
