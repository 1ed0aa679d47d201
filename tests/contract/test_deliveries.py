"""The notifier on a real PostgreSQL: nothing is lost, nothing is told twice, whoever dies when."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from data.domain.deliveries import DeliveryState
from data.domain.exceptions.evaluate import WayDown
from data.domain.exceptions.recipients import since_told
from data.domain.exceptions.records import Move, Severity
from data.domain.notices import Permanent, Transient
from data.domain.preferences import Chosen, Duty, Quiet
from data.domain.scope import Role
from data.services.errors import Unavailable
from data.store.program import Program
from data.store.scoped import WORKER, connect
from tests.contract.telling import RULE, FakeWay, FakeWays, Telling, hit, robot
from tests.engines import empty
from tests.people import account_of


@pytest.fixture(autouse=True)
def database_url(emptied_database_url):
    return emptied_database_url


@pytest.fixture(scope="module")
def engine(shared_database_url):
    made = connect(shared_database_url, role=WORKER)
    yield made
    made.dispose()


@pytest.fixture
def telling(engine):
    return Telling(engine)


@pytest.fixture
def operator(database_url):
    return account_of(database_url, Role.OPERATOR, login="op")


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
    from data.services.delivering import Claim

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
