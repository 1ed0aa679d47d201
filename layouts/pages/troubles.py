"""What stands in a desk page's body when it can't be drawn; each says why and the way on."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from layouts.components.again import Again
from layouts.components.links import link
from layouts.pages.message import NOT_READY
from layouts.text import Translator


def bad_parameter(
    name: str, expected: str, among: Sequence[str], without: str, t: Translator
) -> Component:
    """Return what says which parameter of the address can't be used, and what would do."""
    way = t("Show the page without it")
    return _trouble(
        t("This address can't be shown"), _expected(name, expected, among, t), without, way
    )


def _expected(name: str, expected: str, among: Sequence[str], t: Translator) -> str:
    known = ", ".join(among)
    words = {
        "choice": t("{name}: expected one of {known}.", name=name, known=known),
        "day": t("{name}: expected a day such as 2026-11-24.", name=name),
        "instant": t(
            "{name}: expected an instant that is past, such as 2026-11-24T14:30.", name=name
        ),
        "kept": t("{name}: what was recorded then is archived; it can be brought back.", name=name),
        "whole": t(
            "{name}: expected a whole number from {known}.", name=name, known="–".join(among)
        ),
        "short": t("{name}: too long, or too many parameters.", name=name),
        "live": t("{name}: this page can only be shown as it is now.", name=name),
    }
    return words[expected]


def unavailable(again: str, t: Translator) -> Component:
    """Return what says that the recorded past can't be reached."""
    words = t("The recorded past can't be reached now. The walls go on; this page will come back.")
    return _trouble(t("History can't be reached"), words, again, t("Try again"))


def not_found(t: Translator) -> Component:
    """Return what stands for whatever isn't there, or may not be seen."""
    words = t("Nothing stands at this address, or it isn't yours to see.")
    return _trouble(t("Not found"), words, "/", t("All sites and screens"))


def not_ready(again: str, until: Again, t: Translator) -> Component:
    """Return what stands in the time after a start; `until`: what is asked meanwhile."""
    said = _trouble(t("One moment"), t(NOT_READY), again, t("Try again"), css="mp-not-ready")
    return html.Div(said, **until.marks())


def _trouble(heading: str, words: str, href: str, way: str, css: str = "") -> Component:
    return html.Div(
        [
            html.Span(className="mp-sign", **{"aria-hidden": "true"}),
            html.H1(heading),
            html.P(words),
            link(way, href, "mp-button"),
        ],
        className=f"mp-trouble {css}".strip(),
        role="alert",
    )
