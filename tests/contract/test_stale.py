"""What the recorder marks as stale, in its own transaction, and how marks are taken and settled."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from data.services.errors import Unavailable
from data.store.stale import Stale
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

DAY = NOW.date().isoformat()


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    """A plant whose orders are recorded, with nothing marked any more."""
    with process(redis_url, database_url) as made:
        made.open(order("SO-1"), order("SO-2"))
        recorder = made.recorder()
        drain(recorder)
        recorder.close()
        made.rows("DELETE FROM stale RETURNING 1")
        yield made


def record(world: World, *envelopes: object) -> None:
    world.accept(*envelopes)
    recorder = world.recorder()
    drain(recorder)
    recorder.close()


def keys(world: World, kind: str) -> list[str]:
    return [key for key, _ in Stale(world.worker_sql).take(PLANT.id, kind, 100)]


def state(event_id: str, at: object = NOW) -> dict[str, object]:
    return envelope(event_id, "work_unit.state_changed", "work-unit/W2", {"state": "down"}, at)


def test_a_report_marks_its_order_and_the_day_of_the_work_unit_that_it_names(world: World) -> None:
    record(world, good("a"), completed("b", "operation/SO-2/10"))
    assert keys(world, "order") == ["SO-1", "SO-2"]
    assert keys(world, "shift") == [f"W1/{DAY}"]
    assert keys(world, "chain") == []


def test_a_state_change_marks_the_day_on_which_it_happened_however_late_it_comes(
    world: World,
) -> None:
    early = NOW - timedelta(days=9)
    record(world, state("a", early), state("b"))
    assert keys(world, "chain") == keys(world, "shift") == [f"W2/{early.date()}", f"W2/{DAY}"]
    assert keys(world, "order") == []


def test_material_and_plans_mark_their_order(world: World) -> None:
    received = envelope("p", "material.received", "need/SO-1/n1", {"quantity": 2})
    record(world, received, void("v", "plan-SO-2", "order/SO-2"))
    assert keys(world, "order") == ["SO-1", "SO-2"]


def test_a_void_marks_what_the_undone_event_touched_when_it_was_recorded_long_ago(
    world: World,
) -> None:
    early = NOW - timedelta(days=9)
    record(world, state("a", early), good("g", at=early))
    world.rows("DELETE FROM stale RETURNING 1")
    record(world, void("v1", "a", "work-unit/W2"), void("v2", "g"))
    assert keys(world, "chain") == [f"W2/{early.date()}"]
    assert keys(world, "shift") == [f"W1/{early.date()}", f"W2/{early.date()}"]
    assert keys(world, "order") == ["SO-1"]


def test_a_void_that_comes_first_lets_its_event_mark_as_any_other(world: World) -> None:
    record(world, void("v", "g"))
    assert (keys(world, "order"), keys(world, "shift")) == (["SO-1"], [])
    record(world, good("g"))
    assert keys(world, "shift") == [f"W1/{DAY}"]


def test_a_batch_that_fails_marks_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.accept(good("a"))
    recorder = world.recorder()
    with monkeypatch.context() as patch, pytest.raises(Unavailable):
        patch.setattr("data.store.recording._write_offset", _fail)
        recorder.step(None)
    assert keys(world, "order") == []
    drain(recorder)
    assert keys(world, "order") == ["SO-1"]


def _fail(*_: object) -> None:
    raise psycopg.OperationalError("the server closed the connection unexpectedly")


def test_a_settled_mark_is_gone_and_one_set_again_meanwhile_stays(world: World) -> None:
    stale = Stale(world.worker_sql)
    record(world, good("a"), completed("b", "operation/SO-2/10"))
    taken = stale.take(PLANT.id, "order", 100)
    record(world, good("c"))  # the clock stands still: the mark grows all the same
    stale.settle(PLANT.id, "order", taken)
    assert keys(world, "order") == ["SO-1"]
    stale.settle(PLANT.id, "order", stale.take(PLANT.id, "order", 100))
    assert keys(world, "order") == []
    assert keys(world, "shift") == [f"W1/{DAY}"]


def test_what_was_marked_longest_ago_is_taken_first(world: World) -> None:
    record(world, completed("b", "operation/SO-2/10"))
    world.clock.advance(seconds=1)
    record(world, good("a"))
    stale = Stale(world.worker_sql)
    assert [key for key, _ in stale.take(PLANT.id, "order", 1)] == ["SO-2"]


def test_marks_of_another_site_are_its_own(world: World) -> None:
    record(world, good("a"))
    assert Stale(world.worker_sql).take("elsewhere", "order", 100) == []
