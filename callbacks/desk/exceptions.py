"""`/exceptions`: the inbox of whoever must act, the whole of its state in the address."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from dash import Dash
from dash.development.base_component import Component
from flask_wtf.csrf import generate_csrf
from msgspec.structs import replace

from callbacks.desk.exception_acts import ACTION, MAY_ACT
from callbacks.desk.visit import BadParameter, Visit
from callbacks.gate import MANAGERS, Viewer, viewer
from data.domain.exceptions.audience import concerns
from data.domain.exceptions.listing import open_count
from data.domain.exceptions.records import Case, Severity
from data.domain.exceptions.rules import Rule
from data.domain.exceptions.search import CaseFilter, Found
from data.domain.facts import Facts
from data.domain.scope import Role, Scope
from data.domain.site import PartyKind, Site
from data.domain.topics import CLOCK, EXCEPTIONS, PLAN, STATEMENTS
from layouts.components.exception_forms import Sender
from layouts.components.exception_words import Words
from layouts.pages import exceptions
from layouts.sheets import Sheet
from layouts.text import Translator

ROWS = 50
MOST_PAGES = 400
MOST_EXPORTED = 20_000
MOST_UNFOLDED, MOST_INSIDE = 10, 200
MOST_ENDED, LATELY = 500, timedelta(days=7)
ROLES = MANAGERS | {Role.PURCHASER, Role.OPERATOR}


class Desk(Protocol):
    """What the inbox asks of the desk of exceptions."""

    def search(
        self, scope: Scope, site: str, wanted: CaseFilter, limit: int = ..., offset: int = ...
    ) -> Found:
        """Exceptions that the viewer may know of."""


class Rules(Protocol):
    """Which rules a site has."""

    def of(self, site: str) -> Sequence[Rule]:
        """The usual ones and the site's own."""


class ExceptionsPage:
    """The inbox."""

    name = "exceptions"
    path = "/exceptions"
    topics = EXCEPTIONS | STATEMENTS | PLAN | CLOCK
    roles = ROLES

    def __init__(
        self, service: Desk, rules: Rules, real_now: Callable[[], datetime],
        who: Callable[[], Viewer] = viewer, token: Callable[[], str] = generate_csrf,
    ) -> None:  # fmt: skip
        self._desk = service
        self._rules = rules
        self._real_now = real_now
        self._who = who
        self._token = token

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(exceptions.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return the page of the inbox that the address asks for."""
        by, page = self._wanted(visit), visit.whole("page", 1, MOST_PAGES, 1)
        found = self._found(visit, by, ROWS, (page - 1) * ROWS)
        site = visit.live.board.site
        view = exceptions.InboxView(
            cases=found.cases,
            total=found.total,
            which=which_of(visit),
            by=by,
            mine=visit.choice("mine", ["1"], "") == "1",
            counts=counts_of(visit.live.facts, visit.scope),
            inside=self._inside(visit, found.cases),
            page=page,
            pages=min(MOST_PAGES, -(-found.total // ROWS)),
            areas=areas_of(site),
            parties=parties_of(site, visit.scope),
            rules={rule.id: name_of(rule, visit.t) for rule in self._rules.of(visit.site)},
            timezone=visit.timezone,
            now=visit.now,
            real_now=self._real_now(),
            sender=self._sender(visit),
            sees_all=visit.scope.may_see(visit.site),
            quiet_since=None if found.total else self._quiet_since(visit),
        )
        return exceptions.layout(view, visit.href, visit.t)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return all that the filters leave, those inside of others too."""
        wanted = replace(self._wanted(visit), top=False)
        found = self._found(visit, wanted, MOST_EXPORTED)
        site = visit.live.board.site
        words = Words(visit.t, visit.timezone, visit.now, parties_of(site, visit.scope))
        areas = areas_of(site)
        return (exceptions.sheet(found.cases, areas, words),)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def count(self, facts: Facts, scope: Scope) -> int:
        """Return how many are open, for the navigation."""
        return open_count(facts.exceptions.values(), scope)

    def _wanted(self, visit: Visit) -> CaseFilter:
        """Return what the address asks for.

        Raises: BadParameter.
        """
        if visit.at is not None:
            raise BadParameter("at", "live")
        severity = visit.choice("severity", [*Severity], "")
        return CaseFilter(
            states=exceptions.WHICH[which_of(visit)],
            severity=Severity(severity) if severity else None,
            rule=visit.text("rule"),
            area=visit.text("area"),
            work_unit=visit.text("unit"),
            order=visit.text("order"),
            party=visit.text("party") if parties_seen(visit.scope) else None,
            text=visit.text("q"),
            owner=self._me() if visit.choice("mine", ["1"], "") else None,
        )

    def _me(self) -> str:
        return self._who().actor.removeprefix("account/")

    def _inside(self, visit: Visit, cases: Sequence[Case]) -> Mapping[int, Sequence[Case]]:
        """Return what stands in those that are unfolded."""
        asked = [one for one in (visit.text("unfold") or "").split(",") if one.isascii()]
        wanted = {int(one) for one in asked[:MOST_UNFOLDED] if one.isdigit() and len(one) < 10}
        return {
            case.number: self._found(
                visit, CaseFilter(parent=case.number, top=False), MOST_INSIDE
            ).cases
            for case in cases
            if case.number in wanted and case.inside
        }

    def _found(self, visit: Visit, wanted: CaseFilter, limit: int, offset: int = 0) -> Found:
        return self._desk.search(visit.scope, visit.site, wanted, limit, offset)

    def _quiet_since(self, visit: Visit) -> datetime | None:
        """Return when the last one ended, if it did so lately."""
        wanted = CaseFilter(states=exceptions.WHICH["closed"], since=visit.now - LATELY)
        last = self._found(visit, wanted, MOST_ENDED)
        return max((case.closed_at for case in last.cases if case.closed_at), default=None)

    def _sender(self, visit: Visit) -> Sender | None:
        if visit.scope.role not in MAY_ACT or visit.at is not None:
            return None
        return Sender(action=ACTION, csrf=self._token(), site=visit.site, back=visit.href())


def which_of(visit: Visit) -> str:
    """Return which exceptions an address asks for.

    Raises: BadParameter.
    """
    return visit.choice("which", tuple(exceptions.WHICH), "open")


def counts_of(facts: Facts, scope: Scope) -> dict[str, int]:
    """Return how many there are of each choice, those that stand in others and closed left out."""
    by_state = Counter(
        case.state
        for case in facts.exceptions.values()
        if case.parent is None and concerns(case, scope)
    )
    return {
        which: sum(by_state[state] for state in states)
        for which, states in exceptions.WHICH.items()
        if which != "closed"
    }


def areas_of(site: Site) -> dict[str, str]:
    """Return the names of a site's lines."""
    return {area.id: area.name or area.id for area in site.areas}


def parties_seen(scope: Scope) -> bool:
    """Whether parties may be named: on the floor people see neither who buys nor who supplies."""
    return scope.role is not Role.OPERATOR


def parties_of(site: Site, scope: Scope) -> dict[str, str]:
    """Return the names of the parties that may be named: to purchasers those that supply."""
    if not parties_seen(scope):
        return {}
    return {
        party.id: party.name
        for party in site.parties
        if scope.role is not Role.PURCHASER or party.kind is PartyKind.SUPPLIER
    }


def name_of(rule: Rule, t: Translator) -> str:
    """Return what a rule is called in the reader's language."""
    return rule.name.get(t.locale) or rule.name.get("en") or rule.id
