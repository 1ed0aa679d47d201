"""Which orders changed since when: for any number of readers, each at its own place.

Pure. Kept beside a board by `data.domain.indexes`. An order stands once, at its last change, and
the oldest changes are forgotten, so it stays small however long a board lives.
"""

from collections.abc import Iterable

MOST = 20_000


class Changes:
    """The orders of a board in the order in which they last changed."""

    def __init__(self) -> None:
        """Begin with no change."""
        self.version = 0
        self._forgotten = 0
        self._at: dict[str, int] = {}

    def note(self, orders: Iterable[str]) -> None:
        """Take over that these changed."""
        for order in orders:
            self.version += 1
            self._at.pop(order, None)
            self._at[order] = self.version
        while len(self._at) > MOST:
            self._forgotten = self._at.pop(next(iter(self._at)))

    def since(self, version: int) -> list[str] | None:
        """Return the orders that changed after a version; None when that is forgotten."""
        if version < self._forgotten:
            return None
        found: list[str] = []
        for order, at in reversed(self._at.items()):
            if at <= version:
                break
            found.append(order)
        return found
