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


def test_an_instant_lies_two_to_four_seconds_after_the_change():
    made, seconds = versions()
    assert made.render(OPERATIONS)[str(OPERATIONS)]["t"] == "1004000"
    seconds.at = 1002.0
    assert made.render(OPERATIONS)[str(OPERATIONS)]["t"] == "1006000"


def test_changes_within_two_seconds_are_one():
    made, seconds = versions()
    first = made.render(OPERATIONS)
    seconds.at += 1.0
    assert made.render(OPERATIONS)[str(OPERATIONS)] == first[str(OPERATIONS)]


def test_heartbeats_alone_change_nothing_within_a_minute():
    made, _ = versions()
    made.render(EVERYTHING)
    assert made.render(CLOCK | SIGNALS | READERS) == {}


def test_the_beat_says_the_sites_clock_and_the_datas_age():
    made, _ = versions()
    beat = made.beat()
    assert beat["rate"] == 1.0
    assert set(beat) == {"now", "rate", "ends", "age", "log"}
