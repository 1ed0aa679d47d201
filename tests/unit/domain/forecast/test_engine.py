from collections.abc import Generator, Sequence
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from data.domain.events import WorkUnitState as State
from data.domain.forecast import simulate
from data.domain.forecast.conformal import Calibration
from data.domain.forecast.engine import Forecaster, learn, score
from data.domain.forecast.records import OrderForecast
from data.domain.forecast.runtimes import RunTimes, Work
from data.domain.forecast.sequence import Taken
from data.domain.forecast.tasks import Floor, Task
from data.domain.plan import Operation
from tests.unit.domain.forecast.shop import DAYS, NOW, Shop, at, exact_times, order, site

ONE = {"c": 1, "d": 1}


def forecaster(times: RunTimes | None = None, calibration: Calibration | None = None) -> Forecaster:
    return Forecaster(times or exact_times(), calibration or Calibration())


def forecast(shop: Shop, now: datetime = NOW, times: RunTimes | None = None) -> Forecaster:
    made = forecaster(times)
    made.run(shop.board, now)
    return made


def p50(made: OrderForecast, operation: str) -> datetime:
    return next(o.finish.p50_at for o in made.operations if o.operation == operation)


def close(found: datetime, expected: datetime) -> bool:
    return abs(found - expected) <= timedelta(seconds=2)


def wide_times() -> RunTimes:
    times, rng = RunTimes(), np.random.default_rng(1)
    for n, ratio in enumerate(rng.lognormal(0, 0.5, 300)):
        times.add_run(Work("p", "f", "c"), f"h{n}", 100 * float(ratio), 100.0)
    return times


def test_an_order_alone_takes_its_operations_one_after_the_other() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2), ("d", 2, 5)]))
    made = forecast(shop).order("A")
    assert close(p50(made, "1"), at(2))
    assert close(p50(made, "2"), at(5))
    assert close(made.finish.p50_at, at(5))


def test_what_takes_half_as_long_again_is_forecast_so() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2), ("d", 2, 6)]))
    made = forecast(shop, times=exact_times(1.5, ("c", "d"))).order("A")
    assert close(made.finish.p50_at, at(9))


def test_orders_wait_for_each_other_at_a_shared_work_unit() -> None:
    shop = Shop(site(ONE), order("B", [("c", 1, 3)]), order("A", [("c", 0, 2)]))
    made = forecast(shop)
    assert close(made.order("A").finish.p50_at, at(2))
    assert close(made.order("B").finish.p50_at, at(4))


def test_two_work_units_of_a_center_work_at_the_same_time() -> None:
    plans = [
        order(name, [("c", start, start + 2)]) for name, start in zip("ABC", (0, 1, 2), strict=True)
    ]
    made = forecast(Shop(site({"c": 2}), *plans))
    ends = [made.order(name).finish.p50_at for name in "ABC"]
    assert all(map(close, ends, (at(2), at(2), at(4))))


def test_an_operation_bound_to_a_busy_work_unit_waits_though_another_is_free() -> None:
    bound = Operation(
        id="1", work_center="c", planned_start=at(1), planned_finish=at(3), work_unit="c0"
    )
    shop = Shop(site({"c": 2}), order("A", [("c", 0, 4)]), order("B", [], operations=(bound,)))
    shop.start("A/1", NOW, "c0")
    assert close(forecast(shop).order("B").finish.p50_at, at(6))


def test_work_stops_off_shift() -> None:
    shop = Shop(site(ONE, DAYS), order("A", [("c", 0, 4), ("d", 4.5, 8), ("c", 24, 26)]))
    made = forecast(shop).order("A")
    assert close(p50(made, "2"), at(8))
    assert close(p50(made, "3"), at(26))
    assert close(made.operations[2].start_at, at(24))


def test_work_done_outside_knows_no_shift_and_no_queue() -> None:
    outside = tuple(
        Operation(
            id="1", work_center="c", planned_start=at(0), planned_finish=at(20), performed_by="s"
        )
        for _ in range(1)
    )
    plans = [order(name, [], operations=outside) for name in "AB"]
    made = forecast(Shop(site(ONE, DAYS), *plans))
    assert close(made.order("A").finish.p50_at, at(20))
    assert close(made.order("B").finish.p50_at, at(20))


