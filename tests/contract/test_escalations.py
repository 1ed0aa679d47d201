"""The escalation clock on a real PostgreSQL: on site time, once a level, whatever comes between."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from data.domain.exceptions.records import Move, State
from data.domain.scope import Role
from tests.contract.telling import NOW, RULE, Telling, with_level
from tests.people import account_of


@pytest.fixture(autouse=True)
def database_url(emptied_database_url):
    return emptied_database_url


def run(telling, **by):
    telling.clock.advance(**by)
    telling.steps()


def test_each_level_is_told_after_its_working_minutes_and_once(telling, database_url):
    planner = account_of(database_url, Role.PLANNER)
    telling.wants(planner)
    case = telling.raised()
    run(telling)
    assert telling.now(case).escalate_at == NOW + timedelta(minutes=15)
    assert telling.now(case).version == 1  # the clock makes nobody who looks at it lose
    run(telling, minutes=14)
    assert telling.levels(case) == []
    run(telling, minutes=1)
    assert telling.levels(case) == [1]
    assert telling.now(case).escalate_at == NOW + timedelta(minutes=45)
    run(telling, minutes=30)
    run(telling, hours=3)
    assert telling.levels(case) == [1, 2]
    assert telling.now(case).escalate_at is None
    assert [text for _, text in telling.sent()] == [f"escalated {case.name}"]


def test_acknowledgement_stops_the_clock_and_giving_it_back_starts_it_again(telling):
    case = telling.raised()
    run(telling, minutes=10)
    telling.move(case, Move.ACKNOWLEDGE)
    run(telling, hours=2)
    assert telling.levels(case) == []
    telling.move(case, Move.RELEASE)
    given_back = telling.clock()
    run(telling, minutes=1)
    assert telling.now(case).escalate_at == given_back + timedelta(minutes=15)
    run(telling, minutes=15)
    assert telling.levels(case) == [1]


def test_off_shift_the_clock_stands_still(telling):
    telling.clock.advance(hours=5, minutes=50)  # 13:50, ten minutes before the shift ends
    case = telling.raised()
    run(telling)
    morning = NOW + timedelta(hours=22, minutes=5)  # 06:05 of the next day
    assert telling.now(case).escalate_at == morning
    run(telling, hours=12)
    assert telling.levels(case) == []
    telling.clock.at = morning
    telling.steps()
    assert telling.levels(case) == [1]


def test_what_came_due_while_nobody_looked_waits_for_the_next_shift(telling):
    case = telling.raised()
    run(telling)
    run(telling, hours=9)  # 17:00: due at 08:15, and no notifier ran until now
    assert telling.levels(case) == []
    assert telling.now(case).escalate_at == NOW + timedelta(hours=22)
    telling.clock.at = NOW + timedelta(hours=22, seconds=1)
    telling.steps()
    assert telling.levels(case) == [1]


def test_a_clock_that_jumps_tells_one_level_and_the_next_has_its_full_time(telling):
    case = telling.raised()
    run(telling)
    run(telling, hours=4)
    assert telling.levels(case) == [1]
    assert telling.now(case).escalate_at == telling.clock() + timedelta(minutes=30)
    run(telling, hours=-4)
    assert telling.levels(case) == [1]
    run(telling, hours=4, minutes=31)
    assert telling.levels(case) == [1, 2]


def test_restarted_in_the_middle_the_clock_goes_on_from_where_it_was(engine):
    first = Telling(engine)
    case = first.raised()
    run(first, minutes=14)
    second = Telling(engine, first.clock)
    run(second, minutes=1)
    assert second.levels(case) == [1]
    third = Telling(engine, first.clock)
    run(third, minutes=29)
    assert third.levels(case) == [1]
    run(third, minutes=1)
    assert third.levels(case) == [1, 2]


def test_of_two_notifiers_one_escalates(engine):
    one = Telling(engine)
    two = Telling(engine, one.clock)
    case = one.raised()
    run(one)
    one.clock.advance(minutes=15)
    due = one.clocks.due("plant", one.clock(), 10)
    two.steps()
    one.clocks.due = lambda *_: due  # what it read before the other moved
    one.steps()
    assert one.levels(case) == [1]


def test_what_stands_inside_another_and_what_has_no_levels_is_not_escalated(engine):
    flat = replace(RULE, id="flat", levels=())
    telling = Telling(engine, rules=(RULE, flat))
    outer = telling.raised(rule="flat")
    inner = telling.raised(subject="order/SO-1", parent=outer.number)
    run(telling, hours=5)
    assert telling.levels(outer) == telling.levels(inner) == []


def test_a_level_that_was_taken_away_stops_the_clock(telling):
    case = telling.raised()
    run(telling)
    telling.rules.rules = (with_level(RULE),)
    run(telling, hours=1)
    assert telling.levels(case) == []
    assert telling.now(case).escalate_at is None


def test_a_shelf_that_has_ended_brings_it_back_with_a_fresh_clock(telling):
    case = telling.raised()
    run(telling, minutes=5)
    telling.move(case, Move.SHELVE, shelved_until=NOW + timedelta(hours=2))
    run(telling, hours=1)
    assert telling.now(case).state is State.SHELVED
    run(telling, hours=1)
    found = telling.now(case)
    assert found.state is State.UNACKNOWLEDGED
    run(telling)
    assert telling.now(case).escalate_at == telling.clock() + timedelta(minutes=15)


def test_what_has_been_normal_for_as_long_as_its_rule_says_is_closed(telling):
    case = telling.raised()
    telling.move(case, Move.CLEAR, "watch")
    run(telling, minutes=59)
    assert telling.now(case).state is State.RETURNED
    run(telling, minutes=1)
    assert telling.now(case).state is State.CLOSED
    moves = telling.store.transitions("plant", case.number)
    assert [(one.move, one.actor) for one in moves[-1:]] == [(Move.EXPIRE, "clock")]
