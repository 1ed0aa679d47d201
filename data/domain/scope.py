"""Who looks: what one viewer, source or worker may see and do.

A required argument of every service, and part of every cache key and channel.
"""

from enum import StrEnum
from urllib.parse import quote

from msgspec import Struct


class Role(StrEnum):
    """What a scope is for."""

    FACTORY = "factory"  # everything of its sites; what the program itself has
    SOURCE = "source"  # an API key: may report, sees nothing
    SCREEN = "screen"  # a browser on a wall: sees the walls of its site
    ADMINISTRATOR = "administrator"
    MANAGER = "manager"
    PLANNER = "planner"
    PURCHASER = "purchaser"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    LOGISTICS = "logistics"


_ALL_OF_A_SITE = frozenset(
    {Role.FACTORY, Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER, Role.AUDITOR}
)
_WALLS = _ALL_OF_A_SITE | {Role.SCREEN, Role.PURCHASER, Role.OPERATOR}
_OUTSIDE = frozenset({Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS})
_ROWS = _ALL_OF_A_SITE | {Role.PURCHASER, Role.OPERATOR}


class Scope(Struct, frozen=True, kw_only=True):
    """Sites, role, the party it speaks for, the one CloudEvents source it may report as.

    `party`: of an outside role, which without one may nothing. `source`: of an API key.
    """

    role: Role
    sites: tuple[str, ...]
    source: str | None = None
    party: str | None = None

    def __post_init__(self) -> None:
        """Refuse a text for `sites`: every part of it would pass for a site."""
        if not isinstance(self.sites, tuple):
            raise TypeError("sites: expected a tuple of site ids")

    @property
    def key(self) -> str:
        """Text that is equal for equal scopes only; stands in every cache key and channel."""
        sites = "".join(sorted({quote(site, safe="") + "," for site in self.sites}))
        source = "" if self.source is None else "=" + quote(self.source, safe="")
        party = "" if self.party is None else "@" + quote(self.party, safe="")
        return f"{self.role}:{sites}:{source}{party}"

    @property
    def outside(self) -> bool:
        """Whether it is a party's, who gets nothing but what is disclosed to it."""
        return self.role in _OUTSIDE

    def may_see(self, site: str) -> bool:
        """Whether everything of the site, live and past, may be shown as it is."""
        return self.role in _ALL_OF_A_SITE and site in self.sites

    def may_watch(self, site: str) -> bool:
        """Whether the walls of the site may be shown."""
        return self.role in _WALLS and site in self.sites

    def may_see_rows(self, site: str) -> bool:
        """Whether rows of the site may be shown, as far as they are disclosed."""
        known = self.role in _ROWS or (self.outside and bool(self.party))
        return known and site in self.sites

    def may_report(self, site: str, source: str) -> bool:
        """Whether events of this source may be recorded at the site."""
        if site not in self.sites:
            return False
        if self.role is Role.SOURCE:
            return bool(source) and source == self.source
        if self.outside:
            return bool(self.party) and source == party_source(self.party)
        return self.role is Role.FACTORY


def party_source(party: str | None) -> str:
    """Return the CloudEvents source of what a party reports on its own board."""
    return f"urn:milepost:party:{party}"


def factory_scope(*sites: str) -> Scope:
    """Everything of these sites."""
    return Scope(role=Role.FACTORY, sites=tuple(sites))