def test_a_work_unit_that_is_down_holds_what_waits_and_what_runs() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2)]), order("B", [("c", 2, 4)]))
    shop.start("A/1", NOW, "c0")
    shop.state("c0", at(0.5), State.DOWN)
    times = exact_times()
    for n in range(50):
        times.add_stop("c0", "c", f"s{n}", 7200.0)
    made = forecast(shop, at(1), times)
    assert close(made.order("A").finish.p50_at, at(3.5))
    assert close(made.order("B").finish.p50_at, at(5.5))


def test_a_running_operation_is_truncated_at_what_has_elapsed() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2)]))
    shop.start("A/1", NOW)
    early = forecast(shop, at(1), wide_times()).order("A").finish
    late = forecast(shop, at(6), wide_times()).order("A").finish
    assert early.p50_at > at(1.5)
    assert late.p50_at > at(6)
    assert late.p50_at - at(6) < timedelta(hours=4)


def test_pieces_that_are_counted_leave_only_the_rest() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 10)]))
    shop.start("A/1", NOW)
    shop.progress("A/1", at(1), good=5)
    assert close(forecast(shop, at(1)).order("A").finish.p50_at, at(6))


def test_material_that_is_promised_late_holds_its_operation_until_it_is_there() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2), ("d", 2, 3)], needs=[("N", "2")]))
    shop.promise("A/N", NOW, at(30))
    assert close(forecast(shop).order("A").finish.p50_at, at(31))
    shop.receive("A/N", at(1), 5)
    assert close(forecast(shop).order("A").finish.p50_at, at(3))


def test_an_order_does_not_begin_before_its_release() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2)], released_at=at(10)))
    assert close(forecast(shop).order("A").finish.p50_at, at(12))


def test_steps_overlap_as_far_as_their_plan_lets_them() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 4), ("d", 1, 5)]))
    made = forecast(shop, times=exact_times(2.0, ("c", "d"))).order("A")
    assert close(made.operations[1].start_at, at(2))
    assert close(made.finish.p50_at, at(10))


def test_a_step_that_overlaps_one_that_runs_is_done_once() -> None:
    shop = Shop(
        site(ONE),
        order("A", [("c", 0, 4), ("d", 1, 5)]),
        order("B", [("d", 5, 6)], released_at=at(2)),
    )
    shop.start("A/1", NOW)
    made = forecast(shop)
    assert close(made.order("A").finish.p50_at, at(5))
    assert close(made.order("B").finish.p50_at, at(6))


def test_a_faster_step_waits_until_it_can_run_through() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 10), ("d", 1, 3)]), order("B", [("d", 3, 9)]))
    made = forecast(shop)
    assert close(made.order("A").operations[1].start_at, at(8))
    assert close(made.order("B").finish.p50_at, at(6))


def test_an_overlap_that_the_plan_does_not_show_is_learnt_from_closed_orders() -> None:
    past = [order(f"P{n}", [("c", 0, 4), ("d", 5, 9)]) for n in range(10)]
    shop = Shop(site({"c": 20, "d": 20}), *past, order("A", [("c", 0, 4), ("d", 5, 9)]))
    for plan in past:
        shop.start(f"{plan.id}/1", at(0))
        shop.start(f"{plan.id}/2", at(1))
        shop.complete(f"{plan.id}/1", at(4))
        shop.complete(f"{plan.id}/2", at(5))
    times = RunTimes()
    learn(shop.board, [plan.id for plan in past], times, at(6))
    made = forecast(shop, at(6), times).order("A")
    assert times.overlap("c", "d") == pytest.approx(0.75)
    assert close(made.operations[1].start_at, at(7))
    assert close(made.finish.p50_at, at(11))


def test_a_step_never_ends_before_one_it_overlaps() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 10), ("d", 1, 2)]))
    assert forecast(shop).order("A").finish.p50_at >= at(10) - timedelta(seconds=2)


def test_parallel_branches_meet_where_both_are_done() -> None:
    steps = [
        Operation(id=i, work_center=c, planned_start=at(s), planned_finish=at(f), predecessors=b)
        for i, c, s, f, b in (
            ("1", "c", 0, 2, ()),
            ("2", "d", 0, 5, ()),
            ("3", "c", 5, 6, ("1", "2")),
        )
    ]
    made = forecast(Shop(site(ONE), order("A", [], operations=tuple(steps)))).order("A")
    assert close(p50(made, "3"), at(6))


