"""Arithmetic of spans of time, exact to the microsecond.

Pure; imported by `data.domain.waiting` and `data.domain.ledger`. A span is half-open.
Every function returns spans that are sorted, disjoint and not empty.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

Span = tuple[datetime, datetime]


def joined(spans: Iterable[Span]) -> list[Span]:
    """Join spans that overlap or touch."""
    out: list[Span] = []
    for start, end in sorted(span for span in spans if span[1] > span[0]):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def within(spans: Iterable[Span], window: Span) -> list[Span]:
    """Join spans and cut them to a window."""
    return joined((max(start, window[0]), min(end, window[1])) for start, end in spans)


def without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Join spans and leave out the time that is taken."""
    left = joined(spans)
    gone = joined(taken)
    out: list[Span] = []
    i = 0
    for start, end in left:
        while i < len(gone) and gone[i][1] <= start:
            i += 1
        out.extend(_pieces(start, end, gone, i))
    return out


def common(left: Iterable[Span], right: Iterable[Span]) -> list[Span]:
    """Keep the time that both sides cover."""
    kept = joined(left)
    return without(kept, without(kept, right))


def length(spans: Iterable[Span]) -> timedelta:
    """Sum the lengths of disjoint spans."""
    return sum((end - start for start, end in spans), timedelta(0))


def _pieces(start: datetime, end: datetime, gone: Sequence[Span], i: int) -> list[Span]:
    out: list[Span] = []
    while i < len(gone) and gone[i][0] < end:
        if gone[i][0] > start:
            out.append((start, gone[i][0]))
        start = max(start, gone[i][1])
        i += 1
    if start < end:
        out.append((start, end))
    return out
