from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from data.domain.board import Board
from data.domain.events import Event
from data.domain.rules import parse_event
from data.simulate.run import history, run_demo

NOW = datetime(2026, 3, 11, 6, 20, tzinfo=UTC)  # 14:20 in Hsinchu, all lines at work
SEED = 7


class Month(NamedTuple):
    envelopes: list[dict[str, Any]]
    events: list[Event]
    board: Board


def folded(events: Sequence[Event], board: Board | None = None) -> Board:
    board = board or Board("hsinchu")
    for event in events:
        board.apply(event)
    return board


class World:
    """A clock that moves when someone sleeps, and a sink that keeps all it gets."""

    def __init__(self, start: datetime, lasts_s: float) -> None:
        self.now_at = start
        self.end = start + timedelta(seconds=lasts_s)
        self.history: list[dict[str, Any]] = []
        self.live: list[dict[str, Any]] = []
        self.signals: list[list[str]] = []
        self.chunks: list[int] = []
        self.refusals = 0
        self.refused: list[list[str]] = []
        self.muted: Callable[[], set[str]] = set

    def now(self) -> datetime:
        return self.now_at

    def sleep(self, seconds: float) -> None:
        self.now_at += timedelta(seconds=seconds)

    def stop(self) -> bool:
        return self.now_at >= self.end

    def record_history(self, envelopes: Sequence[dict[str, Any]]) -> None:
        self.chunks.append(len(envelopes))
        self.history += envelopes

    def report(self, envelopes: Sequence[dict[str, Any]]) -> None:
        if self.refusals:
            self.refusals -= 1
            self.refused.append([envelope["id"] for envelope in envelopes])
            raise ConnectionError("the door is shut")
        self.live += envelopes

    def signal(self, work_units: Sequence[str]) -> None:
        self.signals.append(list(work_units))

    def run(self, board: Board, seed: int = SEED) -> None:
        run_demo(self, board, seed, self.now, self.sleep, self.stop, lambda: self.muted())


@pytest.fixture(scope="module")
def first_run() -> World:
    """The demo on an empty board: a month that is past, and a minute of live events."""
    run = World(NOW, 60)
    run.run(Board("hsinchu"))
    return run


@pytest.fixture(scope="module")
def month(first_run: World) -> Month:
    """The month that is past when the demo begins."""
    events = [parse_event(envelope, NOW) for envelope in first_run.history]
    return Month(first_run.history, events, folded(events))


@pytest.fixture(scope="module")
def past() -> list[dict[str, Any]]:
    """Four days of history."""
    return history(SEED, NOW, timedelta(days=4))[1]


@pytest.fixture
def world() -> Callable[[datetime, float], World]:
    """Make a world that begins at an instant and lasts so many seconds."""
    return World


@pytest.fixture
def board_of() -> Callable[[Sequence[dict[str, Any]]], Board]:
    """Fold envelopes into a board, as the door would take them."""

    def fold(envelopes: Sequence[dict[str, Any]], board: Board | None = None) -> Board:
        late = timedelta(days=30)
        return folded([parse_event(envelope, NOW + late) for envelope in envelopes], board)

    return fold
