"""Instants in order, each with what comes due then; many rules read one, each at its own place.

Pure. Imported by the conditions.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable

Due = tuple[float, str]  # (an instant on the agenda's axis, subject)
LEAST, SHARE = 64, 0.01  # so many, and of all: sorting anew is less than placing each


class Agenda:
    """Distinct entries in ascending order."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: list[Due] = []

    def __len__(self) -> int:
        return len(self._keys)

    def change(self, gone: Iterable[Due], come: Iterable[Due]) -> None:
        """Take entries out that are there, and put others in."""
        out, new = list(gone), list(come)
        if len(out) + len(new) > max(LEAST, SHARE * len(self._keys)):
            without = set(out)
            self._keys = [key for key in self._keys if key not in without] + new
            self._keys.sort()
            return
        for key in out:
            del self._keys[bisect_left(self._keys, key)]
        for key in new:
            insort(self._keys, key)

    def before(self, at: float) -> int:
        """Count the entries before an instant."""
        return bisect_left(self._keys, (at,))

    def between(self, low: float, high: float) -> list[Due]:
        """Return the entries from `low` up to `high`, which is left out."""
        return self._keys[bisect_left(self._keys, (low,)) : bisect_left(self._keys, (high,))]
