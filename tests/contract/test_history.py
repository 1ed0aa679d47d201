"""The history as boards start from it, look things up in it, and find it missing."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from data.domain.board import Board
from data.domain.events import Event
from data.services.errors import Unavailable
from data.services.folding import Folding
from data.services.ports import KEEP, seq_of
from data.services.recorder import restored
from data.store import bases, history
from data.store.bases import base_of
from data.store.embedded import EmbeddedPostgres
from data.store.history import History, connect
from tests.contract.world import (
    NOW,
    PLANT,
    World,
    completed,
    drain,
    envelope,
    good,
    order,
    process,
    void,
)
from tests.unit.domain.strategies import fold, states_of, streams


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(order("SO-1"), order("SO-2"), order("SO-3", cancelled=True))
        yield made


def close(world: World, name: str, at_hours: float = 0.0) -> None:
    at = world.clock() - timedelta(hours=at_hours)
    world.accept(*(completed(f"{name}-{n}", f"operation/{name}/{n}0", at) for n in (1, 2)))


def test_a_snapshot_of_nothing_is_empty(database_url: str) -> None:
    engine = connect(database_url)
    found = History(engine).snapshot("plant", NOW)
    assert (found.epoch, found.after, list(found.folds)) == ("", "0-0", [])
    assert (found.output, found.voided, found.last_event_at) == ({}, {}, None)
    assert History(engine).sites() == []
    engine.dispose()


def test_a_snapshot_has_open_orders_and_those_lately_completed(world: World) -> None:
    close(world, "SO-1")
    drain(world.recorder())
    assert _orders(world) == ["SO-1", "SO-2"]
    world.clock.advance(days=3)
    assert _orders(world) == ["SO-2"]


def _orders(world: World) -> list[str]:
    folds = world.history.snapshot(PLANT.id, world.clock()).folds
    return sorted(fold.subject.split("/")[1] for fold in folds if fold.kind == "order")


def test_a_snapshot_is_of_one_moment_though_recording_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = world.recorder()
    drain(recorder)
    before = world.log.last_offset(PLANT.id)

    site_folds = history._site_folds

    def meanwhile(*arguments: object) -> object:
        world.accept(good("a", 5), void("v", "never"))
        drain(recorder)
        return site_folds(*arguments)

    monkeypatch.setattr(history, "_site_folds", meanwhile)
    found = world.history.snapshot(PLANT.id, NOW)
    assert found.after == before
    assert not [fold for fold in found.folds if fold.kind == "operation"]
    assert (found.output, found.voided) == ({}, {})


@settings(max_examples=60, deadline=None)
@given(streams())
def test_a_base_brings_back_every_field_of_every_state(log: list[Event]) -> None:
    made = {
        "operation": bases.operation_from, "need": bases.need_from,
        "work-unit": bases.work_unit_from,
    }  # fmt: skip
    for state in states_of(fold(log)):
        if state.kind == "order":
            again = bases.order_from(state.subject, base_of(state), state.plan)
        elif state.kind == "site":
            again = bases.site_from(state.subject, base_of(state), state.site)
        else:
            again = made[state.kind](state.subject, base_of(state))
        model = state.as_base()
        assert [getattr(again, n) for n in state.stored] == [
            getattr(model, n) for n in state.stored
        ]
        assert again.has_base
        assert getattr(again, "timeline", None) == getattr(model, "timeline", None)
        assert getattr(again, "floor", None) == getattr(model, "floor", None)


def test_a_ledger_is_what_was_recorded_up_to_a_place_without_what_is_void(world: World) -> None:
    world.accept(good("a"), good("b"), void("v", "a"), good("c"))
    drain(world.recorder())
    subject, everything = "operation/SO-1/10", 2**62
    assert [e.id for e in world.history.ledger(PLANT.id, subject, everything)] == ["b", "v", "c"]
    ((place,),) = world.rows("SELECT seq FROM event WHERE id = 'b'")
    assert [e.id for e in world.history.ledger(PLANT.id, subject, place)] == ["a", "b"]
    assert world.history.ledger("elsewhere", subject, everything) == []


def test_an_event_read_back_is_the_one_that_was_accepted(world: World) -> None:
    told = [
        good("a\\b\"'%", 3),
        envelope("n", "material.promised", "need/SO-1/n1",
                 {"promised_at": "2026-11-05T10:00:00+08:00", "reason": "tab\\t ü 工厂 \\N"}),
    ]  # fmt: skip
    assert world.said(*told) == ["accepted"] * 2
    entries = world.log.read(PLANT.id, "0-0", 100, None)[-2:]
    sent = [msgspec.json.decode(entry.payload, type=Event) for entry in entries]
    drain(world.recorder())
    for event in sent:
        assert event in world.history.ledger(PLANT.id, event.subject, 2**62)


def test_digests_are_found_by_identity_and_by_time(world: World) -> None:
    world.accept(good("a"), good("a", source="scanner"))
    drain(world.recorder())
    digests = world.history.digests(PLANT.id, NOW - timedelta(hours=1))
    identities = [("mes", "a"), ("scanner", "a"), ("mes", "none"), ("a", "mes")]
    found = world.history.digests_of(PLANT.id, identities)
    assert set(found) == {("mes", "a"), ("scanner", "a")}
    assert found.items() <= digests.items()
    assert world.history.digests(PLANT.id, NOW + timedelta(seconds=1)) == {}
    assert world.history.digests_of("elsewhere", identities) == {}
    assert world.history.digests_of(PLANT.id, []) == {}


def test_what_was_ever_planned_is_known_with_its_operations_and_needs(world: World) -> None:
    drain(world.recorder())
    knows = world.history.knows
    assert knows(PLANT.id, "order", ["SO-3"])
    assert knows(PLANT.id, "operation", ["SO-1", "20"])
    assert knows(PLANT.id, "need", ["SO-1", "n1"])
    assert not knows(PLANT.id, "operation", ["SO-1", "n1"])
    assert not knows(PLANT.id, "order", ["SO-9"])
    assert not knows("elsewhere", "order", ["SO-1"])


def test_a_snapshot_has_output_of_the_days_kept(world: World) -> None:
    old = NOW - KEEP - timedelta(hours=1)
    world.accept(good("old", 3, at=old), good("new", 4))
    drain(world.recorder())
    assert list(world.history.snapshot(PLANT.id, NOW).output.values()) == [[4, 0, 0]]


def test_a_board_behind_the_recorder_fetches_an_order_as_of_its_own_place(world: World) -> None:
    """Else what the recorder has already, and the log still brings, would count twice."""
    world.accept(good("a", 1))
    close(world, "SO-1", at_hours=1)
    recorder = world.recorder()
    drain(recorder)
    world.clock.advance(days=3)
    board = restored(PLANT.id, world.history.snapshot(PLANT.id, world.clock()))
    assert "SO-1" not in board.orders
    folding = Folding(board, world.history, 0)
    after = world.log.last_offset(PLANT.id)
    world.accept(good("b", 10, at=NOW), good("c", 100, at=NOW), void("v", "a"))
    drain(recorder)
    entries = world.log.read(PLANT.id, after, 10, None)
    _fold(folding, entries[:1])
    assert board.operations["operation/SO-1/10"].good == 11
    _fold(folding, entries[1:])
    assert board.operations["operation/SO-1/10"].good == 110


def _fold(folding: Folding, entries: list) -> None:  # type: ignore[type-arg]
    events = [msgspec.json.decode(entry.payload, type=Event) for entry in entries]
    folding.fetch(events, seq_of(entries[0].offset))
    for event in events:
        folding.apply(event)


def test_what_the_board_has_already_is_not_overwritten_by_what_is_fetched(world: World) -> None:
    drain(world.recorder())
    board = Board(PLANT.id)
    folding = Folding(board, world.history, 0)
    event = msgspec.json.decode(world.log.read(PLANT.id, "0-0", 10, None)[1].payload, type=Event)
    board.apply(event)
    del board.orders["SO-1"]
    folding.fetch([event])
    assert board.orders["SO-1"].plan == event.data.order


def test_without_sql_everything_says_so(world: World, postgres: EmbeddedPostgres) -> None:
    drain(world.recorder())
    postgres.kill()
    past = world.history
    asked = [
        past.sites, past.ping,
        lambda: past.snapshot(PLANT.id, NOW),
        lambda: past.orders(PLANT.id, ["SO-1"]),
        lambda: past.ledger(PLANT.id, "operation/SO-1/10", 1),
        lambda: past.digests(PLANT.id, NOW),
        lambda: past.digests_of(PLANT.id, [("a", "b")]),
        lambda: past.knows(PLANT.id, "order", ["SO-1"]),
    ]  # fmt: skip
    for ask in asked:
        with pytest.raises(Unavailable):
            ask()
    postgres.start()
    past.ping()


def test_a_history_whose_connections_are_all_in_use_says_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = connect(database_url, pool_size=1)
    engine.pool._timeout = 0.05
    engine.pool._max_overflow = 0
    with engine.connect(), pytest.raises(Unavailable):
        History(engine).ping()
    engine.dispose()


@settings(
    max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(names=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_any_name_can_be_asked_for(world: World, names: list[str]) -> None:
    assert world.history.orders(PLANT.id, names) == []
