"""The critical chain of an order: what its end waits for, step by step back in time.

Pure. From the operation that ends last, each step goes to whatever ends last before it begins:
a predecessor of its route, or the operation that has its work unit before, as far as work units
are known. Work units are followed as long as something is still to be done there; what is over
is followed along the order's own route alone.
"""

from datetime import datetime

import numpy as np

from data.domain.gantt.bars import Table
from data.domain.gantt.index import GanttIndex
from data.domain.gantt.records import Link
from data.domain.plan import Operation

LONGEST = 400
_AT_ONCE_S = 1.0


def critical_chain(index: GanttIndex, order: str, now: datetime) -> tuple[Link, ...]:
    """Return the chain of an order of the board, its first step first; () when there is none."""
    plan = index.plan(order)
    if plan is None or not plan.operations:
        return ()
    walk = _Walk(index, now.timestamp())
    links: list[Link] = []
    at: Table | None = walk.last_of(order)
    seen: set[tuple[int, int]] = set()
    while at is not None and len(links) < LONGEST:
        key = (int(at["order"]), int(at["place"]))
        if key in seen:
            break
        seen.add(key)
        before, shared = walk.before(at)
        links.append(walk.link(at, shared))
        at = before
    return tuple(reversed(links))


class _Walk:
    """Steps back over the bars of a board."""

    def __init__(self, index: GanttIndex, now_s: float) -> None:
        self._index = index
        self._now_s = now_s
        self._bars = index.bars.all()
        self._starts, self._finishes = expected(self._bars, now_s)

    def last_of(self, order: str) -> Table:
        """Return the operation of an order that ends last."""
        bars = self._of(order)
        return bars[int(np.argmax(expected(bars, self._now_s)[1]))]  # type: ignore[no-any-return]

    def before(self, at: Table) -> tuple[Table | None, bool]:
        """Return what a step waits for, and whether that is its work unit."""
        route, route_s = self._route(at)
        if at["finish"] == at["finish"]:
            return route, False
        unit, unit_s = self._unit(at)
        if unit is not None and (route is None or unit_s > route_s):
            return unit, True
        return route, False

    def link(self, at: Table, shared: bool) -> Link:
        """Return a step as a link."""
        start, finish = expected(at.reshape(1), self._now_s)
        order = self._index.numbers.orders.names[at["order"]]
        operation = self._index.plans[order].operations[at["place"]].id
        return Link(
            order=order, operation=operation,
            start_s=float(start[0]), finish_s=float(finish[0]), shared=shared,
        )  # fmt: skip

    def _of(self, order: str) -> Table:
        return self._index.bars.of([self._index.numbers.orders.known(order)])

    def _route(self, at: Table) -> tuple[Table | None, float]:
        plan = self._index.plans[self._index.numbers.orders.names[at["order"]]]
        places = predecessor_places(plan.operations, int(at["place"]))
        if not places:
            return None, 0.0
        bars = self._of(plan.id)[places]
        finishes = expected(bars, self._now_s)[1]
        best = int(np.argmax(finishes))
        return bars[best], float(finishes[best])

    def _unit(self, at: Table) -> tuple[Table | None, float]:
        if at["unit"] < 0:
            return None, 0.0
        start = float(expected(at.reshape(1), self._now_s)[0][0])
        there = np.flatnonzero(
            (self._bars["unit"] == at["unit"])
            & (self._bars["order"] >= 0)
            & np.isnan(self._bars["finish"])
            & (self._finishes <= start + _AT_ONCE_S)
            & (self._starts < start)
        )
        if not len(there):
            return None, 0.0
        best = there[int(np.argmax(self._finishes[there]))]
        return self._bars[best], float(self._finishes[best])


def expected(bars: Table, now_s: float) -> tuple[Table, Table]:
    """Return when each bar began or will, and when it ended or will: forecast, else planned."""
    start = np.where(
        np.isnan(bars["forecast_start"]), bars["planned_start"], bars["forecast_start"]
    )
    start = np.where(np.isnan(bars["start"]), start, bars["start"])
    finish = np.where(np.isnan(bars["p50"]), bars["planned_finish"], bars["p50"])
    finish = np.where(np.isnan(bars["finish"]), np.fmax(finish, now_s), bars["finish"])
    return start, finish


def predecessor_places(operations: tuple[Operation, ...], place: int) -> list[int]:
    """Return the places of an operation's predecessors in its route."""
    names = operations[place].predecessors
    if names is None:
        return [place - 1] if place else []
    return [i for i, step in enumerate(operations) if step.id in names and i != place]


def _either(known: Table, otherwise: Table) -> Table:
    return np.where(np.isnan(known), otherwise, known)
