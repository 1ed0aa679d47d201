"""One machine of the demo factory: takes work, sets up, makes pieces, wears and breaks.

A machine never looks further ahead than its next batch, and a batch never crosses a break,
a fault or the instant at which history ends: so nothing has to be interrupted.
Imported by `data.simulate` alone.
"""

from collections.abc import Generator
from random import Random
from typing import TYPE_CHECKING, Any

import simpy

from data.domain.events import EventType, OperationStatus, work_unit_subject
from data.domain.events import WorkUnitState as State
from data.simulate.chance import share_of
from data.simulate.hours import Hours
from data.simulate.jobs import Job
from data.simulate.plant import Kind
from data.simulate.reports import Source

if TYPE_CHECKING:
    from data.simulate.factory import CenterRun, Factory

Process = Generator[simpy.Event, Any, None]
HOUR_S = 3600.0
SHORT_STOP_S = 2 * HOUR_S  # a pause up to this long is a break, a longer one is off shift
LIVE_STEP_S = 3.0
TRANSFER_LOTS = 5  # of an order; one must be there before a machine that waited begins again
HISTORY_STEPS = 6  # batches of an order, in history
REWORK_EFFORT = 1.5
SAME_PRODUCT_SETUP = 0.35
MAINTAINED_EVERY_H = 110.0
MAINTENANCE_MIN = 45.0


class Wear:
    """Something that stops a machine after so much processing time.

    Units: `mean_s` seconds of processing between stops, `length_s` mean seconds of a stop.
    """

    def __init__(
        self, state: State, mean_s: float, length_s: float, reasons: tuple[str, ...], rng: Random
    ) -> None:
        self.state = state
        self.mean_s = mean_s
        self.length_s = length_s
        self.reasons = reasons
        self.left_s = rng.uniform(0.05, 1.0) * mean_s

    def renew(self, rng: Random) -> None:
        """Draw the processing time to the next stop: at random for faults, else by schedule."""
        if self.state is State.DOWN:
            self.left_s = rng.expovariate(1.0 / self.mean_s)
        else:
            self.left_s = self.mean_s * rng.uniform(0.85, 1.15)


