"""`/delays`: why orders are late, over a period, with filters that combine."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from dash import Dash
from dash.development.base_component import Component
from msgspec.structs import replace

from callbacks.desk.visit import BadParameter, Visit
from data.domain.delays import DIMENSIONS, DelayBar, DelayFilter, DelayReport
from data.domain.ledger.records import Cause
from data.domain.scope import Scope
from data.domain.topics import HISTORY
from layouts.components.delay_words import NOBODY
from layouts.pages import delay_sheets, delays
from layouts.pages.delays import CUSTOM, PERIODS, Shown, period_before
from layouts.sheets import Sheet
from layouts.text import Translator

ROWS, MOST_PAGES = 25, 800
MOST_EXPORTED = 20_000
COMPARABLE = 0.5  # of the orders completed: with fewer before, nothing is compared
LONGEST = timedelta(days=3 * 366)
_USUAL = "30d"
_LENGTHS = {"7d": 7, "30d": 30, "90d": 90}


class Delays(Protocol):
    """What the page asks: `data.services.delays.Delays`."""

    def report(
        self, scope: Scope, site: str, wanted: DelayFilter, limit: int = 50, offset: int = 0
    ) -> DelayReport:
        """Sum up the lateness that a filter leaves; a page of its orders, the worst first."""

    def missing(self, scope: Scope, site: str) -> int:
        """How many orders have no account yet."""


class DelaysPage:
    """The page on delays; all its state is in the address."""

    name = "delays"
    path = "/delays"
    topics = HISTORY

    def __init__(self, service: Delays) -> None:
        self._delays = service

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(delays.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return key figures, Pareto lists, days, late orders and buffers."""
        wanted, page = wanted_of(visit), visit.whole("page", 1, MOST_PAGES, 1)
        report = self._report(visit, wanted, ROWS, (page - 1) * ROWS)
        pages = min(MOST_PAGES, max(1, -(-report.orders_total // ROWS)))
        if page > pages:
            raise BadParameter("page", "whole", ("1", str(pages)))
        shown = Shown(
            wanted=wanted,
            period=period_of(visit),
            report=report,
            bars=self._bars(visit, wanted, report),
            before=self._before(visit, wanted, report),
            page=page,
            pages=pages,
            site=visit.live.board.site,
            now=visit.now,
            stale=visit.live.readers().watch_stale,
            missing=self._delays.missing(visit.scope, visit.site),
        )
        return delays.layout(shown, visit.href, visit.t)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return late orders, a Pareto by each dimension, days and buffers."""
        report = self._report(visit, wanted_of(visit), MOST_EXPORTED)
        return delay_sheets.sheets(report, visit.live.board.site, visit.t)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _report(
        self, visit: Visit, wanted: DelayFilter, limit: int = 1, offset: int = 0
    ) -> DelayReport:
        return self._delays.report(visit.scope, visit.site, wanted, limit, offset)

    def _bars(
        self, visit: Visit, wanted: DelayFilter, report: DelayReport
    ) -> Mapping[str, Sequence[DelayBar]]:
        """Return each dimension's bars as they are without its own filter."""
        bars = dict(report.bars)
        for name in DIMENSIONS:
            if getattr(wanted, name) is not None:
                bars[name] = self._report(visit, replace(wanted, **{name: None})).bars[name]
        return bars

    def _before(self, visit: Visit, wanted: DelayFilter, now: DelayReport) -> DelayReport | None:
        """Return the report on as many days before, where as much as half of it happened."""
        since, until = period_before(wanted.since, wanted.until)
        before = self._report(visit, replace(wanted, since=since, until=until))
        return before if before.completed >= COMPARABLE * now.completed > 0 else None


def wanted_of(visit: Visit) -> DelayFilter:
    """Return the period and the filters that an address names.

    Raises: BadParameter.
    """
    if visit.at is not None:
        raise BadParameter("at", "live")
    since, until = _period(visit)
    cause = _key(visit, "cause")
    if cause is not None and cause not in set(Cause):
        raise BadParameter("cause", "choice", [*Cause])
    return DelayFilter(
        since=since,
        until=until,
        cause=cause,
        work_center=_key(visit, "work_center"),
        party=_key(visit, "party"),
        product=_key(visit, "product"),
        customer=_key(visit, "customer"),
        area=_area(visit),
    )


def period_of(visit: Visit) -> str:
    """Return which of the usual periods an address names; `custom` when it names days.

    Raises: BadParameter.
    """
    period = visit.choice("period", [*PERIODS], _USUAL)
    return CUSTOM if visit.text("from") or visit.text("to") else period


def _period(visit: Visit) -> tuple[date, date]:
    today = visit.now.astimezone(ZoneInfo(visit.timezone)).date()
    since, until, period = visit.day("from"), visit.day("to"), period_of(visit)
    if period != CUSTOM:
        return _since(period, today), today
    until = until or max(today, since or today)
    since = since or until - timedelta(days=_LENGTHS[_USUAL] - 1)
    if not timedelta() <= until - since <= LONGEST:
        raise BadParameter("from", "day")
    return since, until


def _since(period: str, today: date) -> date:
    if period == "month":
        return today.replace(day=1)
    return today - timedelta(days=_LENGTHS[period] - 1)


def _key(visit: Visit, name: str) -> str | None:
    """Return the key of a filter; the empty one for the sign that stands for it."""
    value = visit.text(name)
    return "" if value == NOBODY else value


def _area(visit: Visit) -> str | None:
    area, known = visit.text("area"), [one.id for one in visit.live.board.site.areas]
    if area is not None and area not in known:
        raise BadParameter("area", "choice", known)
    return area
