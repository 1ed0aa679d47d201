"""What becomes of each field, and who said so: the usual policy, the site's for a role, a party's.

Pure. The policy page shows these and asks for changes of them; `data.domain.disclosure` itself
needs the outcome alone.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from data.domain.policy import FIELDS, Kind, Policy, Treatment, possible
from data.domain.scope import Role

Key = tuple[Kind, str]
Changes = Mapping[Key, Treatment]

# Whose policy can be changed; everybody else sees all of a site as it is, or nothing.
DISCLOSED_TO = (Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS, Role.PURCHASER, Role.OPERATOR)


class Level(StrEnum):
    """Who said what becomes of a field."""

    USUAL = "usual"
    ROLE = "role"
    PARTY = "party"


class FieldRule(Struct, frozen=True, kw_only=True):
    """One field. `of_role`, `of_party`: None where nothing is said at that level."""

    kind: Kind
    field: str
    usual: Treatment
    of_role: Treatment | None = None
    of_party: Treatment | None = None

    @property
    def holds(self) -> Treatment:
        """What becomes of the field."""
        return self.of_party or self.of_role or self.usual

    @property
    def level(self) -> Level:
        """Who said so."""
        if self.of_party is not None:
            return Level.PARTY
        return Level.USUAL if self.of_role is None else Level.ROLE

    @property
    def possible(self) -> tuple[Treatment, ...]:
        """What could become of it, most open first."""
        return possible(self.kind, self.field)

    def own(self, level: Level) -> Treatment | None:
        """Return what is said at one level; None: nothing is."""
        return {Level.PARTY: self.of_party, Level.ROLE: self.of_role}.get(level)

    def without(self, level: Level) -> Treatment:
        """Return what would hold if nothing were said at this level."""
        return self.usual if level is Level.ROLE else self.of_role or self.usual


class Wish(Struct, frozen=True):
    """What a field is to become, and what it was when that was asked; None: nothing of its own."""

    before: Treatment | None
    after: Treatment | None


def field_rules(
    usual: Policy, of_role: Changes, of_party: Changes | None = None
) -> tuple[FieldRule, ...]:
    """Return the rule of every field that there is."""
    own = of_party or {}
    return tuple(
        FieldRule(
            kind=kind,
            field=field,
            usual=usual.of(kind, field),
            of_role=of_role.get((kind, field)),
            of_party=own.get((kind, field)),
        )
        for kind, fields in FIELDS.items()
        for field in fields
    )