def test_a_need_is_needed_when_its_operation_starts() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2), ("d", 2, 3)], needs=[("N", "2")]))
    need = forecast(shop, times=wide_times()).order("A").needs[0]
    assert need.need == "N"
    assert need.early_at < need.need_by
    assert abs(need.need_by - at(2)) < timedelta(minutes=20)


def needs_of(shop: Shop, order: str = "A", now: datetime = NOW) -> dict[str, datetime]:
    return {one.need: one.need_by for one in forecast(shop, now).order(order).needs}


def test_a_promise_does_not_move_the_need_that_it_is_judged_by() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2), ("d", 2, 3)], needs=[("N", "2"), ("M", "2")]))
    shop.promise("A/N", NOW, at(30))
    shop.promise("A/M", NOW, at(40))
    assert close(forecast(shop).order("A").finish.p50_at, at(41))
    assert [close(by, at(2)) for by in needs_of(shop).values()] == [True, True]


def test_a_part_is_needed_later_where_the_line_is_late_whatever_was_promised() -> None:
    shop = Shop(
        site(ONE),
        order("A", [("d", 1, 2)], needs=[("N", "1")]),
        order("B", [("d", 0, 18)]),
    )
    shop.start("B/1", NOW, "d0")
    assert close(needs_of(shop)["N"], at(18))
    for promised in (10, 30):
        shop.promise("A/N", NOW, at(promised))
        assert close(needs_of(shop)["N"], at(18))


def test_a_part_is_needed_when_its_operation_would_have_had_the_work_unit() -> None:
    shop = Shop(
        site(ONE),
        order("FIRST", [("d", 0, 4)]),
        order("A", [("d", 4, 5)], needs=[("N", "1")]),
        order("NEXT", [("d", 5, 20)]),
    )
    shop.promise("A/N", NOW, at(10))
    made = forecast(shop)
    assert close(made.order("A").operations[0].start_at, at(19))  # behind what was taken instead
    assert close(made.order("A").needs[0].need_by, at(4))


def test_a_part_is_needed_when_any_of_several_work_units_is_free() -> None:
    shop = Shop(
        site({"d": 2}),
        order("B", [("d", 0, 9)]),
        order("C", [("d", 1, 7)]),
        order("A", [("d", 2, 3)], needs=[("N", "1")]),
        order("D", [("d", 3, 30)]),
    )
    shop.promise("A/N", NOW, at(20))
    assert close(needs_of(shop)["N"], at(6))


def test_a_part_is_needed_when_its_work_unit_is_up_again() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2)], needs=[("N", "1")]))
    shop.promise("A/N", NOW, at(30))
    shop.state("c0", NOW, State.DOWN)
    times = exact_times()
    for n in range(20):
        times.add_stop("c0", "c", f"s{n}", 10 * 3600.0)
    made = forecast(shop, times=times).order("A")
    assert close(made.needs[0].need_by, at(10))


def test_a_need_stays_where_it_is_when_its_promise_changes_between_runs() -> None:
    shop = Shop(
        site(ONE),
        order("A", [("d", 1, 2)], needs=[("N", "1")]),
        order("B", [("d", 0, 18)]),
    )
    shop.start("B/1", NOW, "d0")
    made = forecast(shop)
    for minute, promised in enumerate((30, 10, 40, 50)):
        shop.promise("A/N", at(minute / 60), at(promised))
        made.update(shop.board, {"A"}, NOW)
        assert close(made.order("A").needs[0].need_by, at(18))
        assert close(made.order("A").operations[0].start_at, at(max(18, promised)))
    shop.receive("A/N", at(1), 5)
    made.update(shop.board, {"A"}, NOW)
    assert close(made.order("A").operations[0].start_at, at(18))
    assert close(made.order("A").needs[0].need_by, at(18))


