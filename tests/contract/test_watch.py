"""The watch on real engines: forecasts come, follow the floor, are scored; another takes over."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest

from data.domain.board import Board
from data.domain.facts import FORECASTING
from data.domain.forecast.engine import Forecaster
from data.domain.forecast.records import OrderForecast
from data.domain.plan import Operation, Order
from data.services import forecasting as forecasting_module
from data.services.errors import Unavailable
from data.services.facts_reader import FactsReader
from data.services.forecasting import Forecasts
from data.services.live import LiveSite
from data.services.watch import Watch
from data.store.forecasts import ForecastStore
from data.store.locks import SiteLock
from data.store.past import PastEvents
from data.stream.facts import FactsStream
from tests.contract.world import (
    NOW,
    PLANT,
    World,
    completed,
    drain,
    envelope,
    order,
    plan_document,
    process,
    void,
)

SITE = PLANT.id
HOUR = timedelta(hours=1)


class Watched:
    """A process that watches the plant, moved on by hand; time goes on a second a round."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.facts = FactsStream(world.client)
        self.clock_s = 0.0
        self.forecasts = Forecasts(
            SITE, ForecastStore(world.worker_sql), PastEvents(world.worker_sql),
            lambda: self.facts.names(SITE), clock=lambda: self.clock_s,
        )  # fmt: skip
        self.lock = SiteLock(world.database_url, "watch", SITE)
        self.live = LiveSite(SITE, world.log, world.history, world.clock)
        self.watch = Watch(
            SITE, self.live, [self.forecasts], self.lock, self.facts, world.log,
            now_s=lambda: world.clock().timestamp(), clock=lambda: self.clock_s,
        )  # fmt: skip

    def step(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            self.clock_s += 1
            self.watch.step(block_ms=None)

    def until(self, condition: Callable[[], Any], rounds: int = 200) -> None:
        """Go on until something holds; each round waits a little for what is done beside."""
        for _ in range(rounds):
            self.step()
            if condition():
                return
        raise AssertionError("it never came about")

    def close(self) -> None:
        self.watch.close()


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(route("SO-1"), route("SO-2"))
        yield made


@pytest.fixture
def watched(world: World) -> Iterator[Watched]:
    with closing(Watched(world)) as made:
        yield made


def route(name: str, *starts: float, **more: Any) -> Order:
    """An order of one-hour steps that are planned to start so many hours from now."""
    steps = tuple(
        Operation(
            id=str(10 * place), work_center="C",
            planned_start=NOW + start * HOUR, planned_finish=NOW + (start + 1) * HOUR,
        )
        for place, start in enumerate(starts or (1.0, 3.0), 1)
    )  # fmt: skip
    plain = order(name, *(step.id for step in steps))
    fields = {field: getattr(plain, field) for field in plain.__struct_fields__}
    return Order(**{**fields, "operations": steps, **more})


def started(name: str, at_hours: float = 0.0) -> dict[str, Any]:
    data = {"work_unit": "W1"}
    at = NOW + at_hours * HOUR
    return envelope(f"start-{name}", "operation.started", f"operation/{name}", data, at)


def seen(world: World) -> LiveSite:
    """A live site of another process, with the facts that stand in Redis."""
    live = LiveSite(SITE, world.log, world.history, world.clock)
    live.load()
    FactsReader(live, FactsStream(world.client)).read(None)
    return live


@pytest.fixture
def learning(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> Iterator[Event]:
    """A watch in the middle of a forecast, which goes on when this is set."""
    entered, on = Event(), Event()
    closed = ForecastStore.closed

    def slow(self: ForecastStore, *given: Any) -> Any:
        entered.set()
        on.wait()
        return closed(self, *given)

    monkeypatch.setattr(ForecastStore, "closed", slow)
    watched.step()
    entered.wait()
    yield on
    on.set()


def test_another_watches_only_when_nothing_is_forecast_any_more(
    world: World, watched: Watched, learning: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.services.forecasting.END_S", 600.0)
    leaving, other = Thread(target=watched.close), SiteLock(world.database_url, "watch", SITE)
    leaving.start()
    try:
        assert not other.acquire()
        learning.set()
        leaving.join()
        assert other.acquire()
        assert world.worker_sql.pool.checkedout() == 0
    finally:
        learning.set()
        other.release()


def test_a_board_that_was_loaded_is_forecast_when_nothing_is_for_the_one_before(
    watched: Watched, learning: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.services.forecasting.END_S", 0.01)
    with pytest.raises(Unavailable, match="board before"):
        watched.forecasts.begin(watched.live)
    learning.set()
    monkeypatch.setattr("data.services.forecasting.END_S", 600.0)
    watched.forecasts.begin(watched.live)
    watched.until(lambda: len(forecasts(watched.world)) == 2)


def forecasts(world: World) -> dict[str, OrderForecast]:
    return seen(world).facts.forecasts


def test_every_open_order_is_forecast_stored_and_published(world: World, watched: Watched) -> None:
    watched.until(lambda: len(forecasts(world)) == 2)
    made = forecasts(world)["SO-1"]
    assert NOW + 1.5 * HOUR < made.finish.p50_at < NOW + 3 * HOUR
    assert [step.operation for step in made.operations] == ["10", "20"]
    rows = world.rows("SELECT order_id, p50_at FROM forecast ORDER BY order_id")
    assert rows[0] == ("SO-1", made.finish.p50_at)
    assert [row[0] for row in rows] == ["SO-1", "SO-2"]


def test_what_happens_on_the_floor_moves_the_forecast_and_only_that_is_published(
    world: World, watched: Watched
) -> None:
    later = NOW + 30 * HOUR
    world.accept(plan_document(route("SO-3", 30.0, 32.0, released_at=later)))
    watched.until(lambda: len(forecasts(world)) == 3)
    before, apart = forecasts(world)["SO-1"], forecasts(world)["SO-3"]
    number = watched.facts.last(SITE)
    world.clock.advance(minutes=2)
    world.accept(started("SO-1/10"), completed("end", "operation/SO-1/10", NOW + 0.02 * HOUR))
    watched.until(lambda: len(forecasts(world)["SO-1"].operations) == 1)
    change = watched.facts.read(SITE, number, None)
    assert change is not None
    assert "forecast/SO-3" not in change.documents
    assert forecasts(world)["SO-3"] == apart
    assert forecasts(world)["SO-1"].finish.p50_at != before.finish.p50_at


def test_what_happens_while_everything_is_forecast_anew_is_told_before_that_ends(
    world: World, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.until(lambda: len(forecasts(world)) == 2)
    begun, go_on, running = Event(), Event(), Forecaster.running

    def held(self: Forecaster, board: Board, now: datetime) -> Iterator[None]:
        begun.set()
        while not go_on.wait(0.01):
            yield
        yield from running(self, board, now)

    monkeypatch.setattr(Forecaster, "running", held)
    world.accept(plan_document(route("SO-3")))
    watched.until(begun.is_set)
    world.clock.advance(minutes=2)
    world.accept(started("SO-1/10"), completed("end", "operation/SO-1/10", NOW + 0.02 * HOUR))
    watched.until(lambda: len(forecasts(world)["SO-1"].operations) == 1)
    assert "SO-3" not in forecasts(world)
    go_on.set()
    watched.until(lambda: "SO-3" in forecasts(world))
    assert len(forecasts(world)["SO-1"].operations) == 1


def test_a_new_plan_is_forecast_and_a_cancelled_one_is_no_more(
    world: World, watched: Watched
) -> None:
    watched.until(lambda: len(forecasts(world)) == 2)
    world.accept(plan_document(route("SO-3")))
    watched.until(lambda: "SO-3" in forecasts(world))
    world.accept(plan_document(route("SO-2", cancelled=True), "cancel", NOW))
    watched.until(lambda: "SO-2" not in forecasts(world))
    assert {row[0] for row in world.rows("SELECT order_id FROM forecast")} == {"SO-1", "SO-3"}
    assert world.rows("SELECT * FROM forecast_score") == []


def finished(world: World, name: str) -> None:
    """Report that an order's steps ran and ended, an hour each from now on."""
    world.clock.advance(hours=2)
    world.accept(
        started(f"{name}/10", 0.5), completed(f"{name}-1", f"operation/{name}/10", NOW + HOUR),
        started(f"{name}/20", 1.0), completed(f"{name}-2", f"operation/{name}/20", NOW + 2 * HOUR),
    )  # fmt: skip


def test_an_order_that_closes_is_scored_by_what_was_forecast_for_it(
    world: World, watched: Watched
) -> None:
    watched.until(lambda: len(forecasts(world)) == 2)
    assert [row[0] for row in world.rows("SELECT order_id FROM forecast_trace")] == ["SO-1", "SO-2"]
    finished(world, "SO-1")
    watched.until(lambda: "SO-1" not in forecasts(world))
    ((name, closed_at, scores),) = world.rows(
        "SELECT order_id, closed_at, scores FROM forecast_score"
    )
    assert (name, closed_at, len(scores)) == ("SO-1", NOW + 2 * HOUR, 1)
    watched.until(lambda: (told := seen(world).facts.forecasting) and told.closed == 1)


def test_an_order_whose_completion_is_void_is_forecast_again(
    world: World, watched: Watched
) -> None:
    watched.until(lambda: len(forecasts(world)) == 2)
    finished(world, "SO-1")
    watched.until(lambda: "SO-1" not in forecasts(world))
    world.accept(void("undo", "SO-1-2", "operation/SO-1/20"))
    watched.until(lambda: "SO-1" in forecasts(world))


def test_orders_that_closed_while_nobody_watched_are_scored_by_the_next(
    world: World, watched: Watched
) -> None:
    recorder = world.recorder()
    watched.until(lambda: len(forecasts(world)) == 2)
    watched.close()
    finished(world, "SO-1")
    drain(recorder)
    with closing(Watched(world)) as other:
        other.until(lambda: set(forecasts(world)) == {"SO-2"})
    assert world.rows("SELECT order_id FROM forecast_score") == [("SO-1",)]


def test_a_recorded_past_calibrates_the_first_start(world: World, watched: Watched) -> None:
    recorder = world.recorder()
    for number in range(12):
        name, start = f"OLD-{number}", world.clock()
        plan = route(name)
        world.accept(plan_document(plan, at=start))
        for step in plan.operations:
            subject = f"operation/{name}/{step.id}"
            world.accept(
                envelope(f"s-{subject}", "operation.started", subject, None, world.clock())
            )
            world.clock.advance(hours=1)
            world.accept(completed(f"c-{subject}", subject, world.clock()))
    drain(recorder)
    watched.until(lambda: (told := seen(world).facts.forecasting) and told.closed > 0)
    scored = {row[0] for row in world.rows("SELECT order_id FROM forecast_score")}
    assert scored
    assert all(name.startswith("OLD-") for name in scored)


def test_after_redis_lost_them_the_facts_are_published_again(
    world: World, watched: Watched
) -> None:
    watched.until(lambda: len(forecasts(world)) == 2)
    world.client.delete("mp:{plant}:facts", "mp:{plant}:facts-newest", "mp:{plant}:facts-number")
    watched.step(2)
    assert len(forecasts(world)) == 2
    assert FORECASTING in watched.facts.names(SITE)


def test_only_one_watches_and_another_takes_over_when_it_dies(
    world: World, watched: Watched
) -> None:
    watched.until(lambda: len(forecasts(world)) == 2)
    with closing(Watched(world)) as other:
        other.step()
        assert other.watch.holds_site is False
        world.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE locktype = 'advisory' AND granted AND application_name = 'watch'"
        )
        with pytest.raises(Unavailable):
            watched.step(2)
        other.until(lambda: other.watch.holds_site)
        finished(world, "SO-1")
        other.until(lambda: set(forecasts(world)) == {"SO-2"})
        watched.step()
        assert watched.watch.holds_site is False


def test_without_sql_forecasts_wait_and_come_when_it_is_back(
    world: World, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise Unavailable("down")

    with monkeypatch.context() as patched:
        patched.setattr(ForecastStore, "closed", down)
        watched.step(5)
        assert forecasts(world) == {}
    watched.until(lambda: len(forecasts(world)) == 2)


def test_everything_is_forecast_anew_as_time_goes_on(world: World, watched: Watched) -> None:
    watched.until(lambda: len(forecasts(world)) == 2)
    before = forecasts(world)["SO-1"]
    world.clock.advance(hours=9)
    watched.until(lambda: forecasts(world)["SO-1"].made_at > before.made_at)
    after = forecasts(world)["SO-1"]
    assert after.finish.p50_at > world.clock()
    assert after.made_at - before.made_at > forecasting_module.RUN_EVERY
