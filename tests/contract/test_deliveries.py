"""Who is told of an exception, when, and by which way, on a real PostgreSQL."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from data.domain.deliveries import DeliveryState
from data.domain.exceptions.recipients import since_told
from data.domain.exceptions.records import Move, Severity
from data.domain.preferences import Duty, Quiet
from data.domain.scope import Role
from tests.contract.telling import RULE, FakeWay, FakeWays, Telling, hit, robot
from tests.people import account_of


@pytest.fixture(autouse=True)
def database_url(emptied_database_url):
    return emptied_database_url


def address(account):
    return f"{account.id}@example.com"


def test_who_is_on_call_is_told_once_in_the_program_and_by_the_way_they_chose(telling, operator):
    telling.wants(operator)
    case = telling.raised()
    telling.steps()
    assert telling.sent() == [(address(operator), f"raised {case.name}")]
    shown = telling.outbox.of("plant", case.number)
    assert [(one.way, one.state.value) for one in shown] == [("in-app", "sent"), ("mail", "sent")]
    assert shown[1].answer == "250 ok"
    assert [one.exception for one in telling.outbox.told(operator.id, 10)] == [case.number]
    telling.clock.advance(minutes=5)
    telling.steps()
    assert len(telling.sent()) == 1


def test_the_roster_says_who_is_on_call_in_a_shift(telling, operator, database_url):
    other = account_of(database_url, Role.OPERATOR, login="other")
    for one in (operator, other):
        telling.wants(one)
    line = Duty(site="plant", role=Role.OPERATOR, account=other.id, shift="early")
    telling.pages.keep_duties("plant", [line])
    telling.raised()
    telling.steps()
    assert [to for to, _ in telling.sent()] == [address(other)]


def test_off_shift_the_next_shift_is_told_when_it_begins_but_of_a_critical_one_at_once(
    telling, operator
):
    telling.wants(operator)
    line = Duty(site="plant", role=Role.OPERATOR, account=operator.id, shift="early")
    telling.pages.keep_duties("plant", [line])
    telling.clock.advance(hours=8)  # 16:00
    telling.raised()
    urgent = telling.raised(subject="work-unit/W2", severity=Severity.CRITICAL)
    telling.steps()
    assert telling.sent() == [(address(operator), f"raised {urgent.name}")]
    telling.clock.advance(hours=14)
    telling.steps()
    assert len(telling.sent()) == 2


def test_what_was_acknowledged_before_it_went_out_is_not_told_any_more(telling, operator):
    telling.wants(operator, quiet=Quiet(start="07:00", finish="10:00"))
    case = telling.raised()
    telling.steps()
    assert telling.states(case) == ["held"]
    telling.move(case, Move.ACKNOWLEDGE)
    telling.clock.advance(hours=3)
    telling.steps()
    assert telling.states(case) == ["withdrawn"]
    assert telling.sent() == []


def test_what_quiet_hours_held_comes_as_one_digest_with_what_still_stands(telling, operator):
    telling.wants(operator, quiet=Quiet(start="07:00", finish="10:00"))
    cases = [telling.raised(subject=f"work-unit/W{n}") for n in range(3)]
    urgent = telling.raised(subject="work-unit/W9", severity=Severity.CRITICAL)
    telling.steps()
    assert telling.sent() == [(address(operator), f"raised {urgent.name}")]
    telling.move(cases[1], Move.ACKNOWLEDGE)
    telling.clock.advance(hours=2)
    telling.steps()
    assert telling.sent()[1:] == [(address(operator), "2 exceptions")]
    assert telling.ways.find("mail").sent[1].lines == tuple(
        f"raised {case.name}" for case in (cases[0], cases[2])
    )
    assert telling.states(cases[0]) == ["sent"]


def test_a_digest_gathers_what_came_in_its_minutes(telling, operator):
    telling.wants(operator, digest_min=30)
    telling.clock.advance(minutes=1)
    for number in range(3):
        telling.raised(subject=f"work-unit/W{number}")
        telling.clock.advance(minutes=5)
        telling.steps()
    assert telling.sent() == []
    telling.clock.advance(minutes=20)
    telling.steps()
    assert [text for _, text in telling.sent()] == ["3 exceptions"]


def test_of_less_than_somebody_wants_nothing_goes_out_but_the_program_shows_it(telling, operator):
    telling.wants(operator, least=Severity.CRITICAL)
    case = telling.raised()
    telling.steps()
    assert telling.sent() == []
    assert telling.states(case, "in-app") == ["sent"]


def test_a_robot_calls_by_name_those_who_are_to_act(engine, operator):
    rule = replace(RULE, ways=("robot",))
    telling = Telling(engine, ways=FakeWays(robot=robot(), mail=FakeWay()), rules=(rule,))
    telling.wants(operator, mention="+8613800000000")
    telling.raised()
    telling.steps()
    assert telling.ways.find("robot").sent[0].mentions == ("+8613800000000",)


def test_a_supplier_hears_as_soon_as_it_is_hit_and_not_before(telling, database_url):
    acme = account_of(database_url, Role.SUPPLIER, party="acme")
    bolts = account_of(database_url, Role.SUPPLIER, party="bolts")
    for one in (acme, bolts):
        telling.wants(one)
    case = telling.raised(informs=(Role.SUPPLIER,), parties=frozenset({"acme", "bolts"}))
    telling.steps()
    assert telling.sent() == []
    case = telling.move(case, Move.CHANGE, "watch", hits=(hit("acme"),))
    telling.move(case, Move.CHANGE, "watch", hits=(hit("acme"), hit("acme", "SO-2")))
    telling.steps()
    assert telling.sent() == [(address(acme), f"raised {case.name}")]


def test_dates_that_slip_on_are_told_again_from_those_that_were_told_every_half_hour_at_most(
    telling, database_url
):
    acme = account_of(database_url, Role.SUPPLIER, party="acme")
    telling.wants(acme)
    case = telling.raised(informs=(Role.SUPPLIER,), parties=frozenset({"acme"}), hits=(later(0),))
    telling.steps()
    for minutes, hours in ((10, 2), (5, 3), (14, 3)):
        telling.clock.advance(minutes=minutes)
        telling.move(case, Move.CHANGE, "watch", hits=(later(hours),))
        telling.steps()
        assert telling.sent() == [(address(acme), f"raised {case.name}")]
    telling.clock.advance(minutes=1)
    telling.steps()
    assert telling.sent()[1:] == [(address(acme), f"moved {case.name}")]
    said = since_told(telling.now(case), telling.outbox.of("plant", case.number)[-1].detail)
    (told,) = said.hits
    assert (told.before_at, told.after_at) == (later(0).after_at, later(3).after_at)
    telling.clock.advance(hours=1)
    telling.move(case, Move.CHANGE, "watch", hits=(later(3.2),))  # that is nothing to speak of
    telling.steps()
    assert len(telling.sent()) == 2


def later(hours):
    """What a supplier's part is needed by, so much later than it was told first."""
    first = hit("acme")
    return replace(first, after_at=first.after_at + timedelta(hours=hours))


