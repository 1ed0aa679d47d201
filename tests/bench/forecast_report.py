"""How good the forecast is, and how fast: `python -m tests.bench.forecast_report`.

Three parts: a real machining shop's log, 5-fold by order; the demo factory's month, from its
first to its second half; 100,000 open operations on one core. The log is read from the folder
in MILEPOST_REAL_DATA and left out without it.
"""

import csv
import os
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean, median

import numpy as np
from numpy.typing import NDArray

from data.domain.board import Board
from data.domain.events import Data, Event, EventType
from data.domain.forecast.conformal import Calibration
from data.domain.forecast.engine import Forecaster, learn, score
from data.domain.forecast.judge import ByOrder, Judged, folds_of, judge
from data.domain.forecast.records import OrderForecast
from data.domain.forecast.remaining import Passed, Prefix
from data.domain.forecast.runtimes import RunTimes, Work
from data.domain.forecast.scores import coverage, coverage_by_horizon, crps_samples
from data.domain.plan import Milestone, Operation, Order
from data.domain.projection import project, route_of
from data.domain.rules import parse_event
from data.domain.site import Area, Calendar, Shift, Site, WorkCenter, WorkUnit
from data.simulate.run import history
from tests.bench.figures import Measurement, at_most, noted

Floats = NDArray[np.float64]
DAY_S, HOUR_S = 86400.0, 3600.0
LOG = Path("production_log") / "Production_wta_start_end.csv"
SEEDS = range(10)
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
DEMO_SEED = 7
EVERY = timedelta(hours=12)
LEARN_DAYS, WARM_DAYS, LAST_DAYS = 8, 17, 26


def measure(stage: object, quick: bool) -> list[Measurement]:
    """Measure every part; `quick` leaves nothing out but repetitions."""
    found = [*measure_demo(), *measure_speed()]
    path = log_path()
    return found if path is None else [*measure_log(path, SEEDS[:1] if quick else SEEDS), *found]


def log_path() -> Path | None:
    folder = os.environ.get("MILEPOST_REAL_DATA")
    path = Path(folder) / LOG if folder else None
    return path if path is not None and path.exists() else None


class Row(Prefix, frozen=True, kw_only=True):
    """A prefix with what the baselines ask for."""

    elapsed_s: float


