"""Whatever is asked again and again reads few rows, however many months lie in the tables.

No list of queries is kept: recorder, watch and notifier are put together as their processes are
(`data.wiring`), and every statement that they send is counted, whoever wrote it. What the web
process asks all along is what its readers do here. PostgreSQL itself says how many rows a
statement read of the tables with many, as the role that it ran as and under row security.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from msgspec.structs import replace
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import tuple_row
from sqlalchemy import text
from structlog.testing import capture_logs

from callbacks.papers import Papers
from callbacks.wording import Words
from data import wiring
from data.desks import ExceptionParts, TellingParts
from data.domain.scope import Role, factory_scope
from data.domain.site import WorkUnit
from data.services.audit import Audit
from data.services.identity import Identity
from data.services.sealing import Box
from data.services.watch import Watch
from data.settings import Settings
from data.store.audit import AuditStore
from data.store.people import PeopleStore
from data.store.scoped import WORKER, reading, whole
from tests.contract import months_of_rows as months
from tests.contract.world import (
    PLANT,
    Clock,
    World,
    completed,
    drain,
    envelope,
    good,
    order,
    plan_document,
    process,
    site_document,
    void,
)
from tests.faults.harness.alarms import prepare, robot_of
from tests.people import account_of, session_of

BEATS, BEGUN = 10, 3  # of a minute; what was asked ten times PostgreSQL may plan for any value
FEW = 1_000
TROUBLE = {"aspect failed", "aspect waits", "waits"}
SITE = replace(
    PLANT, work_units=tuple(WorkUnit(id=f"U{n}", work_center="C") for n in range(months.UNITS))
)
_READ = (
    "SELECT coalesce(sum(pg_stat_get_xact_tuples_returned(o) + pg_stat_get_xact_tuples_fetched(o)),"
    " 0)::bigint FROM unnest(%s::oid[]) o"
)


class Asked(NamedTuple):
    """A statement, how many rows it read, and in which beat."""

    statement: str
    rows: int
    beat: int


class Counter:
    """Counts what each statement of this process reads of the tables with many rows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, oids: list[int]) -> None:
        self.asked: list[Asked] = []
        self.beat = 0
        self._oids = oids
        for name in ("execute", "executemany"):
            plain = getattr(psycopg.Cursor, name)
            monkeypatch.setattr(psycopg.Cursor, name, self._counting(plain))
        self._local = threading.local()

    def most(self) -> list[Asked]:
        """Return what read more than a few rows since all had begun."""
        return [one for one in self.asked if one.beat >= BEGUN and one.rows > FEW]

    def _counting(self, plain: Any) -> Any:
        def counted(cursor: psycopg.Cursor, query: Any, *given: Any, **more: Any) -> Any:
            before = self._read(cursor.connection)
            answer = plain(cursor, query, *given, **more)
            after = self._read(cursor.connection)
            if before is not None and after is not None:
                self.asked.append(Asked(str(query), after - before, self.beat))
            return answer

        return counted

    def _read(self, connection: psycopg.Connection) -> int | None:
        """Return what the connection has read so far; None outside of a transaction."""
        within = connection.info.transaction_status is TransactionStatus.INTRANS
        piped = connection.info.pipeline_status is not PipelineStatus.OFF
        if not within or piped or getattr(self._local, "busy", False):
            return None
        self._local.busy = True
        try:
            with connection.cursor(row_factory=tuple_row) as cursor:
                row = cursor.execute(_READ, [self._oids]).fetchone()
        finally:
            self._local.busy = False
        return None if row is None else row[0]


class Process:
    """The parts of the program as their processes have them, moved on by hand."""

    def __init__(self, world: World, engines: wiring.Engines, settings: Settings) -> None:
        self._world, self._now_s = world, time.monotonic()
        self._recorder = engines.recorder(SITE.id)
        self.watch = self._at_hand(engines.watch(SITE.id))
        notifier, senders = wiring.notifier_of(engines, settings, Words, Papers)
        self._steps = [notifier.step, *(one.step for one in senders.values())]

    def beat(self, **later: float) -> None:
        """Let everybody do what is due after some time."""
        self._world.clock.advance(**later)
        self._now_s += timedelta(**later).total_seconds()
        drain(self._recorder)
        for _ in range(2):
            self.watch.step(block_ms=None)
        for step in self._steps:
            step()

    def until_learnt(self) -> None:
        """Let the watch go on until it has learnt from the months: forecasts do that beside."""
        for _ in range(6000):
            if self.watch._live.facts.forecasting is not None:
                return
            self.watch.step(block_ms=None)
        raise AssertionError("nothing was forecast")

    def close(self) -> None:
        self.watch.close()
        self._recorder.close()

    def _at_hand(self, watch: Watch) -> Watch:
        """Let what waits for seconds to pass wait for those of this test."""
        for one in (watch, *(post.aspect for post in watch._posts)):
            if hasattr(one, "_clock"):
                one._clock = lambda: self._now_s
        return watch


