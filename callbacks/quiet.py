"""Since when a line has been without exceptions, for walls that say so.

What is open is at hand in every process; when the last one ended is in SQL alone. It is asked
beside, once a line, so that a wall never waits for it. Imported by `callbacks.walls`.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from data.domain.exceptions.listing import of_line
from data.domain.exceptions.records import Case
from data.services.errors import MilepostError

Ended = Callable[[str, str], datetime | None]  # site, area: when the last one ended
_Line = tuple[str, str]


class Quiet:
    """Remembers it. `beside`: calls a function without waiting for it; None: nobody is asked."""

    def __init__(
        self, ended: Ended | None = None,
        beside: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:  # fmt: skip
        self._ended = ended
        self._beside = beside
        self._since: dict[_Line, datetime | None] = {}
        self._busy: set[_Line] = set()

    def since(
        self, site: str, area: str, cases: Iterable[Case] | None, now: datetime
    ) -> datetime | None:
        """Return since when a line has had none; None while it has, or that isn't known."""
        line = (site, area)
        if of_line(cases or (), area):
            self._busy.add(line)
            return None
        if line in self._busy:
            self._busy.discard(line)
            self._since[line] = now
        elif line not in self._since:
            self._since[line] = None
            if self._beside is not None:
                self._beside(lambda: self._ask(line))
        return self._since[line]

    def _ask(self, line: _Line) -> None:
        """Ask SQL; while that is away it is asked again by the next one."""
        if self._ended is None:
            return
        try:
            found = self._ended(*line)
        except MilepostError:
            self._since.pop(line, None)
            return
        if self._since.get(line) is None:
            self._since[line] = found
