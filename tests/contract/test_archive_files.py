"""An archive's files: they come back whole, from wherever they are, or not at all."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from data.services.past import PastSites
from data.store.archive import Archive, Brought
from data.store.archive_files import ArchiveError, checked
from data.store.months import COLUMNS
from data.store.past import PastEvents
from tests.contract.archiving import (
    EVENTS,
    HOUR,
    NOVEMBER,
    done,
    more_states,
    no_pause,
    record,
)
from tests.contract.world import FACTORY, NOW, PLANT, World

pytestmark = pytest.mark.usefixtures("two_months")


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
