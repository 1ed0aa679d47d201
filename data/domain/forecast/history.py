"""What the past teaches, from the particular to the general, shrunk where cases are few.

A value is filed under a chain of keys, the finest first: product at a work center, family
there, the work center, anything. Asked for a chain, each level speaks with the weight
n/(n+k) of what the finer ones left over, n being its distinct owners (orders); the last
takes the rest. Imported within the forecast only.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Chain = Sequence[Hashable]

SHRINK_K = 12.0
KEPT = 2000  # values a key: what is older gives way
MANY = 400  # values that stand for all of a key


class _Cases:
    """The values of one key and how many each owner gave."""

    __slots__ = ("_thinned", "next", "owned", "owners", "values")

    def __init__(self) -> None:
        self.values: list[float] = []
        self.owners: list[Hashable] = []
        self.owned: dict[Hashable, int] = defaultdict(int)
        self.next = 0
        self._thinned: Floats | None = None

    def add(self, owner: Hashable, value: float, kept: int) -> None:
        if len(self.values) < kept:
            self.values.append(value)
            self.owners.append(owner)
        else:
            self._replace(self.next % kept, owner, value)
        self.owned[owner] += 1
        self.next += 1
        self._thinned = None

    def thinned(self) -> Floats:
        """Return the values, ascending; of very many, evenly spaced quantiles."""
        if self._thinned is None:
            ordered = np.sort(np.asarray(self.values))
            if len(ordered) > MANY:
                places = (np.arange(MANY) + 0.5) / MANY * len(ordered)
                ordered = ordered[places.astype(int)]
            self._thinned = ordered
        return self._thinned

    def _replace(self, place: int, owner: Hashable, value: float) -> None:
        old = self.owners[place]
        self.owned[old] -= 1
        if not self.owned[old]:
            del self.owned[old]
        self.values[place], self.owners[place] = value, owner


class History:
    """Values filed under chains of keys."""

    def __init__(self, shrink_k: float = SHRINK_K, kept: int = KEPT) -> None:
        """Begin without a past; `shrink_k`: owners at which a level has half of the say."""
        self._shrink_k, self._kept = shrink_k, kept
        self._cases: dict[tuple[int, Hashable], _Cases] = defaultdict(_Cases)
        self._vectors: dict[tuple[tuple[Hashable, ...], int], Floats | None] = {}

    def add(self, chain: Chain, owner: Hashable, value: float) -> None:
        """File a value under every key of its chain; only finite values teach anything."""
        if not np.isfinite(value):
            raise ValueError(f"a history keeps finite values, not {value}")
        for level, key in enumerate(chain):
            self._cases[level, key].add(owner, value, self._kept)
        self._vectors.clear()

    def owners(self, chain: Chain) -> tuple[int, ...]:
        """Return how many distinct owners each level of a chain has."""
        found = (self._cases.get((level, key)) for level, key in enumerate(chain))
        return tuple(0 if cases is None else len(cases.owned) for cases in found)

    def mixture(self, chain: Chain) -> tuple[Floats, Floats]:
        """Return the values that speak for a chain and their weights, which sum to 1.

        Both are empty when no level has any.
        """
        values: list[Floats] = []
        weights: list[Floats] = []
        left = 1.0
        for cases in self._known(chain):
            said = len(cases.owned) / (len(cases.owned) + self._shrink_k)
            own = cases.thinned()
            values.append(own)
            weights.append(np.full(len(own), left * said / len(own)))
            left *= 1 - said
        if not values:
            return np.empty(0), np.empty(0)
        weights[-1] += left / len(weights[-1])
        return np.concatenate(values), np.concatenate(weights)

    def vector(self, chain: Chain, count: int) -> Floats | None:
        """Return `count` evenly spaced quantiles of a chain's mixture; None without a past."""
        at = (tuple(chain), count)
        if at not in self._vectors:
            levels = (np.arange(count) + 0.5) / count
            mixed = self.mixture(chain)
            self._vectors[at] = weighted_quantiles(*mixed, levels) if mixed[0].size else None
        return self._vectors[at]

    def _known(self, chain: Chain) -> Iterable[_Cases]:
        found = (self._cases.get((level, key)) for level, key in enumerate(chain))
        return [cases for cases in found if cases is not None]


def weighted_quantiles(values: Floats, weights: Floats, levels: Floats) -> Floats:
    """Return the smallest values at which the weight up to them reaches each level."""
    order = np.argsort(values, kind="stable")
    ordered, reached = values[order], np.cumsum(weights[order])
    places = np.searchsorted(reached, levels * reached[-1] - 1e-12)
    return np.asarray(ordered[np.minimum(places, len(ordered) - 1)])
