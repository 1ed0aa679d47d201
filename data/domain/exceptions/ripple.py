"""Ripple: whom an exception hits, by how much its orders, milestones and needs have moved.

Pure. A date moves from what was last told to what is forecast now. What was last told is, while
no exception concerns an order, what was forecast a while ago; from then on, what it was then.
"""

from collections.abc import Iterable, Iterator, Mapping, Set
from datetime import datetime, timedelta

from data.domain.board import Board
from data.domain.events import OperationStatus
from data.domain.exceptions.records import Hit
from data.domain.forecast.records import OrderForecast
from data.domain.plan import Order

LEAST = timedelta(minutes=30)  # what moves by less hits nobody
MOST_HITS = 200
SETTLES_AFTER = timedelta(minutes=30)
FORGOTTEN_AFTER = timedelta(minutes=1)
_DONE = OperationStatus.COMPLETED


class Told:
    """The forecast of each order that its parties last heard of."""

    def __init__(self) -> None:
        self._told: dict[str, OrderForecast] = {}
        self._next: dict[str, OrderForecast] = {}
        self._turned_at: datetime | None = None
        self._closed = frozenset[str]()
        self._closed_at: datetime | None = None

    def of(self, order: str) -> OrderForecast | None:
        """Return what was last told of an order."""
        return self._told.get(order)

    def follow(
        self, forecasts: Mapping[str, OrderForecast], held: Iterable[str], now: datetime
    ) -> None:
        """Let what was told follow the forecasts, but for orders that exceptions hold.

        Looks at them every half hour; what is told is between a half and one hour old.
        """
        self._forget(self._told.keys() - forecasts.keys(), now)
        for order in forecasts.keys() - self._told.keys():
            self._told[order] = forecasts[order]
        turned = self._turned_at
        if turned is not None and timedelta() <= now - turned < SETTLES_AFTER:  # clocks go back
            return
        keeps = set(held)
        self._told = {
            order: self._told[order] if order in keeps else self._next.get(order, forecast)
            for order, forecast in forecasts.items()
        }
        self._next = dict(forecasts)
        self._turned_at = now

    def _forget(self, closed: Set[str], now: datetime) -> None:
        """Forget the orders that have had no forecast for a while, such as completed ones."""
        looked = self._closed_at
        if looked is not None and timedelta(0) <= now - looked < FORGOTTEN_AFTER:
            return
        for order in closed & self._closed:
            del self._told[order]
            self._next.pop(order, None)
        self._closed, self._closed_at = frozenset(closed), now

    def accept(self, orders: Iterable[str], forecasts: Mapping[str, OrderForecast]) -> None:
        """Take what is forecast now for told: the exception that held them is over."""
        for order in orders:
            if order in forecasts:
                self._told[order] = self._next[order] = forecasts[order]


def orders_of(subject: str, board: Board) -> list[str]:
    """Return the orders that something is about; of a work unit, those it has work for."""
    kind, _, name = subject.partition("/")
    if kind in ("operation", "order", "milestone", "need"):
        return [name.partition("/")[0]]
    if kind == "work-unit":
        center = next((u.work_center for u in board.site.work_units if u.id == name), None)
        return [plan.id for plan in _plans(board) if _works_at(plan, board, name, center)]
    if kind == "work-center":
        return [plan.id for plan in _plans(board) if _works_at(plan, board, None, name)]
    return []


def hits(plan: Order, told: OrderForecast | None, now: OrderForecast | None) -> Iterator[Hit]:
    """Yield what of an order has moved since it was told, by half an hour at least."""
    if told is None or now is None:
        return
    if _moved(told.finish.p80_at, now.finish.p80_at):
        yield Hit(
            kind="order", order=plan.id, party=plan.customer,
            before_at=told.finish.p80_at, after_at=now.finish.p80_at,
        )  # fmt: skip
    yield from _milestones(plan, told, now)
    yield from _needs(plan, told, now)


def worst(found: Iterable[Hit]) -> tuple[Hit, ...]:
    """Return each hit once, those that moved farthest first, and no more than can be shown."""
    known = {(hit.kind, hit.order, hit.id): hit for hit in found}
    ranked = sorted(known.values(), key=lambda hit: (-abs(hit.moved_s), hit.order, hit.id))
    return tuple(ranked[:MOST_HITS])


def differ(before: tuple[Hit, ...], after: tuple[Hit, ...]) -> bool:
    """Whether those who read `before` should be told again."""
    known = {(hit.kind, hit.order, hit.id): hit.after_at for hit in before}
    found = {(hit.kind, hit.order, hit.id): hit.after_at for hit in after}
    if known.keys() != found.keys():
        return True
    return any(_moved(known[key], at) for key, at in found.items())


def _milestones(plan: Order, told: OrderForecast, now: OrderForecast) -> Iterator[Hit]:
    before = {m.milestone: m.finish.p80_at for m in told.milestones}
    names = {m.id: m.name for m in plan.milestones}
    for milestone in now.milestones:
        was = before.get(milestone.milestone)
        if _moved(was, milestone.finish.p80_at):
            yield Hit(
                kind="milestone", order=plan.id, id=milestone.milestone,
                name=names.get(milestone.milestone, ""), party=plan.customer,
                before_at=was, after_at=milestone.finish.p80_at,
            )  # fmt: skip


def _needs(plan: Order, told: OrderForecast, now: OrderForecast) -> Iterator[Hit]:
    before = {n.need: n.need_by for n in told.needs}
    planned = {n.id: n for n in plan.needs}
    for need in now.needs:
        was, own = before.get(need.need), planned.get(need.need)
        if own is not None and _moved(was, need.need_by):
            yield Hit(
                kind="need", order=plan.id, id=need.need, name=own.name or own.part,
                party=own.supplier, before_at=was, after_at=need.need_by,
            )  # fmt: skip


def _moved(before: datetime | None, after: datetime | None) -> bool:
    if before is None or after is None:
        return False
    return abs(after - before) >= LEAST


def _plans(board: Board) -> Iterator[Order]:
    for state in board.orders.values():
        if state.plan is not None and not state.plan.cancelled:
            yield state.plan


def _works_at(plan: Order, board: Board, unit: str | None, center: str | None) -> bool:
    for operation in plan.operations:
        elsewhere = unit is not None and operation.work_unit not in (None, unit)
        if operation.work_center != center or elsewhere:
            continue
        if board.operation(plan.id, operation.id).status is not _DONE:
            return True
    return False
