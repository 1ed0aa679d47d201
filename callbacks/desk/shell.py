"""The shell: every desk page behind one door that checks the address and draws the frame.

Registers the pages with Dash and the one callback that draws a body again. What the browser
sends is never believed: scope, site, instant and page are worked out here each time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import dash
import structlog
from dash import Dash, Input, Output
from dash.development.base_component import Component
from flask import request
from flask_wtf.csrf import generate_csrf
from msgspec import Struct

from callbacks.desk.addresses import address_of, check, wished
from callbacks.desk.links import export_links, languages, site_link, themes
from callbacks.desk.party_visit import Asking, PartyVisit, PartyVisits
from callbacks.desk.visit import (
    BadParameter,
    BeforeModel,
    Counted,
    DeskPage,
    ForParty,
    OwnCallbacks,
    Visit,
    in_order,
    instant,
    roles_of,
)
from callbacks.gate import MANAGERS, Viewer, viewer
from callbacks.tools import tools_of
from callbacks.viewer import in_callback, theme_of, translator_of
from callbacks.waiting import again, is_early
from data.domain.scope import Scope
from data.services.errors import (
    Archived,
    Forbidden,
    Loading,
    MilepostError,
    NoSuchInstant,
    Unavailable,
)
from data.services.live import LiveSite
from data.services.sites import Sites
from data.services.views import PastSites, SiteView
from layouts import desk, ids
from layouts.components.again import EARLY
from layouts.pages import message, troubles
from layouts.text import Translator
from layouts.urls import Address

_NO_HEAD = desk.Head(site=None, site_name="", theme="light")
_log = structlog.get_logger("desk")


class Drawn(Struct, frozen=True, kw_only=True):
    """What came of drawing a page: the body, and how fresh it is when a site stands behind it."""

    body: Component
    status: desk.Status | None
    site: str | None = None
    whole: bool = False  # it is the page itself, no message in its place


class Shell:
    """Draws desk pages. `past` is None where boards of the past can't be made."""

    def __init__(
        self, sites: Sites, pages: Sequence[DeskPage], past: PastSites | None, locale: str,
        who: Callable[[], Viewer] = viewer, parties: PartyVisits | None = None,
        untold: Callable[[], int | None] = lambda: None,
    ) -> None:  # fmt: skip
        """`untold`: how much of what who asks was told they haven't read."""
        self.pages = tuple(sorted(pages, key=_with_variables))  # whole addresses count first
        self._sites = sites
        self._past = past
        self._locale = locale
        self._who = who
        self._parties = parties
        self._untold = untold

    def register(self, app: Dash) -> None:
        """Register every page with Dash, their own callbacks, and the renewal of bodies."""
        for page in self.pages:
            template = page.path if "<" in page.path else None
            dash.register_page(
                f"desk-{page.name}",
                path=None if template else page.path,
                path_template=template,
                layout=self._layout_of(page),
                title=self._title_of(page),
                name=page.name,
                order=1 + _with_variables(page),
            )
            page.register(app)
        app.callback(
            Output(ids.Desk.BODY, "children"),
            Output(ids.Desk.STATUS, "children"),
            Input(ids.Desk.LIVE, "data"),
            prevent_initial_call=True,
        )(self.renew)

    def scope(self) -> Scope:
        """Return what the viewer may see."""
        return self._who().scope

    def opens(self, page: DeskPage) -> bool:
        """Whether the page is for who asks."""
        return self._who().known and self.scope().role in roles_of(page)

    def listed(self) -> list[DeskPage]:
        """Return the pages that stand in the navigation: those that are below no other."""
        whole = [page for page in self.pages if "<" not in page.path]
        above = tuple(f"{page.path}/" for page in whole)
        return [page for page in whole if not page.path.startswith(above)]

    def page(self, name: str) -> DeskPage | None:
        """Return a page by its name."""
        return next((page for page in self.pages if page.name == name), None)

    def whole(self, page: DeskPage, parameters: Mapping[str, Any]) -> Component:
        """Return a page with its frame, whatever the address says."""
        t = translator_of(self._locale, parameters.get("lang"))
        if not self.opens(page):
            return message.not_found(address_of(page, parameters).path, t)
        theme = theme_of(parameters.get("theme"))
        here = address_of(page, parameters)
        drawn = self._draw(page, here, t, theme)
        return desk.frame(self._head(page, here, drawn, t, theme), drawn.status, drawn.body, t)

    def renew(self, wish: Any) -> tuple[Any, Any]:
        """Draw a body again: what the page's script asks for when the board has changed."""
        page, here = wished(wish, self.pages)
        if page is None or here is None or not self.opens(page):
            return dash.no_update, dash.no_update
        t = translator_of(self._locale, here.query.get("lang"))
        drawn = self._draw(page, here, t, theme_of(here.query.get("theme")))
        return drawn.body, desk.status_line(drawn.status, here.href(at=None), t)

    def visit(self, page: DeskPage, here: Address, t: Translator, theme: str) -> Visit | PartyVisit:
        """Return the visit that an address stands for.

        Raises: BadParameter, Forbidden, Unavailable.
        """
        if not self.opens(page):
            raise Forbidden(page.name)
        check(here.query)
        scope = self.scope()
        live = self._site(page, here.query.get("site"))
        if isinstance(page, ForParty):
            return self._party_visit(page, live, here, t, theme)
        at = self._instant(here.query.get("at"), live)
        view: SiteView = live if at is None else self._look_back(scope, live.site, at)
        view.renew()
        return Visit(
            scope=scope,
            site=live.site,
            live=view,
            at=at,
            now=view.now,
            timezone=live.board.site.timezone,
            t=t,
            theme=theme,
            path=here.path,
            query=here.query,
            variables=here.variables,
        )

    def visit_of(self, page: DeskPage, parameters: Mapping[str, Any]) -> Visit | PartyVisit:
        """Return the visit that a page's parameters stand for, outside of its frame.

        Raises: BadParameter, Forbidden, Unavailable.
        """
        t = translator_of(self._locale, parameters.get("lang"))
        return self.visit(page, address_of(page, parameters), t, theme_of(parameters.get("theme")))

    def _party_visit(
        self, page: DeskPage, live: LiveSite, here: Address, t: Translator, theme: str
    ) -> PartyVisit:
        if self._parties is None:
            raise Forbidden(page.name)
        if "at" in here.query:
            raise BadParameter("at", "live")
        asking = Asking(viewer=self._who(), address=request.remote_addr or "", csrf=generate_csrf())
        return self._parties.visit(page.name, asking, live, here, t, theme)

    def _layout_of(self, page: DeskPage) -> Callable[..., Component]:
        def layout(**parameters: Any) -> Component:
            if not in_callback():
                body = [page.skeleton()] if isinstance(page, OwnCallbacks) else []
                return desk.frame(_NO_HEAD, None, body, translator_of(self._locale, None))
            return self.whole(page, parameters)

        return layout

    def _title_of(self, page: DeskPage) -> Callable[..., str]:
        def title(**variables: str) -> str:
            if not self.opens(page):
                return "Milepost"
            name = page.title(translator_of(self._locale, None))
            return " · ".join([*(unquote(value) for value in variables.values()), name, "Milepost"])

        return title

    def _draw(self, page: DeskPage, here: Address, t: Translator, theme: str) -> Drawn:
        drawn_ms = int(time.time() * 1000)
        status, site = None, None
        try:
            visit = self.visit(page, here, t, theme)
            status, site = self._status(visit, page.topics, drawn_ms), visit.site
            return Drawn(body=page.body(visit), status=status, site=site, whole=True)
        except BadParameter as error:
            body = self._bad_parameter(error, here, t)
        except MilepostError as error:
            body = self._trouble(error, here, t)
        return Drawn(body=body, status=status, site=site)

    def _bad_parameter(self, error: BadParameter, here: Address, t: Translator) -> Component:
        without = here.href(**{error.name: None, "page": None})
        return troubles.bad_parameter(error.name, error.expected, error.among, without, t)

    def _trouble(self, error: MilepostError, here: Address, t: Translator) -> Component:
        away = isinstance(error, Unavailable) and not isinstance(error, Loading)
        if not away and is_early(self._sites, self.scope()):
            return troubles.not_ready(here.href(), again(EARLY), t)
        if isinstance(error, Unavailable):
            _log.warning("page not drawn", path=here.path, reason=str(error))
            return troubles.unavailable(here.href(), t)
        return troubles.not_found(t)

    def _lives(self, page: DeskPage) -> list[LiveSite]:
        """Return the sites that a page can be about: of others' pages those that disclose rows."""
        scope = self.scope()
        if roles_of(page) <= MANAGERS:
            return self._sites.all(scope)
        return self._sites.disclosing(scope)

    def _shown(self, page: DeskPage) -> list[LiveSite]:
        """Return the sites of which somebody may open a page, those without a model last."""
        lives = self._lives(page)
        known = [live for live in lives if live.known]
        if not self._opens_early(page):
            return known
        return known + [live for live in lives if live.loaded and not live.known]

    def _opens_early(self, page: DeskPage) -> bool:
        """Whether the page is for who asks of sites too that have sent no model yet."""
        return isinstance(page, BeforeModel) and self.scope().role in page.roles_before_model

    def _site(self, page: DeskPage, site: str | None) -> LiveSite:
        known = self._shown(page)
        if site is None and known:
            return known[0]
        live = next((live for live in known if live.site == site), None)
        if live is None:
            raise Forbidden(site or "no site") if self._sites.loaded else Loading("sites")
        return live

    def _instant(self, value: str | None, live: LiveSite) -> datetime | None:
        if value is None:
            return None
        at = instant(value, live.board.site.timezone)
        if self._past is None or at > live.now:
            raise BadParameter("at", "live" if self._past is None else "instant")
        return at

    def _look_back(self, scope: Scope, site: str, at: datetime) -> SiteView:
        if self._past is None:
            raise BadParameter("at", "live")
        try:
            return self._past.at(scope, site, at)
        except Archived as error:
            raise BadParameter("at", "kept") from error
        except NoSuchInstant as error:
            raise BadParameter("at", "instant") from error

    def _status(self, visit: Visit | PartyVisit, topics: int, drawn_ms: int) -> desk.Status:
        if isinstance(visit, PartyVisit):
            return desk.Status(
                now=visit.now, timezone=visit.timezone, at=None, topics=topics, drawn_ms=drawn_ms,
                log_connected=visit.log_connected,
            )  # fmt: skip
        readers, clock = visit.live.readers(), visit.live.board.site.clock
        return desk.Status(
            now=visit.now,
            timezone=visit.timezone,
            at=visit.at,
            topics=topics if visit.at is None else 0,
            drawn_ms=drawn_ms,
            log_connected=readers.log_connected,
            replay=clock is not None,
            stale=tuple(_stale(visit)),
        )

    def _head(
        self, page: DeskPage, here: Address, drawn: Drawn, t: Translator, theme: str
    ) -> desk.Head:
        lives = self._shown(page)
        name = next((live.board.site.name for live in lives if live.site == drawn.site), "")
        return desk.Head(
            site=drawn.site,
            site_name=name,
            stream="party" if isinstance(page, ForParty) and self.scope().outside else "desk",
            theme=theme,
            sites=tuple(site_link(live, page.path, drawn.site) for live in lives),
            pages=self._navigation(here, t, drawn.site),
            tools=self._tools(here, t),
            languages=languages(here, t),
            themes=themes(here, t, theme),
            exports=export_links(page, here) if drawn.whole else (),
            back_to_live=here.href(at=None),
            person=self._person(),
        )

    def plain_head(self, here: Address, site: str | None, t: Translator, theme: str) -> desk.Head:
        """Return the header of a page that is none of these; with a site, the way to it of others.

        Without one, the page is about who looks.
        """
        lives = [live for live in self._sites.disclosing(self.scope()) if live.known]
        own = next((live for live in lives if site in (None, live.site)), None)
        return desk.Head(
            site=None, theme=theme,
            site_name=own.board.site.name if own and (site or len(lives) == 1) else "",
            sites=tuple(site_link(live, here.path, site) for live in lives) if site else (),
            pages=self._navigation(here, t, own.site if own else None),
            tools=self._tools(here, t), languages=languages(here, t),
            themes=themes(here, t, theme), person=self._person(),
        )  # fmt: skip

    def _person(self) -> desk.Person | None:
        who = self._who()
        if who.account is None:
            return None
        return desk.Person(name=who.name, token=generate_csrf(), unread=self._untold())

    def _navigation(self, here: Address, t: Translator, site: str | None) -> tuple[desk.Link, ...]:
        return tuple(
            desk.Link(
                name=one.name,
                words=one.title(t),
                href=here.href(one.path, **self._onward(one, site)),
                current=here.path == one.path or here.path.startswith(one.path + "/"),
                count=self._count(one, site),
            )
            for one in in_order([one for one in self.listed() if self.opens(one)])
        )

    def _onward(self, page: DeskPage, site: str | None) -> dict[str, None]:
        """Return what the way to a page leaves out: a site that it has nothing of yet."""
        lives = self._lives(page) if site is not None else []
        bare = any(live.site == site and not live.known for live in lives)
        return {"site": None} if bare and not self._opens_early(page) else {}

    def _tools(self, here: Address, t: Translator) -> tuple[desk.Link, ...]:
        """Return the ways to plain pages, which are loaded whole."""
        return tuple(
            desk.Link(name=path, words=words, href=path, current=here.path == path)
            for words, path in tools_of(self._who(), t)
        )

    def _count(self, page: DeskPage, site: str | None) -> int | None:
        """Return how many things wait at a page; None for one that counts none."""
        if not isinstance(page, Counted):
            return None
        live = next((live for live in self._lives(page) if live.site == site), None)
        return None if live is None else page.count(live.facts, self.scope())


def _with_variables(page: DeskPage) -> bool:
    return "<" in page.path


def _stale(visit: Visit) -> list[desk.Stale]:
    if visit.at is not None:
        return []
    found, readers = [], visit.live.readers()
    if readers.history_stale:
        found.append(desk.Stale(what="history", age_s=readers.history_lag_s))
    if readers.watch_stale:
        found.append(desk.Stale(what="forecasts", age_s=readers.watch_lag_s))
    return found
