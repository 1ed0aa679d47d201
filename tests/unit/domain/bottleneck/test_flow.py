import pytest

from data.domain.bottleneck.flow import (
    Arrow,
    Waiting,
    arrow_method,
    severity,
    turning_point,
    waiting_from_states,
)
from data.domain.events import WorkUnitState as W


def test_arrows_point_at_the_one_they_do_not_leave() -> None:
    verdict = arrow_method([0.2, 0.1, 0.0], [0.0, 0.05, 0.3])
    assert verdict.arrows == (Arrow.DOWNSTREAM, Arrow.UPSTREAM)
    assert verdict.bottlenecks == verdict.primary == (1,)


def test_of_several_bottlenecks_the_most_severe_is_primary() -> None:
    blockage, starvation = [0.3, 0.0, 0.2, 0.0], [0.0, 0.1, 0.1, 0.05]
    verdict = arrow_method(blockage, starvation)
    assert verdict.bottlenecks == (1, 3)
    assert verdict.severities == pytest.approx((0.2 + 0.1, 0.15))
    assert verdict.primary == (1,)


def test_severity_counts_one_neighbour_at_the_ends() -> None:
    blockage, starvation = [0.3, 0.1, 0.0], [0.0, 0.1, 0.4]
    assert severity(blockage, starvation, 0) == pytest.approx(0.2)
    assert severity(blockage, starvation, 1) == pytest.approx(0.2 + 0.3)
    assert severity(blockage, starvation, 2) == pytest.approx(0.3)


@pytest.mark.parametrize("unit", [0, 1, 2])
def test_a_first_middle_or_last_unit_can_be_the_turning_point(unit: int) -> None:
    blockage = [0.3 if i < unit else 0.01 for i in range(3)]
    starvation = [0.3 if i > unit else 0.01 for i in range(3)]
    assert turning_point(blockage, starvation) == unit


@pytest.mark.parametrize(
    ("blockage", "starvation"),
    [
        ([0.1, 0.0, 0.0], [0.2, 0.0, 0.3]),  # one before it is starved more than blocked
        ([0.3, 0.0, 0.3], [0.0, 0.0, 0.1]),  # one after it is blocked more than starved
        ([0.3, 0.2, 0.0], [0.0, 0.2, 0.3]),  # it waits more than its neighbours
    ],
)
def test_each_missing_condition_means_no_turning_point(
    blockage: list[float], starvation: list[float]
) -> None:
    assert turning_point(blockage, starvation) is None


def test_numbers_must_be_given_for_each_work_unit() -> None:
    with pytest.raises(ValueError, match="each work unit"):
        arrow_method([0.1], [0.1, 0.2])
    with pytest.raises(ValueError, match="each work unit"):
        turning_point([], [])


def test_waiting_is_a_share_of_the_time_on_shift() -> None:
    times = {
        W.PROCESSING: 50, W.BLOCKED: 20, W.WAITING_FOR_TRANSPORT: 5, W.STARVED: 25,
        W.OFF_SHIFT: 900, W.UNKNOWN: 40,
    }  # fmt: skip
    assert waiting_from_states(times) == Waiting(0.25, 0.25)
    assert waiting_from_states({W.OFF_SHIFT: 10}) is None