def test_a_need_that_a_promise_holds_follows_its_own_order_at_once_and_others_with_a_run() -> None:
    shop = Shop(
        site({"c": 1, "d": 1, "e": 1}),
        order("A", [("c", 0, 4), ("d", 4, 5)], needs=[("N", "2")]),
        order("M", [("e", 4, 5)], needs=[("N", "1")]),
        order("B", [("e", 0, 4)]),
    )
    for name in "AM":
        shop.promise(f"{name}/N", NOW, at(30))
    shop.start("A/1", NOW, "c0")
    shop.start("B/1", NOW, "e0")
    made = forecast(shop)
    assert [close(made.order(name).needs[0].need_by, at(4)) for name in "AM"] == [True, True]
    shop.progress("A/1", at(2), 1)
    shop.progress("B/1", at(2), 1)
    made.update(shop.board, {"A", "B"}, at(2))
    assert made.order("A").needs[0].need_by > at(5)
    assert close(made.order("M").needs[0].need_by, at(4))
    assert made.order("M").operations[0].start_at == at(30)
    anew = forecast(shop, at(2))
    assert anew.order("M").needs[0].need_by > at(5)
    assert anew.order("M").finish == made.order("M").finish


def test_a_part_that_holds_no_work_unit_is_needed_when_the_step_before_is_done() -> None:
    shop = Shop(site({"c": 1}), order("A", [("c", 0, 2), ("x", 2, 3)], needs=[("N", "2")]))
    shop.promise("A/N", NOW, at(20))
    assert close(needs_of(shop)["N"], at(2))


def test_what_could_start_at_once_has_needed_its_part_since_the_planned_date() -> None:
    shop = Shop(site(ONE), order("A", [("c", 1, 3)], needs=[("N", "1")]))
    assert needs_of(shop, now=at(5))["N"] == at(1)
    shop.promise("A/N", NOW, at(30))
    assert needs_of(shop, now=at(5))["N"] == at(1)


def test_a_need_that_the_line_is_ready_for_before_its_plan_is_needed_now() -> None:
    shop = Shop(site(ONE), order("A", [("c", 4, 6)], needs=[("N", "1")]))
    assert close(needs_of(shop)["N"], at(0))


def test_a_line_that_could_start_early_asks_no_more_of_who_promised() -> None:
    plan = order("A", [("c", 24, 26)], needs=[("N", "1")])
    plan = replace(plan, needs=(replace(plan.needs[0], need_by=at(20)),))
    for promised in (12, 20, 30):
        shop = Shop(site(ONE), plan)
        shop.promise("A/N", NOW, at(promised))
        assert needs_of(shop)["N"] == at(20)


@settings(max_examples=40, deadline=None)
@given(
    units=st.integers(1, 3),
    spans=st.lists(st.tuples(st.integers(0, 20), st.integers(1, 9)), min_size=1, max_size=6),
    promised=st.integers(-5, 60),
)
def test_a_need_comes_no_later_whatever_its_supplier_promises(
    units: int, spans: list[tuple[int, int]], promised: int
) -> None:
    others = [
        order(f"B{n}", [("c", start, start + length)], released_at=at(start / 2))
        for n, (start, length) in enumerate(spans)
    ]
    shop = Shop(site({"c": units}), order("A", [("c", 5, 8)], needs=[("N", "1")]), *others)
    silent = needs_of(shop)["N"]  # planned at 1
    shop.promise("A/N", NOW, at(promised))
    assert close(needs_of(shop)["N"], silent) or needs_of(shop)["N"] == max(silent, at(1))


def test_a_milestone_is_done_with_its_operation() -> None:
    made = forecast(Shop(site(ONE), order("A", [("c", 0, 2)]))).order("A")
    assert made.milestones[0].milestone == "end"
    assert made.milestones[0].finish == made.finish


def test_completed_operations_and_orders_ask_for_nothing() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2), ("d", 2, 3)]), order("B", [("c", 2, 3)]))
    shop.start("A/1", NOW)
    shop.complete("A/1", at(1))
    shop.complete("B/1", at(1))
    made = forecast(shop, at(1))
    assert made.orders() == ("A",)
    assert [o.operation for o in made.order("A").operations] == ["2"]
    with pytest.raises(KeyError):
        made.order("B")


def test_cancelled_orders_leave_the_line() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 9)], cancelled=True), order("B", [("c", 1, 2)]))
    assert close(forecast(shop).order("B").finish.p50_at, at(1))


