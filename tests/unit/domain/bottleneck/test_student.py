import pytest

from data.domain.bottleneck.student import t_probability, t_quantile


@pytest.mark.parametrize(
    ("probability", "degrees", "t"),
    [
        (0.975, 1, 12.7062), (0.975, 2, 4.3027), (0.975, 9, 2.2622), (0.95, 30, 1.6973),
        (0.995, 4, 4.6041), (0.9, 19, 1.3277), (0.975, 120, 1.9799),
    ],
)  # fmt: skip
def test_quantiles_are_those_of_the_printed_tables(
    probability: float, degrees: int, t: float
) -> None:
    assert t_quantile(probability, degrees) == pytest.approx(t, abs=5e-5)
    assert t_probability(t_quantile(probability, degrees), degrees) == pytest.approx(probability)


@pytest.mark.parametrize(("probability", "degrees"), [(0.4, 3), (1.0, 3), (0.9, 0)])
def test_what_has_no_quantile_is_refused(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="probability"):
        t_quantile(probability, degrees)
