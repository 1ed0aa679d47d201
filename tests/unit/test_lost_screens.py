"""A page says that nothing comes through within fifteen seconds, and not for one late heartbeat."""

import re
from pathlib import Path

import pytest

from callbacks.hub import BEAT_S

ASSETS = Path(__file__).parents[2] / "assets"
SAID_WITHIN_MS, LOOKS_EVERY_MS = 15_000, 1_000


@pytest.mark.parametrize("script", ["live.js", "desk.js", "home.js"])
def test_two_heartbeats_are_waited_for_and_no_more(script: str) -> None:
    [lost_after] = re.findall(r"LOST_AFTER_MS = (\d+);", (ASSETS / script).read_text())
    assert 2 * BEAT_S * 1000 < int(lost_after) <= SAID_WITHIN_MS - LOOKS_EVERY_MS
