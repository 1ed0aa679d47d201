"""Events lie in a table for each month of their recording; each identity is there once, ever."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import Engine, text

from data.domain.events import Data, Event, EventType
from data.services.errors import Unavailable
from data.services.ingest import digest_of
from data.services.ports import Recorded
from data.store.history import connect
from data.store.migrate import make_months, upgrade
from data.store.months import AHEAD, COLUMNS, begin, later, make, make_ahead, month_of, months
from data.store.recording import store_events
from data.store.scoped import WEB, WORKER, enter
from tests.contract.accounting import Works, works
from tests.contract.world import Clock, drain, order, plan_document, process
from tests.engines import conninfo
from tests.unit.domain.ledger.factories import SITE, START

MORE = (
    f"INSERT INTO event ({COLUMNS}) SELECT site, source, 'more', type, subject, time,"
    " recorded_at, seq, digest, data FROM event"
)
MARCH = datetime(2031, 3, 1, tzinfo=UTC)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = connect(database_url, role=WORKER)
    yield made
    made.dispose()


@pytest.fixture
def plant(database_url: str) -> Iterator[Works]:
    with works(database_url) as made:
        made.open([])
        yield made


def report(name: str, at: datetime) -> Event:
    kind = EventType.OPERATION_PROGRESSED
    return Event(name, "mes", kind, "operation/O1/10", at, at, Data(good=1))


def tables(url: str) -> dict[str, int]:
    """How many rows lie in which part."""
    with psycopg.connect(conninfo(url)) as connection:
        query = "SELECT tableoid::regclass::text, count(*) FROM event GROUP BY 1"
        return dict(connection.execute(query).fetchall())


def test_months_are_there_before_they_begin(database_url: str, engine: Engine) -> None:
    before = month_of(datetime.now(UTC))
    with engine.begin() as connection:
        begin(connection)
        starts = [month.start for month in months(connection)]
    after = month_of(datetime.now(UTC))  # another where the month has ended meanwhile
    assert starts in [[later(now, by) for by in range(-1, AHEAD + 1)] for now in (before, after)]


def test_a_month_made_late_takes_what_was_recorded_meanwhile(
    database_url: str, engine: Engine, plant: Works
) -> None:
    plant.record(report("r1", MARCH), report("r2", MARCH.replace(month=4)))
    assert tables(database_url)["months.rest"] == 2
    with engine.begin() as connection:
        made = make_ahead(connection, MARCH.replace(month=1, day=31))
    assert "months.event_2031_03" in made
    after = tables(database_url)
    assert (after["months.event_2031_03"], after["months.event_2031_04"]) == (1, 1)
    with engine.begin() as connection:
        assert make_ahead(connection, MARCH.replace(month=1)) == []


def test_an_identity_is_taken_once_whatever_month_it_comes_again_in(plant: Works) -> None:
    plant.record(report("same", START))
    again = report("same", MARCH)
    with psycopg.connect(conninfo(plant.url)) as connection, connection.cursor() as cursor:
        enter(cursor, SITE.id)
        with pytest.raises(psycopg.errors.UniqueViolation):
            store_events(connection, SITE.id, [Recorded(again, 9, digest_of(again))])
    plant.record(report("same", MARCH))  # the recorder looks, and leaves out what it knows
    assert plant.rows("SELECT count(*) FROM event WHERE id = 'same'") == [(1,)]


def test_an_event_is_found_by_its_identity_in_its_month(plant: Works) -> None:
    told = [report("a", START), report("b", MARCH)]
    plant.record(*told)
    with plant.past.reading(SITE.id) as past:
        found = past.events(SITE.id, [("mes", "b"), ("mes", "a"), ("mes", "none")])
    assert sorted(event.id for event in found) == ["a", "b"]
    assert plant.history.digests_of(SITE.id, [("mes", "b")]) == {("mes", "b"): digest_of(told[1])}


@pytest.mark.parametrize("role", [WEB, WORKER])
def test_nobody_reads_a_month_by_its_own_name(engine: Engine, role: str) -> None:
    with engine.begin() as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute(text(f"SET LOCAL ROLE {role}"))
        connection.execute(text("SELECT * FROM months.rest"))


def test_starting_again_makes_nothing_twice(database_url: str) -> None:
    upgrade(database_url)
    upgrade(database_url)


def test_what_a_question_bounds_by_recording_leaves_other_months_alone(engine: Engine) -> None:
    now = datetime.now(UTC)
    query = (
        "EXPLAIN SELECT 1 FROM event WHERE site = 'x' AND recorded_at BETWEEN"
        f" '{month_of(now)}' AND '{month_of(now).replace(day=2)}'"
    )
    with engine.begin() as connection:
        plan = "\n".join(row[0] for row in connection.execute(text(query)))
    assert f"event_{now:%Y_%m}" in plan
    assert "rest" not in plan


def test_what_is_recorded_while_a_month_is_made_is_in_it(
    database_url: str, engine: Engine, plant: Works
) -> None:
    plant.record(report("before", MARCH))
    with (
        ThreadPoolExecutor(1) as pool,
        psycopg.connect(conninfo(database_url)) as recording,
        recording.cursor() as cursor,
    ):
        enter(cursor, SITE.id)
        cursor.execute(MORE)
        made = pool.submit(make_march, engine)
        while not waits_for_rest(database_url):
            assert not made.done()
        recording.commit()
        assert made.result() == "months.event_2031_03"
    assert tables(database_url)["months.event_2031_03"] == 2


def test_what_meets_the_making_of_its_month_is_recorded_the_next_time(
    redis_url: str, database_url: str, engine: Engine
) -> None:
    with process(redis_url, database_url, Clock(MARCH)) as world, ThreadPoolExecutor(1) as pool:
        world.open()
        recorder = world.recorder()
        drain(recorder)
        world.accept(plan_document(order("O1")))
        with engine.connect() as making:
            begin(making)
            make(making, MARCH)
            recording = pool.submit(recorder.step, None)
            while not waits_for_rest(database_url):
                assert not recording.done()
            making.commit()
            with pytest.raises(Unavailable):
                recording.result()
        drain(recorder)
        assert world.recorded_ids() == ["plan-O1", "site"]
        assert world.rows("SELECT FROM quarantine") == []
    assert tables(database_url)["months.event_2031_03"] == 2


def make_march(engine: Engine) -> str:
    with engine.begin() as connection:
        begin(connection)
        return make(connection, MARCH)


def waits_for_rest(url: str) -> bool:
    with psycopg.connect(conninfo(url)) as connection:
        query = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'months.rest'::regclass"
        return connection.execute(query).fetchone() is not None


def test_who_makes_months_waits_for_others_that_do_and_then_lets_it_be(
    database_url: str, engine: Engine
) -> None:
    with engine.begin() as connection:
        begin(connection)
        newest = months(connection)[-1]
        connection.execute(text(f"DROP TABLE {newest.table}"))
    with psycopg.connect(conninfo(database_url)) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (0x6D70_6D69,))
        with engine.connect() as connection:
            assert make_months(connection) == []
    with engine.connect() as connection:
        assert make_months(connection) == [newest.table]
