"""Whether the door takes more now: what can't be worked off is refused before it queues.

Input is what is shed first: its sender keeps it and repeats it, as a wall can't. People's own
acts, walls and reading go on. Imported by `callbacks` and put together by the wiring; pure but for
the log that it looks at.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Protocol

import structlog
from msgspec import Struct

from data.services.errors import Overloaded, Unavailable

LOOK_S = 0.5
_log = structlog.get_logger("admission")


class Why(StrEnum):
    """What there is too much of."""

    MEMORY = "memory"  # the log's engine is nearly full
    BACKLOG = "backlog"  # the recorder is behind
    BOARD = "board"  # this process's board is behind, and so what its walls show
    IN_FLIGHT = "in-flight"  # requests in the door of this process
    BUSY = "busy"  # this process, whose viewers would wait


_WORDS = {
    Why.MEMORY: "the log is nearly full",
    Why.BACKLOG: "what was taken must be recorded first",
    Why.BOARD: "what was taken must be shown first",
    Why.IN_FLIGHT: "too many requests at once",
    Why.BUSY: "the program is busy",
}
_AGAIN_S = {Why.MEMORY: 10, Why.BACKLOG: 10, Why.BOARD: 2, Why.IN_FLIGHT: 1, Why.BUSY: 2}


class Shed(Overloaded):
    """Refused before anything of it was looked at."""

    def __init__(self, why: Why) -> None:
        super().__init__(_WORDS[why])
        self.why = why
        # Not the same for all, or all of them would come back in the same second.
        self.retry_after_s = _AGAIN_S[why] + random.randint(0, _AGAIN_S[why])  # nosec B311


class Limits(Struct, frozen=True, kw_only=True):
    """From where on nothing more is taken.

    `memory`: share of what the log's engine may use; the rest is for who empties it.
    `backlog_s`: by how much the newest entry is younger than the oldest that isn't recorded;
    `board_s`: than the oldest that isn't on the board. `waiting`: entries in the logs of all
    sites, for until they are recorded every process that follows a site holds them too, about
    1 KB each. `in_flight`: requests. `late_s`: by how much a process is late with what it does by
    the clock. Where only this process is behind or late it takes one request after the other, so
    that whoever knocks long enough gets in.
    """

    memory: float = 0.9
    backlog_s: float = 7200.0
    waiting: int = 1_000_000
    board_s: float = 2.0
    in_flight: int = 8
    late_s: float = 1.0


class Room(Protocol):
    """What admission asks of the log."""

    def memory(self) -> float:
        """Share of its memory that is in use."""

    def recorded(self, site: str) -> str:
        """Place up to which a site is recorded."""

    def held(self, site: str) -> int:
        """Entries in a site's log: those that aren't recorded, and of half a minute others."""

    def behind_s(self, site: str, after: str) -> float:
        """By how much a reader that is at a place is behind."""


class Admission:
    """Lets requests in, or raises Shed. What it knows of the log is `LOOK_S` old at most."""

    def __init__(
        self, room: Room, places: Callable[[], Mapping[str, str]], late_s: Callable[[], float],
        limits: Limits | None = None,
    ) -> None:  # fmt: skip
        """`places`: of each board of this process; `late_s`: by how much it is late now."""
        self.memory = 0.0
        self.waiting = 0
        self.backlogs: dict[str, float] = {}
        self.boards: dict[str, float] = {}
        self.in_flight = 0
        self._room = room
        self._places = places
        self._late_s = late_s
        self._limits = limits or Limits()

    def look(self) -> None:
        """Look at the log. While it can't be reached appending says so itself.

        Raises: Unavailable.
        """
        room, places = self._room, self._places()
        self.memory = room.memory()
        self.waiting = sum(map(room.held, places))
        self.backlogs = {site: room.behind_s(site, room.recorded(site)) for site in places}
        self.boards = {site: room.behind_s(site, after) for site, after in places.items()}

    def run(self, pause: Callable[[float], Any]) -> None:
        """Look for ever."""
        while True:
            try:
                self.look()
            except Unavailable as error:
                _log.warning("log not looked at", reason=str(error))
            pause(LOOK_S)

    @contextmanager
    def entered(self, site: str) -> Iterator[None]:
        """Be in the door for as long as the block lasts.

        Raises: Shed.
        """
        why = self._against(site)
        if why is not None:
            raise Shed(why)
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    def _against(self, site: str) -> Why | None:
        limits, others = self._limits, self.in_flight > 0
        found = {
            Why.MEMORY: self.memory >= limits.memory,
            Why.BACKLOG: self.waiting >= limits.waiting
            or self.backlogs.get(site, 0.0) >= limits.backlog_s,
            Why.IN_FLIGHT: self.in_flight >= limits.in_flight,
            Why.BOARD: others and self.boards.get(site, 0.0) >= limits.board_s,
            Why.BUSY: others and self._late_s() >= limits.late_s,
        }
        return next((why for why, so in found.items() if so), None)
