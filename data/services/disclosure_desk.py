"""Looking at what parties get, and changing it: each look and each change is audited.

Imported by the page on disclosure. Rows are made by `data.services.boards`, with the scope that
the party itself would have, so what is shown is what the party gets.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from data.domain.audit import Action, Detail
from data.domain.disclosure import Value
from data.domain.field_rules import (
    DISCLOSED_TO,
    Changes,
    FieldRule,
    Key,
    Level,
    Wish,
    field_rules,
)
from data.domain.people import OUTSIDE
from data.domain.policy import Kind, Treatment
from data.domain.role_policies import usual_policy
from data.domain.scope import Role, Scope
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.boards import Boards, Disclosed
from data.services.disclosures import MAY_CHANGE, Disclosures
from data.services.errors import Forbidden, MilepostError
from data.services.views import SiteView

MAY_LOOK = MAY_CHANGE | {Role.AUDITOR}


class Outdated(MilepostError):
    """What was to be changed has been changed meanwhile; nothing was."""


class Store(Protocol):
    """What is said at one level, as SQL has it."""

    def own(self, site: str, role: Role, party: str | None) -> Changes:
        """What is said for a role, or for one party alone."""


class DisclosureDesk:
    """What each field is to a role or party, who said so, and what they get."""

    def __init__(
        self, disclosures: Disclosures, store: Store, boards: Boards, audit: Audit
    ) -> None:
        self._disclosures = disclosures
        self._store = store
        self._boards = boards
        self._audit = audit

    def parties(self, view: SiteView, role: Role) -> tuple[str, ...]:
        """Return the parties that a role can be of at a site: those it deals with, by id."""
        if role not in OUTSIDE:
            return ()
        known = {one.id for one in view.board.site.parties if one.kind == role.value}
        return tuple(sorted(known | set(self._boards.parties(role, view.indexes.parties))))

    def rules(
        self, scope: Scope, site: str, role: Role, party: str | None = None
    ) -> tuple[FieldRule, ...]:
        """Return the rule of every field.

        Raises: Forbidden, Unavailable.
        """
        _check_looking(scope, site, role, party)
        of_role = self._store.own(site, role, None)
        of_party = None if party is None else self._store.own(site, role, party)
        return field_rules(usual_policy(role), of_role, of_party)

    def change(
        self, by: By, scope: Scope, site: str, role: Role, party: str | None,
        wishes: Mapping[Key, Wish],
    ) -> int:  # fmt: skip
        """Change what is said for a role, or for one party alone; return how many fields.

        Raises: Forbidden; PolicyError for what doesn't fit a field; Outdated when one of them
        isn't any more what it was when this was asked; Unavailable. Then nothing is changed.
        """
        if scope.role not in MAY_CHANGE:
            raise Forbidden(site)
        level = Level.ROLE if party is None else Level.PARTY
        rules = {(rule.kind, rule.field): rule for rule in self.rules(scope, site, role, party)}
        changes = {key: wish.after for key, wish in wishes.items() if wish.before != wish.after}
        fitting = {key: how for key, how in changes.items() if how is not None}
        usual_policy(role).changed(fitting)  # refuses fields that aren't there, too
        if any(rules[key].own(level) != wishes[key].before for key in changes):
            raise Outdated(site)
        if changes:
            self._note_change(by, site, role, party, _told(changes, rules, level))
            self._disclosures.change(scope, site, role, party, changes)
        return len(changes)

    def reset(self, by: By, scope: Scope, site: str, role: Role, party: str | None) -> int:
        """Take back everything that is said for a role, or for one party alone.

        Raises: Forbidden, Unavailable.
        """
        level = Level.ROLE if party is None else Level.PARTY
        own = {
            (rule.kind, rule.field): Wish(rule.own(level), None)
            for rule in self.rules(scope, site, role, party)
        }
        return self.change(by, scope, site, role, party, own)

    def sees(self, site: str, role: Role, party: str | None) -> tuple[Kind, ...]:
        """Return the kinds of which anything at all is disclosed.

        Raises: Unavailable.
        """
        policy = self._disclosures.policy(site, role, party)
        return tuple(kind for kind in Kind if policy.sees(kind))

    def seen_by(
        self, by: By, scope: Scope, view: SiteView, role: Role, party: str | None, kind: Kind,
        action: Action = Action.SAW,
    ) -> list[Disclosed]:  # fmt: skip
        """Return the very rows of one kind that a role or party gets, after noting who looks.

        Raises: Forbidden, also for a role outside without its party; Unavailable.
        """
        _check_looking(scope, view.site, role, party)
        eyes = Scope(role=role, sites=(view.site,), party=party)
        rows = self._boards.rows(eyes, view, view.indexes.parties, kind)
        detail: Detail = {
            "as": role.value, "kind": kind.value, "count": len(rows), "columns": _columns(rows),
        }  # fmt: skip
        self._audit.note(
            by.actor, action, "disclosure", site=view.site, party=party, address=by.address,
            detail=detail,
        )  # fmt: skip
        return rows

    def _note_change(
        self, by: By, site: str, role: Role, party: str | None, detail: Detail
    ) -> None:
        self._audit.note(
            by.actor, Action.POLICY_CHANGED, f"disclosure/{role}", site=site, party=party,
            address=by.address, detail=detail,
        )  # fmt: skip


def _check_looking(scope: Scope, site: str, role: Role, party: str | None) -> None:
    """Refuse whoever may not look, and roles and parties that don't go together."""
    fits = role in DISCLOSED_TO and (party is None or role in OUTSIDE)
    if scope.role not in MAY_LOOK or not scope.may_see(site) or not fits:
        raise Forbidden(site)


def _told(
    changes: Mapping[Key, Treatment | None], rules: Mapping[Key, FieldRule], level: Level
) -> Detail:
    """Return what held before and what holds after, field by field."""
    told: dict[str, str] = {}
    for (kind, field), after in sorted(changes.items()):
        rule = rules[kind, field]
        said = rule.without(level) if after is None else after
        told[f"{kind}.{field}.before"] = rule.holds.value
        told[f"{kind}.{field}.after"] = said.value + (" (inherited)" if after is None else "")
    return told


def _columns(rows: Sequence[Mapping[str, Value]]) -> list[str]:
    return sorted({name for row in rows for name in row})
