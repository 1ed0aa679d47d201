import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.forecast.scores import (
    coverage,
    coverage_by_horizon,
    crps_normal,
    crps_samples,
    pinball,
)


def test_pinball_weighs_what_lies_above_by_the_level_and_below_by_the_rest() -> None:
    losses = pinball([12.0, 8.0, 10.0], [10.0, 10.0, 10.0], 0.8)
    assert losses.tolist() == pytest.approx([1.6, 0.4, 0.0])


def test_pinball_at_one_half_is_half_the_absolute_error() -> None:
    assert pinball([7.0], [10.0], 0.5).tolist() == [1.5]


def test_crps_of_a_standard_normal_at_its_mean_is_the_published_figure() -> None:
    assert crps_normal(0.0, 1.0, 0.0) == pytest.approx(0.233695, abs=5e-7)


def test_crps_of_a_normal_scales_with_its_deviation() -> None:
    assert crps_normal(5.0, 3.0, 5.0) == pytest.approx(3 * crps_normal(0.0, 1.0, 0.0))


def test_crps_of_samples_comes_to_that_of_their_normal() -> None:
    samples = np.random.default_rng(1).normal(size=200_000)
    assert crps_samples(samples, 0.7) == pytest.approx(crps_normal(0.0, 1.0, 0.7), abs=2e-3)


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20), st.floats(-1e3, 1e3))
def test_crps_of_samples_is_the_mean_distance_less_half_the_mean_difference(
    samples: list[float], actual: float
) -> None:
    values = np.array(samples)
    slow = np.abs(values - actual).mean() - np.abs(values[:, None] - values).mean() / 2
    assert crps_samples(values, actual) == pytest.approx(slow, abs=1e-6)


def test_coverage_counts_what_lies_at_the_bound() -> None:
    assert coverage([1.0, 2.0, 3.0, 4.0], [2.0, 2.0, 2.0, 2.0]) == 0.5


def test_coverage_of_nothing_is_no_number() -> None:
    assert np.isnan(coverage([], []))


def test_coverage_by_horizon_bands_by_what_was_known_then() -> None:
    bands = coverage_by_horizon(
        [5.0, 50.0, 20.0], [10.0, 10.0, 30.0], [1.0, 2.0, 15.0], [0.0, 10.0, 20.0, 30.0]
    )
    assert [(band.count, band.coverage) for band in bands] == [(2, 0.5), (1, 1.0), (0, None)]
