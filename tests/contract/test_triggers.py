"""Milestone triggers on real engines: noticed once by the watch, told once by the notifier."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from data.domain.forecast.records import Finish, MilestoneForecast, OrderForecast
from data.domain.plan import Milestone
from data.domain.scope import Role, factory_scope
from data.domain.site import Party, PartyKind
from data.domain.triggers import Trigger, TriggerError, When
from data.services.accounts_desk import By
from data.services.audit import Audit
from data.services.errors import Forbidden
from data.services.triggers import MilestoneTriggers, Triggers, usual_triggers
from data.store.audit import AuditStore
from tests.contract.telling import FakeWay, FakeWays, Telling
from tests.contract.world import (
    NOW,
    PLANT,
    completed,
    order,
    plan_document,
    process,
    site_document,
    void,
)
from tests.people import account_of

PACKED = Milestone(id="m1", name="packed", operation="10", baseline_at=NOW)
SITE = replace(
    PLANT, parties=(*PLANT.parties, Party(id="T1", name="Trucks", kind=PartyKind.LOGISTICS))
)
SHIPPED = Milestone(id="m2", name="shipped", operation="20", baseline_at=NOW)
REACHED = Trigger(id="packed", when=When.REACHED, milestones=("packed",), ways=("hook",))


@pytest.fixture(autouse=True)
def database_url(emptied_database_url):
    return emptied_database_url


@pytest.fixture
def world(redis_url, database_url):
    with process(redis_url, database_url) as made:
        plan = order(milestones=(PACKED, SHIPPED), customer="B1", shipped_by="T1", area="A")
        made.log.announce(PLANT.id)
        assert made.said(site_document(SITE), plan_document(plan)) == ["accepted"] * 2
        yield made


@pytest.fixture
def telling(engine, world):
    ways = FakeWays(mail=FakeWay(), hook=FakeWay(addressed=False))
    return Telling(engine, world.clock, ways, site=PLANT)


def aspect(telling, world, begun=True):
    made = MilestoneTriggers(PLANT.id, telling.triggers, world.clock)
    if begun:
        made.begin(world.live())
    return made


def keep(telling, *triggers):
    for one in triggers:
        assert telling.editor.keep_trigger(PLANT.id, one, 0, "account/x", NOW)


def forecast(world, p50, p80, milestone="m2"):
    finish = Finish(p50_at=NOW + p50, p80_at=NOW + p80, p95_at=NOW + p80)
    made = OrderForecast(
        order="SO-1", made_at=NOW, finish=finish, calibrated=True, operations=(),
        milestones=(MilestoneForecast(milestone=milestone, finish=finish),), needs=(),
        remaining_s=(),
    )  # fmt: skip
    world.live().take_facts({"forecast/SO-1": msgspec.json.encode(made)}, whole=False)


def told(telling):
    telling.steps()
    return [(one.text, one.mentions) for one in telling.ways.find("hook").sent]


def test_a_milestone_that_is_reached_is_told_once_also_over_restarts(telling, world):
    keep(telling, REACHED)
    watch = aspect(telling, world)
    watch.work(NOW)
    assert told(telling) == []
    world.accept(completed("c1", "operation/SO-1/10"))
    world.live().read(None)
    for each in (watch, aspect(telling, world), aspect(telling, world)):
        each._touched.add("SO-1")
        each.work(world.live().now)
        each.work(world.live().now)
    assert [text for text, _ in told(telling)] == ["reached milestone/SO-1/m1"]
    world.accept(void("v1", "c1"), completed("c2", "operation/SO-1/10"))
    again = aspect(telling, world)
    again.work(world.live().now)
    assert len(told(telling)) == 1


def test_what_was_reached_long_ago_fires_nothing(telling, world):
    keep(telling, REACHED)
    world.accept(completed("c1", "operation/SO-1/10", NOW - timedelta(hours=3)))
    aspect(telling, world).work(NOW + timedelta(days=2))
    assert told(telling) == []
    aspect(telling, world).work(NOW)
    assert len(told(telling)) == 1


def test_what_is_forecast_within_working_minutes_is_near(telling, world):
    keep(
        telling,
        Trigger(id="near", when=When.NEAR, within_min=60, ways=("hook",)),
        Trigger(id="near-50", when=When.NEAR, within_min=60, sure=50, ways=("hook",)),
    )
    watch = aspect(telling, world)
    forecast(world, timedelta(hours=2), timedelta(hours=30))  # over the night, off shift
    watch.work(NOW)
    assert told(telling) == []
    forecast(world, timedelta(minutes=50), timedelta(hours=3))
    world.clock.advance(seconds=31)
    watch.work(NOW)
    assert len(told(telling)) == 1
    forecast(world, timedelta(minutes=10), timedelta(minutes=55))
    world.clock.advance(seconds=31)
    watch.work(NOW)
    assert len(told(telling)) == 2


def test_a_trigger_that_is_off_or_looks_elsewhere_fires_nothing(telling, world):
    keep(
        telling,
        replace(REACHED, id="off", on=False),
        replace(REACHED, id="other-customer", customers=("B2",)),
        replace(REACHED, id="other-product", products=("valve",)),
        replace(REACHED, id="other-milestone", milestones=("shipped",)),
        replace(REACHED, id="this", customers=("B1",), products=("pump",)),
    )
    world.accept(completed("c1", "operation/SO-1/10"))
    aspect(telling, world).work(NOW)
    telling.steps()
    assert telling.triggers.fired(PLANT.id) == {
        ("this", "SO-1", "m1"), ("packed-carrier", "SO-1", "m1"),  # the usual one that is on
    }  # fmt: skip


def test_people_of_the_orders_carrier_are_told_and_no_other_carriers(telling, world, database_url):
    own = account_of(database_url, Role.LOGISTICS, party="T1")
    account_of(database_url, Role.LOGISTICS, party="T2")
    planner = account_of(database_url, Role.PLANNER)
    keep(telling, replace(REACHED, ways=(), roles=(Role.LOGISTICS, Role.PLANNER)))
    world.accept(completed("c1", "operation/SO-1/10"))
    aspect(telling, world).work(NOW)
    telling.steps()
    people = {one.id: telling.outbox.told(one.id, 5) for one in telling.people.accounts()}
    assert {name for name, found in people.items() if found} == {own.id, planner.id}


def test_a_pick_up_is_asked_for_as_the_carrier_reads_it(telling, world):
    seen = []
    telling.wording.milestone = lambda to: seen.append(to)
    keep(telling, replace(REACHED, pick_up=True, reads=Role.LOGISTICS))
    world.accept(completed("c1", "operation/SO-1/10"))
    aspect(telling, world).work(NOW)
    telling.steps()
    (one,) = seen
    assert (one.topic, one.role, one.party) == ("pick_up", Role.LOGISTICS, "T1")
    assert one.detail["name"] == "packed"
    keep(telling, replace(REACHED, id="buyers", reads=Role.CUSTOMER, milestones=()))
    world.clock.advance(seconds=31)
    aspect(telling, world).work(NOW)
    telling.steps()
    assert seen[-1].party == "B1"


def test_of_two_who_change_a_trigger_one_is_first_and_strangers_may_not(telling, engine):
    audit = Audit(AuditStore(engine), b"k" * 32, telling.clock)
    desk = Triggers(telling.editor, telling.ways, audit, telling.clock)
    scope, by = factory_scope(PLANT.id), By("account/m")
    manager = replace(scope, role=Role.MANAGER)
    assert desk.change(manager, by, PLANT.id, REACHED, 0)
    assert not desk.change(manager, by, PLANT.id, REACHED, 0)
    assert desk.change(manager, by, PLANT.id, replace(REACHED, on=False), 1)
    own = [one for one in desk.of(manager, PLANT.id) if one[1]]
    assert [(one.on, version) for one, version in own] == [(False, 2)]
    with pytest.raises(TriggerError, match="ways: ways that are set up, not fax"):
        desk.change(manager, by, PLANT.id, replace(REACHED, ways=("fax",)), 2)
    for stranger in (replace(scope, role=Role.OPERATOR), replace(manager, sites=("other",))):
        with pytest.raises(Forbidden):
            desk.change(stranger, by, PLANT.id, REACHED, 2)
    assert desk.drop(manager, by, PLANT.id, "packed", 2)
    assert [one for one, _ in desk.of(manager, PLANT.id)] == sorted(
        usual_triggers(), key=lambda one: one.id
    )
