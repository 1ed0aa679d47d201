"""The figures of ISO 22400, and how each of them came about.

Pure; `callbacks.desk.figures` finds what it shows.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.kpis import Elements, Formula, Kpi, kpi
from data.domain.shift_rows import By, FigureFilter, FigureRow, ShiftRow
from data.domain.site import Site
from layouts.components import desk, forms
from layouts.components.kpi_words import NAMES, written
from layouts.components.links import link
from layouts.components.parts import shape
from layouts.pages import figure_detail
from layouts.panels.header import SHIFTS
from layouts.text import Translator, msgid

TITLE = msgid("Figures")
COLUMNS = tuple(NAMES)[:13]
OFF = "-"  # what an address calls the time off shift
GROUPS: dict[By, str] = {
    "work_unit": msgid("Work unit"),
    "work_center": msgid("Work center"),
    "line": msgid("Line"),
    "shift": msgid("Shift"),
    "day": msgid("Date"),
}


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows: a table of sums, one indicator of one of its rows in detail.

    `key`: the chosen row's, None for all together; `elements`, `days` and `shifts` are its.
    `sort`: a column to sort by, with `-` before it the largest first; empty: as listed.
    """

    wanted: FigureFilter
    by: By
    rows: tuple[FigureRow, ...]
    total: Elements
    derived_at: datetime | None
    figure: Kpi
    key: str | None
    elements: Elements
    days: tuple[FigureRow, ...]
    shifts: tuple[ShiftRow, ...]
    sort: str
    site: Site
    today: date
    theme: str


Href = Callable[..., str]


def layout(shown: Shown, href: Href, t: Translator) -> Component:
    """Return the page."""
    head = desk.page_head(t(TITLE), _lead(shown, t))
    if not shown.rows:
        return html.Div([head, _filters(shown, href, t), _nothing(shown, href, t)])
    name = t("All") if shown.key is None else label(shown.key, shown.by, shown.site, t)
    return html.Div(
        [
            head,
            _filters(shown, href, t),
            figure_detail.layout(
                figure_detail.Detail(
                    figure=shown.figure,
                    name=name,
                    elements=shown.elements,
                    days=shown.days,
                    shifts=shown.shifts,
                    site=shown.site,
                    theme=shown.theme,
                ),
                _table(shown, href, t),
                t,
            ),
        ],
        className="mp-kpi-page",
    )


def label(key: str, by: By, site: Site, t: Translator) -> str:
    """Return what a row is called."""
    if by == "shift":
        return shift_name(key, t)
    if by == "line":
        return next((area.name or area.id for area in site.areas if area.id == key), key)
    return key


def shift_name(name: str, t: Translator) -> str:
    """Return what a shift is called; the usual names in the reader's language."""
    if not name:
        return t("off shift")
    return t(name) if name in SHIFTS else name


def ordered(shown: Shown) -> Sequence[FigureRow]:
    """Return the rows as the table lists them: as the line flows, days newest first."""
    if shown.sort:
        name = Kpi(shown.sort.lstrip("-"))
        known = {row.key: kpi(name, row.elements).value for row in shown.rows}
        sign = -1 if shown.sort.startswith("-") else 1
        rank = {key: (value is None, sign * (value or 0.0)) for key, value in known.items()}
        return sorted(shown.rows, key=lambda row: rank[row.key])
    if shown.by == "day":
        return sorted(shown.rows, key=lambda row: row.key, reverse=True)
    places = _places(shown.by, shown.site)
    return sorted(shown.rows, key=lambda row: (places.get(row.key, len(places)), row.key))


def _places(by: By, site: Site) -> Mapping[str, int]:
    listed: list[str] = []
    if by == "work_unit":
        listed = [unit.id for unit in site.work_units]
    elif by == "work_center":
        listed = [unit.work_center for unit in site.work_units]
    elif by == "line":
        listed = [area.id for area in site.areas]
    elif by == "shift":
        listed = [shift.name for calendar in site.calendars for shift in calendar.shifts]
    return {key: place for place, key in enumerate(dict.fromkeys(listed))}


