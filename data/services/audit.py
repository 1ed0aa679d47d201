"""Keeping the audit trail, and looking at it.

What is audited is written before it is done or shown: when the trail can't be written, nothing
is. The key comes from the program's secret, so that a copy of the database can't be mended.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Protocol

from msgspec import Struct

from data.domain.audit import Action, AuditRecord, Deed, Detail, Fault, Head, verify
from data.domain.scope import Role, Scope
from data.services.errors import Forbidden

_MAY_LOOK = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})


class Search(Struct, frozen=True, kw_only=True):
    """Which records are wanted; `words` stand in subject or actor."""

    sites: tuple[str, ...]
    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    action: Action | None = None
    party: str | None = None
    words: str = ""


class Store(Protocol):
    """What the trail asks of SQL."""

    def append(self, deeds: Sequence[Deed], key: bytes) -> Head:
        """Put deeds at the end of the chain."""

    def walk(self) -> Iterator[AuditRecord]:
        """Every record by number."""

    def search(
        self, scope: Scope, wanted: Search, limit: int, offset: int
    ) -> tuple[list[AuditRecord], int]:
        """A page of the records within a scope that fit, newest first, and how many fit."""


class Audit:
    """The one trail of the program."""

    def __init__(self, store: Store, secret: bytes, now: Callable[[], datetime]) -> None:
        self._store = store
        self._key = hmac.new(secret, b"audit", hashlib.sha256).digest()
        self._now = now

    def note(
        self, actor: str, action: Action, subject: str, *, site: str | None = None,
        party: str | None = None, address: str = "", detail: Detail | None = None,
    ) -> Head:  # fmt: skip
        """Write down what is about to be done or shown.

        Raises: Unavailable; then it must not be done.
        """
        deed = Deed(
            at=self._now(), actor=actor, action=action, subject=subject, site=site, party=party,
            address=address, detail=detail or {},
        )  # fmt: skip
        return self._store.append([deed], self._key)

    def search(
        self, scope: Scope, wanted: Search, limit: int = 100, offset: int = 0
    ) -> tuple[list[AuditRecord], int]:
        """Return a page of records of the scope's sites, newest first, and how many there are.

        Raises: Forbidden, Unavailable.
        """
        if scope.role not in _MAY_LOOK or not set(wanted.sites) <= set(scope.sites):
            raise Forbidden("audit")
        return self._store.search(scope, wanted, limit, offset)

    def verify(
        self, kept: Head | None = None, after: Head | None = None, until: Head | None = None
    ) -> tuple[Head, Fault | None]:
        """Walk the trail; return its end and the first bad record.

        `after`, `until`: where the parts end that another secret's keys chained, before and with
        this one's. Raises: Unavailable.
        """
        records = self._store.walk()
        if until is not None:
            records = takewhile(lambda record: record.number <= until.number, records)
        return verify(records, self._key, until or kept, after)
