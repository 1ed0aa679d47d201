from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.calendars import (
    add_working,
    last_shift,
    runs_of,
    shift_at,
    working_seconds,
    working_spans,
)
from data.domain.site import Break, Calendar, Shift

TAIPEI, BERLIN = "Asia/Taipei", "Europe/Berlin"
EARLY = Shift(
    name="early", start="06:00", finish="14:00", breaks=(Break(start="10:00", finish="10:30"),)
)
LATE = Shift(name="late", start="14:00", finish="22:00")
NIGHT = Shift(
    name="night",
    start="22:00",
    finish="06:00",
    breaks=(Break(start="23:45", finish="00:15"), Break(start="03:00", finish="03:20")),
)
THREE = Calendar(id="three", shifts=(EARLY, LATE, NIGHT))
DAYS = Calendar(
    id="days",
    shifts=(Shift(name="day", start="08:00", finish="16:00", days=(1, 2, 3, 4, 5)),),
    holidays=("2026-11-25",),
)


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def calendar(*shifts: Shift) -> Calendar:
    return Calendar(id="c", shifts=shifts)


def spans(used: Calendar, start: str, finish: str, zone: str = "UTC") -> list[tuple[str, str]]:
    found = working_spans(used, zone, at(start, zone), at(finish, zone))
    local = [(a.astimezone(ZoneInfo(zone)), b.astimezone(ZoneInfo(zone))) for a, b in found]
    return [(f"{a:%d %H:%M}", f"{b:%d %H:%M}") for a, b in local]


class TestShiftAt:
    def test_a_shift_holds_its_start_and_not_its_finish(self) -> None:
        assert shift_at(THREE, TAIPEI, at("2026-11-24T06:00", TAIPEI)).name == "early"
        assert shift_at(THREE, TAIPEI, at("2026-11-24T14:00", TAIPEI)).name == "late"

    def test_a_night_shift_runs_into_the_next_day(self) -> None:
        run = shift_at(THREE, TAIPEI, at("2026-11-25T05:59", TAIPEI))
        assert (run.name, run.start) == ("night", at("2026-11-24T22:00", TAIPEI))
        assert run.finish == at("2026-11-25T06:00", TAIPEI)

    def test_nothing_runs_off_shift(self) -> None:
        assert shift_at(DAYS, "UTC", at("2026-11-24T07:59")) is None
        assert shift_at(DAYS, "UTC", at("2026-11-28T10:00")) is None

    def test_no_shift_starts_on_a_holiday(self) -> None:
        assert shift_at(DAYS, "UTC", at("2026-11-25T10:00")) is None

    def test_a_night_that_starts_before_a_holiday_runs_to_its_end(self) -> None:
        used = Calendar(id="n", shifts=(NIGHT,), holidays=("2026-11-25",))
        assert shift_at(used, "UTC", at("2026-11-25T05:00")) is not None
        assert shift_at(used, "UTC", at("2026-11-25T23:00")) is None

    def test_days_are_those_of_the_site_not_of_utc(self) -> None:
        monday_only = calendar(Shift(name="m", start="00:00", finish="08:00", days=(1,)))
        assert shift_at(monday_only, TAIPEI, at("2026-11-22T17:00")) is not None  # Monday 01:00
        assert shift_at(monday_only, TAIPEI, at("2026-11-23T17:00")) is None

    def test_equal_start_and_finish_are_a_whole_day(self) -> None:
        run = shift_at(
            calendar(Shift(name="w", start="06:00", finish="06:00")), "UTC", at("2026-11-24T03:00")
        )
        assert run.finish - run.start == timedelta(hours=24)

    @pytest.mark.parametrize("finish", ["24:00", "00:00"])
    def test_midnight_may_be_written_either_way(self, finish: str) -> None:
        run = shift_at(
            calendar(Shift(name="s", start="16:00", finish=finish)), "UTC", at("2026-11-24T20:00")
        )
        assert run.finish == at("2026-11-25T00:00")


class TestLastShift:
    def test_the_running_shift_is_the_last(self) -> None:
        assert last_shift(THREE, "UTC", at("2026-11-24T15:00")).name == "late"

    def test_off_shift_it_is_the_one_that_ended_last(self) -> None:
        assert last_shift(DAYS, "UTC", at("2026-11-30T07:00")).start == at("2026-11-27T08:00")

    def test_a_running_night_goes_before_a_short_shift_that_is_over(self) -> None:
        used = calendar(
            Shift(name="night", start="22:00", finish="10:00"),
            Shift(name="prep", start="06:00", finish="07:00"),
        )
        assert last_shift(used, "UTC", at("2026-11-24T09:00")).name == "night"

    def test_in_an_overlap_it_agrees_with_the_shift_that_runs(self) -> None:
        used = calendar(EARLY, Shift(name="late", start="13:30", finish="22:00"))
        now = at("2026-11-24T13:45")
        assert last_shift(used, "UTC", now) == shift_at(used, "UTC", now)

    def test_a_calendar_at_rest_for_two_weeks_has_none(self) -> None:
        used = Calendar(
            id="h", shifts=DAYS.shifts, holidays=tuple(f"2026-11-{d:02}" for d in range(1, 21))
        )
        assert last_shift(used, "UTC", at("2026-11-20T12:00")) is None


