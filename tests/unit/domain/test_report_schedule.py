"""When a report is mailed: after shifts, daily, once, not what is over for long."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from data.domain.report_schedule import Schedule, ScheduleError, checked, due
from tests.unit.domain.test_report import PLANT, TUESDAY, taipei

MONDAY = date(2026, 11, 23)
EACH = Schedule(account="a", site="plant", upto=taipei(MONDAY, "00:00"))


def names(said, at):
    return [(one.shift.day, one.shift.name) for one in due(said, PLANT, at)]


def test_after_each_shift_it_is_due_five_minutes_later():
    said = replace(EACH, upto=taipei(TUESDAY, "07:00"))
    assert names(said, taipei(TUESDAY, "15:34")) == []
    assert names(said, taipei(TUESDAY, "15:35")) == [(TUESDAY, "day")]


def test_a_night_shift_is_of_the_day_on_which_it_began():
    said = replace(EACH, upto=taipei(TUESDAY, "00:00"), days=(1,))
    assert names(said, taipei(TUESDAY, "06:10")) == [(MONDAY, "night")]
    assert names(replace(said, days=(2,)), taipei(TUESDAY, "06:10")) == []


def test_one_may_want_one_shift_alone():
    said = replace(EACH, upto=taipei(MONDAY, "16:00"), shift="night")
    assert names(said, taipei(TUESDAY, "06:10")) == [(MONDAY, "night")]


def test_what_is_done_with_is_not_due_again():
    (one,) = due(replace(EACH, upto=taipei(TUESDAY, "07:00")), PLANT, taipei(TUESDAY, "16:00"))
    assert names(replace(EACH, upto=one.ended), taipei(TUESDAY, "16:00")) == []


def test_after_half_a_day_nobody_wants_it_any_more():
    late = taipei(TUESDAY, "15:35") + timedelta(hours=12)
    assert (TUESDAY, "day") in names(EACH, late - timedelta(minutes=1))
    assert (TUESDAY, "day") not in names(EACH, late)


def test_daily_it_is_of_the_day_before_at_the_site_s_time():
    said = replace(EACH, at="07:30", upto=taipei(MONDAY, "12:00"))
    assert names(said, taipei(TUESDAY, "07:29")) == []
    assert names(said, taipei(TUESDAY, "07:30")) == [(MONDAY, "")]
    assert names(replace(said, days=(1,)), taipei(TUESDAY, "07:30")) == []


def test_daily_before_the_night_shift_ended_it_waits_for_that():
    said = replace(EACH, at="05:00", upto=taipei(MONDAY, "12:00"))
    assert names(said, taipei(TUESDAY, "06:04")) == []
    assert names(said, taipei(TUESDAY, "06:05")) == [(MONDAY, "")]


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("at", {"at": "25:00"}),
        ("shift", {"shift": "siesta"}),
        ("days", {"days": ()}),
        ("days", {"days": (8,)}),
        ("formats", {"formats": ("docx",)}),
        ("language", {"language": "fr"}),
    ],
)
def test_what_can_not_be_is_refused_by_its_field(field, change):
    with pytest.raises(ScheduleError) as error:
        checked(replace(EACH, **change), ("day", "night"))
    assert error.value.field == field


def test_what_can_be_is_kept_as_it_is():
    said = replace(EACH, shift="night", formats=("pdf", "xlsx"), language="zh-Hant")
    assert checked(said, ("day", "night")) == said
