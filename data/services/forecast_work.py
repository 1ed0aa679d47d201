"""What is done for the forecasts of one site: learn, simulate, store, score.

It works on an image of the board (`forecast_image`), in whatever thread its owner calls it
from, one call at a time. What takes long it does in steps; between two of them its owner may
call `update`. Imported by `data.services.forecasting`; `data.store.forecasts` fits
`Store`.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec
import structlog
from msgspec.structs import replace

from data.domain.board import Board
from data.domain.events import Event
from data.domain.facts import FORECAST, FORECASTING, Forecasting
from data.domain.forecast.conformal import Calibration, Drift
from data.domain.forecast.engine import Forecaster, learn
from data.domain.forecast.quantiles import level_of
from data.domain.forecast.records import Finish, OperationForecast, OrderForecast
from data.domain.forecast.runtimes import RunTimes
from data.domain.subjects import Fold
from data.services.backtest import backtest
from data.services.folding import completed_at
from data.services.forecast_image import Image
from data.services.past import PastReader
from data.services.ports import Scored, Trace

CLOSED, SCORES, STATES = 2000, 1000, 50_000  # of what was: orders, scores, events of units
STOPS_SINCE = timedelta(days=30)
TRACE_EVERY = timedelta(hours=1)
TOLD_EVERY = timedelta(seconds=30)
TRACES_KEPT = timedelta(days=14)
MOVED_S, STEP_MOVED_S = 60.0, 300.0
WATCHED = 100  # closed orders whose coverage is watched
SCORED_KEPT = 10_000
AT_ONCE = 200  # orders told in one step
_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger("forecasts")

Documents = dict[str, bytes | None]


class Store(Protocol):
    """Where forecasts are kept and what they learn from. Raises: Unavailable."""

    def closed(self, site: str, most: int) -> list[Fold]:
        """States of the orders completed last."""

    def unit_events(
        self, site: str, work_units: Iterable[str], since: datetime, most: int
    ) -> list[Event]:
        """Newest state changes."""

    def scores(self, site: str, most: int) -> list[Scored]:
        """Scores, the oldest first."""

    def save(self, site: str, forecasts: Sequence[OrderForecast], gone: Sequence[str]) -> None:
        """Keep the newest forecasts."""

    def keep_only(self, site: str, orders: Sequence[str]) -> None:
        """Drop those of all other orders."""

    def trace(self, site: str, traces: Sequence[Trace]) -> None:
        """Keep what was forecast."""

    def traces(self, site: str, orders: Sequence[str]) -> list[Trace]:
        """What was forecast for orders."""

    def traced_at(self, site: str) -> datetime | None:
        """When traces were kept last."""

    def unscored(self, site: str) -> dict[str, datetime]:
        """Orders with traces that were completed without being scored."""

    def score(self, site: str, scored: Sequence[Scored]) -> None:
        """Keep scores."""

    def forget_traces(self, site: str, before: datetime) -> None:
        """Drop old traces."""


class ForecastWork:
    """The forecasts of one site, from one loading of its board to the next.

    Each method returns the facts that changed, and raises Unavailable when the store can't be
    reached; then its owner begins with another one.
    """

    def __init__(self, site: str, store: Store, past: PastReader, image: Image) -> None:
        self._site, self._store, self._past = site, store, past
        self._image = image
        self._times, self._calibration = RunTimes(), Calibration(SCORES)
        self._forecaster = Forecaster(self._times, self._calibration)
        self._shown: dict[str, OrderForecast] = {}
        self._scored: dict[str, None] = {}  # the newest, for who is opened and closed again
        self._traced_at: datetime | None = None
        self._drift: Drift | None = None
        self._told: Forecasting | None = None
        self._now = datetime.fromtimestamp(0, UTC)
        self._since: set[str] = set()  # orders that changed since the run began

    def begin(self, now: datetime, published: Iterable[str]) -> Iterator[Documents]:
        """Learn from the past and forecast everything; what was published and isn't so now goes."""
        begun = time.monotonic()
        self._learn(now)
        yield from self.run(now)
        shown = {f"{FORECAST}/{order}" for order in self._shown}
        stale = {name for name in published if name.startswith(f"{FORECAST}/")} - shown
        self._store.keep_only(self._site, list(self._shown))
        took_s = round(time.monotonic() - begun, 2)
        _log.info("forecasting", site=self._site, orders=len(self._shown), took_s=took_s)
        yield dict.fromkeys(stale)

    def run(self, now: datetime) -> Iterator[Documents]:
        """Forecast everything anew; until that is ready the forecasts before stand and go on."""
        self._now, self._since = now, set()
        fresh = self._forecaster.successor()
        for _ in fresh.running(self._image.snapshot(), now):
            yield {}
        fresh.update(self._image.board, self._since, self._now)
        self._forecaster = fresh
        traced = self._trace_due(self._now)
        orders = fresh.orders()
        for first in range(0, max(1, len(orders)), AT_ONCE):
            yield self._taken(orders[first : first + AT_ONCE], self._now, traced)
        yield self._tell(self._now)

    def update(self, orders: Iterable[str], now: datetime) -> Documents:
        """Forecast anew what changed orders and work units touch."""
        changed = set(orders)
        self._since |= changed
        self._now = now
        touched = self._forecaster.update(self._image.board, changed, now)
        documents = self._taken(touched, now)
        return documents if self._told is None else documents | self._tell(now)

    @property
    def settled(self) -> bool:
        """Whether every change was followed to its end; else a `run` is due."""
        return self._forecaster.settled

    @property
    def outdated(self) -> bool:
        """Whether orders came, went or were planned anew; then a `run` is due."""
        return bool(self._forecaster.outdated)

    @property
    def untested(self) -> bool:
        """Whether no closed order calibrates the forecasts yet."""
        return not self._calibration.orders

    def backtest(self, now: datetime) -> Iterator[Documents]:
        """Calibrate by what would have been forecast in the recorded past; forecast anew."""
        scored = backtest(self._past, self._site, self._store.closed(self._site, CLOSED), now)
        self._store.score(self._site, scored)
        self._calibrate(scored)
        _log.info("backtest", site=self._site, orders=len(scored))
        yield {}
        if scored:
            yield from self.run(now)

    def _learn(self, now: datetime) -> None:
        board = Board(self._site)
        board.site_state = self._image.board.site_state
        board.restore(self._store.closed(self._site, CLOSED))
        learn(board, board.orders, self._times, now)
        learn(self._image.board, self._image.board.orders.keys() - board.orders, self._times, now)
        self._learn_stops(board, now)
        self._calibrate(self._store.scores(self._site, SCORES))
        self._score(self._store.unscored(self._site))
        self._traced_at = self._store.traced_at(self._site)

    def _learn_stops(self, board: Board, now: datetime) -> None:
        centers = {unit.id: unit.work_center for unit in board.site.work_units}
        since = now - STOPS_SINCE
        for event in self._store.unit_events(self._site, centers, since, STATES):
            board.apply(event)
        for name, unit in board.work_units.items():
            if name in centers:
                self._times.add_stops(unit, centers[name])

    def _calibrate(self, scored: Iterable[Scored]) -> None:
        for one in scored:
            if one.order not in self._scored:
                self._scored[one.order] = None
                self._calibration.add(one.scores)
        while len(self._scored) > SCORED_KEPT:
            del self._scored[next(iter(self._scored))]
        was, self._drift = self._drift, self._calibration.drift(0.8, last=WATCHED)
        if self._drift and self._drift.drifted and not (was and was.drifted):
            said = round(self._drift.coverage, 3)
            _log.warning("forecasts drift", site=self._site, coverage=said)

    def _taken(self, touched: Iterable[str], now: datetime, traced: bool = False) -> Documents:
        """Store what moved, score what closed; return what is to be told."""
        is_open = set(self._forecaster.orders())
        made = {order: self._forecaster.order(order) for order in touched if order in is_open}
        gone = sorted(self._shown.keys() - is_open)
        self._trace(made if traced else made.keys() - self._shown.keys(), made)
        fresh = [made_for for made_for in made.values() if self._moved(made_for)]
        told = [replace(made_for, remaining_s=()) for made_for in fresh]
        self._store.save(self._site, told, gone)
        self._close(gone, now)
        for order in gone:
            del self._shown[order]
        self._shown.update((one.order, one) for one in told)
        documents: Documents = {f"{FORECAST}/{order}": None for order in gone}
        documents.update((f"{FORECAST}/{one.order}", _encode(one)) for one in told)
        return documents

    def _moved(self, made: OrderForecast) -> bool:
        before = self._shown.get(made.order)
        return before is None or moved(before, made)

    def _trace_due(self, now: datetime) -> bool:
        """Whether traces of all orders are to be kept, which they are once an hour."""
        if self._traced_at is not None and now - self._traced_at < TRACE_EVERY:
            return False
        self._traced_at = now
        self._store.forget_traces(self._site, now - TRACES_KEPT)
        return True

    def _trace(self, orders: Iterable[str], made: Mapping[str, OrderForecast]) -> None:
        """Keep what was forecast for these orders."""
        rows = [
            Trace(order, made[order].made_at, list(made[order].remaining_s)) for order in orders
        ]
        self._store.trace(self._site, rows)

    def _close(self, orders: Sequence[str], now: datetime) -> None:
        """Score and learn from the orders among these that were completed."""
        board = self._image.board
        closed: dict[str, datetime] = {}
        for order in orders:
            plan = self._image.plan(order)
            at = None if plan is None or plan.cancelled else completed_at(board, plan)
            if at is not None:
                closed[order] = at
        learn(board, closed, self._times, now)
        self._score(closed)

    def _score(self, closed: Mapping[str, datetime]) -> None:
        fresh = {order: at for order, at in closed.items() if order not in self._scored}
        if not fresh:
            return
        levels: dict[str, list[float]] = {order: [] for order in fresh}
        for order, made_at, remaining_s in self._store.traces(self._site, list(fresh)):
            left_s = (fresh[order] - made_at).total_seconds()
            if left_s >= 0:
                levels[order].append(level_of(remaining_s, left_s))
        scored = [Scored(order, fresh[order], tuple(own)) for order, own in levels.items() if own]
        self._store.score(self._site, scored)
        self._calibrate(scored)

    def _tell(self, now: datetime) -> Documents:
        """Say how far the forecasts are and how good they were, when there is news of it."""
        before, drift = self._told, self._drift
        closed = self._calibration.orders
        if before and before.closed == closed and now - before.as_of < TOLD_EVERY:
            return {}
        self._told = told = Forecasting(
            as_of=now,
            closed=closed,
            judged=drift.orders if drift else 0,
            coverage=drift.coverage if drift else None,
            low=drift.low if drift else None,
            high=drift.high if drift else None,
        )
        return {FORECASTING: _encode(told)}


