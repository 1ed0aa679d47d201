"""The escalation clock: when the next level is due, counted in the working time of the place.

Pure. Imported by the notifier, which turns the clock, and by whoever raises an exception.
Off shift it stands still. What comes out is of the real clock; calendars are of the site's.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from data.domain.calendars import ShiftRun, add_working, runs_of, shift_at
from data.domain.exceptions.records import Case, Place, State
from data.domain.exceptions.rules import Level
from data.domain.site import Calendar, Site, SiteClock

LONGEST_DAYS = 60  # a calendar without working time for so long escalates nothing


def escalates(case: Case, levels: Sequence[Level]) -> bool:
    """Whether there is a level left to tell: nobody has it, and it stands in no other."""
    waits = case.state is State.UNACKNOWLEDGED and case.parent is None
    return waits and case.level < len(levels)


def first_due(site: Site, case: Case, levels: Sequence[Level], since: datetime) -> datetime | None:
    """Return when the next level of a case is due that nobody has had since a real instant."""
    if not escalates(case, levels):
        return None
    return due(site, case.place, since, levels[case.level].after_min)


def next_due(site: Site, case: Case, levels: Sequence[Level], now: datetime) -> datetime | None:
    """Return when the level after the case's next one is due, when that is told now.

    Whoever is told has the time that lies between the two, however late they were told:
    a notifier that was away, or a clock that jumped, rushes nobody past them.
    """
    if case.level + 1 >= len(levels):
        return None
    between = levels[case.level + 1].after_min - levels[case.level].after_min
    return due(site, case.place, now, max(0.0, between))


def due(site: Site, place: Place, since: datetime, minutes: float) -> datetime | None:
    """Return the real instant at which so many working minutes have passed; None: never."""
    begun = site.now(since)
    calendar = calendar_of(site, place)
    if calendar is None:
        return real_at(site.clock, begun + timedelta(minutes=minutes))
    try:
        at = add_working(
            calendar, site.timezone, begun, max(minutes * 60, 1e-6), limit_days=LONGEST_DAYS
        )
    except ValueError:
        return None
    return real_at(site.clock, at)


def resumes(site: Site, place: Place, now: datetime) -> datetime | None:
    """Return when the clock goes on, which stands still off shift; None: it runs, or never will."""
    at = due(site, place, now, 0.0)
    if at is None or at - now <= timedelta(seconds=1):
        return None
    return at.replace(microsecond=0)


def calendar_of(site: Site, place: Place) -> Calendar | None:
    """Return by which calendar a place works: its area's, or else the first area's."""
    area = place.area or _area_of(site, place)
    known = {one.id: one.calendar for one in site.areas}
    first = next(iter(known.values()), None)
    wanted = known.get(area or "", first)
    return next((one for one in site.calendars if one.id == wanted), None)


def _area_of(site: Site, place: Place) -> str | None:
    center = place.work_center
    if center is None and place.work_unit is not None:
        units = (one.work_center for one in site.work_units if one.id == place.work_unit)
        center = next(units, None)
    return next((one.area for one in site.work_centers if one.id == center), None)


def area_of(site: Site, place: Place) -> str:
    """Return the area of a place; empty when that can't be said."""
    return place.area or _area_of(site, place) or ""


def coming_shift(site: Site, place: Place, now: datetime) -> ShiftRun | None:
    """Return the shift that runs at a real instant, or the next one within two weeks.

    Its instants are of the site's clock. None: there is no calendar, or none comes.
    """
    calendar, at = calendar_of(site, place), site.now(now)
    if calendar is None:
        return None
    running = shift_at(calendar, site.timezone, at)
    if running is not None:
        return running
    days = ((at + timedelta(ahead)).date() for ahead in range(-1, 15))
    ahead = (run for day in days for run in runs_of(calendar, site.timezone, day))
    return min((run for run in ahead if run.start > at), key=lambda run: run.start, default=None)


def real_at(clock: SiteClock | None, at: datetime) -> datetime | None:
    """Return the real instant of a site's; None when its clock stands still before that."""
    if clock is None:
        return at
    if clock.rate <= 0 or (clock.ends_at is not None and at > clock.ends_at):
        return None
    elapsed_s = (at - clock.origin).total_seconds() / clock.rate
    return clock.started_at + timedelta(seconds=elapsed_s)
