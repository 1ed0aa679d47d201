"""Old events go into files and come back; whatever can be asked answers as before, or says so."""

from argparse import Namespace
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg
import pytest
from sqlalchemy import Engine, create_engine

from data.commands.archive import archive as command
from data.commands.archive import take, tidy
from data.domain.rules import parse_event
from data.domain.site import Site, SiteClock
from data.services.accounts import Accounts
from data.services.accounts_then import AccountsThen
from data.services.errors import Archived
from data.services.ingest import Ingest, digest_of
from data.services.order_boards import OrderBoards
from data.services.past import PastSites, past_board
from data.settings import Settings
from data.store.accounts import AccountPast
from data.store.archive import Archive, Brought
from data.store.archive_files import ArchiveError, checked
from data.store.archived import OrderArchived, beside_archive, refuse_archived
from data.store.months import COLUMNS
from data.store.past import PastEvents
from data.store.scoped import enter
from tests.contract.world import (
    FACTORY,
    NOW,
    PLANT,
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
from tests.engines import conninfo
from tests.unit.domain.strategies import state_of

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
def world(redis_url: str, database_url: str) -> Iterator[World]:
    """In September an order was done, one was left open; in November the work goes on."""
    with process(redis_url, database_url) as made:
        made.clock.at = SEPTEMBER
        made.log.announce(PLANT.id)
        made.accept(
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
        )
        made.clock.at = NOW
        made.accept(
            plan_document(order("NEW", "10"), at=NOW),
            good("n1", 4, "operation/NEW/10", at=NOW),
            good("o2", 5, "operation/OPEN/10", at=NOW),
            state("w-now", NOW, "setup"),
        )
        recorder = made.recorder()
        drain(recorder)
        recorder.close()
        yield made


@pytest.fixture
def owner(database_url: str) -> Iterator[Engine]:
    made = create_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def archive(owner: Engine, tmp_path: Path) -> Archive:
    return Archive(owner, tmp_path / "archive", lambda: NOW, no_pause)


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


def months(world: World) -> set[str]:
    rows = world.rows("SELECT relname FROM pg_class WHERE relname ~ '^event_2' AND relkind='r'")
    return {row[0] for row in rows}


def test_only_what_nobody_needs_is_taken_and_the_file_says_what(
    world: World, archive: Archive, tmp_path: Path
) -> None:
    manifest = archive.take(PLANT.id, NOVEMBER)
    assert manifest is not None
    left = set(world.recorded_ids())
    assert not left & {"plan-DONE", "d1", "d2", "dv", "d3", "w0", "w38"}
    assert left >= {"site", "plan-OPEN", "o1", "o2", "plan-NEW", "n1", "w39", "w59", "w-now"}
    assert (manifest.orders, manifest.events) == (1, 5 + 39)
    assert checked(tmp_path / "archive" / "plant" / "before-2026-11") == manifest
    assert world.rows("SELECT events FROM archive_run") == [(44,)]


def test_boards_of_now_and_then_are_as_before(world: World, archive: Archive) -> None:
    past, instants = PastEvents(world.sql), (NOVEMBER, NOVEMBER + HOUR, NOW)
    before = [state_of(past_board(past, PLANT.id, at)) for at in instants]
    stored = state_of(world.stored_board())
    archive.take(PLANT.id, NOVEMBER)
    assert [state_of(past_board(past, PLANT.id, at)) for at in instants] == before
    assert state_of(world.stored_board()) == stored


def test_what_lies_before_says_that_it_is_archived(world: World, archive: Archive) -> None:
    sites = PastSites(PastEvents(world.sql), lambda _: NOW)
    assert sites.at(FACTORY, PLANT.id, NOVEMBER - HOUR).board.orders
    archive.take(PLANT.id, NOVEMBER)
    again = PastSites(PastEvents(world.sql), lambda _: NOW)
    with pytest.raises(Archived, match="archived"):
        again.at(FACTORY, PLANT.id, NOVEMBER - HOUR)
    past = AccountPast(world.sql)
    with pytest.raises(Archived, match="DONE"):
        Accounts(past).ledger(FACTORY, PLANT.id, "DONE", NOW)
    then = AccountsThen(past, PastEvents(world.sql)).at(NOW)
    with pytest.raises(Archived, match="DONE"):
        then.ledger(FACTORY, PLANT.id, "DONE", NOW)


def test_an_archived_order_is_shown_as_it_ended(world: World, archive: Archive) -> None:
    archive.take(PLANT.id, NOVEMBER)
    boards, view = OrderBoards(world.history, PastEvents(world.sql)), world.live()
    for at in (None, NOW):
        board = boards.of(FACTORY, view, "DONE", at)
        assert board.operation("DONE", "10").good == 7


def test_what_would_be_folded_wrongly_is_refused_and_all_else_goes_on(
    world: World, archive: Archive
) -> None:
    archive.take(PLANT.id, NOVEMBER)
    door = Ingest(world.log, world.history, world.sites)

    def said(*envelopes: object) -> list[tuple[str, str | None]]:
        told = door.accept(FACTORY, PLANT.id, envelopes, NOW)
        return [(verdict.status.value, verdict.field) for verdict in told]

    assert said(
        good("x1", 1, "operation/DONE/10", at=NOW),
        plan_document(order("DONE", "10"), "again", NOW),
        void("x2", "o1", "operation/OPEN/10"),
        good("x3", 1, "operation/OPEN/10", at=SEPTEMBER),
        good("x4", 1, "operation/OPEN/10", at=NOW),
        void("x5", "o2", "operation/OPEN/10"),
    ) == [
        ("refused", "subject"), ("refused", "subject"), ("refused", "data.event_id"),
        ("refused", "time"), ("accepted", None), ("accepted", None),
    ]  # fmt: skip
    drain(world.recorder())
    assert world.rows("SELECT good FROM operation WHERE order_id = 'OPEN'") == [(4,)]
    identity = world.history.digests_of(PLANT.id, [("mes", "d1")])
    assert identity  # and stays, so that it can't come in again


def test_an_archive_comes_back_whole(world: World, archive: Archive) -> None:
    before = world.rows(EVENTS)
    archive.take(PLANT.id, NOVEMBER)
    archive.bring_back(PLANT.id)
    assert world.rows(EVENTS) == before
    assert world.rows("SELECT count(*) FROM work_order WHERE archived IS NOT NULL") == [(0,)]
    sites = PastSites(PastEvents(world.sql), lambda _: NOW)
    assert sites.at(FACTORY, PLANT.id, NOVEMBER - HOUR).board.orders
    with pytest.raises(ArchiveError, match="nothing is archived"):
        archive.bring_back(PLANT.id)


def test_a_damaged_file_brings_nothing_back(world: World, archive: Archive, tmp_path: Path) -> None:
    archive.take(PLANT.id, NOVEMBER)
    left = world.rows(EVENTS)
    (file,) = (tmp_path / "archive").rglob("*.parquet")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(ArchiveError, match="not as it was written"):
        archive.bring_back(PLANT.id)
    assert world.rows(EVENTS) == left


def test_nothing_is_taken_when_the_file_cannot_be_believed(
    world: World, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.rows(EVENTS)
    monkeypatch.setattr("data.store.parquet.rows_of", lambda file: iter([]))
    with pytest.raises(ArchiveError, match="doesn't hold"):
        archive.take(PLANT.id, NOVEMBER)
    assert world.rows(EVENTS) == before


def test_a_month_that_goes_on_is_not_archived(world: World, archive: Archive) -> None:
    for before in (NOVEMBER.replace(month=12), NOVEMBER + HOUR):
        with pytest.raises(ArchiveError, match="first of a month"):
            archive.take(PLANT.id, before)


def test_months_that_hold_little_are_given_up_and_keep_what_they_held(
    world: World, archive: Archive
) -> None:
    october = {name for name in months(world) if name < "event_2026_11"}
    outcomes = [*take(archive, archive.sites(), None, 0)]
    assert outcomes[0] == ("plant: 44 events of 1 orders, before 2026-11", True)
    assert october
    assert not months(world) & october
    assert {"o1", "w59"} <= set(world.recorded_ids())
    assert [*take(archive, archive.sites(), None, 0)] == [
        ("plant: nothing to archive before 2026-11", True)
    ]


def test_a_worker_that_owns_the_tables_does_it_by_itself_when_that_is_set(
    world: World, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": world.database_url, "MILEPOST_VAR": str(tmp_path)}
    assert tidy(Settings.from_env(given), no_pause)
    assert "d1" in world.recorded_ids()
    assert tidy(Settings.from_env(given | {"MILEPOST_KEEP_MONTHS": "1"}), no_pause)
    assert "d1" not in world.recorded_ids()
    assert world.rows("SELECT before FROM archive_run") == [(NOVEMBER.replace(month=10),)]


def test_a_month_archived_twice_loses_nothing_and_doubles_nothing(
    world: World, archive: Archive, tmp_path: Path
) -> None:
    first = archive.take(PLANT.id, NOVEMBER)
    record(world, *more_states("v", "W2"))
    before = world.rows(EVENTS)
    second = archive.take(PLANT.id, NOVEMBER)
    assert first is not None
    assert second is not None
    assert second.events == 39
    folder = tmp_path / "archive" / "plant"
    assert checked(folder / "before-2026-11") == first
    assert checked(folder / "before-2026-11-2") == second
    archive.bring_back(PLANT.id)
    assert world.rows(EVENTS) == before
    assert world.rows("SELECT archived FROM work_order WHERE id = 'DONE'") == [(NOVEMBER,)]
    archive.bring_back(PLANT.id)
    ids = world.recorded_ids()
    assert len(ids) == len(set(ids))
    assert {"d1", "w0", "v0", "v38"} <= {*ids}
    assert world.rows("SELECT count(*) FROM work_order WHERE archived IS NOT NULL") == [(0,)]


def test_the_quietest_site_keeps_no_other_from_being_archived(
    world: World, archive: Archive
) -> None:
    quiet = msgspec.structs.replace(PLANT, id="aaa")
    clock = SiteClock(origin=SEPTEMBER, started_at=SEPTEMBER, ends_at=SEPTEMBER + HOUR)
    shown = msgspec.structs.replace(PLANT, id="bbb", clock=clock)
    for site in (quiet, shown):
        add_site(world, site)
    assert [*take(archive, archive.sites(), NOVEMBER, 0)][:3] == [
        ("aaa: nothing to archive before 2026-11", True),
        ("bbb: 2026-11-01 is not the first of a month that began", False),
        ("plant: 44 events of 1 orders, before 2026-11", True),
    ]
    assert not {name for name in months(world) if name < "event_2026_11"}
    assert [*take(archive, ["nowhere"], NOVEMBER, 0)] == [("nowhere: no such site", False)]


def add_site(world: World, site: Site) -> None:
    document = msgspec.json.encode(site).decode()
    done(world, "INSERT INTO site (id, document, base) VALUES (%s, %s, '')", site.id, document)


def test_what_sql_has_already_is_not_brought_back_twice(world: World, archive: Archive) -> None:
    before = world.rows(EVENTS)
    keep = "CREATE TABLE kept_apart AS SELECT * FROM event WHERE id IN ('d1', 'w0')"
    done(world, keep)
    archive.take(PLANT.id, NOVEMBER)
    done(world, f"INSERT INTO event ({COLUMNS}) SELECT {COLUMNS} FROM kept_apart")
    assert archive.bring_back(PLANT.id) == Brought(site=PLANT.id, events=42, there=2)
    assert world.rows(EVENTS) == before


def test_a_run_that_broke_off_is_cleared_away_and_what_else_lies_there_stays(
    world: World, archive: Archive, tmp_path: Path
) -> None:
    left = tmp_path / "archive" / "plant" / "before-2026-11"
    left.mkdir(parents=True)
    for name in ("2026-09.parquet", "manifest.json", "mine.txt"):
        (left / name).write_text("half")
    done(world, 
        "INSERT INTO archive_run VALUES ('plant', %s, %s, %s, 0, 0, 1, false)",
        NOVEMBER, NOW, str(left),
    )  # fmt: skip
    manifest = archive.take(PLANT.id, NOVEMBER)
    assert [file.name for file in left.iterdir()] == ["mine.txt"]
    assert checked(left.with_name("before-2026-11-2")) == manifest
    assert world.rows("SELECT events, taken FROM archive_run") == [(44, True)]


def test_a_run_that_fails_leaves_neither_files_nor_a_note(
    world: World, archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.store.parquet.rows_of", lambda file: iter([]))
    with pytest.raises(ArchiveError, match="doesn't hold"):
        archive.take(PLANT.id, NOVEMBER)
    assert [*(tmp_path / "archive" / "plant").iterdir()] == []
    assert world.rows("SELECT * FROM archive_run") == []


def test_two_owners_do_not_archive_a_site_at_once(
    world: World, owner: Engine, tmp_path: Path
) -> None:
    second = Archive(owner, tmp_path / "archive", lambda: NOW, no_pause)
    refused = []

    def meanwhile(seconds: float) -> None:
        for attempt in (
            lambda: second.take(PLANT.id, NOVEMBER),
            lambda: second.bring_back("plant"),
        ):
            with pytest.raises(ArchiveError, match="another run") as told:
                attempt()
            refused.append(told)

    first = Archive(owner, tmp_path / "archive", lambda: NOW, meanwhile)
    manifest = first.take(PLANT.id, NOVEMBER)
    assert len(refused) == 2
    assert checked(tmp_path / "archive" / "plant" / "before-2026-11") == manifest


def test_a_door_knows_of_a_run_before_it_takes_anything(
    world: World, owner: Engine, tmp_path: Path
) -> None:
    door = Ingest(world.log, world.history, world.sites)
    old = good("x", 1, "operation/OPEN/10", at=SEPTEMBER)
    assert door.accept(FACTORY, PLANT.id, [old], NOW)[0].status.value == "accepted"
    waited = []

    def hear(seconds: float) -> None:
        later = NOW + timedelta(seconds=seconds)
        (verdict,) = door.accept(FACTORY, PLANT.id, [old | {"id": "y"}], later)
        waited.append((seconds > 60, verdict.field, "d1" in world.recorded_ids()))

    archive = Archive(owner, tmp_path / "archive", lambda: NOW, hear)
    archive.take(PLANT.id, NOVEMBER)
    record(world, *more_states("v", "W2"))
    archive.take(PLANT.id, NOVEMBER)  # doors know that month by now
    assert waited == [(True, "time", True)]


def test_an_order_of_which_something_is_recorded_meanwhile_stays(
    world: World, owner: Engine, tmp_path: Path
) -> None:
    def meanwhile(*_: object) -> None:
        record(world, good("late", 1, "operation/DONE/10", at=SEPTEMBER))

    archive = Archive(owner, tmp_path / "archive", lambda: NOW, no_pause)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("data.store.archive.seal", meanwhile)
        with pytest.raises(ArchiveError, match="meanwhile"):
            archive.take(PLANT.id, NOVEMBER)
    assert {"d1", "late", "w0"} <= {*world.recorded_ids()}
    assert world.rows("SELECT count(*) FROM work_order WHERE archived IS NOT NULL") == [(0,)]


def test_the_recorder_is_told_of_an_archived_order_within_its_transaction(
    world: World, archive: Archive
) -> None:
    subjects = ["site/plant", "operation/OPEN/10", "operation/DONE/10"]
    with psycopg.connect(conninfo(world.database_url)) as connection, connection.cursor() as cursor:
        enter(cursor, PLANT.id)
        assert not beside_archive(cursor, PLANT.id)
        refuse_archived(cursor, PLANT.id, subjects)
    archive.take(PLANT.id, NOVEMBER)
    with psycopg.connect(conninfo(world.database_url)) as connection, connection.cursor() as cursor:
        enter(cursor, PLANT.id)
        assert beside_archive(cursor, PLANT.id)
        refuse_archived(cursor, PLANT.id, subjects[:2])
        with pytest.raises(OrderArchived, match="DONE"):
            refuse_archived(cursor, PLANT.id, subjects)


def test_what_a_door_took_just_before_is_put_aside_and_the_rest_lands(
    world: World, archive: Archive
) -> None:
    late, more = (good(f"{name}-late", 1, f"operation/{name}/10") for name in ("DONE", "OPEN"))
    assert world.said(late, more) == ["accepted", "accepted"]
    archive.take(PLANT.id, NOVEMBER)
    recorder = world.recorder()
    drain(recorder)
    recorder.close()
    assert "OPEN-late" in world.recorded_ids() and "DONE-late" not in world.recorded_ids()
    ((kind, reason, raw),) = world.rows("SELECT kind, reason, raw FROM quarantine")
    assert (kind, reason) == ("poison", "the order DONE is archived; bring the archive back first")
    assert b"DONE-late" in raw


def test_files_that_were_moved_come_back_from_where_they_are_now(
    world: World, archive: Archive, owner: Engine, tmp_path: Path
) -> None:
    before = world.rows(EVENTS)
    archive.take(PLANT.id, NOVEMBER)
    (tmp_path / "archive").rename(tmp_path / "moved")
    with pytest.raises(ArchiveError, match="is not in"):
        archive.bring_back(PLANT.id)
    Archive(owner, tmp_path / "moved", lambda: NOW, no_pause).bring_back(PLANT.id)
    assert world.rows(EVENTS) == before


def test_files_are_found_where_they_were_written_too(
    world: World, archive: Archive, owner: Engine, tmp_path: Path
) -> None:
    before = world.rows(EVENTS)
    archive.take(PLANT.id, NOVEMBER)
    Archive(owner, tmp_path / "other", lambda: NOW, no_pause).bring_back(PLANT.id)
    assert world.rows(EVENTS) == before


def test_the_command_says_what_failed_and_ends_with_1(
    world: World, archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings.from_env({"DATABASE_URL": world.database_url})
    told = {"folder": tmp_path / "archive", "back": "", "before": "2026-11", "site": "nowhere"}
    assert command(settings, Namespace(**told)) == 1
    assert capsys.readouterr().err == "nowhere: no such site\n"
    archive.take(PLANT.id, NOVEMBER)
    assert command(settings, Namespace(**told | {"back": "plant"})) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "plant: 44 events are in SQL again"
