"""Orders' delays as columns: packed a day at a time to be stored, and summed up for a report.

Pure; imported by the services that keep and show delays. Why columns: docs/adr/0014.

**Shape**: an order's row holds places in the day's names of area, product, customer, and its
lateness; a cell's the place of its order in the day, places in the names of cause, work center
and party, and what it adds. Only orders that are late have cells. Little-endian. Units: seconds.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from data.domain.delay_cells import OrderDelay
from data.domain.delays import DIMENSIONS, DelayBar, DelayDay, DelayFilter

_OF_ORDERS = ("area", "product", "customer")
_OF_CELLS = ("cause", "work_center", "party")
_ORDER = np.dtype([(name, "<u2") for name in _OF_ORDERS] + [("late_s", "<f8")])
_CELL = np.dtype([("order", "<u4"), *((name, "<u2") for name in _OF_CELLS), ("late_s", "<f8")])
_MOST_FLAGS = 30_000_000

_Codes = NDArray[np.intp]
_Mask = NDArray[np.bool_]


class Head(Struct, frozen=True):
    """What the numbers of a pack stand for: names by column, and the ids of its orders (JSON)."""

    orders: msgspec.Raw
    names: dict[str, tuple[str, ...]]


class Pack(Struct, frozen=True):
    """Orders of one day as they are stored: those completed on it, or those open and due."""

    day: date
    head: bytes
    orders: bytes
    cells: bytes
    completed: bool = True


_head = msgspec.json.Decoder(Head).decode
_ids = msgspec.json.Decoder(tuple[str, ...]).decode


def pack_of(day: date, delays: Sequence[OrderDelay], *, completed: bool = True) -> Pack:
    """Return the orders of a day packed."""
    names: dict[str, dict[str, int]] = {name: {} for name in (*_OF_ORDERS, *_OF_CELLS)}
    orders = [
        (*(_place(names[n], getattr(delay, n)) for n in _OF_ORDERS), delay.late_s)
        for delay in delays
    ]
    cells = [
        (i, *(_place(names[n], getattr(cell, n)) for n in _OF_CELLS), cell.late_s)
        for i, delay in enumerate(delays)
        if delay.late_s > 0
        for cell in delay.cells
    ]
    ids = msgspec.Raw(msgspec.json.encode([delay.order for delay in delays]))
    head = Head(ids, {name: tuple(table) for name, table in names.items()})
    return Pack(
        day,
        msgspec.json.encode(head),
        np.array(orders, _ORDER).tobytes(),
        np.array(cells, _CELL).tobytes(),
        completed,
    )


def _place(table: dict[str, int], name: str) -> int:
    return table.setdefault(name, len(table))


class DelayColumns:
    """The orders of several days, side by side."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        """Unpack; names of all packs share one table."""
        packs = list(packs)
        heads = [_head(pack.head) for pack in packs]
        orders = [np.frombuffer(pack.orders, _ORDER) for pack in packs]
        cells = [np.frombuffer(pack.cells, _CELL) for pack in packs]
        self._days = sorted({pack.day for pack in packs})
        places = {day: i for i, day in enumerate(self._days)}
        self._ids = [head.orders for head in heads]
        self._known_ids: dict[int, tuple[str, ...]] = {}
        self._tables: dict[str, dict[str, int]] = {}
        self._codes = {
            name: self._joined(name, heads, rows)
            for names, rows in ((_OF_ORDERS, orders), (_OF_CELLS, cells))
            for name in names
        }
        sizes = [len(rows) for rows in orders]
        self._firsts = np.cumsum([0, *sizes])
        self._day = np.repeat(np.array([places[p.day] for p in packs], np.intp), sizes)
        self._done: _Mask = np.repeat(np.array([p.completed for p in packs], np.bool_), sizes)
        self.late_s = _column(orders, "late_s")
        self._cell_late_s = _column(cells, "late_s")
        shifts = np.repeat(self._firsts[:-1], [len(rows) for rows in cells])
        self._order = _column(cells, "order").astype(np.intp) + shifts

    def _joined(self, name: str, heads: Sequence[Head], rows: Sequence[NDArray[np.void]]) -> _Codes:
        table = self._tables.setdefault(name, {})
        out = np.empty(sum(len(of_pack) for of_pack in rows), np.intp)
        at = 0
        for head, of_pack in zip(heads, rows, strict=True):
            places = np.array([table.setdefault(n, len(table)) for n in head.names[name]], np.intp)
            end = at + len(of_pack)
            if len(of_pack):
                np.take(places, of_pack[name], out=out[at:end], mode="clip")
            at = end
        return out

    def id_of(self, order: int) -> str:
        """Return the id of the order at a place."""
        pack = int(np.searchsorted(self._firsts, order, "right")) - 1
        if pack not in self._known_ids:
            self._known_ids[pack] = _ids(self._ids[pack])
        return self._known_ids[pack][order - int(self._firsts[pack])]

    def choose(self, wanted: DelayFilter) -> "DelaySums":
        """Return what a filter leaves, to be summed up. The period isn't looked at."""
        orders = np.ones(len(self.late_s), np.bool_)
        for name in _OF_ORDERS:
            orders &= self._having(name, getattr(wanted, name), len(orders))
        cells = orders[self._order]
        by_cell = [name for name in _OF_CELLS if getattr(wanted, name) is not None]
        for name in by_cell:
            cells &= self._having(name, getattr(wanted, name), len(cells))
        chosen = slice(None) if cells.all() else np.flatnonzero(cells)
        return DelaySums(self, orders, chosen, some_steps=bool(by_cell))

    def _having(self, name: str, key: str | None, size: int) -> _Mask:
        if key is None:
            return np.ones(size, np.bool_)
        return np.equal(self._codes[name], self._tables[name].get(key, -1))


