"""What a viewer saw when it last looked at a board, so that what changed since can be marked.

A visit lasts as long as its viewer keeps looking; after half an hour without a look the next
one begins, and what was seen last becomes what the new visit is compared with.
"""

from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from data.domain.asked import Seen
from data.domain.scope import Scope

VISIT_GAP = timedelta(minutes=30)
_KEPT_FOR = timedelta(minutes=1)


class Known(Struct, frozen=True, kw_only=True):
    """The last look, and the end of the visit before it."""

    at: datetime
    seen: Seen | None = None
    before_at: datetime | None = None
    before_seen: Seen | None = None


class Before(Struct, frozen=True, kw_only=True):
    """When the visit before ended, and what was seen then; nothing at the first one."""

    at: datetime | None = None
    seen: Seen | None = None


class Store(Protocol):
    """What visits ask of SQL."""

    def get(self, scope: Scope, viewer: str, site: str, board: str) -> Known | None:
        """The last visit."""

    def put(self, scope: Scope, viewer: str, site: str, board: str, known: Known) -> None:
        """Remember a visit."""


class Visits:
    """Remembers who saw what when."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def look(
        self, scope: Scope, viewer: str, site: str, board: str, seen: Seen, now: datetime
    ) -> Before:
        """Note that a viewer sees these rows now; return its visit before.

        Raises: Unavailable.
        """
        known = self._store.get(scope, viewer, site, board)
        turned = looked(known, seen, now)
        if known is None or turned.seen != known.seen or turned.at - known.at > _KEPT_FOR:
            self._store.put(scope, viewer, site, board, turned)
        return Before(at=turned.before_at, seen=turned.before_seen)


def looked(known: Known | None, seen: Seen, now: datetime) -> Known:
    """Return what is known after a look."""
    if known is None:
        return Known(at=now, seen=seen)
    at = max(now, known.at)
    if now - known.at < VISIT_GAP:
        return Known(at=at, seen=seen, before_at=known.before_at, before_seen=known.before_seen)
    return Known(at=at, seen=seen, before_at=known.at, before_seen=known.seen)
