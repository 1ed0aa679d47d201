"""A work unit's shifts partition its time, and their elements are those of the formulas' inputs."""

import itertools
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from operator import add

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from msgspec.structs import replace

from data.domain.events import WorkUnitState
from data.domain.kpis import Count, Elements, Kpi, kpi
from data.domain.shift_elements import (
    OFF_SHIFT,
    StateChange,
    UnitRecord,
    elements_of,
    windows_of,
)
from data.domain.site import Break, Calendar, Shift
from data.domain.waiting.spans import length

DAY = date(2026, 11, 3)
MIDNIGHT = datetime(2026, 11, 3, tzinfo=UTC)
S = WorkUnitState
TWO = Calendar(
    id="two",
    shifts=(
        Shift(
            name="Early",
            start="06:00",
            finish="14:00",
            breaks=(Break(start="10:00", finish="10:30"),),
        ),
        Shift(name="Night", start="22:00", finish="02:00"),
    ),
)
STEP = "operation/SO-1/10"


def at(hour: float) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


def counted(hour: float, good: int = 0, scrap: int = 0) -> Count:
    return Count(at(hour), STEP, good, scrap)


def test_a_day_has_its_shifts_and_one_window_for_the_rest() -> None:
    early, night, off = windows_of(TWO, "UTC", DAY)
    assert (early.name, early.start, early.finish) == ("Early", at(6), at(14))
    assert early.working == ((at(6), at(10)), (at(10.5), at(14)))
    assert (night.name, night.finish) == ("Night", at(26))
    assert off.name == OFF_SHIFT
    assert off.spans == ((at(2), at(6)), (at(14), at(22)))


def test_a_unit_without_a_calendar_is_off_shift_all_day() -> None:
    (off,) = windows_of(None, "Asia/Taipei", DAY)
    assert off.name == OFF_SHIFT
    assert off.start == at(-8)
    assert off.spans == ((at(-8), at(16)),)


@given(st.sampled_from(("UTC", "Asia/Taipei", "Europe/Berlin", "America/New_York")),
       st.dates(date(2026, 3, 1), date(2026, 11, 30)))  # fmt: skip
def test_windows_cover_every_instant_once(timezone: str, day: date) -> None:
    """Over three days, so that the middle one has all that comes into it and leaves it."""
    spans = [
        span
        for number in (-1, 0, 1)
        for window in windows_of(TWO, timezone, day + timedelta(number))
        for span in window.spans
    ]
    inner = windows_of(None, timezone, day)[0]
    ordered = sorted(spans)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(ordered))
    cut = [(max(a, inner.start), min(b, inner.finish)) for a, b in ordered]
    inside = [(a, b) for a, b in cut if a < b]
    assert length(inside) == inner.finish - inner.start


def test_the_worked_shift_gives_its_indicators() -> None:
    """Six hours of processing and one of setup in 7.5 planned hours; 30 s a piece, 700 made."""
    record = UnitRecord(
        changes=[
            StateChange(at(-3), S.OFF_SHIFT, None),
            StateChange(at(6), S.SETUP, STEP),
            StateChange(at(7), S.PROCESSING, STEP),
            StateChange(at(12), S.DOWN, STEP),
            StateChange(at(13), S.PROCESSING, STEP),
            StateChange(at(14), S.OFF_SHIFT, None),
        ],
        counted=[counted(9, good=600), counted(13.5, good=90, scrap=10)],
        executions=[(at(6), at(14))],
    )
    early = windows_of(TWO, "UTC", DAY)[0]
    found = elements_of(early, record, {STEP: 30.0}, at(30))
    assert found.pbt == 7.5 * 3600
    assert (found.apt, found.aupt, found.adet) == (6 * 3600, 7 * 3600, 3600)
    assert (found.pq, found.gq, found.sq) == (700, 690, 10)
    assert kpi(Kpi.AVAILABILITY, found).value == 6 / 7.5
    assert kpi(Kpi.EFFECTIVENESS, found).value == 700 * 30 / (6 * 3600)
    assert kpi(Kpi.THROUGHPUT_RATE, found).value == 700 / (8 * 3600)


def test_a_running_shift_counts_as_far_as_it_has_come() -> None:
    record = UnitRecord(changes=[StateChange(at(6), S.PROCESSING, None)])
    early = windows_of(TWO, "UTC", DAY)[0]
    found = elements_of(early, record, {}, at(8))
    assert (found.pbt, found.apt) == (2 * 3600, 2 * 3600)


def test_what_is_made_off_shift_counts_there_without_planned_time() -> None:
    record = UnitRecord(
        changes=[StateChange(at(1), S.PROCESSING, None), StateChange(at(3), S.STARVED, None)],
        counted=[counted(3, good=5), counted(15, good=7)],
    )
    off = windows_of(TWO, "UTC", DAY)[-1]
    found = elements_of(off, record, {}, at(30))
    assert (found.pbt, found.apt, found.gq) == (0, 3600, 12)
    assert kpi(Kpi.OEE, found).value is None


@st.composite
def records(draw: DrawFn) -> UnitRecord:
    hours = sorted(
        draw(st.lists(st.integers(-48, 96).map(lambda n: n / 2), max_size=12, unique=True))
    )
    changes = [StateChange(at(h), draw(st.sampled_from(tuple(S))), None) for h in hours]
    made = sorted(draw(st.lists(st.integers(0, 95).map(lambda n: n / 4), max_size=12, unique=True)))
    pieces = [counted(h, draw(st.integers(0, 9)), draw(st.integers(0, 2))) for h in made]
    return UnitRecord(changes, pieces, [(at(-1), at(5)), (at(9), at(40))])


@given(records())
def test_nothing_is_lost_or_counted_twice_between_windows(record: UnitRecord) -> None:
    """The shifts of some days hold as much as the days, but for the nights at both ends."""
    days = [DAY + timedelta(n) for n in (-1, 0, 1)]
    parts = [
        elements_of(window, record, {STEP: 2.0}, at(99))
        for day in days
        for window in windows_of(TWO, "UTC", day)
    ]
    one = [
        elements_of(window, record, {STEP: 2.0}, at(99))
        for day in days
        for window in windows_of(None, "UTC", day)
    ]
    whole, halves = reduce(add, one, Elements()), reduce(add, parts, Elements())
    for name in ("pq", "gq", "sq", "standard"):
        assert getattr(halves, name) == getattr(whole, name)
    assert abs(halves.apt - whole.apt) <= 2 * 3600  # the nights at both ends


@given(records(), st.integers(0, 96).map(lambda n: n / 4))
def test_elements_until_an_instant_and_since_then_add_up(record: UnitRecord, hour: float) -> None:
    early = [piece for piece in record.counted if piece.time < at(hour)]
    late = [piece for piece in record.counted if piece.time >= at(hour)]
    before, after = replace(record, counted=early), replace(record, counted=late)
    for window in windows_of(TWO, "UTC", DAY):
        until = elements_of(window, before, {STEP: 2.0}, at(hour))
        since = elements_of(window, after, {STEP: 2.0}, at(99), at(hour))
        assert until + since == elements_of(window, record, {STEP: 2.0}, at(99))
