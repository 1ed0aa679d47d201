from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.forecast.conformal import (
    Calibration,
    beta_quantile,
    bound,
    bound_by_order,
    coverage_interval,
    rank,
)


@pytest.mark.parametrize(
    ("count", "alpha", "k"),
    [(9, 0.2, 8), (4, 0.2, 4), (3, 0.2, 4), (200, 0.2, 161), (19, 0.05, 19)],
)
def test_the_rank_is_the_ceiling_of_n_plus_one_times_one_less_alpha(
    count: int, alpha: float, k: int
) -> None:
    assert rank(count, alpha) == k


def test_the_bound_is_the_kth_smallest_score() -> None:
    assert bound([9, 1, 8, 2, 7, 3, 6, 4, 5], 0.2) == 8


def test_too_few_scores_bound_nothing() -> None:
    assert bound([1.0, 2.0, 3.0], 0.2) == inf
    assert bound_by_order([[1.0], [2.0], [3.0]], [1, 1, 1], 0.2) == inf


@pytest.mark.parametrize(
    ("count", "alpha", "mean", "low", "high"),
    [(200, 0.2, 0.801, 0.753, 0.845), (1000, 0.05, 0.950, 0.938, 0.961)],
)
def test_coverage_given_the_calibration_set_is_the_published_beta(
    count: int, alpha: float, mean: float, low: float, high: float
) -> None:
    assert rank(count, alpha) / (count + 1) == pytest.approx(mean, abs=1e-3)
    assert coverage_interval(count, alpha) == pytest.approx((low, high), abs=1e-3)


def test_a_coverage_without_a_bound_has_no_interval() -> None:
    with pytest.raises(ValueError, match="3 orders can't calibrate a bound of 80%"):
        coverage_interval(3, 0.2)


def test_beta_of_one_and_one_is_uniform() -> None:
    assert beta_quantile(1, 1, 0.3) == pytest.approx(0.3)


@given(st.lists(st.floats(0, 1e6), min_size=5, max_size=60))
def test_one_score_an_order_gives_the_plain_bound(scores: list[float]) -> None:
    by_order = bound_by_order([[score] for score in scores], [1] * len(scores), 0.2)
    assert by_order == bound(scores, 0.2)


def test_orders_count_and_not_their_forecasts() -> None:
    assert bound_by_order([[1.0] * 500, [2.0] * 500, [3.0] * 500], [1, 1, 1], 0.2) == inf


def test_with_equal_weights_a_long_order_has_no_more_say_than_a_short_one() -> None:
    scores = [[float(n)] for n in range(9)] + [[100.0] * 1000]
    assert bound_by_order(scores, [1] * 10, 0.2) == 8.0
    assert bound_by_order(scores, [len(own) for own in scores], 0.2) == 100.0


def test_bounds_cover_new_orders_as_often_as_promised() -> None:
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(300):
        scores, new = rng.exponential(size=99), rng.exponential(size=400)
        shares.append(float((new <= bound(scores, 0.2)).mean()))
    low, high = coverage_interval(99, 0.2)
    assert np.mean(shares) == pytest.approx(0.8, abs=0.01)
    assert np.mean([low <= share <= high for share in shares]) == pytest.approx(0.9, abs=0.07)


def test_a_calibration_follows_its_history() -> None:
    calibration = Calibration(kept=50)
    assert calibration.level(0.8) == inf
    for n in range(50):
        calibration.add([0.5 + n / 100])
    assert calibration.level(0.8) == pytest.approx(0.5 + 40 / 100)
    for _ in range(50):
        calibration.add([0.3])
    assert calibration.orders == 50
    assert calibration.level(0.8) == 0.3


def test_an_order_without_forecasts_teaches_nothing() -> None:
    calibration = Calibration()
    calibration.add([])
    assert calibration.orders == 0


def test_levels_keep_their_order() -> None:
    calibration = Calibration()
    rng = np.random.default_rng(2)
    for _ in range(60):
        calibration.add(rng.uniform(0, 1.4, size=3))
    assert calibration.level(0.5) <= calibration.level(0.8) <= calibration.level(0.95)


def test_drift_is_unknown_before_a_bound_was_ever_tried() -> None:
    calibration = Calibration()
    for _ in range(6):
        calibration.add([0.5])
    assert calibration.drift() is None


def test_a_steady_process_does_not_drift_and_a_changed_one_does() -> None:
    calibration, rng = Calibration(kept=400), np.random.default_rng(3)
    for _ in range(300):
        calibration.add([rng.uniform()])
    steady = calibration.drift(last=200)
    for _ in range(40):
        calibration.add([rng.uniform() + 0.6])
    changed = calibration.drift(last=40)
    assert steady is not None and changed is not None
    assert not steady.drifted
    assert steady.orders == 200
    assert changed.drifted
    assert changed.coverage < changed.low
