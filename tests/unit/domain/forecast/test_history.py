import numpy as np
import pytest

from data.domain.forecast.history import History, weighted_quantiles

FINE, MIDDLE, ALL = ("p", "c"), "c", None


def filled(fine: int, others: int, shrink_k: float = 10.0) -> History:
    history = History(shrink_k)
    for n in range(fine):
        history.add((FINE, MIDDLE, ALL), f"fine-{n}", 100.0)
    for n in range(others):
        history.add((("q", "c"), MIDDLE, ALL), f"other-{n}", 1.0)
    return history


def share_of_hundreds(history: History) -> float:
    values, weights = history.mixture((FINE, MIDDLE, ALL))
    return float(weights[values == 100.0].sum())


def test_without_a_past_nothing_speaks() -> None:
    history = History()
    assert history.mixture((FINE, ALL))[0].size == 0
    assert history.vector((FINE, ALL), 5) is None


def test_few_cases_lean_on_the_general_and_many_speak_for_themselves() -> None:
    few, many = share_of_hundreds(filled(2, 200)), share_of_hundreds(filled(500, 200))
    assert few < 0.3
    assert many > 0.97


def test_a_level_with_k_owners_has_half_of_the_say() -> None:
    history = History(shrink_k=10.0)
    for n in range(10):
        history.add((FINE,), f"o{n}", 100.0)
    history.add(((), ALL), "x", 1.0)
    values, weights = history.mixture((FINE, ALL))
    assert float(weights[values == 100.0].sum()) == pytest.approx(0.5)
    assert float(weights.sum()) == pytest.approx(1.0)


def test_the_values_of_one_owner_count_as_one_case() -> None:
    history = History(shrink_k=10.0)
    for _ in range(50):
        history.add((FINE,), "one order", 100.0)
    history.add(((), ALL), "another", 1.0)
    values, weights = history.mixture((FINE, ALL))
    assert float(weights[values == 100.0].sum()) == pytest.approx(1 / 11)
    assert history.owners((FINE, ALL)) == (1, 1)


def test_the_last_known_level_takes_what_is_left() -> None:
    values, weights = filled(3, 0).mixture((FINE, "never seen", "nor this"))
    assert values.tolist() == [100.0] * 3
    assert float(weights.sum()) == pytest.approx(1.0)


def test_old_values_give_way_to_new_ones() -> None:
    history = History(kept=3)
    for n in range(5):
        history.add((ALL,), f"o{n}", float(n))
    assert history.mixture((ALL,))[0].tolist() == [2.0, 3.0, 4.0]
    assert history.owners((ALL,)) == (3,)


def test_very_many_values_are_stood_for_by_their_quantiles() -> None:
    history = History(kept=5000)
    for n in range(5000):
        history.add((ALL,), f"o{n}", float(n))
    values, _ = history.mixture((ALL,))
    assert len(values) == 400
    assert float(np.median(values)) == pytest.approx(2500, abs=15)


def test_a_vector_follows_what_is_added_later() -> None:
    history = filled(20, 0)
    history.vector((FINE, ALL), 4)
    for n in range(20):
        history.add((FINE, MIDDLE, ALL), f"later-{n}", 0.0)
    vector = history.vector((FINE, ALL), 4)
    assert vector is not None
    assert vector.tolist() == [0.0, 0.0, 100.0, 100.0]


def test_what_is_not_finite_teaches_nothing() -> None:
    with pytest.raises(ValueError, match="finite"):
        History().add((ALL,), "o", float("nan"))


def test_weighted_quantiles_are_the_first_values_to_reach_their_level() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([0.5, 0.25, 0.25])
    found = weighted_quantiles(values, weights, np.array([0.25, 0.5, 0.51, 1.0]))
    assert found.tolist() == [1.0, 2.0, 3.0, 3.0]
