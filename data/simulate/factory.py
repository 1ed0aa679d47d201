"""The demo factory: orders, machines and suppliers on one simulation clock.

It is built from a board (an empty one gives a factory that begins) and moved on by
`advance`. Up to `horizon` machines work in large batches, as history needs it; after it
piece by piece. Imported by `data.simulate` alone.
"""

import re
from collections.abc import Generator
from functools import lru_cache
from random import Random
from typing import Any

import simpy

from data.domain.board import Board
from data.domain.events import EventType, OperationStatus, need_subject
from data.domain.events import WorkUnitState as State
from data.domain.plan import MaterialNeed, Order
from data.domain.site import Site
from data.domain.subjects import OperationState
from data.simulate.hours import Hours
from data.simulate.jobs import Job, OrderRun
from data.simulate.machine import Machine
from data.simulate.planner import Planner
from data.simulate.plant import KINDS, LINES, SITE_ID, TIMEZONE, Line, center_id, site_document
from data.simulate.reports import Envelope, Reporter, Source
from data.simulate.supply import deliver, outsource, recommitted

Process = Generator[simpy.Event, Any, None]
EMPTY = Board(SITE_ID)  # what is known of an order that is new
FIRST_NUMBER = 1001
LIVE_INSPECTION = 20  # pieces of an inspection lot when live; in history a third of the order
HISTORY_INSPECTIONS = 3
EXCURSION_SHARE = 0.03
EXCURSION_S = 6 * 3600  # how long a spell of bad quality lasts


