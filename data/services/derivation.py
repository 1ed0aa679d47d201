"""Keeps the accounts of orders: how late each is or will be, and what of.

An aspect of the watch. It takes the orders that the recorder marked, notes who held which work
unit, and makes the accounts of completed orders anew; those of open orders it renews in turn.
It sleeps after work so as to leave the core to others. How: docs/adr/0014.
"""

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from data.domain.delay_cells import Buffer, Cell, buffer_of, cells_of
from data.domain.events import Event, OperationStatus
from data.domain.facts import DERIVED
from data.domain.ledger.account import delay_ledger, released_at
from data.domain.ledger.occupations import occupations_of
from data.domain.ledger.records import Facts, Occupation
from data.domain.plan import Order
from data.domain.risk import order_risk
from data.domain.site import Site
from data.services.accounts_facts import (
    Past,
    finished_of,
    gather,
    gather_many,
    is_completed,
    plan_at,
    subjects_of,
)
from data.services.aspects import Aspect, Documents
from data.services.live import LiveSite
from data.services.staleness import ACCOUNT, ORDER

WORK_S = 0.1  # how long one call may take, about
BUSY, STEADY = 0.5, 0.2  # most of a core, while marks wait and else
RENEW_AFTER = timedelta(minutes=2)
SETTLES_AFTER = timedelta(hours=1)  # until then late reports of others may change an account
LOOK_EVERY_S = 5.0  # for accounts to renew, while there are none
LOOK_S, IDLE_LOOK_S = 0.15, 2.0  # for marked orders, while there are none; where nothing is told
IDLE_AFTER_S = 30.0  # without an event: whatever the recorder marks stood in the log before
TELL_EVERY_S = 30.0  # renewed accounts of open orders alone
_ORDERS_AT_ONCE, _ACCOUNTS_AT_ONCE = 5, 2
EVER = datetime(9999, 1, 1, tzinfo=UTC)  # the end of what goes on
Mark = tuple[str, int]


class OrderAccount(Struct, frozen=True, kw_only=True):
    """One order's account as it is kept. `ended_at`: forecast while it is open."""

    order: Order
    ended_at: datetime
    completed: bool
    late_s: float
    day: date
    cells: tuple[Cell, ...] = ()
    buffer: Buffer | None = None


class AccountKeeping(Protocol):
    """Where accounts are kept."""

    def marked(self, site: str, kind: str, most: int) -> list[Mark]:
        """Return keys that are marked, those marked longest ago first."""

    def mark_missing(self, site: str) -> None:
        """Mark every order that has no account yet."""

    def keep_occupations(
        self, site: str, occupied: Mapping[str, Sequence[Occupation]],
        marks: Sequence[Mark], remake: Sequence[str],
    ) -> None:  # fmt: skip
        """Replace what orders did on work units, settle marks, mark accounts to be made.

        What goes on ends at `EVER`.
        """

    def keep(
        self, site: str, accounts: Sequence[OrderAccount], gone: Sequence[str],
        marks: Sequence[Mark], at: datetime, *, tell: bool,
    ) -> int:  # fmt: skip
        """Replace accounts whose marks are still the same, and take away those that are gone.

        Returns the derived version, raised if completed orders changed or it is to `tell`.
        """

    def due(self, site: str, before: datetime, settled: datetime, most: int) -> list[str]:
        """Return open or lately completed orders whose account is older than `before`."""

    def version(self, site: str) -> int:
        """Return the derived version."""


