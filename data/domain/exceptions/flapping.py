"""Flapping: a condition that comes and goes so often that each time alone says nothing.

Pure. Source: the flap detection of Nagios: 21 looks, the newer of their 20 changes weighing
more; it begins above 20 per cent and ends below 5.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

Key = tuple[str, str]  # rule, subject
LOOKS = 21
EVERY = timedelta(minutes=1)
BEGINS, ENDS = 20.0, 5.0


def flapping_percent(looks: Sequence[bool]) -> float:
    """Return how much of 20 changes in 21 looks there was, in per cent; oldest look first.

    Fewer looks count as if nothing had changed before them.
    """
    changes = [a != b for a, b in pairwise(looks)]
    first = LOOKS - 1 - len(changes)
    weights = (0.75 + 0.5 * (first + index) / (LOOKS - 2) for index in range(len(changes)))
    return (
        sum(w for w, changed in zip(weights, changes, strict=True) if changed) * 100 / (LOOKS - 1)
    )


class FlapBook:
    """Looks once a minute at conditions that have changed lately."""

    def __init__(self) -> None:
        self._looks: dict[Key, tuple[bool, ...]] = {}  # oldest first
        self._flapping: set[Key] = set()
        self._changed: set[Key] = set()
        self._looked_at: datetime | None = None

    def changed(self, key: Key, standing: bool) -> None:
        """Note that a condition has come or gone."""
        if key not in self._looks:
            self._looks[key] = (not standing,)
        self._changed.add(key)

    def flaps(self, key: Key) -> bool:
        """Whether the condition flaps."""
        return key in self._flapping

    def look(self, standing: set[Key], now: datetime) -> set[Key]:
        """Look at all that changed lately, if it is time; return those that began or ended to flap.

        A condition that came and went since the last look counts as changed.
        """
        looked = self._looked_at
        if looked is not None and timedelta() <= now - looked < EVERY:  # a clock may go back
            return set()
        self._looked_at = now
        turned: set[Key] = set()
        for key, looks in list(self._looks.items()):
            holds = key in standing
            if key in self._changed and looks[-1] == holds:
                looks = (*looks, not holds)
            looks = self._looks[key] = (*looks, holds)[-LOOKS:]
            if self._judge(key, flapping_percent(looks)):
                turned.add(key)
            if len(set(looks)) == 1 and key not in self._flapping:
                del self._looks[key]
        self._changed.clear()
        return turned

    def _judge(self, key: Key, percent: float) -> bool:
        flaps = key in self._flapping
        if not flaps and percent > BEGINS:
            self._flapping.add(key)
        elif flaps and percent < ENDS:
            self._flapping.discard(key)
        return (key in self._flapping) != flaps
