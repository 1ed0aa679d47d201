"""The figures of ISO 22400: worked out by shift as the floor reports, added up when asked for.

`ShiftFiguresRollup` is an aspect of the watch: it works out the elements of each work unit's
shifts, and works them out again from the events where the recorder marked them as stale, so
late events and corrections count as if they had come in time. Of a day that runs only what is new
is read: the events themselves say how far back that reaches, and a mark that none of them explains
lets the day be worked out anew. `ShiftFigures` answers pages.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from data.domain.events import Event
from data.domain.facts import DERIVED
from data.domain.kpis import Elements
from data.domain.scope import Scope
from data.domain.shift_days import ShiftDays, is_kept, last_edge
from data.domain.shift_elements import EVER, elements_of
from data.domain.shift_rows import (
    By,
    FigureFilter,
    FigureRow,
    FiguresReport,
    Progress,
    ShiftRow,
)
from data.domain.site import Site, WorkUnit
from data.domain.subjects import Identity
from data.services.aspects import Aspect, Documents
from data.services.caching import Cached
from data.services.errors import Forbidden
from data.services.live import LiveSite
from data.services.ports import seq_of
from data.services.running_shifts import DayStore, RunningShifts, RunningStore
from data.services.shift_news import ShiftNews, Told
from data.services.staleness import SHIFT

EVERY = timedelta(minutes=1)  # how old the running shift's figures may be
BACK = timedelta(days=31)  # how much of the past a first start works out
LOOK_EVERY_S = 5.0  # for a past to fill, while there is none
BUDGET_S = 0.25  # what one call of `work` may take, and a little more
UNITS = 64  # worked out at once
MARKS = 50_000
OPEN = timedelta(hours=1)  # how long a day that is over is held; then it is worked out once more
_DAY = timedelta(days=1)
_NOTHING = Elements()

Marks = Sequence[tuple[str, int]]
Steps = Iterator[None]  # each step takes a fraction of a second


class RollupStore(RunningStore, Protocol):
    """What working the elements out asks of SQL."""

    def recorded(self, site: str) -> str:
        """Place in the log up to which everything is recorded."""

    def undone(
        self, site: str, identities: Sequence[Identity]
    ) -> list[tuple[str, str, str | None, datetime]]:
        """Type, subject, named work unit and time of recorded events."""

    def counted_on(self, site: str, orders: Sequence[str], since: datetime) -> set[str]:
        """Work units on which pieces of orders were counted."""

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
        self._running = RunningShifts(site, store)
        self._news = ShiftNews()
        self._begun_seq = self._recorded_seq = 0
        self._changed = 0
        self._found: dict[str, bytes | None] = {}

    def begin(self, live: LiveSite) -> None:
        """Start from what is stored."""
        self._live = live
        self._progress = self._store.progress(self._site)
        self._steps = self._renewed_at = None
        self._look_at = self._clock()
        self._running = RunningShifts(self._site, self._store)
        self._news = ShiftNews()
        self._begun_seq, self._recorded_seq = seq_of(live.offset), 0
        self._changed, self._found = 0, {}

    def see(self, events: Sequence[Event]) -> None:
        """Note how far back events reach."""
        if self._live is not None:
            self._news.take(events, seq_of(self._live.offset), self._clock())

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
            return self._renewal(self._live, now)
        return self._filling(self._live.board.site, now) if self._clock() >= self._look_at else None

    def _renewal(self, live: LiveSite, now: datetime) -> Steps:
        """Work out what has changed since the last time: running days, all marked ones."""
        model, progress = live.board.site, self._progress
        progress = progress or Progress(_local_day(live.board.site, now), now - _DAY)
        knows_all = self._recorded_seq >= self._begun_seq  # when it looked last
        self._recorded_seq = seq_of(self._store.recorded(self._site))
        marks = self._stale.take(self._site, SHIFT, MARKS)
        notes, told = self._told()
        if not knows_all:
            self._running.clear()
        settled, floors = self._floors(live, marks, told if knows_all else Told())
        self._running.go_back(floors | self._replanned(told), now)
        yield from self._derive(model, floors, progress.upto, now)
        self._stale.settle(self._site, SHIFT, settled)
        self._news.drop(notes, self._recorded_seq)
        self._note(Progress(progress.back_to, now))

    def _told(self) -> tuple[Sequence[Told], Told]:
        """Return the notes, and all that they tell, also of what was undone."""
        notes, told = self._news.all()
        for event_type, subject, named, at in self._store.undone(self._site, sorted(told.undone)):
            told.note(event_type, subject, named, at)
        return notes, told

    def _floors(
        self, live: LiveSite, marks: Marks, told: Told
    ) -> tuple[Marks, dict[str, datetime]]:
        """Return the marks that can be settled, and from when on work units have to be met anew.

        A mark that no event explains stands for its whole day, unless its event is yet to come.
        """
        floors, settled = told.oldest(), []
        has_all = seq_of(live.offset) >= self._recorded_seq
        for key, mark in marks:
            unit, _, named = key.rpartition("/")
            day = date.fromisoformat(named)
            if (unit, day) not in told.since:
                if not has_all:
                    continue
                start = datetime.combine(day, datetime.min.time(), UTC)
                floors[unit] = min(start, floors.get(unit, start))
            settled.append((key, mark))
        return settled, floors

    def _replanned(self, told: Told) -> dict[str, datetime]:
        """Return the work units that have pieces of orders whose planned run times may be new."""
        since = self._running.since()
        if since is None or not told.orders:
            return {}
        units = self._store.counted_on(self._site, sorted(told.orders), since)
        return dict.fromkeys(units, EVER)

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
            self._changed += derived_day(self._store, model, units, day, now)
            yield
        if self._progress is not None:
            self._note(Progress(day, self._progress.upto))

    def _note(self, progress: Progress) -> None:
        version = self._store.note(self._site, progress, self._changed > 0)
        if version is not None:
            self._found[DERIVED] = str(version).encode()
        self._progress, self._changed = progress, 0

    def _derive(
        self, model: Site, floors: Mapping[str, datetime], upto: datetime, now: datetime
    ) -> Steps:
        """Work out running days as far as they have come, and others that something came to late.

        What happened on a day can concern every day since: a state lasts until the next, an
        operation until it is completed.
        """
        days, last = ShiftDays(model), _local_day(model, now)
        day = _local_day(model, min([upto - OPEN, *floors.values()])) - _DAY
        held: set[date] = set()
        while day <= last:
            running, late = _parted(days, model.work_units, day, floors, (upto, now))
            for portion in _portions(running):
                held.add(day)
                yield from self._run(days, portion, day, now)
            for portion in _portions(late):
                self._changed += derived_day(self._store, model, portion, day, now)
                yield
            day += _DAY
        self._running.keep(held)

    def _run(self, days: ShiftDays, units: Sequence[WorkUnit], day: date, now: datetime) -> Steps:
        over = [unit for unit in units if last_edge(days.windows(unit, day)) + OPEN <= now]
        self._running.restart(day, over)
        yield from self._running.advance(days, units, day, now)
        self._running.restart(day, over)
        self._changed, self._running.changed = self._changed + self._running.changed, 0


def derived_day(
    store: DayStore, model: Site, units: Sequence[WorkUnit], day: date, now: datetime
) -> int:
    """Work out the shifts of a day; return how many changed."""
    days = ShiftDays(model)
    windows = {unit: [w for w in days.windows(unit, day) if w.start < now] for unit in units}
    edges = {edge for found in windows.values() for w in found for span in w.spans for edge in span}
    if not edges:
        return 0
    names = [unit.id for unit in units]
    records, run_times = store.records(model.id, names, sorted(edges))
    rows = [
        days.row(unit, window, elements)
        for unit, found in windows.items()
        for window in found
        if is_kept(window, elements := elements_of(window, records[unit.id], run_times, now))
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


def _parted(
    days: ShiftDays, units: Iterable[WorkUnit], day: date, floors: Mapping[str, datetime],
    span: tuple[datetime, datetime],
) -> tuple[list[WorkUnit], list[WorkUnit]]:  # fmt: skip
    """Return the work units whose day ran within a span, and those whose day is to be met anew."""
    upto, now = span
    running, late = [], []
    for unit in units:
        windows = days.windows(unit, day)
        if not windows or min(window.start for window in windows) >= now:
            continue
        finish = last_edge(windows)
        if finish + OPEN > upto:
            running.append(unit)
        elif unit.id in floors and finish > floors[unit.id]:
            late.append(unit)
    return running, late


def _portions(units: Sequence[WorkUnit]) -> Iterator[Sequence[WorkUnit]]:
    for first in range(0, len(units), UNITS):
        yield units[first : first + UNITS]


def _local_day(model: Site, at: datetime) -> date:
    return at.astimezone(ZoneInfo(model.timezone)).date()
