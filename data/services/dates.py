"""Dates that two sides agree on: a customer's of its milestones, a carrier's of its pick-ups.

A party names a date by the key of its own row as disclosed; among its own rows alone it is
sought, so a key of somebody else's is simply not there. Everything said is noted in the trail
first, and kept for ever. Put together by the wiring; `data.store.dates` keeps it.
"""

import math
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from msgspec import Struct
from msgspec.structs import replace

from data.domain.audit import Action, Detail
from data.domain.dates import (
    PICK_UP,
    Entry,
    Said,
    Side,
    Standing,
    Subject,
    check,
    key_of,
    standing_of,
)
from data.domain.disclosure import Eyes, Row, concerns, disclosed
from data.domain.plan import Order
from data.domain.policy import Kind, Treatment
from data.domain.rows import Rows
from data.domain.scope import Role, Scope
from data.services.audit import Audit
from data.services.boards import Boards
from data.services.disclosures import Disclosures
from data.services.errors import Forbidden, Unavailable
from data.services.live import LiveSite
from data.services.supplying import By

_ANSWERS = frozenset({Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER})
_CONTROLS = re.compile(
    r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_MOST_NOTED = 200
KNOWN_FOR_S = 2.0
TRUSTED_FOR_S = 600.0
# The field of the policy that says whether a party may know a date that the factory gave.
_DISCLOSED_AS = {Said.REQUESTED: "requested_at", Said.CONFIRMED: "confirmed_at"}


class Statement(Struct, frozen=True, kw_only=True):
    """What someone wants to say."""

    said: Said
    date_at: datetime | None = None
    words: str = ""


class Dated(Struct, frozen=True, kw_only=True):
    """Everything said about one date, oldest first, and what stands after it."""

    entries: tuple[Entry, ...]

    @property
    def standing(self) -> Standing:
        """What stands."""
        return standing_of(self.entries)


class Waiting(Struct, frozen=True, kw_only=True):
    """A date on which one side waits for the other, with what the order plans and forecasts.

    `current`: the party is still the order's; of what a former one said nothing can be answered.
    """

    subject: Subject
    plan: Order
    row: Mapping[str, object]
    dated: Dated
    current: bool


class Store(Protocol):
    """What is asked of SQL."""

    def add(self, scope: Scope, site: str, subject: Subject, entry: Entry) -> None:
        """Put what was said at the end."""

    def of(self, scope: Scope, site: str, orders: Sequence[str]) -> list[tuple[Subject, Entry]]:
        """What was said of orders, oldest first, as far as it concerns the scope."""

    def all(self, scope: Scope, site: str) -> list[tuple[Subject, Entry]]:
        """What was said at a site, oldest first, as far as it concerns the scope."""


class Sites(Protocol):
    """What is asked of the followed sites."""

    def disclosing(self, scope: Scope) -> list[LiveSite]:
        """The sites of which rows may be disclosed to the scope."""

    def get(self, scope: Scope, site: str) -> LiveSite:
        """A site of which everything may be seen."""


class _Known(NamedTuple):
    """What was said when SQL was asked last, `heard`: after so many statements.

    `orders`: of which it was asked; None: of all.
    """

    asked_at: float
    heard: int
    orders: frozenset[str] | None
    said: dict[str, dict[Subject, Dated]]

    def covers(self, orders: Collection[str] | None) -> bool:
        """Whether it tells of all of these orders."""
        return self.orders is None or (orders is not None and self.orders.issuperset(orders))


class DateBook:
    """What was said, by what it is about. Boards join it to their rows before disclosure.

    Known for a few seconds in each process, so that a board costs no query, and for each party
    apart: SQL itself keeps back what is none of its business. When SQL can't be asked, what was
    known lately still holds.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[tuple[str, str | None], _Known] = {}
        self._heard = 0  # how often something may have been said

    def of(
        self, scope: Scope, site: str, orders: Sequence[str], now: datetime
    ) -> dict[Subject, Dated]:
        """Return what had been said of these orders by then, as far as it concerns the scope.

        Raises: Unavailable.
        """
        known = self._said(scope, site, orders if scope.outside else None)
        found = (pair for order in orders for pair in known.get(order, {}).items())
        return {subject: by for subject, dated in found if (by := _by(dated, now)).entries}

    def all(self, scope: Scope, site: str, now: datetime) -> dict[Subject, Dated]:
        """Return what had been said at a site by then, to whom has all of it.

        Raises: Unavailable.
        """
        return self.of(scope, site, sorted(self._said(scope, site, None)), now)

    def latest(self, scope: Scope, site: str, subject: Subject) -> Dated:
        """Return everything said about one date until this moment.

        Raises: Unavailable.
        """
        said = self._store.of(scope, site, [subject.order])
        return Dated(entries=tuple(entry for about, entry in said if about == subject))

    def add(self, scope: Scope, site: str, subject: Subject, entry: Entry) -> None:
        """Keep what was said.

        Raises: Unavailable.
        """
        self._store.add(scope, site, subject, entry)
        self.renew()

    def renew(self) -> None:
        """Ask SQL again: something was said, here or in another process."""
        self._heard += 1

    def _said(
        self, scope: Scope, site: str, orders: Collection[str] | None
    ) -> dict[str, dict[Subject, Dated]]:
        """Return what was said by order; `orders`: of those at least, None: of all."""
        key = (site, scope.party if scope.outside else None)
        known = self._known.get(key)
        if known is not None and not known.covers(orders):
            orders, known = (known.orders or frozenset()).union(orders or ()), None
        age_s = math.inf if known is None else self._clock() - known.asked_at
        if known is not None and age_s < KNOWN_FOR_S and known.heard == self._heard:
            return known.said
        try:
            found = self._asked(scope, site, orders)
        except Unavailable:
            if known is not None and age_s < TRUSTED_FOR_S:
                return known.said
            raise
        self._known[key] = found
        return found.said

    def _asked(self, scope: Scope, site: str, orders: Collection[str] | None) -> _Known:
        heard = self._heard
        if orders is None:
            said = self._store.all(scope, site)
        else:
            said = self._store.of(scope, site, sorted(orders)) if orders else []
        about = None if orders is None else frozenset(orders)
        return _Known(self._clock(), heard, about, _gathered(said))


class Dates:
    """What may be said about dates, and shown of what was. `told`: hears whom it concerned."""

    def __init__(
        self, sites: Sites, boards: Boards, disclosures: Disclosures, book: DateBook, audit: Audit,
        told: Callable[[str, Collection[str]], None],
    ) -> None:  # fmt: skip
        self._sites = sites
        self._boards = boards
        self._disclosures = disclosures
        self._book = book
        self._audit = audit
        self._told = told

    def say(self, by: By, site: str, key: str, statement: Statement) -> None:
        """Say something as a party about a date of one's own row.

        Raises: Forbidden when the key names none; DateError; Unavailable.
        """
        live = self._disclosing(by.scope, site)
        subject = next((found for known, found in self._own(by.scope, live) if known == key), None)
        if subject is None:
            raise Forbidden(key)
        self._say(by, live, subject, Side.PARTY, statement)

    def answer(self, by: By, site: str, subject: Subject, statement: Statement) -> None:
        """Say something as the factory about a date of one of its orders.

        Raises: Forbidden when there is no such date, or the scope may not answer; DateError;
        Unavailable.
        """
        live = self._sites.get(by.scope, site)
        if by.scope.role not in _ANSWERS or not _is_current(live, subject):
            raise Forbidden(site)
        self._say(by, live, subject, Side.FACTORY, statement)

    def history(self, scope: Scope, site: str, now: datetime) -> dict[str, Dated]:
        """Return what was said about each of a party's own dates, as far as it may know it.

        Names of the factory's people aren't told; dates that the policy keeps back neither.
        Raises: Forbidden, Unavailable.
        """
        live = self._disclosing(scope, site)
        eyes = self._disclosures.eyes(scope, site)
        own = dict(self._own(scope, live))
        said = self._book.of(scope, site, sorted({subject.order for subject in own.values()}), now)
        return {
            key: Dated(entries=tuple(_told(one, subject, eyes) for one in said[subject].entries))
            for key, subject in own.items()
            if subject in said
        }

    def waiting(self, scope: Scope, site: str) -> list[Waiting]:
        """Return what one side waits for at a site, what was said last at the end.

        Raises: Forbidden, Unavailable.
        """
        live = self._sites.get(scope, site)
        said = self._book.all(scope, site, live.now)
        found = [
            _waiting(live, plan, subject, dated)
            for subject, dated in said.items()
            if dated.standing.open
            and (plan := _plan(live, subject.order)) is not None
            and subject in _subjects(plan)
        ]
        return sorted(found, key=lambda one: one.dated.entries[-1].at)

    def of_order(self, scope: Scope, site: str, order: str) -> list[Waiting]:
        """Return every date that can be agreed of an order, and all that was said of it.

        Raises: Forbidden when there is no such order; Unavailable.
        """
        live = self._sites.get(scope, site)
        plan = _plan(live, order)
        if plan is None:
            raise Forbidden(order)
        said = self._book.of(scope, site, [order], live.now)
        every = {subject: Dated(entries=()) for subject in _subjects(plan)} | said
        return [_waiting(live, plan, subject, dated) for subject, dated in every.items()]

    def timezone(self, scope: Scope, site: str) -> str:
        """Return the time zone in which a site's dates are given.

        Raises: Forbidden.
        """
        live = self._disclosing(scope, site) if scope.outside else self._sites.get(scope, site)
        return live.board.site.timezone

    def may_answer(self, scope: Scope) -> bool:
        """Whether the scope speaks for the factory."""
        return scope.role in _ANSWERS

    def _say(
        self, by: By, live: LiveSite, subject: Subject, side: Side, statement: Statement
    ) -> None:
        words = _CONTROLS.sub(" ", statement.words.replace("\r\n", "\n")).strip()
        entry = Entry(
            said=statement.said, side=side, at=live.now, author=by.name, words=words,
            date_at=statement.date_at,
        )  # fmt: skip
        before = self._book.latest(by.scope, live.site, subject).standing
        check(subject, entry, before)
        what = "pick-up" if subject.is_pick_up else f"milestone/{subject.milestone}"
        self._audit.note(
            by.actor, Action.DATE_CHANGED, f"order/{subject.order}/{what}", site=live.site,
            party=subject.party, address=by.address, detail=_detail(entry, before),
        )  # fmt: skip
        self._book.add(by.scope, live.site, subject, entry)
        self._told(live.site, (subject.party, *_others(live, subject)))

    def _disclosing(self, scope: Scope, site: str) -> LiveSite:
        for live in self._sites.disclosing(scope):
            if live.site == site and live.loaded and scope.outside:
                live.renew()
                return live
        raise Forbidden(site)

    def _own(self, scope: Scope, live: LiveSite) -> Iterator[tuple[str, Subject]]:
        """Yield the dates that are the party's to speak of, by their keys."""
        eyes = self._disclosures.eyes(scope, live.site)
        orders = self._boards.orders(scope, live, live.indexes.parties)
        for row in _spoken_of(scope, live, orders, eyes):
            key = key_of(disclosed(row, eyes))
            if key is not None and concerns(row, eyes):
                order, milestone = row.fields["order"], row.fields.get("milestone", PICK_UP)
                yield key, Subject(str(order), str(milestone), scope.party or "")


def _gathered(said: Iterable[tuple[Subject, Entry]]) -> dict[str, dict[Subject, Dated]]:
    """Return what was said by order and subject, oldest first."""
    found: dict[str, dict[Subject, list[Entry]]] = {}
    for subject, entry in said:
        found.setdefault(subject.order, {}).setdefault(subject, []).append(entry)
    return {
        order: {subject: Dated(entries=tuple(entries)) for subject, entries in of.items()}
        for order, of in found.items()
    }


def _by(dated: Dated, now: datetime) -> Dated:
    """Return what had been said by then."""
    if dated.entries[-1].at <= now:
        return dated
    return Dated(entries=tuple(entry for entry in dated.entries if entry.at <= now))


def _spoken_of(scope: Scope, live: LiveSite, orders: Sequence[str], eyes: Eyes) -> Iterator[Row]:
    """Return the rows that a role speaks about dates of: customers milestones, carriers orders."""
    rows = Rows(board=live.board, facts=live.facts, now=live.now)
    if scope.role is Role.CUSTOMER and eyes.policy.sees(Kind.MILESTONE):
        return rows.milestones(orders)
    if scope.role is Role.LOGISTICS and eyes.policy.sees(Kind.ORDER):
        return (row for row in rows.orders(orders) if _ships(live, row, scope.party))
    return iter(())


def _ships(live: LiveSite, row: Row, party: str | None) -> bool:
    plan = live.board.orders[str(row.fields["order"])].plan
    return plan is not None and plan.shipped_by == party


def _plan(live: LiveSite, order: str) -> Order | None:
    state = live.board.orders.get(order)
    return None if state is None or state.plan is None or state.plan.cancelled else state.plan


def _subjects(plan: Order) -> list[Subject]:
    """Return the dates that an order's customer and carrier have a side of."""
    found = []
    if plan.customer is not None:
        found += [Subject(plan.id, one.id, plan.customer) for one in plan.milestones]
    if plan.shipped_by is not None:
        found.append(Subject(plan.id, PICK_UP, plan.shipped_by))
    return found


def _is_current(live: LiveSite, subject: Subject) -> bool:
    """Whether it is about an order that there is, and the party is still its."""
    plan = _plan(live, subject.order)
    return plan is not None and subject in _subjects(plan)


def _waiting(live: LiveSite, plan: Order, subject: Subject, dated: Dated) -> Waiting:
    current = subject in _subjects(plan)
    row = _row(live, subject, plan)
    return Waiting(subject=subject, plan=plan, row=row, dated=dated, current=current)


def _row(live: LiveSite, subject: Subject, plan: Order) -> Mapping[str, object]:
    """Return what is known of a date: its milestone's row, or its order's."""
    rows = Rows(board=live.board, facts=live.facts, now=live.now)
    if subject.is_pick_up:
        return next(rows.orders([plan.id])).fields
    milestones = (row.fields for row in rows.milestones([plan.id]))
    return next((one for one in milestones if one["milestone"] == subject.milestone), {})


def _others(live: LiveSite, subject: Subject) -> tuple[str, ...]:
    """Return who else sees it: a milestone's dates are also on the board of its carrier."""
    plan = _plan(live, subject.order)
    carrier = None if plan is None or subject.is_pick_up else plan.shipped_by
    return () if carrier is None else (carrier,)


def _told(entry: Entry, subject: Subject, eyes: Eyes) -> Entry:
    """Return what a party may know of what was said to it."""
    if entry.side is Side.PARTY:
        return entry
    field = _DISCLOSED_AS.get(entry.said, "")
    shown = subject.is_pick_up or eyes.policy.of(Kind.MILESTONE, field) is Treatment.SHOW
    return replace(entry, author="", date_at=entry.date_at if shown else None)


def _detail(entry: Entry, before: Standing) -> Detail:
    was = before.requested if entry.said is Said.REQUESTED else before.confirmed
    return {
        "what": entry.said.value,
        "side": entry.side.value,
        "before": _iso(None if was is None else was.date_at),
        "after": _iso(entry.date_at),
        "words": entry.words[:_MOST_NOTED],
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
