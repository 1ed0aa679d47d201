"""`/access`: the access review, for those who answer for who can see what."""

from collections.abc import Callable, Sequence
from typing import Protocol

from dash import Dash
from dash.development.base_component import Component

from callbacks.desk.audit import Trail, by_of
from callbacks.desk.visit import BadParameter, Visit
from callbacks.gate import Viewer, viewer
from data.domain.access import Review
from data.domain.audit import Action
from data.domain.scope import Role, Scope
from layouts.pages import access
from layouts.pages.access import Shown
from layouts.sheets import Sheet
from layouts.text import Translator


class Reviews(Protocol):
    """What the page asks: `data.services.access.Access`."""

    def review(self, scope: Scope, site: str) -> Review:
        """Everything that leads into a site."""

    def names(self, scope: Scope) -> dict[str, str]:
        """What the accounts of actors are called."""


class AccessPage:
    """The page of the access review."""

    name = "access"
    path = "/access"
    topics = 0
    roles = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})

    def __init__(self, service: Reviews, trail: Trail, who: Callable[[], Viewer] = viewer) -> None:
        self._access = service
        self._trail = trail
        self._who = who

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(access.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return every way in, and what each role and party may see."""
        return access.layout(self._shown(visit), visit.href, visit.t)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return the same as tables, after noting who takes them."""
        shown, by = self._shown(visit), by_of(self._who)
        self._trail.note(
            by.actor, Action.EXPORTED, "access", site=visit.site, address=by.address,
            detail={"count": len(shown.review.ways)},
        )  # fmt: skip
        return access.sheets(shown, visit.t)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _shown(self, visit: Visit) -> Shown:
        if visit.at is not None:
            raise BadParameter("at", "live")
        site = visit.live.board.site
        return Shown(
            review=self._access.review(visit.scope, visit.site),
            parties={one.id: one.name for one in site.parties},
            names=self._access.names(visit.scope),
            odd=visit.choice("which", ["odd"], "") == "odd",
            timezone=visit.timezone,
            site_name=site.name,
        )
