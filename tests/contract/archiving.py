"""A plant with a September to archive and a November that goes on: for tests of the archive."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, create_engine

from data.domain.rules import parse_event
from data.services.ingest import digest_of
from data.store.archive import Archive
from tests.contract.world import (
    NOW,
    PLANT,
    World,
    completed,
    drain,
    envelope,
    good,
    order,
    plan_document,
    site_document,
    void,
)
from tests.engines import conninfo

SEPTEMBER = datetime(2026, 9, 5, 8, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENTS = (
    "SELECT source, id, type, subject, time, recorded_at, seq, digest, data::text FROM event"
    " ORDER BY source, id"
)


def state(name: str, at: datetime, value: str, unit: str = "W1") -> dict[str, object]:
    told = {"state": value}
    return envelope(name, "work_unit.state_changed", f"work-unit/{unit}", told, at)


@pytest.fixture
def two_months(world: World) -> None:
    """In September an order was done, one was left open; in November the work goes on."""
    world.clock.at = SEPTEMBER
    world.log.announce(PLANT.id)
    world.accept(*september())
    world.clock.at = NOW
    world.accept(
        plan_document(order("NEW", "10"), at=NOW),
        good("n1", 4, "operation/NEW/10", at=NOW),
        good("o2", 5, "operation/OPEN/10", at=NOW),
        state("w-now", NOW, "setup"),
    )
    recorder = world.recorder()
    drain(recorder)
    recorder.close()


@pytest.fixture
def owner(database_url: str) -> Iterator[Engine]:
    """The engine of whoever owns the tables."""
    made = create_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def archive(owner: Engine, tmp_path: Path) -> Archive:
    return Archive(owner, tmp_path / "archive", lambda: NOW, no_pause)


def september() -> list[dict[str, object]]:
    return [
        site_document() | {"time": (SEPTEMBER - 2 * HOUR).isoformat()},
        *(plan_document(order(name, "10"), at=SEPTEMBER) for name in ("DONE", "OPEN")),
        good("d1", 7, "operation/DONE/10", at=SEPTEMBER - HOUR),
        good("d2", 2, "operation/DONE/10", at=SEPTEMBER - HOUR),
        void("dv", "d2", "operation/DONE/10") | {"time": SEPTEMBER.isoformat()},
        completed("d3", "operation/DONE/10", SEPTEMBER),
        good("o1", 3, "operation/OPEN/10", at=SEPTEMBER - HOUR),
        *(
            state(f"w{n}", SEPTEMBER - timedelta(minutes=90 - n), ("down", "processing")[n % 2])
            for n in range(60)
        ),
    ]


def no_pause(seconds: float) -> None:
    """What a run waits with until doors have heard of it."""


def record(world: World, *envelopes: dict[str, object]) -> None:
    """Record more as of September, as a log that is imported once more does."""
    events = [parse_event(item, SEPTEMBER) for item in envelopes]
    recorder = world.recorder()
    recorder.record_past([(event, digest_of(event)) for event in events])
    recorder.close()


def more_states(prefix: str, unit: str, count: int = 60) -> list[dict[str, object]]:
    return [
        state(f"{prefix}{n}", SEPTEMBER - timedelta(minutes=90 - n), ("down", "setup")[n % 2], unit)
        for n in range(count)
    ]


def done(world: World, statement: str, *parameters: object) -> None:
    with psycopg.connect(conninfo(world.database_url), autocommit=True) as connection:
        connection.execute(statement, parameters)
