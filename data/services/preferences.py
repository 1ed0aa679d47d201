"""What people want to be told, and who is on duty: looked at and changed, each change audited.

Imported by the wiring and by the pages on which people say so. Everybody has their own preference;
a roster is kept by a site's managers.
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from data.domain.audit import Action
from data.domain.notices import Notice, Sent
from data.domain.people import OUTSIDE, Account
from data.domain.preferences import (
    Chosen,
    Duty,
    Preference,
    PreferenceError,
    check_duties,
    check_preference,
)
from data.domain.scope import Role, Scope
from data.domain.site import Site
from data.services.accounts_desk import EVERY_SITE, By
from data.services.audit import Audit
from data.services.delivering import Ways
from data.services.errors import Forbidden, MilepostError

TEST_EVERY_S, _MOST_TESTED = 20.0, 5000
_KEEP_ROSTERS = frozenset({Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER, Role.FACTORY})


class TooSoon(MilepostError):
    """Somebody tried a way a moment ago."""


class Store(Protocol):
    """Where both are kept."""

    def accounts(self) -> list[Account]:
        """Everybody."""

    def preference(self, of: str) -> Preference | None:
        """What one account said."""

    def keep_preference(self, said: Preference) -> None:
        """Keep what an account says."""

    def duties(self, site: str) -> list[Duty]:
        """A site's roster."""

    def keep_duties(self, site: str, duties: Sequence[Duty]) -> None:
        """Put a roster in the place of the site's."""


class Preferences:
    """How each person is told."""

    def __init__(
        self, store: Store, ways: Ways, audit: Audit, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock`: seconds that never go back."""
        self._store, self._ways, self._audit = store, ways, audit
        self._clock = clock
        self._tested: dict[str, float] = {}

    def of(self, account: Account) -> Preference:
        """Return what somebody said, or how they are told without.

        Raises: Unavailable.
        """
        return self._store.preference(account.id) or usual(account, self._ways)

    def ways(self) -> Mapping[str, bool]:
        """Return the ways that a person may choose, and whether each needs an address.

        A robot's group and a webhook that has its address are chosen by rules, for everybody.
        """
        found = ((name, self._ways.find(name)) for name in self._ways.names())
        return {name: way.addressed for name, way in found if way is not None and way.addressed}

    def change(self, by: By, account: Account, said: Preference) -> Preference:
        """Keep what somebody says of being told themselves.

        Raises: PreferenceError, Forbidden for another's, Unavailable.
        """
        if said.account != account.id or by.actor != f"account/{account.id}":
            raise Forbidden(said.account)
        ways = self.ways()
        checked = check_preference(said, ways, {name for name, needs in ways.items() if needs})
        detail = {"changed": "notifications", "least": said.least.value,
                  "ways": [one.way for one in said.ways]}  # fmt: skip
        self._audit.note(
            by.actor, Action.ACCOUNT_CHANGED, by.actor, party=account.party, address=by.address,
            detail=detail,
        )  # fmt: skip
        self._store.keep_preference(checked)
        return checked

    def test(self, by: By, account: Account, way: str, title: str, words: str) -> tuple[bool, str]:
        """Send a test by one of the ways that somebody keeps; return whether it went, and how.

        At once, and nothing of it is kept but that it was done.
        Raises: PreferenceError for a way that isn't theirs, TooSoon, Unavailable.
        """
        chosen = next((one for one in self.of(account).ways if one.way == way), None)
        found = None if chosen is None else self._ways.find(way)
        if chosen is None or found is None:
            raise PreferenceError("ways", "one that was saved")
        now = self._clock()
        if now - self._tested.get(account.id, -TEST_EVERY_S) < TEST_EVERY_S:
            raise TooSoon(account.id)
        while len(self._tested) >= _MOST_TESTED:
            del self._tested[next(iter(self._tested))]
        self._tested[account.id] = now
        self._audit.note(
            by.actor, Action.ACCOUNT_CHANGED, by.actor, party=account.party, address=by.address,
            detail={"changed": "notifications", "tested": way},
        )  # fmt: skip
        outcome = found.send(
            Notice(
                id=f"msg_{secrets.token_hex(13)}", way=way, address=chosen.address, subject=title,
                text=words, lines=(words,), event="milepost.test", document={},
            )
        )  # fmt: skip
        went = isinstance(outcome, Sent)
        return went, outcome.detail if isinstance(outcome, Sent) else outcome.reason


class Roster:
    """Who is on duty at a site."""

    def __init__(self, store: Store, audit: Audit) -> None:
        self._store, self._audit = store, audit

    def of(self, scope: Scope, site: str) -> list[Duty]:
        """Return a site's roster.

        Raises: Forbidden, Unavailable.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        return self._store.duties(site)

    def staff(self, scope: Scope, site: str) -> list[Account]:
        """Return who may be put on duty, by login.

        Raises: Forbidden, Unavailable.
        """
        if not scope.may_see(site):
            raise Forbidden(site)
        return [
            one
            for one in self._store.accounts()
            if one.disabled_at is None
            and one.role not in OUTSIDE
            and (site in one.sites or EVERY_SITE in one.sites)
        ]

    def change(self, scope: Scope, by: By, site: Site, said: Sequence[Duty]) -> tuple[Duty, ...]:
        """Put a roster in the place of the site's.

        Raises: PreferenceError, Forbidden, Unavailable.
        """
        if scope.role not in _KEEP_ROSTERS or not scope.may_see(site.id):
            raise Forbidden(site.id)
        roles = {one.id: one.role for one in self.staff(scope, site.id)}
        duties = check_duties(site, said, roles)
        self._audit.note(
            by.actor, Action.ACCOUNT_CHANGED, f"roster/{site.id}", site=site.id,
            address=by.address, detail={"changed": "roster", "lines": len(duties)},
        )  # fmt: skip
        self._store.keep_duties(site.id, duties)
        return duties


def usual(account: Account, ways: Ways) -> Preference:
    """Return how somebody is told who never said: by e-mail, when the login is an address."""
    mail = ways.names("email") if "@" in account.login else ()
    chosen = tuple(Chosen(way=name, address=account.login) for name in mail[:1])
    return Preference(account=account.id, ways=chosen)
