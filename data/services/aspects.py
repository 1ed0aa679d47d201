"""What the watch works out at a site, and how each part of it is asked to.

The watch follows a site's log and hands what came to each of its *aspects*: the bottleneck, the
forecasts, the history. What an aspect finds it stores itself and returns as *facts*: short
documents under a name, of which only the newest counts. Every process that shows something
reads them (`data.domain.facts` says which there are).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from data.domain.events import Event
from data.services.live import LiveSite

Documents = Mapping[str, bytes | None]  # name → JSON; None: it is a fact no more


class Aspect(Protocol):
    """One thing that the watch works out. Called from one thread; may be slow, never hang.

    Raises: Unavailable from any of its methods when SQL or the log can't be reached; the watch
    then begins anew.
    """

    def begin(self, live: LiveSite) -> None:
        """Start from a board that was just loaded, and from what is stored."""

    def see(self, events: Sequence[Event]) -> None:
        """Take events in the order of the log, which the board has folded by now."""

    def work(self, now: datetime) -> Documents:
        """Do what is due at the site's `now`; return the facts that changed."""

    def end(self) -> None:
        """Let go of what it does beside, before another may watch; it may begin again.

        An aspect that does nothing beside has nothing to let go of.
        """
        return
