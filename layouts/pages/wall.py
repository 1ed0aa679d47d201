"""The wall: `layout` draws the skeleton of all its pages, `render` says what its cells show."""

from collections.abc import Iterator
from types import ModuleType

from dash import html
from dash.development.base_component import Component

from data.domain.topics import EVERYTHING
from data.domain.view import WallView
from layouts import ids
from layouts.cells import Cells
from layouts.grid import Place
from layouts.panels import PANELS, exceptions, header
from layouts.screens import Page, Screen
from layouts.text import Translator


def layout(
    screen: Screen, t: Translator, timezone: str = "UTC", then: header.Then | None = None
) -> Component:
    """Return the wall's skeleton; `fill` it with `render`'s cells for the first paint.

    `then`: it looks back and stands still.
    """
    sheet = screen.sheet
    unit = f"calc(min({sheet.unit_vh:.4f}vh, {sheet.unit_vw:.4f}vw) * var(--scale, 1))"
    beside = (sheet.height - exceptions.TICKER) / sheet.height  # all is smaller beside a ticker
    pages = [_page(screen, number, page, t) for number, page in enumerate(screen.rotation)]
    return html.Div(
        [
            header.skeleton(sheet.width, timezone, t, then),
            _lost_banner(t),
            html.Main(pages, className="mp-pages"),
            exceptions.ticker(t),
        ],
        id=ids.WALL_ROOT,
        className="mp-wall",
        lang=t.locale,
        style={"--u": unit, "--beside": f"{beside:.4f}"},
        **{"data-theme": screen.theme, "data-screen": screen.id},
        **({} if then is None else {"data-at": then.at.isoformat()}),
    )


def render(view: WallView, screen: Screen, t: Translator, topics: int = EVERYTHING) -> Cells:
    """Return the cells of the panels that the topics concern."""
    cells: Cells = header.render(view, t) if header.TOPICS & topics else {}
    if exceptions.TOPICS & topics:
        cells |= exceptions.ticker_cells(view, t)
    for panel, place in panels_of(screen):
        if panel.TOPICS & topics:
            cells |= panel.render(view, place, t)
    return cells


def topics_of(screen: Screen) -> int:
    """Return all topics that concern a screen."""
    topics = header.TOPICS | exceptions.TOPICS
    for panel, _ in panels_of(screen):
        topics |= panel.TOPICS
    return topics


def panels_of(screen: Screen) -> Iterator[tuple[ModuleType, Place]]:
    """Yield every panel of every page and where it stands."""
    for number in range(len(screen.rotation)):
        for row in screen.places(number):
            for name, place in row:
                yield PANELS[name], place


def _page(screen: Screen, number: int, page: Page, t: Translator) -> Component:
    places = screen.places(number)
    rows = [
        html.Div(
            [PANELS[name].skeleton(place, t) for name, place in row],
            className="mp-line",
            style={"--tracks": " ".join(f"{place.width:.3f}fr" for _, place in row)},
        )
        for row in places
    ]
    return html.Div(
        rows,
        id=ids.wall_page(number),
        className="mp-page mp-show" if number == 0 else "mp-page",
        style={"--tracks": " ".join(f"{row[0][1].height:.3f}fr" for row in places)},
        **{"data-seconds": f"{page.seconds:g}"},
    )


def _lost_banner(t: Translator) -> Component:
    """Return the banner that the script shows when nothing comes through any more."""
    return html.Div(
        [
            html.Span(className="mp-shape", **{"aria-hidden": "true"}),
            html.Strong(t("No connection")),
            html.Span(t("these figures are old:"), className="mp-lost-words"),
            html.Span(id=ids.WALL_LOST_AGE, className="mp-lost-age"),
        ],
        id=ids.WALL_LOST,
        className="mp-lost-banner mp-is-stopped",
        role="status",
    )
