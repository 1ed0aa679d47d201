"""`/audit`: the trail of who saw and changed what, for those who look after it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from dash import Dash
from dash.development.base_component import Component
from flask import has_request_context, request
from msgspec.structs import replace

from callbacks.desk.visit import BadParameter, Visit
from callbacks.gate import Viewer, viewer
from data.domain.audit import Action, AuditRecord, Detail, Fault, Head
from data.domain.scope import Role, Scope
from data.services.accounts_desk import By
from data.services.audit import Search
from layouts.pages import audit
from layouts.pages.audit import CUSTOM, PERIODS, USUAL, Checked, Shown
from layouts.sheets import Sheet
from layouts.text import Translator

ROWS, MOST_PAGES = 50, 400
MOST_EXPORTED = 20_000
_LENGTHS = {"1d": 1, "7d": 7, "30d": 30}
_CODE_BYTES = 32
_HEAD_SHAPE = ("number:code",)


class Trail(Protocol):
    """What the page asks: `data.services.audit.Audit`."""

    def search(
        self, scope: Scope, wanted: Search, limit: int = 100, offset: int = 0
    ) -> tuple[list[AuditRecord], int]:
        """Find a page of records, newest first, and how many fit."""

    def verify(self, kept: Head | None = None) -> tuple[Head, Fault | None]:
        """Walk the whole trail."""

    def note(
        self, actor: str, action: Action, subject: str, *, site: str | None = None,
        party: str | None = None, address: str = "", detail: Detail | None = None,
    ) -> Head:  # fmt: skip
        """Write down what is about to be shown."""


class AuditPage:
    """The page on the audit trail. `names`: what actors are called, as far as a viewer may know."""

    name = "audit"
    path = "/audit"
    topics = 0
    roles = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})

    def __init__(
        self, trail: Trail, names: Callable[[Scope], Mapping[str, str]],
        who: Callable[[], Viewer] = viewer,
    ) -> None:  # fmt: skip
        self._trail = trail
        self._names = names
        self._who = who

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(audit.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return filters, what came of checking the chain, and a page of records."""
        wanted, page = wanted_of(visit), visit.whole("page", 1, MOST_PAGES, 1)
        records, total = self._trail.search(visit.scope, wanted, ROWS, (page - 1) * ROWS)
        pages = min(MOST_PAGES, max(1, -(-total // ROWS)))
        if page > pages:
            raise BadParameter("page", "whole", ("1", str(pages)))
        shown = Shown(
            records=records,
            total=total,
            page=page,
            pages=pages,
            period=period_of(visit),
            since=visit.day("from"),
            until=visit.day("to"),
            actor=wanted.actor,
            action=wanted.action,
            party=wanted.party,
            words=wanted.words,
            names=self._names(visit.scope),
            parties={one.id: one.name for one in visit.live.board.site.parties},
            timezone=visit.timezone,
            site_name=visit.live.board.site.name,
            checked=self._checked(visit),
        )
        return audit.layout(shown, visit.href, visit.t)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return the records that the filters leave, after noting who takes them."""
        wanted = wanted_of(visit)
        records, total = self._trail.search(visit.scope, wanted, MOST_EXPORTED)
        by = by_of(self._who)
        detail: Detail = {"count": len(records), "of": total}
        self._trail.note(
            by.actor, Action.EXPORTED, "audit", site=visit.site, address=by.address,
            detail=detail,
        )  # fmt: skip
        return audit.sheets(records, self._names(visit.scope), visit.t)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _checked(self, visit: Visit) -> Checked | None:
        kept = _head(visit)
        if visit.choice("verify", ["1"], "") != "1":
            return None
        head, fault = self._trail.verify(kept)
        return Checked(head=head, fault=fault, against=None if kept is None else kept.number)


def by_of(who: Callable[[], Viewer]) -> By:
    """Return who asks, as the audit trail names them."""
    address = request.remote_addr if has_request_context() else None
    return By(who().actor, address or "")


def wanted_of(visit: Visit) -> Search:
    """Return the records that an address asks for.

    Raises: BadParameter.
    """
    if visit.at is not None:
        raise BadParameter("at", "live")
    action = visit.text("action")
    if action is not None and action not in set(Action):
        raise BadParameter("action", "choice", [*Action])
    wanted = Search(
        sites=(visit.site,),
        actor=visit.text("actor"),
        action=None if action is None else Action(action),
        party=visit.text("party"),
        words=visit.text("q") or "",
    )
    since, until = _period(visit)
    return replace(
        wanted,
        since=None if since is None else _midnight(since, visit),
        until=None if until is None else _midnight(until + timedelta(days=1), visit),
    )


def period_of(visit: Visit) -> str:
    """Return which of the usual periods an address names; `custom` when it names days.

    Raises: BadParameter.
    """
    period = visit.choice("period", [*PERIODS], USUAL)
    return CUSTOM if visit.text("from") or visit.text("to") else period


def _period(visit: Visit) -> tuple[date | None, date | None]:
    since, until, period = visit.day("from"), visit.day("to"), period_of(visit)
    if period == CUSTOM:
        if since is not None and until is not None and until < since:
            raise BadParameter("from", "day")
        return since, until
    if period not in _LENGTHS:
        return None, None
    today = datetime.now(UTC).astimezone(ZoneInfo(visit.timezone)).date()
    return today - timedelta(days=_LENGTHS[period] - 1), None


def _midnight(day: date, visit: Visit) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(visit.timezone)).astimezone(UTC)


def _head(visit: Visit) -> Head | None:
    """Return the end of the chain that was kept, `number:code`.

    Raises: BadParameter.
    """
    given = visit.text("head")
    if given is None:
        return None
    number, _, code = given.partition(":")
    try:
        kept = Head(number=int(number), code=bytes.fromhex(code))
    except ValueError as error:
        raise BadParameter("head", "choice", _HEAD_SHAPE) from error
    if kept.number < 1 or len(kept.code) != _CODE_BYTES:
        raise BadParameter("head", "choice", _HEAD_SHAPE)
    return kept
