"""What a reader sees of the quarantine: pages of its entries, and how much came in lately.

Pure records. Made by `data.store.quarantine`, handed on by `data.services.quarantine`, drawn by the
page. An entry's place is its number: those that come in later have higher ones, so a page that
begins below a number stays the same while others come in.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from data.domain.quarantine import Quarantined, QuarantineKind


class HeldFilter(Struct, frozen=True, kw_only=True):
    """Which entries are wanted; None: of any kind, of any source."""

    kind: QuarantineKind | None = None
    source: str | None = None


class Held(Struct, frozen=True, kw_only=True):
    """One entry. `what.raw` may be no more than the beginning of the `size` bytes that are kept."""

    number: int
    what: Quarantined
    size: int


class HeldPage(Struct, frozen=True, kw_only=True):
    """Some entries, newest first.

    `older`, `newer`: the numbers below and above which the next page that way stands; None: there
    is none.
    """

    entries: tuple[Held, ...] = ()
    older: int | None = None
    newer: int | None = None


class Tally(Struct, frozen=True, kw_only=True):
    """How many entries of one source and kind came in, and when the last of them did."""

    source: str
    kind: QuarantineKind
    count: int
    newest_at: datetime


class HeldLately(Struct, frozen=True, kw_only=True):
    """What came in since an instant, and how far back a site's quarantine goes.

    `tallies`: the largest first, `more`: there are others besides; `of_kinds`: of all sources.
    `of_sites`: of every site that was asked for. `first_at`: of the oldest entry, None: there is
    none.
    """

    since: datetime
    tallies: tuple[Tally, ...] = ()
    more: bool = False
    of_kinds: Mapping[QuarantineKind, int] = {}
    of_sites: Mapping[str, int] = {}
    first_at: datetime | None = None
