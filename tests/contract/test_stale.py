"""What the recorder marks as stale, in its own transaction, and how marks are taken and settled."""

import time
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from data.domain.scope import factory_scope
from data.services.errors import Unavailable
from data.store.scoped import writing
from data.store.stale import Stale, mark_now
from tests.browser.product.program import wait_for
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


def moved(world: World, site: str = PLANT.id, kind: str = "exception") -> None:
    """Mark as whoever moves an exception does."""
    with writing(world.sql, factory_scope(site)) as connection:
        mark_now(connection, site, kind, ["1"])


def comes(stale: Stale) -> bool:
    """Whether a call is heard; PostgreSQL hands it on just after the commit."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if stale.called(PLANT.id, "exception"):
            return True
    return False


def ears(world: World) -> int:
    """How many connections listen, which they do for as long as they are asked."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN milepost_marked'"
    return int(world.rows(f"{query} AND datname = current_database()")[0][0])


def test_who_asks_for_the_first_time_may_have_been_called_and_then_has_not(world: World) -> None:
    stale = Stale(world.worker_sql)
    asked = [stale.called(PLANT.id, "exception") for _ in range(3)]
    assert asked == [True, False, False]


def test_a_mark_calls_whoever_listens_to_its_site_and_kind_once_it_is_committed(
    world: World,
) -> None:
    stale, before = Stale(world.worker_sql), [(PLANT.id, "exception"), ("elsewhere", "exception")]
    for site, kind in (*before, (PLANT.id, "order")):
        stale.called(site, kind)
    with writing(world.sql, factory_scope(PLANT.id)) as connection:
        mark_now(connection, PLANT.id, "exception", ["1"])
        assert not stale.called(PLANT.id, "exception")
    assert comes(stale)
    assert not stale.called("elsewhere", "exception")
    assert not stale.called(PLANT.id, "order")
    assert not stale.called(PLANT.id, "exception")


def test_all_who_use_an_engine_listen_on_one_connection(world: World) -> None:
    for site in ("a", "b", "c"):
        Stale(world.worker_sql).called(site, "exception")
    assert ears(world) == 1


def test_a_connection_that_was_lost_is_said_and_then_anything_may_have_been_called(
    world: World,
) -> None:
    stale = Stale(world.worker_sql)
    stale.called(PLANT.id, "exception")
    world.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query = 'LISTEN milepost_marked' AND datname = current_database()"
    )
    with pytest.raises(Unavailable):
        comes(stale)
    assert stale.called(PLANT.id, "exception")
    moved(world)
    assert comes(stale)


def test_who_listens_stops_with_its_engine(world: World) -> None:
    Stale(world.worker_sql).called(PLANT.id, "exception")
    world.worker_sql.dispose()
    wait_for(lambda: ears(world) == 0, 60, "PostgreSQL has noticed")
