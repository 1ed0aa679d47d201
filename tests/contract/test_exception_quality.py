"""What the quality of alarms is worked out from, on a real PostgreSQL with a real notifier."""

from datetime import date, timedelta

import pytest

from data.domain.exceptions.quality.records import Band
from data.domain.exceptions.records import Hit, Move, Place, Severity
from data.domain.scope import Role, Scope
from data.services.alarm_quality import AlarmQuality
from data.store.exception_quality import ExceptionQuality
from data.store.exceptions import ExceptionStore
from data.store.scoped import WEB, WORKER, connect
from tests.contract.telling import NOW
from tests.people import account_of

MANAGER = Scope(role=Role.MANAGER, sites=("plant",))
TODAY = date(2026, 11, 24)


@pytest.fixture
def engine(database_url):
    made = connect(database_url, role=WORKER)
    yield made
    made.dispose()


@pytest.fixture
def quality(engine, telling):
    store = ExceptionQuality(engine.execution_options(milepost_role=WEB))
    return AlarmQuality(store, telling.clock)


def of(quality, scope=MANAGER, since=TODAY, area=None):
    return quality.of(scope, "plant", since, TODAY, "UTC", area)


def told(quality, **more):
    return [(one.name, one.alarms) for one in of(quality, **more).people]


def test_who_has_to_act_was_told_an_alarm_and_who_may_know_of_it_was_not(
    telling, quality, operator, database_url
):
    account_of(database_url, Role.PURCHASER)
    account_of(database_url, Role.SUPPLIER, party="P2")
    hits = (Hit(kind="need", order="SO-1", id="n1", party="P2"),)
    informs = (Role.PURCHASER, Role.SUPPLIER)
    telling.raised(informs=informs, hits=hits, parties=frozenset({"P2"}))
    telling.steps()
    telling.clock.advance(minutes=1)
    assert sorted(told(quality)) == [("A operator", 1), ("A supplier", 1)]


def test_an_escalation_is_an_alarm_of_whoever_it_came_to(telling, quality, operator, database_url):
    account_of(database_url, Role.PLANNER)
    telling.raised()
    telling.steps()
    telling.clock.advance(minutes=16)
    telling.steps()
    telling.clock.advance(minutes=1)
    assert sorted(told(quality)) == [("A operator", 1), ("A planner", 1)]


def test_that_it_is_back_to_normal_is_no_alarm(telling, quality, operator):
    telling.wants(operator, returns=True)
    case = telling.raised()
    telling.steps()
    telling.move(case, Move.CLEAR, "watch")
    telling.steps()
    telling.clock.advance(minutes=1)
    assert told(quality) == [("A operator", 1)]


def test_eleven_at_once_are_a_flood_of_one_source(telling, quality, operator):
    for number in range(11):
        telling.raised(subject=f"work-unit/W{number}")
    telling.steps()
    telling.clock.advance(minutes=1)
    found = of(quality)
    assert (found.band, found.raised, len(found.sources)) == (Band.FLOOD, 11, 10)
    assert [flood.alarms for flood in found.floods] == [11]


def test_answers_and_marks_come_from_what_people_did(engine, telling, quality, operator):
    case = telling.raised()
    telling.clock.advance(minutes=4)
    telling.move(case, Move.ACKNOWLEDGE)
    telling.clock.advance(minutes=6)
    telling.move(case, Move.RESOLVE)
    marks = ExceptionStore(engine.execution_options(milepost_role=WEB))
    marks.mark("plant", case.number, operator.id, False, telling.clock())
    telling.clock.advance(minutes=1)
    found = of(quality)
    (down,) = found.by_rule
    assert (down.raised, down.acknowledged.mean_s, down.resolved.mean_s) == (1, 240.0, 600.0)
    assert [(one.rule, one.useful, one.noise) for one in found.precision] == [("down", 0, 1)]
    assert found.severities[Severity.HIGH] == 1


def test_what_stands_since_before_the_period_is_stale_in_it(telling, quality):
    case = telling.raised()
    telling.clock.advance(days=2)
    found = quality.of(MANAGER, "plant", TODAY + timedelta(2), TODAY + timedelta(2), "UTC")
    assert [(one.number, one.stood_s) for one in found.stale] == [(case.number, 172_800.0)]
    assert found.raised == 0


def test_what_stands_inside_of_another_is_said_by_the_other(telling, quality):
    outer = telling.raised()
    telling.raised(subject="order/SO-1", parent=outer.number)
    telling.clock.advance(minutes=1)
    assert of(quality).raised == 1


def test_a_line_has_its_own_quality(telling, quality, operator):
    telling.raised()
    telling.raised(subject="work-unit/W2", place=Place(area="B"))
    telling.steps()
    telling.clock.advance(minutes=1)
    assert (of(quality).raised, of(quality, area="B").raised) == (2, 1)
    assert (told(quality), told(quality, area="B")) == ([("A operator", 2)], [("A operator", 1)])


def test_another_site_s_and_other_days_are_left_out(telling, quality, operator):
    telling.raised(site="plant")
    telling.steps()
    telling.clock.advance(days=1)
    tomorrow = (NOW + timedelta(days=1)).date()
    found = quality.of(MANAGER, "plant", tomorrow, tomorrow, "UTC")
    assert (found.people, found.raised) == ((), 0)
