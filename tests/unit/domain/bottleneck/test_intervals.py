import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.bottleneck.intervals import (
    Interval,
    Measure,
    complement,
    intersect,
    subtract,
    total,
    union,
)

sets = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8).map(union)


def points(intervals: list[Interval]) -> set[int]:
    return {n for start, end in intervals for n in range(int(start), int(end))}


@given(sets, sets)
def test_intervals_behave_as_sets_of_points(left: list[Interval], right: list[Interval]) -> None:
    assert points(union([*left, *right])) == points(left) | points(right)
    assert points(intersect(left, right)) == points(left) & points(right)
    assert points(subtract(left, right)) == points(left) - points(right)
    assert points(complement(left, (5, 20))) == set(range(5, 20)) - points(left)
    assert total(left) == len(points(left))


@given(sets, st.integers(0, 30), st.integers(0, 30))
def test_a_measure_counts_what_is_covered(covered: list[Interval], a: int, b: int) -> None:
    start, end = min(a, b), max(a, b)
    expected = len(points(covered) & set(range(start, end)))
    assert Measure(covered).between(start, end) == expected


@given(sets)
def test_a_measure_finds_the_instant_before_which_so_much_is_covered(
    covered: list[Interval],
) -> None:
    measure = Measure(covered)
    for amount in range(int(total(covered)) + 1 if covered else 0):
        assert measure.before(measure.at(amount)) == amount
    with pytest.raises(ValueError, match="covered"):
        measure.at(total(covered) + 1)
