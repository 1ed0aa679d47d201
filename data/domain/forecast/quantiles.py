"""A forecast's remaining time as quantiles, readable at any level in both directions.

Between its own levels the quantile function is linear; below the first it falls to 0
remaining at level 0; above the last it grows in proportion: level 1.2 is 1.2 times the
longest. So a calibration can ask for more than a simulation has ever seen.
Imported within the forecast, and by services that score closed orders.
"""

from math import isinf

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

GRID = 41  # quantiles kept of a forecast until its order closes
_SHORTEST_S = 1.0


def grid_levels(count: int = GRID) -> Floats:
    """Return the levels of `count` evenly spaced quantiles, the last being 1."""
    return np.arange(1, count + 1) / count


def value_at(quantiles: ArrayLike, level: float) -> Floats:
    """Return the remaining seconds at a level (above 1: beyond the longest).

    Shape: quantiles ascend along the last axis, at `grid_levels(count)`.
    """
    known = np.asarray(quantiles, float)
    count = known.shape[-1]
    if isinf(level):
        return np.full(known.shape[:-1], np.inf)
    if level >= 1:
        return np.asarray(np.maximum(known[..., -1], _SHORTEST_S) * level)
    place = max(0.0, level * count - 1)
    low = int(place)
    if level * count < 1:
        return np.asarray(known[..., 0] * max(0.0, level * count))
    high = min(low + 1, count - 1)
    return np.asarray(known[..., low] + (known[..., high] - known[..., low]) * (place - low))


def level_of(quantiles: ArrayLike, actual_s: float) -> float:
    """Return the smallest level at which a forecast covers what really remained.

    Shape: one forecast. The inverse of `value_at`.
    """
    known = np.asarray(quantiles, float)
    count, longest = len(known), max(float(known[-1]), _SHORTEST_S)
    if actual_s >= longest:
        return actual_s / longest
    place = int(np.searchsorted(known, actual_s))
    if place >= count:
        return 1.0
    below = known[place - 1] if place else 0.0
    gap = known[place] - below
    return float((place + ((actual_s - below) / gap if gap > 0 else 0.0)) / count)
