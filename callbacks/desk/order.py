"""The page of one order: parse the address, ask the services, hand over to the layout."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from dash import Dash
from dash.development.base_component import Component
from flask_wtf.csrf import generate_csrf
from msgspec import Struct

from callbacks.desk.needs import ACTIONS, told
from callbacks.desk.visit import BadParameter, Visit
from data.domain.board import Board
from data.domain.events import Event
from data.domain.ledger.records import Cause, Ledger
from data.domain.order_account import Account, account_of
from data.domain.order_view import OrderView, order_view
from data.domain.scope import Scope
from data.domain.subjects import Identity
from data.domain.topics import CLOCK, FORECASTS, NEEDS, OPERATIONS, PLAN, STATEMENTS
from data.services.comments import Comment
from data.services.errors import Archived, Forbidden, Unavailable
from data.services.order_boards import plan_on
from data.services.views import SiteView
from layouts.components.evidence import MOST_EVENTS
from layouts.components.need_forms import Sender
from layouts.components.order_talks import Talks
from layouts.components.reading import Reading
from layouts.components.still import still
from layouts.components.waterfall import Shown
from layouts.pages import order as page
from layouts.pages.order import Past, Version
from layouts.pages.order_sheets import sheets
from layouts.sheets import Sheet
from layouts.text import Translator
from layouts.urls import Address

MOST_EXPORTED = 5000  # events that an export holds
MOST_PLANS = 9999


class Accounts(Protocol):
    """Why orders are late, by what was recorded."""

    def ledger(
        self,
        scope: Scope,
        site: str,
        order_id: str,
        now: datetime,
        forecast_at: datetime | None = None,
    ) -> Ledger:
        """Account for an order's time."""

    def events(self, scope: Scope, site: str, identities: Sequence[Identity]) -> Sequence[Event]:
        """Events by their identities."""

    def plan_versions(self, scope: Scope, site: str, order_id: str) -> Sequence[Version]:
        """Plans of an order, oldest first."""


class AccountsThen(Protocol):
    """Gives accounts of any instant."""

    def at(self, instant: datetime) -> Accounts:
        """Accounts from what had been recorded by then."""


class Boards(Protocol):
    """Finds the board that holds an order."""

    def of(self, scope: Scope, view: SiteView, order: str, at: datetime | None) -> Board:
        """Return it."""


class Threads(Protocol):
    """What is said with suppliers."""

    def of_order(
        self, scope: Scope, site: str, order: str, until: datetime
    ) -> Mapping[str, Sequence[Comment]]:
        """What had been said about an order's rows by then, by their keys."""

    def may_speak(self, scope: Scope) -> bool:
        """Whether the scope says anything there."""


class Found(Struct, frozen=True, kw_only=True):
    """Everything that one visit found."""

    view: OrderView
    past: Past
    shown: Shown
    reading: Reading


