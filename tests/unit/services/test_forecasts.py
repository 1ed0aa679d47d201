"""What the forecasts tell, and the image they are made from."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Event

import pytest
from msgspec.structs import replace

from data.domain.events import WorkUnitState as State
from data.domain.forecast.records import Finish, NeedForecast, OperationForecast, OrderForecast
from data.services.aside import Task
from data.services.forecast_image import GONE, Image
from data.services.forecast_work import moved
from tests.unit.domain.forecast.shop import NOW, Shop, at, order, site


def shop() -> Shop:
    plans = (order("A", [("c", 0, 1), ("c", 1, 2)], [("n", "1")]), order("B", [("c", 2, 3)]))
    return Shop(site({"c": 1}), *plans)


def forecast(hours: float = 5.0, step_hours: float = 2.0) -> OrderForecast:
    step, whole = (
        Finish(p50_at=at(h), p80_at=at(h + 1), p95_at=at(h + 2)) for h in (step_hours, hours)
    )
    return OrderForecast(
        order="A", made_at=NOW, finish=whole, calibrated=True, milestones=(), needs=(),
        operations=(OperationForecast(operation="1", start_at=NOW, finish=step),), remaining_s=(),
    )  # fmt: skip


def test_a_forecast_that_moved_by_less_than_anybody_sees_is_not_told() -> None:
    assert not moved(forecast(), forecast(5 + 59 / 3600))
    assert not moved(forecast(), replace(forecast(), made_at=NOW + timedelta(hours=1)))
    assert moved(forecast(), forecast(5 + 60 / 3600))


def test_an_operation_that_moved_within_an_order_that_did_not_is_told() -> None:
    assert not moved(forecast(), forecast(step_hours=2 + 4 / 60))
    assert moved(forecast(), forecast(step_hours=2 + 5 / 60))


def test_a_part_that_is_needed_at_another_time_is_told_though_its_promise_holds_all_else() -> None:
    def needed(by: float, early: float = 1.0) -> OrderForecast:
        need = NeedForecast(need="n", need_by=at(by), early_at=at(early))
        return replace(forecast(), needs=(need,))

    assert not moved(needed(2), needed(2 + 4 / 60, 1 + 4 / 60))
    assert moved(needed(2), needed(2 + 5 / 60))
    assert moved(needed(2), needed(2, 1 - 5 / 60))
    assert moved(needed(2), forecast())


def test_an_operation_that_is_done_and_another_certainty_are_told() -> None:
    assert moved(forecast(), replace(forecast(), operations=()))
    assert moved(forecast(), replace(forecast(), calibrated=False))


def test_an_image_lets_go_of_orders_that_have_left_the_board_before_it_holds_many() -> None:
    live = Shop(site({"c": 1}), *(order(f"O{n}", [("c", n, n + 1)]) for n in range(2 * GONE)))
    image = Image(live.board)
    gone = [f"O{n}" for n in range(2 * GONE - 1)]
    live.board.forget_orders(gone)
    last = f"O{2 * GONE - 1}"
    image.take(live.board, [last])
    assert list(image.board.orders) == [last]
    assert all(subject.split("/")[1] == last for subject in image.board.operations)


def test_an_image_stands_still_while_the_board_goes_on() -> None:
    live = shop()
    image = Image(live.board)
    live.start("A/1", NOW)
    live.complete("A/1", at(1))
    live.receive("A/n", NOW, 5)
    live.state("c0", NOW, State.DOWN)
    assert image.board.operation("A", "1").finished_at is None
    assert image.board.needs == image.board.work_units == {}
    image.take(live.board, ["A"])
    image.take_units(live.board)
    assert image.board.operation("A", "1").finished_at == at(1)
    assert image.board.needs["need/A/n"].received == 5
    assert image.board.work_units["c0"].state is State.DOWN


def test_an_image_keeps_the_very_plans_of_the_board() -> None:
    live = shop()
    image = Image(live.board)
    assert image.plan("A") is live.board.orders["A"].plan
    live.plan(order("A", [("c", 0, 2)]), at(1))
    assert image.plan("A") is not live.board.orders["A"].plan


def test_what_is_void_on_the_board_goes_from_the_image_too() -> None:
    live = shop()
    live.start("A/1", NOW)
    image = Image(live.board)
    del live.board.operations["operation/A/1"]
    image.take(live.board, ["A"])
    assert image.board.operations == {}


def test_orders_that_left_the_board_leave_the_image() -> None:
    live = shop()
    live.start("B/1", NOW)
    image = Image(live.board)
    live.board.forget_orders(["B"])
    image.take_site(live.board)
    assert list(image.board.orders) == ["A"]
    assert image.board.operations == {}


def test_a_snapshot_stands_still_while_its_image_goes_on() -> None:
    live = shop()
    image = Image(live.board)
    still = image.snapshot()
    live.start("A/1", NOW)
    live.receive("A/n", NOW, 5)
    live.state("c0", NOW, State.DOWN)
    live.plan(order("A", [("c", 0, 2)]), at(1))
    image.take(live.board, ["A"])
    image.take_units(live.board)
    assert [plan.id for plan in still.plans()] == ["A", "B"]
    assert still.orders["A"].plan is not image.plan("A")
    assert still.operations == still.needs == still.work_units == {}
    assert still.site == image.board.site


def test_a_task_gives_what_came_of_each_step_or_raises_what_it_raised() -> None:
    task = Task(iter([7, 8]))
    assert task.done(60)
    assert task.ended
    assert task.taken() == [7, 8]
    assert task.taken() == []
    failing = Task(1 // n for n in (1, 0))
    assert failing.done(60)
    assert not failing.ended
    with pytest.raises(ZeroDivisionError):
        failing.taken()


def test_a_task_that_was_paused_leaves_its_steps_to_another() -> None:
    begun, go_on = Event(), Event()

    def steps() -> Iterator[int]:
        begun.set()
        assert go_on.wait(60)
        yield 1
        yield 2

    rest = steps()
    task = Task(rest)
    assert begun.wait(60)
    task.pause()
    assert not task.done(0)
    go_on.set()
    assert task.done(60)
    assert not task.ended
    assert task.taken() == [1]
    other = Task(rest)
    assert other.done(60)
    assert other.taken() == [2]
