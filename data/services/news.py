"""What was said in one web process, told to all of them: comments, dates, disclosure.

Statements live in SQL; this only says that there is a new one, and whom it concerns. One way
alone: whoever says something publishes it, and every process, its own too, hears it from there.
"""

from collections.abc import Callable, Collection
from enum import StrEnum
from typing import Protocol

import structlog
from msgspec import Struct

from data.services.errors import MilepostError, Unavailable

RETRY_S = 0.5
_log = structlog.get_logger("news")


class What(StrEnum):
    """What sort of thing was said."""

    COMMENT = "comment"
    DATE = "date"
    POLICY = "policy"


class News(Struct, frozen=True, kw_only=True):
    """Something was said at a site; `parties`: who outside may see it."""

    site: str
    what: What
    parties: tuple[str, ...] = ()


Listener = Callable[[News | None], None]  # None: news may have been missed


class Source(Protocol):
    """Where news are published and read."""

    def publish(self, news: News) -> None:
        """Put news at the end."""

    def last(self) -> str:
        """Place of the newest."""

    def read(self, after: str, block_ms: int | None) -> tuple[str, list[News]]:
        """News after a place, and the place of the last of them."""


class NewsDesk:
    """Tells news, and hands what is heard to its listeners."""

    def __init__(self, source: Source, pause: Callable[[float], None]) -> None:
        self._source = source
        self._pause = pause
        self._listeners: list[Listener] = []
        self._after: str | None = None

    def listen(self, listener: Listener) -> None:
        """Call `listener(news)` with whatever is said anywhere."""
        self._listeners.append(listener)

    def tell(self, what: What, site: str, parties: Collection[str]) -> None:
        """Tell every process; when that can't be done, at least this one."""
        news = News(site=site, what=what, parties=tuple(sorted(parties)))
        try:
            self._source.publish(news)
        except MilepostError as error:
            _log.warning("news told here alone", site=site, reason=str(error))
            self._hand(news)

    def read(self, block_ms: int | None = 1000) -> int:
        """Hand over what was said since the last read, waiting up to `block_ms` for the first.

        Whoever begins, or was away, hears that news may have been missed. Raises: Unavailable.
        """
        if self._after is None:
            self._after = self._source.last()
            self._hand(None)
        self._after, heard = self._source.read(self._after, block_ms)
        for news in heard:
            self._hand(news)
        return len(heard)

    def run(self) -> None:
        """Read for ever."""
        while True:
            try:
                self.read()
            except Unavailable as error:
                _log.warning("news wait", reason=str(error))
                self._begin_anew()
            except Exception:
                _log.exception("news not read")
                self._begin_anew()

    def _begin_anew(self) -> None:
        self._after = None
        self._pause(RETRY_S)

    def _hand(self, news: News | None) -> None:
        for listener in self._listeners:
            listener(news)
