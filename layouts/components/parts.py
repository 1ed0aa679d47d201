"""The parts of every panel: its frame with title, age and note, its cells, its shapes."""

from collections.abc import Mapping, Sequence

from dash import html
from dash.development.base_component import Component

from data.domain.view import Standing
from layouts.cells import Cell
from layouts.grid import Place
from layouts.text import Translator
from layouts.theme import LOOKS

OFF = "mp-off"


def cell(id: str, css: str = "", mark: bool = False) -> Component:
    """Return an element for one text; `mark`: its change is shown for a moment."""
    marked = {"data-mark": "1"} if mark else {}
    return html.Span(id=id, className=css or None, **marked)


def shape(css: str = "") -> Component:
    """Return the shape of a standing; the class of an element around it says which."""
    return html.Span(className=f"mp-shape {css}".strip(), **{"aria-hidden": "true"})


def panel(
    place: Place, css: str, title: str, body: Sequence[Component], legend: Component | None = None
) -> Component:
    """Return a panel's frame: title, legend, note and age above, its body below."""
    heading = place.id("title")
    head = [
        html.H2(title, id=heading, className="mp-title"),
        cell(place.id("age"), "mp-age mp-off"),
        *([legend] if legend is not None else []),
        cell(place.id("note"), "mp-note"),
    ]
    return html.Section(
        [html.Div(head, className="mp-head"), *body],
        id=place.prefix,
        className=f"mp-panel {css}",
        **{"aria-labelledby": heading},
    )


def frame_cells(place: Place, css: str, age: str | None, note: str = "") -> dict[str, Cell]:
    """Return the cells of a panel's frame; with an age the panel is hatched."""
    stale = " mp-stale" if age else ""
    return {
        place.prefix: {"c": f"mp-panel {css}{stale}"},
        place.id("age"): {"t": age or "", "c": "mp-age" if age else "mp-age mp-off"},
        place.id("note"): {"t": note},
    }


def legend(t: Translator, standings: Sequence[Standing]) -> Component:
    """Return shapes with their words."""
    items = [
        html.Span([shape(), t(LOOKS[standing].word)], className=LOOKS[standing].css)
        for standing in standings
    ]
    return html.Span(items, className="mp-legend")


def list_of(
    place: Place, columns: Mapping[str, str], rows: Sequence[Component], css: str, t: Translator
) -> Component:
    """Return a list of rows that share the panel's height, under the names of its columns."""
    names = [html.Span(t(words), className=f"mp-{name}") for name, words in columns.items()]
    heads = html.Div([html.Span(), *names], className="mp-row mp-heads")
    slots = {"--slots": str(max(1, len(rows)))}
    return html.Div([heads, *rows], id=place.id("rows"), className=css, style=slots)


def empty_cell(text: str, shown: bool) -> Cell:
    """Return the cell that stands where a panel has nothing to show, and says why."""
    return {"t": text if shown else "", "c": "mp-empty" if shown else "mp-empty mp-off"}
