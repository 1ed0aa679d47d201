"""By how much a process is late with what it does by the clock; imported by the hub.

A greenlet that is due waits for all that run before it. So its delay is what an age, a heartbeat
or a change waits for, whoever keeps the process busy.
"""

import time

from callbacks.metrics import HUB_DELAY_SECONDS

HALF_S = 1.0  # in which a delay that isn't seen again counts half
MOST_S = 4.0  # more, as after a process was stopped for long, counts no longer


class Lateness:
    """The worst delay of late, fading. Called it says how much that is."""

    def __init__(self) -> None:
        self._worst_s = 0.0
        self._at = time.monotonic()

    def note(self, late_s: float) -> None:
        """Something was done later than it was due."""
        HUB_DELAY_SECONDS.observe(max(0.0, late_s))
        self._worst_s, self._at = max(self(), min(late_s, MOST_S)), time.monotonic()

    def __call__(self) -> float:
        """Return the delay in seconds."""
        since_s = max(0.0, time.monotonic() - self._at)
        return float(self._worst_s * 0.5 ** (since_s / HALF_S))
