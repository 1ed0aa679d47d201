"""How much of the time each work unit was the bottleneck, and whether that is conclusive.

Pure; imported by services and panels. Shares are of the time that counts: time is left out
while the line, or whoever holds the bottleneck, is off shift or unknown.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import pairwise
from math import sqrt

from msgspec import Struct

from data.domain.bottleneck.chain import BottleneckSegment, SegmentKind
from data.domain.bottleneck.intervals import (
    Interval,
    Measure,
    complement,
    subtract,
    total,
    union,
)
from data.domain.bottleneck.states import ActivePeriod
from data.domain.bottleneck.student import t_quantile


class WorkUnitShare(Struct, frozen=True):
    """A work unit's fractions of the time that counts."""

    work_unit: str
    sole: float
    shifting: float

    @property
    def total(self) -> float:
        """Return the fraction as a bottleneck of either kind."""
        return self.sole + self.shifting


class WindowShares(Struct, frozen=True):
    """Shares in one shift, day or week.

    Shape: by total, the largest first, then by id; units with no share are not listed.
    Units: `counted` is the time that counts, 0 when all of it was left out.
    """

    start: float
    end: float
    counted: float
    shares: tuple[WorkUnitShare, ...]


def left_out(
    members: Iterable[ActivePeriod],
    segments: Iterable[BottleneckSegment],
    line_pauses: Iterable[Interval],
) -> list[Interval]:
    """Return the time that no share counts.

    That is where each member of the chain is paused, and where the chain has a gap
    while the whole line is paused.
    """
    held = union((m.start, m.end) for m in members)
    shown = union((s.start, s.end) for s in segments)
    return union([*subtract(held, shown), *subtract(union(line_pauses), held)])


def shares_in_windows(
    segments: Iterable[BottleneckSegment],
    edges: Sequence[float],
    left_out: Sequence[Interval] = (),
) -> list[WindowShares]:
    """Return the shares between each two neighbouring edges.

    Shape: `edges` ascending, at least two; `left_out` sorted and disjoint. End the last
    window at the present for a shift that still runs. Raises: ValueError for other edges.
    """
    if len(edges) < 2 or any(a >= b for a, b in pairwise(edges)):
        raise ValueError("windows need at least two edges, each later than the one before")
    sums = _sums_by_window(segments, edges)
    excluded = Measure(left_out)
    windows: list[WindowShares] = []
    for (start, end), by_unit in zip(pairwise(edges), sums, strict=True):
        counted = end - start - excluded.between(start, end)
        windows.append(WindowShares(start, end, counted, _ranked(by_unit, counted)))
    return windows


def _sums_by_window(
    segments: Iterable[BottleneckSegment], edges: Sequence[float]
) -> list[dict[str, dict[SegmentKind, float]]]:
    sums: list[dict[str, dict[SegmentKind, float]]] = [{} for _ in edges[1:]]
    for segment in segments:
        index = max(bisect_right(edges, segment.start) - 1, 0)
        while index < len(sums) and edges[index] < segment.end:
            inside = min(segment.end, edges[index + 1]) - max(segment.start, edges[index])
            of_unit = sums[index].setdefault(segment.work_unit, dict.fromkeys(SegmentKind, 0.0))
            of_unit[segment.kind] += inside
            index += 1
    return sums


def _ranked(sums: dict[str, dict[SegmentKind, float]], counted: float) -> tuple[WorkUnitShare, ...]:
    if counted <= 0:
        return ()
    shares = [
        WorkUnitShare(unit, of[SegmentKind.SOLE] / counted, of[SegmentKind.SHIFTING] / counted)
        for unit, of in sums.items()
    ]
    return tuple(sorted(shares, key=lambda share: (-share.total, share.work_unit)))


class VerdictReason(StrEnum):
    """Why a bottleneck is named, or is not."""

    CLEAR = "clear"
    INTERVALS_OVERLAP = "intervals_overlap"
    TOO_FEW_SEGMENTS = "too_few_segments"
    NOTHING_ACTIVE = "nothing_active"


class ShareInterval(Struct, frozen=True):
    """A work unit's total share and the interval that holds it, by batch means."""

    work_unit: str
    share: float
    low: float
    high: float


class Verdict(Struct, frozen=True):
    """The bottleneck of a span, or None with the reason why there is no clear one.

    Shape: `intervals` by share, the largest first; empty when nothing was active.
    """

    work_unit: str | None
    reason: VerdictReason
    intervals: tuple[ShareInterval, ...]


def judge(
    segments: Sequence[BottleneckSegment],
    span: Interval,
    left_out: Sequence[Interval] = (),
    batches: int = 10,
    confidence: float = 0.95,
) -> Verdict:
    """Name the bottleneck of a span, if the evidence tells it from the next work unit.

    The time that counts is cut into equal batches, whose shares give each unit's interval.
    With fewer segments than batches these say nothing, and no interval can be trusted.

    Raises: ValueError for fewer than two batches. Source: batch means, Law and Kelton.
    """
    if batches < 2:
        raise ValueError("an interval needs at least two batches")
    edges = _batch_edges(span, left_out, batches)
    windows = [] if edges is None else shares_in_windows(segments, edges, left_out)
    intervals = _intervals([_by_unit(window) for window in windows], confidence)
    return _verdict(intervals, len(segments) >= batches)


def _batch_edges(span: Interval, left_out: Sequence[Interval], batches: int) -> list[float] | None:
    """Return edges between which equal time counts, None when none does."""
    counts = complement(left_out, span)
    length = total(counts) / batches
    if length <= 0:
        return None
    measure = Measure(counts)
    return [span[0], *(measure.at(length * k) for k in range(1, batches)), span[1]]


def _by_unit(window: WindowShares) -> dict[str, float]:
    return {share.work_unit: share.total for share in window.shares}


def _intervals(batches: list[dict[str, float]], confidence: float) -> tuple[ShareInterval, ...]:
    units = {unit for batch in batches for unit in batch}
    found = [_interval(unit, [b.get(unit, 0.0) for b in batches], confidence) for unit in units]
    return tuple(sorted(found, key=lambda one: (-one.share, one.work_unit)))


def _interval(work_unit: str, shares: list[float], confidence: float) -> ShareInterval:
    """Return mean and t-interval of batch shares, kept inside 0 to 1."""
    count = len(shares)
    mean = sum(shares) / count
    variance = sum((share - mean) ** 2 for share in shares) / (count - 1)
    half = t_quantile((1 + confidence) / 2, count - 1) * sqrt(variance / count)
    return ShareInterval(work_unit, mean, max(mean - half, 0.0), min(mean + half, 1.0))


def _verdict(intervals: tuple[ShareInterval, ...], enough: bool) -> Verdict:
    if not intervals:
        return Verdict(None, VerdictReason.NOTHING_ACTIVE, ())
    if not enough:
        return Verdict(None, VerdictReason.TOO_FEW_SEGMENTS, intervals)
    first = intervals[0]
    if any(other.high >= first.low for other in intervals[1:]):
        return Verdict(None, VerdictReason.INTERVALS_OVERLAP, intervals)
    return Verdict(first.work_unit, VerdictReason.CLEAR, intervals)
