"""Whether what stood may be taken for over: not while the board or the clock may be wrong.

Pure. Imported by the watch's exceptions. A board that was just loaded may lack what vanished from
the log and comes back; a clock that went back puts into its future what is known. People who are
told "returned", and the same again, stop believing both. What comes up waits for nothing.
"""

from datetime import datetime, timedelta

from data.domain.board import Board
from data.domain.exceptions.rules import Condition

# What vanished from the log is put back by whoever has it (`data.services.rescue`), at the latest
# by the web process that acknowledged it: it looks each 2 s, must have missed it twice, leaves it
# to others for 6 s, so 12 s at most; then it is recorded and read within a second or two.
DOUBT_S = 15.0
LEAST = timedelta(milliseconds=100)  # by less a clock isn't set: it is slowed down


class Trust:
    """How far returns may be believed. Seconds are those of a clock that never goes back."""

    def __init__(self) -> None:
        self._unsure_until_s = -float("inf")
        self._at_s = -float("inf")
        self._anchor: tuple[datetime, float] | None = None  # both clocks, before one went back
        self._until: datetime | None = None  # what is known lies before this, the clock too

    @property
    def is_whole(self) -> bool:
        """Whether every return may be believed."""
        return self._at_s >= self._unsure_until_s and self._until is None

    def believes(self, kind: str) -> bool:
        """Whether a return may be believed of an exception of this kind of rule.

        A stop that goes on while the clock goes back doesn't return by that alone: where it
        does, events say so.
        """
        if self._at_s < self._unsure_until_s:
            return False
        return self._until is None or kind == Condition.UNIT_STATE

    def doubt(self, at_s: float) -> None:
        """Believe nothing for a while: the board may lack what is being put back."""
        self._unsure_until_s = at_s + DOUBT_S

    def follow(self, real: datetime, at_s: float, board: Board) -> bool:
        """Take how late it is by both clocks; whether more may be believed than before."""
        before = self._rank()
        self._at_s = at_s
        then, then_s = self._anchor or (real, at_s)
        gone_back = then + timedelta(seconds=at_s - then_s) - real > LEAST
        if gone_back and self._until is None:
            self._until = board.last_event_at
        if self._until is not None and (not gone_back or board.site.now(real) >= self._until):
            self._until = None
        if self._until is None:
            self._anchor = real, at_s
        return self._rank() > before

    def _rank(self) -> int:
        return 2 if self.is_whole else int(self.believes(Condition.UNIT_STATE))
