"""What plain pages of a desk share: the site that is asked for, the header, the whole document.

Imported by the pages on who is told of what, which work without any script.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from flask import Response, abort, request
from markupsafe import Markup

from callbacks.doors import STYLES
from callbacks.gate import viewer
from callbacks.viewer import theme_of, translator_of
from data.domain.site import Site
from data.services.accounts_desk import By
from layouts import desk
from layouts.plain import document, written
from layouts.text import Translator
from layouts.urls import Address

LONGEST = 400
_STYLES = (*STYLES, "/assets/bell.css", "/assets/exceptions.css", "/assets/notifications.css")


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
        """Return the site that is asked for, or the first; end with 404 where there is none."""
        scope = viewer().scope
        known = [one for one in self.sites().values() if scope.may_see(one.id)]
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
        page = document(t(title), body, t, theme, _STYLES, header=header)
        answer = Response(page, status, mimetype="text/html")
        answer.headers["Cache-Control"] = "no-store"
        return answer


def by() -> By:
    """Return who does it, and from where."""
    return By(viewer().actor, request.remote_addr or "")


def given(name: str) -> str:
    """Return what a form says, as far as it is read."""
    return request.form.get(name, "")[:LONGEST]