def test_a_site_without_a_model_is_forecast_without_queues() -> None:
    shop = Shop(site({}), order("A", [("x", 0, 2)]), order("B", [("x", 0, 2)]))
    made = forecast(shop)
    assert close(made.order("B").finish.p50_at, at(2))


def test_the_same_seed_gives_the_same_forecast_and_another_does_not() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2), ("d", 2, 5), ("c", 5, 9)]))
    first, again, other = (Forecaster(wide_times(), Calibration(), seed) for seed in (1, 1, 2))
    for made in (first, again, other):
        made.run(shop.board, NOW)
    assert first.order("A") == again.order("A")
    assert first.order("A") != other.order("A")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("cd"), st.integers(1, 9)), min_size=1, max_size=4),
        min_size=1,
        max_size=6,
    )
)
def test_quantiles_keep_their_order_and_nothing_ends_before_now(
    routes: list[list[tuple[str, int]]],
) -> None:
    plans = []
    for n, route in enumerate(routes):
        steps = [(center, float(k), float(k + hours)) for k, (center, hours) in enumerate(route)]
        plans.append(order(f"O{n}", steps))
    made = forecast(Shop(site({"c": 1, "d": 2}, DAYS), *plans), times=wide_times())
    subjects, clock = made.finishes()
    assert len(subjects) == sum(map(len, routes))
    assert np.all(np.diff(clock, axis=1) >= 0)
    for name in made.orders():
        found = made.order(name)
        for end in (found.finish, *(o.finish for o in found.operations)):
            assert NOW <= end.p50_at <= end.p80_at <= end.p95_at
        assert found.finish.p50_at >= max(o.finish.p50_at for o in found.operations)


def test_the_arrays_say_what_the_records_say() -> None:
    shop = Shop(site(ONE, DAYS), order("A", [("c", 0, 2), ("d", 2, 5)]))
    made = forecast(shop, times=wide_times())
    subjects, clock = made.finishes()
    finish = made.order("A").operations[1].finish
    assert subjects == ("operation/A/1", "operation/A/2")
    said = [moment.timestamp() for moment in (finish.p50_at, finish.p80_at, finish.p95_at)]
    assert clock[1].tolist() == pytest.approx(said, rel=0, abs=2)


def test_too_few_closed_orders_leave_it_uncalibrated_and_many_calibrate_it() -> None:
    shop, calibration = Shop(site(ONE), order("A", [("c", 0, 2)])), Calibration()
    made = forecaster(wide_times(), calibration)
    made.run(shop.board, NOW)
    raw = made.order("A")
    for n in range(100):
        calibration.add([0.6 + n / 100])
    made.run(shop.board, NOW)
    assert not raw.calibrated
    assert made.order("A").calibrated
    assert made.order("A").finish.p80_at > raw.finish.p95_at


def test_forecasts_are_scored_by_the_level_that_came_true() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2)]))
    made = forecast(shop, times=wide_times()).order("A")
    sure, late = score([made], made.finish.p80_at), score([made], at(1000))
    assert sure[0] == pytest.approx(0.8, abs=0.01)
    assert late[0] > 1


def test_closed_orders_teach_how_long_things_take() -> None:
    shop = Shop(site(ONE, DAYS), order("A", [("c", 0, 2)]), order("B", [("c", 2, 4)]))
    shop.start("A/1", at(0))
    shop.complete("A/1", at(24))
    times = RunTimes()
    assert learn(shop.board, ["A", "B", "unknown"], times, at(24)) == 1
    assert set(times.ratios(Work("p", "f", "c"), 5)) == {3.75}


def updated(shop: Shop, made: Forecaster, orders: set[str], now: datetime) -> set[str]:
    return made.update(shop.board, orders, now)


def test_a_change_moves_the_orders_behind_it_and_no_others() -> None:
    shop = Shop(
        site(ONE), order("A", [("c", 0, 2)]), order("B", [("c", 2, 4)]), order("X", [("d", 0, 2)])
    )
    made = forecast(shop)
    shop.start("A/1", at(0.5))
    moved = updated(shop, made, {"A"}, at(0.5))
    assert moved == {"A", "B"}
    assert made.settled
    assert close(made.order("B").finish.p50_at, at(4.5))


