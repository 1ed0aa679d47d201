"""What the engines hold, asked of them directly: the ids, the states, a replay of all events."""

from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
import psycopg
import redis

from data.domain.board import Board
from data.domain.events import Data, Event, EventType
from data.domain.subjects import NeedState
from data.services.live import utc_now
from data.services.recorder import restored
from data.store.embedded import EmbeddedPostgres
from data.store.history import History, connect
from data.stream.embedded import EmbeddedRedis
from tests.engines import conninfo, redis_at
from tests.unit.domain.strategies import state_of

SITE = "works"
_EVENTS = "SELECT id, source, type, subject, time, recorded_at, data::text FROM event"


class Counted(NamedTuple):
    """What is wrong with what SQL holds of the journal: both must be 0."""

    lost: list[str]
    doubled: list[str]


class Truth:
    """Asks PostgreSQL and Redis past the proxies."""

    def __init__(self, postgres: EmbeddedPostgres, redis_server: EmbeddedRedis) -> None:
        self._postgres, self._redis = postgres, redis_server

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            conninfo(self._postgres.url), autocommit=True, connect_timeout=5
        ) as connection:
            return connection.execute(query.encode(), parameters).fetchall()

    def recorded(self, event_id: str) -> bool:
        """Whether SQL has an event, while it can be asked."""
        with suppress(psycopg.Error):
            return bool(self.rows("SELECT 1 FROM event WHERE id = %s", event_id))
        return False

    def count(self, journal: list[str]) -> Counted:
        """Compare the journal with SQL."""
        times = dict(self.rows("SELECT id, count(*) FROM event GROUP BY id"))
        missing = [one for one in journal if one not in times]
        twice = [one for one, count in times.items() if count > 1]
        return Counted(missing, twice + sorted({one for one in journal if journal.count(one) > 1}))

    def good(self) -> int:
        """Good pieces by the stored state of the last operation."""
        query = "SELECT good FROM operation WHERE order_id = 'SO-1' AND operation_id = '20'"
        return int(self.rows(query)[0][0])

    def shipped(self) -> int:
        """What the supplier has shipped by the stored state."""
        need = self.stored().existing("need/SO-1/n1")
        return need.shipped if isinstance(need, NeedState) else 0

    def pieces_of_events(self) -> int:
        """Good pieces by the events themselves."""
        query = "SELECT coalesce(sum((data->>'good')::bigint), 0) FROM event"
        return int(self.rows(query)[0][0])

    def stored(self) -> Board:
        """The board of the stored states."""
        sql = connect(self._postgres.url)
        try:
            return restored(SITE, History(sql).snapshot(SITE, utc_now()))
        finally:
            sql.dispose()

    def folded(self) -> Board:
        """The board that folds every recorded event, from nothing."""
        board = Board(SITE)
        for row in self.rows(f"{_EVENTS} ORDER BY seq"):
            *parts, data = row
            name, source, kind, subject, time, recorded_at = parts
            board.apply(
                Event(name, source, EventType(kind), subject, time, recorded_at,
                      msgspec.json.decode(data, type=Data))
            )  # fmt: skip
        return board

    def differences(self) -> list[str]:
        """Say where the stored states are not what a replay of all events gives."""
        stored, folded = (_flat(visible(board)) for board in (self.stored(), self.folded()))
        return [
            f"{name}: {stored.get(name)} is stored, {folded.get(name)} replayed"
            for name in sorted(stored.keys() | folded.keys())
            if stored.get(name) != folded.get(name)
        ]

    def client(self) -> Any:
        """A client of Redis itself."""
        return redis_at(self._redis.url)

    def is_up(self) -> bool:
        """Whether both engines answer."""
        with suppress(psycopg.Error, redis.RedisError), self.client() as client:
            return bool(client.ping() and self.rows("SELECT 1"))
        return False


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
