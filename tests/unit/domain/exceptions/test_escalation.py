from datetime import UTC, datetime, timedelta

import pytest

from data.domain.exceptions.escalation import (
    area_of,
    calendar_of,
    coming_shift,
    due,
    real_at,
    resumes,
)
from data.domain.exceptions.records import Place
from data.domain.site import (
    Area,
    Break,
    Calendar,
    Shift,
    Site,
    SiteClock,
    WorkCenter,
    WorkUnit,
)

TAIPEI = "Asia/Taipei"
DAY = Calendar(
    id="day",
    shifts=(
        Shift(
            name="early", start="08:00", finish="16:00", days=(1, 2, 3, 4, 5),
            breaks=(Break(start="12:00", finish="13:00"),),
        ),
    ),
)  # fmt: skip
NIGHT = Calendar(id="night", shifts=(Shift(name="night", start="22:00", finish="06:00"),))
NEVER = Calendar(id="never", shifts=())


def site(*areas, clock=None):
    return Site(
        id="north", name="North", timezone=TAIPEI, clock=clock, calendars=(DAY, NIGHT, NEVER),
        areas=areas or (Area(id="A", calendar="day"), Area(id="B", calendar="night")),
        work_centers=(WorkCenter(id="C", area="B"),),
        work_units=(WorkUnit(id="W", work_center="C"),),
    )  # fmt: skip


def local(day, clock):
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


FRIDAY, MONDAY = 27, 30


@pytest.mark.parametrize(
    ("start", "minutes", "expected"),
    [
        (local(FRIDAY, "08:00"), 15, local(FRIDAY, "08:15")),
        (local(FRIDAY, "11:50"), 15, local(FRIDAY, "13:05")),  # over the break
        (local(FRIDAY, "15:50"), 15, local(MONDAY, "08:05")),  # over the weekend
        (local(28, "10:00"), 0, local(MONDAY, "08:00")),
    ],
)
def test_minutes_count_while_the_place_works(start, minutes, expected):
    found = due(site(), Place(area="A"), start, minutes)
    assert abs(found - expected) < timedelta(seconds=1)


def test_a_place_works_by_its_areas_calendar_however_it_is_named():
    for place in (Place(area="B"), Place(work_center="C"), Place(work_unit="W")):
        assert calendar_of(site(), place) is NIGHT
        assert area_of(site(), place) == "B"
    assert calendar_of(site(), Place(order="SO-1")) is DAY
    assert area_of(site(), Place(order="SO-1")) == ""


def test_without_a_calendar_it_counts_round_the_clock_and_with_an_empty_one_never():
    bare = Site(id="bare", name="Bare")
    start = local(28, "03:00")
    assert due(bare, Place(), start, 15) == start + timedelta(minutes=15)
    assert due(site(Area(id="A", calendar="never")), Place(area="A"), start, 15) is None


def test_the_clock_stands_still_off_shift_and_says_when_it_goes_on():
    plant, place = site(), Place(area="A")
    assert resumes(plant, place, local(FRIDAY, "09:00")) is None
    at = resumes(plant, place, local(FRIDAY, "20:00"))
    assert abs(at - local(MONDAY, "08:00")) < timedelta(seconds=1)


def test_a_replayed_site_escalates_by_its_own_clock():
    clock = SiteClock(
        origin=local(FRIDAY, "08:00"), started_at=local(FRIDAY, "20:00"), rate=60.0,
        ends_at=local(FRIDAY, "16:00"),
    )  # fmt: skip
    found = due(site(clock=clock), Place(area="A"), local(FRIDAY, "20:00"), 60)
    assert abs(found - local(FRIDAY, "20:01")) < timedelta(seconds=1)
    assert real_at(clock, local(MONDAY, "08:00")) is None


def test_the_coming_shift_is_the_running_one_or_the_next_also_after_a_weekend():
    assert coming_shift(site(), Place(area="A"), local(FRIDAY, "09:00")).name == "early"
    run = coming_shift(site(), Place(area="A"), local(28, "09:00"))
    assert run.start == local(MONDAY, "08:00")
    assert coming_shift(site(), Place(area="B"), local(28, "03:00")).name == "night"
    assert coming_shift(Site(id="bare", name="Bare"), Place(), local(28, "03:00")) is None
