"""Old events go into files; whatever can be asked answers as before, or says so."""

from argparse import Namespace
from pathlib import Path

import msgspec
import pytest

from data.commands.archive import archive as command
from data.commands.archive import take, tidy
from data.domain.site import Site, SiteClock
from data.services.accounts import Accounts
from data.services.accounts_then import AccountsThen
from data.services.errors import Archived
from data.services.ingest import Ingest
from data.services.order_boards import OrderBoards
from data.services.past import PastSites, past_board
from data.settings import Settings
from data.store.accounts import AccountPast
from data.store.archive import Archive
from data.store.archive_files import ArchiveError, checked
from data.store.past import PastEvents
from tests.contract.archiving import HOUR, NOVEMBER, SEPTEMBER, done, no_pause
from tests.contract.world import FACTORY, NOW, PLANT, World, drain, good, order, plan_document, void
from tests.unit.domain.strategies import state_of

pytestmark = pytest.mark.usefixtures("two_months")


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
