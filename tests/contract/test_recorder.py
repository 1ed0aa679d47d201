"""The recorder on real engines: what the log has, SQL has, each event once and whole."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from data.domain.board import Board
from data.domain.events import Data, Event, EventType
from data.domain.quarantine import Quarantined, QuarantineKind
from data.services import recorder as recorder_module
from data.services.errors import Unavailable
from data.services.ingest import digest_of
from data.services.recorder import READER, Recorder
from tests.contract.world import (
    NOW,
    PLANT,
    Clock,
    World,
    claim,
    claims,
    completed,
    drain,
    envelope,
    good,
    order,
    process,
    void,
    write_log,
)
from tests.unit.domain.strategies import START, fold, state_of, streams

STREAM = "mp:{plant}:events"


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        yield made


@pytest.fixture
def running(world: World) -> World:
    """One with a plant, an order, and a board that follows."""
    world.open(order("SO-1"), order("SO-2"))
    return world


def visible(board: Board) -> dict[str, object]:
    """What can be compared: voids are remembered only until their target has come."""
    shown = state_of(board)
    del shown["voided"]
    shown["output"] = {key: counted for key, counted in board.output.items() if any(counted)}
    return shown


def good_of(world: World, operation: str = "10") -> int:
    query = "SELECT good FROM operation WHERE order_id = 'SO-1' AND operation_id = %s"
    return sum(row[0] for row in world.rows(query, operation))


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
        patch.setattr("data.store.recording._write_offset", _fail)
        recorder.step(None)
    assert running.recorded_ids() == ["plan-SO-1", "plan-SO-2", "site"]
    assert good_of(running) == 0
    assert running.rows("SELECT * FROM reader") == before
    drain(recorder)
    assert good_of(running) == 3


def _fail(*_: object) -> None:
    raise psycopg.OperationalError("the server closed the connection unexpectedly")


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
    events = [_event("b", Data(good=4, work_unit="W1"))]
    write_log(running.log, events)
    drain(running.recorder())
    assert good_of(running) == 7


def _event(event_id: str, data: Data, subject: str = "operation/SO-1/10") -> Event:
    return Event(event_id, "mes", EventType.OPERATION_PROGRESSED, subject, NOW, NOW, data)


def test_a_plan_that_is_void_is_not_fetched_again_before_that_is_stored(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "CHUNK", 1)
    first = running.recorder()
    drain(first)
    first.close()
    running.accept(void("v", "plan-SO-1", "order/SO-1"))
    write_log(running.log, [_event("a", Data(good=3, work_unit="W1"))])
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


LONG = "".join(map(str, range(9000)))  # compressed too, it is more than an index entry can be
POISON = {
    "no JSON": b"\xff not json",
    "an unknown field": b'{"id":"x","source":"mes","type":"operation.started",'
    b'"subject":"operation/SO-1/10","time":"2026-11-03T06:00:00Z",'
    b'"recorded_at":"2026-11-03T06:00:00Z","data":{"bad\\u0000name":1}}',
    "a subject without its parts": msgspec.json.encode(_event("x", Data(), "operation")),
    "a subject of too many parts": msgspec.json.encode(_event("x", Data(), "operation/a/b/c")),
    "an unknown kind": msgspec.json.encode(_event("x", Data(), "robot/a")),
    "a NUL": msgspec.json.encode(_event("x", Data(reason="a\0b"))),
    "a number too large": msgspec.json.encode(_event("x", Data(good=2**63 - 1, rework=2**62))),
    "a time without offset": msgspec.json.encode(_event("x", Data())).replace(b"00Z", b"00", 1),
    "an id too long for an index": msgspec.json.encode(_event(LONG, Data())),
}  # fmt: skip


def test_poisoned_entries_are_put_aside_and_the_others_land(running: World) -> None:
    recorder = running.recorder()
    for number, raw in enumerate(POISON.values()):
        running.accept(good(f"before-{number}", 10))
        running.client.xadd(STREAM, {"e": raw, "d": b"digest"})
    running.accept(good("after", 1))
    drain(recorder)
    assert good_of(running) == 10 * len(POISON) + 1
    kept = running.rows("SELECT kind, raw, reason FROM quarantine ORDER BY number")
    assert {raw for _, raw, _ in kept} == set(POISON.values())
    assert len(kept) == len(POISON)
    assert all(kind == "poison" and reason for kind, _, reason in kept)
    assert drain(recorder) == 0


def test_a_foreign_entry_and_a_broken_quarantine_record_are_put_aside_too(running: World) -> None:
    recorder = running.recorder()
    running.client.xadd(STREAM, {"something": "else"})
    running.log.append_quarantined(PLANT.id, [b"no json"])
    running.accept(good("a"))
    drain(recorder)
    assert running.rows("SELECT kind FROM quarantine") == [("poison",), ("poison",)]
    assert "a" in running.recorded_ids()


def test_quarantined_inputs_are_stored_whatever_they_say(running: World) -> None:
    made = Quarantined(
        kind=QuarantineKind.UNANSWERABLE, source="m\0x", event_id="\0", field="data",
        reason="bad \0", raw=b"\0\xff", received_at=NOW,
    )  # fmt: skip
    running.log.append_quarantined(PLANT.id, [msgspec.json.encode(made)])
    drain(running.recorder())
    assert running.rows("SELECT source, event_id, raw FROM quarantine") == [
        ("m\ufffdx", "\ufffd", b"\0\xff")
    ]


def test_two_recorders_have_one_effect_and_the_second_takes_over(running: World) -> None:
    running.accept(good("a", 3))
    first, second = running.recorder(), running.recorder()
    assert first.step(None) == 4
    assert (second.step(None), second.holds_site) == (0, False)
    running.accept(good("b", 4))
    assert second.step(None) == 0
    first.close()
    assert second.step(None) == 1
    assert good_of(running) == 7


def test_one_that_lost_its_lock_unnoticed_writes_no_more(running: World) -> None:
    first, second = running.recorder(), running.recorder()
    drain(first)
    running.rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                 " WHERE application_name = 'recorder'")  # fmt: skip
    running.accept(good("a", 3))
    drain(second)
    running.accept(good("b", 4))
    with pytest.raises(Unavailable):
        first.step(None)
    assert first.step(None) == 0
    assert not first.holds_site
    drain(second)
    assert good_of(running) == 7


def test_events_that_are_recorded_already_are_left_out_and_the_rest_lands(running: World) -> None:
    recorder = running.recorder()
    running.accept(good("a", 3))
    drain(recorder)
    running.client.delete(*running.client.keys("mp:{plant}:i:*"))
    again = claims(good("a", 3), good("b", 4), good("a", 5))
    for one in again:  # as if the memory of identities had been lost in between
        running.client.xadd(STREAM, {"e": one.payload, "d": one.digest})
        running.client.xadd(STREAM, {"e": one.payload, "d": one.digest})
    drain(recorder)
    assert running.recorded_ids()[:2] == ["a", "b"]
    assert good_of(running) == 7
    assert running.rows("SELECT kind, event_id FROM quarantine") == [("conflict", "a")] * 2
    assert drain(recorder) == 0


def test_a_log_that_began_anew_is_read_from_its_start_and_passed(running: World) -> None:
    recorder = running.recorder()
    running.accept(good("a", 3))
    drain(recorder)
    running.client.flushall()
    write_log(running.log, [])
    running.client.set("mp:{plant}:epoch", "epoch-2")
    for number, one in enumerate(claims(good("a", 3), good("b", 4)), 1):
        running.client.xadd(STREAM, {"e": one.payload, "d": one.digest}, id=f"5-{number}")
    assert drain(recorder) == 2
    assert running.rows("SELECT epoch, after FROM reader") == [("epoch-2", "5-2")]
    assert good_of(running) == 7


def test_a_past_is_stored_without_the_log_and_storing_it_twice_changes_nothing(
    world: World,
) -> None:
    events = [_event(f"e{n}", Data(good=1, work_unit="W1")) for n in range(5)]
    past = [(event, digest_of(event)) for event in events]
    recorder = world.recorder()
    recorder.record_past(past)
    recorder.record_past(past)
    assert good_of(world) == 5
    with pytest.raises(Unavailable):
        world.recorder().record_past(past)


def test_trimming_waits_a_while_and_never_passes_what_is_recorded(
    redis_url: str, database_url: str
) -> None:
    clock = Clock()
    with process(redis_url, database_url, clock) as world:
        world.log.warm(PLANT.id, "e", {})
        recorder = world.recorder()
        drain(recorder)
        _put(world, 500)
        drain(recorder)
        place = world.log.last_offset(PLANT.id)
        clock.advance(seconds=31)
        recorder.step(None)
        assert world.client.xlen(STREAM) == 500  # a board that is behind can still read it
        _put(world, 500)
        clock.advance(seconds=31)
        recorder.step(None)
        first = world.log.first_offset(PLANT.id)
        assert world.client.xlen(STREAM) <= 600
        assert _ordered(first) <= _ordered(place)


def _put(world: World, count: int) -> None:
    start = world.client.xlen(STREAM)
    events = [_event(f"{start}-{n}", Data(good=1)) for n in range(count)]
    world.log.append(PLANT.id, [claim(event) for event in events])


def _ordered(offset: str | None) -> tuple[int, ...]:
    return tuple(map(int, (offset or "0-0").split("-")))


def test_a_full_log_is_emptied_by_the_recorder(running: World) -> None:
    recorder = running.recorder()
    drain(recorder)
    _put(running, 1000)
    running.client.config_set("maxmemory", "1")
    try:
        drain(recorder)
        assert running.client.xlen(STREAM) <= 100
    finally:
        running.client.config_set("maxmemory", "1gb")
    running.accept(good("a"))
    drain(recorder)
    assert len(running.recorded_ids()) == 1004


def test_an_unreachable_history_stops_the_recorder_and_nothing_counts_twice(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = running.recorder()
    running.accept(good("a", 3))
    drain(recorder)
    recorder.close()
    recorder = running.recorder()
    recorder.step(None)
    running.accept(good("b", 4), void("v", "a"))
    with monkeypatch.context() as patch, pytest.raises(Unavailable):
        patch.setattr(running.history, "ledger", _away)
        recorder.step(None)
    assert not recorder.holds_site
    drain(recorder)
    assert good_of(running) == 4
    assert running.rows("SELECT good FROM output") == [(4,)]


def _away(*_: object) -> None:
    raise Unavailable("gone")


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
