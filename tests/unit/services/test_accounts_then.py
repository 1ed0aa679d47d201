"""An account of the past knows what had been recorded by then, and nothing else."""

from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from data.domain.events import EventType
from data.domain.ledger.records import Cause
from data.domain.scope import factory_scope
from data.services.accounts_then import AccountsThen
from data.services.errors import Forbidden
from tests.unit.domain.order_records import (
    EVENTS,
    FIRST_PLAN,
    ORDER,
    OTHER,
    SITE,
    THE_REST,
    at,
    tell,
)

SCOPE = factory_scope("works")
ON_M1 = replace(
    ORDER,
    operations=tuple(
        replace(o, work_unit="M1" if o.id == "20" else None) for o in ORDER.operations
    ),
)
PLANS = (
    tell(EventType.PLAN_CHANGED, "order/SO-1", -1, order=FIRST_PLAN),
    tell(EventType.PLAN_CHANGED, "order/SO-1", 3.5, order=ON_M1),
)
LATE_NEWS = replace(tell(EventType.OPERATION_PAUSED, "operation/SO-1/20", 5.5), recorded_at=at(20))


class Recorded:
    """Everything that was ever recorded, read at any instant."""

    told = (*PLANS, *EVENTS, *THE_REST, LATE_NEWS)

    def plans(self, site, order_ids):
        return []

    @contextmanager
    def reading(self, site):
        yield self

    def site(self, site):
        return SITE

    def states(self, site, work_units, span):
        return [event for event in self.told if event.subject.startswith("work-unit/")]

    def occupations(self, site, work_units, span, now):
        return [OTHER]

    def events(self, site, identities):
        return [event for event in self.told if (event.source, event.id) in identities]

    def events_until(self, site, when, subjects):
        return [e for e in self.told if e.recorded_at <= when and e.subject in subjects]


def accounts_at(hours):
    return AccountsThen(Recorded(), Recorded()).at(at(hours))


def ledger(hours):
    return accounts_at(hours).ledger(SCOPE, "works", "SO-1", at(hours))


def test_an_order_completed_since_was_open_then():
    assert not ledger(9).completed
    assert ledger(13).completed


def test_it_is_held_to_the_plan_of_then():
    assert ledger(3).due_at == FIRST_PLAN.due_at
    assert ledger(9).due_at == ORDER.due_at
    assert [v.number for v in accounts_at(3).plan_versions(SCOPE, "works", "SO-1")] == [1]


def test_a_plan_voided_since_still_held_then():
    past = Recorded()
    void = tell(EventType.EVENT_VOIDED, "order/SO-1", 6, event_id=PLANS[1].id)
    past.told = (*Recorded.told, void)
    then = AccountsThen(past, past)
    assert len(then.at(at(5)).plan_versions(SCOPE, "works", "SO-1")) == 2
    assert len(then.at(at(7)).plan_versions(SCOPE, "works", "SO-1")) == 1


def test_what_was_recorded_later_proves_nothing_yet():
    named = [(LATE_NEWS.source, LATE_NEWS.id)]
    assert accounts_at(9).events(SCOPE, "works", named) == []
    assert accounts_at(21).events(SCOPE, "works", named) == [LATE_NEWS]


def test_work_that_ended_later_still_went_on_then():
    steps = [s for s in ledger(4).steps if s.cause is Cause.CONTENTION]
    assert [(s.start, s.end) for s in steps] == [(at(3), at(4))]


def test_states_that_came_later_are_not_known_yet():
    assert not [s for s in ledger(5.5).steps if s.cause is Cause.DOWN]
    assert [s for s in ledger(9).steps if s.cause is Cause.DOWN]


def test_an_order_planned_later_isnt_there_and_nor_is_anothers_site():
    with pytest.raises(Forbidden):
        accounts_at(-3).ledger(SCOPE, "works", "SO-1", at(-3))
    with pytest.raises(Forbidden):
        accounts_at(9).ledger(factory_scope("other"), "works", "SO-1", at(9))