def _lead(shown: Shown, t: Translator) -> str:
    if shown.derived_at is None:
        return t("ISO 22400, by shift")
    when = t.clock(shown.derived_at, shown.site.timezone)
    return t("ISO 22400, by shift · worked out up to {when}", when=when)


def _filters(shown: Shown, href: Href, t: Translator) -> Component:
    wanted, site = shown.wanted, shown.site
    lines = [("", t("All lines")), *((area.id, area.name or area.id) for area in site.areas)]
    names = dict.fromkeys(shift.name for c in site.calendars for shift in c.shifts)
    shifts = [("", t("All shifts")), *((name, shift_name(name, t)) for name in names)]
    fields = [
        forms.day_field("since", wanted.since.isoformat(), t("From day")),
        forms.day_field("until", wanted.until.isoformat(), t("To day")),
        forms.choice_field("line", lines, wanted.line, t("Line")),
        forms.choice_field("shift", [*shifts, (OFF, t("off shift"))], _told(wanted), t("Shift")),
        forms.send(t("Show")),
    ]
    action = href(since=None, until=None, line=None, shift=None, key=None)
    groups = [
        desk.Chip(words=t(words), href=href(by=by, key=None, sort=None), chosen=by == shown.by)
        for by, words in GROUPS.items()
    ]
    return html.Div(
        [
            forms.form(action, fields, t("Period and line")),
            desk.chips(groups, t("A row for each")),
        ],
        className="mp-kpi-filters",
    )


def _told(wanted: FigureFilter) -> str | None:
    return OFF if wanted.shift == "" else wanted.shift


def _table(shown: Shown, href: Href, t: Translator) -> Component:
    columns = [desk.TableColumn(key="key", heading=t(GROUPS[shown.by]), css="mp-first")]
    columns += [_column(shown, name, href, t) for name in COLUMNS]
    rows = [_line(shown, row.key, row.elements, href, t) for row in ordered(shown)]
    rows.append(_line(shown, None, shown.total, href, t))
    return desk.table(columns, rows, t(TITLE))


def _column(shown: Shown, name: Kpi, href: Href, t: Translator) -> desk.TableColumn:
    up, down = name.value, f"-{name.value}"
    sorted_ = {up: "ascending", down: "descending"}.get(shown.sort, "")
    return desk.TableColumn(
        key=name.value,
        heading=t(NAMES[name]),
        css="mp-num",
        sort=href(sort=down if shown.sort == up else up),
        sorted=sorted_,
    )


def _line(
    shown: Shown, key: str | None, elements: Elements, href: Href, t: Translator
) -> desk.TableRow:
    name = t("All") if key is None else label(key, shown.by, shown.site, t)
    cells: dict[str, Component | str] = {"key": name}
    for figure in COLUMNS:
        formula = kpi(figure, elements)
        chosen = figure is shown.figure and key == shown.key
        there = href(figure=figure.value, key=OFF if key == "" else key)
        cells[figure.value] = _cell(formula, there, chosen, f"{name}, {t(NAMES[figure])}", t)
    return desk.TableRow(key=key or "", cells=cells)


def _cell(formula: Formula, href: str, chosen: bool, label: str, t: Translator) -> Component:
    value = written(formula, t)
    if formula.doubt is None or formula.value is None:
        return link(value, href, "mp-kpi", "true" if chosen else "", f"{label}: {value}")
    mark = html.Span(shape(), className="mp-is-at-risk")
    doubtful = t("doubtful")
    words = f"{label}: {value}, {doubtful}"
    return link([mark, value], href, "mp-kpi mp-doubt", "true" if chosen else "", words)


def _nothing(shown: Shown, href: Href, t: Translator) -> Component:
    if shown.derived_at is None:
        words = t("They are worked out by the watch, which hasn't come to this site yet.")
        return desk.empty(t("No figures yet"), words)
    words = t("No shift that fits started in this period. Choose other days or another line.")
    wider = href(since=None, until=None, line=None, shift=None, key=None, unit=None, center=None)
    return desk.empty(t("No shift here"), words, wider, t("The last seven days, all lines"))
