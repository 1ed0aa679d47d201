"""What runs where, and what was inspected lately: questions a board can't answer at once.

Pure. Used by `data.domain.figures`; kept up to date by naming the orders that changed.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from data.domain.board import Board
from data.domain.events import SubjectKind, subject_parts
from data.domain.line import areas_by_center
from data.domain.plan import Operation, Order
from data.domain.ranking import Ranking
from data.domain.subjects import OperationState

_Started = tuple[datetime, str]  # (started, subject)
_Inspected = tuple[datetime, str, int, int]  # (last activity, subject, inspected, passed)


class OpenOperation(Struct, frozen=True):
    """An operation that was started and isn't completed."""

    order: Order
    operation: Operation
    state: OperationState


class FloorIndex:
    """Open operations by work unit, inspections by area and time."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._rebuild()

    def renew(self, orders: Iterable[str]) -> None:
        """Take over orders in which something happened."""
        if self._board.site_state.site is not self._site:
            self._rebuild()
            return
        for order in orders:
            self._replace(order)

    def at(self, unit: str) -> OpenOperation | None:
        """Return the operation that was started last at a work unit and is still open."""
        ranking = self._open.get(unit)
        last = ranking.last() if ranking else None
        return None if last is None else self.open(last[1])

    def open(self, subject: str) -> OpenOperation | None:
        """Return the operation of a subject when it was started and isn't completed."""
        kind, *names = subject_parts(subject)
        state = self._board.operations.get(subject)
        if (
            kind != SubjectKind.OPERATION
            or state is None
            or state.started_at is None
            or state.finished_at
        ):
            return None
        holder = self._board.orders.get(names[0])
        plan = holder.plan if holder else None
        for operation in plan.operations if plan else ():
            if plan is not None and operation.id == names[1]:
                return OpenOperation(plan, operation, state)
        return None

    def inspected(self, area: str, start: datetime, finish: datetime) -> tuple[int, int]:
        """Sum (inspected, passed) over operations last active in [start, finish) at an area.

        Activity is the latest status change, report with a work unit, or start. The board
        sums inspections an operation, so one that began earlier comes with all of them.
        """
        ranking = self._inspected.get(area)
        found = ranking.between((start,), (finish,)) if ranking else []
        return sum(entry[2] for entry in found), sum(entry[3] for entry in found)

    def _rebuild(self) -> None:
        self._site = self._board.site_state.site
        self._areas = areas_by_center(self._site)
        self._open: dict[str, Ranking[_Started]] = {}
        self._inspected: dict[str, Ranking[_Inspected]] = {}
        self._opened: dict[str, list[tuple[str, _Started]]] = {}
        self._ranked: dict[str, list[tuple[str, _Inspected]]] = {}
        for order in self._board.orders:
            self._replace(order)

    def _replace(self, order: str) -> None:
        for unit, started in self._opened.pop(order, ()):
            self._open[unit].remove(started)
        for area, entry in self._ranked.pop(order, ()):
            self._inspected[area].remove(entry)
        holder = self._board.orders.get(order)
        plan = holder.plan if holder else None
        if plan is not None and not plan.cancelled:
            self._take(plan)

    def _take(self, plan: Order) -> None:
        states = self._board.operations
        for operation in plan.operations:
            state = states.get(f"operation/{plan.id}/{operation.id}")
            if state is None:
                continue
            self._open_at(plan.id, state)
            area = self._areas.get(operation.work_center)
            if area is not None and state.inspected:
                self._rank(plan.id, area, state)

    def _open_at(self, order: str, state: OperationState) -> None:
        unit, started_at = state.work_unit, state.started_at
        if unit is not None and started_at is not None and state.finished_at is None:
            started = (started_at, state.subject)
            self._open.setdefault(unit, Ranking()).add(started)
            self._opened.setdefault(order, []).append((unit, started))

    def _rank(self, order: str, area: str, state: OperationState) -> None:
        active_at = _active_at(state)
        if active_at is not None:
            entry = (active_at, state.subject, state.inspected, state.passed)
            self._inspected.setdefault(area, Ranking()).add(entry)
            self._ranked.setdefault(order, []).append((area, entry))


def _active_at(state: OperationState) -> datetime | None:
    moments = (state.status_moment, state.unit_moment)
    times = [moment[0] for moment in moments if moment is not None]
    return max([*times, *([state.started_at] if state.started_at else [])], default=None)
