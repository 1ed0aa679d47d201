"""Spans: against sets of whole minutes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from data.domain.waiting.spans import Span, common, joined, length, within, without

START = datetime(2026, 11, 2, tzinfo=UTC)


def minute(n: int) -> datetime:
    return START + timedelta(minutes=n)


spans = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda p: (minute(p[0]), minute(p[1]))),
    max_size=6,
)


def covered(some: list[Span]) -> set[int]:
    return {n for n in range(21) if any(a <= minute(n) < b for a, b in some)}


def is_tidy(some: list[Span]) -> bool:
    edges = [edge for span in some for edge in span]
    return all(a < b for a, b in pairwise(edges))


@given(spans, spans)
def test_arithmetic_of_spans_is_that_of_sets(left: list[Span], right: list[Span]) -> None:
    for found, wanted in (
        (joined(left), covered(left)),
        (without(left, right), covered(left) - covered(right)),
        (common(left, right), covered(left) & covered(right)),
        (within(left, (minute(5), minute(9))), covered(left) & set(range(5, 9))),
    ):
        assert covered(found) == wanted
        assert is_tidy(found)
        assert length(found) == timedelta(minutes=len(wanted))
