"""Batches of the recorder: handed over in chunks, stored whole or not at all."""

import msgspec
import psycopg
import pytest

from data.domain.events import Event, EventType
from data.services import recorder as recorder_module
from data.services.errors import Unavailable
from data.services.ports import Recorded
from data.store import recording
from data.store.scoped import enter
from tests.contract.recordings import fail, good_of
from tests.contract.world import (
    NOW,
    PLANT,
    SOURCE,
    World,
    claims,
    drain,
    good,
)
from tests.engines import conninfo


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "BATCH", 3)


def test_what_lies_behind_a_batch_that_fails_is_recorded_after_it(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.accept(*(good(f"e{n}", 2) for n in range(10)))
    recorder = running.recorder()
    recorder.step(None)
    with monkeypatch.context() as patch, pytest.raises(Unavailable):
        patch.setattr("data.store.recording._write_offset", fail)
        recorder.step(None)
    assert drain(recorder) == 10
    assert len(running.recorded_ids()) == 13
    assert good_of(running) == 20


@pytest.mark.parametrize("name", ["back\\slash", 'quo"te', "com,ma", "ünï", "\\N", "{a}"])
def test_whatever_a_name_may_hold_is_stored_as_it_was_told(running: World, name: str) -> None:
    (told,) = claims(good(name, 2))
    running.log.append(PLANT.id, [told])
    drain(running.recorder())
    query = "SELECT digest, work_unit FROM event WHERE id = %s"
    assert running.rows(query, name) == [(told.digest, "W1")]
    known = running.history.digests_of(PLANT.id, [(SOURCE, name)])
    assert known == {(SOURCE, name): told.digest}


def test_events_of_more_chunks_than_one_are_stored_whole_or_not_at_all(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "_CHUNK", 4)
    running.accept(*(good(f"e{n:02}", 2) for n in range(20)))
    recorder = running.recorder()
    drain(recorder)
    told = Event("e00", SOURCE, EventType.OPERATION_PROGRESSED, "operation/SO-1/10", NOW, NOW)
    fresh = [msgspec.structs.replace(told, id=f"f{n:02}") for n in range(9)]
    with psycopg.connect(conninfo(running.database_url)) as connection:
        with connection.cursor() as cursor:
            enter(cursor, PLANT.id)
        with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
            events = [Recorded(event, 0, b"") for event in (*fresh, told)]
            recording.store_events(connection, PLANT.id, events)
    assert good_of(running) == 40
    assert len(running.recorded_ids()) == 23
