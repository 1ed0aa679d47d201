"""How long an order without a plan still takes, from orders like it.

Three views of how far an order has come, each a hierarchy of its own, speak with equal
weight: the operation done last and the work put in so far; that operation and the set of
operations done; that operation and the work unit that did it. What the calendar says is left
out on purpose: in a closed log nothing ends after the last day, which would give it away.
Imported by services that forecast logs, and by the bench.
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from data.domain.forecast.history import SHRINK_K, History, weighted_quantiles
from data.domain.forecast.quantiles import GRID, grid_levels, level_of

Floats = NDArray[np.float64]
_DAY_S = 86400.0
# Bounds of the bands of work put in so far, about doubling.
WORK_BANDS_S = tuple(days * _DAY_S for days in (0.2, 0.5, 1.0, 2.0, 4.0, 8.0))


class Prefix(Struct, frozen=True, kw_only=True):
    """How far an order had come at an instant. Units: `worked_s` seconds of all runs so far."""

    order: str
    last: str
    done: frozenset[str]
    worked_s: float
    work_unit: str | None = None


class Passed(Struct, frozen=True, kw_only=True):
    """A prefix of a closed order and what then remained of it."""

    prefix: Prefix
    remaining_s: float


class RemainingTime:
    """Remaining time by what closed orders had left at the same point."""

    def __init__(self, shrink_k: float = SHRINK_K) -> None:
        """Begin without closed orders."""
        self._views = tuple(History(shrink_k, kept=20_000) for _ in range(3))
        self._known: dict[tuple[tuple[Hashable, ...], ...], Floats] = {}

    def add(self, passed: Iterable[Passed]) -> None:
        """Learn from closed orders."""
        for past in passed:
            for view, chain in zip(self._views, _chains(past.prefix), strict=True):
                view.add(chain, past.prefix.order, past.remaining_s)
        self._known.clear()

    def quantiles(self, prefix: Prefix) -> Floats:
        """Return quantiles of the remaining seconds at `quantiles.grid_levels()`.

        Raises: LookupError when no order has closed yet.
        """
        chains = _chains(prefix)
        if chains not in self._known:
            parts = [view.mixture(chain) for view, chain in zip(self._views, chains, strict=True)]
            if not parts[0][0].size:
                raise LookupError("no order has closed yet")
            self._known[chains] = _evenly(parts)
        return self._known[chains]

    def level(self, passed: Passed) -> float:
        """Return the level that the truth had in the forecast: the score that calibrates."""
        return level_of(self.quantiles(passed.prefix), passed.remaining_s)


def _chains(prefix: Prefix) -> tuple[tuple[Hashable, ...], ...]:
    last = prefix.last
    band = bisect_right(WORK_BANDS_S, prefix.worked_s)
    return (
        ((last, band), last, None),
        ((last, prefix.done), last, None),
        ((last, prefix.work_unit), last, None),
    )


def _evenly(parts: Sequence[tuple[Floats, Floats]]) -> Floats:
    """Return the quantiles of an even mixture of weighted cases."""
    values = np.concatenate([values for values, _ in parts])
    weights = np.concatenate([weights for _, weights in parts])
    return weighted_quantiles(values, weights, grid_levels(GRID))
