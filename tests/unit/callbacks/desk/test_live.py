"""Versions: which topics changed when, coarse enough for many pages."""

from callbacks.desk.live import Versions
from data.domain.topics import CLOCK, EVERYTHING, OPERATIONS, PLAN, READERS, SIGNALS
from tests.unit.callbacks.desk.places import live_site


class Seconds:
    def __init__(self):
        self.at = 1000.5

    def __call__(self):
        return self.at


def versions():
    seconds = Seconds()
    return Versions(live_site(), seconds), seconds


def test_each_topic_that_changed_has_its_instant():
    made, _ = versions()
    cells = made.render(OPERATIONS | PLAN)
    assert set(cells) == {str(OPERATIONS), str(PLAN), str(CLOCK)}


def test_an_instant_is_rounded_up_so_that_no_page_drawn_before_the_change_looks_newer():
    made, seconds = versions()
    at_ms = int(made.render(OPERATIONS)[str(OPERATIONS)]["t"])
    assert at_ms == 1_002_000
    assert at_ms > seconds.at * 1000


def test_changes_within_two_seconds_are_one():
    made, seconds = versions()
    first = made.render(OPERATIONS)
    seconds.at += 1.0
    assert made.render(OPERATIONS)[str(OPERATIONS)] == first[str(OPERATIONS)]


def test_a_change_right_at_the_rounded_instant_still_counts_as_later():
    made, seconds = versions()
    made.render(OPERATIONS)
    seconds.at = 1002.0
    assert int(made.render(OPERATIONS)[str(OPERATIONS)]["t"]) == 1_004_000


def test_heartbeats_alone_change_nothing_within_a_minute():
    made, _ = versions()
    made.render(EVERYTHING)
    assert made.render(CLOCK | SIGNALS | READERS) == {}


def test_the_beat_says_the_sites_clock_and_the_datas_age():
    made, _ = versions()
    beat = made.beat()
    assert beat["rate"] == 1.0
    assert set(beat) == {"now", "rate", "ends", "age", "log"}