class Machine:
    """A work unit at work."""

    def __init__(
        self, factory: "Factory", unit: str, center: "CenterRun", kind: Kind, hours: Hours
    ) -> None:
        self.id = unit
        self.job: Job | None = None
        self.product: str | None = None
        self.state: State | None = None
        self.subject: str | None = None  # of the operation last reported with the state
        self._factory = factory
        self._env = factory.env
        self._rng = factory.rng
        self._center = center
        self._kind = kind
        self._hours = hours
        self._speed = 1.0 + Random(f"{factory.seed}/{unit}").uniform(-0.02, 0.05)
        self._woken: simpy.Event | None = None
        self._wears = _wears(kind, factory.rng)

    @property
    def idle(self) -> bool:
        """Whether it waits for work of any order."""
        return self.job is None and self.state is State.STARVED

    def blocked_by(self, center: str) -> bool:
        """Whether it waits for room before a work center."""
        after = self.job.after if self.job is not None else None
        if after is None or self.state is not State.BLOCKED:
            return False
        return after.operation.work_center == center

    def wake(self) -> None:
        """Let it look again when it waits."""
        if self._woken is not None and not self._woken.triggered:
            self._woken.succeed()

    def run(self) -> Process:
        """Work for ever; first go on with what it was doing."""
        if self.state in (State.DOWN, State.REPAIR):
            yield from self._repair(self._kind.repair_min * 30, None)
        if self.job is not None:
            if self.state is State.SETUP:
                yield from self._set_up(self.job)
            yield from self._work_off(self.job)
        while True:
            yield from self._rest()
            job = self._center.pick(self._env.now)
            if job is None:
                self._enter(State.STARVED)
                self._factory.became_idle(self._center)
                yield from self._wait(State.STARVED)
            else:
                yield from self._take(job)

    def _take(self, job: Job) -> Process:
        self.job, job.held = job, True
        if job.status is OperationStatus.PLANNED:
            self._factory.tell_job(job, EventType.OPERATION_STARTED, Source.MES, unit=self.id)
            job.status = OperationStatus.RUNNING
        yield from self._set_up(job)
        yield from self._work_off(job)

    def _set_up(self, job: Job) -> Process:
        share = SAME_PRODUCT_SETUP if self.product == job.order.product else 1.0
        length_s = job.operation.setup_s * share * self._rng.uniform(0.8, 1.5)
        if length_s > 0:
            yield from self._spend(State.SETUP, length_s, None)
        self.product = job.order.product

    def _work_off(self, job: Job) -> Process:
        self._resume(job)
        while not job.completed:
            yield from self._rest()
            worn = next((wear for wear in self._wears if wear.left_s <= 0), None)
            if worn is not None:
                yield from self._stop(worn, job)
            elif job.exhausted:
                self._factory.progress(job, 0, 0, 0, self.id)
            else:
                yield from self._make_or_wait(job)
        self.job = None

    def _make_or_wait(self, job: Job) -> Process:
        lot, room = self._lot(job), self._center.room_after(job)
        again = max(1, job.order.quantity // TRANSFER_LOTS)
        if job.waiting < 1 or (self.state is State.STARVED and not self._fed(job, again)):
            yield from self._wait(State.STARVED)
        elif room < 1 or (self.state is State.BLOCKED and room < again):
            yield from self._wait(State.BLOCKED)
        else:
            yield from self._make(job, min(lot, job.waiting, room))

    def _fed(self, job: Job, again: int) -> bool:
        """Whether enough has come to begin again after waiting."""
        return job.waiting >= again or job.before is None or job.before.completed

    def _lot(self, job: Job) -> int:
        """Pieces to make before it is reported: few when live, many in history."""
        if self._env.now < self._factory.horizon:
            return max(1, job.order.quantity // HISTORY_STEPS)
        return max(1, round(LIVE_STEP_S / self._cycle_s(job)))

    def _cycle_s(self, job: Job) -> float:
        return max(0.5, job.operation.run_time_s * self._speed)

    def _make(self, job: Job, pieces: int) -> Process:
        cycle_s = self._cycle_s(job)
        pieces = min(pieces, self._pieces_before_stop(cycle_s))
        if pieces < 1:
            yield self._env.timeout(self._hours.at(self._env.now)[1] - self._env.now)
            return
        self._enter(State.PROCESSING)
        factor = self._factory.quality(self._center.id, self._env.now)
        scrap = share_of(pieces, self._kind.scrap * factor, self._rng)
        rework = share_of(pieces - scrap, self._kind.rework * factor, self._rng)
        length_s = (pieces + REWORK_EFFORT * rework) * cycle_s
        yield self._env.timeout(length_s)
        for wear in self._wears:
            wear.left_s -= length_s
        self._factory.progress(job, pieces - scrap, scrap, rework, self.id)

    def _pieces_before_stop(self, cycle_s: float) -> int:
        """Whole pieces that fit before the next break, fault and the end of history."""
        now = self._env.now
        left_s = self._hours.at(now)[1] - now
        worn_s = min(wear.left_s for wear in self._wears)
        pieces = min(int(left_s / cycle_s), int(worn_s / cycle_s) + 1)
        if now < self._factory.horizon:
            pieces = min(pieces, max(1, int((self._factory.horizon - now) / cycle_s)))
        return pieces

    def _stop(self, wear: Wear, job: Job) -> Process:
        reason = self._rng.choice(wear.reasons)
        length_s = wear.length_s * self._rng.uniform(0.5, 1.6)
        if wear.state is State.DOWN:
            self._pause(job, reason)
            yield from self._spend(State.DOWN, self._rng.uniform(120, 720), reason)
            if self._rng.random() < 0.05:
                length_s *= self._rng.uniform(4, 9)
            yield from self._repair(length_s, reason)
            self._resume(job)
        else:
            yield from self._spend(wear.state, length_s, reason)
        wear.renew(self._rng)

    def _repair(self, length_s: float, reason: str | None) -> Process:
        yield from self._spend(State.REPAIR, length_s, reason)

    def _pause(self, job: Job, reason: str) -> None:
        self._factory.tell_job(
            job, EventType.OPERATION_PAUSED, Source.MES, unit=self.id, reason=reason
        )
        job.status = OperationStatus.PAUSED

    def _resume(self, job: Job) -> None:
        if job.status is OperationStatus.PAUSED:
            self._factory.tell_job(job, EventType.OPERATION_RESUMED, Source.MES, unit=self.id)
            job.status = OperationStatus.RUNNING

    def _spend(self, state: State, length_s: float, reason: str | None) -> Process:
        """Stay in a state for so much working time."""
        left_s = length_s
        while left_s > 0:
            yield from self._rest()
            self._enter(state, reason)
            now = self._env.now
            span_s = min(left_s, self._hours.at(now)[1] - now)
            yield self._env.timeout(span_s)
            left_s -= span_s

    def _rest(self) -> Process:
        """Wait until the line works."""
        while True:
            works, until = self._hours.at(self._env.now)
            if works:
                return
            pause_s = until - self._env.now
            self._enter(State.OFF_SHIFT, "break" if pause_s < SHORT_STOP_S else "off shift")
            yield self._env.timeout(pause_s)

    def _wait(self, state: State) -> Process:
        self._enter(state)
        self._woken = self._env.event()
        yield self._woken

    def _enter(self, state: State, reason: str | None = None) -> None:
        subject = self.job.subject if self.job is not None else None
        if state is self.state and subject == self.subject:
            return
        self.state, self.subject = state, subject
        data: dict[str, Any] = {"state": state.value}
        if subject is not None:
            data["operation"] = subject
        if reason is not None:
            data["reason"] = reason
        self._factory.reporter.tell(
            Source.MACHINES,
            EventType.WORK_UNIT_STATE_CHANGED,
            work_unit_subject(self.id),
            self._env.now,
            data,
        )


def _wears(kind: Kind, rng: Random) -> list[Wear]:
    return [
        Wear(State.DOWN, kind.fails_every_h * HOUR_S, kind.repair_min * 60, kind.faults, rng),
        Wear(State.TOOL_CHANGE, kind.tool_every_h * HOUR_S, kind.tool_min * 60, (kind.tool,), rng),
        Wear(
            State.MAINTENANCE,
            MAINTAINED_EVERY_H * HOUR_S,
            MAINTENANCE_MIN * 60,
            ("planned maintenance",),
            rng,
        ),
    ]
