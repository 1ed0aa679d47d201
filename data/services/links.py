"""Signed links: one party's board for someone who has no account, until they end.

The link holds a random token, of which SQL keeps the hash. Whoever takes it is let in for as long
as it works; making, each use and revoking are written into the audit trail first.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from data.domain.audit import Action
from data.domain.people import OUTSIDE, Link, Purpose
from data.domain.scope import Role, Scope
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.errors import Forbidden
from data.services.identity import hashed

KIND = "link"
USUAL_DAYS, MOST_DAYS = 30, 180
# Whose links someone may make: a purchaser's look at what a customer is shown would be more
# than a purchaser may know.
MAY_MAKE: dict[Role, frozenset[Role]] = {
    Role.ADMINISTRATOR: OUTSIDE,
    Role.MANAGER: OUTSIDE,
    Role.PURCHASER: frozenset({Role.SUPPLIER}),
}
Parties = Callable[[str], list[tuple[str, Role]]]  # of a site: each party and its role


class Store(Protocol):
    """What links ask of SQL."""

    def add_link(self, link: Link) -> None:
        """Store a link."""

    def link(self, token_hash: bytes) -> Link | None:
        """Find a link."""

    def links(self, scope: Scope, purpose: Purpose) -> list[Link]:
        """The links of a purpose within a scope, newest first."""

    def count_use(self, token_hash: bytes, at: datetime) -> None:
        """Count one more use."""

    def revoke_link(self, token_hash: bytes, at: datetime) -> bool:
        """End a link; False when there is none that still works."""


class LinkError(ValueError):
    """A link can't be made so; `field` names what is wrong."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class Wanted(NamedTuple):
    """What a link is to be for."""

    site: str
    role: Role
    party: str
    days: int


class Links:
    """Makes, takes and ends links. `parties`: which there are at a site."""

    def __init__(
        self, store: Store, audit: Audit, parties: Parties, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._audit = audit
        self._parties = parties
        self._now = now

    def make(self, scope: Scope, by: By, wanted: Wanted) -> str:
        """Return the token of a new link, which is known to nobody else.

        Raises: LinkError, Forbidden, Unavailable.
        """
        self._check(scope, wanted)
        token, now = secrets.token_urlsafe(32), self._now()
        link = Link(
            token_hash=hashed(token), purpose=Purpose.BOARD, account=None, site=wanted.site,
            party=wanted.party, role=wanted.role, created_by=by.actor, created_at=now,
            ends_at=now + timedelta(days=wanted.days),
        )  # fmt: skip
        self._note(by, Action.LINK_MADE, link, {"role": wanted.role, "days": wanted.days})
        self._store.add_link(link)
        return token

    def working(self, token: str | None) -> Link | None:
        """Return the link of a token; None when it leads nowhere, or nowhere any more.

        Raises: Unavailable.
        """
        if not token or len(token) > 100:
            return None
        link = self._store.link(hashed(token))
        if link is None or not link.opens(Purpose.BOARD, self._now()):
            return None
        whole = link.site and link.party and link.role in OUTSIDE
        return link if whole else None

    def take(self, token: str, address: str) -> Link | None:
        """Use a link once more; None when it leads nowhere, or nowhere any more.

        Raises: Unavailable.
        """
        link = self.working(token)
        if link is None:
            return None
        self._note(By(actor_of(link), address), Action.LINK_USED, link, {"uses": link.uses + 1})
        self._store.count_use(link.token_hash, self._now())
        return link

    def listed(self, scope: Scope) -> list[Link]:
        """Return the links that someone may make and end, newest first.

        Raises: Unavailable.
        """
        return [one for one in self._store.links(scope, Purpose.BOARD) if _may(scope, one)]

    def revoke(self, scope: Scope, by: By, name: str) -> bool:
        """End the link that the trail calls so, at once; False when there is none for them.

        Raises: Unavailable.
        """
        for one in self.listed(scope):
            if one.token_hash.hex() == name and one.revoked_at is None:
                self._note(by, Action.LINK_REVOKED, one, {"uses": one.uses})
                return self._store.revoke_link(one.token_hash, self._now())
        return False

    def _check(self, scope: Scope, wanted: Wanted) -> None:
        if wanted.role not in MAY_MAKE.get(scope.role, ()) or wanted.site not in scope.sites:
            raise Forbidden(wanted.site)
        if (wanted.party, wanted.role) not in self._parties(wanted.site):
            raise LinkError("party")
        if not 1 <= wanted.days <= MOST_DAYS:
            raise LinkError("days")

    def _note(self, by: By, action: Action, link: Link, detail: dict[str, str | int]) -> None:
        self._audit.note(
            by.actor, action, actor_of(link), site=link.site, party=link.party,
            address=by.address, detail=detail,
        )  # fmt: skip


def actor_of(link: Link) -> str:
    """Return how the audit trail names a link, and what is done with it."""
    return f"{KIND}/{link.token_hash.hex()[:8]}"


def scope_of(link: Link) -> Scope:
    """Return what the holder of a working link may see.

    Raises: Forbidden when it is for no board.
    """
    if link.role not in OUTSIDE or not link.site or not link.party:
        raise Forbidden(actor_of(link))
    return Scope(role=link.role, sites=(link.site,), party=link.party)


def _may(scope: Scope, link: Link) -> bool:
    return link.site in scope.sites and link.role in MAY_MAKE.get(scope.role, ())
