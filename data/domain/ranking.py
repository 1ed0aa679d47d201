"""Keys kept in order while single ones come and go.

Pure. Used by the indexes of `data.domain` that answer "the worst n" at once.
"""

from bisect import bisect_left, insort
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=tuple[Any, ...])


class Ranking(Generic[Key]):
    """Distinct keys in ascending order."""

    __slots__ = ("_keys",)

    def __init__(self) -> None:
        self._keys: list[Key] = []

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: Key) -> None:
        """Put a key in its place."""
        insort(self._keys, key)

    def remove(self, key: Key) -> None:
        """Take out a key that is there."""
        place = bisect_left(self._keys, key)
        if place == len(self._keys) or self._keys[place] != key:
            raise KeyError(key)
        del self._keys[place]

    def first(self, n: int) -> list[Key]:
        """Return the n smallest."""
        return self._keys[: max(0, n)]

    def last(self) -> Key | None:
        """Return the largest; None when there is none."""
        return self._keys[-1] if self._keys else None

    def between(self, low: tuple[Any, ...], high: tuple[Any, ...]) -> list[Key]:
        """Return the keys from `low` up to `high`, which is left out.

        Both may be shorter than a key: `(x,)` lies before every key that starts with x.
        """
        return self._keys[bisect_left(self._keys, low) : bisect_left(self._keys, high)]
