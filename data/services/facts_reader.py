"""Reads a site's facts into its live state, from wherever the watch publishes them.

Imported by `data.services.sites`, which runs one reader a site.
"""

from typing import Protocol

from data.services.live import LiveSite
from data.services.ports import FactsChange


class FactsSource(Protocol):
    """Where facts are published."""

    def snapshot(self, site: str) -> FactsChange:
        """All documents."""

    def read(self, site: str, after: int, block_ms: int | None) -> FactsChange | None:
        """What changed after an entry; None when entries are missing."""


class FactsReader:
    """Keeps one live site's facts up to date."""

    def __init__(self, live: LiveSite, source: FactsSource) -> None:
        self._live = live
        self._source = source
        self._number: int | None = None

    def read(self, block_ms: int | None = 1000) -> int:
        """Take over what changed, waiting up to `block_ms`; return how many documents that was.

        Raises: Unavailable.
        """
        site, whole, change = self._live.site, False, None
        if self._number is not None:
            change = self._source.read(site, self._number, block_ms)
        if change is None:
            whole, change = True, self._source.snapshot(site)
        self._number = change.number
        self._live.take_facts(change.documents, whole=whole)
        return len(change.documents)
