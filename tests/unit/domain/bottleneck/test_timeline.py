"""Windows of a chain: shifts, days and weeks at the site, and who stands out."""

from datetime import UTC, datetime, timedelta

from data.domain.bottleneck.chain import BottleneckSegment, SegmentKind
from data.domain.bottleneck.shares import WorkUnitShare
from data.domain.bottleneck.timeline import (
    Grain,
    midnight,
    off_shift,
    past_of,
    stands_out,
    windows,
)
from data.domain.line import Line, line_of
from data.domain.site import Area, Break, Calendar, Shift, Site

BREAKS = (Break(start="12:00", finish="12:30"),)
SITE = Site(
    id="s", name="s", timezone="Europe/Madrid", areas=(Area(id="A", calendar="c"),),
    calendars=(Calendar(id="c", shifts=(
        Shift(name="Day", start="08:00", finish="16:00", breaks=BREAKS),
        Shift(name="Late", start="16:00", finish="23:00"),
    )),),
)  # fmt: skip
LINE: Line = line_of(SITE, "A")


def madrid(day: int, hour: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=LINE.zone).astimezone(UTC)


def test_shifts_are_cut_to_the_period():
    found = windows(LINE, Grain.SHIFT, madrid(3, 10), madrid(4, 9))
    assert [(one.name, one.start, one.finish) for one in found] == [
        ("Day", madrid(3, 10), madrid(3, 16)),
        ("Late", madrid(3, 16), madrid(3, 23)),
        ("Day", madrid(4, 8), madrid(4, 9)),
    ]


def test_a_day_is_as_long_as_the_clocks_make_it():
    days = windows(LINE, Grain.DAY, madrid(24, 0, 10), madrid(27, 0, 10))
    assert [(one.finish - one.start) / timedelta(hours=1) for one in days] == [24, 25, 24]


def test_weeks_begin_on_monday():
    weeks = windows(LINE, Grain.WEEK, madrid(4, 0), madrid(12, 0))
    assert [one.start for one in weeks] == [madrid(4, 0), madrid(9, 0)]


def test_a_line_without_a_calendar_has_no_shifts_and_is_never_off():
    bare = line_of(Site(id="s", name="s", areas=(Area(id="A", calendar="x"),)), "A")
    assert windows(bare, Grain.SHIFT, madrid(3, 0), madrid(4, 0)) == []
    assert off_shift(bare, madrid(3, 0), madrid(4, 0)) == []


def test_off_shift_holds_nights_and_breaks():
    found = off_shift(LINE, madrid(3, 0), madrid(4, 0))
    lengths = [(b - a) / 3600 for a, b in found]
    assert lengths == [8.0, 0.5, 1.0]


def test_midnight_is_the_sites():
    assert midnight(LINE.zone, madrid(3, 5)) == madrid(3, 0)


def test_a_pause_counts_only_where_nobody_held_the_line_up():
    segment = BottleneckSegment("U", SegmentKind.SOLE, 10.0, 20.0)
    past = past_of([segment], [(5.0, 12.0), (18.0, 30.0)])
    assert past.left_out == ((5.0, 10.0), (20.0, 30.0))
    assert past.shares(0.0, 40.0).counted == 25.0


def test_who_leads_by_less_than_a_tenth_does_not_stand_out():
    first, near = WorkUnitShare("A", 0.4, 0.0), WorkUnitShare("B", 0.31, 0.0)
    assert stands_out((first, near)) is None
    assert stands_out((first, WorkUnitShare("B", 0.2, 0.0))) is first
    assert stands_out((first,)) is first
    assert stands_out(()) is None
