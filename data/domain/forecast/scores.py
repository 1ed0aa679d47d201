"""How good a forecast was: pinball loss, CRPS, coverage, coverage by horizon.

Pure functions over arrays; imported by services that judge forecasts, and by the bench.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import erf, exp, pi, sqrt

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


class HorizonCoverage(Struct, frozen=True, kw_only=True):
    """Coverage of the forecasts whose horizon lies in [from_s, to_s); None when there are none."""

    from_s: float
    to_s: float
    count: int
    coverage: float | None


def pinball(actual: ArrayLike, forecast: ArrayLike, level: float) -> Floats:
    """Return the pinball loss of quantile forecasts, one by one.

    Source: Koenker, Bassett 1978: max(τe, (τ-1)e) with e = actual - forecast.
    """
    error = np.asarray(actual, float) - np.asarray(forecast, float)
    return np.asarray(np.maximum(level * error, (level - 1.0) * error))


def crps_normal(mean: float, deviation: float, actual: float) -> float:
    """Return the continuous ranked probability score of a normal forecast.

    Source: Gneiting, Raftery 2007, equation 21 (here smaller is better).
    """
    z = (actual - mean) / deviation
    density = exp(-z * z / 2) / sqrt(2 * pi)
    below = (1 + erf(z / sqrt(2))) / 2
    return deviation * (z * (2 * below - 1) + 2 * density - 1 / sqrt(pi))


def crps_samples(samples: ArrayLike, actual: float) -> float:
    """Return the continuous ranked probability score of a forecast given as samples.

    Source: Gneiting, Raftery 2007, equation 20: E|X-y| - E|X-X'|/2, here in O(n log n).
    """
    ordered = np.sort(np.asarray(samples, float))
    count = len(ordered)
    ranks = 2 * np.arange(1, count + 1) - count - 1
    spread = 2 * float(ranks @ ordered) / count**2
    return float(np.abs(ordered - actual).mean()) - spread / 2


def coverage(actual: ArrayLike, bound: ArrayLike) -> float:
    """Return the share of actual values at or below their bound; NaN when there are none."""
    covered = np.asarray(actual, float) <= np.asarray(bound, float)
    return float(covered.mean()) if covered.size else float("nan")


def coverage_by_horizon(
    actual: ArrayLike, bound: ArrayLike, horizon_s: ArrayLike, edges_s: Sequence[float]
) -> tuple[HorizonCoverage, ...]:
    """Return the coverage within each band of the horizon, which is a forecast's own, known then.

    Units: seconds. `edges_s` ascend; n edges make n-1 bands.
    """
    covered = np.asarray(actual, float) <= np.asarray(bound, float)
    horizon = np.asarray(horizon_s, float)
    bands = []
    for low, high in pairwise(edges_s):
        within = covered[(horizon >= low) & (horizon < high)]
        share = float(within.mean()) if within.size else None
        bands.append(HorizonCoverage(from_s=low, to_s=high, count=int(within.size), coverage=share))
    return tuple(bands)
