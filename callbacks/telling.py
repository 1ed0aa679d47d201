"""What is done in a web process when something was said anywhere, in it or in another.

What is remembered of it is asked anew; then the pages that show it are drawn anew.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

from callbacks.hub import Hub
from callbacks.parties import Parties
from data.domain.topics import STATEMENTS
from data.services.news import News, NewsDesk, What

Told = Callable[[str, Collection[str]], None]  # site, parties whom it concerns


class Telling:
    """Says what was said, and hears it. `renew`: has services ask SQL again."""

    def __init__(
        self, news: NewsDesk, hub: Hub, parties: Parties, sites: Callable[[], Iterable[str]],
        renew: Sequence[Callable[[], None]],
    ) -> None:  # fmt: skip
        self._news = news
        self._hub = hub
        self._parties = parties
        self._sites = sites
        self._renew = renew
        news.listen(self.hear)

    def of(self, what: What) -> Told:
        """Return what tells of one sort of statements, once they are kept."""

        def told(site: str, parties: Collection[str]) -> None:
            self._news.tell(what, site, parties)

        return told

    def hear(self, news: News | None) -> None:
        """Draw anew what shows it; None: everything that could show something missed."""
        for renew in self._renew:
            renew()
        if news is None:
            for site in self._sites():
                self._hub.on_change(site, STATEMENTS)
                self._parties.touch_all(site)
            return
        self._hub.on_change(news.site, STATEMENTS)
        for party in news.parties:
            self._parties.touch(news.site, party)
