from datetime import UTC, datetime, timedelta

import pytest

from data.domain.deliveries import GIVES_UP_AFTER, is_over, pause_s
from data.domain.exceptions.quiet import held_until, lets_through
from data.domain.exceptions.records import Severity
from data.domain.preferences import (
    Chosen,
    Duty,
    Preference,
    PreferenceError,
    Quiet,
    check_duties,
    check_preference,
)
from data.domain.scope import Role
from data.domain.site import Area, Calendar, Shift, Site
from data.domain.tellings import News

NIGHT = Quiet(start="22:00", finish="07:00")
LOW, HIGH, CRITICAL = Severity.LOW, Severity.HIGH, Severity.CRITICAL


def wants(**said):
    return Preference(account="a", **said)


def at(clock, day=24):
    return datetime.fromisoformat(f"2026-11-{day}T{clock}:00+00:00")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("21:59", None),
        ("22:00", at("07:00", 25)),
        ("23:30", at("07:00", 25)),
        ("06:59", at("07:00")),
        ("07:00", None),
    ],
)
def test_quiet_hours_end_in_the_morning(now, until):
    assert held_until(wants(quiet=NIGHT), HIGH, "UTC", at(now)) == until


def test_quiet_hours_are_of_the_sites_wall_clock_also_when_it_changes():
    berlin = "Europe/Berlin"
    before = datetime(2026, 10, 24, 21, tzinfo=UTC)  # 23:00, the night in which an hour is twice
    assert held_until(wants(quiet=NIGHT), HIGH, berlin, before) == datetime(
        2026, 10, 25, 6, tzinfo=UTC
    )


def test_a_critical_one_breaks_quiet_hours_and_digests_if_the_recipient_says_so():
    said = wants(quiet=NIGHT, digest_min=30)
    assert held_until(said, CRITICAL, "UTC", at("23:00")) is None
    firm = wants(quiet=NIGHT, critical_breaks=False)
    assert held_until(firm, CRITICAL, "UTC", at("23:00")) == at("07:00", 25)


def test_a_digest_is_due_at_the_same_instants_for_all_that_comes_before():
    said = wants(digest_min=30)
    due = {held_until(said, LOW, "UTC", at(clock)) for clock in ("10:00", "10:01", "10:29")}
    assert due == {at("10:30")}


def test_a_digest_that_would_come_in_quiet_hours_comes_after_them():
    assert held_until(wants(digest_min=60, quiet=NIGHT), LOW, "UTC", at("21:30")) == at("07:00", 25)


def test_least_severity_lets_through_what_is_as_bad_or_was_escalated():
    said = wants(least=HIGH)
    assert [lets_through(said, one, News.RAISED) for one in (LOW, HIGH, CRITICAL)] == [
        False, True, True,
    ]  # fmt: skip
    assert lets_through(said, LOW, News.ESCALATED)
    assert not lets_through(said, CRITICAL, News.RETURNED)
    assert lets_through(wants(returns=True), LOW, News.RETURNED)


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"ways": (Chosen(way="fax", address="1"),)}, "ways"),
        ({"ways": (Chosen(way="in-app", address="1"),)}, "ways"),
        ({"ways": (Chosen(way="mail"),)}, "address"),
        ({"ways": (Chosen(way="mail", address="a@b.c,d@e.f"),)}, "address"),
        ({"ways": (Chosen(way="mail", address="a@b.c\n"),)}, "address"),
        ({"ways": (Chosen(way="hook", address="https://x"),)}, "address"),
        ({"ways": (Chosen(way="mail", address="a@b.c"),) * 2}, "ways"),
        ({"quiet": Quiet(start="25:00", finish="07:00")}, "quiet"),
        ({"quiet": Quiet(start="07:00", finish="07:00")}, "quiet"),
        ({"digest_min": 7}, "digest_min"),
        ({"language": "fr"}, "language"),
        ({"mention": "@all everyone"}, "mention"),
    ],
)
def test_a_preference_that_cannot_be_is_refused_with_its_field(said, field):
    with pytest.raises(PreferenceError) as found:
        check_preference(wants(**said), {"mail", "hook", "in-app"}, {"mail"})
    assert found.value.field == field


def test_a_preference_that_can_be_is_taken():
    said = wants(ways=(Chosen(way="mail", address="a@b.c"),), quiet=NIGHT, mention="+886912345678")
    assert check_preference(said, {"mail"}, {"mail"}) == said


PLANT = Site(
    id="plant", name="Plant", areas=(Area(id="A", calendar="day"),),
    calendars=(Calendar(id="day", shifts=(Shift(name="early", start="06:00", finish="14:00"),)),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"site": "other"}, "site"),
        ({"account": "nobody"}, "account"),
        ({"role": Role.MANAGER}, "account"),
        ({"area": "Z"}, "area"),
        ({"shift": "late"}, "shift"),
    ],
)
def test_a_line_of_the_roster_that_cannot_be_is_refused_with_its_field(more, field):
    line = Duty(**{"site": "plant", "role": Role.OPERATOR, "account": "op", **more})
    with pytest.raises(PreferenceError) as found:
        check_duties(PLANT, [line], {"op": Role.OPERATOR})
    assert found.value.field == field


def test_the_same_line_twice_is_one():
    line = Duty(site="plant", role=Role.OPERATOR, account="op", area="A", shift="early")
    assert check_duties(PLANT, [line, line], {"op": Role.OPERATOR}) == (line,)


def test_pauses_double_to_an_hour_and_are_spread_but_the_same_in_every_process():
    pauses = [pause_s(attempts, "msg_1") for attempts in range(1, 30)]
    assert 12 <= pauses[0] <= 18
    assert all(2880 <= pause <= 4320 for pause in pauses[9:])
    assert sum(pauses[:28]) > 20 * 3600
    assert len({pause_s(5, f"msg_{n}") for n in range(20)}) > 10
    assert pause_s(5, "msg_1") == pauses[4]


def test_it_is_given_up_after_a_day_of_trying_and_not_by_a_clock_that_jumped():
    begun = at("10:00")
    assert not is_over(begun, 30, begun + GIVES_UP_AFTER - timedelta(seconds=1))
    assert not is_over(begun, 2, begun + timedelta(days=3))
    assert is_over(begun, 30, begun + GIVES_UP_AFTER)
