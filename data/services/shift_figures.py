"""The figures of ISO 22400: worked out by shift as the floor reports, added up when asked for.

`ShiftFiguresRollup` is an aspect of the watch: it works out the elements of each work unit's
shifts, and works them out again from the events where the recorder marked them as stale, so
late events and corrections count as if they had come in time. `ShiftFigures` answers pages.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from data.domain.events import Event
from data.domain.facts import DERIVED
from data.domain.kpis import Elements
from data.domain.scope import Scope
from data.domain.shift_elements import (
    OFF_SHIFT,
    ShiftWindow,
    UnitRecord,
    elements_of,
    windows_of,
)
from data.domain.shift_rows import (
    By,
    FigureFilter,
    FigureRow,
    FiguresReport,
    Progress,
    ShiftRow,
)
from data.domain.site import Calendar, Site, WorkUnit
from data.services.aspects import Aspect, Documents
from data.services.caching import Cached
from data.services.errors import Forbidden
from data.services.live import LiveSite
from data.services.staleness import SHIFT

EVERY = timedelta(minutes=1)  # how old the running shift's figures may be
BACK = timedelta(days=31)  # how much of the past a first start works out
LOOK_EVERY_S = 5.0  # for a past to fill, while there is none
BUDGET_S = 0.25  # what one call of `work` may take, and a little more
UNITS = 64  # worked out at once
MARKS = 50_000
_DAY = timedelta(days=1)
_NOTHING = Elements()
EVER = datetime.min.replace(tzinfo=UTC)

Marks = Sequence[tuple[str, int]]
Steps = Iterator[None]  # each step takes a fraction of a second


class DayStore(Protocol):
    """What working out a day asks of SQL."""

    def records(
        self, site: str, units: Sequence[str], edges: Sequence[datetime]
    ) -> tuple[dict[str, UnitRecord], dict[str, float]]:
        """What was reported of work units, summed between edges; planned run times a piece."""

    def replace(self, site: str, day: date, units: Sequence[str], rows: Sequence[ShiftRow]) -> int:
        """Make these the rows of a day."""


class RollupStore(DayStore, Protocol):
    """What working the elements out asks of SQL."""

    def progress(self, site: str) -> Progress | None:
        """How far it came before."""

    def note(self, site: str, progress: Progress, changed: bool) -> int | None:
        """Remember it; the new version of what is derived when anything changed."""

    def first_at(self, site: str) -> datetime | None:
        """Earliest time of what was recorded first."""


class StaleMarks(Protocol):
    """What the recorder marked."""

    def take(self, site: str, kind: str, limit: int) -> list[tuple[str, int]]:
        """Marked keys."""

    def settle(self, site: str, kind: str, marks: Marks) -> None:
        """Take marks away that are still the same."""


class ShiftFiguresRollup(Aspect):
    """Keeps the elements of a site's shifts up to date."""

    def __init__(
        self, site: str, store: RollupStore, stale: StaleMarks,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._site = site
        self._store = store
        self._stale = stale
        self._clock = clock
        self._live: LiveSite | None = None
        self._progress: Progress | None = None
        self._steps: Steps | None = None
        self._renewed_at: datetime | None = None
        self._look_at = clock()
        self._changed = 0
        self._found: dict[str, bytes | None] = {}

    def begin(self, live: LiveSite) -> None:
        """Start from what is stored."""
        self._live = live
        self._progress = self._store.progress(self._site)
        self._steps = self._renewed_at = None
        self._look_at = self._clock()
        self._changed, self._found = 0, {}

    def see(self, events: Sequence[Event]) -> None:
        """Do nothing: what events change, the recorder has marked."""

    def work(self, now: datetime) -> Documents:
        """Renew the running shifts each minute and what was marked; then fill the past.

        Raises: Unavailable.
        """
        until = self._clock() + BUDGET_S
        while self._clock() < until:
            if self._steps is None:
                self._steps = self._due(now)
            if self._steps is None:
                break
            if next(self._steps, self) is self:
                self._steps = None
        found, self._found = self._found, {}
        return found

    def _due(self, now: datetime) -> Steps | None:
        if self._live is None or not self._live.board.site.work_units:
            return None
        if self._renewed_at is None or not timedelta() <= now - self._renewed_at < EVERY:
            self._renewed_at, self._look_at = now, self._clock()
            return self._renewal(self._live.board.site, now)
        return self._filling(self._live.board.site, now) if self._clock() >= self._look_at else None

    def _renewal(self, model: Site, now: datetime) -> Steps:
        """Work out what has changed since the last time: all running shifts, all marked days."""
        progress = self._progress or Progress(_local_day(model, now), now - _DAY)
        marks = self._stale.take(self._site, SHIFT, MARKS)
        for since, units in _units_since(model, marks, progress.upto).items():
            yield from self._derive(model, units, since, now)
        self._stale.settle(self._site, SHIFT, marks)
        self._note(Progress(progress.back_to, now))

    def _filling(self, model: Site, now: datetime) -> Steps | None:
        """Work out a day of the past that never was; None when all of it is there."""
        progress, first = self._progress, self._store.first_at(self._site)
        oldest = None if first is None else _local_day(model, max(first, now - BACK))
        if progress is None or oldest is None or progress.back_to <= oldest:
            self._look_at = self._clock() + LOOK_EVERY_S
            return None
        return self._fill_day(model, progress.back_to - _DAY, now)

    def _fill_day(self, model: Site, day: date, now: datetime) -> Steps:
        for units in _portions(model.work_units):
            self._derive_day(model, units, day, EVER, now)
            yield
        if self._progress is not None:
            self._note(Progress(day, self._progress.upto))

    def _note(self, progress: Progress) -> None:
        version = self._store.note(self._site, progress, self._changed > 0)
        if version is not None:
            self._found[DERIVED] = str(version).encode()
        self._progress, self._changed = progress, 0

    def _derive(
        self, model: Site, units: Sequence[WorkUnit], since: datetime, now: datetime
    ) -> Steps:
        day, last = _local_day(model, since) - _DAY, _local_day(model, now)
        while day <= last:
            for portion in _portions(units):
                self._derive_day(model, portion, day, since, now)
                yield
            day += _DAY

    def _derive_day(
        self, model: Site, units: Sequence[WorkUnit], day: date, since: datetime, now: datetime
    ) -> None:
        """Work out the shifts of a day anew if one of them ends after `since`."""
        self._changed += derived_day(self._store, model, units, day, now, since)


def derived_day(
    store: DayStore, model: Site, units: Sequence[WorkUnit], day: date, now: datetime,
    since: datetime = EVER,
) -> int:  # fmt: skip
    """Work out the shifts of a day if one of them ends after `since`; return how many changed."""
    lines = _lines(model)
    windows = {
        unit: [w for w in _windows(model, lines, unit, day) if w.start < now] for unit in units
    }
    touched = [w for found in windows.values() for w in found]
    if not any(window.finish > since for window in touched):
        return 0
    edges = sorted({edge for window in touched for span in window.spans for edge in span})
    names = [unit.id for unit in units]
    records, run_times = store.records(model.id, names, edges)
    rows = [
        _row(unit, lines.get(unit.work_center, ("", None))[0], window, elements)
        for unit, found in windows.items()
        for window in found
        if _counts(window, elements := elements_of(window, records[unit.id], run_times, now))
    ]
    return store.replace(model.id, day, names, rows)


class FigureStore(Protocol):
    """What answering asks of SQL."""

    def sums(self, site: str, wanted: FigureFilter, by: By) -> list[FigureRow]:
        """Sums of the elements by something."""

    def shifts(self, site: str, wanted: FigureFilter, most: int) -> list[ShiftRow]:
        """The shifts behind sums, newest first."""

    def progress(self, site: str) -> Progress | None:
        """How far the elements were worked out."""


class ShiftFigures:
    """Answers what the figures of a site are. Sums are added up, no ratio is ever averaged."""

    def __init__(self, store: FigureStore, cached: Cached) -> None:
        self._store = store
        self._cached = cached

    def report(self, scope: Scope, site: str, wanted: FigureFilter, by: By) -> FiguresReport:
        """Return the sums by work unit, work center, line, shift or day, of all, and by day.

        Raises: Forbidden, Unavailable.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        progress = self._store.progress(site)
        upto = None if progress is None else progress.upto
        version = "" if progress is None else f"{progress.upto.isoformat()} {progress.back_to}"
        return self._cached.get(
            scope, site, version, f"shift-figures by {by}", wanted, FiguresReport,
            lambda: self._made(site, wanted, by, upto),
        )  # fmt: skip

    def shifts(
        self, scope: Scope, site: str, wanted: FigureFilter, most: int = 60
    ) -> list[ShiftRow]:
        """Return the shifts that a report's sums are made of, newest first.

        Raises: Forbidden, Unavailable.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        return self._store.shifts(site, wanted, most)

    def _made(
        self, site: str, wanted: FigureFilter, by: By, upto: datetime | None
    ) -> FiguresReport:
        days = sorted(self._store.sums(site, wanted, "day"), key=lambda row: row.key)
        rows = days if by == "day" else self._store.sums(site, wanted, by)
        total = sum((row.elements for row in days), _NOTHING)
        return FiguresReport(rows=tuple(rows), total=total, days=tuple(days), derived_at=upto)


_Line = tuple[str, Calendar | None]


def _lines(model: Site) -> dict[str, _Line]:
    """Return area and calendar of each work center."""
    calendars = {calendar.id: calendar for calendar in model.calendars}
    areas = {area.id: calendars.get(area.calendar) for area in model.areas}
    return {center.id: (center.area, areas.get(center.area)) for center in model.work_centers}


def _windows(
    model: Site, lines: Mapping[str, _Line], unit: WorkUnit, day: date
) -> tuple[ShiftWindow, ...]:
    _, calendar = lines.get(unit.work_center, ("", None))
    return windows_of(calendar, model.timezone, day)


def _counts(window: ShiftWindow, elements: Elements) -> bool:
    """Whether a window is kept: every shift, and time off shift in which something was done."""
    done = elements.aubt or elements.pq or elements.rq or elements.ip
    return window.name != OFF_SHIFT or bool(done)


def _row(unit: WorkUnit, area: str, window: ShiftWindow, elements: Elements) -> ShiftRow:
    return ShiftRow(
        unit.id, window.start, window.name, window.finish, window.day, unit.work_center, area,
        elements,
    )  # fmt: skip


def _units_since(model: Site, marks: Marks, upto: datetime) -> dict[datetime, list[WorkUnit]]:
    """Group work units by the instant from which their shifts must be worked out again.

    What happened on a day can concern every day since: a state lasts until the next, an
    operation until it is completed.
    """
    oldest: dict[str, datetime] = {}
    for key, _ in marks:
        unit, _, day = key.rpartition("/")
        start = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
        oldest[unit] = min(start, oldest.get(unit, start))
    groups: dict[datetime, list[WorkUnit]] = defaultdict(list)
    for work_unit in model.work_units:
        groups[min(upto, oldest.get(work_unit.id, upto))].append(work_unit)
    return groups


def _portions(units: Sequence[WorkUnit]) -> Iterator[Sequence[WorkUnit]]:
    for first in range(0, len(units), UNITS):
        yield units[first : first + UNITS]


def _local_day(model: Site, at: datetime) -> date:
    return at.astimezone(ZoneInfo(model.timezone)).date()