class TestBreaks:
    def test_they_are_no_working_time(self) -> None:
        assert spans(calendar(EARLY), "2026-11-24T00:00", "2026-11-24T23:00") == [
            ("24 06:00", "24 10:00"),
            ("24 10:30", "24 14:00"),
        ]

    def test_at_night_they_may_cross_or_follow_midnight(self) -> None:
        assert spans(calendar(NIGHT), "2026-11-24T12:00", "2026-11-25T12:00") == [
            ("24 22:00", "24 23:45"),
            ("25 00:15", "25 03:00"),
            ("25 03:20", "25 06:00"),
        ]

    def test_beyond_the_shift_they_take_nothing(self) -> None:
        used = calendar(
            Shift(
                name="s",
                start="08:00",
                finish="12:00",
                breaks=tuple(Break(start=f"{h}:00", finish=f"{h}:30") for h in (13, 15)),
            )
        )
        assert spans(used, "2026-11-24T00:00", "2026-11-24T23:00") == [("24 08:00", "24 12:00")]

    def test_overlapping_and_at_the_edges_they_count_once(self) -> None:
        pauses = (("08:00", "08:10"), ("09:00", "09:30"), ("09:15", "09:45"), ("11:50", "12:20"))
        breaks = tuple(Break(start=a, finish=b) for a, b in pauses)
        used = calendar(Shift(name="s", start="08:00", finish="12:00", breaks=breaks))
        assert spans(used, "2026-11-24T00:00", "2026-11-24T23:00") == [
            ("24 08:10", "24 09:00"),
            ("24 09:45", "24 11:50"),
        ]

    def test_one_as_long_as_the_shift_leaves_nothing(self) -> None:
        used = calendar(
            Shift(
                name="s", start="08:00", finish="9:00", breaks=(Break(start="8:00", finish="9:00"),)
            )
        )
        assert runs_of(used, "UTC", date(2026, 11, 24))[0].working == ()


class TestWorkingTime:
    def test_it_is_cut_to_the_instants_asked_for(self) -> None:
        used = calendar(EARLY)
        assert working_seconds(used, "UTC", at("2026-11-24T09:30"), at("2026-11-24T10:45")) == 2700

    def test_a_week_of_three_shifts_with_breaks(self) -> None:
        # a day: 24 h less breaks of 30, 30 and 20 min
        week_s = working_seconds(
            THREE, TAIPEI, at("2026-11-02T06:00", TAIPEI), at("2026-11-09T06:00", TAIPEI)
        )
        assert week_s == 7 * (24 * 3600 - 80 * 60)

    def test_a_holiday_and_a_weekend_hold_none(self) -> None:
        days_s = working_seconds(DAYS, "UTC", at("2026-11-23T00:00"), at("2026-11-30T00:00"))
        assert days_s == 4 * 8 * 3600

    def test_nothing_lies_between_an_instant_and_an_earlier_one(self) -> None:
        assert working_seconds(THREE, "UTC", at("2026-11-24T09:00"), at("2026-11-24T08:00")) == 0

    def test_the_hour_that_two_shifts_share_counts_once(self) -> None:
        used = calendar(EARLY, Shift(name="late", start="13:00", finish="22:00"))
        assert working_seconds(used, "UTC", at("2026-11-24T00:00"), at("2026-11-25T00:00")) == (
            16 * 3600 - 1800
        )

    def test_another_shift_works_through_a_break(self) -> None:
        used = calendar(EARLY, Shift(name="long", start="09:00", finish="15:00"))
        assert (
            working_seconds(used, "UTC", at("2026-11-24T00:00"), at("2026-11-25T00:00")) == 9 * 3600
        )


class TestAddWorking:
    def test_it_steps_over_breaks_nights_weekends_and_holidays(self) -> None:
        assert add_working(DAYS, "UTC", at("2026-11-24T15:00"), 2 * 3600) == at("2026-11-26T09:00")
        assert add_working(DAYS, "UTC", at("2026-11-27T15:00"), 2 * 3600) == at("2026-11-30T09:00")
        assert add_working(calendar(EARLY), "UTC", at("2026-11-24T09:45"), 1800) == at(
            "2026-11-24T10:45"
        )

    def test_it_gives_the_first_instant_that_fits(self) -> None:
        assert add_working(DAYS, "UTC", at("2026-11-24T08:00"), 8 * 3600) == at("2026-11-24T16:00")
        assert add_working(DAYS, "UTC", at("2026-11-28T12:00"), 0) == at("2026-11-28T12:00")

    def test_a_calendar_without_time_enough_is_named(self) -> None:
        with pytest.raises(ValueError, match="calendar empty"):
            add_working(Calendar(id="empty", shifts=()), "UTC", at("2026-11-24T08:00"), 60, 10)


