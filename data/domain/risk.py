"""Which open orders are in danger, and by how much.

Pure. `order_risk` judges one order; `RiskBook` keeps the judgement of all open orders of a
board so that a wall gets the worst of them at once.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from math import ceil

from msgspec import Struct

from data.domain.board import Board
from data.domain.events import OperationStatus, WorkUnitState
from data.domain.forecast.records import OrderForecast
from data.domain.line import areas_by_center, home_area
from data.domain.plan import Order
from data.domain.projection import Projection, Route, project, route_of
from data.domain.ranking import Ranking
from data.domain.view import RiskRow, Standing

MARGIN_S = 2 * 3600.0
MARGIN_SHARE = 0.1
RENEWED_WITHIN_S = 60.0

_STOPPED_UNIT = (WorkUnitState.DOWN, WorkUnitState.REPAIR)
_OUTLOOKS = (Standing.LATE, Standing.AT_RISK, Standing.UNKNOWN, Standing.ON_TRACK, Standing.DONE)
_Key = tuple[int, float, str]  # (severity, slack in seconds, order)


class Judgement(Struct, frozen=True):
    """A row and what its standing doesn't tell: the outlook whether stopped or not, begun."""

    row: RiskRow
    outlook: Standing
    begun: bool

    @property
    def key(self) -> _Key:
        """Place among the others: late first, then stopped, at risk, unknown, on track."""
        severity = 2 * _OUTLOOKS.index(self.outlook)
        if self.row.standing is Standing.STOPPED:
            severity = min(severity, 1)
        return (severity, self.row.slack_s, self.row.order)


class OrderCounts(Struct, frozen=True, kw_only=True):
    """How many open orders there are, and how they stand.

    `late` and `at_risk` count by outlook, a stopped order too; `standings` as rows show it.
    `unknown`: orders without a route, which nothing can be projected for.
    """

    open: int
    in_process: int
    late: int
    at_risk: int
    unknown: int
    standings: dict[Standing, int]

    @property
    def on_time(self) -> float | None:
        """Share of the orders with a projection that keep their due date; None without any."""
        known = self.open - self.unknown
        return (known - self.late) / known if known else None


def order_risk(plan: Order, board: Board, now: datetime) -> RiskRow:
    """Judge one order by its plan moved by the delay it has (`data.domain.projection`).

    Done when every operation is completed, late when projected past its due date, at risk
    when the slack is less than 2 h or a tenth of the planned span that is left. Stopped,
    whatever the slack, when the first operation that isn't completed is paused or its work
    unit is down. An order without operations is unknown, and late once it is past due.
    """
    return judge(route_of(plan), board, now).row


def judge(
    route: Route, board: Board, now: datetime, forecast: OrderForecast | None = None
) -> Judgement:
    """Judge one order whose route is ready.

    By its forecast when it has one: late when P50 is past the due date, at risk when P80 is.
    """
    now_s, plan = now.timestamp(), route.plan
    due_s = plan.due_at.timestamp()
    projection = project(route, board, now_s)
    if projection.current is None:
        forecast = None
    finish_s = _finish_s(projection, forecast, due_s, now_s)
    outlook = _outlook(projection, forecast, due_s, finish_s)
    place = projection.current
    current = None if place is None else route.operations[place]
    row = RiskRow(
        order=plan.id,
        product=plan.product,
        customer=plan.customer,
        quantity=plan.quantity,
        due_at=plan.due_at,
        projected_at=datetime.fromtimestamp(finish_s, UTC),
        standing=Standing.STOPPED if _stopped(route, place, board) else outlook,
        slack_s=due_s - finish_s,
        operation=None if current is None else current.id,
        work_center=None if current is None else current.work_center,
        done=projection.done,
        operations=len(route.steps),
        forecast=forecast is not None,
        p80_at=None if forecast is None else max(now, forecast.finish.p80_at),
    )
    return Judgement(row, outlook, projection.begun)


