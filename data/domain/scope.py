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
    ADMINISTRATOR = "administrator"
    MANAGER = "manager"
    PLANNER = "planner"
    PURCHASER = "purchaser"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    SUPPLIER = "supplier"
    CUSTOMER = "customer"
    LOGISTICS = "logistics"


class Scope(Struct, frozen=True, kw_only=True):
    """Sites, role and (for a source) the one CloudEvents source it may speak for."""

    role: Role
    sites: tuple[str, ...]
    source: str | None = None

    def __post_init__(self) -> None:
        """Refuse a text for `sites`: every part of it would pass for a site."""
        if not isinstance(self.sites, tuple):
            raise TypeError("sites: expected a tuple of site ids")

    @property
    def key(self) -> str:
        """Text that is equal for equal scopes only; stands in every cache key and channel."""
        sites = "".join(sorted({quote(site, safe="") + "," for site in self.sites}))
        source = "" if self.source is None else "=" + quote(self.source, safe="")
        return f"{self.role}:{sites}:{source}"

    def may_see(self, site: str) -> bool:
        """Whether live state and history of the site may be shown."""
        return self.role is Role.FACTORY and site in self.sites

    def may_report(self, site: str, source: str) -> bool:
        """Whether events of this source may be recorded at the site."""
        if site not in self.sites:
            return False
        if self.role is Role.SOURCE:
            return bool(source) and source == self.source
        return self.role is Role.FACTORY


def factory_scope(*sites: str) -> Scope:
    """Everything of these sites."""
    return Scope(role=Role.FACTORY, sites=tuple(sites))
