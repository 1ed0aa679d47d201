"""What a party and the factory say to each other about a need or an outsourced operation.

A thread belongs to one party: what others say of the same order never stands in it.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from data.domain.scope import Scope
from data.services.errors import Forbidden

LONGEST = 1000
Thread = tuple[str, str]  # order, and need or `operation/<id>`, as the site calls them
Side = Literal["party", "factory"]
_CONTROLS = re.compile(
    r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


class Comment(Struct, frozen=True, kw_only=True):
    """What one side said when; `author` is the name that it goes by."""

    at: datetime
    author: str
    side: str
    words: str


class WordsError(ValueError):
    """What was said can't be taken: nothing, or too much of it."""


class Store(Protocol):
    """What comments ask of SQL."""

    def add(self, site: str, party: str, thread: Thread, comment: Comment) -> None:
        """Put a comment at the end."""

    def of(self, site: str, party: str, threads: Sequence[Thread]) -> dict[Thread, list[Comment]]:
        """Comments of threads."""


class Comments:
    """Threads of one site's parties."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def say(
        self, scope: Scope, site: str, party: str, thread: Thread, words: str, author: str,
        now: datetime,
    ) -> Comment:  # fmt: skip
        """Add to a party's thread: the party itself, or who sees all of the site.

        Raises: Forbidden, WordsError, Unavailable.
        """
        side = _side(scope, site, party)
        said = _CONTROLS.sub(" ", words.replace("\r\n", "\n")).strip()
        if not 0 < len(said) <= LONGEST:
            raise WordsError(f"expected 1 to {LONGEST} characters")
        comment = Comment(at=now, author=author, side=side, words=said)
        self._store.add(site, party, thread, comment)
        return comment

    def of(
        self, scope: Scope, site: str, party: str, threads: Sequence[Thread]
    ) -> dict[Thread, list[Comment]]:
        """Return what was said in a party's threads, oldest first.

        Raises: Forbidden, Unavailable.
        """
        _side(scope, site, party)
        return self._store.of(site, party, threads) if threads else {}


def _side(scope: Scope, site: str, party: str) -> Side:
    """Return for whom a scope speaks in a party's thread.

    Raises: Forbidden.
    """
    if scope.outside and scope.may_see_rows(site) and scope.party == party:
        return "party"
    if not scope.outside and scope.may_see(site):
        return "factory"
    raise Forbidden(site)
