"""A run of everything in steps, and what changes meanwhile."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from unittest.mock import create_autospec

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.domain.events import WorkUnitState as State
from data.domain.forecast import engine, sequence, simulate
from data.domain.forecast.conformal import Calibration
from data.domain.forecast.engine import Forecaster
from data.domain.forecast.records import OrderForecast
from data.domain.forecast.runtimes import RunTimes, Work
from data.services import forecast_work
from data.services.forecast_image import Image
from data.services.forecast_work import Documents, ForecastWork, Store
from data.services.past import PastReader
from tests.unit.domain.forecast.shop import NOW, Shop, at, order, site

ORDERS = 8
Change = tuple[int, int]  # the slice after which it comes, and the order


def crowded(seed: int) -> Shop:
    rng, plans = np.random.default_rng(seed), []
    for number in range(ORDERS):
        hour, steps = float(rng.uniform(0, 8)), list[tuple[str, float, float]]()
        for _ in range(3):
            hours = float(rng.uniform(0.5, 3))
            steps.append((str(rng.choice(["c", "d", "e"])), hour, hour + hours))
            hour += hours
        plans.append(order(f"O{number}", steps))
    return Shop(site({"c": 1, "d": 2, "e": 3}), *plans)


def forecaster() -> Forecaster:
    times, rng = RunTimes(), np.random.default_rng(1)
    for number, ratio in enumerate(rng.lognormal(0, 0.5, 300)):
        times.add_run(Work("p", "f", "c"), f"h{number}", 100 * float(ratio), 100.0)
    return Forecaster(times, Calibration())


def happen(shop: Shop, number: int, when: datetime) -> None:
    """Let the first step of an order begin or end; the last order's work unit goes down too."""
    (shop.complete if number % 2 else shop.start)(f"O{number}/1", when)
    if number == ORDERS - 1:
        shop.state("d1", when, State.DOWN)


@pytest.fixture
def fine_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (engine, sequence, simulate):
        monkeypatch.setattr(module, "SLICE", 1)
    monkeypatch.setattr(forecast_work, "AT_ONCE", 3)


def told(forecasts: Forecaster) -> list[OrderForecast]:
    return [forecasts.order(name) for name in forecasts.orders()]


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.lists(
        st.tuples(st.integers(0, 90), st.integers(0, ORDERS - 1)),
        max_size=4,
        unique_by=lambda change: change[1],
    ),
)
def test_a_run_beside_updates_comes_to_an_uninterrupted_one_followed_by_them(
    seed: int, changes: list[Change]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module in (engine, sequence, simulate):
            patch.setattr(module, "SLICE", 1)
        shop, current, anew = crowded(seed), forecaster(), forecaster()
        image = Image(shop.board)
        current.run(image.board, NOW)
        anew.run(image.snapshot(), NOW)
        beside, last = current.successor(), NOW
        for count, _ in enumerate(beside.running(image.snapshot(), NOW)):
            for number in [order for after, order in changes if after == count]:
                last = at(count / 100)
                happen(shop, number, last)
                image.take(shop.board, [f"O{number}"])
                image.take_units(shop.board)
                current.update(image.board, {f"O{number}"}, last)
        happened = {f"O{number}" for after, number in changes if after <= count}
        for one in (beside, anew):
            one.update(image.board, happened, last)
    assert told(beside) == told(anew)


class Floor:
    """A shop whose forecasts are worked out; what is told is kept as walls keep it."""

    def __init__(self) -> None:
        self.shop, self.store = crowded(3), create_autospec(Store, instance=True)
        self.store.closed.return_value = self.store.unit_events.return_value = []
        self.store.scores.return_value, self.store.traced_at.return_value = [], None
        self.store.unscored.return_value = {}
        self.image = Image(self.shop.board)
        past = create_autospec(PastReader, instance=True)
        self.work = ForecastWork("shop", self.store, past, self.image)
        self.walls: dict[str, bytes | None] = {}

    def show(self, steps: Iterable[Documents]) -> None:
        for documents in steps:
            self.walls.update(documents)

    def happen(self, number: int, when: datetime) -> None:
        happen(self.shop, number, when)
        self.image.take(self.shop.board, [f"O{number}"])
        self.show([self.work.update({f"O{number}"}, when)])

    def shown(self, name: str) -> OrderForecast:
        document = self.walls[f"forecast/{name}"]
        assert document is not None
        return msgspec.json.decode(document, type=OrderForecast)

    def traced(self) -> Sequence[str]:
        return [trace.order for call in self.store.trace.mock_calls for trace in call.args[1]]


@pytest.mark.usefixtures("fine_slices")
def test_what_happens_while_everything_is_forecast_anew_shows_before_and_after() -> None:
    floor = Floor()
    floor.show(floor.work.begin(NOW, ()))
    run = floor.work.run(at(0.1))
    floor.show([next(run)])
    floor.happen(1, at(0.2))
    assert [step.operation for step in floor.shown("O1").operations] == ["2", "3"]
    floor.show(run)
    assert [step.operation for step in floor.shown("O1").operations] == ["2", "3"]
    assert floor.work.settled
    assert not floor.work.outdated


@pytest.mark.usefixtures("fine_slices")
def test_what_happens_before_the_first_forecasts_is_in_them() -> None:
    floor = Floor()
    steps = floor.work.begin(NOW, ["forecast/old", "bottleneck/a"])
    floor.show([next(steps)])
    floor.happen(1, at(0.1))
    assert floor.walls == {}
    floor.show(steps)
    assert [step.operation for step in floor.shown("O1").operations] == ["2", "3"]
    assert floor.walls["forecast/old"] is None
    assert "bottleneck/a" not in floor.walls
    assert list(floor.walls).index("forecasting") == ORDERS


@pytest.mark.usefixtures("fine_slices")
def test_each_order_is_traced_once_by_the_first_forecasts_and_by_none_within_the_hour() -> None:
    floor = Floor()
    floor.show(floor.work.begin(NOW, ()))
    assert sorted(floor.traced()) == [f"O{number}" for number in range(ORDERS)]
    floor.show(floor.work.run(at(0.5)))
    assert len(floor.traced()) == ORDERS
    floor.show(floor.work.run(at(1)))
    assert len(floor.traced()) == 2 * ORDERS


def test_a_new_plan_makes_a_run_due_and_the_others_go_on_meanwhile() -> None:
    floor = Floor()
    floor.show(floor.work.begin(NOW, ()))
    floor.shop.plan(order("NEW", [("c", 0, 2)]), at(0.1))
    floor.image.take(floor.shop.board, ["NEW"])
    floor.show([floor.work.update({"NEW"}, at(0.1))])
    assert "forecast/NEW" not in floor.walls
    assert floor.work.outdated
    floor.happen(1, at(0.2))
    assert len(floor.shown("O1").operations) == 2
    floor.show(floor.work.run(at(0.3)))
    assert len(floor.shown("NEW").operations) == 1
    assert not floor.work.outdated