class TestClockChanges:
    # Berlin: forward on 2026-03-29 at 02:00, back on 2026-10-25 at 03:00
    def test_a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn(self) -> None:
        night = Shift(name="night", start="22:00", finish="06:00")
        lengths = [
            runs_of(calendar(night), BERLIN, day)[0]
            for day in (date(2026, 3, 28), date(2026, 10, 24), date(2026, 11, 24))
        ]
        assert [(r.finish - r.start) / timedelta(hours=1) for r in lengths] == [7, 9, 8]

    def test_shifts_keep_their_local_hours(self) -> None:
        starts = [runs_of(calendar(EARLY), BERLIN, date(2026, 3, d))[0].start for d in (28, 29)]
        assert [s.hour for s in starts] == [5, 4]

    def test_a_shift_within_the_skipped_hour_is_not_a_day_long(self) -> None:
        skipped = Shift(name="s", start="02:30", finish="03:00")
        run = runs_of(calendar(skipped), BERLIN, date(2026, 3, 29))[0]
        assert run.finish - run.start <= timedelta(minutes=30)
        assert shift_at(calendar(skipped), BERLIN, at("2026-03-29T12:00", BERLIN)) is None

    def test_a_break_keeps_its_length(self) -> None:
        pause = Break(start="02:30", finish="03:00")
        night = Shift(name="night", start="22:00", finish="06:00", breaks=(pause,))
        for day, hours in ((date(2026, 3, 28), 6.5), (date(2026, 10, 24), 8.5)):
            working = runs_of(calendar(night), BERLIN, day)[0].working
            assert sum((b - a) / timedelta(hours=1) for a, b in working) == hours


CLOCK = st.integers(0, 95).map(lambda q: f"{q // 4:02}:{q % 4 * 15:02}")
SHIFTS = st.builds(
    Shift,
    name=st.just("s"),
    start=CLOCK,
    finish=CLOCK,
    days=st.sets(st.integers(1, 7), min_size=1).map(lambda s: tuple(sorted(s))),
    breaks=st.lists(st.builds(Break, start=CLOCK, finish=CLOCK), max_size=3).map(tuple),
)
CALENDARS = st.builds(
    Calendar, id=st.just("c"), shifts=st.lists(SHIFTS, min_size=1, max_size=3).map(tuple)
)
INSTANTS = st.integers(0, 15 * 86_400_000).map(
    lambda ms: at("2026-03-20T00:00") + timedelta(milliseconds=ms)
)
ZONES = st.sampled_from([TAIPEI, BERLIN, "America/New_York", "Asia/Kolkata", "UTC"])


@given(CALENDARS, ZONES, INSTANTS, INSTANTS, INSTANTS)
def test_working_time_adds_up(
    used: Calendar, zone: str, x: datetime, y: datetime, z: datetime
) -> None:
    a, b, c = sorted((x, y, z))
    parts = working_seconds(used, zone, a, b) + working_seconds(used, zone, b, c)
    assert working_seconds(used, zone, a, c) == pytest.approx(parts, abs=1e-3)


@given(CALENDARS, ZONES, INSTANTS, INSTANTS)
def test_working_spans_are_in_order_and_apart(
    used: Calendar, zone: str, x: datetime, y: datetime
) -> None:
    a, b = sorted((x, y))
    flat = [i for span in working_spans(used, zone, a, b) for i in span]
    assert flat == sorted(flat)
    assert all(a <= i <= b for i in flat)
    assert all(start < finish for start, finish in zip(flat[::2], flat[1::2], strict=True))


@given(CALENDARS, ZONES, INSTANTS)
def test_working_time_lies_in_the_shift_that_runs(used: Calendar, zone: str, now: datetime) -> None:
    works = working_seconds(used, zone, now, now + timedelta(microseconds=1)) > 0
    run = shift_at(used, zone, now)
    assert run is not None or not works
    if run is not None:
        assert run.start <= now < run.finish
        assert last_shift(used, zone, now) == run


@given(CALENDARS, ZONES, INSTANTS, st.integers(1, 90_000))
def test_adding_working_time_is_the_inverse_of_measuring_it(
    used: Calendar, zone: str, start: datetime, seconds: int
) -> None:
    if working_seconds(used, zone, start, start + timedelta(30)) < seconds:
        return
    finish = add_working(used, zone, start, seconds)
    assert working_seconds(used, zone, start, finish) == pytest.approx(seconds, abs=1e-3)
