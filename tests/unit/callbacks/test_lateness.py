"""By how much a process is late, as its door and its channels are told."""

import pytest

from callbacks import lateness as module
from callbacks.lateness import HALF_S, MOST_S, Lateness


class Clock:
    def __init__(self) -> None:
        self.at = 50.0

    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def test_the_worst_delay_counts_and_fades(clock: Clock) -> None:
    late = Lateness()
    assert late() == 0.0
    late.note(0.8)
    late.note(0.1)
    assert late() == 0.8
    clock.at += HALF_S
    assert late() == 0.4
    clock.at += 9 * HALF_S
    assert late() < 0.001


def test_a_new_delay_is_worse_only_than_what_is_left_of_the_last(clock: Clock) -> None:
    late = Lateness()
    late.note(0.8)
    clock.at += 2 * HALF_S
    late.note(0.3)
    assert late() == 0.3


def test_a_process_that_was_stopped_for_long_is_soon_itself_again(clock: Clock) -> None:
    late = Lateness()
    late.note(3600.0)
    assert late() == MOST_S
