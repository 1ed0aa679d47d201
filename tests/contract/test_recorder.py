"""The recorder on real engines: what the log has, SQL has, each event once and whole."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from data.domain.board import Board
from data.domain.events import Data, Event, EventType
from data.services import recorder as recorder_module
from data.services.errors import Unavailable
from data.services.ingest import digest_of
from data.services.recorder import READER, Recorder
from tests.contract.recordings import fail, good_of
from tests.contract.world import (
    NOW,
    PLANT,
    World,
    claim,
    completed,
    drain,
    envelope,
    good,
    plain,
    void,
    write_log,
)
from tests.unit.domain.strategies import START, fold, state_of, streams


def visible(board: Board) -> dict[str, object]:
    """What can be compared: voids are remembered only until their target has come."""
    shown = state_of(board)
    del shown["voided"]
    shown["output"] = {key: counted for key, counted in board.output.items() if any(counted)}
    return shown


def test_rows_states_and_offset_are_stored_together(running: World) -> None:
    running.accept(good("a", 3), good("b", 4))
    drain(running.recorder())
    assert running.recorded_ids() == ["a", "b", "plan-SO-1", "plan-SO-2", "site"]
    assert good_of(running) == 7
    assert running.rows("SELECT good FROM output") == [(7,)]
    ((epoch, after),) = running.rows("SELECT epoch, after FROM reader")
    assert (epoch, after) == (running.log.epoch(PLANT.id), running.log.last_offset(PLANT.id))
    assert running.log.readers(PLANT.id)[READER] == (after, NOW.timestamp())


def test_a_batch_that_fails_in_its_last_statement_leaves_nothing(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = running.recorder()
    drain(recorder)
    before = running.rows("SELECT * FROM reader")
    running.accept(good("a", 3))
    with monkeypatch.context() as patch, pytest.raises(Unavailable):
        patch.setattr("data.store.recording._write_offset", fail)
        recorder.step(None)
    assert running.recorded_ids() == ["plan-SO-1", "plan-SO-2", "site"]
    assert good_of(running) == 0
    assert running.rows("SELECT * FROM reader") == before
    drain(recorder)
    assert good_of(running) == 3


@settings(
    max_examples=20, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(log=streams(), cuts=st.lists(st.integers(0, 14), max_size=3))
def test_what_sql_holds_is_what_an_independent_fold_makes(
    world: World, log: list[Event], cuts: list[int]
) -> None:
    """Whatever comes, in batches of any size, by recorders that take over from each other."""
    log = [event for event in log if not _astray(event, log)]
    world.client.flushall()
    world.rows_deleted()
    world.clock.at = START
    recorders = []
    world.log.warm(PLANT.id, "epoch-1", {})
    for first, last in zip([0, *sorted(cuts)], [*sorted(cuts), len(log)], strict=True):
        if log[first:last]:
            world.log.append(PLANT.id, [claim(event) for event in log[first:last]])
        recorders.append(world.recorder())
        drain(recorders[-1])
        recorders[-1].close()
    assert visible(world.stored_board()) == visible(fold(log))


def _astray(event: Event, log: list[Event]) -> bool:
    """A void of another subject's event: after a restart it is remembered without its subject."""
    if event.type is not EventType.EVENT_VOIDED:
        return False
    source = event.data.event_source or event.source
    named = [e for e in log if (e.source, e.id) == (source, event.data.event_id)]
    return any(e.subject != event.subject for e in named)


def test_a_void_of_an_event_recorded_long_ago_takes_its_pieces_back(running: World) -> None:
    running.accept(good("a", 3), good("b", 4))
    first = running.recorder()
    drain(first)
    first.close()
    running.accept(void("v", "a"))
    drain(running.recorder())
    assert good_of(running) == 4
    assert running.rows("SELECT good FROM output") == [(4,)]
    assert running.rows("SELECT * FROM pending_void") == []


def test_a_void_that_comes_before_its_event_undoes_it_whoever_records_it(running: World) -> None:
    running.accept(void("v", "a"))
    first = running.recorder()
    drain(first)
    assert running.rows("SELECT source, id FROM pending_void") == [("mes", "a")]
    first.close()
    running.accept(good("a", 3), good("b", 4))
    drain(running.recorder())
    assert good_of(running) == 4
    assert running.rows("SELECT * FROM pending_void") == []
    assert running.recorded_ids()[:2] == ["a", "b"]


