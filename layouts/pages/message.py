"""Pages that say one thing: not found, not allowed, not ready; each with a way on."""

from dash import dcc, html
from dash.development.base_component import Component

from layouts.components.again import Again
from layouts.text import Translator, msgid

# Also where there is no site at all: a start's past may still be coming in, or nothing ever came.
NOT_READY = msgid(
    "No site is here yet, or its board is still being put together. This page goes on by itself."
)


def message(
    heading: str, words: str, t: Translator, details: str = "", again: Again | None = None
) -> Component:
    """Return a page of one message and the way to the start.

    `again`: what is asked until the page is loaded anew.
    """
    parts: list[Component] = [
        html.Div(className="mp-sign", **{"aria-hidden": "true"}),
        html.H1(heading),
        html.P(words),
    ]
    if details:
        parts.append(html.Code(details))
    parts.append(dcc.Link(t("All sites and screens"), href="/", className="mp-button"))
    waits = {} if again is None else again.marks()
    return html.Main(parts, className="mp-paper mp-message", lang=t.locale, **waits)


def not_found(path: str, t: Translator) -> Component:
    """Return the page for an address where nothing is."""
    words = t("Nothing stands at this address, or it isn't yours to see.")
    return message(t("Not found"), words, t, path)


def no_screen(screen_id: str, t: Translator, again: Again | None = None) -> Component:
    """Return the page for a wall that no site, line or entry stands behind."""
    words = t("No site has this line, and no screen has this name. It may have been renamed.")
    return message(t("There is no such screen"), words, t, screen_id, again)


def not_ready(t: Translator, again: Again) -> Component:
    """Return the page for the time after a start in which no site is known yet."""
    return message(t("One moment"), t(NOT_READY), t, again=again)


def broken(reference: str, t: Translator) -> Component:
    """Return the page for a fault of ours; `reference` finds it in the log."""
    words = t("Something failed here. It has been recorded; the rest goes on.")
    return message(t("That went wrong"), words, t, reference)
