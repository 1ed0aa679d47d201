"""A recorded factory and what keeps its accounts, on a real database; the watch is played here."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import psycopg

from data.domain.events import Data, Event, EventType
from data.domain.facts import Facts as SiteFacts
from data.domain.ledger.occupations import occupations_of
from data.domain.ledger.records import Facts
from data.domain.plan import Order
from data.domain.scope import factory_scope
from data.domain.site import Site
from data.services.accounts import Accounts
from data.services.caching import Cached
from data.services.delays import Delays
from data.services.derivation import Accounting
from data.services.ingest import digest_of
from data.services.ports import Entry
from data.services.recorder import Recorder, restored
from data.store.accounts import AccountPast
from data.store.delays import DelayStore
from data.store.history import History, connect
from data.store.recording import Recording
from data.store.scoped import WORKER
from tests.engines import conninfo
from tests.unit.domain.ledger.factories import SITE, START

SCOPE = factory_scope(SITE.id)
LATER = START + timedelta(days=40)


class NoLog:
    """A recorder that is handed its events needs none."""

    def epoch(self, site: str) -> str | None:
        return None

    def read(self, site: str, after: str, count: int, block_ms: int | None) -> list[Entry]:
        return []

    def trim(self, site: str, below: str) -> None: ...

    def note_reader(self, site: str, reader: str, offset: str, at_s: float) -> None: ...


class Works:
    """One site: its recorder, the aspect, the services."""

    def __init__(self, database_url: str, now: datetime = LATER, site: str = SITE.id) -> None:
        self.url, self.now, self.site = database_url, now, site
        self.sql = connect(database_url, role=WORKER)
        self.history = History(self.sql)
        self.writer = Recording(database_url, site)
        self.recorder = Recorder(site, NoLog(), self.history, self.writer, lambda: self.now)
        self.past, self.store = AccountPast(self.sql), DelayStore(self.sql)
        self.accounts = Accounts(self.past)
        self.delays = Delays(self.store, Cached(None))
        self.facts = SiteFacts()
        self.events: list[Event] = []
        self.clock_s = 0.0

    def record(self, *events: Event) -> None:
        self.events += events
        self.recorder.record_past([(event, digest_of(event)) for event in events])

    def open(
        self, orders: Iterable[Order], events: Sequence[Event] = (), site: Site = SITE
    ) -> None:
        plans = [plan_event(order) for order in orders]
        model = Event("site", "erp", EventType.PLAN_CHANGED, f"site/{site.id}", START, START,
                      Data(site=site))  # fmt: skip
        self.record(model, *plans, *events)

    def aspect(self) -> Accounting:
        made = Accounting(self.site, self.past, self.store, clock=lambda: self.clock_s)
        board = restored(self.site, self.history.snapshot(self.site, self.now))
        made.begin(SimpleNamespace(board=board, facts=self.facts))
        return made

    def derive(self) -> dict[str, bytes | None]:
        """Let a fresh aspect do everything that is due; return the facts that it told."""
        aspect, told = self.aspect(), {}
        while True:
            self.clock_s += 60
            new = aspect.work(self.now)
            told |= new
            if not new:
                return told

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(conninfo(self.url), autocommit=True) as connection:
            return connection.execute(query, parameters).fetchall()

    def close(self) -> None:
        self.writer.release()
        self.sql.dispose()


@contextmanager
def works(database_url: str, now: datetime = LATER, site: str = SITE.id) -> Iterator[Works]:
    made = Works(database_url, now, site)
    try:
        yield made
    finally:
        made.close()


def plan_event(order: Order, name: str = "", at: datetime = START) -> Event:
    subject = f"order/{order.id}"
    kind = EventType.PLAN_CHANGED
    return Event(name or f"plan-{order.id}", "erp", kind, subject, at, at, Data(order=order))


def void_of(event: Event, at: datetime) -> Event:
    data = Data(event_id=event.id, event_source=event.source)
    kind = EventType.EVENT_VOIDED
    return Event(f"void-{event.id}", "floor", kind, event.subject, at, at, data)


def all_facts(
    orders: Sequence[Order], events: Sequence[Event], order: Order, now: datetime
) -> Facts:
    """Everything that is known, as the pure function is given it."""
    others = (other for other in orders if other.id != order.id)
    found = [one for other in others for one in occupations_of(other, events, now)]
    found.sort(key=lambda o: (o.start, *o.operation.split("/")[1:], o.work_unit))
    return Facts(order=order, site=SITE, events=tuple(events), occupations=tuple(found), now=now)
