from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from data.domain.events import Data, Event, EventType
from data.domain.events import WorkUnitState as State
from data.domain.forecast.runtimes import RunTimes, Work, truncated
from data.domain.subjects import WorkUnitState

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
BOARD = Work("board", "boards", "smt")


def test_before_anything_is_learnt_the_plan_is_believed_in_the_median() -> None:
    ratios = RunTimes().ratios(BOARD, 201)
    assert ratios[100] == pytest.approx(1.0)
    assert ratios[0] < 0.6 < 1.8 < ratios[-1]


def test_what_took_twice_as_long_before_is_forecast_so() -> None:
    times = RunTimes()
    for n in range(200):
        times.add_run(BOARD, f"o{n}", 200.0, 100.0)
    assert set(times.ratios(BOARD, 50)) == {2.0}


def test_a_new_product_learns_from_its_family_and_a_new_family_from_the_work_center() -> None:
    times = RunTimes()
    for n in range(50):
        times.add_run(BOARD, f"o{n}", 300.0, 100.0)
    assert set(times.ratios(Work("other", "boards", "smt"), 9)) == {3.0}
    assert set(times.ratios(Work("other", "others", "smt"), 9)) == {3.0}
    assert set(times.ratios(Work("other", "others", "elsewhere"), 9)) == {3.0}


def test_an_operation_planned_to_take_no_time_teaches_nothing() -> None:
    times = RunTimes()
    times.add_run(BOARD, "o", 300.0, 0.0)
    assert times.ratios(BOARD, 201)[100] == pytest.approx(1.0)


def test_one_absurd_report_is_held_within_bounds() -> None:
    times = RunTimes()
    times.add_run(BOARD, "o", 1e9, 1.0)
    assert set(times.ratios(BOARD, 3)) == {100.0}


def test_what_lasts_longer_than_elapsed_is_all_that_is_left_of_a_distribution() -> None:
    left = truncated(np.arange(1.0, 11.0), 6.0)
    assert len(left) == 10
    assert set(left) == {7.0, 8.0, 9.0, 10.0}
    assert np.all(np.diff(left) >= 0)


def test_what_has_outlasted_everything_takes_a_tenth_more_in_the_median() -> None:
    left = truncated(np.ones(101), 50.0)
    assert left[50] == pytest.approx(55.0)
    assert np.all(left > 50.0)


def test_a_stoppage_without_a_past_lasts_as_long_again_in_the_median() -> None:
    left = RunTimes().stop_left("u", "c", 1800.0, 101)
    assert left[50] == pytest.approx(1800.0)


def test_a_stoppage_is_truncated_at_what_has_elapsed() -> None:
    times = RunTimes()
    for minutes in (10, 20, 30, 40):
        times.add_stop("u", "c", f"{minutes}", minutes * 60.0)
    assert set(times.stop_left("u", "c", 25 * 60.0, 4)) == {300.0, 900.0}


def test_stoppages_are_read_off_a_work_units_timeline() -> None:
    unit = WorkUnitState("work-unit/u")
    for n, (minute, state) in enumerate(
        (
            (0, State.PROCESSING),
            (5, State.DOWN),
            (8, State.REPAIR),
            (15, State.PROCESSING),
            (30, State.DOWN),
        )
    ):
        at = NOW + timedelta(minutes=minute)
        data = Data(state=state)
        kind = EventType.WORK_UNIT_STATE_CHANGED
        unit.add(("s", str(n)), Event(str(n), "s", kind, "work-unit/u", at, at, data))
    times = RunTimes()
    times.add_stops(unit, "c")
    assert set(times.stop_left("u", "c", 60.0, 3)) == {540.0}
