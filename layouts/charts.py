"""Charts: Plotly figures in this product's type and colours, without Plotly's own template. Pure.

Give `figure` its traces and what differs; a chart has at most about 1,200 marks.
"""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from layouts.theme import THEMES

FONT = '"Milepost Inter", "Noto Sans", "Noto Sans CJK TC", "PingFang TC", system-ui, sans-serif'
Figure = dict[str, Any]

_CONFIG = {"displaylogo": False, "displayModeBar": False, "responsive": True, "scrollZoom": False}


def colour(theme: str, name: str) -> str:
    """Return a colour of the theme, such as `late`."""
    return THEMES[theme][name]


def figure(theme: str, traces: Sequence[dict[str, Any]] = (), **layout: Any) -> Figure:
    """Return a figure; `layout` is merged into ours, one level deep for its dicts."""
    base = _layout(theme)
    for key, value in layout.items():
        known = base.get(key)
        usual = _axis(theme) if key[1:5] == "axis" and known is None else known
        merge = isinstance(value, dict) and isinstance(usual, dict)
        base[key] = {**usual, **value} if merge else value
    return {"data": list(traces), "layout": base}


def graph(id: Any, chart: Figure, label: str, **config: Any) -> Component:
    """Return a chart that a screen reader calls by its label; `config` is Plotly's."""
    drawn = dcc.Graph(
        id=id, figure=chart, config={**_CONFIG, **config}, className="mp-graph", responsive=True
    )
    return html.Div(drawn, className="mp-chart", role="img", **{"aria-label": label})


def _layout(theme: str) -> dict[str, Any]:
    return {
        "template": None,
        "autosize": True,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 12, "color": colour(theme, "mute")},
        "colorway": [colour(theme, "bar"), colour(theme, "on-track"), colour(theme, "at-risk")],
        "margin": {"l": 48, "r": 16, "t": 12, "b": 36, "pad": 4},
        "showlegend": False,
        "bargap": 0.35,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": colour(theme, "panel"),
            "bordercolor": colour(theme, "edge"),
            "font": {"family": FONT, "size": 12, "color": colour(theme, "ink")},
        },
        "transition": {"duration": 0},
        "uirevision": "kept",
        "xaxis": _axis(theme),
        "yaxis": _axis(theme),
    }


def _axis(theme: str) -> dict[str, Any]:
    return {
        "gridcolor": colour(theme, "edge"),
        "zerolinecolor": colour(theme, "track"),
        "linecolor": colour(theme, "edge"),
        "tickcolor": colour(theme, "edge"),
        "tickfont": {"color": colour(theme, "mute"), "size": 12},
        "title": {"font": {"color": colour(theme, "mute"), "size": 12}},
        "ticks": "",
        "showline": False,
        "zeroline": False,
        "automargin": True,
    }
