"""Lanes: bars of one row that overlap stand above one another.

Pure. In a row of a work center several work units are at work at once. Baselines keep to the
row's foot, and groups of thin bars fill its whole height; only bars that stand for one
operation are laid out, each into the first lane that is free by then.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from data.domain.gantt.records import Layer, Mark

MOST_LANES = 4
_LAID = (Layer.ACTUAL, Layer.FORECAST)
_Key = tuple[str | None, str | None]


def in_lanes(marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks with their lanes; an operation's bars share one."""
    found: list[Mark] = []
    for _, row in groupby(sorted(marks, key=attrgetter("row")), key=attrgetter("row")):
        of_row = list(row)
        lanes, count = _lanes(of_row)
        found += of_row if count < 2 else [_laid(mark, lanes, count) for mark in of_row]
    return found


def _laid(mark: Mark, lanes: dict[_Key, int], count: int) -> Mark:
    lane = lanes.get((mark.order, mark.operation))
    if lane is None or mark.count > 1 or mark.layer is Layer.BASELINE:
        return mark
    return msgspec.structs.replace(mark, lane=lane, lanes=count)


def _lanes(marks: Iterable[Mark]) -> tuple[dict[_Key, int], int]:
    """Return each operation's lane, and how many lanes there are."""
    extents: dict[_Key, tuple[float, float]] = {}
    for mark in marks:
        if mark.layer in _LAID and mark.count == 1:
            key = (mark.order, mark.operation)
            start, finish = extents.get(key, (mark.start_s, mark.finish_s))
            extents[key] = (min(start, mark.start_s), max(finish, mark.finish_s))
    ends: list[float] = []
    lanes: dict[_Key, int] = {}
    for key, (start, finish) in sorted(extents.items(), key=lambda item: item[1]):
        lane = next((i for i, end in enumerate(ends) if end <= start), len(ends))
        if lane == MOST_LANES:
            lane = min(range(MOST_LANES), key=ends.__getitem__)
        if lane == len(ends):
            ends.append(finish)
        ends[lane] = max(ends[lane], finish)
        lanes[key] = lane
    return lanes, len(ends)
