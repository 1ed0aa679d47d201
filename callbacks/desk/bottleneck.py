"""`/bottleneck`: where the bottleneck of a line is and was, and what an hour more would give."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from dash import Dash
from dash.development.base_component import Component

from callbacks.desk.visit import BadParameter, Visit
from data.domain.bottleneck.report import BottleneckReport
from data.domain.bottleneck.timeline import Grain
from data.domain.scope import Scope
from data.domain.topics import BOTTLENECK
from data.services.views import SiteView
from layouts.pages import bottleneck, bottleneck_sheets
from layouts.pages.bottleneck import PERIODS, Shown
from layouts.panels.bottleneck import WATCH_SILENT_S
from layouts.sheets import Sheet
from layouts.text import Translator

LONGEST = timedelta(days=400)


class Reports(Protocol):
    """What the page asks: `data.services.bottleneck_history.BottleneckHistory`."""

    def report(
        self, scope: Scope, view: SiteView, area: str, since: datetime, until: datetime,
        grain: Grain = Grain.SHIFT,
    ) -> BottleneckReport:  # fmt: skip
        """What there is to say of a line in a period."""


class BottleneckPage:
    """The page on bottlenecks; all its state is in the address."""

    name = "bottleneck"
    path = "/bottleneck"
    topics = BOTTLENECK

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(bottleneck.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return timeline, shares, work units, methods."""
        if not visit.live.board.site.areas:
            return bottleneck.no_lines(visit.t)
        return bottleneck.layout(self._shown(visit), visit.href, visit.t)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return work units, windows and the timeline as tables."""
        if not visit.live.board.site.areas:
            return ()
        return bottleneck_sheets.sheets(self._report(visit), visit.t)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _shown(self, visit: Visit) -> Shown:
        report = self._report(visit)
        days = visit.query.get("since") or visit.query.get("until")
        lag_s = visit.live.readers().watch_lag_s
        return Shown(
            site=visit.live.board.site,
            report=report,
            fact=visit.live.facts.bottlenecks.get(report.area),
            period="" if days else visit.choice("period", tuple(PERIODS), "today"),
            since=visit.query.get("since", ""),
            until=visit.query.get("until", ""),
            now=visit.now,
            theme=visit.theme,
            stale=lag_s is not None and lag_s > WATCH_SILENT_S,
        )

    def _report(self, visit: Visit) -> BottleneckReport:
        areas = [area.id for area in visit.live.board.site.areas]
        area = visit.choice("area", areas, areas[0])
        since, until = period_of(visit)
        grain = Grain(visit.choice("by", [one.value for one in Grain], _usual(since, until)))
        return self._reports.report(visit.scope, visit.live, area, since, until, grain)


def period_of(visit: Visit) -> tuple[datetime, datetime]:
    """Return the period that an address names: days given, or a named one; today without.

    Raises: BadParameter.
    """
    zone = ZoneInfo(visit.timezone)
    today = visit.now.astimezone(zone).date()
    first, last = visit.day("since"), visit.day("until")
    if first is None and last is None:
        first, last = _named(visit.choice("period", tuple(PERIODS), "today"), today)
    last = last or max(today, first or today)
    first = first or last
    if not timedelta() <= last - first <= LONGEST:
        raise BadParameter("since", "day")
    return _midnight(first, zone), min(visit.now, _midnight(last + timedelta(1), zone))


def _named(period: str, today: date) -> tuple[date, date]:
    if period == "yesterday":
        return today - timedelta(1), today - timedelta(1)
    days = {"today": 0, "7d": 6, "30d": 29}[period]
    return today - timedelta(days), today


def _usual(since: datetime, until: datetime) -> str:
    return Grain.SHIFT.value if until - since <= timedelta(days=8) else Grain.DAY.value


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