class Accounting(Aspect):
    """The aspect of one site."""

    def __init__(
        self, site: str, past: Past, keeping: AccountKeeping,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.site = site
        self._past = past
        self._keeping = keeping
        self._clock = clock
        self._live: LiveSite | None = None
        self._told = -1
        self._told_at = self._rest_until = self._look_at = self._idle_at = clock()
        self._marks_at = {ORDER: clock(), ACCOUNT: clock()}

    def begin(self, live: LiveSite) -> None:
        """Start with a board that was just loaded.

        Raises: Unavailable.
        """
        self._keeping.mark_missing(self.site)
        self._live = live
        self._told = -1
        self._idle_at = self._clock() + IDLE_AFTER_S
        self._marks_at = dict.fromkeys(self._marks_at, self._clock())

    def see(self, events: Sequence[Event]) -> None:
        """Look for marks again soon: the recorder marks what events change."""
        now = self._clock()
        self._idle_at = now + IDLE_AFTER_S
        self._marks_at[ORDER] = min(self._marks_at[ORDER], now + LOOK_S)

    def work(self, now: datetime) -> Documents:
        """Do what is due within a budget of time; return the derived version when it is new.

        Raises: Unavailable.
        """
        begun = self._clock()
        if self._live is None or begun < self._rest_until:
            return {}
        version, share = self._told, STEADY
        if version < 0:
            version = self._keeping.version(self.site)
        while self._clock() - begun < WORK_S:
            if self._occupy():
                share = BUSY
                continue
            made = self._remake(now) or self._renew(now)
            if not made:
                break
            share = BUSY if made[0] else share
            version = max(version, made[1])
        spent = self._clock() - begun
        self._rest_until = self._clock() + spent * (1 / share - 1)
        return self._news(version)

    def _news(self, version: int) -> Documents:
        if version == self._told:
            return {}
        self._told, self._told_at = version, self._clock()
        return {DERIVED: str(version).encode()}

    def _occupy(self) -> bool:
        """Note what marked orders did on work units; whether any was marked."""
        marks = self._marked(ORDER, _ORDERS_AT_ONCE)
        if not marks:
            return False
        occupied: dict[str, list[Occupation]] = {}
        remake = []
        with self._past.reading(self.site) as past:
            for order_id, _ in marks:
                order = plan_at(past.plans(self.site, [order_id]), EVER)
                told = [] if order is None else past.told(self.site, subjects_of(order), EVER)
                occupied[order_id] = [] if order is None else occupations_of(order, told, EVER)
                if order is None or order.cancelled or is_completed(order, told):
                    remake.append(order_id)
        self._keeping.keep_occupations(self.site, occupied, marks, remake)
        self._marks_at[ACCOUNT] = self._clock()
        return True

    def _marked(self, kind: str, most: int) -> list[Mark]:
        """Return marked keys; none without asking while there were none a moment ago.

        Orders are marked by the recorder, accounts as good as always by this aspect.
        """
        now = self._clock()
        if now < self._marks_at[kind]:
            return []
        marks = self._keeping.marked(self.site, kind, most)
        if not marks:
            soon_s = IDLE_LOOK_S if now >= self._idle_at else LOOK_S
            self._marks_at[kind] = now + (soon_s if kind == ORDER else LOOK_EVERY_S)
        return marks

    def _remake(self, now: datetime) -> tuple[bool, int] | None:
        marks = self._marked(ACCOUNT, _ACCOUNTS_AT_ONCE)
        if not marks:
            return None
        return True, self._make([key for key, _ in marks], marks, now)

    def _renew(self, now: datetime) -> tuple[bool, int] | None:
        if self._clock() < self._look_at:
            return None
        before, settled = now - RENEW_AFTER, now - SETTLES_AFTER
        due = self._keeping.due(self.site, before, settled, _ACCOUNTS_AT_ONCE)
        if not due:
            self._look_at = self._clock() + LOOK_EVERY_S
            return None
        return False, self._make(due, (), now)

    def _make(self, orders: Sequence[str], marks: Sequence[Mark], now: datetime) -> int:
        accounts, gone = [], []
        for order_id in orders:
            account = self._account(order_id, now)
            if account is None:
                gone.append(order_id)
            else:
                accounts.append(account)
        tell = self._clock() - self._told_at > TELL_EVERY_S
        return self._keeping.keep(self.site, accounts, gone, marks, now, tell=tell)

    def _account(self, order_id: str, now: datetime) -> OrderAccount | None:
        """Return an order's account; None when it isn't planned any more, or is cancelled."""
        quick = self._on_time(order_id, now)
        if quick is not None:
            return quick
        with self._past.reading(self.site) as past:
            facts = gather(past, self.site, order_id, now)
        if facts is None or facts.order.cancelled:
            return None
        return _account_of(facts, self._expected(facts.order, now))

    def _on_time(self, order_id: str, now: datetime) -> OrderAccount | None:
        """Return the account of an open order that isn't late, for which the board will do."""
        board = None if self._live is None else self._live.board
        state = None if board is None else board.orders.get(order_id)
        if board is None or state is None or state.plan is None:
            return None
        order, expected = state.plan, self._expected(state.plan, now)
        if order.cancelled or board.completed(order) or expected > order.due_at:
            return None
        operations = ((o.id, board.operation(order_id, o.id)) for o in order.operations)
        finished = {name for name, op in operations if op.status is OperationStatus.COMPLETED}
        return _open_account(order, board.site, expected, now, finished)

    def _expected(self, order: Order, now: datetime) -> datetime:
        """Return when an open order will end: its forecast, else its plan moved by its delay."""
        if self._live is None:
            return now
        forecast = self._live.facts.forecasts.get(order.id)
        if forecast is not None:
            return max(now, forecast.finish.p50_at)
        return max(now, order_risk(order, self._live.board, now).projected_at)


def completed_accounts(
    past: Past, site: str, orders: Sequence[str], now: datetime
) -> Iterator[tuple[str, OrderAccount | None]]:
    """Yield the accounts of completed orders from their events; None for one that isn't completed.

    Orders that were worked on at the same time cost least. Raises: Archived, Unavailable.
    """
    with past.reading(site) as reading:
        for order_id, facts in gather_many(reading, site, orders, now):
            if facts is None or facts.order.cancelled:
                yield order_id, None
                continue
            made = _account_of(facts, now)
            yield order_id, made if made.completed else None


def _account_of(facts: Facts, expected: datetime) -> OrderAccount:
    order = facts.order
    ledger = delay_ledger(replace(facts, forecast_at=expected))
    cells = cells_of(order, ledger)
    if not ledger.completed:
        finished = finished_of(order, facts.events)
        account = _open_account(order, facts.site, ledger.end, facts.now, finished)
        return replace(account, cells=cells)
    return OrderAccount(
        order=order,
        ended_at=ledger.end,
        completed=True,
        late_s=ledger.lateness.total_seconds(),
        day=_day(ledger.end, facts.site),
        cells=cells,
    )


def _open_account(
    order: Order, site: Site, expected: datetime, now: datetime, finished: Collection[str]
) -> OrderAccount:
    released = released_at(order)
    begun = released is not None and released <= now
    return OrderAccount(
        order=order,
        ended_at=expected,
        completed=False,
        late_s=(expected - order.due_at).total_seconds(),
        day=_day(order.due_at, site),
        buffer=buffer_of(order, finished, expected) if begun else None,
    )


def _day(instant: datetime, site: Site) -> date:
    return instant.astimezone(ZoneInfo(site.timezone)).date()
