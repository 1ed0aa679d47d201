"""The bars and nodes of one order as rows of numbers, and the table that holds all of them.

Pure. Units: seconds since 1970; NaN where something isn't known or hasn't happened.
Used by `index`, and by `window` for orders that are on no board any more.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import nan
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from data.domain.forecast.records import Finish, OrderForecast
from data.domain.plan import Operation, Order

BAR = np.dtype(
    [
        ("planned_start", "f8"),
        ("planned_finish", "f8"),
        ("start", "f8"),
        ("finish", "f8"),
        ("forecast_start", "f8"),
        ("p50", "f8"),
        ("p80", "f8"),
        ("order", "i4"),
        ("place", "i4"),
        ("center", "i4"),
        ("unit", "i4"),
        ("critical", "?"),
    ]
)
NODE = np.dtype(
    [
        ("planned", "f8"),
        ("reached", "f8"),
        ("p50", "f8"),
        ("order", "i4"),
        ("number", "i4"),
        ("place", "i4"),
        ("center", "i4"),
        ("unit", "i4"),
    ]
)
Table = NDArray[Any]
NOBODY = -1


class Done(Protocol):
    """What became of one operation; the board's states are such, and recorded ones."""

    @property
    def started_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def finished_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def work_unit(self) -> str | None: ...  # noqa: D102


class Names:
    """Names and the numbers that stand for them."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._numbers: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.names)

    def number(self, name: str | None) -> int:
        """Return the number of a name, a new one when it is new; NOBODY for None."""
        if name is None:
            return NOBODY
        found = self._numbers.get(name)
        if found is None:
            found = self._numbers[name] = len(self.names)
            self.names.append(name)
        return found

    def known(self, name: str | None) -> int:
        """Return the number of a name; NOBODY when it has none."""
        return NOBODY if name is None else self._numbers.get(name, NOBODY)


class Blocks:
    """Rows of numbers in which each order's stand side by side; a moved order leaves a hole."""

    def __init__(self, dtype: "np.dtype[Any]") -> None:
        self._rows: Table = np.zeros(256, dtype)
        self._used = 0
        self._holes = 0
        self._places: dict[int, tuple[int, int]] = {}

    def put(self, order: int, rows: Table) -> None:
        """Hold the rows of an order in place of those it had."""
        first, count = self._places.get(order, (0, 0))
        if count != len(rows):
            self.drop(order)
            first = self._room(len(rows))
            self._places[order] = (first, len(rows))
        self._rows[first : first + len(rows)] = rows

    def drop(self, order: int) -> None:
        """Forget an order."""
        first, count = self._places.pop(order, (0, 0))
        self._rows["order"][first : first + count] = NOBODY
        self._holes += count
        if self._holes > 4096 and self._holes > self._used // 2:
            self._close()

    def of(self, orders: Sequence[int]) -> Table:
        """Return the rows of orders, one after the other."""
        found = [self._rows[a : a + n] for a, n in map(self._place, orders)]
        return np.concatenate(found) if found else self._rows[:0]

    def counts(self, orders: Sequence[int]) -> list[int]:
        """Return how many rows each order has."""
        return [self._place(order)[1] for order in orders]

    def all(self) -> Table:
        """Return all rows; `order` is NOBODY in holes."""
        return self._rows[: self._used]

    def _place(self, order: int) -> tuple[int, int]:
        return self._places.get(order, (0, 0))

    def _room(self, count: int) -> int:
        first = self._used
        self._used += count
        if self._used > len(self._rows):
            grown = np.zeros(max(2 * len(self._rows), self._used), self._rows.dtype)
            grown[:first] = self._rows[:first]
            self._rows = grown
        return first

    def _close(self) -> None:
        orders = list(self._places)
        kept, self._holes, at = self.of(orders), 0, 0
        for order in orders:
            count = self._places[order][1]
            self._places[order] = (at, count)
            at += count
        self._rows, self._used = kept, len(kept)


class Numbers:
    """The names that bars refer to by number."""

    def __init__(self) -> None:
        self.orders = Names()
        self.centers = Names()
        self.units = Names()


def bars_of(
    plan: Order,
    states: Mapping[str, Done],
    forecast: OrderForecast | None,
    only_units: Mapping[str, str],
    numbers: Numbers,
) -> Table:
    """Return an order's operations as BAR rows, in the order of its plan.

    `states`: by subject. `only_units`: the work unit of each work center that has but one.
    """
    own = numbers.orders.number(plan.id)
    finishes = {} if forecast is None else {one.operation: one for one in forecast.operations}
    rows = []
    for place, step in enumerate(plan.operations):
        state = states.get(f"operation/{plan.id}/{step.id}")
        start, finish = (nan, nan) if state is None else _span(state)
        ahead = finishes.get(step.id) if finish != finish else None
        unit = _unit(step, state) or only_units.get(step.work_center)
        planned = step.planned_start.timestamp()
        rows.append(
            (
                planned,
                max(planned, step.planned_finish.timestamp()),
                start,
                finish,
                nan if ahead is None else ahead.start_at.timestamp(),
                *_levels(None if ahead is None else ahead.finish),
                own,
                place,
                numbers.centers.number(step.work_center),
                numbers.units.number(unit),
                step.critical,
            )
        )
    return np.array(rows, BAR)


def nodes_of(plan: Order, bars: Table, forecast: OrderForecast | None) -> Table:
    """Return an order's milestones as NODE rows; `bars` are its own.

    Planned is what was committed, else the baseline.
    """
    places = {step.id: place for place, step in enumerate(plan.operations)}
    ahead = {} if forecast is None else {one.milestone: one.finish for one in forecast.milestones}
    rows = []
    for number, milestone in enumerate(plan.milestones):
        place = places.get(milestone.operation)
        if place is None:
            continue
        bar, finish = bars[place], ahead.get(milestone.id)
        planned = (milestone.committed_at or milestone.baseline_at).timestamp()
        p50 = float(bar["p50"]) if finish is None else finish.p50_at.timestamp()
        where = (bar["order"], number, place, bar["center"], bar["unit"])
        rows.append((planned, bar["finish"], p50, *where))
    return np.array(rows, NODE)


def _span(state: Done) -> tuple[float, float]:
    started_at, finished_at = state.started_at, state.finished_at
    start = nan if started_at is None else started_at.timestamp()
    if finished_at is None:
        return start, nan
    finish = finished_at.timestamp()
    return (finish if start != start else start), finish


def _unit(step: Operation, state: Done | None) -> str | None:
    return (state.work_unit if state is not None else None) or step.work_unit


def _levels(finish: Finish | None) -> tuple[float, float]:
    if finish is None:
        return nan, nan
    p50 = finish.p50_at.timestamp()
    return p50, max(p50, finish.p80_at.timestamp())
