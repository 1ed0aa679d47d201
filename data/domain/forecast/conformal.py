"""Split conformal calibration by order: what makes a P80 cover 80 %.

The parts of one order are not exchangeable, so an order is one case however often it was
forecast. Imported by the forecast, and by services that watch its drift.
Source: Vovk, Gammerman, Shafer 2005 (split conformal); Vovk 2012 (coverage given the
calibration set); Chernozhukov, Wüthrich, Zhu 2021 (scores that are levels).
"""

from collections import deque
from collections.abc import Sequence
from math import ceil, inf, lgamma, log

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
_SLACK = 1e-9  # (n+1)(1-α) in binary may lie a hair above the whole number it is


class Drift(Struct, frozen=True, kw_only=True):
    """How the last orders were covered, and the interval that chance alone explains."""

    orders: int
    coverage: float
    low: float
    high: float

    @property
    def drifted(self) -> bool:
        """Whether the coverage lies where chance hardly reaches."""
        return not self.low <= self.coverage <= self.high


def rank(count: int, alpha: float) -> int:
    """Return k = ⌈(n+1)(1-α)⌉: the k-th smallest of n scores bounds the next with 1-α."""
    return ceil((count + 1) * (1 - alpha) - _SLACK)


def bound(scores: ArrayLike, alpha: float) -> float:
    """Return what to add to a forecast so that 1-α are covered; +∞ when scores are too few."""
    ordered = np.sort(np.asarray(scores, float))
    k = rank(len(ordered), alpha)
    return inf if k > len(ordered) else float(ordered[k - 1])


def bound_by_order(scores: Sequence[ArrayLike], weights: ArrayLike, alpha: float) -> float:
    """Return the smallest score that the weighted share k/n of the orders' scores reaches.

    Every order shares its weight out among its own scores; n and k count orders. Equal
    weights cover a moment of an order picked at random, weights by number of scores a moment
    picked at random. With one score an order and equal weights it is `bound`.
    """
    k = rank(len(scores), alpha)
    if k > len(scores):
        return inf
    flat = [np.asarray(own, float) for own in scores]
    shares = np.asarray(weights, float) / np.sum(weights)
    each = [np.full(len(own), share / len(own)) for own, share in zip(flat, shares, strict=True)]
    values, weight = np.concatenate(flat), np.concatenate(each)
    order = np.argsort(values, kind="stable")
    place = int(np.searchsorted(np.cumsum(weight[order]), k / len(scores) - _SLACK))
    return float(values[order][min(place, len(values) - 1)])


def coverage_interval(count: int, alpha: float, mass: float = 0.9) -> tuple[float, float]:
    """Return the central interval of the coverage that n calibration orders lead to.

    It is Beta(k, n+1-k); (k)/(n+1) is its mean. Raises: ValueError when k > n.
    """
    k = rank(count, alpha)
    if k > count:
        raise ValueError(f"{count} orders can't calibrate a bound of {1 - alpha:.0%}")
    tail = (1 - mass) / 2
    return beta_quantile(k, count + 1 - k, tail), beta_quantile(k, count + 1 - k, 1 - tail)


def beta_quantile(a: int, b: int, level: float) -> float:
    """Return a quantile of Beta(a, b) for whole a and b, by bisection of its exact CDF."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        below = _at_least(a, a + b - 1, middle) < level
        low, high = (middle, high) if below else (low, middle)
    return (low + high) / 2


def _at_least(successes: int, trials: int, chance: float) -> float:
    """P(Bin(n, p) ≥ k), which is the CDF of Beta(k, n+1-k) at p."""
    counts = np.arange(successes, trials + 1)
    ways = np.array([_log_choose(trials, int(count)) for count in counts])
    return float(np.exp(ways + counts * log(chance) + (trials - counts) * log(1 - chance)).sum())


def _log_choose(total: int, chosen: int) -> float:
    return lgamma(total + 1) - lgamma(chosen + 1) - lgamma(total - chosen + 1)


class Calibration:
    """The scores of the orders that closed last; grows with them, forgets the oldest.

    A score is the level that what really happened had within its forecast
    (`quantiles.level_of`), so one set of scores calibrates every P.
    """

    def __init__(self, kept: int = 1000) -> None:
        """Begin without closed orders; `kept`: how many of them count."""
        self._scores: deque[Floats] = deque(maxlen=kept)
        self._covered: deque[dict[float, float]] = deque(maxlen=kept)
        self._bounds: dict[float, float] = {}

    @property
    def orders(self) -> int:
        """How many orders calibrate it."""
        return len(self._scores)

    def add(self, scores: ArrayLike, watched: Sequence[float] = (0.8,)) -> None:
        """Take in a closed order: the scores of the forecasts that were made for it.

        Whether it was covered is judged by the calibration that it had before.
        """
        own = np.atleast_1d(np.asarray(scores, float))
        if not own.size:
            return
        bounds = {level: self.level(level) for level in watched}
        known = {wanted: level for wanted, level in bounds.items() if level != inf}
        self._covered.append({p: float((own <= at).mean()) for p, at in known.items()})
        self._scores.append(own)
        self._bounds.clear()

    def level(self, wanted: float) -> float:
        """Return the level to read in a forecast's quantiles for the wanted one; +∞: too few."""
        if wanted not in self._bounds:
            weights = [len(own) for own in self._scores]
            self._bounds[wanted] = bound_by_order(list(self._scores), weights, 1 - wanted)
        return self._bounds[wanted]

    def drift(self, wanted: float = 0.8, last: int = 200, mass: float = 0.9) -> Drift | None:
        """Return the coverage of the last orders, judged before they taught; None: too few."""
        judged = [known[wanted] for known in self._covered if wanted in known][-last:]
        if rank(len(judged), 1 - wanted) > len(judged):
            return None
        low, high = coverage_interval(len(judged), 1 - wanted, mass)
        return Drift(orders=len(judged), coverage=float(np.mean(judged)), low=low, high=high)
