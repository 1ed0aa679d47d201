"""When a daily report is mailed to whom, and of which shift.

Pure. Imported by the page on which people say so and by whoever plans what is sent. All of it is
in the site's own time.
"""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.domain.report import Shift, local_day, names_of, shift_of
from data.domain.site import Site

SETTLES = timedelta(minutes=5)  # what happened by a shift's end is recorded by then
LOOKS_BACK = timedelta(hours=12)  # how late a report is still sent after nobody could
FORMATS = ("xlsx", "pdf")
LANGUAGES = ("zh-Hant", "zh-Hans", "en")
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
EVERY_SHIFT = ""
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class Schedule(Struct, frozen=True, kw_only=True):
    """What one account wants of one site.

    `shift`: a shift's name, empty for each; `at`: instead, at this local time, the whole day
    before. `days`: of the week on which the shift began, or on which it is sent; Monday is 1.
    `upto`: reports of what ended by then are done with (site time).
    """

    account: str
    site: str
    upto: datetime
    shift: str = EVERY_SHIFT
    at: str = ""
    days: tuple[int, ...] = EVERY_DAY
    formats: tuple[str, ...] = ("xlsx",)
    language: str = "en"


class ScheduleError(ValueError):
    """What was asked for can't be; `field` names what."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class Due(Struct, frozen=True, kw_only=True):
    """A report that is to be sent; `ended`: what `Schedule.upto` becomes with it."""

    shift: Shift
    ended: datetime


def checked(said: Schedule, shifts: Collection[str]) -> Schedule:
    """Return the schedule as it is kept. `shifts`: names that the site has.

    Raises: ScheduleError.
    """
    if said.at and not _CLOCK.fullmatch(said.at):
        raise ScheduleError("at")
    if said.shift and said.shift not in shifts:
        raise ScheduleError("shift")
    if not said.days or not set(said.days) <= set(EVERY_DAY):
        raise ScheduleError("days")
    if not set(said.formats) <= set(FORMATS):
        raise ScheduleError("formats")
    if said.language not in LANGUAGES:
        raise ScheduleError("language")
    return said


def due(said: Schedule, site: Site, now: datetime) -> list[Due]:
    """Return the reports that are to be sent by now and weren't, oldest first."""
    since = max(said.upto, now - LOOKS_BACK)
    found = _daily(said, site, now) if said.at else _by_shift(said, site, now)
    return sorted((one for one in found if since < one.ended <= now), key=lambda one: one.ended)


def _by_shift(said: Schedule, site: Site, now: datetime) -> Iterator[Due]:
    names = [said.shift] if said.shift else names_of(site)
    for back in range(3):
        day = local_day(site, now) - timedelta(days=back)
        if day.isoweekday() not in said.days:
            continue
        for name in names:
            shift = shift_of(site, day, name)
            if shift is not None:
                yield Due(shift=shift, ended=shift.finish + SETTLES)


def _daily(said: Schedule, site: Site, now: datetime) -> Iterator[Due]:
    for back in range(2):
        day = local_day(site, now) - timedelta(days=back)
        shift = shift_of(site, day - timedelta(days=1), "")
        if day.isoweekday() not in said.days or shift is None:
            continue
        clock = time.fromisoformat(said.at)
        at = datetime.combine(day, clock, ZoneInfo(site.timezone)).astimezone(UTC)
        yield Due(shift=shift, ended=max(at, shift.finish + SETTLES))
