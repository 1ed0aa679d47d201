"""Forms: what is typed or chosen becomes the address. Pure; used by `layouts.pages`.

`assets/desk.js` sends a form without loading the page anew: the fields' values are put into
the parameters of `action`, empty ones are left out. A choice sends its form at once. A renewal
never takes away what is being typed.
"""

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component


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
    field = dcc.Input(
        type="search", name=name, value=value or "", placeholder=hint or label, debounce=True,
        maxLength=100, className="mp-input mp-search",
    )  # fmt: skip
    return html.Label([html.Span(label, className="mp-unseen"), field], className="mp-field")


def day_field(name: str, value: str | None, label: str) -> Component:
    """Return a field for a day; the script makes it the browser's own."""
    field = dcc.Input(
        type="text", name=name, value=value or "", placeholder="YYYY-MM-DD", debounce=True,
        maxLength=10, className="mp-input mp-day",
    )  # fmt: skip
    return html.Label([html.Span(label, className="mp-field-name"), field], className="mp-field")


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
