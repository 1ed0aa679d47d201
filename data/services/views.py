"""What a page sees of a site: its live board, or the board as it once was.

Imported by callbacks; `LiveSite` is the living example.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from data.domain.board import Board
from data.domain.facts import Facts
from data.domain.indexes import Indexes
from data.domain.scope import Scope
from data.domain.view import Readers


class SiteView(Protocol):
    """One site at one instant; `renew` brings the indexes up to the board before a look."""

    site: str
    board: Board
    indexes: Indexes
    facts: Facts

    @property
    def now(self) -> datetime:
        """The site's own now, or the instant that is looked back at."""

    def renew(self) -> None:
        """Bring the indexes up to the board; to be called before looking at them."""

    def readers(self) -> Readers:
        """Say how far the readers of the log are."""

    def signal_age_s(self) -> Mapping[str, float]:
        """Seconds since each work unit was last connected."""


class PastSites(Protocol):
    """Makes boards as they were."""

    def watched(self, scope: Scope, site: str, at: datetime) -> SiteView:
        """A site as it was, for its walls."""

    def at(self, scope: Scope, site: str, at: datetime) -> SiteView:
        """Return a site as it was known to be at an instant.

        Raises: Forbidden, Unavailable.
        """
