"""The forecast of a site: from its board to P50, P80 and P95 of all that is open.

`run` does everything, `running` in slices; `update` does what a change touches, until the next
run. Learning is apart: whoever owns the history calls `learn` for closed orders, with the
quantiles that were forecast for them. Imported by services and the watch.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import isinf
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from data.domain.board import Board
from data.domain.forecast import tasks as numbers
from data.domain.forecast.conformal import Calibration
from data.domain.forecast.quantiles import GRID, grid_levels, level_of, value_at
from data.domain.forecast.records import (
    Finish,
    MilestoneForecast,
    NeedForecast,
    OperationForecast,
    OrderForecast,
)
from data.domain.forecast.runtimes import STOPPED, RunTimes
from data.domain.forecast.simulate import SAMPLES, Samples, Simulation
from data.domain.forecast.tasks import Floor, Task, floor_of, tasks_of
from data.domain.forecast.worktime import WorkTime
from data.domain.plan import MaterialNeed, Order
from data.domain.projection import Route, route_of

Floats = NDArray[np.float64]
Real = TypeVar("Real", np.float32, np.float64)
WANTED = (0.5, 0.8, 0.95)
EARLY = 0.2
AT_ONCE = timedelta(seconds=1)  # what starts within it could start now
SLICE = 50  # orders between two rests of a run


class Forecaster:
    """The open orders of one site, forecast together."""

    def __init__(
        self, times: RunTimes, calibration: Calibration, seed: int = 0, samples: int = SAMPLES
    ) -> None:
        """Begin without a forecast; what `times` and `calibration` learn later counts."""
        self._times, self._calibration, self._seed = times, calibration, seed
        self._simulation = Simulation(times, seed, samples)
        self._samples = samples
        self._routes: dict[str, Route] = {}
        self._open: dict[str, list[int]] = {}
        self._floor = Floor(lanes={}, calendars={}, axes={})
        self._outdated: set[str] = set()
        self._now = datetime.fromtimestamp(0, UTC)
        self._levels: tuple[float, ...] = WANTED
        self._calibrated = False

    def run(self, board: Board, now: datetime) -> None:
        """Forecast every open order anew."""
        for _ in self.running(board, now):
            pass

    def running(self, board: Board, now: datetime) -> Iterator[None]:
        """Forecast every open order anew, resting after each slice of the work.

        The board must stand still, and nothing else be asked, until the end.
        """
        self._now, self._outdated = now, set()
        self._floor = floor = floor_of(board.site, now)
        tasks: list[Task] = []
        known, self._routes, self._open = self._routes, {}, {}
        for count, plan in enumerate(board.plans(), 1):
            self._routes[plan.id] = route = _route(plan, known)
            own = tasks_of(route, board, floor, self._times, now.timestamp())
            if own:
                self._open[plan.id] = list(range(len(tasks), len(tasks) + len(own)))
                tasks += own
            if not count % SLICE:
                yield
        self._read_levels()
        stopped = stopped_units(board, now)
        yield from self._simulation.run(tasks, floor, stopped, now.timestamp())

    def successor(self) -> "Forecaster":
        """Return another that forecasts alike, for a run while this one goes on."""
        fresh = Forecaster(self._times, self._calibration, self._seed, self._samples)
        fresh._routes = self._routes
        return fresh

    def update(self, board: Board, orders: Iterable[str], now: datetime) -> set[str]:
        """Forecast anew what the changed orders and the work units' states touch.

        Returns the orders whose forecast moved. A plan that came, went or changed, and a new
        model of the site, wait for the next run; `outdated` has their orders.
        """
        changed = set(orders)
        replanned = {order for order in changed if self._replanned(board, order)}
        self._outdated |= replanned
        self._now = now
        self._read_levels()
        swapped = self._swapped(board, changed - replanned, now)
        moved = self._simulation.update(swapped, stopped_units(board, now), now.timestamp())
        touched = {self._simulation.tasks[place].order for place in moved}
        self._drop_closed(swapped)
        return touched

    @property
    def settled(self) -> bool:
        """Whether the updates since the last run could follow every change to its end."""
        return self._simulation.settled

    @property
    def outdated(self) -> frozenset[str]:
        """The orders that came, went or were planned anew since the last run."""
        return frozenset(self._outdated)

    def orders(self) -> tuple[str, ...]:
        """Return the open orders."""
        return tuple(self._open)

    def order(self, order_id: str) -> OrderForecast:
        """Return the forecast of an open order. Raises: KeyError when it isn't open."""
        places, plan = self._open[order_id], self._routes[order_id].plan
        tasks = [self._simulation.tasks[place] for place in places]
        names = [task.operation for task in tasks]
        calendars = [task.calendar for task in tasks]
        whole = self._whole(calendars, places)
        each = self._remaining(calendars, _grid(self._simulation.finishes[places]))
        finishes = dict(zip(names, self._finishes(each), strict=True))
        starts = dict(zip(names, self._starts(places, self._levels[0]), strict=True))
        return OrderForecast(
            order=order_id,
            made_at=self._now,
            finish=self._finishes(whole[np.newaxis])[0],
            calibrated=self._calibrated,
            operations=tuple(
                OperationForecast(
                    operation=name, start_at=min(starts[name], finish.p50_at), finish=finish
                )
                for name, finish in finishes.items()
            ),
            milestones=tuple(
                MilestoneForecast(milestone=m.id, finish=finishes[m.operation])
                for m in plan.milestones
                if m.operation in finishes
            ),
            needs=self._needs(plan, dict(zip(names, places, strict=True))) if plan.needs else (),
            remaining_s=tuple(whole.tolist()),
        )

    def finishes(self) -> tuple[tuple[str, ...], Floats]:
        """Return all open operations' subjects and P50, P80, P95 of their finish.

        Shape: (operations, 3). Units: clock seconds since 1970.
        """
        simulation = self._simulation
        rows = _grid(simulation.finishes)
        clock = np.empty((len(rows), len(WANTED)))
        calendars = np.array([task.calendar for task in simulation.tasks])
        for calendar in np.unique(calendars):
            which = np.flatnonzero(calendars == calendar)
            ends = self._axis(str(calendar)).ends(rows[which].astype(float))
            remaining = np.maximum(ends - self._s, 0.0)
            clock[which] = np.stack([value_at(remaining, at) for at in self._levels], axis=1)
        open_places = sorted(place for places in self._open.values() for place in places)
        subjects = tuple(simulation.tasks[place].subject for place in open_places)
        return subjects, clock[open_places] + self._s

    @property
    def _s(self) -> float:
        return self._now.timestamp()

    def _replanned(self, board: Board, order: str) -> bool:
        state, known = board.orders.get(order), self._routes.get(order)
        plan = None if state is None else state.plan
        if plan is None or plan.cancelled:
            return known is not None
        return known is None or known.plan is not plan or self._reopened(board, known)

    def _reopened(self, board: Board, route: Route) -> bool:
        """Whether an operation that had been completed is open again."""
        known = {
            self._simulation.tasks[place].subject for place in self._open.get(route.plan.id, ())
        }
        states = (board.operations.get(step.subject) for step in route.steps)
        return any(
            (state is None or state.finished_at is None) and step.subject not in known
            for step, state in zip(route.steps, states, strict=True)
        )

    def _swapped(self, board: Board, orders: set[str], now: datetime) -> dict[str, Task | None]:
        floor = self._floor
        swapped: dict[str, Task | None] = {}
        for order in sorted(orders & self._open.keys()):
            fresh = numbers.by_subject(
                tasks_of(self._routes[order], board, floor, self._times, now.timestamp())
            )
            for place in self._open[order]:
                subject = self._simulation.tasks[place].subject
                swapped[subject] = fresh.get(subject)
        return swapped

    def _drop_closed(self, swapped: Mapping[str, Task | None]) -> None:
        gone = {self._simulation.places[s] for s, task in swapped.items() if task is None}
        for order in {self._simulation.tasks[place].order for place in gone}:
            self._open[order] = [place for place in self._open[order] if place not in gone]
            if not self._open[order]:
                del self._open[order]

    def _read_levels(self) -> None:
        levels = [self._calibration.level(wanted) for wanted in WANTED]
        self._calibrated = not any(isinf(level) for level in levels)
        pairs = zip(levels, WANTED, strict=True)
        self._levels = tuple(wanted if isinf(level) else level for level, wanted in pairs)

    def _axis(self, calendar: str) -> WorkTime:
        return self._floor.axis(calendar)

    def _whole(self, calendars: Sequence[str], places: Sequence[int]) -> Floats:
        """Return the grid's quantiles of the clock seconds until the last of these tasks ends."""
        ends = self._simulation.finishes[places]
        if len(set(calendars)) == 1:  # the clock keeps the order, so fewer need be carried over
            return self._remaining(calendars[:1], _grid(ends.max(axis=0, keepdims=True))).ravel()
        return _grid(np.asarray(self._remaining(calendars, ends).max(axis=0)))

    def _remaining(self, calendars: Sequence[str], worked: Samples) -> Floats:
        """Return the clock seconds until working times are reached. Shape: a row a calendar."""
        ends = worked.astype(float)
        for calendar in set(calendars):
            rows = [row for row, own in enumerate(calendars) if own == calendar]
            ends[rows] = self._axis(calendar).ends(ends[rows])
        return np.asarray(np.maximum(ends - self._s, 0.0))

    def _starts(self, places: Sequence[int], level: float) -> list[datetime]:
        """Return the instants by which tasks have begun with that level."""
        return self._instants(places, self._simulation.starts[places], level)

    def _instants(self, places: Sequence[int], starts: Samples, level: float) -> list[datetime]:
        last = starts.shape[1] - 1
        nth = min(int(level * (last + 1)), last)
        worked = np.partition(starts, nth, axis=1)[:, nth].tolist()
        calendars = [self._simulation.tasks[place].calendar for place in places]
        pairs = zip(calendars, worked, strict=True)
        return [_at(self._axis(calendar).starts_at(at)) for calendar, at in pairs]

    def _finishes(self, remaining: Floats) -> list[Finish]:
        """Return a finish for each row of quantiles of remaining clock seconds."""
        columns = [value_at(remaining, level).tolist() for level in self._levels]
        return [
            Finish(p50_at=_at(self._s + p50), p80_at=_at(self._s + p80), p95_at=_at(self._s + p95))
            for p50, p80, p95 in zip(*columns, strict=True)
        ]

    def _needs(self, plan: Order, open_: Mapping[str, int]) -> tuple[NeedForecast, ...]:
        """Return when the parts of operations that are still open are needed."""
        needs = [need for need in plan.needs if need.operation in open_]
        if not needs:
            return ()
        places = [open_[need.operation] for need in needs]
        fed = np.stack([self._simulation.supplied(place) for place in places])
        level = self._levels[0]
        by = self._needed(needs, places, fed, level)
        early = self._needed(needs, places, fed, min(EARLY, level))
        return tuple(
            NeedForecast(need=need.id, need_by=at, early_at=first)
            for need, at, first in zip(needs, by, early, strict=True)
        )

    def _needed(
        self, needs: Sequence[MaterialNeed], places: Sequence[int], fed: Samples, level: float
    ) -> list[datetime]:
        starts, could = self._starts(places, level), self._instants(places, fed, level)
        return [self._need_by(*one) for one in zip(needs, starts, could, strict=True)]

    def _need_by(self, need: MaterialNeed, start: datetime, could: datetime) -> datetime:
        """Return when a part is needed; `could`: when its operation started, were material there.

        A line that could start before the plan asks no more of who keeps the planned date.
        """
        at_once = could <= self._now + AT_ONCE
        if start > could + AT_ONCE:
            return need.need_by if at_once else max(could, need.need_by)
        return min(start, need.need_by) if at_once else start


