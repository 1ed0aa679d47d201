"""The pages: which exist, at which address, and what each is made of for this viewer."""

from collections.abc import Sequence

import dash
from dash import Dash, html
from dash.development.base_component import Component
from flask import redirect, request
from werkzeug.wrappers import Response as Answer

from callbacks.desk.visit import DeskPage
from callbacks.gate import viewer
from callbacks.home import HomePage
from callbacks.past_walls import past_wall
from callbacks.viewer import chosen_language, in_callback, translator_of
from callbacks.waiting import again
from callbacks.walls import Walls
from layouts.cells import fill
from layouts.components.again import EARLY, NONE
from layouts.pages import message, wall
from layouts.screens import Screen
from layouts.text import Translator, translator
from layouts.urls import address


class Pages:
    """Layout functions of all pages; each gets what it shows from the live boards."""

    def __init__(self, walls: Walls, locale: str, desk: Sequence[DeskPage] = ()) -> None:
        self._walls = walls
        self._locale = locale
        self._home = HomePage(walls, locale, desk)

    def register(self, app: Dash) -> None:
        """Register every page with Dash."""
        for name, path, layout in (
            ("home", "/", self._home.layout),
            ("wall", "/wall/<screen>", self.wall),
            ("not_found_404", "/404", self.not_found),
        ):
            template = path if "<" in path else None
            dash.register_page(
                name,
                path=None if template else path,
                path_template=template,
                layout=layout,
                title="Milepost",
                name=name,
            )
        self._home.register(app)
        app.layout = html.Div(dash.page_container)
        app.server.before_request(self.onward)

    def onward(self) -> Answer | None:
        """Lead people of a party, whom one site concerns, from the start to their board."""
        if request.path != "/" or not viewer().scope.outside:
            return None
        pages, sites = self._home.pages_of(viewer()), viewer().scope.sites
        if len(sites) != 1 or not pages:
            return None
        chosen = {name: request.args[name] for name in ("lang", "theme") if name in request.args}
        return redirect(address(pages[0].path, {"site": sites[0], **chosen}), 303)

    def wall(
        self, screen: str | None = None, lang: str | None = None, at: str | None = None, **_: str
    ) -> Component:
        """One wall, filled with what is known now, or as it was at an instant."""
        if not in_callback():
            return html.Div()
        found = self._walls.screen(screen or "", chosen_language(lang))
        if found is None:
            return message.no_screen(screen or "", self._translator(lang))
        t = translator(found.locale)
        shown = self._walls.wall(found, viewer())
        if shown is None:
            return self._instead(found, t)
        if at:
            return past_wall(self._walls, found, shown, at, lang, t)
        return fill(wall.layout(found, t, shown.timezone), shown.render())

    def _instead(self, screen: Screen, t: Translator) -> Component:
        if self._walls.is_early(screen, viewer()):
            return message.not_ready(t, again(EARLY, screen.id))
        return message.no_screen(screen.id, t, again(NONE, screen.id))

    def not_found(self, **_: str) -> Component:
        """Where nothing is."""
        path = request.path if in_callback() else ""
        return message.not_found(path, self._translator(None))

    def _translator(self, lang: str | None) -> Translator:
        return translator_of(self._locale, lang)
