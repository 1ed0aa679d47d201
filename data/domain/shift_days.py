"""Which shifts a site's work units have on a day, and which of them are kept.

Pure; used by the services that work figures of shifts out.
"""

from datetime import date, datetime

from data.domain.kpis import Elements
from data.domain.shift_elements import OFF_SHIFT, ShiftWindow, windows_of
from data.domain.shift_rows import ShiftRow
from data.domain.site import Calendar, Site, WorkUnit


class ShiftDays:
    """The shifts of a site's work units by its own days, as its model has them."""

    def __init__(self, model: Site) -> None:
        calendars = {calendar.id: calendar for calendar in model.calendars}
        areas: dict[str, Calendar | None] = {
            area.id: calendars.get(area.calendar) for area in model.areas
        }
        self._timezone = model.timezone
        self._lines = {
            center.id: (center.area, areas.get(center.area)) for center in model.work_centers
        }
        self._known: dict[tuple[str, date], tuple[ShiftWindow, ...]] = {}

    def windows(self, unit: WorkUnit, day: date) -> tuple[ShiftWindow, ...]:
        """Return the shifts of a work unit that start on a day, then its time off shift if any."""
        area, calendar = self._lines.get(unit.work_center, ("", None))
        found = self._known.get((area, day))
        if found is None:
            found = self._known[area, day] = windows_of(calendar, self._timezone, day)
        return found

    def row(self, unit: WorkUnit, window: ShiftWindow, elements: Elements) -> ShiftRow:
        """Return what is kept of a work unit in a shift."""
        area, _ = self._lines.get(unit.work_center, ("", None))
        return ShiftRow(
            unit.id, window.start, window.name, window.finish, window.day, unit.work_center, area,
            elements,
        )  # fmt: skip


def is_kept(window: ShiftWindow, elements: Elements) -> bool:
    """Whether a window is kept: every shift, and time off shift in which something was done."""
    done = elements.aubt or elements.pq or elements.rq or elements.ip
    return window.name != OFF_SHIFT or bool(done)


def last_edge(windows: tuple[ShiftWindow, ...]) -> datetime:
    """Return when the last of some shifts, of which there is one at least, is over."""
    return max(window.finish for window in windows)