def read_log(path: Path) -> dict[str, list[Passed]]:
    """Return the prefixes of every order: one after each run of the log, in order of finish."""
    runs: dict[str, list[tuple[float, float, str, str]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for cells in csv.DictReader(file):
            if cells["Activity"] not in ("Start", "End"):
                finish, start = (_seconds(cells[c]) for c in ("time:timestamp", "start_timestamp"))
                runs[cells["case:concept:name"]].append(
                    (finish, start, cells["Activity"], cells["Resource"])
                )
    return {order: list(_prefixes(order, sorted(own))) for order, own in runs.items()}


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _prefixes(order: str, runs: Sequence[tuple[float, float, str, str]]) -> Iterable[Passed]:
    begun_s, done, worked_s = min(start for _, start, _, _ in runs), frozenset[str](), 0.0
    for finish, start, activity, unit in runs:
        done |= {activity}
        worked_s += finish - start
        row = Row(
            order=order,
            last=activity,
            done=done,
            worked_s=worked_s,
            work_unit=unit,
            elapsed_s=finish - begun_s,
        )
        yield Passed(prefix=row, remaining_s=runs[-1][0] - finish)


Predict = Callable[[Row], float]
Fit = Callable[[Sequence[Passed]], Predict]


def mean_total_less_elapsed(known: Sequence[Passed]) -> Predict:
    totals = {p.prefix.order: _row(p).elapsed_s + p.remaining_s for p in known}
    total = fmean(totals.values())
    return lambda row: max(0.0, total - row.elapsed_s)


def mean_remaining(known: Sequence[Passed]) -> Predict:
    mean = fmean(p.remaining_s for p in known)
    return lambda row: mean


def median_remaining(known: Sequence[Passed]) -> Predict:
    middle = median(p.remaining_s for p in known)
    return lambda row: middle


def median_by_last_activity(known: Sequence[Passed]) -> Predict:
    groups: dict[str, list[float]] = defaultdict(list)
    for p in known:
        groups[p.prefix.last].append(p.remaining_s)
    middles = {name: median(values) for name, values in groups.items()}
    anything = median(p.remaining_s for p in known)
    return lambda row: middles.get(row.last, anything)


def walk_of_routes(known: Sequence[Passed]) -> Predict:
    """Monte Carlo alone: walk from activity to activity as the known orders did, to the end."""
    steps: dict[str, list[tuple[str | None, float]]] = defaultdict(list)
    for past, after in pairwise([*known, None]):
        assert past is not None
        stays = after is not None and after.prefix.order == past.prefix.order
        gap = past.remaining_s - after.remaining_s if after is not None and stays else 0.0
        name = after.prefix.last if after is not None and stays else None
        steps[past.prefix.last].append((name, gap))
    rng = random.Random(0)
    middles = {name: median(_walk(name, steps, rng) for _ in range(200)) for name in steps}
    anything = median(middles.values())
    return lambda row: middles.get(row.last, anything)


def _walk(
    name: str, steps: Mapping[str, Sequence[tuple[str | None, float]]], rng: random.Random
) -> float:
    at: str | None = name
    total = 0.0
    for _ in range(1000):
        if at is None:
            break
        at, gap = rng.choice(steps[at])
        total += gap
    return total


BASELINES: Mapping[str, Fit] = {
    "mean total - elapsed": mean_total_less_elapsed,
    "mean remaining": mean_remaining,
    "median remaining": median_remaining,
    "median by last activity": median_by_last_activity,
    "Monte Carlo walk of routes alone": walk_of_routes,
}


def baseline_error_days(by_order: ByOrder, fit: Fit, seed: int) -> float:
    """Mean absolute error over all prefixes, every order forecast from the other folds."""
    errors: list[float] = []
    for held in folds_of(by_order, seed=seed):
        outside = set(held)
        known = [p for order, own in by_order.items() if order not in outside for p in own]
        predict = fit(known)
        errors += [abs(p.remaining_s - predict(_row(p))) for o in held for p in by_order[o]]
    return fmean(errors) / DAY_S


def _row(passed: Passed) -> Row:
    assert isinstance(passed.prefix, Row)
    return passed.prefix


def measure_log(path: Path, seeds: Sequence[int]) -> list[Measurement]:
    by_order = read_log(path)
    results = [judge(by_order, seed) for seed in seeds]
    errors = [result.error_s / DAY_S for result in results]
    covered = [coverage(result.actual_s, result.p80_s) for result in results]
    first = results[0]
    return [
        *(
            _exact(f"log: {name}, MAE", baseline_error_days(by_order, fit, seeds[0]), "days")
            for name, fit in BASELINES.items()
        ),
        _exact("log: forecast, MAE", errors[0], "days", "≤ 13.9", errors[0] <= 13.9),
        _exact(f"log: forecast, worst MAE of {len(seeds)} deals of folds", max(errors), "days"),
        _exact("log: P80 coverage", covered[0], "", ".77 – .83", 0.77 <= covered[0] <= 0.83),
        _exact(f"log: least P80 coverage of {len(seeds)} deals of folds", min(covered), ""),
        _exact(f"log: greatest P80 coverage of {len(seeds)} deals of folds", max(covered), ""),
        _exact("log: P80 coverage, uncalibrated", coverage(first.actual_s, first.raw_p80_s), ""),
        _exact("log: P95 coverage", coverage(first.actual_s, first.p95_s), ""),
        *_log_horizons(first),
    ]


def _log_horizons(judged: Judged) -> Iterable[Measurement]:
    edges = [days * DAY_S for days in (0, 5, 10, 20, 40)]
    for band in coverage_by_horizon(judged.actual_s, judged.p80_s, judged.p50_s, edges):
        if band.coverage is not None:
            days = f"{band.from_s / DAY_S:g} to {band.to_s / DAY_S:g} days"
            yield _exact(f"log: P80 coverage, P50 {days} ahead ({band.count})", band.coverage, "")


def _exact(
    name: str, value: float, unit: str, must: str = "", holds: bool | None = None
) -> Measurement:
    """Two digits more than `noted` keeps: methods differ in them."""
    return Measurement(name=name, value=round(value, 3), unit=unit, must=must, holds=holds)


def measure_demo() -> list[Measurement]:
    cases = demo_cases()
    found = []
    actual = np.array([c["actual"] for c in cases])
    for name in ("plan", "median by operation", "plan moved by its delay", "forecast"):
        error = np.abs(actual - np.array([c[name] for c in cases])).mean() / HOUR_S
        found.append(noted(f"demo: {name}, MAE over {len(cases)} cases", float(error), "h"))
    share = float(np.mean([c["actual"] <= c["p80"] for c in cases]))
    raw = float(np.mean([c["actual"] <= c["raw p80"] for c in cases]))
    return [
        *found,
        noted("demo: P80 coverage", share, ""),
        noted("demo: P80 coverage, uncalibrated", raw, ""),
        noted(
            "demo: forecast, CRPS before calibration", fmean(c["crps"] for c in cases) / HOUR_S, "h"
        ),
    ]


def demo_cases() -> list[dict[str, float]]:
    """Forecast the second half of a month twice a day, with what the time before it taught."""
    _, envelopes = history(DEMO_SEED, NOW)
    events = sorted((parse_event(e, NOW) for e in envelopes), key=lambda e: e.time)
    return DemoMonth(events).cases()


class DemoMonth:
    """A month of the demo factory, lived through in steps of half a day."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = events
        self._end = Board("hsinchu")
        for event in events:
            self._end.apply(event)
        self._board = Board("hsinchu")
        self._times, self._calibration = RunTimes(), Calibration()
        self._forecaster = Forecaster(self._times, self._calibration)
        self._made: dict[str, list[OrderForecast]] = defaultdict(list)
        self._left: dict[str, list[float]] = defaultdict(list)
        self._closed: set[str] = set()

    def cases(self) -> list[dict[str, float]]:
        start, read = self._events[0].time, 0
        cases: list[dict[str, float]] = []
        at = start + timedelta(days=1)
        while at <= start + timedelta(days=LAST_DAYS):
            while read < len(self._events) and self._events[read].time <= at:
                self._board.apply(self._events[read])
                read += 1
            self._learn(at)
            if at >= start + timedelta(days=LEARN_DAYS):
                cases += self._forecast(at, judged=at >= start + timedelta(days=WARM_DAYS))
            at += EVERY
        return cases

    def _learn(self, at: datetime) -> None:
        """Take in the orders that have closed by now."""
        closed = {p.id for p in self._board.plans() if self._board.completed(p)} - self._closed
        self._closed |= closed
        learn(self._board, sorted(closed), self._times, at)
        for order in sorted(closed):
            finished_s = _finished_s(self._board, order)
            self._calibration.add(
                score(self._made.pop(order, ()), datetime.fromtimestamp(finished_s, UTC))
            )
            self._teach_medians(order, finished_s)

    def _teach_medians(self, order: str, finished_s: float) -> None:
        plan = self._board.orders[order].plan
        assert plan is not None
        for operation in plan.operations:
            state = self._board.operation(order, operation.id)
            if state.started_at is not None:
                left = finished_s - state.started_at.timestamp()
                self._left[operation.work_center].append(left)

    def _forecast(self, at: datetime, judged: bool) -> list[dict[str, float]]:
        self._forecaster.run(self._board, at)
        cases = []
        for order in self._forecaster.orders():
            forecast = self._forecaster.order(order)
            self._made[order].append(forecast)
            plan = self._board.orders[order].plan
            assert plan is not None
            if judged and self._end.completed(plan):
                cases.append(self._case(plan, forecast, at.timestamp()))
        return cases

    def _case(self, plan: Order, forecast: OrderForecast, now_s: float) -> dict[str, float]:
        actual_s = _finished_s(self._end, plan.id)
        planned_s = max(o.planned_finish.timestamp() for o in plan.operations)
        moved = project(route_of(plan), self._board, now_s).finish_s
        remaining = np.array(forecast.remaining_s)
        return {
            "actual": actual_s,
            "plan": max(now_s, planned_s),
            "median by operation": self._by_operation(plan, now_s),
            "plan moved by its delay": moved or now_s,
            "forecast": forecast.finish.p50_at.timestamp(),
            "p80": forecast.finish.p80_at.timestamp(),
            "raw p80": now_s + float(np.quantile(remaining, 0.8)),
            "crps": crps_samples(remaining, actual_s - now_s),
        }

    def _by_operation(self, plan: Order, now_s: float) -> float:
        """Median time left of closed orders since the operation that began last had begun."""
        begun = [(o, self._board.operation(plan.id, o.id).started_at) for o in plan.operations]
        started = [(at.timestamp(), o.work_center) for o, at in begun if at is not None]
        since_s, center = max(started, default=(now_s, plan.operations[0].work_center))
        left = self._left.get(center)
        return max(now_s, since_s + median(left)) if left else now_s


def _finished_s(board: Board, order: str) -> float:
    plan = board.orders[order].plan
    assert plan is not None
    ends = [board.operation(order, operation.id).finished_at for operation in plan.operations]
    return max(end.timestamp() for end in ends if end is not None)


def measure_speed(orders: int = 5000, operations: int = 20) -> list[Measurement]:
    """100,000 open operations, the processor's time of one core."""
    board, times = big_board(orders, operations), taught_times()
    forecaster = Forecaster(times, Calibration())
    begun = time.process_time()
    forecaster.run(board, NOW)
    forecaster.finishes()
    whole = time.process_time() - begun
    found = [at_most(f"{orders * operations:,} open operations from scratch", whole, "s", 10.0)]
    for word, kind, after in (
        ("start", EventType.OPERATION_STARTED, 1),
        ("end", EventType.OPERATION_COMPLETED, 40),
    ):
        at = NOW + timedelta(minutes=after)
        board.apply(_event(kind, "operation/o0/0", at, Data()))
        begun = time.process_time()
        moved = forecaster.update(board, {"o0"}, at)
        spent = time.process_time() - begun
        found.append(at_most(f"what one {word} moves ({len(moved)} orders)", spent, "s", 2.0))
    return found


def taught_times() -> RunTimes:
    times, rng = RunTimes(), random.Random(3)
    for number in range(4000):
        work = Work(f"p{number % 50}", f"f{number % 5}", f"c{number % 100}")
        times.add_run(work, f"h{number}", rng.lognormvariate(0, 0.4) * 100, 100)
    return times


def big_board(orders: int, operations: int, centers: int = 100, lanes: int = 2) -> Board:
    """A plant whose orders all meet at the same work centers, two shifts a day."""
    board, rng = Board("big"), random.Random(1)
    shifts = tuple(
        Shift(name=name, start=start, finish=finish)
        for name, start, finish in (("early", "06:00", "14:00"), ("late", "14:00", "22:00"))
    )
    site = Site(
        id="big",
        name="Big",
        areas=(Area(id="a", calendar="c"),),
        work_centers=tuple(WorkCenter(id=f"c{n}", area="a") for n in range(centers)),
        work_units=tuple(
            WorkUnit(id=f"u{n}-{lane}", work_center=f"c{n}")
            for n in range(centers)
            for lane in range(lanes)
        ),
        calendars=(Calendar(id="c", shifts=shifts),),
    )
    board.apply(_event(EventType.PLAN_CHANGED, "site/big", NOW, Data(site=site)))
    for number in range(orders):
        plan = _plan(number, operations, centers, rng)
        board.apply(_event(EventType.PLAN_CHANGED, f"order/{plan.id}", NOW, Data(order=plan)))
    return board


def _plan(number: int, operations: int, centers: int, rng: random.Random) -> Order:
    at, steps = NOW + timedelta(hours=rng.uniform(0, 480)), list[Operation]()
    for place in range(operations):
        finish = at + timedelta(minutes=rng.uniform(10, 60))
        steps.append(
            Operation(
                id=str(place),
                work_center=f"c{rng.randrange(centers)}",
                planned_start=at,
                planned_finish=finish,
            )
        )
        at = finish + timedelta(hours=1)
    last = Milestone(id="m", name="m", operation=str(operations - 1), baseline_at=at)
    return Order(
        id=f"o{number}",
        product=f"p{number % 50}",
        family=f"f{number % 5}",
        quantity=10,
        due_at=at,
        operations=tuple(steps),
        milestones=(last,),
    )


def _event(kind: EventType, subject: str, at: datetime, data: Data) -> Event:
    return Event(f"{kind}-{subject}", "bench", kind, subject, at, at, data)


def main(arguments: Sequence[str]) -> int:
    parts: dict[str, Callable[[], list[Measurement]]] = {
        "demo": measure_demo,
        "speed": measure_speed,
    }
    path = log_path()
    if path is not None:
        parts = {"log": lambda: measure_log(path, SEEDS), **parts}
    failed = False
    for name in arguments or parts:
        for found in parts[name]():
            failed = failed or found.holds is False
            verdict = {None: "", True: "holds", False: "FAILS"}[found.holds]
            print(f"{found.name:62} {found.value:>10} {found.unit:5} {found.must:10} {verdict}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
