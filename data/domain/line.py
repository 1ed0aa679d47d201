"""One line (area) of a site, as its figures need it: calendar, flow, output.

Pure. Used by the indexes and figures of `data.domain`.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.domain.calendars import ShiftRun, last_shift
from data.domain.plan import Order
from data.domain.site import Area, Calendar, Site, WorkUnit


class UnknownArea(LookupError):
    """The site has no such area."""


class Line(Struct, frozen=True, kw_only=True):
    """An area with what belongs to it. `calendar` None: the site names one it doesn't have."""

    area: Area
    timezone: str
    calendar: Calendar | None
    units: tuple[WorkUnit, ...]  # as the line flows
    output_units: tuple[str, ...]

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.timezone)

    def shift(self, now: datetime) -> ShiftRun | None:
        """Return the shift that runs now or the last one; None when there was none lately."""
        return None if self.calendar is None else last_shift(self.calendar, self.timezone, now)


def line_of(site: Site, area_id: str) -> Line:
    """Gather what belongs to an area.

    Raises: UnknownArea.
    """
    area = next((area for area in site.areas if area.id == area_id), None)
    if area is None:
        raise UnknownArea(f"site {site.id} has no area {area_id}")
    centers = {center.id for center in site.work_centers if center.area == area_id}
    units = tuple(unit for unit in site.work_units if unit.work_center in centers)
    return Line(
        area=area,
        timezone=site.timezone,
        calendar=next((c for c in site.calendars if c.id == area.calendar), None),
        units=units,
        output_units=tuple(unit.id for unit in units if unit.work_center in area.output),
    )


def areas_by_center(site: Site | None) -> dict[str, str]:
    """Map each work center to its area."""
    return {center.id: center.area for center in site.work_centers} if site else {}


def home_area(plan: Order, areas: dict[str, str]) -> str | None:
    """Return the line whose wall shows the order: the one it names, else its last step's."""
    if plan.area is not None or not plan.operations:
        return plan.area
    return areas.get(plan.operations[-1].work_center)
