"""What plain pages share: language, the site that is asked for, the header, the whole document.

Imported by every page that works without any script: those for signing in, those on who is let
in and who is told of what, and what is answered where nothing is.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from flask import Response, abort, request
from markupsafe import Markup

from callbacks.gate import viewer
from callbacks.viewer import theme_of, translator_of
from data.domain.site import Site
from data.services.accounts_desk import By
from data.services.errors import Loading
from layouts import desk
from layouts.plain import Content, document, written
from layouts.text import Translator
from layouts.urls import Address

LONGEST = 400
_STYLES = ("/assets/tokens.css", "/assets/desk.css", "/assets/doors.css")
_DESK_STYLES = (*_STYLES, "/assets/bell.css", "/assets/exceptions.css", "/assets/notifications.css")
_NOTHING: Mapping[str, str] = MappingProxyType({})


class MakesHead(Protocol):
    """What makes the header that desk pages have: `callbacks.desk.shell.Shell.plain_head`."""

    def __call__(self, here: Address, site: str | None, t: Translator, theme: str) -> desk.Head:
        """Return it, as who looks sees it."""


class PlainPages:
    """Draws such pages. `sites`: the models of sites, by id."""

    def __init__(
        self, head: MakesHead, sites: Callable[[], Mapping[str, Site]], locale: str
    ) -> None:
        self._head, self.sites, self._locale = head, sites, locale

    def t(self) -> Translator:
        """Return the reader's language."""
        return translator_of(self._locale, request.args.get("lang"))

    def site(self, wanted: str | None) -> Site:
        """Return the site that is asked for, or the first; end with 404 where there is none.

        Raises: Loading while no site is known at all.
        """
        scope, sites = viewer().scope, self.sites()
        if not sites:
            raise Loading("no site is known yet")
        known = [one for one in sites.values() if scope.may_see(one.id)]
        found = next((one for one in known if wanted in (None, one.id)), None)
        if found is None:
            abort(404)
        return found

    def show(
        self, path: str, title: str, body: Markup, status: int = 200, site: str | None = None
    ) -> Response:
        """Return a page; `site`: that it is about, for the links to the same of others."""
        t, theme = self.t(), theme_of(request.args.get("theme"))
        here = Address(path=path, query={"site": site} if site else {})
        header = written(desk.header(self._head(here, site, t, theme), t))
        return answer(document(t(title), body, t, theme, _DESK_STYLES, header=header), status)

    def alone(
        self, title: str, body: Content, status: int = 200, kept: Mapping[str, str] = _NOTHING
    ) -> Response:
        """Return a page without a header, for whoever asks; `kept`: as of `document`."""
        t, theme = self.t(), theme_of(request.args.get("theme"))
        return answer(document(t(title), body, t, theme, _STYLES, kept=kept), status)


def answer(page: str, status: int = 200) -> Response:
    """Return a whole document as an answer that nobody keeps."""
    made = Response(page, status, mimetype="text/html")
    made.headers["Cache-Control"] = "no-store"
    return made


def by() -> By:
    """Return who does it, and from where."""
    return By(viewer().actor, request.remote_addr or "")


def given(name: str) -> str:
    """Return what a form says, as far as it is read."""
    return request.form.get(name, "")[:LONGEST]
