"""Who looks: what one viewer, source or worker may see and do.

A required argument of every service, and part of every cache key and channel.
"""

from enum import StrEnum

from msgspec import Struct


class Role(StrEnum):
    """What a scope is for."""

    FACTORY = "factory"  # everything of its sites; what a wall on the shop floor has
    SOURCE = "source"  # an API key: may report, sees nothing


class Scope(Struct, frozen=True, kw_only=True):
    """Sites, role and (for a source) the one CloudEvents source it may speak for."""

    role: Role
    sites: tuple[str, ...]
    source: str | None = None

    @property
    def key(self) -> str:
        """Text that is equal for equal scopes only; stands in every cache key and channel."""
        return f"{self.role}:{','.join(sorted(self.sites))}:{self.source or ''}"

    def may_see(self, site: str) -> bool:
        """Whether live state and history of the site may be shown."""
        return self.role is Role.FACTORY and site in self.sites

    def may_report(self, site: str, source: str) -> bool:
        """Whether events of this source may be recorded at the site."""
        if site not in self.sites:
            return False
        return self.role is Role.FACTORY or source == self.source


def factory_scope(*sites: str) -> Scope:
    """Everything of these sites."""
    return Scope(role=Role.FACTORY, sites=tuple(sites))
