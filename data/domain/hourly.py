"""How many pieces the plan wants from a line in any part of a shift.

Pure. Used by `data.domain.figures`. The pieces of an operation at an output work center are
spread evenly over the working time of its planned span (over the span itself when the
calendar has no working time in it). An operation planned over more than 400 days says
nothing about a shift and is left out.
"""

from collections.abc import Iterable, Iterator
from math import fsum

from msgspec import Struct

from data.domain.board import Board
from data.domain.calendars import ShiftRun, working_seconds
from data.domain.line import Line
from data.domain.plan import Operation, Order

DAY_S = 86_400
LONGEST_S = 400 * DAY_S

_Cell = tuple[str, int]  # (work center, days since 1970)
_Name = tuple[str, str]  # (order, operation)
_Span = tuple[float, float]


class _Planned(Struct, frozen=True):
    """An operation whose pieces count as output. Units: seconds since 1970, pieces."""

    operation: Operation
    start_s: float
    finish_s: float
    quantity: int


class _Flow(Struct, frozen=True):
    """Pieces that come evenly. Units: pieces a second; `steady` off shift as well."""

    start_s: float
    finish_s: float
    rate: float
    steady: bool


class ShiftPlan:
    """What the plan wants of one shift of one line."""

    def __init__(
        self, working: list[_Span], flows: list[_Flow], instants: list[tuple[float, int]]
    ) -> None:
        self._working = working
        self._flows = flows
        self._instants = instants
        self._hours: dict[_Span, float] = {}

    def hour(self, start_s: float, finish_s: float) -> float:
        """Pieces planned in an hour of the shift; worked out once, for walls ask all the time."""
        known = self._hours.get((start_s, finish_s))
        if known is None:
            known = self._hours[start_s, finish_s] = self.pieces(start_s, finish_s)
        return known

    def pieces(self, start_s: float, finish_s: float) -> float:
        """Pieces planned in [start, finish), which lies within the shift."""
        spans = [
            (max(a, start_s), min(b, finish_s))
            for a, b in self._working
            if b > start_s and a < finish_s
        ]
        flowing = [
            flow.rate * _meet(flow, [(start_s, finish_s)] if flow.steady else spans)
            for flow in self._flows
        ]
        at_once = [n for at_s, n in self._instants if start_s <= at_s < finish_s]
        return fsum(flowing) + sum(at_once)


class PlanIndex:
    """Planned operations of the output work centers by day, so that a shift finds its own."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._rebuild()

    def renew(self, orders: Iterable[str]) -> None:
        """Take over orders whose plan may have changed; costs little when it hasn't."""
        if self._board.site_state.site is not self._site:
            self._rebuild()
            return
        for order in orders:
            state = self._board.orders.get(order)
            plan = state.plan if state and state.plan and not state.plan.cancelled else None
            if plan is not self._plans.get(order):
                self._replace(order, plan)

    def shift_plan(self, line: Line, shift: ShiftRun) -> ShiftPlan:
        """Return what the plan wants of a shift; kept until a plan changes."""
        known = self._shifts.get(line.area.id)
        if known is None or known[0] != shift:
            known = self._shifts[line.area.id] = (shift, self._plan_of(line, shift))
        return known[1]

    def _rebuild(self) -> None:
        site = self._site = self._board.site_state.site
        self._outputs = {center for area in site.areas for center in area.output} if site else set()
        self._plans: dict[str, Order] = {}
        self._cells: dict[_Cell, dict[_Name, _Planned]] = {}
        self._rates: dict[_Name, _Flow] = {}
        self._shifts: dict[str, tuple[ShiftRun, ShiftPlan]] = {}
        for plan in self._board.plans():
            self._replace(plan.id, plan)

    def _replace(self, order: str, plan: Order | None) -> None:
        old = self._plans.pop(order, None)
        for name, cell, _ in self._places(old) if old else ():
            self._rates.pop(name, None)
            entries = self._cells.get(cell, {})
            entries.pop(name, None)
            if not entries:
                self._cells.pop(cell, None)
        if plan is not None:
            self._plans[order] = plan
            for name, cell, planned in self._places(plan):
                self._cells.setdefault(cell, {})[name] = planned
        self._shifts.clear()

    def _places(self, plan: Order) -> Iterator[tuple[_Name, _Cell, _Planned]]:
        for operation in plan.operations:
            if operation.work_center not in self._outputs:
                continue
            start_s = operation.planned_start.timestamp()
            finish_s = max(start_s, operation.planned_finish.timestamp())
            if finish_s - start_s > LONGEST_S:
                continue
            planned = _Planned(operation, start_s, finish_s, plan.quantity)
            for day in range(int(start_s // DAY_S), int(finish_s // DAY_S) + 1):
                yield (plan.id, operation.id), (operation.work_center, day), planned

    def _plan_of(self, line: Line, shift: ShiftRun) -> ShiftPlan:
        start_s, finish_s = shift.start.timestamp(), shift.finish.timestamp()
        days = range(int(start_s // DAY_S), int(finish_s // DAY_S) + 1)
        cells = [self._cells.get((c, day), {}) for c in set(line.area.output) for day in days]
        planned = {name: entry for cell in cells for name, entry in cell.items()}
        flows = [
            self._flow(name, entry, line)
            for name, entry in planned.items()
            if entry.start_s < finish_s and entry.finish_s > start_s
            if entry.finish_s > entry.start_s
        ]
        instants = [(e.start_s, e.quantity) for e in planned.values() if e.start_s == e.finish_s]
        working = [(a.timestamp(), b.timestamp()) for a, b in shift.working]
        return ShiftPlan(working, flows, instants)

    def _flow(self, name: _Name, planned: _Planned, line: Line) -> _Flow:
        flow = self._rates.get(name)
        if flow is None:
            operation = planned.operation
            span = (operation.planned_start, operation.planned_finish)
            calendar = line.calendar
            work_s = working_seconds(calendar, line.timezone, *span) if calendar else 0.0
            rate = planned.quantity / (work_s or planned.finish_s - planned.start_s)
            flow = _Flow(planned.start_s, planned.finish_s, rate, work_s == 0.0)
            self._rates[name] = flow
        return flow


def _meet(flow: _Flow, spans: list[_Span]) -> float:
    """Seconds for which the flow and the spans meet."""
    start_s, finish_s = flow.start_s, flow.finish_s
    return sum(min(b, finish_s) - max(a, start_s) for a, b in spans if b > start_s and a < finish_s)
