"""Looking at what was not taken, for those who see all of a site. Imported by callbacks.

Nothing is changed or taken out here: what stands in the quarantine stays there, and whoever may
mend it is its source.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from data.domain.held import Held, HeldFilter, HeldLately, HeldPage
from data.domain.scope import Scope
from data.services.errors import Forbidden

LATELY = timedelta(hours=24)
WHOLE_BYTES = 200_000  # of one entry that are shown at once
BEGINNING_BYTES = 1_000


class Store(Protocol):
    """What looking at the quarantine asks of SQL."""

    def entries(
        self, scope: Scope, site: str, wanted: HeldFilter, limit: int, most_bytes: int,
        below: int | None = None, above: int | None = None,
    ) -> list[Held]:  # fmt: skip
        """Entries, newest first: the first below a number, or the last above one."""

    def one(self, scope: Scope, site: str, number: int, most_bytes: int) -> Held | None:
        """An entry by its number."""

    def lately(self, scope: Scope, site: str, sites: Sequence[str], since: datetime) -> HeldLately:
        """What came in since an instant."""


class Quarantine:
    """The quarantine of all sites. Every method raises Forbidden and Unavailable."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        """`now`: the real one, for entries come in by the real clock."""
        self._store = store
        self._now = now

    def page(
        self, scope: Scope, site: str, wanted: HeldFilter, limit: int,
        below: int | None = None, above: int | None = None,
    ) -> HeldPage:  # fmt: skip
        """Return the newest entries, or those next to a number, with the beginning of each text."""
        _check(scope, site)
        if above is not None:
            found = self._entries(scope, site, wanted, limit + 1, above=above)
            if len(found) > limit:
                return _page(found[1:], newer=True, older=True)
        below = below if above is None else None
        found = self._entries(scope, site, wanted, limit + 1, below=below)
        return _page(found[:limit], newer=below is not None, older=len(found) > limit)

    def whole(self, scope: Scope, site: str, number: int) -> Held:
        """Return one entry with its text, of a very long one the beginning.

        Raises: Forbidden also when there is none.
        """
        _check(scope, site)
        found = self._store.one(scope, site, number, WHOLE_BYTES)
        if found is None:
            raise Forbidden(str(number))
        return found

    def lately(self, scope: Scope, site: str) -> HeldLately:
        """Return what came in within the last day, at the site by source and kind."""
        _check(scope, site)
        sites = [one for one in scope.sites if scope.may_see(one)]
        return self._store.lately(scope, site, sites, self._now() - LATELY)

    def listed(self, scope: Scope, site: str, wanted: HeldFilter, limit: int) -> Sequence[Held]:
        """Return the newest entries, for a table."""
        _check(scope, site)
        return self._entries(scope, site, wanted, limit)

    def _entries(
        self, scope: Scope, site: str, wanted: HeldFilter, limit: int, *,
        below: int | None = None, above: int | None = None,
    ) -> list[Held]:  # fmt: skip
        return self._store.entries(scope, site, wanted, limit, BEGINNING_BYTES, below, above)


def _page(entries: Sequence[Held], *, newer: bool, older: bool) -> HeldPage:
    if not entries:
        return HeldPage()
    return HeldPage(
        entries=tuple(entries),
        newer=entries[0].number if newer else None,
        older=entries[-1].number if older else None,
    )


def _check(scope: Scope, site: str) -> None:
    if not scope.may_see(site):
        raise Forbidden(site)
