"""Works out again what is derived, from the events, and says what differs from what is kept.

It changes nothing: what differs is marked, and the watch, which alone writes it, works it out
anew. What lies before an archive is left as it is. Imported by `data.commands.rebuild`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from math import isclose
from typing import Protocol

from msgspec import Struct
from msgspec.structs import asdict

from data.domain.bottleneck.chain import BottleneckSegment
from data.domain.bottleneck.line import Change, built
from data.domain.delay_cells import Cell, OrderDelay
from data.domain.delay_columns import Pack, pack_of
from data.domain.line import Line
from data.domain.shift_elements import UnitRecord
from data.domain.shift_rows import ShiftRow
from data.domain.site import Site, WorkUnit
from data.services.accounts_facts import Past
from data.services.derivation import OrderAccount, completed_accounts
from data.services.running_shifts import DayStore
from data.services.shift_figures import derived_day
from data.services.staleness import ACCOUNT, CHAIN, ORDER, SHIFT

AT_ONCE = 200  # accounts that are made from one reading
DAY_S = 86_400.0
SETTLED_S = 2 * DAY_S  # until a chain that begins somewhere is the one that began before
_NEAR = 1e-6


class Difference(Struct, frozen=True, kw_only=True):
    """What is kept isn't what the events say. `key`: what is marked so that it is made anew."""

    kind: str
    key: str
    what: str


class KeptAccount(Struct, frozen=True, kw_only=True):
    """The account of a completed order as it is kept."""

    order: str
    ended_at: datetime
    late_s: float
    cells: tuple[Cell, ...]


class ChainRows(Protocol):
    """What comparing chains asks of SQL."""

    def first_start(self, site: str, area: str) -> float | None:
        """From when on a chain is stored."""

    def last_end(self, site: str, area: str) -> float | None:
        """Until when."""

    def segments(
        self, site: str, area: str, since: float, until: float | None = None
    ) -> list[BottleneckSegment]:
        """Stored segments."""

    def changes(
        self, site: str, work_units: Sequence[str], since: float, otherwise: float
    ) -> list[Change]:
        """Changes of state that count."""


def accounts(
    past: Past, site: str, kept: Collection[KeptAccount], now: datetime
) -> Iterator[Difference]:
    """Compare the accounts of completed orders with their events."""
    in_time = sorted(kept, key=lambda one: (one.ended_at, one.order))
    for first in range(0, len(in_time), AT_ONCE):
        portion = {one.order: one for one in in_time[first : first + AT_ONCE]}
        for order, made in completed_accounts(past, site, [*portion], now):
            what = _differing(portion[order], made)
            if what is not None:
                yield Difference(kind=ORDER, key=order, what=what)


def _differing(kept: KeptAccount, made: OrderAccount | None) -> str | None:
    if made is None:
        return "isn't completed by its events"
    if made.ended_at != kept.ended_at or not _close(made.late_s, kept.late_s):
        return f"late by {made.late_s:.0f} s, kept as {kept.late_s:.0f} s"
    return None if _same_cells(made.cells, kept.cells) else "its causes differ"


def delay_days(
    kept: Collection[Pack], orders: Mapping[date, Sequence[OrderDelay]]
) -> Iterator[Difference]:
    """Compare the sums of days with the accounts of the orders that were completed on them."""
    packs = {pack.day: pack for pack in kept}
    for day in sorted(packs.keys() | orders.keys()):
        of_day = orders.get(day, ())
        if packs.get(day) != (pack_of(day, of_day) if of_day else None):
            key = of_day[0].order if of_day else ""
            yield Difference(kind=ACCOUNT, key=key, what=f"the sums of {day} differ")


class _Compared:
    """Takes the rows of a day where they would be kept."""

    def __init__(self, store: DayStore, kept: Mapping[tuple[str, date], list[ShiftRow]]) -> None:
        self._store, self._kept = store, kept
        self.found: list[Difference] = []

    def records(
        self, site: str, units: Sequence[str], edges: Sequence[datetime]
    ) -> tuple[dict[str, UnitRecord], dict[str, float]]:
        return self._store.records(site, units, edges)

    def replace(self, site: str, day: date, units: Sequence[str], rows: Sequence[ShiftRow]) -> int:
        for unit in units:
            made = {(row.shift_start, row.shift): row for row in rows if row.work_unit == unit}
            kept = {(row.shift_start, row.shift): row for row in self._kept.get((unit, day), [])}
            if made.keys() != kept.keys() or any(not _same(made[k], kept[k]) for k in made):
                what = f"the figures of {unit} on {day} differ"
                self.found.append(Difference(kind=SHIFT, key=f"{unit}/{day}", what=what))
        return 0


def shift_figures(
    store: DayStore, model: Site, kept: Sequence[ShiftRow], days: Sequence[date], now: datetime
) -> list[Difference]:
    """Compare the elements of shifts on days that are over with what was reported."""
    by_key: dict[tuple[str, date], list[ShiftRow]] = {}
    for row in kept:
        by_key.setdefault((row.work_unit, row.day), []).append(row)
    compared = _Compared(store, by_key)
    units: Sequence[WorkUnit] = model.work_units
    for day in days:
        derived_day(compared, model, units, day, now)
    return compared.found


def bottlenecks(
    store: ChainRows, site: str, line: Line, since: datetime | None
) -> Iterator[Difference]:
    """Compare a line's final segments with the chain of its recorded states."""
    area = line.area.id
    first, last = store.first_start(site, area), store.last_end(site, area)
    if first is None or last is None:
        return
    begin = first if since is None else max(first, since.timestamp())
    settled = begin if begin == first else begin + SETTLED_S
    units = [unit.id for unit in line.units]
    _, final = built(store.changes(site, units, begin, begin - 35 * DAY_S), begin)
    made = {row for row in final.segments if settled <= row.start and row.end <= last}
    kept = {row for row in store.segments(site, area, settled) if row.start >= settled}
    for row in sorted(made ^ kept, key=lambda row: row.start)[:1]:
        day = datetime.fromtimestamp(row.start, UTC).date()
        what = f"{len(made ^ kept)} segments of {area} differ, the first on {day}"
        yield Difference(kind=CHAIN, key=f"{row.work_unit}/{day - timedelta(days=1)}", what=what)


def _close(one: float, other: float) -> bool:
    return isclose(one, other, rel_tol=1e-9, abs_tol=_NEAR)


def _same_cells(made: Sequence[Cell], kept: Sequence[Cell]) -> bool:
    one, other = _by_cause(made), _by_cause(kept)
    return one.keys() == other.keys() and all(_close(one[key], other[key]) for key in one)


def _by_cause(cells: Sequence[Cell]) -> dict[tuple[str, str, str], float]:
    return {(cell.cause, cell.work_center, cell.party): cell.late_s for cell in cells}


def _same(made: ShiftRow, kept: ShiftRow) -> bool:
    one, other = asdict(made.elements), asdict(kept.elements)
    return made.shift_finish == kept.shift_finish and all(
        _close(one[name], other[name]) for name in one
    )