def _route(plan: Order, known: Mapping[str, Route]) -> Route:
    route = known.get(plan.id)
    return route if route is not None and route.plan is plan else route_of(plan)


def stopped_units(board: Board, now: datetime) -> dict[str, float]:
    """Return the work units that are down and for how many seconds they have been."""
    return {
        name: max(0.0, (now - unit.since).total_seconds())
        for name, unit in board.work_units.items()
        if unit.state in STOPPED and unit.since is not None
    }


def learn(board: Board, orders: Iterable[str], times: RunTimes, now: datetime) -> int:
    """Teach the run times of these orders' completed operations; return how many there were."""
    floor = floor_of(board.site, now)
    plans = (board.orders[order].plan for order in orders if order in board.orders)
    return sum(numbers.learn(route_of(p), board, floor, times) for p in plans if p is not None)


def score(forecasts: Iterable[OrderForecast], finished_at: datetime) -> list[float]:
    """Return the levels that an order's finish had in the forecasts made for it.

    They are what `Calibration.add` takes when the order closes.
    """
    return [
        level_of(made.remaining_s, max(0.0, (finished_at - made.made_at).total_seconds()))
        for made in forecasts
    ]


@lru_cache(maxsize=8)
def _places(samples: int) -> NDArray[np.intp]:
    return np.asarray(np.ceil(grid_levels(GRID) * samples).astype(int) - 1)


def _grid(samples: NDArray[Real]) -> NDArray[Real]:
    """Return the grid's quantiles of samples, which are along the last axis."""
    return np.asarray(np.sort(samples, axis=-1)[..., _places(samples.shape[-1])])


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(min(seconds, 4102444800.0), UTC)
