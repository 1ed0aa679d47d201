"""Live boards of a test's world: how they are read, and what they show and hold."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from data.domain.board import Board
from data.domain.subjects import events_of
from data.services.folding import Folding
from data.services.live import LiveSite
from tests.contract.world import (
    PLANT,
    World,
)
from tests.unit.domain.strategies import state_of


def site_of(world: World, loaded: bool = True, log: Any = None) -> LiveSite:
    live = LiveSite(PLANT.id, log or world.log, world.history, world.clock)
    if loaded:
        live.load()
    return live


def read_all(live: LiveSite) -> LiveSite:
    while live.read(block_ms=None):
        pass
    return live


def settle(live: LiveSite) -> None:
    """Let it read, and see for long enough how far the recorder is; then it lets go."""
    read_all(live)
    for _ in range(11):
        live.poll()
    live.read(block_ms=None)


@contextmanager
def resting(kept: int) -> Iterator[None]:
    """Have boards hold no more recorded events than these."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Folding, "kept", kept)
        yield


def held_by(live: LiveSite) -> list[str]:
    """Return the ids of the events that its ledgers hold."""
    board = live.board
    tables = (board.orders, board.operations, board.needs, board.work_units)
    states = [board.site_state, *(state for table in tables for state in table.values())]
    return sorted(event.id for event in events_of(states))


def shown(board: Board) -> dict[str, Any]:
    found = state_of(board)
    del found["voided"]
    found["output"] = {key: counted for key, counted in board.output.items() if any(counted)}
    return found


def good_on(live: LiveSite, subject: str = "operation/SO-1/10") -> int:
    state = live.board.operations.get(subject)
    return 0 if state is None else state.good
