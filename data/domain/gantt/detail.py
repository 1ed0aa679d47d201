"""Level of detail: which bars are drawn one by one, and which merge because nobody could see them.

Pure. Late and critical bars are never merged. The others merge with their neighbours of the
same row and layer where they are thinner than a number of pixels; that number grows until all
marks are few enough to be drawn.
"""

import math
from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from data.domain.gantt.records import Layer, Mark

THIN_PX = 2.0
LAYERS = (Layer.BASELINE, Layer.ACTUAL, Layer.FORECAST, Layer.WHISKER)
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Spans(Struct, frozen=True):
    """Bars of all layers that meet a window, side by side in arrays.

    `source`: the place of the bar they belong to. Units: seconds since 1970.
    """

    layer: Ints
    row: Ints
    start: Floats
    finish: Floats
    source: Ints
    kept: Bools  # late or critical: must stay by itself

    def __len__(self) -> int:
        return len(self.row)

    def where(self, mask: Bools) -> "Spans":
        """Return those for which the mask holds."""
        return Spans(
            self.layer[mask], self.row[mask], self.start[mask],
            self.finish[mask], self.source[mask], self.kept[mask],
        )  # fmt: skip


class Groups(Struct, frozen=True):
    """Bars that are drawn as one. `filled`: share of the span that they cover."""

    layer: Ints
    row: Ints
    start: Floats
    finish: Floats
    count: Ints
    filled: Floats

    def __len__(self) -> int:
        return len(self.row)

    def marks(self) -> Iterator[Mark]:
        """Yield each as a mark."""
        for layer, row, start, finish, count, filled in zip(
            self.layer.tolist(), self.row.tolist(), self.start.tolist(),
            self.finish.tolist(), self.count.tolist(), self.filled.tolist(), strict=True,
        ):  # fmt: skip
            yield Mark(
                layer=LAYERS[layer], row=row, start_s=start, finish_s=finish,
                count=count, filled=filled, done=layer == 1,
            )  # fmt: skip


class Detail(Struct, frozen=True):
    """What is drawn: bars by themselves and groups of thin ones."""

    alone: Spans
    groups: Groups

    def __len__(self) -> int:
        return len(self.alone) + len(self.groups)


def detail(spans: Spans, s_per_px: float, room: int, width_px: float) -> Detail | None:
    """Return the finest detail that has no more marks than `room`; None when none has."""
    levels, px = [math.inf], THIN_PX
    while px < width_px:
        levels.insert(-1, px)
        px *= 2
    best = _at(spans, math.inf)
    if len(best) > room:
        return None
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        found = _at(spans, levels[middle] * s_per_px)
        if len(found) <= room:
            best, high = found, middle
        else:
            low = middle + 1
    return best


def _at(spans: Spans, thin_s: float) -> Detail:
    thin = ~spans.kept & (spans.finish - spans.start < thin_s)
    merged, lone = _groups(spans.where(thin), thin_s)
    alone = ~thin
    alone[np.flatnonzero(thin)[lone]] = True
    return Detail(spans.where(alone), merged)


def _groups(thin: Spans, gap_s: float) -> tuple[Groups, Bools]:
    """Merge neighbours; also return which bars have none and so stay by themselves."""
    lane = thin.row * len(LAYERS) + thin.layer
    order = np.lexsort((thin.start, lane))
    lane, start, finish = lane[order], thin.start[order], thin.finish[order]
    reach = _reach(lane, finish)
    new = np.ones(len(lane), bool)
    new[1:] = (lane[1:] != lane[:-1]) | (start[1:] - reach[:-1] > gap_s)
    firsts = np.flatnonzero(new)
    counts = np.diff(np.append(firsts, len(lane)))
    several = counts > 1
    lone = np.zeros(len(lane), bool)
    lone[order[firsts[~several]]] = True
    if not len(firsts):
        return _NO_GROUPS, lone
    ends = np.append(firsts[1:], len(lane)) - 1
    covered = np.add.reduceat(finish - start, firsts)
    length = np.maximum(reach[ends] - start[firsts], 1e-9)
    groups = Groups(
        (lane[firsts] % len(LAYERS))[several], (lane[firsts] // len(LAYERS))[several],
        start[firsts][several], reach[ends][several], counts[several],
        np.minimum(1.0, covered / length)[several],
    )  # fmt: skip
    return groups, lone


def _reach(lane: Ints, finish: Floats) -> Floats:
    """Return how far the bars of the same lane reach up to and with each of them.

    A running maximum a lane: lanes are lifted above one another, and lowered again.
    """
    if not len(lane):
        return finish
    low = float(finish.min())
    lift = (float(finish.max()) - low + 1.0) * lane
    reach: Floats = np.maximum.accumulate(finish - low + lift) - lift + low
    return reach


_NONE = np.zeros(0, np.int64)
_NO_GROUPS = Groups(_NONE, _NONE, np.zeros(0), np.zeros(0), _NONE, np.zeros(0))
