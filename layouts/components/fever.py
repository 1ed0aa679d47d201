"""The fever chart: how much of its buffer each open order has used for what it has done. Pure.

Dots are links; the list beside the chart holds the same for the keyboard. A zone is a ground,
a name written on it, and the shape of its dots.
"""

from collections.abc import Callable, Sequence

from dash import html
from dash.development.base_component import Component

from data.domain.delay_cells import zone_of
from data.domain.delays import FeverPoint, Zone
from data.domain.view import Standing
from layouts.components.delay_words import percent
from layouts.components.desk import standing
from layouts.components.links import link
from layouts.components.parts import shape
from layouts.text import Translator, msgid
from layouts.theme import LOOKS

ZONES: dict[Zone, tuple[Standing, str]] = {
    "green": (Standing.ON_TRACK, msgid("green: within the buffer")),
    "yellow": (Standing.AT_RISK, msgid("yellow: prepare to act")),
    "red": (Standing.LATE, msgid("red: act now")),
}
SHORT_ZONES: dict[Zone, str] = {
    "green": msgid("green"),
    "yellow": msgid("yellow"),
    "red": msgid("red"),
}
MOST_DOTS, LABELLED, LISTED = 400, 4, 9
LEAST_TOP, MOST_TOP = 1.2, 2.0
_CLOSE = (0.24, 0.07)  # shares of the chart: labels nearer than this would cover each other
Href = Callable[[str], str]


def top_of(points: Sequence[FeverPoint]) -> float:
    """Return how much of a buffer the chart's height stands for; dots beyond stand at its edge."""
    most = max((point.used for point in points), default=0.0)
    return min(MOST_TOP, max(LEAST_TOP, most * 1.05))


def border(zone: Zone, done: float) -> float:
    """Return up to which share of the buffer an order that is so far is in a zone, or better."""
    worse = list(ZONES)[list(ZONES).index(zone) + 1 :]
    low, high = 0.0, MOST_TOP
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if zone_of(done, middle) in worse else (middle, high)
    return round(high, 4)


def fever(points: Sequence[FeverPoint], href: Href, t: Translator) -> Component:
    """Return chart and list; `href` gives an order's page."""
    return html.Div([_chart(points, href, t), _list(points, href, t)], className="mp-fever")


def _chart(points: Sequence[FeverPoint], href: Href, t: Translator) -> Component:
    top, shown = top_of(points), points[:MOST_DOTS]
    labels = labelled(shown, top)  # the worst first
    dots = [_dot(point, top, href, t, labels) for point in reversed(shown)]
    plot = html.Div([*_grounds(top, t), *_lines(top, t), *dots], className="mp-fever-plot")
    across = html.Div(
        [html.Span(percent(done, t), style={"left": f"{100 * done:g}%"}) for done in (0, 0.5, 1)],
        className="mp-fever-across",
    )
    return html.Div(
        [
            html.Span(t("buffer used"), className="mp-fever-up"),
            plot,
            across,
            html.Span(t("critical chain done"), className="mp-fever-right"),
        ],
        className="mp-fever-chart",
        **{"aria-hidden": "true"},
    )


def labelled(points: Sequence[FeverPoint], top: float) -> tuple[str, ...]:
    """Return the worst few orders whose labels don't cover each other."""
    places: list[tuple[float, float]] = []
    found: list[str] = []
    for point in points:
        at = (point.done, min(1.0, point.used / top))
        if any(abs(at[0] - x) < _CLOSE[0] and abs(at[1] - y) < _CLOSE[1] for x, y in places):
            continue
        places.append(at)
        found.append(point.order)
        if len(found) == LABELLED:
            break
    return tuple(found)


def _grounds(top: float, t: Translator) -> list[Component]:
    grounds = []
    low: tuple[float, float] = (0.0, 0.0)
    for zone in ZONES:
        high = (top, top) if zone == "red" else (border(zone, 0.0), border(zone, 1.0))
        corners = ((0, low[0]), (0, high[0]), (1, high[1]), (1, low[1]))
        path = ", ".join(f"{100 * x:g}% {100 * (1 - y / top):.2f}%" for x, y in corners)
        css = f"mp-fever-zone {LOOKS[ZONES[zone][0]].css}"
        grounds.append(html.Span(className=css, style={"clip-path": f"polygon({path})"}))
        grounds.append(_zone_name(zone, (low, high), top, t))
        low = high
    return grounds


