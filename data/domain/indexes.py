"""Everything that is kept beside a board so that its figures are had at once.

Pure. Whoever folds events into a board owns one `Indexes` of it, and calls `touch` with the
board's changed orders after folding and `refresh` as time passes.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from data.domain.board import Board
from data.domain.changes import Changes
from data.domain.floor import FloorIndex
from data.domain.forecast.records import OrderForecast
from data.domain.gantt.index import GanttIndex
from data.domain.hourly import PlanIndex
from data.domain.line import Line, line_of
from data.domain.material import NeedIndex
from data.domain.parties import PartyIndex
from data.domain.risk import RiskBook


class Indexes:
    """A board and its indexes."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.book = RiskBook(board)
        self.plans = PlanIndex(board)
        self.floor = FloorIndex(board)
        self.needs = NeedIndex(board)
        self.gantt = GanttIndex(board)
        self.parties = PartyIndex(board)
        self.changes = Changes()
        self._concerned: set[str] = set()
        self._site = board.site_state.site
        self._lines: dict[str, Line] = {}

    def touch(self, orders: Iterable[str]) -> None:
        """Take over what changed; to be called after a change of the site as well."""
        changed = tuple(orders)
        self.book.touch(changed)
        self.plans.renew(changed)
        self.floor.renew(changed)
        self.needs.renew(changed)
        self.gantt.touch(changed)
        self._concerned |= self.parties.renew(changed)
        self.changes.note(changed)

    def trust(self, forecasts: Mapping[str, OrderForecast]) -> None:
        """Judge by these forecasts of open orders from now on, until others are given."""
        self.book.trust(forecasts)
        self.needs.trust(forecasts)

    def touch_forecasts(self, orders: Iterable[str]) -> None:
        """Take over which of the forecasts changed."""
        changed = tuple(orders)
        self.book.touch(changed)
        self.needs.follow(changed)
        self.changes.note(changed)
        for order in changed:
            self._concerned |= self.parties.of(order)

    def concern(self, parties: Iterable[str]) -> None:
        """Take over whom something concerns that isn't in the board, such as an exception."""
        self._concerned.update(parties)

    def take_concerned(self) -> set[str]:
        """Return the parties to whom anything changed since this was last asked."""
        concerned, self._concerned = self._concerned, set()
        return concerned

    def refresh(self, now: datetime, budget: int | None = None) -> set[str | None]:
        """Judge orders anew (`RiskBook.refresh`); returns the areas whose rows changed."""
        return self.book.refresh(now, budget)

    def line(self, area: str) -> Line:
        """Return an area with what belongs to it.

        Raises: UnknownArea.
        """
        if self.board.site_state.site is not self._site:
            self._site = self.board.site_state.site
            self._lines.clear()
        if area not in self._lines:
            self._lines[area] = line_of(self.board.site, area)
        return self._lines[area]
