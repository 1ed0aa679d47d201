"""The pages: which exist, at which address, and what each is made of for this viewer."""

import dash
from dash import Dash, html
from dash.development.base_component import Component
from flask import has_request_context, request

from callbacks.walls import Walls
from data.domain.scope import factory_scope
from layouts.cells import fill
from layouts.pages import home, message, wall
from layouts.text import LOCALES, Translator, best_locale, translator

LANGUAGE_COOKIE = "language"


def chosen_language(lang: str | None) -> str | None:
    """Return the language that the address names, else the one chosen before; None: neither."""
    kept = request.cookies.get(LANGUAGE_COOKIE) if has_request_context() else None
    return next((locale for locale in (lang, kept) if locale in LOCALES), None)


class Pages:
    """Layout functions of all pages; each gets what it shows from the live boards."""

    def __init__(self, walls: Walls, locale: str) -> None:
        self._walls = walls
        self._locale = locale

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

    def home(self, lang: str | None = None, **_: str) -> Component:
        """The start: sites, lines, screens."""
        sites = self._walls.sites
        models = [live.board.site for live in sites.all(factory_scope(*sites.ids()))]
        named = list(self._walls.screens.named.values())
        address = request.host_url.rstrip("/") if has_request_context() else ""
        return home.layout(models, named, self._translator(lang), address)

    def wall(self, screen: str | None = None, lang: str | None = None, **_: str) -> Component:
        """One wall, filled with what is known now."""
        found = self._walls.screen(screen or "", chosen_language(lang))
        if found is None:
            return message.no_screen(screen or "", self._translator(lang))
        t = translator(found.locale)
        shown = self._walls.wall(found)
        if shown is None:
            ready = self._walls.sites.ids() and found.site in self._walls.sites.ids()
            return message.not_ready(t) if ready else message.no_screen(found.id, t)
        return fill(wall.layout(found, t, shown.timezone), shown.render())

    def not_found(self, **_: str) -> Component:
        """Where nothing is."""
        path = request.path if has_request_context() else ""
        return message.not_found(path, self._translator(None))

    def _translator(self, lang: str | None) -> Translator:
        lang = chosen_language(lang)
        if lang is not None:
            return translator(lang)
        if has_request_context():
            wanted = [tag for tag, _ in request.accept_languages]
            return translator(best_locale(wanted, self._locale))
        return translator(self._locale)
