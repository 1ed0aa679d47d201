"""What is left of old months goes on in small tables; nothing of it is lost or hidden."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import Engine, text

from data.store import small_months
from data.store.history import connect
from data.store.months import begin, make, months
from data.store.scoped import WEB, WORKER
from data.store.small_months import join_small
from tests.contract.accounting import Works, works
from tests.contract.test_months import report, tables
from tests.engines import conninfo
from tests.unit.domain.ledger.factories import SITE

YEAR = 2031
END = datetime(YEAR, 12, 1, tzinfo=UTC)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = connect(database_url, role=WORKER)
    with made.begin() as connection:
        begin(connection)
        for month in months(connection):
            connection.execute(text(f"DROP TABLE {month.table}"))
        for number in range(1, 7):
            make(connection, datetime(YEAR, number, 1, tzinfo=UTC))
    yield made
    made.dispose()


@pytest.fixture
def plant(engine: Engine, database_url: str) -> Iterator[Works]:
    """Two reports in January, one in February, three in each of March and April, none since."""
    with works(database_url) as made:
        made.open([])
        for number, reports in enumerate((2, 1, 3, 3), 1):
            at = datetime(YEAR, number, 5, tzinfo=UTC)
            made.record(*(report(f"{number}-{n}", at) for n in range(reports)))
        yield made


def reports(url: str) -> dict[str, int]:
    return {name: rows for name, rows in tables(url).items() if str(YEAR) in name}


def test_neighbours_are_joined_as_far_as_a_small_table_holds_them(
    database_url: str, engine: Engine, plant: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_months, "MOST", 5)
    dropped = join_small(engine, END)
    assert dropped == [f"months.event_2031_0{n}" for n in range(1, 7)]
    assert reports(database_url) == {
        "months.small_2031_03": 3, "months.small_2031_04": 3, "months.small_2031_07": 3,
    }  # fmt: skip
    assert "months.rest" not in reports(database_url)
    assert join_small(engine, END) == []
    with plant.past.reading(SITE.id) as past:
        assert len(past.events(SITE.id, [("mes", "1-0"), ("mes", "2-0"), ("mes", "4-2")])) == 3


def test_a_small_table_takes_in_what_is_left_of_the_next_month(
    database_url: str, engine: Engine, plant: Works
) -> None:
    join_small(engine, END.replace(month=3))
    assert reports(database_url)["months.small_2031_03"] == 3
    assert join_small(engine, END.replace(month=4)) == ["months.event_2031_03"]
    assert "months.small_2031_03" not in reports(database_url)
    assert reports(database_url)["months.small_2031_04"] == 6


def test_months_that_hold_nothing_leave_no_table(
    database_url: str, engine: Engine, plant: Works
) -> None:
    with psycopg.connect(conninfo(database_url)) as connection:
        connection.execute("DELETE FROM event WHERE recorded_at > '2031-01-01'")
    assert len(join_small(engine, END)) == 6
    plant.record(report("again", END.replace(month=5)))
    assert tables(database_url)["months.rest"] >= 1
    with engine.begin() as connection:
        begin(connection)
        assert months(connection) == []


def test_a_month_that_holds_much_stays_as_it_is(
    database_url: str, engine: Engine, plant: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small_months, "MOST", 3)
    dropped = join_small(engine, END)
    assert not {"months.event_2031_03", "months.event_2031_04"} & {*dropped}
    assert reports(database_url)["months.event_2031_03"] == 3


def test_what_is_in_use_is_left_to_the_next_time(
    database_url: str, engine: Engine, plant: Works
) -> None:
    with psycopg.connect(conninfo(database_url)) as reader:
        reader.execute("SELECT count(*) FROM event")
        assert join_small(engine, END) == []
    with psycopg.connect(conninfo(database_url)) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('months'), 0)")
        assert join_small(engine, END) == []
    assert len(join_small(engine, END)) == 6
    assert sum(reports(database_url).values()) == 9


def test_it_is_indexed_as_any_month_and_nobody_reads_it_by_its_own_name(
    engine: Engine, plant: Works
) -> None:
    join_small(engine, END)
    parts = "SELECT count(*) FROM pg_indexes WHERE tablename = '{}'"
    with engine.begin() as connection:
        own = connection.execute(text(parts.format("small_2031_07"))).scalar_one()
        assert own == connection.execute(text(parts.format("rest"))).scalar_one() > 0
        checks = "SELECT count(*) FROM pg_constraint WHERE conname = 'joined'"
        assert connection.execute(text(checks)).scalar_one() == 0
    for role in (WEB, WORKER):
        with engine.begin() as connection, pytest.raises(Exception, match="permission denied"):
            connection.execute(text(f"SET LOCAL ROLE {role}"))
            connection.execute(text("SELECT * FROM months.small_2031_07"))
