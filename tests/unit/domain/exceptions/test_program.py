from datetime import timedelta

from msgspec.structs import replace

from data.domain.exceptions.evaluate import ScreenSeen, WayDown
from data.domain.exceptions.gaps import LogGap
from data.domain.exceptions.rules import Condition
from data.domain.facts import LineBottleneck, ShiftBottleneck, UnitShare
from tests.unit.domain.exceptions.floor import WELL, Works, rule
from tests.unit.domain.floor_events import h

MOVED = rule(Condition.BOTTLENECK_MOVED, limit_s=7200)


def line(clear: str | None, *shifts: str | None, until: float) -> LineBottleneck:
    """A line whose last eight-hour shift ends at `until`."""
    first = until - 8 * len(shifts)
    trend = tuple(
        ShiftBottleneck(
            start=h(first + 8 * n), finish=h(first + 8 * n + 8), name="s", work_unit=unit, share=0.5
        )
        for n, unit in enumerate(shifts)
    )
    return LineBottleneck(
        area="A",
        as_of=h(until),
        work_unit=clear,
        since=None,
        today=(UnitShare(work_unit="P1", share=0.75, sole=0.5),),
        clear=clear,
        reason=None,
        trend=trend,
    )


def test_a_bottleneck_has_moved_when_it_stands_elsewhere_for_long_enough():
    made = Works(MOVED)
    made.lines["A"] = line("P1", "M1", "M1", "P1", until=8)
    assert made.holds(2) == []
    assert made.holds(2.1) == ["line/A"]
    found = made.finding("line/A")
    assert (found.values["before"], found.values["after"]) == ("M1", "P1")
    assert (found.values["moved_at"], found.values["share"]) == (h(0), 0.75)
    assert found.place.work_center == "PACK"


def test_one_that_is_in_doubt_hasnt_moved_but_what_was_told_stands():
    made = Works(MOVED)
    made.lines["A"] = line(None, "M1", "P1", until=8)
    assert made.holds(5) == []
    made.lines["A"] = line("P1", "M1", "P1", until=8)
    assert made.holds(5) == ["line/A"]
    made.lines["A"] = line(None, "M1", "P1", until=8)
    assert made.holds(5.1) == ["line/A"]


def test_one_that_goes_back_or_has_stayed_long_is_normal():
    for later in (line("M1", "M1", "P1", "M1", until=16), line("P1", "P1", "P1", until=16)):
        made = Works(MOVED)
        made.lines["A"] = line("P1", "M1", "P1", until=8)
        assert made.holds(5) == ["line/A"]
        made.lines["A"] = later
        assert made.holds(9) == []
        made.lines.clear()


def test_a_line_that_is_no_more_has_no_bottleneck():
    made = Works(MOVED)
    made.lines["A"] = line("P1", "M1", "P1", until=8)
    assert made.holds(5) == ["line/A"]
    made.lines.clear()
    assert made.holds(5.1) == []


def test_a_screen_that_is_not_heard_during_the_shift_is_dark():
    made = Works(rule(Condition.SCREEN_DARK, limit_s=600))
    seen = ScreenSeen(name="hall", area="A", seen_at=h(1), version="1")
    assert made.holds(1.1, screens=(seen,)) == []
    assert made.holds(1.2, screens=(seen,)) == ["screen/hall"]
    assert made.holds(1.3, screens=(replace(seen, seen_at=h(1.3)),)) == []
    assert made.holds(9, screens=(seen,)) == []  # after work screens may be off
    assert made.holds(25, screens=(seen,)) == ["screen/hall"]
    assert made.holds(25.1, screens=()) == []


def test_readers_that_lag_are_named():
    made = Works(rule(Condition.READER_LAG, limit_s=30))
    assert made.holds(1, readers=replace(WELL, history_lag_s=30.0, watch_lag_s=None)) == []
    late = replace(WELL, history_lag_s=31.0, watch_lag_s=40.0)
    assert made.holds(1, readers=late) == ["reader/recorder", "reader/watch"]
    assert made.holds(1, readers=WELL) == []


def test_a_quarantine_grows_when_too_many_come_in_a_while():
    made = Works(rule(Condition.QUARANTINE, limit=10, limit_s=3600))
    assert made.holds(0, quarantined=500) == []  # of long ago
    assert made.holds(0.5, quarantined=510) == []
    assert made.holds(0.6, quarantined=511) == ["quarantine/s"]
    assert made.finding("quarantine/s").values["entries"] == 11
    assert made.holds(1.4, quarantined=511) == ["quarantine/s"]
    assert made.holds(1.55, quarantined=511) == []


def test_a_way_out_that_is_shut_or_fails_for_long_is_said_until_it_is_open_again():
    made = Works(rule(Condition.WAY_SHUT, limit_s=300))
    gone = WayDown(name="robot", since=h(1), shut=True, reason="410 Gone")
    mail = WayDown(name="mail", since=h(2), reason="no route to host")
    assert made.holds(1.08, ways=(gone,)) == []
    assert made.holds(1.09, ways=(gone,)) == ["way/robot"]
    assert made.finding("way/robot").values["reason"] == "410 Gone"
    assert made.holds(2.1, ways=(gone, mail)) == ["way/mail", "way/robot"]
    assert made.holds(2.2, ways=(mail,)) == ["way/mail"]
    assert made.holds(2.3) == []


def test_a_real_clock_that_is_set_back_forgets_what_lies_ahead():
    made = Works(rule(Condition.QUARANTINE, limit=10, limit_s=3600))
    made.look(5, quarantined=0)
    assert made.holds(4, quarantined=5) == []
    assert made.holds(4 + timedelta(minutes=1).total_seconds() / 3600, quarantined=16) == [
        "quarantine/s"
    ]


def test_each_gap_in_the_log_is_said_for_a_while_with_what_came_back_of_it():
    made = Works(rule(Condition.LOG_GAP, limit_s=3600))
    gap = LogGap(name="17-0", place="17-0", recorded_at=h(0.9), until_at=h(1), noticed_at=h(1))
    other = LogGap(name="m-1", until_at=h(1.5), noticed_at=h(1.5), put_back=("m-1", "m-2"))
    assert made.holds(1, gaps=(gap,)) == ["log-gap/17-0"]
    assert made.finding("log-gap/17-0").values["put_back"] == 0
    again = replace(gap, put_back=("m-7",))
    assert made.look(1.01, gaps=(again,)).changed[0].values["events"] == "m-7"
    assert made.holds(1.5, gaps=(again, other)) == ["log-gap/17-0", "log-gap/m-1"]
    assert made.finding("log-gap/m-1").values["recorded_at"] is None
    assert made.holds(2.1, gaps=(again, other)) == ["log-gap/m-1"]
    assert made.holds(2.6, gaps=(again, other)) == []
