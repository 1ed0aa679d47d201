"""Working time as an axis: seconds worked, on which off-shift time has no length.

Pure. Imported by the conditions. On this axis "so much working time after the plan" is one
subtraction, so that one sorted list of planned instants serves rules of any tolerance.
"""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate

from data.domain.calendars import working_spans
from data.domain.site import Calendar

DAY_S = 86_400.0
PERIOD_S = 90 * DAY_S  # the axis is laid out anew in each of these, alike for whoever asks in it
BACK_DAYS, AHEAD_DAYS = 400, 200


class Axis:
    """The working time of one calendar around one period; None: every second is worked.

    Units: seconds since 1970, seconds worked. Beyond its reach, more than a year ago, and where
    the calendar holds no shift, every second is worked.
    """

    __slots__ = ("_begins", "_ends", "_worked")

    def __init__(self, calendar: Calendar | None, timezone: str, period: int) -> None:
        start = datetime.fromtimestamp(period * PERIOD_S, UTC)
        first, last = start - timedelta(BACK_DAYS), start + timedelta(AHEAD_DAYS)
        spans = [(0.0, float("inf"))]
        if calendar is not None and calendar.shifts:
            worked = working_spans(calendar, timezone, first, last)
            spans = [(0.0, first.timestamp())]
            spans += [(a.timestamp(), b.timestamp()) for a, b in worked]
            spans += [(last.timestamp(), float("inf"))]
        self._begins = [begin for begin, _ in spans]
        self._ends = [end for _, end in spans]
        lengths = [end - begin for begin, end in spans[:-1]]
        self._worked = [0.0, *accumulate(lengths)]

    def worked_at(self, clock_s: float) -> float:
        """Return the working time passed at an instant."""
        place = max(0, bisect_right(self._begins, clock_s) - 1)
        return self._worked[place] + min(clock_s, self._ends[place]) - self._begins[place]

    def exceeded_at(self, worked_s: float) -> float:
        """Return the last instant at which no more than this has been worked."""
        place = max(0, bisect_right(self._worked, worked_s) - 1)
        return self._begins[place] + worked_s - self._worked[place]

    def works_at(self, clock_s: float) -> bool:
        """Whether the instant is working time."""
        place = bisect_right(self._begins, clock_s) - 1
        return place >= 0 and clock_s < self._ends[place]


@lru_cache(maxsize=64)
def axis_of(calendar: Calendar | None, timezone: str, period: int) -> Axis:
    """Return the axis of a calendar in a period, the same one each time."""
    return Axis(calendar, timezone, period)


def period_of(now_s: float) -> int:
    """Return the period that an instant lies in."""
    return int(now_s // PERIOD_S)
