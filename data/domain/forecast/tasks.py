"""Open operations in numbers, as the simulation of the line needs them.

Imported within the forecast only.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from data.domain.board import Board
from data.domain.forecast.runtimes import RunTimes, Work
from data.domain.forecast.worktime import WorkTime
from data.domain.plan import Operation, Order
from data.domain.projection import Route, Step
from data.domain.site import Site
from data.domain.subjects import OperationState

SHORTEST_S = 1.0
OUTSIDE = ""  # calendar of what is done outside: every second counts


class Task(NamedTuple):
    """One operation that isn't completed.

    Units: `planned_s`, `elapsed_s` working seconds, `earliest_s` clock seconds since 1970.
    `supplied_s`: what `earliest_s` were, if all its material were there.
    `before`: subjects of open predecessors and the share of each that this one may overlap.
    `elapsed_s` None: not started. `done`: share of the pieces that are counted.
    `lane`: place of its work unit within the work center; None: any of them.
    `width`: work units there; 0: it waits for none.
    """

    subject: str
    order: str
    operation: str
    place: int
    work: Work
    calendar: str
    planned_s: float
    before: tuple[tuple[str, float], ...]
    earliest_s: float
    supplied_s: float
    priority: tuple[float, float, str]
    elapsed_s: float | None
    done: float
    lane: int | None
    width: int


class Floor(Struct, frozen=True, kw_only=True):
    """What a site has: lanes of each work center, and the calendar of each as working time."""

    lanes: Mapping[str, tuple[str, ...]]
    calendars: Mapping[str, str]
    axes: Mapping[str, WorkTime]

    def axis(self, calendar: str) -> WorkTime:
        """Return the working time of a calendar; one that isn't known never rests."""
        return self.axes.get(calendar) or self.axes[OUTSIDE]


def floor_of(site: Site, now: datetime) -> Floor:
    """Gather lanes and working time, with the origin of all axes at `now`."""
    of_area = {area.id: area.calendar for area in site.areas}
    lanes: dict[str, list[str]] = {center.id: [] for center in site.work_centers}
    for unit in site.work_units:
        lanes.setdefault(unit.work_center, []).append(unit.id)
    origin_s = now.timestamp()
    axes = {c.id: WorkTime(c, site.timezone, origin_s) for c in site.calendars}
    axes[OUTSIDE] = WorkTime(None, site.timezone, origin_s)
    return Floor(
        lanes={center: tuple(units) for center, units in lanes.items()},
        calendars={c.id: of_area.get(c.area, OUTSIDE) for c in site.work_centers},
        axes=axes,
    )


def tasks_of(route: Route, board: Board, floor: Floor, times: RunTimes, now_s: float) -> list[Task]:
    """Return the open operations of an order, predecessors before successors."""
    states = board.operations
    making = _Making(route, floor, times, _material_at(route.plan, board), now_s)
    tasks: list[Task] = []
    for place, step in enumerate(route.steps):
        state = states.get(step.subject)
        if state is None or state.finished_at is None:
            tasks.append(making.task(place, state))
    return tasks


def planned_s(step: Step, operation: Operation, axis: WorkTime) -> float:
    """Return the planned working time: that of its planned span, else run time and setup."""
    span_s = axis.worked_at(step.finish_s) - axis.worked_at(step.start_s)
    if span_s >= SHORTEST_S:
        return span_s
    return max(SHORTEST_S, operation.run_time_s * step.quantity + operation.setup_s)


def learn(route: Route, board: Board, floor: Floor, times: RunTimes) -> int:
    """Teach the times and overlaps of an order's completed operations; return how many."""
    spans: dict[int, tuple[float, float]] = {}
    for place, (operation, step) in enumerate(zip(route.operations, route.steps, strict=True)):
        state = board.operations.get(step.subject)
        if state is None or state.finished_at is None or state.started_at is None:
            continue
        axis = floor.axis(_calendar(operation, floor))
        start_s, finish_s = state.started_at.timestamp(), state.finished_at.timestamp()
        actual_s = axis.worked_at(finish_s) - axis.worked_at(start_s)
        work = _work(route.plan, operation)
        times.add_run(work, route.plan.id, actual_s, planned_s(step, operation, axis))
        spans[place] = start_s, finish_s
        _learn_leads(route, place, spans, axis, times)
    return len(spans)


