"""Figures of the shifts of running days, for which only what is new is read.

What is over is kept as sums up to some instants, the older the fewer. What came late lets the sums
be worked out again from the instant before it. Imported by `data.services.shift_figures`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple, Protocol

from data.domain.kpis import Elements
from data.domain.shift_days import ShiftDays, is_kept, last_edge
from data.domain.shift_elements import EVER, ShiftWindow, UnitRecord, elements_of
from data.domain.shift_rows import ShiftRow
from data.domain.site import WorkUnit

SETTLES = timedelta(minutes=1)  # most events come within this
AT_ONCE = timedelta(hours=2)  # what is read in one go
Windows = tuple[ShiftWindow, ...]
Steps = Iterator[None]
_NOTHING = Elements()
_MINUTE = timedelta(minutes=1)


class DayStore(Protocol):
    """What working out a day asks of SQL."""

    def records(
        self, site: str, units: Sequence[str], edges: Sequence[datetime]
    ) -> tuple[dict[str, UnitRecord], dict[str, float]]:
        """What was reported of work units, summed between edges; planned run times a piece."""

    def replace(self, site: str, day: date, units: Sequence[str], rows: Sequence[ShiftRow]) -> int:
        """Make these the rows of a day."""


class RunningStore(DayStore, Protocol):
    """What working out what is new asks of SQL besides."""

    def executed(self, site: str, since: Mapping[str, datetime], until: datetime) -> dict[str, int]:
        """A number for each work unit, another when it worked otherwise in that time."""


class Point(NamedTuple):
    """Sums up to an instant, by the number of the window; `executed`: what they rest on."""

    at: datetime
    sums: Mapping[int, Elements]
    executed: int


@dataclass(eq=False)
class _Tally:
    """A work unit's day. The first point is its start."""

    unit: WorkUnit
    windows: Windows
    points: list[Point] = field(default_factory=list)

    def __post_init__(self) -> None:
        start = min(span[0] for window in self.windows for span in window.spans)
        self.points = [Point(start, {}, 0)]

    @property
    def start(self) -> datetime:
        return self.points[0].at

    @property
    def at(self) -> datetime:
        return self.points[-1].at

    def go_back_to(self, floor: datetime) -> None:
        """Forget the sums that hold something from `floor` on."""
        while len(self.points) > 1 and self.at > floor:
            self.points.pop()

    def close(self, point: Point) -> None:
        """Add a point, and keep of the others fewer the older they are."""
        kept: dict[int, Point] = {}
        for other in self.points[1:]:
            kept.setdefault(((point.at - other.at) // _MINUTE).bit_length(), other)
        self.points = [self.points[0], *kept.values(), point]

    def sums_with(self, record: UnitRecord, run_times: Mapping[str, float], until: datetime
    ) -> dict[int, Elements]:  # fmt: skip
        """Return the sums up to an instant, of which the record is what came since the last."""
        sums = dict(self.points[-1].sums)
        for number, window in enumerate(self.windows):
            if window.start < until and window.finish > self.at:
                more = elements_of(window, record, run_times, until, self.at)
                sums[number] = sums.get(number, _NOTHING) + more
        return sums


class RunningShifts:
    """The running days of a site's work units."""

    def __init__(self, site: str, store: RunningStore) -> None:
        self._site, self._store = site, store
        self._tallies: dict[tuple[date, str], _Tally] = {}
        self.changed = 0  # rows since somebody looked

    def clear(self) -> None:
        """Know nothing any more."""
        self._tallies.clear()

    def since(self) -> datetime | None:
        """Return from when on sums are kept; None when there are none."""
        return min((tally.start for tally in self._tallies.values()), default=None)

    def go_back(self, floors: Mapping[str, datetime], now: datetime) -> None:
        """Forget the sums of work units from an instant on, and whatever lies ahead of now."""
        for (_, unit), tally in self._tallies.items():
            tally.go_back_to(min(now, floors.get(unit, now)))

    def keep(self, days: Iterable[date]) -> None:
        """Forget all other days."""
        kept = set(days)
        self._tallies = {key: one for key, one in self._tallies.items() if key[0] in kept}

    def restart(self, day: date, units: Iterable[WorkUnit]) -> None:
        """Let all of a day be worked out once more."""
        for unit in units:
            self._tallies.pop((day, unit.id), None)

    def advance(
        self, days: ShiftDays, units: Sequence[WorkUnit], day: date, now: datetime
    ) -> Steps:
        """Work out a day's shifts up to now."""
        waiting: dict[datetime, list[_Tally]] = {}
        for unit in units:
            tally = self._tally(days, unit, day)
            waiting.setdefault(tally.at, []).append(tally)
        while waiting:
            tallies = waiting.pop(min(waiting))
            sound, others = self._checked(tallies)
            for tally in others:
                tally.go_back_to(EVER)
                waiting.setdefault(tally.at, []).append(tally)
            if sound:
                yield from self._closed(sound, now - SETTLES)
                self._show(days, sound, day, now)
                yield

    def _tally(self, days: ShiftDays, unit: WorkUnit, day: date) -> _Tally:
        """Return a work unit's tally; a new one when its shifts are others than before."""
        windows = days.windows(unit, day)
        known = self._tallies.get((day, unit.id))
        if known is None or known.windows != windows:
            known = self._tallies[day, unit.id] = _Tally(unit, windows)
        known.unit = unit
        return known

    def _checked(self, tallies: list[_Tally]) -> tuple[list[_Tally], list[_Tally]]:
        """Tell those whose operations were then what they are now from the others."""
        started = [one for one in tallies if len(one.points) > 1]
        found = self._executed(started, tallies[0].at)
        others = {one for one in started if found.get(one.unit.id, 0) != one.points[-1].executed}
        return [one for one in tallies if one not in others], [*others]

    def _closed(self, tallies: Sequence[_Tally], settled: datetime) -> Steps:
        """Add up what isn't expected to change, a while at a time."""
        settled = min(settled, max(last_edge(tally.windows) for tally in tallies))
        while (at := tallies[0].at) < settled:
            until = min(at + AT_ONCE, settled)
            executed = self._executed(tallies, until)  # before the records: what moves meanwhile
            records, run_times = self._records(tallies, until)  # is found to differ
            for tally in tallies:
                sums = tally.sums_with(records[tally.unit.id], run_times, until)
                tally.close(Point(until, sums, executed.get(tally.unit.id, 0)))
            yield

    def _show(self, days: ShiftDays, tallies: Sequence[_Tally], day: date, now: datetime) -> None:
        """Make the rows of a day: what is added up, and what came since."""
        finish = max(last_edge(tally.windows) for tally in tallies)
        records, run_times = self._records(tallies, finish)
        rows = [
            days.row(tally.unit, window, elements)
            for tally in tallies
            for sums in (tally.sums_with(records[tally.unit.id], run_times, now),)
            for number, window in enumerate(tally.windows)
            if window.start < now and is_kept(window, elements := sums.get(number, _NOTHING))
        ]
        names = [tally.unit.id for tally in tallies]
        self.changed += self._store.replace(self._site, day, names, rows)

    def _executed(self, tallies: Sequence[_Tally], until: datetime) -> dict[str, int]:
        since = {tally.unit.id: tally.start for tally in tallies}
        return self._store.executed(self._site, since, until) if since else {}

    def _records(
        self, tallies: Sequence[_Tally], until: datetime
    ) -> tuple[dict[str, UnitRecord], dict[str, float]]:
        at = tallies[0].at
        if at >= until:
            return {tally.unit.id: UnitRecord() for tally in tallies}, {}
        edges = {
            edge for tally in tallies for one in tally.windows for s in one.spans for edge in s
        }
        inner = {edge for edge in edges if at < edge < until}
        return self._store.records(
            self._site, [one.unit.id for one in tallies], sorted({at, *inner, until})
        )
