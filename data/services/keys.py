"""API keys: who may report what, and who may read what.

A key that reports speaks for one source at one site and sees nothing. A key that reads has the
role of a viewer, of an outside one with its party, and reports nothing.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, Protocol

from data.domain.audit import Action
from data.domain.scope import Role, Scope
from data.services.audit import Audit
from data.services.errors import Unavailable
from data.services.ports import StoredKey

KNOWN_FOR_S = 10.0  # how long a revoked key may go on in a process that has just seen it
TRUSTED_FOR_S = 3600.0  # the same while SQL can't be asked: reporting goes on without it
RATE_PER_S = 20_000.0
READERS = (
    Role.MANAGER, Role.PLANNER, Role.PURCHASER, Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS
)  # fmt: skip
_HEX = frozenset("0123456789abcdef")


Noted = Callable[[StoredKey, str], None]  # which key, "made" or "revoked"


def noting(audit: Audit, actor: str) -> Noted:
    """Return what writes down in the trail what an actor does with keys."""

    def noted(key: StoredKey, what: str) -> None:
        detail = {"changed": what, "role": key.role.value, "source": key.source}
        audit.note(
            actor, Action.KEY_CHANGED, f"key/{key.prefix}", site=key.site, party=key.party,
            detail=detail,
        )  # fmt: skip

    return noted


class Store(Protocol):
    """What keys ask of SQL."""

    def add(self, key: StoredKey) -> None:
        """Store a key."""

    def find(self, prefix: str) -> StoredKey | None:
        """Find a key."""

    def revoke(self, prefix: str, at: datetime) -> bool:
        """End a key; False when there is none that still works."""


class Grant(NamedTuple):
    """What a valid key allows."""

    prefix: str
    scope: Scope
    rate_per_s: float


class Keys:
    """Makes, verifies and revokes keys; a verified one is remembered for `KNOWN_FOR_S`."""

    def __init__(
        self, store: Store, now: Callable[[], datetime], noted: Noted | None = None
    ) -> None:
        """`noted`: is told of each key before it is made or revoked."""
        self._store = store
        self._now = now
        self._noted = noted
        self._known: dict[bytes, tuple[float, Grant]] = {}
        self._asked: set[bytes] = set()  # what SQL is being asked about

    def create(self, site: str, source: str, rate_per_s: float = RATE_PER_S) -> str:
        """Make a key and return it; it can't be shown again."""
        return self._make(site, source, rate_per_s, Role.SOURCE, None)

    def create_reader(self, site: str, role: Role, party: str | None = None) -> str:
        """Make a key that reads what the role may, and return it; it can't be shown again.

        Raises: ValueError for a role that no key has, or a party that is missing or too much.
        """
        if role not in READERS:
            raise ValueError(f"role: {role}, expected one of {', '.join(READERS)}")
        if Scope(role=role, sites=(site,)).outside != bool(party):
            raise ValueError("party: a supplier's, customer's or forwarder's key has one, no other")
        return self._make(site, "", RATE_PER_S, role, party)

    def _make(
        self, site: str, source: str, rate_per_s: float, role: Role, party: str | None
    ) -> str:
        prefix, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
        made = StoredKey(
            prefix=prefix,
            secret_hash=_digest(secret),
            site=site,
            source=source,
            created_at=self._now(),
            revoked_at=None,
            rate_per_s=rate_per_s,
            role=role,
            party=party,
        )
        self._note(made, "made")
        self._store.add(made)
        return f"mp_{prefix}_{secret}"

    def revoke(self, prefix: str) -> bool:
        """End a key; False when there is none that still works.

        Raises: Unavailable.
        """
        found = self._store.find(prefix)
        if found is None or found.revoked_at is not None:
            return False
        self._note(found, "revoked")
        self._known.clear()
        return self._store.revoke(prefix, self._now())

    def _note(self, key: StoredKey, what: str) -> None:
        if self._noted is not None:
            self._noted(key, what)

    def verify(self, token: str) -> Grant | None:
        """Return what a key allows; None for an unknown, wrong or revoked one.

        Raises: Unavailable.
        """
        digest = _digest(token)
        seen_at, grant = self._known.get(digest, (0.0, None))
        age_s = time.monotonic() - seen_at
        if grant is not None and age_s < KNOWN_FOR_S:
            return grant
        trusted = grant if age_s < TRUSTED_FOR_S else None
        if trusted is not None and digest in self._asked:  # SQL may stand still, and for long
            return trusted
        self._asked.add(digest)
        try:
            found = self._look_up(token)
        except Unavailable:
            if trusted is not None:
                return trusted
            raise
        finally:
            self._asked.discard(digest)
        self._known.pop(digest, None)
        if found is not None:
            self._known[digest] = (time.monotonic(), found)
        return found

    def _look_up(self, token: str) -> Grant | None:
        mark, _, rest = token.partition("_")
        prefix, _, secret = rest.partition("_")
        if mark != "mp" or not secret or len(prefix) != 8 or not _HEX.issuperset(prefix):
            return None
        key = self._store.find(prefix)
        if key is None or key.revoked_at is not None:
            return None
        if not hmac.compare_digest(key.secret_hash, _digest(secret)):
            return None
        return Grant(prefix, _scope(key), key.rate_per_s)


def _scope(key: StoredKey) -> Scope:
    if key.role is Role.SOURCE:
        return Scope(role=Role.SOURCE, sites=(key.site,), source=key.source)
    return Scope(role=key.role, sites=(key.site,), party=key.party)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
