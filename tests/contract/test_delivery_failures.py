"""Ways that fail, are limited or gone, and notifiers that die: all is told, and told once."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from data.domain.deliveries import DeliveryState
from data.domain.exceptions.evaluate import WayDown
from data.domain.notices import Permanent, Transient
from data.domain.preferences import Chosen
from data.domain.scope import Role
from data.services.delivering import Claim
from data.services.errors import Unavailable
from data.store.program import Program
from tests.contract.telling import RULE, FakeWay, FakeWays, Telling, robot
from tests.engines import empty
from tests.people import account_of


@pytest.fixture(autouse=True)
def database_url(emptied_database_url):
    return emptied_database_url


def test_a_way_that_is_down_for_hours_is_tried_less_and_less_and_gets_it_once(telling, operator):
    telling.wants(operator)
    mail = telling.ways.find("mail")
    mail.always = Transient("connection refused")
    case = telling.raised()
    for _ in range(20 * 4):
        telling.steps()
        telling.clock.advance(minutes=15)
    assert telling.states(case) == ["failed"]
    tried = len(mail.sent)
    assert 15 < tried < 40
    mail.always = None
    telling.clock.advance(hours=2)
    telling.steps()
    assert telling.states(case) == ["sent"]
    assert len({one.id for one in mail.sent}) == 1
    assert len({one.text for one in mail.sent}) == 1


def test_a_way_that_fails_and_lets_nothing_through_is_known_to_until_it_does(telling, operator):
    telling.wants(operator)
    telling.ways.find("mail").answers.append(Transient("421 busy"))
    telling.raised()
    telling.steps()
    program = Program(telling.engine)
    assert program.ways() == [WayDown(name="mail", since=telling.clock(), reason="421 busy")]
    telling.clock.advance(minutes=1)
    telling.steps()
    assert program.ways() == []


def test_after_a_day_it_is_given_up_and_said_and_the_next_way_takes_over(engine, operator):
    ways = FakeWays(mail=FakeWay(), sms=FakeWay())
    telling = Telling(engine, ways=ways, rules=(replace(RULE, levels=()),))
    ways.find("mail").always = Transient("connection refused")
    telling.wants(
        operator, ways=(Chosen(way="mail", address="a@b.c"), Chosen(way="sms", address="1"))
    )
    case = telling.raised()
    for _ in range(25):
        telling.steps()
        telling.clock.advance(hours=1, minutes=15)
    assert telling.states(case) == ["given_up"]
    assert telling.states(case, "sms") == ["sent"]
    given_up = telling.outbox.of("plant", case.number)[1]
    assert given_up.answer == "connection refused"


def test_a_clock_that_jumps_a_day_ahead_gives_nothing_up(telling, operator):
    telling.wants(operator)
    mail = telling.ways.find("mail")
    mail.always = Transient("busy")
    case = telling.raised()
    telling.steps()
    telling.clock.advance(days=2)
    telling.steps()
    assert telling.states(case) == ["failed"]
    telling.clock.advance(days=-2)
    mail.always = None
    telling.steps()
    assert telling.states(case) == ["sent"]


def test_an_answer_that_is_an_error_for_good_is_given_up_at_once(telling, operator):
    telling.wants(operator)
    telling.ways.find("mail").answers.append(Permanent("errcode 310000: sign not match"))
    case = telling.raised()
    telling.steps()
    assert telling.states(case) == ["given_up"]
    telling.clock.advance(hours=2)
    telling.steps()
    assert len(telling.sent()) == 1


def test_a_way_that_is_gone_is_shut_shown_and_used_no_more_until_it_is_opened(engine, operator):
    ways = FakeWays(mail=FakeWay(), hook=FakeWay(addressed=False))
    rule = replace(RULE, ways=("hook",))
    telling = Telling(engine, ways=ways, rules=(rule,))
    ways.find("hook").answers.append(Permanent("410 Gone", disable=True))
    first = telling.raised()
    second = telling.raised(subject="work-unit/W2")
    telling.steps()
    third = telling.raised(subject="work-unit/W3")
    telling.steps()
    assert telling.states(first, "hook") == ["given_up"]
    assert telling.states(third, "hook") == ["given_up"]
    assert [(one.way, one.reason) for one in telling.book.all_shut()] == [("hook", "410 Gone")]
    (known,) = Program(engine).ways()
    assert (known.name, known.shut, known.addresses, known.reason) == ("hook", True, 0, "410 Gone")
    before = len(ways.find("hook").sent)
    assert telling.book.reopen("hook")
    assert Program(engine).ways() == []
    assert not telling.book.reopen("hook")
    fourth = telling.raised(subject="work-unit/W4")
    telling.steps()
    assert telling.states(fourth, "hook") == ["sent"]
    assert len(ways.find("hook").sent) == before + 1
    assert telling.states(second, "hook") != []


def test_a_robots_limit_holds_over_all_processes_and_the_rest_becomes_one_digest(engine):
    shared = robot(count=3)
    rule = replace(RULE, ways=("robot",), levels=())
    one = Telling(engine, ways=FakeWays(robot=shared), rules=(rule,))
    two = Telling(engine, one.clock, ways=FakeWays(robot=shared), rules=(rule,))
    for number in range(2):
        one.raised(subject=f"work-unit/W{number}")
    one.steps()
    two.steps()
    assert len(shared.sent) == 2
    for number in range(10, 30):
        one.raised(subject=f"work-unit/W{number}")
    one.steps()
    two.steps()
    assert [notice.text for notice in shared.sent[2:]] == ["20 exceptions"]
    late = one.raised(subject="work-unit/W99")
    two.steps()
    one.steps()
    assert one.states(late, "robot") == ["waiting"]
    one.clock.advance(seconds=61)
    two.steps()
    assert one.states(late, "robot") == ["sent"]


def test_a_robot_that_asks_for_silence_gets_it_from_everybody(engine):
    shared = robot(count=20)
    rule = replace(RULE, ways=("robot",), levels=())
    one = Telling(engine, ways=FakeWays(robot=shared), rules=(rule,))
    two = Telling(engine, one.clock, ways=FakeWays(robot=shared), rules=(rule,))
    shared.answers.append(Transient("errcode 130101", retry_after_s=600))
    one.raised()
    one.steps()
    one.raised(subject="work-unit/W2")
    one.clock.advance(minutes=9)
    two.steps()
    assert len(shared.sent) == 1
    one.clock.advance(minutes=5)
    two.steps()
    assert len(shared.sent) > 1


def test_what_waits_for_a_way_that_is_no_more_goes_the_next(engine, operator):
    before = Telling(engine, ways=FakeWays(mail=FakeWay(), sms=FakeWay()))
    before.wants(
        operator, ways=(Chosen(way="mail", address="a@b.c"), Chosen(way="sms", address="1"))
    )
    case = before.raised()
    before.planner.step()
    after = Telling(engine, before.clock, ways=FakeWays(sms=FakeWay()))
    after.steps()
    assert after.states(case) == ["given_up"]
    assert after.states(case, "sms") == ["sent"]


def test_two_notifiers_at_once_tell_each_thing_once(engine, operator):
    shared = FakeWays(mail=FakeWay())
    one = Telling(engine, ways=shared)
    two = Telling(engine, one.clock, ways=shared)
    one.wants(operator)
    for number in range(12):
        one.raised(subject=f"work-unit/W{number}")
    with one.outbox.planning(5) as first, two.outbox.planning(100) as second:
        keys = [(move.number, move.version) for _, move in first.moves + second.moves]
    assert len(keys) == len(set(keys)) == 12
    one.planner.step()
    claimed = one.outbox.take("mail", 4, None, claim(one))
    two.steps()
    assert len(shared.find("mail").sent) == 8
    assert len(claimed) == 4
    one.clock.advance(minutes=2)  # the first died with its claim
    two.steps()
    assert len({text for _, text in two.sent()}) == len(two.sent()) == 12


def claim(telling):
    now = telling.clock()
    return Claim(token="dead", now=now, until=now + timedelta(seconds=90))


STORE_CALLS = (
    ("outbox", "planning"), ("outbox", "take"), ("outbox", "shut"), ("outbox", "keep_notice"),
    ("outbox", "finish"), ("store", "cases"), ("store", "keep"), ("people", "accounts"),
    ("people", "duties"), ("clocks", "unset"), ("clocks", "set_clock"), ("clocks", "due"),
    ("clocks", "waiting_since"),
)  # fmt: skip


def test_killed_at_any_call_nothing_is_lost_and_ids_tell_what_came_twice(
    engine, database_url, monkeypatch
):
    for part, call in STORE_CALLS:
        for after in (False, True):
            empty(database_url)
            with monkeypatch.context() as patched:
                sent = killed_once(Telling(engine), database_url, patched, part, call, after)
            noted_late = call == "finish" and not after  # sent, and dead before that was noted
            assert len(sent) == 2 + noted_late, (part, call, after)


def killed_once(telling, database_url, patched, part, call, after):
    """Let a notifier die once at a call, before or after it is done; return what went out."""
    for role in (Role.OPERATOR, Role.PLANNER):
        telling.wants(account_of(database_url, role))
    case = telling.raised()
    real, dead = getattr(getattr(telling, part), call), []

    def dies(*arguments, **named):
        if dead:
            return real(*arguments, **named)
        if after and call != "planning":
            real(*arguments, **named)
        dead.append(call)
        raise Unavailable("killed")

    patched.setattr(getattr(telling, part), call, dies)
    for minutes in (2, 14, 2, 2, 0):
        try:
            telling.steps()
        except Unavailable:
            telling.start()
        telling.clock.advance(minutes=minutes)
    assert dead
    by_id = {one.id: one.text for one in telling.ways.find("mail").sent}
    assert sorted(by_id.values()) == [f"escalated {case.name}", f"raised {case.name}"]
    assert telling.levels(case) == [1]
    assert set(telling.states(case)) == {DeliveryState.SENT.value}
    return telling.sent()
