"""Pictures of the page on bottlenecks: who was it when, and the shares of each window. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dash import html
from dash.development.base_component import Component

from data.domain.bottleneck.chain import SegmentKind
from data.domain.bottleneck.report import BottleneckReport, TimelinePiece, WindowReport
from data.domain.bottleneck.timeline import Grain
from layouts import charts
from layouts.components.order_gantt import ticks
from layouts.text import Translator

MOST_UNITS = 4
TONES = ("ink", "on-track", "bar", "track")
_DAY = 86_400.0


def timeline(report: BottleneckReport, timezone: str, t: Translator) -> Component:
    """Return a row for each work unit that was the bottleneck, as the line flows.

    Alone it is solid, while it shifts lighter, hatched what may turn out otherwise.
    """
    start, end = report.counted_since.timestamp(), report.until.timestamp()
    by_unit: dict[str, list[TimelinePiece]] = {}
    for piece in report.pieces:
        by_unit.setdefault(piece.work_unit, []).append(piece)
    order = [row.work_unit for row in report.units if row.work_unit in by_unit]
    rows = [
        _row(name, by_unit[name], (start, end), name == report.named, timezone, t)
        for name in (*order, *sorted(by_unit.keys() - set(order)))
    ]
    shade = [_block("mp-bt-off", a, b, (start, end)) for a, b in report.off_shift]
    window = (report.counted_since, report.until)
    axis = [_tick(at, (start, end), timezone, t) for at in ticks(window, timezone)]
    return html.Div(
        [
            html.Div(shade, className="mp-bt-shade", **{"aria-hidden": "true"}),
            *rows,
            html.Div([html.Span(), html.Div(axis, className="mp-bt-axis")], className="mp-bt-row"),
        ],
        className="mp-bt",
        role="img",
        **{"aria-label": t("Who was the bottleneck, over time")},
    )


def legend(t: Translator) -> Component:
    """Return what the pieces of the timeline mean."""
    items = (
        ("mp-bt-sole", t("alone")),
        ("mp-bt-shifting", t("shifting between two")),
        ("mp-bt-sole mp-bt-provisional", t("provisional")),
        ("mp-bt-off", t("off shift")),
    )
    return html.Div(
        [html.Span([html.I(className=css), words]) for css, words in items],
        className="mp-bt-legend",
    )


def shares(report: BottleneckReport, theme: str, timezone: str, t: Translator) -> Component:
    """Return stacked bars of each window's shares; the first unit's have their interval."""
    names = _largest(report)
    labels = [window_name(one, report.grain, timezone, t) for one in report.windows]
    traces = [
        _trace(name, report.windows, labels, charts.colour(theme, TONES[i]), i == 0)
        for i, name in enumerate(names)
    ]
    figure = charts.figure(
        theme,
        traces,
        barmode="stack",
        showlegend=True,
        legend={"orientation": "h", "y": 1.12, "x": 0, "traceorder": "normal"},
        xaxis={"type": "category", "nticks": 12, "showgrid": False},
        yaxis={"tickformat": ".0%", "rangemode": "tozero"},
        margin={"l": 48, "r": 16, "t": 34, "b": 36},
    )
    return charts.graph("bottleneck-shares", figure, t("Shares of each window, by work unit"))


def window_name(one: WindowReport, grain: Grain, timezone: str, t: Translator) -> str:
    """Return what a shift, day or week is called on an axis."""
    day = t.day(one.window.start, timezone)
    return f"{day} {t.clock(one.window.start, timezone)}" if grain is Grain.SHIFT else day


def _largest(report: BottleneckReport) -> list[str]:
    rows = sorted(report.units, key=lambda row: (-row.share, row.work_unit))
    names = [row.work_unit for row in rows if row.share > 0]
    first = [report.named] if report.named in names else []
    return [*first, *(name for name in names if name not in first)][:MOST_UNITS]


def _trace(
    name: str, windows: Sequence[WindowReport], labels: list[str], colour: str, first: bool
) -> dict[str, Any]:
    found = [{s.work_unit: s.total for s in one.shares}.get(name, 0.0) for one in windows]
    trace: dict[str, Any] = {
        "type": "bar",
        "name": name,
        "x": labels,
        "y": [round(share, 4) for share in found],
        "marker": {"color": colour, "line": {"width": 0}},
        "hovertemplate": "%{x}<br>" + name + " %{y:.0%}<extra></extra>",
    }
    if first:
        trace["error_y"] = _error(name, windows, found, colour)
    return trace


def _error(
    name: str, windows: Sequence[WindowReport], found: Sequence[float], colour: str
) -> dict[str, Any]:
    intervals = [next((i for i in one.intervals if i.work_unit == name), None) for one in windows]
    pairs = list(zip(intervals, found, strict=True))
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, i.high - share) if i else 0.0 for i, share in pairs],
        "arrayminus": [max(0.0, share - i.low) if i else 0.0 for i, share in pairs],
        "thickness": 1,
        "width": 3,
        "color": colour,
    }


def _row(
    name: str, pieces: Sequence[TimelinePiece], span: tuple[float, float], named: bool,
    timezone: str, t: Translator,
) -> Component:  # fmt: skip
    marks = [_piece(piece, span, timezone, t) for piece in pieces]
    css = "mp-bt-row mp-bt-named" if named else "mp-bt-row"
    return html.Div(
        [html.Span(name, className="mp-bt-name"), html.Div(marks, className="mp-bt-track")],
        className=css,
    )


def _piece(
    piece: TimelinePiece, span: tuple[float, float], timezone: str, t: Translator
) -> Component:
    sole = piece.kind is SegmentKind.SOLE
    css = "mp-bt-sole" if sole else "mp-bt-shifting"
    css += " mp-bt-provisional" if piece.provisional else ""
    words = t("alone") if sole else t("shifting between two")
    title = t(
        "{unit}, {how}: {start} – {end}, {duration}",
        unit=piece.work_unit,
        how=words,
        start=t.exact(_at(piece.start), timezone),
        end=t.clock(_at(piece.end), timezone),
        duration=t.duration(piece.end - piece.start),
    )
    return _block(css, piece.start, piece.end, span, title)


def _block(
    css: str, start: float, end: float, span: tuple[float, float], title: str = ""
) -> Component:
    whole = max(1.0, span[1] - span[0])
    style = {
        "left": f"{100 * (start - span[0]) / whole:.3f}%",
        "width": f"{100 * (end - start) / whole:.3f}%",
    }
    return html.I(className=css, style=style, title=title or None)


def _tick(at: datetime, span: tuple[float, float], timezone: str, t: Translator) -> Component:
    place = 100 * (at.timestamp() - span[0]) / max(1.0, span[1] - span[0])
    hourly = at.hour or span[1] - span[0] <= 1.2 * _DAY
    words = t.clock(at, timezone) if hourly else t.day(at, timezone)
    return html.Span(words, style={"left": f"{place:.3f}%"})


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
