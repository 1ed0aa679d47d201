"""Whom an exception hits: what has moved since it was last told, by how much."""

from datetime import UTC, datetime, timedelta

from data.domain.board import Board
from data.domain.exceptions.records import Hit
from data.domain.exceptions.ripple import MOST_HITS, Told, differ, hits, orders_of, worst
from data.domain.forecast.records import Finish, MilestoneForecast, NeedForecast, OrderForecast
from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.domain.site import Area, Site, WorkCenter, WorkUnit
from tests.unit.domain.floor_events import plan_event, site_event

AT = datetime(2026, 11, 3, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def plan(name: str = "SO-1", unit: str | None = None) -> Order:
    step = Operation(
        id="10", work_center="C", planned_start=AT, planned_finish=AT + HOUR, work_unit=unit
    )
    need = MaterialNeed(
        id="n", part="bolt", operation="10", supplier="P1", quantity=1, need_by=AT
    )  # fmt: skip
    mark = Milestone(id="m", name="Tested", operation="10", baseline_at=AT)
    return Order(
        id=name, product="pump", quantity=1, due_at=AT + HOUR, customer="B1", operations=(step,),
        needs=(need,), milestones=(mark,),
    )  # fmt: skip


def forecast(later: timedelta = timedelta(), name: str = "SO-1") -> OrderForecast:
    at = AT + 5 * HOUR + later
    finish = Finish(p50_at=at, p80_at=at, p95_at=at)
    return OrderForecast(
        order=name, made_at=AT, finish=finish, calibrated=True, operations=(), remaining_s=(),
        milestones=(MilestoneForecast(milestone="m", finish=finish),),
        needs=(NeedForecast(need="n", need_by=at - 4 * HOUR, early_at=at - 5 * HOUR),),
    )  # fmt: skip


def test_order_milestone_and_need_move_from_what_was_told_to_what_is_forecast() -> None:
    found = {hit.kind: hit for hit in hits(plan(), forecast(), forecast(28 * HOUR))}
    assert found["need"] == Hit(
        kind="need", order="SO-1", id="n", name="bolt", party="P1",
        before_at=AT + HOUR, after_at=AT + 29 * HOUR,
    )  # fmt: skip
    assert (found["milestone"].party, found["milestone"].name) == ("B1", "Tested")
    assert {hit.moved_s for hit in found.values()} == {28 * 3600.0}


def test_what_moves_by_less_than_half_an_hour_hits_nobody() -> None:
    assert list(hits(plan(), forecast(), forecast(timedelta(minutes=29)))) == []
    assert len(list(hits(plan(), forecast(), forecast(timedelta(minutes=-30))))) == 3


def test_without_a_forecast_then_or_now_nothing_is_said() -> None:
    assert list(hits(plan(), None, forecast())) == list(hits(plan(), forecast(), None)) == []


def test_what_was_told_follows_by_the_half_hour_unless_an_exception_holds_the_order() -> None:
    told, at = Told(), AT
    for halves in range(6):
        moved = {name: forecast(halves * HOUR, name) for name in ("SO-1", "SO-2")}
        told.follow(moved, ["SO-2"], at)
        at += HOUR / 2
    assert told.of("SO-1") == forecast(4 * HOUR)
    assert told.of("SO-2") == forecast(name="SO-2")
    told.accept(["SO-2"], moved)
    assert told.of("SO-2") == forecast(5 * HOUR, "SO-2")


def test_what_was_told_of_an_order_is_forgotten_a_while_after_its_last_forecast() -> None:
    told, minute = Told(), timedelta(minutes=1)
    told.follow({"SO-1": forecast(), "SO-2": forecast(name="SO-2")}, [], AT)
    for minutes in (1, 2):
        told.follow({"SO-2": forecast(name="SO-2")}, [], AT + minutes * minute)
    assert told.of("SO-1") is None
    assert told.of("SO-2") == forecast(name="SO-2")


def test_what_was_told_of_an_order_outlasts_a_moment_without_a_forecast() -> None:
    told, second = Told(), timedelta(seconds=1)
    told.follow({"SO-1": forecast()}, [], AT)
    told.follow({}, [], AT + 60 * second)
    told.follow({"SO-1": forecast(HOUR)}, [], AT + 61 * second)
    told.follow({"SO-1": forecast(HOUR)}, [], AT + 120 * second)
    assert told.of("SO-1") == forecast()


def test_a_clock_that_goes_back_does_not_keep_what_was_told_from_following() -> None:
    told = Told()
    for later, at in ((0, AT), (1, AT - 2 * HOUR), (2, AT - 1.5 * HOUR)):
        told.follow({"SO-1": forecast(later * HOUR)}, [], at)
    assert told.of("SO-1") == forecast(HOUR)


def test_the_farthest_moved_come_first_each_once_and_not_without_end() -> None:
    many = [
        Hit(kind="order", order=f"O-{n:03}", before_at=AT, after_at=AT + n * HOUR)
        for n in range(1, 300)
    ]
    found = worst([*many, *many])
    assert len(found) == MOST_HITS
    assert found[0].order == "O-299"


def test_the_same_dates_again_are_nothing_new_and_another_half_hour_is() -> None:
    before = tuple(hits(plan(), forecast(), forecast(HOUR)))
    assert not differ(before, tuple(hits(plan(), forecast(), forecast(HOUR * 1.4))))
    assert differ(before, tuple(hits(plan(), forecast(), forecast(HOUR * 1.5))))
    assert differ(before, ())


def board_of(*plans: Order) -> Board:
    site = Site(
        id="s", name="S", areas=(Area(id="A", calendar="none"),),
        work_centers=(WorkCenter(id="C", area="A"),),
        work_units=(WorkUnit(id="W1", work_center="C"), WorkUnit(id="W2", work_center="C")),
    )  # fmt: skip
    board = Board("s")
    for event in (site_event(site), *(plan_event(one) for one in plans)):
        board.apply(event)
    return board


def test_a_work_unit_concerns_what_it_has_work_for_and_an_operation_its_order() -> None:
    board = board_of(plan("SO-1"), plan("SO-2", "W1"), plan("SO-3", "W2"))
    assert orders_of("work-unit/W1", board) == ["SO-1", "SO-2"]
    assert orders_of("work-center/C", board) == ["SO-1", "SO-2", "SO-3"]
    assert orders_of("need/SO-9/n", board) == ["SO-9"]
    assert orders_of("screen/hall", board) == []
