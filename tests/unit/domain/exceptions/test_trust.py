"""When a return may be believed: not on a board that may lack something, nor behind a clock."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from data.domain.board import Board
from data.domain.events import WorkUnitState
from data.domain.exceptions.rules import Condition
from data.domain.exceptions.trust import DOUBT_S, LEAST, Trust
from data.domain.site import SiteClock
from tests.unit.domain.floor_events import SITE, h, is_in, site_event

STOP, LATE = Condition.UNIT_STATE, Condition.NOT_STARTED
ALL, STOPS, NONE = [STOP, LATE], [STOP], []


class Two:
    """A wall's clock, one that never goes back, and a board whose newest event is told."""

    def __init__(self) -> None:
        self.trust, self.board = Trust(), Board("s")
        self.board.apply(site_event())
        self.real, self.at_s = h(0), 100.0
        self.more: list[bool] = []

    def newest(self, at: datetime) -> None:
        self.board.apply(is_in("M1", WorkUnitState.DOWN, (at - h(0)).total_seconds() / 3600))

    def on(self, seconds: float, wall_s: float | None = None) -> list[Condition]:
        """Let time pass, the wall's by another amount; return of what a return is believed."""
        self.at_s += seconds
        self.real += timedelta(seconds=seconds if wall_s is None else wall_s)
        self.more.append(self.trust.follow(self.real, self.at_s, self.board))
        believed = [kind for kind in (STOP, LATE) if self.trust.believes(kind)]
        assert self.trust.is_whole == (believed == ALL)
        return believed


@pytest.fixture
def two() -> Two:
    made = Two()
    made.newest(h(0))
    assert made.on(1) == ALL
    return made


def test_no_return_is_believed_for_a_while_after_another_board_was_loaded(two: Two) -> None:
    two.trust.doubt(two.at_s)
    assert two.on(0) == two.on(DOUBT_S - 0.1) == NONE
    assert two.on(0.1) == ALL
    assert two.on(1) == ALL
    assert two.more[-4:] == [False, False, True, False]


def test_what_is_loaded_again_meanwhile_is_doubted_from_then_on(two: Two) -> None:
    two.trust.doubt(two.at_s)
    two.on(DOUBT_S - 1)
    two.trust.doubt(two.at_s)
    assert two.on(DOUBT_S - 1) == NONE
    assert two.on(1) == ALL


def test_a_clock_that_went_back_behind_what_is_known_lets_only_stops_return(two: Two) -> None:
    assert two.on(1, wall_s=-600) == STOPS
    assert two.on(590) == STOPS
    assert two.on(9) == ALL  # what was known lies behind it again
    assert two.more[-3:] == [False, False, True]


def test_a_clock_that_is_set_right_again_ends_it_at_once(two: Two) -> None:
    assert two.on(1, wall_s=-7200) == STOPS
    assert two.on(1, wall_s=7202) == ALL


def test_a_clock_that_was_ahead_and_goes_back_to_what_is_known_is_believed(two: Two) -> None:
    assert two.on(1, wall_s=7200) == ALL
    two.newest(h(0.0001))
    assert two.on(1, wall_s=-7199) == ALL
    assert two.on(1, wall_s=-7199) == STOPS  # and now it is behind


def test_what_comes_from_the_future_meanwhile_holds_it_up_no_longer(two: Two) -> None:
    assert two.on(1, wall_s=-60) == STOPS
    two.newest(h(0.1))
    assert two.on(60) == ALL


def test_a_clock_that_is_slowed_down_or_read_late_has_not_gone_back(two: Two) -> None:
    two.newest(h(1))
    for _ in range(100):
        assert two.on(1, wall_s=1 - LEAST.total_seconds() * 0.9) == ALL


def test_a_board_without_events_doubts_no_clock() -> None:
    two = Two()
    two.board.last_event_at = None
    two.on(1)
    assert two.on(1, wall_s=-7200) == ALL


def test_both_doubts_at_once_end_one_after_the_other(two: Two) -> None:
    two.trust.doubt(two.at_s)
    assert two.on(1, wall_s=-60) == NONE
    assert two.on(DOUBT_S) == STOPS
    assert two.on(60) == ALL
    assert two.more[-3:] == [False, True, True]


def test_at_a_site_with_its_own_clock_what_is_known_lies_on_that(two: Two) -> None:
    clock = SiteClock(origin=h(0), started_at=h(0), rate=60.0)
    two.board.apply(site_event(replace(SITE, clock=clock)))
    two.newest(h(1))
    two.on(1, wall_s=119)  # two hours there
    assert two.on(1, wall_s=-59) == ALL  # one
    assert two.on(1, wall_s=-30) == STOPS  # half of one
