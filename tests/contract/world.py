"""A small site, its orders and events, and one process that serves it on real engines.

Nothing runs by itself here: `World.pause` is what the services wait with, and it reads the
log, so a test that waits for a board moves it on. Two worlds on the same engines are two
processes.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import gevent
import msgspec
import psycopg
import redis

from data.domain.board import Board
from data.domain.events import Data, Event, EventType
from data.domain.plan import MaterialNeed, Operation, Order
from data.domain.rules import parse_event
from data.domain.scope import factory_scope
from data.domain.site import Area, Calendar, Party, PartyKind, Shift, Site, WorkCenter, WorkUnit
from data.services.errors import Unavailable
from data.services.folding import Folding
from data.services.ingest import Ingest, Verdict, digest_of
from data.services.live import LiveSite
from data.services.ports import Claim
from data.services.recorder import Recorder, restored
from data.services.sites import Sites
from data.store.history import History
from data.store.history import connect as connect_sql
from data.store.recording import Recording
from data.store.scoped import WORKER
from data.stream.client import close
from data.stream.log import EventLog
from data.stream.log import connect as connect_log
from tests.engines import conninfo

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)
DRAWN_S = 5.0  # until what a stream was to draw in a moment has been drawn, which reads SQL
SOURCE = "mes"
PLANT = Site(
    id="plant",
    name="Plant",
    areas=(Area(id="A", calendar="day", output=("C",)),),
    work_centers=(WorkCenter(id="C", area="A"),),
    work_units=(WorkUnit(id="W1", work_center="C"), WorkUnit(id="W2", work_center="C")),
    calendars=(Calendar(id="day", shifts=(Shift(name="day", start="06:00", finish="22:00"),)),),
    parties=(
        Party(id="P1", name="Parts", kind=PartyKind.SUPPLIER),
        Party(id="B1", name="Buyer", kind=PartyKind.CUSTOMER),
    ),
)
FACTORY = factory_scope(PLANT.id)


class Clock:
    """The real clock of a test: stands still until it is moved."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


