"""The report on delays: where the hours of lateness come from, over any period.

Imported by callbacks. Accounts of orders are kept by `data.services.derivation`; here they are
summed up. What is counted and how: docs/delays.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from itertools import groupby
from typing import Protocol, TypeVar

from msgspec import Struct

from data.domain.delay_cells import OrderDelay
from data.domain.delay_columns import DelayColumns, Pack, pack_of
from data.domain.delays import DelayedOrder, DelayFilter, DelayReport, FeverPoint
from data.domain.scope import Scope
from data.services.errors import Forbidden

T = TypeVar("T")


class OpenOrder(Struct, frozen=True, kw_only=True):
    """An open order as it is expected to end; `fever` once it is released."""

    day: date
    delay: OrderDelay
    made_at: datetime
    fever: FeverPoint | None


class DelayReading(Protocol):
    """The kept accounts at one instant of the database."""

    def packs(self, site: str, since: date, until: date) -> tuple[list[Pack], datetime | None]:
        """Return the days of completed orders, and when the newest of them was made."""

    def open_orders(self, site: str) -> list[OpenOrder]:
        """Return the open orders, by day."""

    def orders(self, site: str, order_ids: Sequence[str]) -> Mapping[str, DelayedOrder]:
        """Return orders by id."""


class DelayStore(Protocol):
    """Where the accounts are kept."""

    def reading(self, site: str) -> AbstractContextManager[DelayReading]:
        """Read at one instant.

        Raises: Unavailable.
        """

    def version(self, site: str) -> int:
        """Return the version of what is derived.

        Raises: Unavailable.
        """

    def missing(self, site: str) -> int:
        """Return how many orders have no account yet.

        Raises: Unavailable.
        """


class Cache(Protocol):
    """Where made reports are kept for a while."""

    def get(
        self, scope: Scope, site: str, version: int, name: str, parameters: Struct,
        form: type[T], make: Callable[[], T],
    ) -> T:  # fmt: skip
        """Return what was made with the same parameters, or make it."""


class _Asked(Struct, frozen=True):
    filter: DelayFilter
    limit: int
    offset: int


class Delays:
    """What is asked of delays."""

    def __init__(self, store: DelayStore, cached: Cache) -> None:
        self._store = store
        self._cached = cached

    def report(
        self, scope: Scope, site: str, wanted: DelayFilter, limit: int = 50, offset: int = 0
    ) -> DelayReport:
        """Sum up the lateness that a filter leaves; a page of its orders, the worst first.

        Raises: Forbidden, Unavailable.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        return self._cached.get(
            scope,
            site,
            self._store.version(site),
            "delays",
            _Asked(wanted, limit, offset),
            DelayReport,
            lambda: self._made(site, wanted, limit, offset),
        )

    def missing(self, scope: Scope, site: str) -> int:
        """Return how many orders have no account yet: after a first start, for a minute or so.

        Raises: Forbidden, Unavailable.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        return self._store.missing(site)

    def _made(self, site: str, wanted: DelayFilter, limit: int, offset: int) -> DelayReport:
        with self._store.reading(site) as reading:
            packs, made_at = reading.packs(site, wanted.since, wanted.until)
            opened = reading.open_orders(site)
            sums = DelayColumns([*packs, *_packed(opened, wanted)]).choose(wanted)
            page = [order for _, order in sums.page(limit, offset)]
            orders = reading.orders(site, page)
        return DelayReport(
            bars=sums.bars(),
            days=sums.days(),
            orders=tuple(orders[order] for order in page if order in orders),
            orders_total=sums.orders_late,
            late_s=sums.late_s,
            orders_late=sums.orders_late,
            completed=sums.completed,
            on_time=sums.on_time,
            fever=_fever(opened, wanted),
            derived_at=max(
                (at for at in (made_at, *(order.made_at for order in opened)) if at), default=None
            ),
        )


def _packed(opened: Iterable[OpenOrder], wanted: DelayFilter) -> list[Pack]:
    """Pack the open orders that will be late, by the day on which they are due."""
    late = (
        order
        for order in opened
        if order.delay.late_s > 0 and wanted.since <= order.day <= wanted.until
    )
    by_day = groupby(late, key=lambda order: order.day)
    return [
        pack_of(day, [order.delay for order in of_day], completed=False) for day, of_day in by_day
    ]


def _fever(opened: Iterable[OpenOrder], wanted: DelayFilter) -> tuple[FeverPoint, ...]:
    """Return the released orders of the filter's line, product and customer, the worst first."""
    points = (o.fever for o in opened if o.fever is not None and _meets(o.delay, wanted))
    return tuple(sorted(points, key=lambda point: (-point.used, point.order)))


def _meets(delay: OrderDelay, wanted: DelayFilter) -> bool:
    asked = (wanted.area, wanted.product, wanted.customer)
    has = (delay.area, delay.product, delay.customer)
    return all(key is None or key == own for key, own in zip(asked, has, strict=True))