class DelaySums:
    """What a filter leaves of the columns, summed up in every way that a report shows."""

    def __init__(
        self, columns: DelayColumns, orders: _Mask, cells: _Codes | slice, *, some_steps: bool
    ) -> None:
        """`some_steps`: the filter asks for some of an order's steps only."""
        self._columns = columns
        self._done = orders & columns._done
        self._timely = self._done & (columns.late_s <= 0)
        self._order = columns._order[cells]
        self._late_s = columns._cell_late_s[cells]
        self._codes = {name: columns._codes[name][cells] for name in _OF_CELLS}
        self._adds = np.flatnonzero(self._late_s > 0)
        self._late_by_order = np.bincount(self._order, self._late_s, len(orders))
        self._met = np.bincount(self._order, minlength=len(orders)) > 0
        self._later = np.bincount(self._order[self._adds], minlength=len(orders)) > 0
        late = orders & (columns.late_s > 0)
        self._late = np.flatnonzero(late & self._later if some_steps else late)

    @property
    def late_s(self) -> float:
        """All lateness: of the late orders, by the steps that the filter leaves."""
        return float(self._late_s.sum())

    @property
    def orders_late(self) -> int:
        """How many orders are late, by a step that the filter leaves."""
        return len(self._late)

    @property
    def completed(self) -> int:
        """How many orders were completed, late or not."""
        return int(np.count_nonzero(self._done))

    @property
    def on_time(self) -> int:
        """How many of them in time."""
        return int(np.count_nonzero(self._timely))

    def bars(self) -> dict[str, tuple[DelayBar, ...]]:
        """Return the sums of every dimension, the most hours first; each adds up to `late_s`."""
        return {name: self._bars(name) for name in DIMENSIONS}

    def days(self) -> tuple[DelayDay, ...]:
        """Return the days on which anything was completed, or was due and is late, in order."""
        columns, size = self._columns, len(self._columns._days)
        late_s = np.bincount(columns._day, self._late_by_order, size)
        counts = np.bincount(columns._day[self._done], minlength=size)
        on_time = np.bincount(columns._day[self._timely], minlength=size)
        return tuple(
            DelayDay(day=day, late_s=float(late), completed=int(count), on_time=int(timely))
            for day, late, count, timely in zip(columns._days, late_s, counts, on_time, strict=True)
            if count or late
        )

    def page(self, limit: int, offset: int) -> list[tuple[float, str]]:
        """Return lateness and id of a page of the late orders, the latest first, ties by id."""
        late_s, id_of = self._columns.late_s, self._columns.id_of
        if offset + limit < len(self._late):
            least = np.partition(-late_s[self._late], offset + limit)[offset + limit]
            among = self._late[-late_s[self._late] <= least]
        else:
            among = self._late
        found = sorted((-float(late_s[i]), id_of(i)) for i in among)
        return [(-late, order) for late, order in found[offset : offset + limit]]

    def _bars(self, name: str) -> tuple[DelayBar, ...]:
        table = self._columns._tables[name]
        late_s, orders, met = self._counted(name, len(table))
        bars = [
            DelayBar(key=key, late_s=float(late_s[i]), orders=int(orders[i]))
            for key, i in table.items()
            if met[i]
        ]
        return tuple(sorted(bars, key=lambda bar: (-bar.late_s, bar.key)))

    def _counted(self, name: str, size: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return, by key, the lateness, the orders that it made later, and whether it occurs."""
        if name in _OF_ORDERS:
            codes = self._columns._codes[name]
            late_s = np.bincount(codes, self._late_by_order, size)
            orders = np.bincount(codes[self._later], minlength=size)
            return late_s, orders, np.bincount(codes[self._met], minlength=size)
        codes = self._codes[name]
        late_s = np.bincount(codes, self._late_s, size)
        return late_s, self._orders_by(codes, size), np.bincount(codes, minlength=size)

    def _orders_by(self, codes: _Codes, size: int) -> NDArray[np.intp]:
        """Count, for each key, the orders that any of its steps made later."""
        width = len(self._done)
        pairs = codes[self._adds] * width + self._order[self._adds]
        if size * width > _MOST_FLAGS:
            return np.bincount(np.unique(pairs) // width, minlength=size)
        met = np.zeros(size * width, np.bool_)
        met[pairs] = True
        return np.asarray(np.count_nonzero(met.reshape(size, width), axis=1))


def _column(rows: Sequence[NDArray[np.void]], name: str) -> NDArray[Any]:
    return np.concatenate([of_pack[name] for of_pack in rows]) if rows else np.empty(0)