def test_an_order_that_closes_lets_the_next_begin() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 9)]), order("B", [("c", 9, 10)]))
    made = forecast(shop)
    shop.complete("A/1", at(1))
    assert updated(shop, made, {"A"}, at(1)) == {"A", "B"}
    assert made.orders() == ("B",)
    assert close(made.order("B").finish.p50_at, at(2))


def test_a_breakdown_is_felt_without_any_order_changing() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2)]), order("X", [("d", 0, 2)]))
    times = exact_times()
    times.add_stop("c0", "c", "s", 3600.0)
    made = forecast(shop, times=times)
    shop.state("c0", NOW, State.DOWN)
    assert updated(shop, made, set(), NOW) == {"A"}
    assert close(made.order("A").finish.p50_at, at(3))


def test_a_new_plan_and_a_reopened_operation_wait_for_the_next_run() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2)]), order("C", [("d", 0, 2)]))
    made = forecast(shop)
    shop.plan(order("B", [("c", 2, 4)]), at(0))
    shop.start("C/1", at(1))
    assert updated(shop, made, {"B", "C"}, at(1)) == {"C"}
    assert made.outdated == {"B"}
    shop.complete("A/1", at(1))
    updated(shop, made, {"A"}, at(1))
    shop.reopen("A/1", at(2))
    updated(shop, made, {"A"}, at(2))
    assert made.orders() == ("C",)
    assert made.outdated == {"A", "B"}
    made.run(shop.board, at(2))
    assert set(made.orders()) == {"A", "B", "C"}
    assert not made.outdated


def test_a_change_that_moves_nothing_reaches_nobody() -> None:
    shop = Shop(site(ONE), order("A", [("c", 0, 2)]), order("B", [("c", 2, 4)]))
    made = forecast(shop)
    assert updated(shop, made, {"A"}, NOW) == set()


def by_place(
    tasks: Sequence[Task], medians: Sequence[float], floor: Floor
) -> Generator[None, None, Taken]:
    """A sequence that changes as little as it can: first what runs, then first steps first."""
    running = sorted(
        (p for p in range(len(tasks)) if tasks[p].elapsed_s is not None),
        key=lambda p: tasks[p].subject,
    )
    waiting = sorted(
        set(range(len(tasks))) - set(running), key=lambda p: (tasks[p].place, tasks[p].priority)
    )
    yield
    return Taken([*running, *waiting], {})


def crowded_shop(seed: int) -> Shop:
    rng = np.random.default_rng(seed)
    plans = []
    for n in range(8):
        steps, hour = [], float(rng.uniform(0, 8))
        for _ in range(3):
            hours = float(rng.uniform(0.5, 3))
            steps.append((str(rng.choice(["c", "d", "e"])), hour, hour + hours))
            hour += hours * rng.uniform(0.5, 1)
        plans.append(order(f"O{n}", steps))
    return Shop(site({"c": 1, "d": 2, "e": 3}), *plans)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sets(st.integers(0, 7), min_size=1, max_size=3), st.booleans())
def test_following_changes_comes_to_what_starting_anew_in_the_same_sequence_does(
    seed: int, changed: set[int], down: bool
) -> None:
    shop = crowded_shop(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulate, "sequence", by_place)
        patch.setattr(simulate, "SAME_S", 1e-3)
        patch.setattr(simulate, "SAME_SHARE", 0.0)
        followed, anew = forecaster(wide_times()), forecaster(wide_times())
        followed.run(shop.board, NOW)
        for number in sorted(changed):
            (shop.complete if number % 2 else shop.start)(f"O{number}/1", NOW)
        if down:
            shop.state("d1", NOW, State.DOWN)
        followed.update(shop.board, {f"O{n}" for n in changed}, NOW)
        anew.run(shop.board, NOW)
    found, expected = followed.finishes(), anew.finishes()
    assert found[0] == expected[0]
    assert np.abs(found[1] - expected[1]).max() < 2


def test_a_change_too_wide_to_follow_at_once_is_said_to_be_unsettled() -> None:
    shop = crowded_shop(1)
    made = forecast(shop)
    shop.state("c0", NOW, State.DOWN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulate, "AT_ONCE", 1)
        made.update(shop.board, set(), NOW)
    assert not made.settled
    made.run(shop.board, NOW)
    assert made.settled
