"""Links between desk pages: `assets/desk.js` follows them without loading the page anew. Pure."""

from typing import Any

from dash import html
from dash.development.base_component import Component


def link(words: Any, href: str, css: str = "", current: str = "", label: str = "") -> Component:
    """Return a link; `current` marks the one that is shown (`page`, `true`)."""
    marks = {"aria-current": current} if current else {}
    if label:
        marks["aria-label"] = label
    return html.A(words, href=href, className=css or None, **{"data-inner": "1", **marks})
