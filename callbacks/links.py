"""`/b/<token>`: takes a signed link to a party's board; `/links`: where they are made and ended."""

from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from flask import Blueprint, Response, abort, redirect, request
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as Answer

from callbacks.gate import Other, Viewer, is_private, remember, viewer
from callbacks.plain_pages import PlainPages, by, given
from data.domain.people import OUTSIDE, Link
from data.domain.scope import Role
from data.domain.site import Site
from data.services.links import (
    KIND,
    MAY_MAKE,
    MOST_DAYS,
    USUAL_DAYS,
    LinkError,
    Links,
    Wanted,
    actor_of,
    scope_of,
)
from data.services.live import utc_now
from data.services.sites import Sites
from layouts.pages import doors, links

BOARDS = {
    Role.SUPPLIER: "/supplier",
    Role.CUSTOMER: "/customer",
    Role.LOGISTICS: "/logistics",
}


class LinkPages:
    """The handlers. `names`: what the accounts of actors are called."""

    def __init__(
        self, service: Links, names: Callable[[], Mapping[str, str]], pages: PlainPages
    ) -> None:
        self._links, self._names, self._pages = service, names, pages

    def blueprint(self) -> Blueprint:
        """Return the routes."""
        routes = Blueprint("links", __name__)
        routes.get("/b/<token>")(self.take)
        routes.get(links.PATH)(self.listed)
        routes.post(links.PATH)(self.make)
        routes.post(f"{links.PATH}/<name>/revoke")(self.revoke)
        return routes

    def take(self, token: str) -> Answer:
        """Let in who has the link, for as long as the browser is open and the link works."""
        t = self._pages.t()
        if not is_private():
            return self._pages.alone("Sign in", doors.needs_https(t, request.host), 403)
        link = self._links.take(token, request.remote_addr or "")
        if link is None or link.role is None:
            return self._pages.alone("Sign in", doors.dead_link(t), 410)
        answer = redirect(BOARDS[link.role], 303)
        remember(answer, f"{KIND}.{token}", None)
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["Referrer-Policy"] = "no-referrer"
        return answer

    def listed(self) -> Response:
        """Show the links that the reader may make and end."""
        return self._show(done=request.args.get("said", ""))

    def make(self) -> Response:
        """Make a link; show it, once."""
        parts = [unquote(part) for part in given("for").split("/")]
        if len(parts) != 3 or parts[1] not in OUTSIDE:
            return self._show(wrong="party", status=422)
        site, role, party = parts
        days = int(given("days")) if given("days").isdecimal() else 0
        try:
            wanted = Wanted(site, Role(role), party, days)
            token = self._links.make(viewer().scope, by(), wanted)
        except LinkError as error:
            return self._show(wrong=error.field, status=422)
        return self._show(made=f"{request.host_url.rstrip('/')}/b/{token}")

    def revoke(self, name: str) -> Answer:
        """End a link at once."""
        if not self._links.revoke(viewer().scope, by(), name):
            abort(404)
        return redirect(f"{links.PATH}?said=ended", 303)

    def _show(
        self, made: str | None = None, wrong: str = "", status: int = 200, done: str = ""
    ) -> Response:
        t, scope = self._pages.t(), viewer().scope
        sites, names = self._pages.sites(), self._names()
        shown = links.Shown(
            rows=[_row(one, sites, names) for one in self._links.listed(scope)],
            choices=[
                choice
                for site in sites.values()
                if site.id in scope.sites
                for choice in _choices(site, MAY_MAKE.get(scope.role, frozenset()))
            ],
            now=utc_now(), days=given("days") or str(USUAL_DAYS), most_days=MOST_DAYS,
            chosen=given("for"), made=made, done=done, wrong=wrong,
        )  # fmt: skip
        body = links.layout(shown, generate_csrf(), t)
        return self._pages.show(links.PATH, links.TITLE, body, status)


def proof(service: Links, sites: Sites) -> Other:
    """Return what tells the viewer that a link's cookie stands for, while the link works.

    It raises: Unavailable.
    """

    def proves(token: str) -> Viewer | None:
        link = service.working(token.removeprefix(f"{KIND}."))
        if link is None:
            return None
        site = known_sites(sites).get(link.site or "")
        name = link.party or "" if site is None else _name(site, link)
        return Viewer(scope=scope_of(link), actor=actor_of(link), name=name)

    return proves


def known_sites(sites: Sites) -> dict[str, Site]:
    """Return what is known of every site, by id."""
    return {live.site: live.board.site for live in sites.everywhere() if live.known}


def parties_of(sites: Sites, site: str) -> list[tuple[str, Role]]:
    """Return the parties of a site that can have a board, each with its role."""
    known = known_sites(sites).get(site)
    if known is None:
        return []
    return [(one.id, Role(one.kind)) for one in known.parties if one.kind in OUTSIDE]


def _choices(site: Site, roles: frozenset[Role]) -> list[links.Choice]:
    return [
        links.Choice(
            value="/".join(quote(part, safe="") for part in (site.id, one.kind, one.id)),
            site=site.name, role=Role(one.kind), party=one.name,
        )
        for one in site.parties
        if one.kind in roles
    ]  # fmt: skip


def _row(link: Link, sites: Mapping[str, Site], names: Mapping[str, str]) -> links.Row:
    site = sites.get(link.site or "")
    return links.Row(
        link=link, party=link.party or "" if site is None else _name(site, link),
        by=names.get(link.created_by, link.created_by),
        timezone="UTC" if site is None else site.timezone,
    )  # fmt: skip


def _name(site: Site, link: Link) -> str:
    return next((one.name for one in site.parties if one.id == link.party), link.party or "")
