"""Instants in order, each with what comes due then; many rules read one, each at its own place.

Pure. Imported by the conditions.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable

Due = tuple[float, str]  # (an instant on the agenda's axis, subject)
BULK = 64  # from so many on, sorting all anew is less than putting each in its place


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
        if len(out) + len(new) > BULK:
            kept = set(self._keys).difference(out)
            self._keys = sorted([*kept, *new])
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
