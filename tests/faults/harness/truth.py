"""What the engines hold, asked of them directly, and compared with what was sent."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import psycopg
import redis

from data.domain.board import Board
from data.domain.events import Data, Event, EventType
from data.services.live import utc_now
from data.services.recorder import restored
from data.store.embedded import EmbeddedPostgres
from data.store.history import History, connect
from data.stream.embedded import EmbeddedRedis
from tests.engines import conninfo, redis_at
from tests.faults.harness.journal import Body, Journal, summed
from tests.faults.harness.load import SOURCE, was_sent
from tests.unit.domain.strategies import state_of

SITE = "works"
_EVENTS = (
    "SELECT id, source, type, subject, time, recorded_at, data::text, seq FROM event"
    " WHERE seq > %s ORDER BY seq"
)
_STATES = """
    SELECT 'operation/' || order_id || '/' || operation_id, 'good', good FROM operation
    UNION ALL
    SELECT 'operation/' || order_id || '/' || operation_id, 'scrap', scrap FROM operation
    UNION ALL SELECT 'need/' || order_id || '/' || need_id, 'quantity', shipped FROM need
    UNION ALL SELECT 'work-unit/' || work_unit, 'good', sum(good) FROM output GROUP BY work_unit
    UNION ALL SELECT 'work-unit/' || work_unit, 'scrap', sum(scrap) FROM output GROUP BY work_unit
"""
_NAMED = 3  # of what is wrong, so many are named


class Counted(NamedTuple):
    """What is wrong with what SQL holds of the journal: both must be empty."""

    lost: list[str]
    doubled: list[str]


class Truth:
    """Asks PostgreSQL and Redis past the proxies."""

    def __init__(self, postgres: EmbeddedPostgres, redis_server: EmbeddedRedis) -> None:
        self._postgres, self._redis = postgres, redis_server
        self._recorded: set[str] = set()  # known to be in SQL: nothing takes it out of there
        self._events: list[Event] = []
        self._seq = -1

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            conninfo(self._postgres.url), autocommit=True, connect_timeout=5
        ) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def recorded(self, event_id: str) -> bool:
        """Whether SQL has an event, while it can be asked."""
        with suppress(psycopg.Error):
            return not self.missing([event_id])
        return False

    def missing(self, ids: Iterable[str]) -> list[str]:
        """Return those that SQL hasn't."""
        asked = [one for one in ids if one not in self._recorded]
        if not asked:
            return []
        query = "SELECT id FROM event WHERE site = %s AND source = %s AND id = ANY(%s)"
        self._recorded.update(row[0] for row in self.rows(query, SITE, SOURCE, asked))
        return [one for one in asked if one not in self._recorded]

    def count(self, acknowledged: Sequence[str]) -> Counted:
        """Compare what was acknowledged with all that SQL has."""
        times = dict(self.rows("SELECT id, count(*) FROM event GROUP BY id"))
        lost = [one for one in acknowledged if one not in times]
        return Counted(lost, [one for one, count in times.items() if count > 1])

    def states(self) -> dict[tuple[str, str], int]:
        """The stored quantities of every subject, and what each work unit has put out."""
        return {(subject, name): int(n) for subject, name, n in self.rows(_STATES) if n}

    def stored(self) -> Board:
        """The board of the stored states."""
        sql = connect(self._postgres.url)
        try:
            return restored(SITE, History(sql).snapshot(SITE, utc_now()))
        finally:
            sql.dispose()

    def events(self) -> list[Event]:
        """Everything that is recorded, in the order in which that was done."""
        for *parts, data, seq in self.rows(_EVENTS, self._seq):
            name, source, kind, subject, time, recorded_at = parts
            self._events.append(
                Event(name, source, EventType(kind), subject, time, recorded_at,
                      msgspec.json.decode(data, type=Data))
            )  # fmt: skip
            self._seq = seq
        return self._events

    def bodies(self) -> dict[str, Body]:
        """What is recorded of what senders sent, by its identity."""
        return {one.id: body_of(one) for one in self.events() if was_sent(one.source, one.type)}

    def folded(self) -> Board:
        """The board that folds every recorded event, from nothing."""
        board = Board(SITE)
        for event in self.events():
            board.apply(event)
        return board

    def replay_differences(self) -> list[str]:
        """Say where the stored states are not what a replay of all events gives."""
        stored, folded = (_flat(visible(board)) for board in (self.stored(), self.folded()))
        return [
            f"{name}: {stored.get(name)} is stored, {folded.get(name)} replayed"
            for name in sorted(stored.keys() | folded.keys())
            if stored.get(name) != folded.get(name)
        ]

    def differences(self, journal: Journal, log: dict[str, Body]) -> list[str]:
        """Say where journal, log, SQL's events and its states are not the same.

        `log`: what stood in the log, by identity. The states are added up from the journal's
        bodies, not by the program's fold.
        """
        sent = journal.sent()
        recorded = self.bodies()
        wanted, states = summed(sent[one] for one in recorded if one in sent), self.states()
        return [
            *invented("recorded", recorded, sent),
            *invented("in the log", log, sent),
            *_some("recorded, and never in the log", recorded.keys() - log.keys()),
            *(
                f"{key}: {states.get(key, 0)} are stored, {wanted[key]} were sent"
                for key in sorted(states.keys() | wanted.keys())
                if states.get(key, 0) != wanted[key]
            ),
            *self.replay_differences(),
        ]

    def client(self) -> Any:
        """A client of Redis itself."""
        return redis_at(self._redis.url)

    def is_up(self) -> bool:
        """Whether both engines answer."""
        with suppress(psycopg.Error, redis.RedisError), self.client() as client:
            return bool(client.ping() and self.rows("SELECT 1"))
        return False


def body_of(event: Event) -> Body:
    """What an event says, in the form in which it is sent."""
    return {
        "id": event.id, "type": str(event.type), "subject": event.subject,
        "time": event.time.isoformat(), "data": msgspec.to_builtins(event.data),
    }  # fmt: skip


def invented(where: str, found: dict[str, Body], sent: dict[str, Body]) -> list[str]:
    """Say what nobody has sent, and what was sent otherwise."""
    return [
        *_some(f"{where}, and never sent", found.keys() - sent.keys()),
        *_some(
            f"{where}, and sent otherwise",
            {one for one, body in found.items() if one in sent and _said(body) != _said(sent[one])},
        ),
    ]


def _said(body: Body) -> tuple[object, ...]:
    at = datetime.fromisoformat(body["time"])
    return body["type"], body["subject"], at, body["data"]


def _some(what: str, names: set[str]) -> list[str]:
    named = ", ".join(sorted(names)[:_NAMED])
    return [f"{len(names)} {what}: {named}"] if names else []


def visible(board: Board) -> dict[str, object]:
    """What can be compared: voids are remembered only until their target has come."""
    shown = state_of(board)
    del shown["voided"]
    shown["output"] = {key: counted for key, counted in board.output.items() if any(counted)}
    return shown


def _flat(shown: dict[str, object]) -> dict[str, object]:
    """Return it with a name for each thing that a subject says."""
    subjects = shown.pop("subjects")
    assert isinstance(subjects, dict)
    for subject, said in subjects.items():
        shown |= {f"{subject} {name}": value for name, value in said.items()}
    return shown
