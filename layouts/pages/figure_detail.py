"""One figure in detail: its formula, its inputs and how each was counted, its trend, its shifts.

Pure; a part of `layouts.pages.figures`.
"""

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.kpis import Elements, Formula, Kpi, kpi
from data.domain.shift_rows import FigureRow, ShiftRow
from data.domain.site import Site
from layouts import charts, ids
from layouts.components import desk
from layouts.components.kpi_words import (
    DOUBTS,
    INPUTS,
    NAMES,
    amount,
    unit,
    with_unit,
    written,
)
from layouts.components.parts import shape
from layouts.components.still import still
from layouts.panels.header import SHIFTS
from layouts.text import Translator


class Detail(Struct, frozen=True, kw_only=True):
    """One indicator of one row; `name` is the row's."""

    figure: Kpi
    name: str
    elements: Elements
    days: tuple[FigureRow, ...]
    shifts: tuple[ShiftRow, ...]
    site: Site
    theme: str


def layout(detail: Detail, table: Component, t: Translator) -> Component:
    """Return the detail with the table of all rows in its middle."""
    formula = kpi(detail.figure, detail.elements)
    title = t("{figure} · {name}", figure=t(NAMES[detail.figure]), name=detail.name)
    rows, behind = still(table, "figures-rows"), still(_shifts(detail, t), "figures-shifts")
    return html.Div(
        [
            html.Div(
                [
                    desk.section(title, _formula(formula, t), css="mp-formula-section"),
                    desk.section(t("Day by day"), _trend(detail, t), unit(detail.figure, t)),
                ],
                className="mp-kpi-detail",
            ),
            desk.section(t("All figures"), rows, t("Choose one to see how it came about.")),
            desk.section(t("The shifts behind it"), behind, _most(detail, t)),
        ],
        className="mp-kpi-parts",
    )


def _formula(formula: Formula, t: Translator) -> Component:
    parts: list[Component] = [
        html.Div(with_unit(formula, t), className="mp-formula-value"),
        html.Code(formula.expression, className="mp-formula"),
    ]
    if formula.doubt is not None and formula.value is not None:
        words = t(DOUBTS[formula.doubt])
        parts.append(html.P([shape(), words], className="mp-doubt-note mp-is-at-risk"))
    if formula.value is None:
        parts.append(html.P(t("Its denominator is 0: there is nothing to divide by.")))
    parts.append(_inputs(formula, t))
    return html.Div(parts)


def _inputs(formula: Formula, t: Translator) -> Component:
    rows = []
    for symbol, value in formula.inputs:
        name, counted = INPUTS[symbol]
        words = [html.Span(t(name)), html.Span(t(counted), className="mp-counted")]
        rows.append(
            html.Div(
                [
                    html.Dt(symbol),
                    html.Dd(words, className="mp-input-words"),
                    html.Dd(amount(symbol, value, t), className="mp-input-value"),
                ],
                className="mp-input-row",
            )
        )
    return html.Dl(rows, className="mp-inputs")


def _trend(detail: Detail, t: Translator) -> Component:
    found = [(row.key, kpi(detail.figure, row.elements)) for row in detail.days]
    scale = 3600 if detail.figure is Kpi.THROUGHPUT_RATE else 100
    plain, doubtful = (charts.colour(detail.theme, name) for name in ("bar", "at-risk"))
    trace = {
        "type": "bar",
        "x": [day for day, _ in found],
        "y": [None if f.value is None else f.value * scale for _, f in found],
        "marker": {"color": [doubtful if f.doubt else plain for _, f in found]},
        "text": [with_unit(f, t) for _, f in found],
        "textposition": "none",
        "hovertemplate": "%{x|%Y-%m-%d}  %{text}<extra></extra>",
    }
    axis = {"type": "date", "tickformat": "%m-%d", "showgrid": False, **_ticks(len(found))}
    chart = charts.figure(
        detail.theme, [trace], xaxis=axis, yaxis={"rangemode": "tozero"},
        margin={"l": 40, "r": 8, "t": 8, "b": 32},
    )  # fmt: skip
    label = t("{figure} by day", figure=t(NAMES[detail.figure]))
    return charts.graph(ids.Figures.TREND, chart, label)


def _ticks(days: int) -> dict[str, object]:
    """Return a tick for each of a few days, a few ticks for many."""
    return {"dtick": 86_400_000} if days <= 8 else {"nticks": 8}


def _most(detail: Detail, t: Translator) -> str:
    return t("the newest {count}", count=t.number(len(detail.shifts)))


def _shifts(detail: Detail, t: Translator) -> Component:
    symbols = [symbol for symbol, _ in kpi(detail.figure, detail.elements).inputs]
    columns = [
        desk.TableColumn(key="day", heading=t("Date"), css="mp-first"),
        desk.TableColumn(key="shift", heading=t("Shift")),
        desk.TableColumn(key="unit", heading=t("Work unit")),
        *(desk.TableColumn(key=s, heading=s, css="mp-num") for s in symbols),
        desk.TableColumn(key="value", heading=t(NAMES[detail.figure]), css="mp-num"),
    ]
    rows = [_shift(detail, row, t) for row in detail.shifts]
    return desk.table(columns, rows, t("The shifts behind it"))


def _shift(detail: Detail, row: ShiftRow, t: Translator) -> desk.TableRow:
    formula = kpi(detail.figure, row.elements)
    zone = detail.site.timezone
    times = f"{t.clock(row.shift_start, zone)}–{t.clock(row.shift_finish, zone)}"
    cells = {symbol: amount(symbol, value, t) for symbol, value in formula.inputs}
    name = (t(row.shift) if row.shift in SHIFTS else row.shift) if row.shift else t("off shift")
    return desk.TableRow(
        key=f"{row.work_unit}/{row.shift_start.isoformat()}/{row.shift}",
        cells={
            **cells,
            "day": row.day.isoformat(),
            "shift": f"{name} {times}" if row.shift else name,
            "unit": row.work_unit,
            "value": written(formula, t),
        },
    )
