"""The access review: who can see what of a site, and by which way in.

Imported by its page. It joins accounts, signed links, screens and API keys with the policies
that hold; it changes nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from data.domain.access import (
    UNUSED_AFTER,
    Device,
    Mark,
    Review,
    Sight,
    Way,
    account_way,
    disclosed_fields,
    link_way,
    screen_way,
    use_marks,
)
from data.domain.people import OUTSIDE, PEOPLE, Account, Link, Purpose
from data.domain.policy import Policy
from data.domain.scope import Role, Scope
from data.services.accounts_desk import EVERY_SITE
from data.services.errors import Forbidden
from data.services.ports import StoredKey

_MAY_LOOK = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})


class People(Protocol):
    """Accounts and links."""

    def all(self) -> list[Account]:
        """Every account, by login."""

    def links(self, scope: Scope, purpose: Purpose) -> list[Link]:
        """The links of a purpose within a scope, newest first."""


class Keys(Protocol):
    """API keys."""

    def all(self) -> list[StoredKey]:
        """Every key, oldest first."""


class Store(Protocol):
    """What else leads in."""

    def devices(self, site: str) -> list[Device]:
        """The screens that were ever let in at a site."""

    def reported(self, site: str, sources: Collection[str], since: datetime) -> Mapping[
        str, datetime
    ]:  # fmt: skip
        """When each source reported last; who hasn't since then is left out."""

    def acted(self, actors: Collection[str], since: datetime) -> Mapping[str, datetime]:
        """When the audit trail names each actor last; those it doesn't since then are left out."""


class Policies(Protocol):
    """What holds for whom."""

    def policy(self, site: str, role: Role, party: str | None) -> Policy:
        """The policy that holds."""


class Access:
    """Makes the review of one site."""

    def __init__(
        self, people: People, keys: Keys, store: Store, policies: Policies,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._people = people
        self._keys = keys
        self._store = store
        self._policies = policies
        self._now = now

    def review(self, scope: Scope, site: str) -> Review:
        """Return everything that leads into a site, and what is to be seen there by whom.

        Raises: Forbidden, Unavailable.
        """
        if scope.role not in _MAY_LOOK or not scope.may_see(site):
            raise Forbidden(site)
        now = self._now()
        found = [one for one in self._people.all() if {site, EVERY_SITE} & set(one.sites)]
        links = [one for one in self._people.links(scope, Purpose.BOARD) if one.site == site]
        accounts = tuple(account_way(one, now) for one in found)
        boards = tuple(link_way(one, now) for one in links)
        keys = tuple(self._key_ways(site, now))
        open_ = [one for one in accounts + boards + keys if one.open]
        return Review(
            at=now,
            sights=tuple(self._sights(site, open_)),
            accounts=accounts,
            links=boards,
            screens=tuple(screen_way(one, now) for one in self._store.devices(site)),
            keys=keys,
        )

    def names(self, scope: Scope) -> dict[str, str]:
        """Return what accounts are called that have a site in common with the viewer.

        Raises: Forbidden, Unavailable.
        """
        if scope.role not in _MAY_LOOK:
            raise Forbidden("accounts")
        sites = {*scope.sites, EVERY_SITE}
        return {
            f"account/{one.id}": f"{one.name} ({one.login})"
            for one in self._people.all()
            if sites & set(one.sites)
        }

    def _sights(self, site: str, ways: list[Way]) -> Iterable[Sight]:
        """Yield what each role may know; of roles outside, each party that has a way in."""
        for role in PEOPLE:
            of_role = [way for way in ways if way.role is role]
            parties = {way.party for way in of_role} if role in OUTSIDE else {None}
            for party in sorted(parties | {None}, key=lambda one: one or ""):
                own = [way for way in of_role if party is None or way.party == party]
                yield self._sight(site, role, party, len(own))

    def _sight(self, site: str, role: Role, party: str | None, ways: int) -> Sight:
        whole = Scope(role=role, sites=(site,)).may_see(site)
        policy = Policy() if whole else self._policies.policy(site, role, party)
        fields = disclosed_fields(policy)
        return Sight(role=role, party=party, whole=whole, ways=ways, fields=fields)

    def _key_ways(self, site: str, now: datetime) -> Iterable[Way]:
        keys = [key for key in self._keys.all() if key.site == site]
        used = self._keys_used(site, [key for key in keys if key.revoked_at is None], now)
        for key in keys:
            revoked = [Mark.REVOKED] if key.revoked_at is not None else []
            used_at = used.get(key.prefix)
            yield Way(
                id=f"key/{key.prefix}",
                name=key.source or f"key/{key.prefix}",
                reach=(key.source,) if key.source else (),
                role=key.role,
                party=key.party,
                made_at=key.created_at,
                used_at=used_at,
                marks=(*revoked, *([] if revoked else _key_marks(key, used_at, now))),
            )

    def _keys_used(self, site: str, keys: list[StoredKey], now: datetime) -> Mapping[str, datetime]:
        """Return when keys were used last: when they reported, and when they were answered."""
        since = now - UNUSED_AFTER
        reported = self._store.reported(site, {key.source for key in keys if key.source}, since)
        acted = self._store.acted({f"key/{key.prefix}" for key in keys}, since)
        found = {}
        for key in keys:
            at = [reported.get(key.source), acted.get(f"key/{key.prefix}")]
            known = [one for one in at if one is not None]
            if known:
                found[key.prefix] = max(known)
        return found


def _key_marks(key: StoredKey, used_at: datetime | None, now: datetime) -> list[Mark]:
    """Return a key's marks; whether it was used before the last 90 days isn't known."""
    long_idle = used_at is None and now - key.created_at > UNUSED_AFTER
    return [Mark.UNUSED] if long_idle else use_marks(key.created_at, used_at, now)
