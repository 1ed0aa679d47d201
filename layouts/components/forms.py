"""Forms: what is typed or chosen becomes the address. Pure; used by `layouts.pages`.

`assets/desk.js` sends a form without loading the page anew: the fields' values are put into
the parameters of `action`, empty ones are left out. A choice sends its form at once. A renewal
never takes away what is being typed.
"""

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from layouts.components.still import Element, still


def form(action: str, fields: Sequence[Component], label: str, css: str = "") -> Component:
    """Return a form; `action` is the address without the parameters that its fields set."""
    return html.Form(
        list(fields),
        action=action,
        method="get",
        role="search",
        className=f"mp-form {css}".strip(),
        **{"aria-label": label},
    )


def search_field(name: str, value: str | None, label: str, hint: str = "") -> Component:
    """Return a field for words that are searched for."""
    field = _input(
        name, value, "mp-search", type="search", placeholder=hint or label, maxlength=100
    )
    return html.Label([html.Span(label, className="mp-unseen"), field], className="mp-field")


def day_field(name: str, value: str | None, label: str) -> Component:
    """Return a field for a day."""
    field = _input(name, value, "mp-day", type="date")
    return html.Label([html.Span(label, className="mp-field-name"), field], className="mp-field")


def _input(name: str, value: str | None, css: str, **more: Any) -> Component:
    """Return a plain input, which stays the same one when the page is drawn anew.

    `dcc.Input` would be another each time. It also lets letters change places on a busy page, and
    takes a number away that is typed before it has settled.
    """
    given = {"name": name, "value": value or "", "autocomplete": "off", **more}
    return still(Element("input", given), f"field-{name}", f"mp-input {css}")


def choice_field(
    name: str, options: Sequence[tuple[str, str]], chosen: str | None, label: str
) -> Component:
    """Return a list to choose from; options are (value, words), `""` stands for no choice."""
    items = [
        html.Option(words, value=value, **({"selected": True} if value == (chosen or "") else {}))
        for value, words in options
    ]
    field = html.Select(items, name=name, className="mp-input mp-select")
    return html.Label([html.Span(label, className="mp-field-name"), field], className="mp-field")


def send(words: str, css: str = "mp-small-button") -> Component:
    """Return the button that sends a form."""
    return html.Button(words, type="submit", className=css)
