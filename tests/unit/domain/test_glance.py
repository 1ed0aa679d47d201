"""How a site stands at one look, from what a board, its indexes and the facts say."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from data.domain.exceptions.records import Severity, State
from data.domain.facts import Facts, LineBottleneck
from data.domain.glance import site_glance
from data.domain.scope import Role, Scope
from data.domain.view import Readers
from tests.unit import cases
from tests.unit.callbacks.desk.places import NOW, live_site, order

READERS = Readers(
    log_connected=True, event_age_s=1.0, history_lag_s=1.0, history_stale=False, watch_lag_s=1.0
)
MANAGER = Scope(role=Role.MANAGER, sites=("north",))


def glance(orders=(), facts=None, readers=READERS, scope=MANAGER):
    live = live_site(orders=orders)
    return site_glance(live.indexes, facts or Facts(), readers, {}, scope, NOW)


def raised(**more):
    """Facts with one exception of the site."""
    facts, case = Facts(), cases.ordinary()[0]
    facts.exceptions[case.number] = replace(case, site="north", parent=None, **more)
    return facts


def test_orders_are_counted_for_the_site_and_for_each_line():
    seen = glance([order("A"), order("B", due=timedelta(hours=-3)), order("C", center="CB")])
    assert (seen.open, seen.late) == (3, 1)
    assert [(line.area, line.late, line.units) for line in seen.lines] == [("A", 1, 1), ("B", 0, 0)]
    assert [line.name for line in seen.lines] == ["Line A", "B"]


def test_exceptions_that_need_somebody_are_counted_by_severity():
    facts = raised(severity=Severity.HIGH, state=State.UNACKNOWLEDGED)
    seen = glance(facts=facts).severities
    assert seen == {Severity.CRITICAL: 0, Severity.HIGH: 1, Severity.LOW: 0}


@pytest.mark.parametrize("more", [{"state": State.SHELVED}, {"parent": 99}])
def test_what_is_put_aside_or_stands_inside_of_another_is_not_counted(more):
    facts = raised(state=State.UNACKNOWLEDGED)
    number, case = next(iter(facts.exceptions.items()))
    facts.exceptions[number] = replace(case, **more)
    assert sum(glance(facts=facts).severities.values()) == 0


def test_what_is_none_of_the_viewers_business_is_not_counted():
    facts = raised(state=State.UNACKNOWLEDGED, owner_role=Role.MANAGER, informs=())
    operator = Scope(role=Role.OPERATOR, sites=("north",))
    assert sum(glance(facts=facts).severities.values()) == 1
    assert sum(glance(facts=facts, scope=operator).severities.values()) == 0


def test_of_a_watch_that_was_never_heard_nothing_is_counted():
    unheard = replace(READERS, watch_lag_s=None)
    seen = glance(readers=unheard)
    assert (seen.severities, seen.watch_silent_s) == (None, None)


def test_a_watch_is_silent_after_a_quarter_of_a_minute():
    assert glance().watch_silent_s is None
    assert glance(readers=replace(READERS, watch_lag_s=16.0)).watch_silent_s == 16.0


def test_each_line_has_its_own_bottleneck():
    facts = Facts()
    facts.bottlenecks["A"] = LineBottleneck(
        area="A", as_of=NOW, work_unit="U1", since=NOW, today=(), clear=None, reason=None
    )
    first, second = glance(facts=facts).lines
    assert (first.bottleneck and first.bottleneck.work_unit, second.bottleneck) == ("U1", None)
