"""From the first released schema, with rows in it, to the newest: nothing of them is lost.

`first_release.sql` holds the rows of a plant as the first migration keeps them: plans, reports,
corrections (one of something that never came), an order that was cancelled, a late report. A login
that row security binds owns the database and brings it up.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event, make_url

from data.store import history
from data.store.embedded import EmbeddedPostgres
from data.store.migrate import upgrade
from tests.contract.releases.owner import as_owner, let_own
from tests.contract.releases.rows import versions
from tests.contract.world import PLANT, Clock, World, good, order, plan_document, process
from tests.engines import conninfo
from tests.unit.domain.strategies import fold, state_of

ROWS = Path(__file__).with_name("first_release.sql")
LATER = datetime(2026, 12, 13, 7, tzinfo=UTC)
ROW = (
    "INSERT INTO event (site, source, id, type, subject, time, recorded_at, seq, digest, data)"
    " SELECT %(site)s, 'mes', %(id)s, type, subject, time, recorded_at + interval '1 hour', seq,"
    " digest, data FROM event WHERE id = 'late'"
)
UNTOLD = """
SELECT subject, first_recorded_at, last_recorded_at, min(recorded_at), max(recorded_at) FROM (
    SELECT site, 'order/' || id AS subject, first_recorded_at, last_recorded_at FROM work_order
    UNION ALL
    SELECT site, 'operation/' || order_id || '/' || operation_id, first_recorded_at,
        last_recorded_at FROM operation
) kept JOIN event USING (site, subject) GROUP BY subject, first_recorded_at, last_recorded_at
"""
EVENTS = "SELECT source, id, type, subject, time, recorded_at, data::text FROM event ORDER BY seq"


@pytest.fixture
def first(postgres: EmbeddedPostgres, new_database: Callable[[str], str]) -> str:
    """A database of the first release, with rows."""
    url = new_database("template0")
    let_own(postgres, make_url(url).database)
    upgrade(as_owner(url), "0001")
    with psycopg.connect(conninfo(url), autocommit=True) as connection:
        connection.execute(ROWS.read_bytes())
    return url


@pytest.fixture
def risen(first: str, redis_url: str) -> Iterator[World]:
    upgrade(as_owner(first))
    with process(redis_url, first, Clock(LATER)) as world:
        yield world


def events(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo(url)) as connection:
        return connection.execute(EVENTS).fetchall()


def test_every_event_of_the_first_release_is_there_afterwards(first: str) -> None:
    before = events(first)
    upgrade(as_owner(first))
    assert len(before) == 19
    assert events(first) == before


def test_the_board_is_the_one_that_all_its_events_make(risen: World) -> None:
    told = [history.event_of(row) for row in events(risen.database_url)]
    made, kept = state_of(fold(told, PLANT.id)), state_of(risen.stored_board())
    assert kept["subjects"] == made["subjects"]
    assert kept["plans"] == made["plans"]
    assert risen.stored_board().unmet_voids == {("mes", "not-yet")}


def test_it_goes_on_from_there(risen: World) -> None:
    risen.log.announce(PLANT.id)
    again = good("late", 1, "operation/SO-2/10", "W2", at=datetime(2026, 12, 12, 6, tzinfo=UTC))
    assert risen.said(again) == ["duplicate"]
    fresh = good("new", 4, "operation/SO-2/10", "W2", at=LATER)
    assert risen.said(plan_document(order("SO-9")), fresh) == ["accepted", "accepted"]
    recorder = risen.recorder()
    while recorder.step(block_ms=None):
        pass
    assert risen.rows("SELECT good FROM operation WHERE order_id = 'SO-2'") == [(5,)]
    assert risen.rows("SELECT count(*) FROM event") == [(21,)]
    assert risen.rows("SELECT count(*) FROM event_identity") == [(21,)]


def test_no_version_between_loses_a_row(first: str) -> None:
    before = events(first)
    for version in versions():
        upgrade(as_owner(first), version)
        assert events(first) == before


def test_every_order_and_operation_knows_when_it_was_recorded(first: str) -> None:
    upgrade(as_owner(first))
    with psycopg.connect(conninfo(first)) as connection:
        found = connection.execute(UNTOLD).fetchall()
    assert len(found) == 8
    assert all(row[1:3] == row[3:] for row in found)


@pytest.mark.parametrize("site", ["plant", "other"])
def test_what_is_recorded_while_identities_are_copied_has_its_own_too(
    first: str, site: str
) -> None:
    """Of a site that was there already, and of one whose first event comes just then."""
    upgrade(as_owner(first), "0014")
    told = []

    def record(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO event_identity") and not told:
            told.append(statement)
            with psycopg.connect(conninfo(first), autocommit=True) as recorder:
                recorder.execute(ROW, {"site": site, "id": "meanwhile"})

    with listening("after_cursor_execute", record):
        upgrade(as_owner(first))
    with psycopg.connect(conninfo(first)) as connection:
        query = "SELECT site FROM event_identity WHERE id = 'meanwhile'"
        assert connection.execute(query).fetchall() == [(site,)]
        counted = "SELECT (SELECT count(*) FROM event), (SELECT count(*) FROM event_identity)"
        assert connection.execute(counted).fetchone() == (20, 20)


@contextmanager
def listening(what: str, told: Callable[..., None]) -> Iterator[None]:
    event.listen(Engine, what, told)
    try:
        yield
    finally:
        event.remove(Engine, what, told)