class RiskBook:
    """The judgement of every open order of a board.

    The caller says what changed (`touch`) and renews (`refresh`); in between nothing moves.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._routes: dict[str, Route] = {}
        self._homes: dict[str, str | None] = {}
        self._judged: OrderedDict[str, Judgement] = OrderedDict()  # longest ago first
        self._shelves: dict[str | None, _Shelf] = {None: _Shelf()}
        self._touched: set[str] = set(board.orders)
        self._site = board.site_state.site
        self._areas = areas_by_center(self._site)
        self._renewed_at: datetime | None = None
        self._forecasts: Mapping[str, OrderForecast] = {}

    def trust(self, forecasts: Mapping[str, OrderForecast]) -> None:
        """Judge by these forecasts; the caller touches the orders whose forecast changes."""
        if forecasts is not self._forecasts:
            self._touched.update(self._forecasts.keys(), forecasts.keys())
            self._forecasts = forecasts

    def touch(self, orders: Iterable[str]) -> None:
        """Note orders that changed; the next `refresh` judges them."""
        self._touched.update(orders)

    def refresh(self, now: datetime, budget: int | None = None) -> set[str | None]:
        """Judge what was touched, and as many others as renew all of them in a minute.

        `budget` bounds the others. Returns the areas with a row that changed; None stands
        for orders that belong to no line.
        """
        self._follow_site()
        touched, self._touched = self._touched, set()
        changed = self._judge_all(touched, now)
        others = islice(self._judged, self._slice(now, budget))
        changed |= self._judge_all([order for order in others if order not in touched], now)
        return changed

    def worst(self, area: str | None, n: int) -> list[RiskRow]:
        """Return the n open orders in most danger, of one area or (None) of the site."""
        shelf = self._shelves.get(area)
        keys = shelf.ranking.first(n) if shelf else []
        return [self._judged[order].row for _, _, order in keys]

    def row(self, order: str) -> RiskRow | None:
        """Return an open order's row."""
        judgement = self._judged.get(order)
        return judgement.row if judgement else None

    def counts(self, area: str | None) -> OrderCounts:
        """Count the open orders of one area or (None) of the site."""
        return self._shelves.get(area, _Shelf()).counts()

    def _follow_site(self) -> None:
        site = self._board.site_state.site
        if site is not self._site:
            self._site, self._areas = site, areas_by_center(site)
            self._touched.update(self._judged)

    def _slice(self, now: datetime, budget: int | None) -> int:
        since, self._renewed_at = self._renewed_at, now
        elapsed_s = RENEWED_WITHIN_S if since is None else (now - since).total_seconds()
        share = elapsed_s / RENEWED_WITHIN_S if elapsed_s >= 0 else 1.0
        due = ceil(len(self._judged) * min(1.0, share))
        return due if budget is None else min(due, max(0, budget))

    def _judge_all(self, orders: Iterable[str], now: datetime) -> set[str | None]:
        changed: set[str | None] = set()
        for order in orders:
            old, old_home = self._judged.get(order), self._homes.get(order)
            new = self._judge(order, now)
            home = self._homes.get(order)
            if old is not None and old == new and home == old_home:
                self._judged.move_to_end(order)
                continue
            if old is not None:
                self._drop(old, old_home)
                changed.add(old_home)
            if new is not None:
                self._put(new, home)
                changed.add(home)
        return changed

    def _judge(self, order: str, now: datetime) -> Judgement | None:
        """Judge an order anew; None, and nothing kept of it, when it isn't open."""
        state = self._board.orders.get(order)
        plan = state.plan if state else None
        route = self._routes.get(order)
        if plan is not None and not plan.cancelled:
            if route is None or route.plan is not plan:
                route = self._routes[order] = route_of(plan)
            judgement = judge(route, self._board, now, self._forecasts.get(order))
            if judgement.outlook is not Standing.DONE:
                self._homes[order] = home_area(plan, self._areas)
                return judgement
        self._routes.pop(order, None)
        self._homes.pop(order, None)
        return None

    def _put(self, judgement: Judgement, home: str | None) -> None:
        self._judged[judgement.row.order] = judgement
        for shelf in self._shelves_of(home):
            shelf.put(judgement)

    def _drop(self, judgement: Judgement, home: str | None) -> None:
        del self._judged[judgement.row.order]
        for shelf in self._shelves_of(home):
            shelf.drop(judgement)

    def _shelves_of(self, home: str | None) -> list["_Shelf"]:
        if home is None:
            return [self._shelves[None]]
        return [self._shelves[None], self._shelves.setdefault(home, _Shelf())]


class _Shelf:
    """The order and the counts of one area's judgements."""

    __slots__ = ("_begun", "_outlooks", "_standings", "ranking")

    def __init__(self) -> None:
        self.ranking: Ranking[_Key] = Ranking()
        self._outlooks: Counter[Standing] = Counter()
        self._standings: Counter[Standing] = Counter()
        self._begun = 0

    def put(self, judgement: Judgement) -> None:
        self.ranking.add(judgement.key)
        self._count(judgement, 1)

    def drop(self, judgement: Judgement) -> None:
        self.ranking.remove(judgement.key)
        self._count(judgement, -1)

    def counts(self) -> OrderCounts:
        return OrderCounts(
            open=len(self.ranking),
            in_process=self._begun,
            late=self._outlooks[Standing.LATE],
            at_risk=self._outlooks[Standing.AT_RISK],
            unknown=self._outlooks[Standing.UNKNOWN],
            standings={standing: n for standing, n in self._standings.items() if n},
        )

    def _count(self, judgement: Judgement, sign: int) -> None:
        self._outlooks[judgement.outlook] += sign
        self._standings[judgement.row.standing] += sign
        self._begun += sign * judgement.begun


def _finish_s(
    projection: Projection, forecast: OrderForecast | None, due_s: float, now_s: float
) -> float:
    """Return when the order will be done; its due date, or now when that is past, if unknown."""
    if forecast is not None:
        return max(now_s, forecast.finish.p50_at.timestamp())
    return max(due_s, now_s) if projection.finish_s is None else projection.finish_s


def _outlook(
    projection: Projection, forecast: OrderForecast | None, due_s: float, finish_s: float
) -> Standing:
    slack_s = due_s - finish_s
    if projection.finish_s is not None and projection.current is None:
        return Standing.DONE
    if slack_s < 0:
        return Standing.LATE
    if forecast is not None:
        safe = forecast.finish.p80_at.timestamp() <= due_s
        return Standing.ON_TRACK if safe else Standing.AT_RISK
    if projection.finish_s is None:
        return Standing.UNKNOWN
    margin_s = max(MARGIN_S, MARGIN_SHARE * projection.window_s)
    return Standing.AT_RISK if slack_s < margin_s else Standing.ON_TRACK


def _stopped(route: Route, place: int | None, board: Board) -> bool:
    state = None if place is None else board.operations.get(route.steps[place].subject)
    if state is None or state.started_at is None:
        return False
    if state.status is OperationStatus.PAUSED:
        return True
    unit = board.work_units.get(state.work_unit) if state.work_unit else None
    return unit is not None and unit.state in _STOPPED_UNIT
