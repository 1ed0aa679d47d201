"""What a change costs a wall's channel: figures, cells, difference and frame, for all its viewers.

Channels are by screen, language and process, so this is paid once for each of them, however many
look at it. Processor time, not the clock's: a channel draws alone. No engines take part.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from callbacks.hub import Channel, Viewer
from callbacks.walls import Wall
from data.domain.board import Board
from data.domain.events import Data, Event, EventType
from data.domain.facts import Facts
from data.domain.indexes import Indexes
from data.domain.rules import parse_event
from data.domain.site import Site
from data.domain.view import Readers
from data.services.live import utc_now
from layouts.screens import FILE, load
from tests.bench.factory import SCREEN, SITE, SOURCE, Factory
from tests.bench.figures import Measurement, noted
from tests.bench.stage import Stage

WARM = 100


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    line, count = Line(utc_now()), 200 if quick else 1000
    for _ in range(WARM):
        line.report()
    used_s = time.process_time()
    for _ in range(count):
        line.report()
    used_s = time.process_time() - used_s
    return [noted("a change drawn for one channel of a wall", 1e3 * used_s / count, "ms of a core")]


class Line:
    """The bench's line, its board in memory, and one channel that is looked at."""

    site = SITE

    def __init__(self, now: datetime) -> None:
        self._factory, self.board, self.facts = Factory(now), Board(SITE), Facts()
        self.board.apply(
            Event(
                source=SOURCE, id="site", type=EventType.PLAN_CHANGED, subject=f"site/{SITE}",
                time=now, recorded_at=now,
                data=Data(site=msgspec.convert(self._factory.site(), Site)),
            )
        )  # fmt: skip
        for document in (*self._factory.plans(), *self._factory.past()):
            self.board.apply(parse_event(document, now))
        self.indexes = Indexes(self.board)
        screen = load(FILE).find(SCREEN)
        assert screen is not None
        wall, self._viewer = Wall(screen, self, "bench"), Viewer()
        self._channel = Channel("bench", wall.render, wall.beat, 0.0)
        self._channel.viewers.add(self._viewer)

    def report(self) -> None:
        """Ten pieces more, on the board and in a frame."""
        self._channel._dirty |= self.board.apply(parse_event(self._factory.report(), self.now))
        self._channel.flush()
        assert self._viewer.frames.get_nowait()

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def renew(self) -> None:
        changed = tuple(self.board.changed_orders)
        self.board.changed_orders.clear()
        self.indexes.touch(changed)

    def readers(self) -> Readers:
        return Readers(
            log_connected=True, event_age_s=0.1, history_lag_s=0.0, history_stale=False
        )  # fmt: skip

    def signal_age_s(self) -> Mapping[str, float]:
        return {}
