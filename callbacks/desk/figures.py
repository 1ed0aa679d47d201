"""`/figures`: the indicators of ISO 22400 over a period, and how each of them came about."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Protocol, get_args
from zoneinfo import ZoneInfo

from dash import Dash
from dash.development.base_component import Component
from msgspec.structs import replace

from callbacks.desk.visit import BadParameter, Visit
from data.domain.kpis import Elements, Kpi
from data.domain.scope import Scope
from data.domain.shift_rows import By, FigureFilter, FiguresReport, ShiftRow
from data.domain.topics import HISTORY
from layouts.pages import figure_sheets, figures
from layouts.pages.figures import OFF, Shown
from layouts.sheets import Sheet
from layouts.text import Translator

DAYS = timedelta(days=6)
LONGEST = timedelta(days=3 * 366)
SHIFTS, MOST_SHIFTS = 60, 20_000
_FIELD = {"work_unit": "work_unit", "work_center": "work_center", "line": "line", "shift": "shift"}


class Figures(Protocol):
    """What the page asks: `data.services.shift_figures.ShiftFigures`."""

    def report(self, scope: Scope, site: str, wanted: FigureFilter, by: By) -> FiguresReport:
        """Sums by work unit, work center, line, shift or day, of all, and day by day."""

    def shifts(self, scope: Scope, site: str, wanted: FigureFilter, most: int) -> list[ShiftRow]:
        """The shifts behind sums."""


class FiguresPage:
    """The page of figures; all its state is in the address."""

    name = "figures"
    path = "/figures"
    topics = HISTORY

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(figures.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return table, formula, trend and shifts."""
        return figures.layout(self._shown(visit, SHIFTS), visit.href, visit.t)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return the table with every element, the days, and the shifts."""
        return figure_sheets.sheets(self._shown(visit, MOST_SHIFTS), visit.t)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _shown(self, visit: Visit, most: int) -> Shown:
        by: By = visit.choice("by", get_args(By), "work_center")  # type: ignore[assignment]
        wanted, figure = wanted_of(visit), _figure(visit)
        report = self._figures.report(visit.scope, visit.site, wanted, by)
        key = "" if visit.text("key") == OFF else visit.text("key")
        behind = _narrowed(wanted, by, key)
        chosen = report
        if key is not None:
            chosen = self._figures.report(visit.scope, visit.site, behind, "day")
        return Shown(
            wanted=wanted,
            by=by,
            rows=report.rows,
            total=report.total,
            derived_at=report.derived_at,
            figure=figure,
            key=key,
            elements=chosen.total if key is not None or report.rows else Elements(),
            days=report.days if by == "day" else chosen.days,
            shifts=tuple(self._figures.shifts(visit.scope, visit.site, behind, most)),
            sort=_sort(visit),
            site=visit.live.board.site,
            today=_today(visit),
            theme=visit.theme,
        )


def wanted_of(visit: Visit) -> FigureFilter:
    """Return the period and the filters that an address names; the last seven days without.

    Raises: BadParameter.
    """
    until = visit.day("until") or max(_today(visit), visit.day("since") or date.min)
    since = visit.day("since") or until - DAYS
    if not timedelta() <= until - since <= LONGEST:
        raise BadParameter("since", "day")
    shift = visit.text("shift")
    return FigureFilter(
        since=since,
        until=until,
        line=visit.text("line"),
        work_center=visit.text("center"),
        work_unit=visit.text("unit"),
        shift="" if shift == OFF else shift,
    )


def _narrowed(wanted: FigureFilter, by: By, key: str | None) -> FigureFilter:
    if key is None:
        return wanted
    if by != "day":
        return replace(wanted, **{_FIELD[by]: key})
    try:
        day = date.fromisoformat(key)
    except ValueError as error:
        raise BadParameter("key", "day") from error
    return replace(wanted, since=day, until=day)


def _figure(visit: Visit) -> Kpi:
    return Kpi(visit.choice("figure", [name.value for name in Kpi], Kpi.OEE.value))


def _sort(visit: Visit) -> str:
    names = [name.value for name in Kpi]
    return visit.choice("sort", ["", *names, *(f"-{name}" for name in names)], "")


def _today(visit: Visit) -> date:
    return visit.now.astimezone(ZoneInfo(visit.timezone)).date()
