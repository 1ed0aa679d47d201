"""What a party and the factory say to each other about a need or an outsourced operation.

A thread belongs to one party: what others say of the same order never stands in it. To a party
the factory speaks with one voice: the names of its people aren't told.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct
from msgspec.structs import replace

from data.domain.scope import Role, Scope
from data.services.errors import Forbidden

LONGEST = 1000
Thread = tuple[str, str]  # order, and need or `operation/<id>`, as the site calls them
Side = Literal["party", "factory"]
# Who speaks for the factory, and who listens besides.
SPEAK = frozenset({Role.ADMINISTRATOR, Role.MANAGER, Role.PLANNER, Role.PURCHASER})
_LISTEN = SPEAK | {Role.AUDITOR, Role.FACTORY}
_CONTROLS = re.compile(
    r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


class Comment(Struct, frozen=True, kw_only=True):
    """What one side said when; `author` is the name that it goes by."""

    at: datetime
    author: str
    side: str
    words: str


class Talk(Struct, frozen=True, kw_only=True):
    """A thread in short: whose it is, how many comments it has, and the last of them."""

    party: str
    thread: Thread
    count: int
    last: Comment

    @property
    def unanswered(self) -> bool:
        """Whether the party waits for the factory's word."""
        return self.last.side == "party"


class WordsError(ValueError):
    """What was said can't be taken: nothing, or too much of it."""


class Store(Protocol):
    """What comments ask of SQL."""

    def add(self, scope: Scope, site: str, party: str, thread: Thread, comment: Comment) -> None:
        """Put a comment at the end."""

    def of(
        self, scope: Scope, site: str, party: str, threads: Sequence[Thread]
    ) -> dict[Thread, list[Comment]]:
        """Comments of threads."""

    def talks(self, scope: Scope, site: str, party: str | None) -> list[Talk]:
        """Every thread of a site, or of one of its parties."""


class Comments:
    """Threads of one site's parties."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def say(
        self, scope: Scope, site: str, party: str, thread: Thread, words: str, author: str,
        now: datetime,
    ) -> Comment:  # fmt: skip
        """Add to a party's thread: the party itself, or who speaks for the factory.

        Raises: Forbidden, WordsError, Unavailable.
        """
        side = _side(scope, site, party, SPEAK)
        comment = Comment(at=now, author=author, side=side, words=worded(words))
        self._store.add(scope, site, party, thread, comment)
        return comment

    def of(
        self, scope: Scope, site: str, party: str, threads: Sequence[Thread]
    ) -> dict[Thread, list[Comment]]:
        """Return what was said in a party's threads, oldest first.

        Raises: Forbidden, Unavailable.
        """
        side = _side(scope, site, party, _LISTEN)
        found = self._store.of(scope, site, party, threads) if threads else {}
        return {thread: _told(said, side) for thread, said in found.items()}

    def talks(self, scope: Scope, site: str) -> list[Talk]:
        """Return the threads that a party has with the factory, or all of them to the factory.

        Raises: Forbidden, Unavailable.
        """
        party = scope.party if scope.outside else None
        side = _side(scope, site, party, _LISTEN)
        found = self._store.talks(scope, site, party)
        return [replace(one, last=_told([one.last], side)[0]) for one in found]


def worded(words: str) -> str:
    """Return what was written, without what can't be seen in it.

    Raises: WordsError.
    """
    said = _CONTROLS.sub(" ", words.replace("\r\n", "\n")).strip()
    if not 0 < len(said) <= LONGEST:
        raise WordsError(f"expected 1 to {LONGEST} characters")
    return said


def _told(said: Iterable[Comment], side: Side) -> list[Comment]:
    """Return comments as a side may know them."""
    if side == "factory":
        return list(said)
    return [one if one.side == "party" else replace(one, author="") for one in said]


def _side(scope: Scope, site: str, party: str | None, roles: frozenset[Role]) -> Side:
    """Return for whom a scope speaks in a party's thread; of the factory one of these roles.

    Raises: Forbidden.
    """
    if scope.outside and party and scope.may_see_rows(site) and scope.party == party:
        return "party"
    if not scope.outside and scope.may_see_rows(site) and scope.role in roles:
        return "factory"
    raise Forbidden(site)
