"""`/exceptions/<number>`: one exception with all that there is to read of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from dash import Dash
from dash.development.base_component import Component
from flask_wtf.csrf import generate_csrf

from callbacks.desk.exception_acts import ACTION, MAY_ACT
from callbacks.desk.exceptions import ROLES, Rules, areas_of, name_of, parties_of, parties_seen
from callbacks.desk.visit import BadParameter, Visit
from callbacks.gate import Viewer, viewer
from data.domain.deliveries import Delivery
from data.domain.exceptions.evidence import Evidence
from data.domain.exceptions.records import Case
from data.domain.exceptions.search import Thread
from data.domain.plan import Order
from data.domain.scope import Scope
from data.domain.topics import CLOCK, EXCEPTIONS, PLAN, STATEMENTS
from data.services.errors import Forbidden, Unavailable
from layouts.components.exception_forms import Sender
from layouts.components.exception_view import CaseView, Delivered
from layouts.components.reading import Reading
from layouts.pages import exception as page
from layouts.pages.exception_sheets import sheets
from layouts.sheets import Sheet
from layouts.text import Translator
from layouts.urls import Address


class Desk(Protocol):
    """What the page asks of the desk of exceptions."""

    def thread(self, scope: Scope, site: str, number: int) -> Thread:
        """All that there is to read of an exception."""

    def case(self, scope: Scope, site: str, number: int) -> Case:
        """An exception."""

    def evidence(self, scope: Scope, thread: Thread, plan: Order | None) -> Evidence:
        """What it was raised from."""


Deliveries = Callable[[str, int], Sequence[Delivery]]  # site, number → all of it, oldest first


class People(Protocol):
    """Who works at a site."""

    def names(self) -> Mapping[str, str]:
        """Names of all accounts, as `account/<id>`."""

    def takers(self, site: str) -> Mapping[str, str]:
        """Names of those whom an exception can be handed over to, by account."""


class ExceptionPage:
    """The page of one exception. `deliveries`: None where nobody can be told."""

    name = "exception"
    path = "/exceptions/<number>"
    topics = EXCEPTIONS | STATEMENTS | PLAN | CLOCK
    roles = ROLES

    def __init__(
        self, desk: Desk, rules: Rules, people: People, real_now: Callable[[], datetime],
        deliveries: Deliveries | None = None, who: Callable[[], Viewer] = viewer,
        token: Callable[[], str] = generate_csrf,
    ) -> None:  # fmt: skip
        self._desk = desk
        self._rules = rules
        self._people = people
        self._real_now = real_now
        self._deliveries = deliveries
        self._who = who
        self._token = token

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(page.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return the exception that the address names."""
        return page.layout(self._view(visit), visit.href)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return whom it hits, and its history."""
        return sheets(self._view(visit))

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _view(self, visit: Visit) -> CaseView:
        thread = self._desk.thread(visit.scope, visit.site, _number(visit))
        case, me = thread.case, self._who().actor.removeprefix("account/")
        here = Address(path=visit.path, query=visit.query, variables=visit.variables)
        site = visit.live.board.site
        reading = Reading(
            t=visit.t, timezone=visit.timezone, now=visit.now, address=here,
            parties=parties_of(site, visit.scope),
        )  # fmt: skip
        acts = visit.scope.role in MAY_ACT
        return CaseView(
            case=case,
            transitions=thread.transitions,
            notes=thread.notes,
            inside=thread.inside,
            marks=thread.marks,
            reading=reading,
            real_now=self._real_now(),
            areas=areas_of(site),
            rule=self._rule(visit, case),
            names=self._people.names(),
            people=self._people.takers(visit.site) if acts else {},
            mine=case.owner is not None and case.owner.removeprefix("account/") == me,
            marked=_own(thread.marks, me),
            sees_orders=visit.scope.may_see(visit.site),
            sees_parties=parties_seen(visit.scope),
            parent=self._parent(visit, case),
            deliveries=self._told(visit, case),
            evidence=self._evidence(visit, thread),
            sender=self._sender(visit) if acts else None,
        )

    def _rule(self, visit: Visit, case: Case) -> str:
        known = {rule.id: rule for rule in self._rules.of(visit.site)}
        return name_of(known[case.rule], visit.t) if case.rule in known else ""

    def _parent(self, visit: Visit, case: Case) -> Case | None:
        if case.parent is None:
            return None
        try:
            return self._desk.case(visit.scope, visit.site, case.parent)
        except Forbidden:
            return None

    def _told(self, visit: Visit, case: Case) -> Sequence[Delivered] | None:
        if self._deliveries is None or not visit.scope.may_see(visit.site):
            return None
        try:
            found = self._deliveries(visit.site, case.number)
        except Unavailable:
            return None
        return [_delivered(one) for one in reversed(found)]

    def _evidence(self, visit: Visit, thread: Thread) -> Evidence | None:
        """Return what it was raised from; None: SQL can't be asked."""
        state = visit.live.board.orders.get(thread.case.place.order or "")
        try:
            return self._desk.evidence(visit.scope, thread, state.plan if state else None)
        except Unavailable:
            return None

    def _sender(self, visit: Visit) -> Sender:
        return Sender(action=ACTION, csrf=self._token(), site=visit.site, back=visit.href())


def _number(visit: Visit) -> int:
    """Return the number that the address names.

    Raises: BadParameter, Forbidden.
    """
    if visit.at is not None:
        raise BadParameter("at", "live")
    given = (visit.text("number") or "").upper().removeprefix("E-")
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Forbidden(given)
    return int(given)


def _delivered(one: Delivery) -> Delivered:
    return Delivered(
        way=one.way, recipient=one.name or one.address, state=one.state, attempts=one.attempts,
        answer=one.answer, at=one.done_at or one.first_at or one.planned_at,
    )  # fmt: skip


def _own(marks: Mapping[str, bool], me: str) -> bool | None:
    return next((useful for who, useful in marks.items() if who.removeprefix("account/") == me),
                None)  # fmt: skip
