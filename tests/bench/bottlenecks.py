"""How fast changes of state find their place in the chains, on one core: 2,000 work units."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from data.domain.board import Board
from data.domain.bottleneck.live import ChainWalk
from data.domain.events import Data, Event, EventType, WorkUnitState
from data.domain.indexes import Indexes
from data.domain.site import Area, Site, WorkCenter, WorkUnit
from data.services.bottlenecks import Bottlenecks
from tests.bench.figures import Measurement, at_least, at_most, median, noted
from tests.bench.stage import Stage

UNITS, LINES = 2000, 4
STEP_S = 0.02
BATCH = 2000  # as many as the watch hands over at once
STATES = (
    WorkUnitState.PROCESSING, WorkUnitState.STARVED, WorkUnitState.SETUP, WorkUnitState.BLOCKED,
    WorkUnitState.DOWN, WorkUnitState.OFF_SHIFT,
)  # fmt: skip


class _Nothing:
    """A history without rows, and a board that is new: what feeding alone costs."""

    def __init__(self, site: Site, now: datetime) -> None:
        self.site, self.now = site.id, now
        self.board = Board(site.id)
        self.board.site_state.site = site
        self.indexes = Indexes(self.board)

    def last_end(self, *_: object) -> None:
        return None

    def segments(self, *_: object) -> list[Any]:
        return []

    pauses = changes = take = segments

    def state_times(self, *_: object) -> Mapping[str, Any]:
        return {}

    def store(self, *_: object) -> None:
        return None


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    now, count = datetime.now(UTC), 60_000 if quick else 300_000
    events = _changes(count, now)
    rates = [_fed(events, now) for _ in range(2 if quick else 3)]
    return [
        at_least("chain, through the watch's aspect, one core", median([r for r, _ in rates]),
                 "changes/s", 300_000),
        noted("chain alone, one core", _alone(events), "changes/s"),
        at_most("bottleneck fact of 500 work units", median([ms for _, ms in rates]), "ms", 200),
    ]  # fmt: skip


def _site() -> Site:
    per = UNITS // LINES
    areas = tuple(Area(id=f"L{i}", calendar="c") for i in range(LINES))
    centers = tuple(WorkCenter(id=f"C{i}", area=f"L{i // 10}") for i in range(10 * LINES))
    units = tuple(
        WorkUnit(id=f"U{i}", work_center=f"C{i // per * 10 + i % per // (per // 10)}")
        for i in range(UNITS)
    )
    return Site(id="shop", name="Shop", areas=areas, work_centers=centers, work_units=units)


def _changes(count: int, now: datetime) -> list[Event]:
    random, begun = Random(7), now - timedelta(seconds=STEP_S * count)
    subjects = [f"work-unit/U{number}" for number in range(UNITS)]
    return [
        Event(
            f"e{i}", "bench", EventType.WORK_UNIT_STATE_CHANGED, random.choice(subjects),
            begun + timedelta(seconds=STEP_S * i), now, Data(state=random.choice(STATES)),
        )
        for i in range(count)
    ]  # fmt: skip


def _fed(events: Sequence[Event], now: datetime) -> tuple[float, float]:
    """Return changes a second, and the milliseconds of one round of work with a fact for each."""
    nothing = _Nothing(_site(), events[0].time)
    aspect = Bottlenecks("shop", nothing, nothing)
    aspect.begin(nothing)  # type: ignore[arg-type]
    aspect.work(events[0].time)
    begun, rounds = time.process_time(), 0.0
    for first in range(0, len(events), BATCH):
        aspect.see(events[first : first + BATCH])
    rate = len(events) / (time.process_time() - begun)
    begun = time.process_time()
    found = aspect.work(now + timedelta(seconds=1))
    rounds = 1000 * (time.process_time() - begun) / max(1, len(found))
    return rate, rounds


def _alone(events: Sequence[Event]) -> float:
    plain = [(e.subject, e.data.state, e.time.timestamp()) for e in events]
    walk, begun = ChainWalk(), time.process_time()
    for unit, state, at in plain:
        walk.feed(unit, state or WorkUnitState.UNKNOWN, at)
    return len(plain) / (time.process_time() - begun)
