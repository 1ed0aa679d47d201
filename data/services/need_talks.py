"""Threads about needs and outsourced operations, by the keys of the rows that a viewer gets.

A key is sought among the viewer's own rows, disclosed once more, as for everything else that is
done on boards. Used by the suppliers' board and by the factory's side of it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from data.domain.audit import Action
from data.domain.scope import Scope
from data.services.audit import Audit
from data.services.comments import SPEAK, Comment, Comments, Talk, Thread, worded
from data.services.errors import Forbidden
from data.services.supplying import By, Found, Supplying


class NeedTalks:
    """What is said about a viewer's rows. `told`: hears whom a comment concerns."""

    def __init__(
        self, supplying: Supplying, comments: Comments, audit: Audit,
        told: Callable[[str, Collection[str]], None],
    ) -> None:  # fmt: skip
        self._supplying = supplying
        self._comments = comments
        self._audit = audit
        self._told = told

    def of_rows(self, scope: Scope, site: str) -> dict[str, Talk]:
        """Return every thread in short by the key of its row, where the viewer still has that.

        Raises: Forbidden, Unavailable.
        """
        talks = {(one.party, one.thread): one for one in self._comments.talks(scope, site)}
        if not talks:
            return {}
        found = self._supplying.keys(scope, site, talks)
        return {key: talks[thread] for thread, key in found.items()}

    def threads(
        self, scope: Scope, site: str, talks: Mapping[str, Talk]
    ) -> dict[str, list[Comment]]:
        """Return what was said in threads, by the keys of their rows, oldest first.

        Raises: Forbidden, Unavailable.
        """
        by_party: dict[str, dict[Thread, str]] = {}
        for key, talk in talks.items():
            by_party.setdefault(talk.party, {})[talk.thread] = key
        return {
            keys[thread]: said
            for party, keys in by_party.items()
            for thread, said in self._comments.of(scope, site, party, list(keys)).items()
        }

    def say(self, by: By, site: str, key: str, words: str) -> Found:
        """Write something about a row, as its party or as the factory; return the row.

        Raises: Forbidden when the key names none, or the scope doesn't speak; WordsError;
        Unavailable.
        """
        scope, said = by.scope, worded(words)
        found = self._supplying.find(scope, site, key)
        party = scope.party if scope.outside else found.party
        if not party or not self.may_speak(scope):
            raise Forbidden(key)
        now, _ = self._supplying.clock(scope, site)
        self._audit.note(
            by.actor, Action.COMMENTED, found.subject, site=site, party=party,
            address=by.address, detail={"row": found.key},
        )  # fmt: skip
        self._comments.say(scope, site, party, found.thread, said, by.name, now)
        self._told(site, (party,))
        return found

    def may_speak(self, scope: Scope) -> bool:
        """Whether the scope says anything in threads."""
        return scope.outside or scope.role in SPEAK

    def names(self, scope: Scope, site: str) -> dict[str, str]:
        """Return what a site calls its parties, for who gets rows of all of them.

        Raises: Forbidden.
        """
        if scope.outside:
            raise Forbidden(site)
        parties = self._supplying.live(scope, site).board.site.parties
        return {party.id: party.name for party in parties}

    def of_order(
        self, scope: Scope, site: str, order: str, until: datetime
    ) -> dict[str, Sequence[Comment]]:
        """Return what had been said about an order's rows by then, by their keys.

        Raises: Forbidden, Unavailable.
        """
        talks = {key: one for key, one in self.of_rows(scope, site).items()
                 if one.thread[0] == order}  # fmt: skip
        threads = self.threads(scope, site, talks)
        return {key: [one for one in said if one.at <= until] for key, said in threads.items()}