class OrderPage:
    """`/orders/<order>`."""

    name = "order"
    path = "/orders/<order>"
    topics = OPERATIONS | NEEDS | PLAN | FORECASTS | CLOCK | STATEMENTS

    def __init__(
        self, accounts: Accounts, then: AccountsThen, boards: Boards, threads: Threads
    ) -> None:
        self._accounts = accounts
        self._then = then
        self._boards = boards
        self._threads = threads

    def title(self, t: Translator) -> str:
        return t(page.TITLE)

    def body(self, visit: Visit) -> Component:
        found = self._found(visit, MOST_EVENTS)
        site = visit.live.board.site
        talks = self._talks(visit, found.view.order.id)
        tree = page.layout(found.view, found.past, found.shown, site, found.reading, talks)
        return still(tree, page.ROOT)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        found = self._found(visit, MOST_EXPORTED, every=True)
        return sheets(found.view, found.past, visit.t)

    def register(self, app: Dash) -> None:
        """It has no callbacks of its own."""

    def _found(self, visit: Visit, most: int, *, every: bool = False) -> Found:
        order, shown = visit.text("order") or "", _shown(visit)
        board = self._boards.of(visit.scope, visit.live, order, visit.at)
        plan = plan_on(board, order)
        if plan is None:
            raise Forbidden(order)
        versions = self._versions(visit, order)
        against = _against(visit, versions)
        view = order_view(
            plan,
            board,
            visit.now,
            row=visit.live.indexes.book.row(order) if board is visit.live.board else None,
            forecast=visit.live.facts.forecasts.get(order),
            against=None if against is None else against.order,
        )
        account, archived = self._account(visit, view)
        proofs = _proofs(account, shown.step, every=every)
        past = Past(
            account=account,
            archived=archived,
            events=self._events(visit, proofs[:most]),
            proofs=len(proofs),
            versions=tuple(versions),
            against=against,
        )
        return Found(view=view, past=past, shown=shown, reading=_reading(visit))

    def _talks(self, visit: Visit, order: str) -> Talks:
        """Return what is said with suppliers; nothing while SQL can't be asked."""
        try:
            said = self._threads.of_order(visit.scope, visit.site, order, visit.now)
        except (Unavailable, Forbidden):
            return Talks()
        speaks = visit.at is None and self._threads.may_speak(visit.scope)
        return Talks(
            threads={key: [told(one) for one in some] for key, some in said.items() if some},
            sender=_sender(visit) if speaks else None,
        )

    def _of(self, visit: Visit) -> Accounts:
        return self._accounts if visit.at is None else self._then.at(visit.at)

    def _versions(self, visit: Visit, order: str) -> Sequence[Version]:
        try:
            versions = self._of(visit).plan_versions(visit.scope, visit.site, order)
        except (Unavailable, Forbidden):
            return ()
        return [version for version in versions if version.at <= visit.now]

    def _account(self, visit: Visit, view: OrderView) -> tuple[Account | None, bool]:
        """Return the account, and whether there is none because its events are archived."""
        forecast_at = None if view.completed_at is not None else view.ends_at
        try:
            ledger = self._of(visit).ledger(
                visit.scope, visit.site, view.order.id, visit.now, forecast_at
            )
        except (Unavailable, Forbidden) as error:
            return None, isinstance(error, Archived)
        return account_of(ledger), False

    def _events(self, visit: Visit, proofs: Sequence[Identity]) -> tuple[Event, ...] | None:
        if not proofs:
            return ()
        try:
            found = self._of(visit).events(visit.scope, visit.site, proofs)
        except Unavailable:
            return None
        return tuple(sorted(found, key=lambda event: (event.time, event.recorded_at, event.id)))


def _shown(visit: Visit) -> Shown:
    """Read which steps are asked for.

    Raises: BadParameter.
    """
    cause = visit.text("cause")
    if cause is not None and cause not in set(Cause):
        raise BadParameter("cause", "choice", [*Cause])
    step = visit.whole("step", 1, 10**6, 0)
    return Shown(
        cause=None if cause is None else Cause(cause),
        operation=visit.text("operation"),
        step=step or None,
    )


def _against(visit: Visit, versions: Sequence[Version]) -> Version | None:
    """Return the plan to compare with: the one asked for, else the first, unless it is the only.

    Raises: BadParameter.
    """
    asked = visit.whole("plan", 1, MOST_PLANS, 0)
    earlier = versions[:-1]
    if not earlier:
        return None
    if not asked:
        return earlier[0]
    found = next((version for version in earlier if version.number == asked), None)
    if found is None:
        raise BadParameter("plan", "choice", [str(version.number) for version in earlier])
    return found


def _proofs(account: Account | None, step: int | None, *, every: bool) -> tuple[Identity, ...]:
    """Return what proves the open step, or (for an export without one) all of them."""
    if account is None:
        return ()
    line = None if step is None else account.step(step)
    if line is not None:
        return line.step.evidence
    if not every:
        return ()
    return tuple(dict.fromkeys(proof for s in account.steps for proof in s.step.evidence))


def _reading(visit: Visit) -> Reading:
    here = Address(path=visit.path, query=visit.query, variables=visit.variables)
    names = {party.id: party.name for party in visit.live.board.site.parties}
    return Reading(
        t=visit.t, timezone=visit.timezone, now=visit.now, address=here, parties=names
    )  # fmt: skip


def _sender(visit: Visit) -> Sender:
    return Sender(
        site=visit.site, timezone=visit.timezone, csrf=generate_csrf(),
        token=secrets.token_urlsafe(12), back=visit.href(), now=visit.now, actions=ACTIONS,
    )  # fmt: skip
