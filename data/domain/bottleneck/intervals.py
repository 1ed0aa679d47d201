"""Arithmetic of half-open time intervals, for time that counts and time that does not.

Pure; imported by the bottleneck package alone. Every function returns intervals that
are sorted, disjoint and not empty.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence

Interval = tuple[float, float]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Join intervals that overlap or touch."""
    joined: list[Interval] = []
    for start, end in sorted(i for i in intervals if i[1] > i[0]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def intersect(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """Keep the time that both sides cover.

    Shape: both sorted and disjoint, as `union` returns them.
    """
    common: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start = max(left[i][0], right[j][0])
        end = min(left[i][1], right[j][1])
        if start < end:
            common.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return common


def subtract(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """Keep the time of `left` that `right` does not cover.

    Shape: both sorted and disjoint, as `union` returns them.
    """
    if not left or not right:
        return list(left)
    return intersect(left, complement(right, (left[0][0], left[-1][1])))


def complement(intervals: Sequence[Interval], span: Interval) -> list[Interval]:
    """Return the time of `span` that the sorted, disjoint `intervals` leave free."""
    free: list[Interval] = []
    at = span[0]
    for start, end in intervals:
        if at >= span[1]:
            break
        if start > at:
            free.append((at, min(start, span[1])))
        at = max(at, end)
    if at < span[1]:
        free.append((at, span[1]))
    return free


def total(intervals: Iterable[Interval]) -> float:
    """Sum the lengths of disjoint intervals."""
    return sum(end - start for start, end in intervals)


class Measure:
    """Answers how much of sorted, disjoint intervals lies before an instant, in O(log n)."""

    def __init__(self, intervals: Sequence[Interval]) -> None:
        """Take intervals as `union` returns them."""
        self._intervals = intervals
        self._starts = [start for start, _ in intervals]
        self._sums: list[float] = [0]
        for start, end in intervals:
            self._sums.append(self._sums[-1] + end - start)

    def before(self, instant: float) -> float:
        """Return the time covered before `instant`."""
        index = bisect_right(self._starts, instant)
        if index == 0:
            return 0
        start, end = self._intervals[index - 1]
        return self._sums[index - 1] + min(end, instant) - start

    def between(self, start: float, end: float) -> float:
        """Return the time covered in [start, end)."""
        return self.before(end) - self.before(start)

    def at(self, covered: float) -> float:
        """Return the first instant before which `covered` time lies.

        Raises: ValueError when less time than that is covered in all.
        """
        index = bisect_right(self._sums, covered) - 1
        if index < len(self._intervals):
            return self._intervals[index][0] + covered - self._sums[index]
        if self._intervals and covered <= self._sums[-1]:
            return self._intervals[-1][1]
        raise ValueError(f"only {self._sums[-1]} is covered, not {covered}")