def _learn_leads(
    route: Route,
    place: int,
    spans: Mapping[int, tuple[float, float]],
    axis: WorkTime,
    times: RunTimes,
) -> None:
    """Teach how far the predecessors of a step had come when it began."""
    center = route.operations[place].work_center
    for before, _ in route.steps[place].before:
        if before in spans:
            start_s, finish_s = (axis.worked_at(clock_s) for clock_s in spans[before])
            if finish_s > start_s:
                lead = (axis.worked_at(spans[place][0]) - start_s) / (finish_s - start_s)
                times.add_lead(route.operations[before].work_center, center, route.plan.id, lead)


class _Making:
    """Makes the tasks of one order, predecessors first."""

    def __init__(
        self, route: Route, floor: Floor, times: RunTimes, held: Mapping[str, float], now_s: float
    ) -> None:
        self._route, self._floor, self._times = route, floor, times
        self._held, self._now_s = held, now_s
        self._open: set[int] = set()
        released = route.plan.released_at
        self._released_s = 0.0 if released is None else released.timestamp()

    def task(self, place: int, state: OperationState | None) -> Task:
        plan, operation = self._route.plan, self._route.operations[place]
        step, calendar = self._route.steps[place], _calendar(operation, self._floor)
        axis = self._floor.axis(calendar)
        outside = operation.performed_by is not None
        lanes = () if outside else self._floor.lanes.get(operation.work_center, ())
        unit = (state.work_unit if state is not None else None) or operation.work_unit
        elapsed_s = _elapsed_s(state, axis, self._now_s)
        self._open.add(place)
        supplied_s = max(self._now_s, self._released_s) if elapsed_s is None else self._now_s
        held_s = 0.0 if elapsed_s is not None else self._held.get(operation.id, 0.0)
        return Task(
            subject=step.subject,
            order=plan.id,
            operation=operation.id,
            place=place,
            work=_work(plan, operation),
            calendar=calendar,
            planned_s=planned_s(step, operation, axis),
            before=self._before(place, axis),
            earliest_s=max(supplied_s, held_s),
            supplied_s=supplied_s,
            priority=(step.start_s, plan.due_at.timestamp(), step.subject),
            elapsed_s=elapsed_s,
            done=_done(state, step.quantity),
            lane=lanes.index(unit) if unit in lanes else None,
            width=len(lanes),
        )

    def _before(self, place: int, axis: WorkTime) -> tuple[tuple[str, float], ...]:
        """Return the open predecessors, and how much of each the plan or the past overlaps."""
        steps, operations = self._route.steps, self._route.operations
        center = operations[place].work_center
        return tuple(
            (
                steps[before].subject,
                max(
                    _overlap(steps[before], steps[place], overlap_s, axis),
                    self._times.overlap(operations[before].work_center, center),
                ),
            )
            for before, overlap_s in steps[place].before
            if before in self._open
        )


def _overlap(before: Step, step: Step, overlap_s: float, axis: WorkTime) -> float:
    """Return the share of a predecessor's planned working time that the plan overlaps."""
    if overlap_s <= 0:
        return 0.0
    end = axis.worked_at(before.finish_s)
    whole = end - axis.worked_at(before.start_s)
    return min(1.0, (end - axis.worked_at(step.start_s)) / whole) if whole > 0 else 0.0


def _calendar(operation: Operation, floor: Floor) -> str:
    if operation.performed_by:
        return OUTSIDE
    return floor.calendars.get(operation.work_center, OUTSIDE)


def _work(plan: Order, operation: Operation) -> Work:
    return Work(plan.product, plan.family, operation.work_center)


def _elapsed_s(state: OperationState | None, axis: WorkTime, now_s: float) -> float | None:
    if state is None or state.started_at is None:
        return None
    return max(0.0, axis.worked_at(now_s) - axis.worked_at(state.started_at.timestamp()))


def _done(state: OperationState | None, quantity: int) -> float:
    if state is None or quantity <= 0:
        return 0.0
    return min(1.0, (state.good + state.scrap) / quantity)


def _material_at(plan: Order, board: Board) -> dict[str, float]:
    """Return when the promised material of each operation comes; what is there holds nothing."""
    held: dict[str, float] = {}
    for need in plan.needs:
        state = board.needs.get(f"need/{plan.id}/{need.id}")
        if state is None or state.promised_at is None or state.received >= need.quantity:
            continue
        held[need.operation] = max(held.get(need.operation, 0.0), state.promised_at.timestamp())
    return held


def by_subject(tasks: Iterable[Task]) -> dict[str, Task]:
    """Index tasks by subject."""
    return {task.subject: task for task in tasks}
