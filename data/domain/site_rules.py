"""What the model of a site must be before it may become a `plan.changed` event.

Pure; used by `data.domain.rules`, which has checked each field by itself before. Here is
what the model says against itself: names, references, clock times, calendars.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Protocol
from zoneinfo import available_timezones

from data.domain.site import Break, Calendar, Shift, Site, SiteClock

MAX_RATE = 10_000.0  # site seconds in a real one
DAY_MIN = 24 * 60

Found = tuple[str, str]  # (path in the document, reason)

_NAME = re.compile(r"[^\s/](?:[^/]{0,98}[^\s/])?")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def is_name(text: str) -> bool:
    """Whether the text can stand in a subject: printable, no slash, no outer spaces."""
    return text.isprintable() and _NAME.fullmatch(text) is not None


def flaws(site: Site) -> Iterator[Found]:
    """Yield what is wrong with the model, as its path and a reason."""
    if site.timezone not in _timezones():
        yield "timezone", "expected an IANA time zone, such as Asia/Shanghai"
    yield from _names("areas", site.areas)
    yield from _names("work_centers", site.work_centers)
    yield from _names("work_units", site.work_units)
    yield from _names("calendars", site.calendars)
    yield from _names("parties", site.parties)
    yield from _references(site)
    for i, calendar in enumerate(site.calendars):
        for path, reason in _calendar(calendar):
            yield f"calendars[{i}].{path}", reason
    if site.clock is not None:
        yield from _clock(site.clock)


@lru_cache(maxsize=1)
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def _names(part: str, records: Sequence[_Named]) -> Iterator[Found]:
    seen: set[str] = set()
    for i, record in enumerate(records):
        if not is_name(record.id):
            yield f"{part}[{i}].id", "expected 1 to 100 printable characters without '/'"
        if record.id in seen:
            yield f"{part}[{i}].id", "stands twice in this site"
        seen.add(record.id)


def _references(site: Site) -> Iterator[Found]:
    areas = {area.id for area in site.areas}
    centers = {center.id for center in site.work_centers}
    calendars = {calendar.id for calendar in site.calendars}
    for i, area in enumerate(site.areas):
        yield from _known(f"areas[{i}].calendar", area.calendar, calendars, "calendar")
        for j, output in enumerate(area.output):
            yield from _known(f"areas[{i}].output[{j}]", output, centers, "work center")
    for i, center in enumerate(site.work_centers):
        yield from _known(f"work_centers[{i}].area", center.area, areas, "area")
    for i, unit in enumerate(site.work_units):
        path = f"work_units[{i}]"
        yield from _known(f"{path}.work_center", unit.work_center, centers, "work center")
        if unit.signal_limit_s is not None and unit.signal_limit_s <= 0:
            yield f"{path}.signal_limit_s", "expected more than 0 seconds"


def _known(path: str, name: str, known: Collection[str], what: str) -> Iterator[Found]:
    if name not in known:
        yield path, f"isn't a {what} of this site"


def _calendar(calendar: Calendar) -> Iterator[Found]:
    for i, holiday in enumerate(calendar.holidays):
        if not _is_date(holiday):
            yield f"holidays[{i}]", "expected a date, YYYY-MM-DD"
    for i, shift in enumerate(calendar.shifts):
        for path, reason in _shift(shift):
            yield f"shifts[{i}].{path}", reason


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _shift(shift: Shift) -> Iterator[Found]:
    if not shift.days or not set(shift.days) <= set(range(1, 8)):
        yield "days", "expected ISO weekdays, from 1 to 7"
    start, finish = minutes_of(shift.start), minutes_of(shift.finish)
    if start is None or start == DAY_MIN:
        yield "start", "expected a local time from 00:00 to 23:59, HH:MM"
    if finish is None:
        yield "finish", "expected a local time from 00:00 to 24:00, HH:MM"
    if start is None or finish is None:
        return
    for i, pause in enumerate(shift.breaks):
        for field, reason in _break(pause, start, (finish - start - 1) % DAY_MIN + 1):
            yield f"breaks[{i}]{field}", reason


def _break(pause: Break, start: int, length: int) -> Iterator[Found]:
    first, last = minutes_of(pause.start), minutes_of(pause.finish)
    if first is None:
        yield ".start", "expected a local time, HH:MM"
    if last is None:
        yield ".finish", "expected a local time, HH:MM"
    if first is None or last is None:
        return
    begin, end = (first - start) % DAY_MIN, (last - start - 1) % DAY_MIN + 1
    if not begin < end <= length:
        yield "", "expected a break that begins and ends within its shift"


def minutes_of(clock: str) -> int | None:
    """Return the minute of the day that `HH:MM` names; None when it names none."""
    if not _CLOCK.fullmatch(clock):
        return None
    return int(clock[:2]) * 60 + int(clock[3:])


def _clock(clock: SiteClock) -> Iterator[Found]:
    if not 0 < clock.rate <= MAX_RATE:
        yield "clock.rate", f"expected more than 0, at most {MAX_RATE:.0f}"
    if clock.ends_at is not None and clock.ends_at < clock.origin:
        yield "clock.ends_at", "is before the clock's origin"
