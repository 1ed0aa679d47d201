"""`/quarantine`: what came in and was not taken, for those who see all of a site."""

from collections.abc import Callable, Sequence
from typing import Protocol

from dash import Dash
from dash.development.base_component import Component

from callbacks.desk.visit import BadParameter, Visit
from callbacks.gate import MANAGERS
from data.domain.held import Held, HeldFilter, HeldLately, HeldPage
from data.domain.quarantine import QuarantineKind
from data.domain.scope import Role, Scope
from data.domain.topics import CLOCK
from data.services.errors import Forbidden
from data.services.views import SiteView
from layouts.components.reading import Reading
from layouts.pages import quarantine
from layouts.sheets import Sheet
from layouts.text import Translator
from layouts.urls import Address

ROWS, MOST_EXPORTED, MOST_NUMBER = 50, 20_000, 999_999_999


class Kept(Protocol):
    """What the page asks: `data.services.quarantine.Quarantine`."""

    def page(
        self, scope: Scope, site: str, wanted: HeldFilter, limit: int,
        below: int | None = None, above: int | None = None,
    ) -> HeldPage:  # fmt: skip
        """Some entries, newest first."""

    def whole(self, scope: Scope, site: str, number: int) -> Held:
        """One entry with its text."""

    def lately(self, scope: Scope, site: str) -> HeldLately:
        """What came in within the last day."""

    def listed(self, scope: Scope, site: str, wanted: HeldFilter, limit: int) -> Sequence[Held]:
        """The newest entries."""


class QuarantinePage:
    """The page on what was not taken. `sites`: those that a scope sees."""

    name = "quarantine"
    path = "/quarantine"
    topics = CLOCK  # what is put aside changes no board; a minute old is soon enough
    roles = MANAGERS
    roles_before_model = frozenset({Role.ADMINISTRATOR})

    def __init__(self, kept: Kept, sites: Callable[[Scope], Sequence[SiteView]]) -> None:
        self._kept = kept
        self._sites = sites

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(quarantine.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return the entries that the address asks for, and what came in within the last day."""
        wanted, below, above = wanted_of(visit), _number(visit, "before"), _number(visit, "after")
        asked = _number(visit, "show")
        page = self._kept.page(visit.scope, visit.site, wanted, ROWS, below, above)
        here = Address(path=visit.path, query=visit.query, variables=visit.variables)
        view = quarantine.QuarantineView(
            page=page,
            lately=self._kept.lately(visit.scope, visit.site),
            by=wanted,
            site=visit.site,
            sites=self._names(visit.scope),
            modelled=_has_model(visit.live),
            reading=Reading(t=visit.t, timezone=visit.timezone, now=visit.now, address=here),
            shown=self._shown(visit, asked, page),
        )
        return quarantine.layout(view, visit.href)

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return all that the filters leave, and what came in within the last day."""
        held = self._kept.listed(visit.scope, visit.site, wanted_of(visit), MOST_EXPORTED)
        return quarantine.sheets(held, self._kept.lately(visit.scope, visit.site), visit.t)

    def register(self, app: Dash) -> None:
        """Nothing: all its state is in the address."""

    def _names(self, scope: Scope) -> dict[str, str]:
        """Return what the sites are called that a scope sees, and may be shown here."""
        early = scope.role in self.roles_before_model
        lives = [live for live in self._sites(scope) if early or _has_model(live)]
        return {live.site: live.board.site.name for live in lives}

    def _shown(self, visit: Visit, number: int | None, page: HeldPage) -> Held | None:
        """Return the entry whose whole text is asked for, when it is on the page."""
        if number is None or number not in {one.number for one in page.entries}:
            return None
        try:
            return self._kept.whole(visit.scope, visit.site, number)
        except Forbidden:
            return None


def _has_model(live: SiteView) -> bool:
    return live.board.site_state.site is not None


def wanted_of(visit: Visit) -> HeldFilter:
    """Return the entries that an address asks for.

    Raises: BadParameter.
    """
    if visit.at is not None:
        raise BadParameter("at", "live")
    kind = visit.choice("kind", [*QuarantineKind], "")
    return HeldFilter(kind=QuarantineKind(kind) if kind else None, source=visit.text("source"))


def _number(visit: Visit, name: str) -> int | None:
    return visit.whole(name, 1, MOST_NUMBER, 0) or None
