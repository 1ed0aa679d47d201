"""Working time as an axis: seconds worked since an origin, and back to the clock.

On this axis off-shift time has no length, so a simulation adds and compares plain numbers,
and since the way back is monotone, quantiles may be taken before it. Within the forecast only.
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from data.domain.calendars import working_spans
from data.domain.site import Calendar

Floats = NDArray[np.float64]

BACK_DAYS, AHEAD_DAYS = 120, 400
_BEYOND_S = 40 * 366 * 86400.0
NEAR_S = 0.5  # samples are rounded: what ends this near to a shift's end, ends with it


class WorkTime:
    """The working time of one calendar around an origin; None: every second is worked.

    Units: clock seconds since 1970, working seconds since the origin (negative before it).
    Beyond the calendar's reach, and where it holds no shift at all, every second is worked.
    """

    def __init__(self, calendar: Calendar | None, timezone: str, origin_s: float) -> None:
        """Lay the axis out from 120 days before the origin to 400 days after it."""
        begins, ends = _spans(calendar, timezone, origin_s)
        lengths = ends - begins
        worked = np.concatenate(([0.0], np.cumsum(lengths)))[:-1]
        self._begins: list[float] = begins.tolist()
        self._ends: list[float] = ends.tolist()
        self._worked: list[float] = worked.tolist()
        self._reached: list[float] = (worked + lengths).tolist()
        self._zero = 0.0
        self._zero = self.worked_at(origin_s)
        self._begins_at, self._ends_at, self._worked_at = begins, ends, worked - self._zero
        self._reached_at = worked + lengths - self._zero

    def worked_at(self, clock_s: float) -> float:
        """Return the working time passed at an instant."""
        place = max(0, bisect_right(self._begins, clock_s) - 1)
        within = min(clock_s, self._ends[place]) - self._begins[place]
        return self._worked[place] + within - self._zero

    def starts_at(self, worked_s: float) -> float:
        """Return the first instant at which work after this working time can begin."""
        wanted = worked_s + self._zero
        place = min(bisect_right(self._reached, wanted + NEAR_S), len(self._reached) - 1)
        return self._begins[place] + max(0.0, wanted - self._worked[place])

    def ends_at(self, worked_s: float) -> float:
        """Return the instant at which this working time is reached."""
        wanted = worked_s + self._zero
        place = min(bisect_left(self._reached, wanted - NEAR_S), len(self._reached) - 1)
        return min(self._begins[place] + wanted - self._worked[place], self._ends[place])

    def worked(self, clock_s: Floats) -> Floats:
        """Return the working time passed at many instants."""
        places = np.maximum(np.searchsorted(self._begins_at, clock_s, side="right") - 1, 0)
        within = clock_s - self._begins_at[places]
        return np.minimum(self._worked_at[places] + within, self._reached_at[places])

    def starts(self, worked_s: Floats) -> Floats:
        """Return the first instants at which work after many working times can begin."""
        places = self._places(worked_s + NEAR_S, "right")
        within = np.maximum(worked_s - self._worked_at[places], 0.0)
        return np.asarray(self._begins_at[places] + within)

    def ends(self, worked_s: Floats) -> Floats:
        """Return the instants at which many working times are reached."""
        places = self._places(worked_s - NEAR_S, "left")
        reached = self._begins_at[places] + (worked_s - self._worked_at[places])
        return np.asarray(np.minimum(reached, self._ends_at[places]))

    def _places(self, worked_s: Floats, side: Literal["left", "right"]) -> NDArray[np.intp]:
        found = np.searchsorted(self._reached_at, worked_s, side=side)
        return np.minimum(found, len(self._reached_at) - 1)


def _spans(calendar: Calendar | None, timezone: str, origin_s: float) -> tuple[Floats, Floats]:
    if calendar is None or not calendar.shifts:
        return np.array([origin_s - _BEYOND_S]), np.array([origin_s + _BEYOND_S])
    return _spans_around(calendar, timezone, datetime.fromtimestamp(origin_s, UTC).date())


@lru_cache(maxsize=256)  # a site asks for the same at each end of an operation
def _spans_around(calendar: Calendar, timezone: str, day: date) -> tuple[Floats, Floats]:
    midnight = datetime.combine(day, time(), UTC)
    first, last = midnight - timedelta(BACK_DAYS), midnight + timedelta(AHEAD_DAYS + 1)
    spans = list(working_spans(calendar, timezone, first, last))
    middle_s = midnight.timestamp()
    begins = [middle_s - _BEYOND_S, *(start.timestamp() for start, _ in spans), last.timestamp()]
    ends = [first.timestamp(), *(finish.timestamp() for _, finish in spans), middle_s + _BEYOND_S]
    return np.array(begins), np.array(ends)