class CenterRun:
    """A work center: its machines and the jobs that come to it."""

    def __init__(self, center: str, buffer: int, line: "dict[str, CenterRun]") -> None:
        self.id = center
        self.buffer = buffer
        self.machines: list[Machine] = []
        self.jobs: list[Job] = []
        self.line = line

    def add(self, job: Job) -> None:
        """Queue a job by its planned start."""
        self.jobs.append(job)
        self.jobs.sort(key=lambda job: (job.priority, job.order.id))

    def pick(self, now: float) -> Job | None:
        """Return the job that comes first of those that may start."""
        return next((job for job in self.jobs if job.may_start(now)), None)

    def wake(self) -> None:
        """Let waiting machines look again."""
        for machine in self.machines:
            machine.wake()

    def wake_starved(self, job: Job) -> None:
        """Let machines look again that wait for pieces of the job, or for any job."""
        for machine in self.machines:
            if machine.state is State.STARVED and machine.job in (None, job):
                machine.wake()

    def room_after(self, job: Job) -> int:
        """Pieces of the job that the next work center's buffer still takes."""
        after = job.after
        center = self.line.get(after.operation.work_center) if after is not None else None
        if after is None or center is None or not center.machines:
            return job.order.quantity
        room = center.buffer - sum(waiting.waiting for waiting in center.jobs)
        if after.held:
            return max(room, self._least(job) - after.waiting)
        if any(machine.idle for machine in center.machines):
            return job.order.quantity
        return room

    @staticmethod
    def _least(job: Job) -> int:
        """Pieces that always fit when the next step works on this very order."""
        return max(2, job.order.quantity // 4)


class Factory:
    """The whole plant at one instant."""

    def __init__(self, board: Board, seed: int, run: str, start: float, horizon: float) -> None:
        self.env = simpy.Environment(initial_time=start)
        self.seed = seed
        self.rng = Random(f"{seed}/{run}")
        self.horizon = horizon
        self.reporter = Reporter(run, TIMEZONE)
        self.orders: dict[str, OrderRun] = {}
        self.machines: dict[str, Machine] = {}
        self._centers: dict[str, CenterRun] = {}
        self._planners: dict[str, Planner] = {}
        self._calendars = {calendar.id: calendar for calendar in site_document().calendars}
        for line in LINES:
            self._build(line, start)
        self._restore(board)

    def advance(self, until: float) -> list[Envelope]:
        """Let the factory work until an instant and return what it reported."""
        if until > self.env.now:
            self.env.run(until=until)
        return self.reporter.take()

    def wake(self, center: str) -> None:
        """Let waiting machines of a work center look again."""
        run = self._centers.get(center)
        if run is not None:
            run.wake()

    def tell_job(
        self,
        job: Job,
        event: EventType,
        source: Source,
        *,
        unit: str | None = None,
        reason: str | None = None,
        good: int = 0,
        scrap: int = 0,
        rework: int = 0,
    ) -> None:
        """Report something of an operation; quantities that are 0 aren't said."""
        said = {
            "work_unit": unit,
            "good": good,
            "scrap": scrap,
            "rework": rework,
            "reason": reason,
        }
        data = {name: value for name, value in said.items() if value}
        self.reporter.tell(source, event, job.subject, self.env.now, data)

    def progress(self, job: Job, good: int, scrap: int, rework: int, unit: str | None) -> None:
        """Count and report pieces that went through; with the last one the operation is done."""
        job.count(good, scrap, rework)
        finished = job.exhausted
        event = EventType.OPERATION_COMPLETED if finished else EventType.OPERATION_PROGRESSED
        source = Source.SUPPLIERS if unit is None else Source.MES
        self.tell_job(job, event, source, unit=unit, good=good, scrap=scrap, rework=rework)
        self._inspect(job, unit, finished)
        if finished:
            self._complete(job)
        self._flow(job)

    def quality(self, center: str, at: float) -> float:
        """How much worse than usual a work center's quality is at the time."""
        return _quality(self.seed, center, int(at // EXCURSION_S))

    def recommit(self, run: OrderRun, need: MaterialNeed, arrives: float) -> None:
        """Commit an order's milestones later when material comes late."""
        order = recommitted(run.order, need, arrives)
        if order is not run.order:
            run.order = order
            self.reporter.tell_order(order, self.env.now)

    def became_idle(self, center: CenterRun) -> None:
        """Let what is blocked before a work center look again: a machine there has no work."""
        self._wake_blocked(center)

    def _build(self, line: Line, start: float) -> None:
        hours = Hours(self._calendars[line.calendar], TIMEZONE, start)
        self._planners[line.id] = Planner(line, hours, self.seed, self.rng)
        centers: dict[str, CenterRun] = {}
        for center in line.centers:
            run = CenterRun(center_id(center.kind, line.id), center.buffer, centers)
            centers[run.id] = run
            for unit in center.units:
                machine = Machine(self, unit, run, KINDS[center.kind], hours)
                run.machines.append(machine)
                self.machines[unit] = machine
        self._centers.update(centers)
        self.env.process(self._ring(hours, [m for run in centers.values() for m in run.machines]))

    def _ring(self, hours: Hours, machines: list[Machine]) -> Process:
        """Wake waiting machines when the line begins to work and when it stops."""
        while True:
            yield self.env.timeout(hours.at(self.env.now)[1] - self.env.now)
            for machine in machines:
                machine.wake()

    def _restore(self, board: Board) -> None:
        if not _covers(board.site, site_document()):
            self.reporter.tell_site(site_document(), self.env.now)
        numbers = [int(id_[3:]) for id_ in board.orders if re.fullmatch(r"SO-\d{1,9}", id_)]
        self._next_number = max([FIRST_NUMBER - 1, *numbers]) + 1
        for plan in sorted(board.plans(), key=lambda plan: plan.id):
            if self._knows(plan) and not board.completed(plan):
                self._take(plan, board)
        for planner in self._planners.values():
            open_here = [r.order for r in self.orders.values() if r.order.area == planner.line.id]
            planner.keep(sorted(open_here, key=lambda o: o.operations[-1].planned_finish))
            for _ in range(planner.line.open_orders - len(open_here)):
                self._plan_next(planner, board)
        for machine in self.machines.values():
            self._restore_machine(machine, board)
            self.env.process(machine.run())

    def _knows(self, plan: Order) -> bool:
        """Whether the factory has what an order's route needs (others may send orders too)."""
        return plan.area in self._planners and all(
            step.performed_by or self._centers.get(step.work_center) for step in plan.operations
        )

    def _take(self, order: Order, board: Board) -> None:
        run = OrderRun(self.env, order)
        self.orders[order.id] = run
        for job in run.jobs:
            known = board.operations.get(job.subject)
            if known is not None:
                self._restore_job(job, known)
            center = self._centers.get(job.operation.work_center)
            if job.operation.performed_by is not None:
                self.env.process(outsource(self, job, known))
            elif center is not None and not job.completed:
                center.add(job)
        for need, job in run.needs():
            known_need = board.needs.get(need_subject(order.id, need.id))
            self.env.process(deliver(self, run, need, job, known_need))
        self.env.process(self._release(run))

    def _restore_job(self, job: Job, known: OperationState) -> None:
        job.good, job.scrap = known.good, known.scrap
        job.status = known.status
        job.uninspected = max(0, known.good + known.scrap - known.inspected)
        machine = self.machines.get(known.work_unit or "")
        running = known.status in (OperationStatus.RUNNING, OperationStatus.PAUSED)
        if running and machine is not None and machine.job is None:
            machine.job, machine.product, job.held = job, job.order.product, True

    def _restore_machine(self, machine: Machine, board: Board) -> None:
        known = board.work_units.get(machine.id)
        if known is None:
            return
        machine.state, machine.subject = known.state, known.operation
        if machine.product is None and known.operation is not None:
            last = board.orders.get(known.operation.split("/")[1])
            machine.product = last.plan.product if last and last.plan else None

    def _plan_next(self, planner: Planner, board: Board) -> None:
        line = planner.line.id
        runs = [run for run in self.orders.values() if run.order.area == line]
        order = planner.plan(self._next_number, self.env.now, runs)
        self._next_number += 1
        self.reporter.tell_order(order, self.env.now)
        self._take(order, board)

    def _release(self, run: OrderRun) -> Process:
        """Let the first work center look when the order's release comes."""
        first = run.jobs[0]
        if first.free_from > self.env.now:
            yield self.env.timeout(first.free_from - self.env.now)
            self.wake(first.operation.work_center)

    def _inspect(self, job: Job, unit: str | None, finished: bool) -> None:
        kind = KINDS.get(job.operation.work_center.rpartition("-")[0])
        if kind is None or not kind.inspects:
            return
        live = self.env.now >= self.horizon
        lot = LIVE_INSPECTION if live else job.order.quantity // HISTORY_INSPECTIONS
        if not job.uninspected or (job.uninspected < lot and not finished):
            return
        inspected, failed = job.uninspected, min(job.failed, job.uninspected)
        job.uninspected = job.failed = 0
        data = {"inspected": inspected, "passed": inspected - failed, "work_unit": unit}
        self.reporter.tell(Source.MES, EventType.QUALITY_INSPECTED, job.subject, self.env.now, data)

    def _complete(self, job: Job) -> None:
        job.status = OperationStatus.COMPLETED
        job.held = False
        job.done.succeed()
        center = self._centers.get(job.operation.work_center)
        if center is not None and job in center.jobs:
            center.jobs.remove(job)
        if job.after is None:
            run = self.orders.pop(job.order.id)
            self._plan_next(self._planners[str(run.order.area)], EMPTY)

    def _flow(self, job: Job) -> None:
        """Wake who waits for these pieces, and who waits for the room they left."""
        if job.after is not None:
            after = self._centers.get(job.after.operation.work_center)
            if after is not None:
                after.wake_starved(job.after)
        center = self._centers.get(job.operation.work_center)
        if center is not None:
            self._wake_blocked(center)

    def _wake_blocked(self, center: CenterRun) -> None:
        for other in center.line.values():
            for machine in other.machines:
                if machine.blocked_by(center.id):
                    machine.wake()


def _covers(known: Site, own: Site) -> bool:
    """Whether the known model has all work units (someone may have changed the rest)."""
    return {unit.id for unit in own.work_units} <= {unit.id for unit in known.work_units}


@lru_cache(maxsize=1024)
def _quality(seed: int, center: str, spell: int) -> float:
    rng = Random(f"{seed}/{center}/{spell}")
    return rng.uniform(3, 6) if rng.random() < EXCURSION_SHARE else 1.0
