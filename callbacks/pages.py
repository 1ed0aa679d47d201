"""The pages: which exist, at which address, and what each is made of for this viewer."""

from collections.abc import Sequence

import dash
from dash import Dash, html
from dash.development.base_component import Component
from flask import has_request_context, redirect, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as Answer

from callbacks.desk.visit import DeskPage, in_order, roles_of
from callbacks.gate import WATCHERS, Viewer, viewer
from callbacks.past_walls import past_wall
from callbacks.tools import tools_of
from callbacks.viewer import chosen_language, in_callback, theme_of, translator_of
from callbacks.walls import Walls, may_show
from layouts.cells import fill
from layouts.desk import Person
from layouts.pages import home, message, wall
from layouts.text import Translator, translator
from layouts.urls import address


class Pages:
    """Layout functions of all pages; each gets what it shows from the live boards."""

    def __init__(self, walls: Walls, locale: str, desk: Sequence[DeskPage] = ()) -> None:
        self._walls = walls
        self._locale = locale
        self._desk = in_order([page for page in desk if "<" not in page.path])

    def register(self, app: Dash) -> None:
        """Register every page with Dash."""
        for name, path, layout in (
            ("home", "/", self.home),
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
        app.layout = html.Div(dash.page_container)
        app.server.before_request(self.onward)

    def onward(self) -> Answer | None:
        """Lead people of a party, whom one site concerns, from the start to their board."""
        if request.path != "/" or not viewer().scope.outside:
            return None
        pages, sites = self._pages_of(viewer()), viewer().scope.sites
        if len(sites) != 1 or not pages:
            return None
        chosen = {name: request.args[name] for name in ("lang", "theme") if name in request.args}
        return redirect(address(pages[0].path, {"site": sites[0], **chosen}), 303)

    def home(self, lang: str | None = None, theme: str | None = None, **_: str) -> Component:
        """The start: sites, their pages, lines and screens."""
        if not in_callback():
            return html.Div()
        t = self._translator(lang)
        who, sites = viewer(), self._walls.sites
        if who.screen is not None:
            return self.not_found()
        shown = [live for live in sites.everywhere() if _may_open(who, live.site)]
        named = [one for one in self._walls.screens.named.values() if may_show(who, one)]
        host = request.host_url.rstrip("/") if has_request_context() else ""
        pages = [(page.title(t), page.path) for page in self._pages_of(who)]
        person = Person(name=who.name, token=generate_csrf()) if who.account else None
        return home.layout(
            [live.board.site for live in shown], named, t, host, pages, theme_of(theme), person,
            walls=who.scope.role in WATCHERS, tools=tools_of(who, t),
        )  # fmt: skip

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
            ready = found.site in self._walls.sites.ids() and may_show(viewer(), found)
            return message.not_ready(t) if ready else message.no_screen(found.id, t)
        if at:
            return past_wall(self._walls, found, shown, at, lang, t)
        return fill(wall.layout(found, t, shown.timezone), shown.render())

    def not_found(self, **_: str) -> Component:
        """Where nothing is."""
        path = request.path if in_callback() else ""
        return message.not_found(path, self._translator(None))

    def _pages_of(self, who: Viewer) -> list[DeskPage]:
        """Return the pages that are for someone, in the order of the navigation."""
        return [page for page in self._desk if who.scope.role in roles_of(page)]

    def _translator(self, lang: str | None) -> Translator:
        return translator_of(self._locale, lang)


def _may_open(who: Viewer, site: str) -> bool:
    """Whether anything of a site can be opened by someone."""
    return who.scope.may_watch(site) or who.scope.may_see_rows(site)
