"""What happens to a site while it is archived: another run, a door, the recorder."""

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from data.services.ingest import Ingest
from data.store.archive import Archive
from data.store.archive_files import ArchiveError, checked
from data.store.archived import OrderArchived, beside_archive, refuse_archived
from data.store.scoped import enter
from tests.contract.archiving import NOVEMBER, SEPTEMBER, more_states, no_pause, record
from tests.contract.world import FACTORY, NOW, PLANT, World, drain, good
from tests.engines import conninfo

pytestmark = pytest.mark.usefixtures("two_months")


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
