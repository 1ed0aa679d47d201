"""Working time of a line on the simulation's own clock (seconds since 1970).

Imported by `data.simulate` alone; the calendar arithmetic is that of `data.domain.calendars`.
"""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta

from data.domain.calendars import working_spans
from data.domain.site import Calendar

STRETCH = timedelta(days=30)
EPSILON_S = 1e-4  # instants nearer than this to a boundary count as on it


class Hours:
    """When a line works, from `start` on without an end."""

    def __init__(self, calendar: Calendar, timezone: str, start: float) -> None:
        self._calendar = calendar
        self._timezone = timezone
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._known_to = datetime.fromtimestamp(start, UTC) - timedelta(days=1)

    def at(self, instant: float) -> tuple[bool, float]:
        """Return whether the line works, and the instant until which that stays so."""
        index = self._span(instant)
        if index >= 0 and instant + EPSILON_S < self._ends[index]:
            return True, self._ends[index]
        return False, self._starts[index + 1]

    def after(self, instant: float, seconds: float) -> float:
        """Return the instant at which the line has worked `seconds` since `instant`."""
        index = self._span(instant)
        left = seconds
        if index >= 0 and instant < self._ends[index]:
            room = self._ends[index] - instant
            if left <= room:
                return instant + left
            left -= room
        while True:
            index += 1
            self._extend(self._starts[index])
            room = self._ends[index] - self._starts[index]
            if left <= room:
                return self._starts[index] + left
            left -= room

    def _span(self, instant: float) -> int:
        self._extend(instant)
        return bisect_right(self._starts, instant + EPSILON_S) - 1

    def _extend(self, instant: float) -> None:
        """Know the spans to a week after the instant; spans that touch are one."""
        while self._known_to.timestamp() < instant + 7 * 86400:
            upto = self._known_to + STRETCH
            for a, b in working_spans(self._calendar, self._timezone, self._known_to, upto):
                if self._ends and a.timestamp() <= self._ends[-1] + EPSILON_S:
                    self._ends[-1] = max(self._ends[-1], b.timestamp())
                else:
                    self._starts.append(a.timestamp())
                    self._ends.append(b.timestamp())
            self._known_to = upto
