"""What a report on delays says: which hours, by what, on which days, in which orders.

Pure; imported by the delay service, callbacks and layouts.
"""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

# What the hours of lateness are summed up by, in the order in which a page shows them.
DIMENSIONS = ("cause", "work_center", "party", "product", "customer")

Zone = Literal["green", "yellow", "red"]


class DelayFilter(Struct, frozen=True, kw_only=True):
    """Which orders count, and which of their steps.

    `since` and `until` are site-local days, both inclusive, of an order's completion, or of its
    due date while it is open.
    """

    since: date
    until: date
    cause: str | None = None
    work_center: str | None = None
    party: str | None = None
    product: str | None = None
    customer: str | None = None
    area: str | None = None


class DelayBar(Struct, frozen=True, kw_only=True):
    """What the steps of one key add to the lateness; less than nothing where they made up time."""

    key: str
    late_s: float
    orders: int


class DelayDay(Struct, frozen=True, kw_only=True):
    """One site-local day: what was completed on it, how much of that on time, how late."""

    day: date
    late_s: float
    completed: int
    on_time: int


class DelayedOrder(Struct, frozen=True, kw_only=True):
    """An order that is late, or will be by its forecast.

    `ended_at`: its completion, or while it is open its forecast (P50).
    """

    order: str
    product: str
    customer: str
    area: str
    quantity: int
    due_at: datetime
    ended_at: datetime | None
    completed: bool
    late_s: float
    top_cause: str | None
    top_work_center: str | None
    top_party: str | None


class FeverPoint(Struct, frozen=True, kw_only=True):
    """How far an open order is, and how much of its buffer that took.

    `done`: share of the critical chain, 0 to 1. `used`: share of the buffer, more than 1 where
    it is used up.
    """

    order: str
    done: float
    used: float
    zone: Zone
    late_s: float


class DelayReport(Struct, frozen=True, kw_only=True):
    """Everything that the page shows for one filter.

    `bars`: by dimension, the most hours first. `orders`: a page of them, the worst first, of
    `orders_total`. `fever`: the open orders. `derived_at`: how old the accounts are, None while
    there are none.
    """

    bars: dict[str, tuple[DelayBar, ...]]
    days: tuple[DelayDay, ...]
    orders: tuple[DelayedOrder, ...]
    orders_total: int
    late_s: float
    orders_late: int
    completed: int
    on_time: int
    fever: tuple[FeverPoint, ...]
    derived_at: datetime | None
