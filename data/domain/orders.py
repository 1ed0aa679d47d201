"""A list of orders as a person asks for it: which, in what order, what each row says.

Pure. Imported by the order service, callbacks and layouts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.domain.board import Board
from data.domain.plan import Order
from data.domain.view import RiskRow, Standing

Which = Literal["open", "completed", "all"]
Sort = Literal["risk", "due", "order", "forecast"]
WHICH: tuple[Which, ...] = ("open", "completed", "all")
SORTS: tuple[Sort, ...] = ("risk", "due", "order", "forecast")


class OrderFilter(Struct, frozen=True, kw_only=True):
    """Which orders, and in what order.

    `text` is sought in order, product, customer and parts, whatever the case. `due_from` and
    `due_to` are site-local days, both inclusive. `standing` leaves open orders alone, but
    for DONE.
    """

    which: Which = "open"
    text: str | None = None
    standing: Standing | None = None
    area: str | None = None
    product: str | None = None
    customer: str | None = None
    due_from: date | None = None
    due_to: date | None = None
    sort: Sort = "risk"
    descending: bool = False


class OrderRow(Struct, frozen=True, kw_only=True):
    """One order of the list.

    `ended_at`: its completion, or its forecast (P50), or the plan moved by its delay; None
    without a route. `late_s`: less than nothing is time to spare. `steps`: operations in all,
    `step` the one it is at.
    """

    order: str
    product: str
    customer: str
    quantity: int
    standing: Standing
    due_at: datetime
    ended_at: datetime | None
    p80_at: datetime | None
    forecast: bool
    completed: bool
    late_s: float | None
    step: int
    steps: int
    work_center: str | None
    top_cause: str | None = None


class OrderList(Struct, frozen=True, kw_only=True):
    """A page of the list, and what there is beside it.

    `standings` counts the open orders that all but the filter by standing leaves.
    `history_missing`: the recorded past can't be reached, completed orders and causes lack.
    """

    rows: tuple[OrderRow, ...]
    total: int
    standings: Mapping[Standing, int]
    history_missing: bool = False


class Facets(Struct, frozen=True, kw_only=True):
    """What the open orders can be filtered by; customers as (id, name)."""

    areas: tuple[tuple[str, str], ...]
    products: tuple[str, ...]
    customers: tuple[tuple[str, str], ...]


def open_orders(
    rows: Iterable[RiskRow], board: Board, by: OrderFilter
) -> tuple[list[RiskRow], Counter[Standing]]:
    """Return the rows that a filter leaves, in the order they came, and their standings.

    The filter by area is the caller's: a book of risks keeps its rows by area.
    """
    names, zone = party_names(board), ZoneInfo(board.site.timezone)
    window = due_window(by, zone)
    needle = by.text.casefold() if by.text else None
    found, standings = list[RiskRow](), Counter[Standing]()
    for row in rows:
        if not _fits(row, by, window):
            continue
        if needle is not None and not _mentions(row, board, names, needle):
            continue
        standings[row.standing] += 1
        if by.standing is None or row.standing is by.standing:
            found.append(row)
    return found, standings


def sort_rows(rows: list[RiskRow], by: OrderFilter) -> list[RiskRow]:
    """Return open rows, which came by risk, as the filter wants them."""
    if by.sort == "due":
        rows = sorted(rows, key=lambda row: (row.due_at, row.order))
    elif by.sort == "order":
        rows = sorted(rows, key=lambda row: row.order)
    elif by.sort == "forecast":
        rows = sorted(rows, key=lambda row: (row.projected_at, row.order))
    return rows[::-1] if by.descending else rows


def row_of(risk: RiskRow, names: Mapping[str, str]) -> OrderRow:
    """Return an open order's row."""
    known = risk.standing is not Standing.UNKNOWN and risk.operations > 0
    customer = risk.customer or ""
    return OrderRow(
        order=risk.order,
        product=risk.product,
        customer=names.get(customer, customer),
        quantity=risk.quantity,
        standing=risk.standing,
        due_at=risk.due_at,
        ended_at=risk.projected_at if known else None,
        p80_at=risk.p80_at,
        forecast=risk.forecast,
        completed=False,
        late_s=-risk.slack_s if known else None,
        step=min(risk.done + 1, risk.operations),
        steps=risk.operations,
        work_center=risk.work_center,
    )


def completed_row(plan: Order, completed_at: datetime, names: Mapping[str, str]) -> OrderRow:
    """Return a completed order's row."""
    customer = plan.customer or ""
    return OrderRow(
        order=plan.id,
        product=plan.product,
        customer=names.get(customer, customer),
        quantity=plan.quantity,
        standing=Standing.DONE,
        due_at=plan.due_at,
        ended_at=completed_at,
        p80_at=None,
        forecast=False,
        completed=True,
        late_s=(completed_at - plan.due_at).total_seconds(),
        step=len(plan.operations),
        steps=len(plan.operations),
        work_center=None,
    )


def facets(rows: Sequence[RiskRow], board: Board) -> Facets:
    """Return what the open orders can be filtered by."""
    names = party_names(board)
    customers = {row.customer for row in rows if row.customer}
    return Facets(
        areas=tuple((area.id, area.name or area.id) for area in board.site.areas),
        products=tuple(sorted({row.product for row in rows})),
        customers=tuple(sorted(((c, names.get(c, c)) for c in customers), key=lambda c: c[1])),
    )


def party_names(board: Board) -> dict[str, str]:
    """Map each party of the site to its name."""
    return {party.id: party.name for party in board.site.parties}


def due_window(by: OrderFilter, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Return the instants from and before which an order is due."""
    low = None if by.due_from is None else _midnight(by.due_from, zone)
    high = None if by.due_to is None else _midnight(by.due_to + timedelta(days=1), zone)
    return low, high


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _fits(row: RiskRow, by: OrderFilter, window: tuple[datetime | None, datetime | None]) -> bool:
    low, high = window
    return (
        (by.product is None or row.product == by.product)
        and (by.customer is None or row.customer == by.customer)
        and (low is None or row.due_at >= low)
        and (high is None or row.due_at < high)
    )


def _mentions(row: RiskRow, board: Board, names: Mapping[str, str], needle: str) -> bool:
    customer = row.customer or ""
    for word in (row.order, row.product, customer, names.get(customer, "")):
        if needle in word.casefold():
            return True
    state = board.orders.get(row.order)
    plan = state.plan if state is not None else None
    needs = plan.needs if plan is not None else ()
    return any(needle in f"{need.part}\n{need.name}".casefold() for need in needs)