class World:
    """One process: log, history, followed sites, the door."""

    def __init__(self, redis_url: str, database_url: str, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.client = connect_log(redis_url)
        self.log = EventLog(self.client)
        self.database_url = database_url
        self.sql = connect_sql(database_url)
        self.worker_sql = connect_sql(database_url, role=WORKER)
        self.history = History(self.sql)
        self.sites = Sites(self.log, self.history, self.clock, lambda *_: None, self.pause)
        self.ingest = Ingest(self.log, self.history, self.sites)
        self._writers: list[Recording] = []

    def pause(self, seconds: float) -> None:
        """Let every reader of this process go on instead of waiting."""
        for live in self.lives():
            if live.loaded:
                live.read(block_ms=None)
            else:
                live.load()

    def lives(self) -> list[LiveSite]:
        return self.sites.all(factory_scope(*self.sites.ids()))

    def live(self) -> LiveSite:
        """The plant's board, with everything that is in the log."""
        return self.sites.current(FACTORY, PLANT.id)

    def accept(self, *envelopes: Any) -> list[Verdict]:
        return self.ingest.accept(FACTORY, PLANT.id, envelopes, self.clock())

    def said(self, *envelopes: Any) -> list[str]:
        """What became of each event."""
        return [verdict.status.value for verdict in self.accept(*envelopes)]

    def open(self, *orders: Order) -> None:
        """Make the plant known, with these orders."""
        self.log.announce(PLANT.id)
        self.accept(site_document(), *(plan_document(order) for order in orders))

    def writer(self) -> Recording:
        self._writers.append(Recording(self.database_url, PLANT.id))
        return self._writers[-1]

    def recorder(self) -> Recorder:
        return Recorder(PLANT.id, self.log, self.history, self.writer(), self.clock)

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(conninfo(self.database_url), autocommit=True) as connection:
            return connection.execute(query, parameters).fetchall()

    def rows_deleted(self) -> None:
        """Empty every table of the history."""
        with psycopg.connect(conninfo(self.database_url), autocommit=True) as connection:
            connection.execute(
                "TRUNCATE site, work_order, operation, need, work_unit, output, event,"
                " event_identity, pending_void, reader, quarantine"
            )

    def recorded_ids(self) -> list[str]:
        """Ids of all recorded events, each as often as it stands there."""
        return [row[0] for row in self.rows("SELECT id FROM event ORDER BY id")]

    def stored_board(self) -> Board:
        """The board that SQL holds, and every order of it, also those closed."""
        board = restored(PLANT.id, self.history.snapshot(PLANT.id, self.clock()))
        orders = self.rows(
            "SELECT id FROM work_order UNION SELECT order_id FROM operation"
            " UNION SELECT order_id FROM need"
        )
        missing = [row[0] for row in orders if row[0] not in board.orders]
        board.restore(self.history.orders(PLANT.id, missing))
        return board

    def close(self) -> None:
        gevent.wait(timeout=DRAWN_S)
        for writer in self._writers:
            writer.release()
        self.sql.dispose()
        self.worker_sql.dispose()
        close(self.client)


@contextmanager
def process(redis_url: str, database_url: str, clock: Clock | None = None) -> Iterator[World]:
    """Open a world and close it."""
    world = World(redis_url, database_url, clock)
    try:
        yield world
    finally:
        world.close()


def drain(recorder: Recorder) -> int:
    """Record until nothing is left; return how many entries that were."""
    total = 0
    while count := recorder.step(block_ms=None):
        total += count
    return total


def drain_somehow(recorder: Recorder) -> None:
    """The same while engines come and go, and until PostgreSQL has noticed that another died."""
    waiting = threading.Event()
    for _ in range(6000):
        with suppress(Unavailable):
            left = recorder.step(block_ms=None)
            if recorder.holds_site:
                if left == 0:
                    return
                continue
        waiting.wait(0.01)
    raise AssertionError("the recorder didn't get through")


def steps(*names: str, center: str = "C") -> tuple[Operation, ...]:
    return tuple(
        Operation(
            id=name, work_center=center,
            planned_start=NOW - timedelta(hours=4), planned_finish=NOW + timedelta(hours=4),
        )
        for name in names
    )  # fmt: skip


def order(name: str = "SO-1", *operations: str, quantity: int = 50, **more: Any) -> Order:
    made = steps(*(operations or ("10", "20")))
    need = MaterialNeed(
        id="n1", part="bolt", operation=made[0].id, supplier="P1", quantity=5, need_by=NOW
    )
    due = NOW + timedelta(days=2)
    return Order(
        id=name, product="pump", quantity=quantity, due_at=due, operations=made, needs=(need,),
        **more,
    )  # fmt: skip


def envelope(
    event_id: str, event_type: str, subject: str, data: dict[str, Any] | None = None,
    at: datetime = NOW, source: str = SOURCE,
) -> dict[str, Any]:  # fmt: skip
    """A CloudEvents envelope as decoded JSON."""
    return {
        "specversion": "1.0", "id": event_id, "source": source, "type": event_type,
        "subject": subject, "time": at.isoformat(), "data": data or {},
    }  # fmt: skip


def site_document(site: Site = PLANT, event_id: str = "site") -> dict[str, Any]:
    document = {"site": msgspec.to_builtins(site)}
    return envelope(event_id, "plan.changed", f"site/{site.id}", document, NOW - timedelta(hours=5))


def plan_document(plan: Order, event_id: str = "", at: datetime | None = None) -> dict[str, Any]:
    document = {"order": msgspec.to_builtins(plan)}
    at = at or NOW - timedelta(hours=4)
    return envelope(event_id or f"plan-{plan.id}", "plan.changed", f"order/{plan.id}", document, at)


def good(
    event_id: str, pieces: int = 1, subject: str = "operation/SO-1/10", unit: str = "W1",
    **more: Any,
) -> dict[str, Any]:  # fmt: skip
    data = {"good": pieces, "work_unit": unit}
    return envelope(event_id, "operation.progressed", subject, data, **more)


def plain(event_id: str, data: Data, subject: str = "operation/SO-1/10") -> Event:
    """One report of progress as it stands in the log, whatever its subject."""
    return Event(event_id, "mes", EventType.OPERATION_PROGRESSED, subject, NOW, NOW, data)


def completed(event_id: str, subject: str, at: datetime = NOW) -> dict[str, Any]:
    return envelope(event_id, "operation.completed", subject, None, at)


def void(event_id: str, target: str, subject: str = "operation/SO-1/10") -> dict[str, Any]:
    return envelope(event_id, "event.voided", subject, {"event_id": target})


def claims(*envelopes: dict[str, Any]) -> list[Claim]:
    """What the door appends for these envelopes."""
    return [claim(parse_event(item, NOW)) for item in envelopes]


def claim(event: Event) -> Claim:
    return Claim(event.source, event.id, digest_of(event), msgspec.json.encode(event))


def write_log(log: EventLog, events: Sequence[Event], chunk: int = 500) -> None:
    """Put events into the log as the door would, whatever they say."""
    log.warm(PLANT.id, "epoch-1", {})
    for first in range(0, len(events), chunk):
        log.append(PLANT.id, [claim(event) for event in events[first : first + chunk]])


def entries_of(client: redis.Redis) -> list[tuple[bytes, dict[bytes, bytes]]]:
    """Every entry of the plant's log."""
    return client.xrange("mp:{plant}:events")


def folded(world: World) -> Board:
    """A board that folds the whole log by itself."""
    board = Board(PLANT.id)
    folding = Folding(board, world.history, 0)
    for entry in world.log.read(PLANT.id, "0-0", 1_000_000, None):
        if entry.digest is not None:
            folding.board.apply(msgspec.json.decode(entry.payload, type=Event))
    return board