def _zone_name(
    zone: Zone, edges: tuple[tuple[float, float], tuple[float, float]], top: float, t: Translator
) -> Component:
    """Return a zone's name, at its right edge's middle; the red one's where it is widest."""
    low, high = edges
    right = zone != "red"
    middle = (low[1] + high[1]) / 2 if right else (low[0] + high[0]) / 2
    css = f"mp-fever-name {'mp-fever-name-right' if right else ''} {LOOKS[ZONES[zone][0]].css}"
    return html.Span(
        t(SHORT_ZONES[zone]), className=css, style={"top": f"{100 * (1 - middle / top):.2f}%"}
    )


def _lines(top: float, t: Translator) -> list[Component]:
    marks = [used for used in (0.0, 0.5, 1.0, 1.5, 2.0) if used <= top]
    return [
        html.Span(
            html.Span(percent(used, t)),
            className="mp-fever-line mp-fever-full" if used == 1 else "mp-fever-line",
            style={"top": f"{100 * (1 - used / top):.2f}%"},
        )
        for used in marks
    ]


def _dot(
    point: FeverPoint, top: float, href: Href, t: Translator, labels: Sequence[str]
) -> Component:
    beyond = point.used > top
    look = LOOKS[ZONES[point.zone][0]]
    place = {
        "left": f"{100 * min(1.0, max(0.0, point.done)):.2f}%",
        "top": f"{100 * (1 - min(1.0, point.used / top)):.2f}%",
    }
    named = [_label(point, beyond, t)] if point.order in labels else []
    dot = link([shape(), *named], href(point.order), f"mp-fever-dot {look.css}")
    dot.style, dot.tabIndex = place, -1
    dot.title = _hint(point, t)
    return dot


def _label(point: FeverPoint, beyond: bool, t: Translator) -> Component:
    words = f"{point.order} ↑{percent(point.used, t)}" if beyond else point.order
    side = " mp-fever-left" if point.done > 0.8 else ""
    return html.Span(words, className=f"mp-fever-label{side}")


def _hint(point: FeverPoint, t: Translator) -> str:
    zone = t(ZONES[point.zone][1])
    return f"{point.order}\n{zone}\n{_done(point, t)}\n{_used(point, t)}"


def _done(point: FeverPoint, t: Translator) -> str:
    return t("{share} of the critical chain done", share=percent(point.done, t))


def _used(point: FeverPoint, t: Translator) -> str:
    return t("{share} of the buffer used", share=percent(point.used, t))


def _list(points: Sequence[FeverPoint], href: Href, t: Translator) -> Component:
    counts = [
        html.Li(
            [
                standing(look, t, t(SHORT_ZONES[zone])),
                html.Strong(t.number(sum(point.zone == zone for point in points))),
            ]
        )
        for zone, (look, _) in reversed(ZONES.items())
    ]
    items = [_item(point, href, t) for point in points[:LISTED]]
    more = len(points) - LISTED
    rest = [
        html.P(t("and {count} more in the chart", count=t.number(more)), className="mp-fever-more")
    ]
    return html.Div(
        [
            html.Ul(counts, className="mp-fever-counts"),
            html.Ol(items, className="mp-fever-list"),
            *(rest if more > 0 else []),
        ],
        className="mp-fever-beside",
    )


def _item(point: FeverPoint, href: Href, t: Translator) -> Component:
    look = LOOKS[ZONES[point.zone][0]]
    return html.Li(
        link(
            [
                shape(),
                html.Span(
                    [html.Strong(point.order), html.Span(t(ZONES[point.zone][1]))],
                    className="mp-fever-who",
                ),
                html.Span(
                    [html.Span(_used(point, t)), html.Span(_done(point, t))],
                    className="mp-fever-shares",
                ),
            ],
            href(point.order),
            f"mp-fever-item {look.css}",
        )
    )
