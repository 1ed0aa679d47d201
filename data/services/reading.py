"""What programs read of a site: pages of disclosed rows, one order, where the bottleneck is.

Rows come from `data.services.boards` alone, and are chosen and sorted as they are disclosed. They
are kept for a moment, so that going through the pages doesn't disclose a whole site each time.
"""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from data.domain.facts import LineBottleneck
from data.domain.paging import Page, page
from data.domain.parties import PartyIndex
from data.domain.policy import Kind
from data.domain.scope import Scope
from data.services.boards import Boards, Disclosed
from data.services.errors import Forbidden, Loading
from data.services.live import LiveSite
from data.services.sites import Sites

KEPT_S = 2.0
PIECE = 50  # orders disclosed at a stretch


class Asked(Struct, frozen=True, kw_only=True):
    """Which rows are wanted, by disclosed values."""

    order: str | None = None
    standing: str | None = None
    cursor: str | None = None
    limit: int = 200


class Age(Struct, frozen=True, kw_only=True):
    """How old an answer is. `as_of`: the site's own now; not `connected`: events are missing."""

    site: str
    as_of: datetime
    connected: bool
    forecasts_stale: bool


class _Kept(NamedTuple):
    at_s: float
    age: Age
    rows: list[Disclosed]


class Reading:
    """Reads live boards for programs. `pause`: lets others go on between pieces of work."""

    def __init__(self, sites: Sites, boards: Boards, pause: Callable[[], None]) -> None:
        self._sites = sites
        self._boards = boards
        self.pause = pause
        self._kept: dict[tuple[str, str, Kind], _Kept] = {}

    def page(self, scope: Scope, site: str, kind: Kind, asked: Asked) -> tuple[Age, Page]:
        """Return a page of the viewer's rows.

        Raises: Forbidden, Unavailable, CursorError.
        """
        kept = self._rows(scope, self.live(scope, site), kind)
        return kept.age, page(kind, _chosen(kept.rows, asked), asked.limit, asked.cursor)

    def order(self, scope: Scope, site: str, order: str) -> tuple[Age, dict[Kind, list[Disclosed]]]:
        """Return the viewer's rows of one order, which is named as the viewer sees it.

        Raises: Forbidden, when there are none too; Unavailable.
        """
        live = self.live(scope, site)
        kept = {kind: self._rows(scope, live, kind) for kind in Kind}
        wanted = Asked(order=order)
        found = {kind: _chosen(one.rows, wanted) for kind, one in kept.items()}
        if not any(found.values()):
            raise Forbidden(order)
        return kept[Kind.ORDER].age, found

    def bottlenecks(
        self, scope: Scope, site: str, area: str | None
    ) -> tuple[Age, list[LineBottleneck]]:
        """Return what is known of the bottlenecks of a site's lines, or of one of them.

        Raises: Forbidden, also for an area that there isn't; Unavailable.
        """
        live = _loaded(self._sites.get(scope, site))
        areas = [one.id for one in live.board.site.areas]
        if area is not None and area not in areas:
            raise Forbidden(area)
        wanted = areas if area is None else [area]
        known = live.facts.bottlenecks
        return _age(live), [known[one] for one in wanted if one in known]

    def live(self, scope: Scope, site: str) -> LiveSite:
        """Return a board for what is disclosed of it.

        Raises: Forbidden, Unavailable.
        """
        for live in self._sites.disclosing(scope):
            if live.site == site:
                return _loaded(live)
        raise Forbidden(site) if self._sites.loaded else Loading(site)

    def _rows(self, scope: Scope, live: LiveSite, kind: Kind) -> _Kept:
        key = (scope.key, live.site, kind)
        kept = self._kept.get(key)
        now_s = time.monotonic()
        if kept is not None and now_s - kept.at_s < KEPT_S:
            return kept
        self._kept = {k: one for k, one in self._kept.items() if now_s - one.at_s < KEPT_S}
        age = _age(live)
        made = self._kept[key] = _Kept(now_s, age, self._disclosed(scope, live, kind))
        return made

    def _disclosed(self, scope: Scope, live: LiveSite, kind: Kind) -> list[Disclosed]:
        live.renew()
        parties: PartyIndex = live.indexes.parties
        if kind is Kind.EXCEPTION:  # which are of no one order
            return self._boards.rows(scope, live, parties, kind)
        orders = self._boards.orders(scope, live, parties)
        found: list[Disclosed] = []
        for first in range(0, len(orders), PIECE):
            piece = orders[first : first + PIECE]
            found += self._boards.rows(scope, live, parties, kind, piece)
            self.pause()
        return found


def _chosen(rows: Iterable[Disclosed], asked: Asked) -> list[Disclosed]:
    return [
        row
        for row in rows
        if asked.order in (None, row.get("order")) and asked.standing in (None, row.get("standing"))
    ]


def _age(live: LiveSite) -> Age:
    readers = live.readers()
    return Age(
        site=live.site,
        as_of=live.now,
        connected=readers.log_connected,
        forecasts_stale=readers.watch_stale,
    )


def _loaded(live: LiveSite) -> LiveSite:
    if not live.loaded:
        raise Loading(f"the board of {live.site} is still loading")
    return live