class Readers:
    """What a web process asks all along: for boards, and for each page that is open."""

    def __init__(self, world: World, engines: wiring.Engines, settings: Settings) -> None:
        audit = Audit(AuditStore(engines.sql), b"s" * 32, world.clock)
        said = wiring.Statements(engines.sql, b"s" * 32)
        self._world, self._account = world, account_of(world.database_url, Role.MANAGER)
        self._token = session_of(world.database_url, self._account)
        self._identity = Identity(PeopleStore(engines.sql), world.clock, Box(b"s" * 32))
        self._told = TellingParts(engines, settings, world.sites, audit, Words, said.disclosures)
        self._cases = ExceptionParts(engines, world.sites, audit, said.boards, lambda: None)
        self._said = said

    def look(self) -> None:
        """Do all of it once."""
        world, scope = self._world, factory_scope(SITE.id)
        world.live().poll()
        assert self._identity.whose(self._token) is not None
        self._told.inbox.unread(self._account)
        self._told.inbox.lately(self._account, "en")
        self._cases.ended(SITE.id, "A")
        self._said.dates.renew()
        self._said.dates.all(scope, SITE.id, world.clock())
        self._said.disclosures.renew()
        self._said.disclosures.policy(SITE.id, Role.MANAGER, None)


@pytest.fixture
def world(
    redis_url: str, new_database: Callable[[str], str], milepost_template: str
) -> Iterator[World]:
    with process(redis_url, new_database(milepost_template), Clock()) as made:
        yield made


@pytest.fixture
def counter(world: World, monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Counts from when the months are there, and the plant's clock is everybody's."""
    large = months.fill(world.database_url, SITE.id, world.clock())
    for module in ("data.wiring", "data.desks"):
        monkeypatch.setattr(f"{module}.utc_now", world.clock)
    monkeypatch.setattr("data.services.forecast_work.CLOSED", FEW // 20)  # orders to learn from
    return Counter(monkeypatch, large)


@pytest.fixture
def settings(world: World, redis_url: str, tmp_path: Path) -> Iterator[Settings]:
    """Those of a program that has a way out, by which people are told of each stop."""
    given = {"DATABASE_URL": world.database_url, "REDIS_URL": redis_url}
    with robot_of(tmp_path) as (_, ways):
        given |= {"MILEPOST_NOTIFY": ways, "MILEPOST_VAR": str(tmp_path)}
        yield Settings.from_env(given)


def told(world: World, beat: int) -> list[dict[str, Any]]:
    """What the plant tells within a minute: an order from plan to end, and what changes others."""
    now, name, unit = world.clock(), f"SO-{beat}", f"U{beat}"
    ten, twenty, other = f"operation/{name}/10", f"operation/{name}/20", "operation/SO-0/10"
    found = {"inspected": 2, "passed": 1}
    said = [
        plan_document(order(name), f"plan-{beat}", now),
        plan_document(order("SO-0", quantity=50 + beat), f"again-{beat}", now),
        envelope(f"start-{beat}", "operation.started", ten, {"work_unit": unit}, now),
        good(f"good-{beat}", 2, ten, unit, at=now),
        good(f"other-{beat}", 2, other, "U0", at=now),
        envelope(f"inspected-{beat}", "quality.inspected", ten, found, now),
        _state(f"down-{beat}", "down", f"U{beat}", now),
        _state(f"up-{beat}", "processing", f"U{beat + 1}", now),
        completed(f"done-{beat}", ten, now),
        completed(f"all-{beat}", twenty, now),
    ]
    if beat:
        before = f"operation/SO-{beat - 1}/20"
        said += [
            void(f"void-{beat}", f"other-{beat - 1}", other),
            envelope(f"back-{beat}", "operation.reopened", before, {}, now),
        ]
    return said


def _state(event_id: str, state: str, unit: str, at: datetime) -> dict[str, Any]:
    subject = f"work-unit/{unit}"
    return envelope(event_id, "work_unit.state_changed", subject, {"state": state}, at)


def test_every_table_is_filled_or_said_to_stay_small(database_url: str) -> None:
    assert months.MASS.keys().isdisjoint(months.SMALL)
    assert months.tables(database_url) == months.MASS.keys() | months.SMALL, (
        "say in tests.contract.months_of_rows what a new table is like after some months"
    )


def test_what_is_asked_again_and_again_reads_few_rows(
    world: World, counter: Counter, settings: Settings
) -> None:
    prepare(world.database_url, [SITE.id])
    world.log.announce(SITE.id)
    assert world.said(site_document(SITE)) == ["accepted"]
    with (
        capture_logs() as logs,
        closing(wiring.Engines(settings, WORKER)) as worker,
        closing(wiring.Engines(settings)) as web,
        closing(Process(world, worker, settings)) as parts,
    ):
        readers = Readers(world, web, settings)
        for counter.beat in range(BEATS):
            said = world.said(*told(world, counter.beat))
            assert said == ["accepted"] * len(said)
            parts.beat(minutes=1, seconds=1)
            parts.until_learnt()
            readers.look()
        with reading(web.sql, whole(SITE.id)) as connection:
            connection.execute(text("SELECT count(*) FROM event"))
    assert [one["event"] for one in logs if one["event"] in TROUBLE] == []
    *asked, all_read = counter.most()
    assert all_read.statement == "SELECT count(*) FROM event"  # or nothing would be noticed
    assert {(one.statement, one.rows) for one in asked} == set()
    over_and_over = {one.statement for one in counter.asked if one.rows > 2 * months.EVENTS}
    assert over_and_over == set()  # nor at the start, when much has to be read once
