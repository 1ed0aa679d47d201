"""Versions: which topics changed when, coarse enough for many pages."""

from datetime import timedelta

from callbacks.desk.live import Versions, soon_ms
from data.domain.topics import CLOCK, EVERYTHING, OPERATIONS, PLAN, READERS, SIGNALS, STATEMENTS
from tests.unit.callbacks.desk.places import NOW, live_site


class Changes:
    """What the hub remembers: when it was told of a topic."""

    def __init__(self):
        self.at = 1000.5

    def __call__(self, topic):
        return self.at


def versions(now=lambda: 1000.5):
    changes = Changes()
    return Versions(live_site(), changes, now), changes


def test_each_topic_that_changed_has_its_instant():
    made, _ = versions()
    cells = made.render(OPERATIONS | PLAN)
    assert set(cells) == {str(OPERATIONS), str(PLAN), str(CLOCK)}


def test_an_instant_lies_two_to_four_seconds_after_the_change():
    made, changes = versions()
    assert made.render(OPERATIONS)[str(OPERATIONS)]["t"] == "1004000"
    changes.at = 1002.0
    assert made.render(OPERATIONS)[str(OPERATIONS)]["t"] == "1006000"


def test_what_changed_long_ago_is_not_said_to_have_changed_now():
    made, _ = versions(now=lambda: 9000.0)
    assert made.render(OPERATIONS | STATEMENTS)[str(OPERATIONS)]["t"] == "1004000"
    assert made.render(OPERATIONS | STATEMENTS)[str(STATEMENTS)]["t"] == "1000500"


def test_the_clock_changed_when_its_minute_began():
    made, _ = versions(now=lambda: 9000.0)
    made._live._real_now = lambda: NOW + timedelta(seconds=42)
    assert made.render(CLOCK)[str(CLOCK)]["t"] == str(soon_ms(9000.0 - 42))


def test_changes_within_two_seconds_are_one():
    made, changes = versions()
    first = made.render(OPERATIONS)
    changes.at += 1.0
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