def test_what_may_not_be_said_to_somebody_is_withdrawn(telling, operator):
    telling.wants(operator)
    case = telling.raised()
    telling.wording.hidden.add(case.number)
    telling.steps()
    assert telling.states(case) == ["withdrawn"]


def test_back_to_normal_is_told_to_a_group_that_was_told_and_to_who_asked_for_it(
    engine, operator, database_url
):
    other = account_of(database_url, Role.OPERATOR, login="other")
    rule = replace(RULE, ways=("robot",), levels=())
    telling = Telling(engine, ways=FakeWays(robot=robot(9), mail=FakeWay()), rules=(rule,))
    telling.wants(operator, returns=True)
    telling.wants(other)
    case = telling.raised()
    telling.steps()
    telling.move(case, Move.CLEAR, "watch")
    telling.steps()
    told = f"returned {case.name}"
    assert [text for _, text in telling.sent("robot")] == [f"raised {case.name}", told]
    assert [to for to, text in telling.sent() if text == told] == [address(operator)]


def test_of_what_stands_inside_another_nobody_is_told(telling, operator):
    telling.wants(operator)
    outer = telling.raised()
    telling.raised(subject="order/SO-1", parent=outer.number)
    telling.steps()
    assert [text for _, text in telling.sent()] == [f"raised {outer.name}"]


def test_what_was_done_with_long_ago_is_dropped_and_what_waits_is_not(telling, operator):
    telling.wants(operator)
    done = telling.raised()
    telling.steps()
    telling.wants(operator, digest_min=240)
    waiting = telling.raised(subject="work-unit/W2")
    telling.planner.step()
    telling.outbox.forget(telling.clock() + timedelta(days=1))
    assert telling.outbox.of("plant", done.number) == []
    assert telling.states(waiting) == ["held"]
    assert telling.outbox.counts()[DeliveryState.HELD] == 1
