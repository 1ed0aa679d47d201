"""A live board lets go of what is recorded and of orders that are over, and stays right."""

from datetime import timedelta

import pytest

from tests.contract.lives import good_on, held_by, read_all, resting, settle, shown, site_of
from tests.contract.world import (
    World,
    completed,
    drain,
    folded,
    good,
    order,
    plan_document,
    void,
)

pytestmark = pytest.mark.usefixtures("running")


def test_it_lets_go_of_what_is_recorded_and_of_nothing_else(world: World) -> None:
    recorder, live = world.recorder(), site_of(world)
    world.accept(good("a", 3), good("b", 4))
    with resting(0):
        settle(live)
        assert {"a", "b"} <= {*held_by(live)}
        drain(recorder)
        world.accept(good("c", 5))
        settle(live)
    assert held_by(live) == ["c"]
    assert good_on(live) == 12


def test_it_holds_the_newest_events_although_they_are_recorded(world: World) -> None:
    recorder, live = world.recorder(), site_of(world)
    with resting(2):
        for name in "abcd":
            world.accept(good(name))
            live.read(None)
        drain(recorder)
        settle(live)
    assert held_by(live) == ["c", "d"]


def test_it_waits_until_what_is_recorded_could_not_be_put_back_any_more(world: World) -> None:
    recorder, live = world.recorder(), site_of(world)
    world.accept(good("a"))
    drain(recorder)
    with resting(0):
        for _ in range(9):
            live.poll()
            live.read(None)
        assert "a" in held_by(live)
        settle(live)
    assert held_by(live) == []


def test_a_void_of_what_was_let_go_is_exact_though_the_recorder_is_behind(world: World) -> None:
    recorder, live = world.recorder(), site_of(world)
    world.accept(good("a", 3), good("b", 4))
    drain(recorder)
    with resting(0):
        settle(live)
        world.accept(good("c", 5))
        read_all(live)
        world.accept(void("v", "a"))
        read_all(live)
    assert good_on(live) == 9
    assert shown(live.board) == shown(folded(world))


def test_what_was_fetched_for_a_void_is_let_go_again(world: World) -> None:
    recorder, live = world.recorder(), site_of(world)
    world.accept(good("a", 3), good("b", 4))
    drain(recorder)
    with resting(0):
        settle(live)
        world.accept(void("v", "a"))
        drain(recorder)
        settle(live)
    assert held_by(live) == []
    assert not live.board.voided
    assert good_on(live) == 4


def test_a_recorder_lets_go_of_what_it_has_recorded(world: World) -> None:
    recorder = world.recorder()
    with resting(0):
        world.accept(good("a", 3), good("b", 4))
        drain(recorder)
        assert recorder._folding is not None
        board = recorder._folding.board
        operation = board.operations["operation/SO-1/10"]
        world.accept(good("c", 5))
        drain(recorder)
        assert [event.id for event in operation.ledger.values()] == ["c"]  # until the next batch
        for one in (void("v", "a"), good("d", 6)):
            world.accept(one)
            drain(recorder)
    assert operation.good == 15
    assert world.rows("SELECT good FROM operation") == [(15,)]
    assert not board.voided


def test_an_order_forgotten_and_corrected_counts_once_though_the_recorder_is_ahead(
    world: World,
) -> None:
    recorder = world.recorder()
    world.accept(good("a", 3))
    world.accept(*(completed(f"c{n}", f"operation/SO-1/{n}0") for n in (1, 2)))
    drain(recorder)
    world.clock.advance(days=3)
    live = site_of(world)
    assert "SO-1" not in live.board.orders
    world.accept(good("late", 10))
    drain(recorder)
    read_all(live)
    assert good_on(live) == 13


def test_completed_orders_leave_memory_after_a_while(world: World) -> None:
    recorder = world.recorder()
    drain(recorder)
    live = site_of(world)
    world.accept(*(completed(f"c{n}", f"operation/SO-1/{n}0") for n in (1, 2)))
    settle(live)
    world.clock.advance(days=3)
    live.poll()
    assert "SO-1" in live.board.orders  # as long as SQL hasn't all of it
    drain(recorder)
    settle(live)
    world.clock.advance(minutes=11)
    live.poll()
    assert "SO-1" not in live.board.orders
    assert "SO-2" in live.board.orders


def test_cancelled_orders_leave_memory_after_a_while_too(world: World) -> None:
    recorder, live = world.recorder(), site_of(world)
    world.accept(plan_document(order("SO-1", cancelled=True), "cancel", world.clock()))
    drain(recorder)
    settle(live)
    assert "SO-1" in live.board.orders
    world.clock.advance(days=3)
    live.poll()
    assert {*live.board.orders} == {"SO-2"}


def test_a_crowd_of_orders_long_done_leaves_at_the_next_look(world: World) -> None:
    recorder, live = world.recorder(), site_of(world)
    then = world.clock() - timedelta(days=3)
    names = [f"P-{number}" for number in range(210)]
    for name in names:
        world.accept(
            plan_document(order(name, "10"), at=then),
            completed(f"done-{name}", f"operation/{name}/10", then),
        )
    drain(recorder)
    settle(live)
    assert {*live.board.orders} == {"SO-1", "SO-2"}
    assert len(world.rows("SELECT id FROM work_order WHERE completed_at IS NOT NULL")) == 210