def test_when_all_that_was_known_of_a_thing_is_void_its_row_goes(running: World) -> None:
    running.accept(good("a", 3))
    running.accept(envelope("p", "material.received", "need/SO-1/n1", {"quantity": 2}))
    running.accept(envelope("u", "work_unit.state_changed", "work-unit/W1", {"state": "down"}))
    recorder = running.recorder()
    drain(recorder)
    running.accept(
        void("v1", "a"),
        void("v2", "p", "need/SO-1/n1"),
        void("v3", "u", "work-unit/W1"),
        void("v4", "plan-SO-1", "order/SO-1"),
        void("v5", "site", "site/plant"),
    )
    drain(recorder)
    for table in ("operation", "need", "work_unit", "site"):
        assert running.rows(f"SELECT * FROM {table}") == [], table
    assert running.rows("SELECT id FROM work_order") == [("SO-2",)]


def test_progress_of_an_order_whose_plan_is_void_is_not_forgotten(running: World) -> None:
    running.accept(good("a", 3), void("v", "plan-SO-1", "order/SO-1"))
    first = running.recorder()
    drain(first)
    first.close()
    events = [plain("b", Data(good=4, work_unit="W1"))]
    write_log(running.log, events)
    drain(running.recorder())
    assert good_of(running) == 7


def test_a_plan_that_is_void_is_not_fetched_again_before_that_is_stored(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "CHUNK", 1)
    first = running.recorder()
    drain(first)
    first.close()
    running.accept(void("v", "plan-SO-1", "order/SO-1"))
    write_log(running.log, [plain("a", Data(good=3, work_unit="W1"))])
    drain(running.recorder())
    assert running.rows("SELECT id FROM work_order") == [("SO-2",)]
    assert good_of(running) == 3


def test_an_order_closed_and_forgotten_is_corrected_exactly(running: World) -> None:
    recorder = running.recorder()
    drain(recorder)
    for n in range(3):
        running.accept(good(f"g{n}", 10))
        drain(recorder)
    running.accept(*(completed(f"c{n}", f"operation/SO-1/{n}0") for n in (1, 2)))
    drain(recorder)
    assert running.rows("SELECT id FROM work_order WHERE completed_at IS NOT NULL") == [("SO-1",)]
    running.clock.advance(days=3)
    drain(recorder)
    assert recorder._folding is not None
    assert "SO-1" not in recorder._folding.board.orders
    write_log(running.log, [_void("v", "g1")])
    drain(recorder)
    assert good_of(running) == 20
    reopened = envelope("r", "operation.reopened", "operation/SO-1/20", None, running.clock())
    assert running.said(reopened) == ["accepted"]
    drain(recorder)
    assert running.rows("SELECT id FROM work_order WHERE completed_at IS NOT NULL") == []
    assert good_of(running) == 20


def _void(event_id: str, target: str, subject: str = "operation/SO-1/10") -> Event:
    data = Data(event_id=target)
    return Event(event_id, "mes", EventType.EVENT_VOIDED, subject, NOW, NOW, data)


def test_a_past_is_stored_without_the_log_and_storing_it_twice_changes_nothing(
    world: World,
) -> None:
    events = [plain(f"e{n}", Data(good=1, work_unit="W1")) for n in range(5)]
    past = [(event, digest_of(event)) for event in events]
    recorder = world.recorder()
    recorder.record_past(past)
    recorder.record_past(past)
    assert good_of(world) == 5
    with pytest.raises(Unavailable):
        world.recorder().record_past(past)


def test_a_small_batch_size_makes_no_difference(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "BATCH", 3)
    running.accept(*(good(f"e{n}", 2) for n in range(10)))
    assert drain(running.recorder()) == 13
    assert good_of(running) == 20


def test_a_recorder_with_more_to_do_says_as_of_when_it_is_up_to_date(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "BATCH", 3)
    running.accept(*(good(f"e{n}", 2) for n in range(10)))
    running.clock.at = datetime.now(UTC) + timedelta(hours=1)
    recorder = running.recorder()
    recorder.step(None)
    after, at_s = running.log.readers(PLANT.id)[READER]
    assert at_s == int(after.partition("-")[0]) / 1000 < running.clock().timestamp() - 3000
    drain(recorder)
    assert running.log.readers(PLANT.id)[READER][1] == running.clock().timestamp()


def test_late_events_before_the_boards_horizon_still_count_in_their_operation(
    running: World,
) -> None:
    recorder = running.recorder()
    drain(recorder)
    running.accept(good("a", 3, at=NOW - timedelta(days=10)))
    drain(recorder)
    assert good_of(running) == 3


def test_the_recorder_names_the_log_that_it_records(running: World) -> None:
    recorder: Recorder = running.recorder()
    assert recorder.epoch == ""
    drain(recorder)
    assert recorder.epoch == running.log.epoch(PLANT.id)
