"""What a viewer may know at a site: the usual policy of its role, and where the site differs.

A policy is remembered for a few seconds in each process. When SQL can't be asked, one that was
known lately still holds; without any, nothing is disclosed.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Protocol

from data.domain.disclosure import Eyes
from data.domain.policy import Kind, Policy, Treatment
from data.domain.role_policies import usual_policy
from data.domain.scope import Role, Scope
from data.services.errors import Forbidden, Unavailable

KNOWN_FOR_S = 3.0
TRUSTED_FOR_S = 600.0
MAY_CHANGE = frozenset({Role.ADMINISTRATOR, Role.MANAGER})


class Store(Protocol):
    """What disclosures ask of SQL."""

    def changes(
        self, site: str, role: Role, party: str | None
    ) -> Mapping[tuple[Kind, str], Treatment]:
        """How fields are treated otherwise than usual."""

    def set(
        self, site: str, role: Role, party: str | None,
        changes: Mapping[tuple[Kind, str], Treatment | None],
    ) -> None:  # fmt: skip
        """Treat fields otherwise."""


class Disclosures:
    """Says through whose eyes a scope looks at a site."""

    def __init__(self, store: Store, secret: bytes) -> None:
        self._store = store
        self._secret = secret
        self._known: dict[tuple[str, Role, str | None], tuple[float, int, Policy | None]] = {}
        self._changes = 0  # how often something may have changed elsewhere

    def eyes(self, scope: Scope, site: str) -> Eyes:
        """Return the viewer's eyes.

        Raises: Forbidden when the scope gets no rows of the site; Unavailable.
        """
        if not scope.may_see_rows(site) and scope.role is not Role.FACTORY:
            raise Forbidden(site)
        party = scope.party if scope.outside else None
        return self.eyes_of(site, scope.role, party)

    def eyes_of(self, site: str, role: Role, party: str | None) -> Eyes:
        """Return the eyes of a role and party, for those who look at what these get.

        Raises: Unavailable.
        """
        return Eyes(party=party, policy=self.policy(site, role, party), secret=self._key(site))

    def policy(self, site: str, role: Role, party: str | None) -> Policy:
        """Return the policy that holds.

        Raises: Unavailable when SQL can't be asked and none was known lately.
        """
        key = (site, role, party)
        seen_at, changes, known = self._known.get(key, (0.0, 0, None))
        age_s, now = time.monotonic() - seen_at, self._changes
        if known is not None and age_s < KNOWN_FOR_S and changes == now:
            return known
        try:
            found = usual_policy(role).changed(self._store.changes(site, role, party))
        except Unavailable:
            if known is not None and age_s < TRUSTED_FOR_S:
                return known
            raise
        self._known[key] = (time.monotonic(), now, found)
        return found

    def change(
        self, scope: Scope, site: str, role: Role, party: str | None,
        changes: Mapping[tuple[Kind, str], Treatment | None],
    ) -> None:  # fmt: skip
        """Treat fields of a role, or of one party alone, otherwise; None: as usual again.

        Raises: Forbidden; PolicyError for a treatment that doesn't fit; Unavailable.
        """
        if scope.role not in MAY_CHANGE or not scope.may_see(site):
            raise Forbidden(site)
        usual_policy(role).changed({key: how for key, how in changes.items() if how is not None})
        self._store.set(site, role, party, changes)
        self._known.clear()
        self.renew()

    def renew(self) -> None:
        """Ask SQL again: a policy was changed, here or in another process."""
        self._changes += 1

    def _key(self, site: str) -> bytes:
        """Return what keys the pseudonyms of a site."""
        return hmac.new(self._secret, b"pseudonyms\0" + site.encode(), hashlib.sha256).digest()
