"""Finds the recorded events, and the entries of the quarantine, that an exception was raised from.

Imported by `data.store.exceptions`.
"""

from typing import Any

import msgspec
from sqlalchemy import Connection, text

from data.domain.events import Data, Event, EventType
from data.domain.exceptions.evidence import MOST, Asked, Evidence
from data.domain.quarantine import Quarantined

_COLUMNS = "e.source, e.id, e.type, e.subject, e.time, e.recorded_at, e.data::text"
_KNOWN = (
    " AND e.time BETWEEN coalesce(:since, '-infinity') AND :until AND e.recorded_at <= :until"
    " ORDER BY e.time DESC, e.recorded_at DESC, e.id DESC LIMIT :most"
)
_OF_SUBJECTS = (
    f"SELECT {_COLUMNS} FROM event e WHERE e.site = :site AND e.subject = ANY(:names){_KNOWN}"
)
_SCRAP_AT = (
    f"SELECT {_COLUMNS} FROM event e WHERE e.site = :site AND e.work_unit = ANY(:names)"
    f" AND e.data ? 'scrap'{_KNOWN}"
)
_ASIDE = text(
    "SELECT kind, source, event_id, field, reason, raw, received_at FROM quarantine"
    " WHERE site = :site AND received_at BETWEEN :first AND :last"
    " AND (CAST(:kind AS text) IS NULL OR kind = :kind) ORDER BY number DESC LIMIT :most"
)
_data = msgspec.json.Decoder(Data).decode


def evidence_of(connection: Connection, site: str, asked: Asked) -> Evidence:
    """Return what is recorded of it, the newest where there is much."""
    events = _events(connection, site, asked, _OF_SUBJECTS, asked.subjects)
    events += _events(connection, site, asked, _SCRAP_AT, asked.units)
    aside = _aside(connection, site, asked)
    more = max(len(events), len(aside)) > MOST
    return Evidence(
        looked=True, more=more, events=tuple(reversed(events[:MOST])),
        aside=tuple(reversed(aside[:MOST])),
    )  # fmt: skip


def _events(
    connection: Connection, site: str, asked: Asked, query: str, names: tuple[str, ...]
) -> list[Event]:
    if not names:
        return []
    bound = {
        "site": site, "names": list(names), "since": asked.since, "until": asked.until,
        "most": MOST + 1,
    }  # fmt: skip
    return [_event(row) for row in connection.execute(text(query), bound)]


def _aside(connection: Connection, site: str, asked: Asked) -> list[Quarantined]:
    if asked.aside is None:
        return []
    first, last = asked.aside
    bound = {"site": site, "first": first, "last": last, "kind": asked.kind, "most": MOST + 1}
    return [Quarantined(**row) for row in connection.execute(_ASIDE, bound).mappings()]


def _event(row: Any) -> Event:
    source, event_id, event_type, subject, time, recorded_at, data = row
    return Event(event_id, source, EventType(event_type), subject, time, recorded_at, _data(data))