def moved(before: OrderForecast, after: OrderForecast) -> bool:
    """Whether somebody who looks at the order could notice.

    By a minute of its finish or five of an operation's or of a part's date, or in what is open
    of it. A part's date moves by itself: what is promised holds the operation, and not the need.
    """
    if before.calibrated is not after.calibrated or _apart(before.finish, after.finish, MOVED_S):
        return True
    if len(before.operations) != len(after.operations):
        return True
    pairs = zip(before.operations, after.operations, strict=True)
    return any(_step_moved(old, new) for old, new in pairs) or _needs_moved(before, after)


def _needs_moved(before: OrderForecast, after: OrderForecast) -> bool:
    was, limit = {one.need: one for one in before.needs}, timedelta(seconds=STEP_MOVED_S)
    if was.keys() != {one.need for one in after.needs}:
        return True
    return any(
        abs(one.need_by - was[one.need].need_by) >= limit
        or abs(one.early_at - was[one.need].early_at) >= limit
        for one in after.needs
    )


def _step_moved(before: OperationForecast, after: OperationForecast) -> bool:
    if before.operation != after.operation:
        return True
    shift_s = abs((before.start_at - after.start_at).total_seconds())
    return shift_s >= STEP_MOVED_S or _apart(before.finish, after.finish, STEP_MOVED_S)


def _apart(before: Finish, after: Finish, limit_s: float) -> bool:
    pairs = (
        (before.p50_at, after.p50_at),
        (before.p80_at, after.p80_at),
        (before.p95_at, after.p95_at),
    )
    return any(abs((old - new).total_seconds()) >= limit_s for old, new in pairs)
