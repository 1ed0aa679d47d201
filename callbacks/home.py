"""`/`: the start of everybody who signs in, with what they may know of each site right now.

Its figures are those that the walls' boards have at hand; nothing is asked of SQL. Registered by
`callbacks.pages`.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import dash
from dash import Dash, Input, Output
from dash.development.base_component import Component
from flask import has_request_context, request
from flask_wtf.csrf import generate_csrf

from callbacks.desk.visit import BeforeModel, DeskPage, in_order, roles_of
from callbacks.gate import WATCHERS, Viewer, viewer
from callbacks.tools import tools_of
from callbacks.viewer import in_callback, theme_of, translator_of
from callbacks.waiting import again
from callbacks.walls import Walls, may_show
from data.domain.glance import SiteGlance, site_glance
from data.domain.scope import Scope
from data.services.live import LiveSite
from layouts import ids
from layouts.components.again import EARLY
from layouts.desk import Person
from layouts.pages import home, message
from layouts.text import Translator


class HomePage:
    """The start. `desk`: the pages that it leads to, for whom they are."""

    def __init__(self, walls: Walls, locale: str, desk: Sequence[DeskPage] = ()) -> None:
        self._walls = walls
        self._locale = locale
        self._desk = in_order([page for page in desk if "<" not in page.path])

    def register(self, app: Dash) -> None:
        """Register the renewal of what stands live on it."""
        app.callback(
            Output(ids.Home.SITES, "children"),
            Input(ids.Home.LIVE, "data"),
            prevent_initial_call=True,
        )(self.renew)

    def layout(self, lang: str | None = None, theme: str | None = None, **_: str) -> Component:
        """Return the start as who asks may see it."""
        if not in_callback():
            return home.skeleton()
        t, who = translator_of(self._locale, lang), viewer()
        if who.screen is not None:
            return message.not_found(request.path, t)
        shown = self._shown(who)
        host = request.host_url.rstrip("/") if has_request_context() else ""
        person = Person(name=who.name, token=generate_csrf()) if who.account else None
        return home.layout(
            [live.board.site for live in shown], self._named(who), t, host,
            self._named_pages(who, t), theme_of(theme), person, walls=_watches(who),
            tools=tools_of(who, t), glances=_glances(shown, who.scope), drawn_ms=_now_ms(),
            others=bool(self._walls.sites.ids()), bare=self._bare(shown, who, t),
            again=again(EARLY),
        )  # fmt: skip

    def renew(self, wish: Any) -> Any:
        """Draw the sites again: what the page's script asks for when something has changed."""
        who = viewer()
        if not (who.known and who.screen is None and _watches(who)):
            return dash.no_update
        shown = self._shown(who)
        if not shown:
            return dash.no_update
        t = translator_of(self._locale, wish.get("lang") if isinstance(wish, dict) else None)
        return home.sites_part(
            [live.board.site for live in shown], self._named(who), self._named_pages(who, t), t,
            True, _glances(shown, who.scope), _now_ms(), self._bare(shown, who, t),
        )  # fmt: skip

    def pages_of(self, who: Viewer) -> list[DeskPage]:
        """Return the pages that are for someone, in the order of the navigation."""
        return [page for page in self._desk if who.scope.role in roles_of(page)]

    def _named_pages(self, who: Viewer, t: Translator) -> list[tuple[str, str]]:
        return [(page.title(t), page.path) for page in self.pages_of(who)]

    def _bare(
        self, shown: Sequence[LiveSite], who: Viewer, t: Translator
    ) -> dict[str, list[tuple[str, str]]]:
        """Return the pages that are open of each site that has sent no model yet."""
        early = [
            (page.title(t), page.path)
            for page in self.pages_of(who)
            if isinstance(page, BeforeModel) and who.scope.role in page.roles_before_model
        ]
        bare = [live for live in shown if live.loaded and not live.known]
        return {live.site: early for live in bare}

    def _shown(self, who: Viewer) -> list[LiveSite]:
        return [live for live in self._walls.sites.everywhere() if _may_open(who, live.site)]

    def _named(self, who: Viewer) -> list[Any]:
        return [one for one in self._walls.screens.named.values() if may_show(who, one)]


def _glances(shown: Sequence[LiveSite], scope: Scope) -> Mapping[str, SiteGlance]:
    """Return how sites stand, of those whose walls someone may look at."""
    return {live.site: _glance(live, scope) for live in shown if scope.may_watch(live.site)}


def _glance(live: LiveSite, scope: Scope) -> SiteGlance:
    readers, site = live.readers(), live.board.site
    if not live.known:
        return SiteGlance(
            site=live.site, name=site.name, timezone=site.timezone, now=live.now, readers=readers,
            loaded=False,
        )  # fmt: skip
    live.renew()
    return site_glance(live.indexes, live.facts, readers, live.signal_age_s(), scope, live.now)


def _watches(who: Viewer) -> bool:
    return who.scope.role in WATCHERS


def _may_open(who: Viewer, site: str) -> bool:
    """Whether anything of a site can be opened by someone."""
    return who.scope.may_watch(site) or who.scope.may_see_rows(site)


def _now_ms() -> int:
    return int(time.time() * 1000)
