import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.forecast.quantiles import grid_levels, level_of, value_at

TEN = np.arange(10.0, 101.0, 10.0)


def test_levels_end_at_one() -> None:
    assert grid_levels(4).tolist() == [0.25, 0.5, 0.75, 1.0]


@pytest.mark.parametrize(
    ("level", "value"), [(0.0, 0.0), (0.05, 5.0), (0.1, 10.0), (0.85, 85.0), (1.0, 100.0)]
)
def test_values_between_levels_are_linear(level: float, value: float) -> None:
    assert float(value_at(TEN, level)) == pytest.approx(value)


def test_beyond_the_longest_values_grow_in_proportion() -> None:
    assert float(value_at(TEN, 1.5)) == 150.0
    assert level_of(TEN, 150.0) == 1.5


def test_an_infinite_level_bounds_nothing() -> None:
    assert value_at(np.stack([TEN, TEN]), np.inf).tolist() == [np.inf, np.inf]


def test_many_forecasts_are_read_at_once() -> None:
    assert value_at(np.stack([TEN, 2 * TEN]), 0.5).tolist() == [50.0, 100.0]


@given(
    st.lists(st.floats(0.1, 100), min_size=2, max_size=41),
    st.floats(0.001, 3.0),
)
def test_level_and_value_are_each_others_inverse(gaps: list[float], level: float) -> None:
    quantiles = np.cumsum(gaps) + 1
    assert level_of(quantiles, float(value_at(quantiles, level))) == pytest.approx(level)


def test_what_is_over_at_once_has_level_zero() -> None:
    assert level_of(TEN, 0.0) == 0.0


def test_a_forecast_of_nothing_left_still_has_levels() -> None:
    assert level_of(np.zeros(5), 3.0) == 3.0
    assert float(value_at(np.zeros(5), 3.0)) == 3.0
