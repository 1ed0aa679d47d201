"""Serves walls of made-up views, so that they can be looked at and measured.

`python -m tests.browser.harness.server` listens on port 8099;
`/wall?view=huge&locale=en&theme=light&distance=5&diagonal=55`.
"""

from typing import Any
from urllib.parse import parse_qsl

from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component

from data.domain.site import Area, Site, SiteClock, WorkCenter, WorkUnit
from layouts.cells import fill
from layouts.pages import home, message, wall
from layouts.screens import Screen
from layouts.text import translator
from tests.browser.harness.shift import NOW
from tests.browser.harness.views import VIEWS

SITE = Site(
    id="hsinchu",
    name="Hsinchu",
    timezone="Asia/Taipei",
    areas=tuple(Area(id=name, calendar="c", name=name) for name in ("SMT", "Assembly", "Test")),
    work_centers=(WorkCenter(id="A", area="SMT"),),
    work_units=tuple(WorkUnit(id=f"A-{i}", work_center="A") for i in range(10)),
)
REPLAYED = Site(
    id="shop",
    name="Machining shop",
    timezone="Europe/Madrid",
    areas=(Area(id="all", calendar="c", name="All machines"),),
    clock=SiteClock(origin=NOW, started_at=NOW),
)


def screen_of(options: dict[str, str]) -> Screen:
    return Screen(
        id="tried",
        site="hsinchu",
        area="smt",
        locale=options.get("locale", "en"),
        theme=options.get("theme", "dark"),
        distance_m=float(options.get("distance", 4)),
        diagonal_in=float(options.get("diagonal", 75)),
    )


def wall_of(options: dict[str, str]) -> Component:
    screen = screen_of(options)
    t = translator(screen.locale)
    view = VIEWS[options.get("view", "ordinary")]()
    tree = wall.layout(screen, t, view.timezone)
    return fill(tree, wall.render(view, screen, t))


def page_of(path: str, search: str) -> Component:
    options = dict(parse_qsl(search.lstrip("?")))
    t = translator(options.get("locale", "en"))
    if path == "/wall":
        return wall_of(options)
    if path == "/":
        return home.layout([SITE, REPLAYED], [screen_of(options)], t)
    return message.not_found(path, t)


def make_app(assets: str) -> Dash:
    app = Dash("harness", assets_folder=assets, assets_ignore=r"live\.js", update_title="")
    app.layout = html.Div([dcc.Location(id="url"), html.Div(id="page")])
    app.callback(Output("page", "children"), Input("url", "pathname"), Input("url", "search"))(
        _show
    )
    return app


def _show(path: str, search: str | None) -> Any:
    return page_of(path, search or "")


if __name__ == "__main__":
    from pathlib import Path

    make_app(str(Path("assets").resolve())).run(port=8099)
