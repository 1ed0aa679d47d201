"""A visit: one viewer looking at one page of one site, with everything that the address says.

Imported by every page in `callbacks.desk`. What comes in an address is a stranger's word: the
methods here check it and name the parameter that can't be used.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Literal, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

from dash import Dash
from dash.development.base_component import Component
from msgspec import Struct

from callbacks.gate import MANAGERS
from data.domain.facts import Facts
from data.domain.scope import Role, Scope
from data.services.views import SiteView
from layouts.desk import NAVIGATION
from layouts.sheets import Sheet
from layouts.text import Translator
from layouts.urls import Address

LONGEST_VALUE = 200
MOST_PARAMETERS = 40

Expected = Literal["choice", "day", "instant", "whole", "short", "live", "kept"]


class BadParameter(ValueError):
    """A parameter of the address can't be used; `expected` says what would do."""

    def __init__(self, name: str, expected: Expected, among: Sequence[str] = ()) -> None:
        super().__init__(f"{name}: expected {expected} {', '.join(among)}".strip())
        self.name = name
        self.expected = expected
        self.among = tuple(among)


class Given(Struct, frozen=True, kw_only=True):
    """What the address of any page says, and whom and when it is drawn for.

    `query`: parameters of the address and the variables of its path, none of them empty; `now`:
    the site's, or the instant that is looked back at.
    """

    scope: Scope
    site: str
    now: datetime
    timezone: str
    t: Translator
    theme: str
    path: str
    query: Mapping[str, str]
    variables: tuple[str, ...] = ()

    def href(self, path: str | None = None, **changes: str | None) -> str:
        """Return this address with parameters changed; None takes one out.

        On another path only the site and the instant stay.
        """
        here = Address(path=self.path, query=self.query, variables=self.variables)
        return here.href(path, **changes)

    def text(self, name: str) -> str | None:
        """Return a parameter as it is, without spaces around it; None when it isn't given."""
        return self.query.get(name, "").strip() or None

    def choice(self, name: str, among: Sequence[str], otherwise: str) -> str:
        """Return a parameter that is one of a few words.

        Raises: BadParameter.
        """
        value = self.query.get(name)
        if value is not None and value not in among:
            raise BadParameter(name, "choice", among)
        return otherwise if value is None else value

    def day(self, name: str) -> date | None:
        """Return a parameter that is a day, `YYYY-MM-DD`; None when it isn't given.

        Raises: BadParameter.
        """
        value = self.query.get(name)
        if value is None:
            return None
        try:
            found = date.fromisoformat(value)
        except ValueError as error:
            raise BadParameter(name, "day") from error
        if not 1970 < found.year < 2200:
            raise BadParameter(name, "day")
        return found

    def whole(self, name: str, least: int, most: int, otherwise: int) -> int:
        """Return a parameter that is a whole number within bounds.

        Raises: BadParameter.
        """
        value = self.query.get(name)
        if value is None:
            return otherwise
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
        if number is None or not least <= number <= most:
            raise BadParameter(name, "whole", (str(least), str(most)))
        return number


class Visit(Given, frozen=True, kw_only=True):
    """What a page needs to draw itself for one viewer who may see all of a site.

    `at`: the instant that is looked back at, None for now.
    """

    live: SiteView
    at: datetime | None


class DeskPage(Protocol):
    """One page; the shell calls it with visits that are checked.

    `topics`: which changes of the board concern it; 0: it is never renewed by itself. Raises
    from `body` and `sheets`: BadParameter, Forbidden (what isn't there or may not be seen),
    Unavailable.
    """

    name: str
    path: str
    topics: int

    def title(self, t: Translator) -> str:
        """Return the page's name, for the navigation and the window."""

    def body(self, visit: Visit) -> Component:
        """Return everything below the shell's header."""

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return what the page shows as tables; none: there is nothing to export."""

    def register(self, app: Dash) -> None:
        """Register the page's own callbacks, if it has any (`OwnCallbacks`)."""


@runtime_checkable
class OwnCallbacks(Protocol):
    """A page with callbacks of its own says which elements they name."""

    def skeleton(self) -> Component:
        """Return these elements, empty; Dash looks there for what a callback may name."""


@runtime_checkable
class ForParty(Protocol):
    """A page of a party's own: it is given a `PartyVisit`, and so nothing but disclosed rows."""

    party: bool


@runtime_checkable
class ForRoles(Protocol):
    """A page that is for others than managers says for whom."""

    roles: Collection[Role]


@runtime_checkable
class BeforeModel(Protocol):
    """A page that some may open of a site too that hasn't sent its model yet."""

    roles_before_model: Collection[Role]


@runtime_checkable
class Counted(Protocol):
    """A page beside whose name stands how many things wait there."""

    def count(self, facts: Facts, scope: Scope) -> int:
        """Return how many."""


def roles_of(page: DeskPage) -> frozenset[Role]:
    """Return whom a page is for; without a word of it, those who may see all of a site."""
    return frozenset(page.roles) if isinstance(page, ForRoles) else MANAGERS


def in_order(pages: Sequence[DeskPage]) -> list[DeskPage]:
    """Return pages in the order of the navigation, those that it doesn't name last."""
    places = {name: place for place, name in enumerate(NAVIGATION)}
    return sorted(pages, key=lambda page: places.get(page.name, len(places)))


def instant(value: str, timezone: str, name: str = "at") -> datetime:
    """Read an instant: ISO 8601 with an offset, or a time at the site.

    Raises: BadParameter.
    """
    try:
        found = datetime.fromisoformat(value)
        aware = found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(timezone))
        found = aware.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadParameter(name, "instant") from error
    if not 1970 < found.year < 2200:
        raise BadParameter(name, "instant")
    return found
