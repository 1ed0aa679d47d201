"""Accounts from SQL say what the pure ledger says of all events, and are there for who may see."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from msgspec.structs import replace

from data.domain.events import Data, Event, EventType, operation_subject
from data.domain.events import WorkUnitState as State
from data.domain.ledger.account import delay_ledger
from data.domain.ledger.records import Ledger
from data.domain.scope import Role, Scope, factory_scope
from data.services.accounts import Accounts
from data.services.accounts_facts import gather, gather_many
from data.services.errors import Forbidden, Unavailable
from data.store.accounts import AccountPast
from data.store.history import connect
from tests.contract.accounting import (
    LATER,
    SCOPE,
    Works,
    all_facts,
    plan_event,
    void_of,
    works,
)
from tests.unit.domain.ledger.factories import SITE, START, Factory

SEEDS = range(8)


@pytest.fixture
def plant(database_url: str) -> Iterator[Works]:
    with works(database_url) as made:
        yield made


def grown(plant: Works, seed: int, orders: int = 5) -> Factory:
    """A recorded factory of which some reports were voided again."""
    rng = Random(seed)
    factory = Factory(rng, orders)
    factory.events += [
        more
        for event in factory.events
        if event.type is EventType.OPERATION_STARTED
        for more in progress_of(event, rng)
    ]
    wrong = rng.sample(factory.events, len(factory.events) // 25)
    factory.events += [void_of(event, LATER - timedelta(days=1)) for event in wrong]
    plant.open(factory.orders, factory.events)
    plant.derive()
    return factory


def progress_of(started: Event, rng: Random) -> Iterator[Event]:
    """What an operation reports every now and then: good pieces, sometimes rework or a unit."""
    for number in range(rng.randint(0, 12)):
        at = started.time + timedelta(minutes=rng.randint(0, 400))
        unit = rng.choice([started.data.work_unit, started.data.work_unit, None])
        yield replace(
            started, id=f"{started.id}-more-{number}", type=EventType.OPERATION_PROGRESSED,
            time=at, recorded_at=at,
            data=Data(work_unit=unit, good=1, rework=rng.choice([0, 0, 0, 1])),
        )  # fmt: skip


def without_evidence(ledger: Ledger) -> Ledger:
    return replace(ledger, steps=tuple(replace(step, evidence=()) for step in ledger.steps))


def test_of_mere_progress_the_first_and_the_last_are_read(plant: Works) -> None:
    factory = Factory(Random(1), 1)
    subject = operation_subject("SO-0", factory.orders[0].operations[0].id)
    told = [
        Event(f"p{n}", "floor", EventType.OPERATION_PROGRESSED, subject, at, at,
              Data(work_unit="CUT1", good=1, rework=int(n == 40)))
        for n in range(100) for at in [START + timedelta(minutes=n)]
    ]  # fmt: skip
    plant.open(factory.orders, told)
    with plant.past.reading(SITE.id) as past:
        found = past.told(SITE.id, [subject], LATER)
    assert sorted(event.id for event in found) == ["p0", "p40", "p99"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_ledger_from_sql_is_the_pure_functions_of_all_events(plant: Works, seed: int) -> None:
    factory = grown(plant, seed)
    for order in factory.orders:
        facts = all_facts(factory.orders, factory.events, order, plant.now)
        found = plant.accounts.ledger(SCOPE, SITE.id, order.id, plant.now)
        assert found == delay_ledger(facts), order.id
        assert sum((step.late for step in found.steps), timedelta()) == found.lateness


@pytest.mark.parametrize("seed", SEEDS)
def test_states_of_long_before_and_after_count_and_those_recorded_long_afterwards(
    plant: Works, seed: int
) -> None:
    rng = Random(seed)
    factory = Factory(rng, 4)
    states = [*changes_of(rng)]
    wrong = [void_of(event, LATER - timedelta(days=1)) for event in rng.sample(states, 12)]
    factory.events += [*states, *wrong]
    plant.open(factory.orders, factory.events)
    plant.derive()
    for order in factory.orders:
        facts = all_facts(factory.orders, factory.events, order, plant.now)
        found = plant.accounts.ledger(SCOPE, SITE.id, order.id, plant.now)
        assert found == delay_ledger(facts), order.id


def changes_of(rng: Random) -> Iterator[Event]:
    """What machines report in two months: some all day, some every few weeks, some long after."""
    for unit in SITE.work_units:
        at, busy = START - timedelta(days=30), rng.random() < 0.5
        while at < LATER - timedelta(days=2):
            at += timedelta(hours=rng.randint(1, 12 if busy else 500), seconds=rng.randint(0, 99))
            recorded_at = at + timedelta(hours=rng.choice([0, 0, 0, 1, 50, 130, 300, 900]))
            yield Event(
                f"state-{unit.id}-{at.isoformat()}", "plc", EventType.WORK_UNIT_STATE_CHANGED,
                f"work-unit/{unit.id}", at, recorded_at,
                Data(state=rng.choice([State.PROCESSING, State.DOWN, State.SETUP, State.STARVED])),
            )  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_many_orders_together_have_the_facts_that_each_has_alone(plant: Works, seed: int) -> None:
    factory = grown(plant, seed)
    names = [order.id for order in factory.orders]
    with plant.past.reading(SITE.id) as past:
        together = dict(gather_many(past, SITE.id, [*names, "SO-none"], plant.now))
        alone = {name: gather(past, SITE.id, name, plant.now) for name in names}
    assert together == {**alone, "SO-none": None}


def test_what_was_voided_before_it_came_does_not_count(plant: Works) -> None:
    order = Factory(Random(2), 1).orders[0]
    told = [
        Event("wrong", "floor", EventType.OPERATION_COMPLETED, f"operation/SO-0/{o.id}", at, at)
        for o, at in ((order.operations[0], START + timedelta(days=70)),)
    ]
    begun = replace(told[0], id="right", type=EventType.OPERATION_STARTED, time=START,
                    recorded_at=START + timedelta(days=69))  # fmt: skip
    events = [void_of(told[0], START), begun, *told]
    plant.now = START + timedelta(days=80)
    plant.open([order])
    for event in events:
        plant.record(event)
    facts = all_facts([order], events, order, plant.now)
    found = plant.accounts.ledger(SCOPE, SITE.id, order.id, plant.now)
    assert found == delay_ledger(facts)


@pytest.mark.parametrize("seed", SEEDS)
def test_at_an_earlier_instant_it_knows_only_what_had_happened(plant: Works, seed: int) -> None:
    factory = Factory(Random(seed), 4)
    plant.open(factory.orders, factory.events)
    plant.derive()
    now = START + timedelta(days=2, hours=seed)
    for order in factory.orders:
        facts = all_facts(factory.orders, factory.events, order, now)
        found = plant.accounts.ledger(SCOPE, SITE.id, order.id, now)
        assert without_evidence(found) == without_evidence(delay_ledger(facts))


def test_a_forecast_adds_what_is_still_to_come(plant: Works) -> None:
    factory = Factory(Random(3), 3)
    plant.open(factory.orders)
    order, due = factory.orders[0], factory.orders[0].due_at
    end = max(LATER, due) + timedelta(days=3)
    found = plant.accounts.ledger(SCOPE, SITE.id, order.id, LATER, forecast_at=end)
    assert (found.end, found.completed) == (end, False)


def test_the_evidence_is_returned_in_order_of_time(plant: Works) -> None:
    factory = grown(plant, 1)
    steps = plant.accounts.ledger(SCOPE, SITE.id, factory.orders[0].id, plant.now).steps
    identities = {identity for step in steps for identity in step.evidence}
    found = plant.accounts.events(SCOPE, SITE.id, [*identities, ("nobody", "nothing")])
    assert {(event.source, event.id) for event in found} == identities
    assert [event.time for event in found] == sorted(event.time for event in found)


def test_plans_are_numbered_in_order_of_time_and_voided_ones_left_out(plant: Works) -> None:
    order = Factory(Random(2), 1).orders[0]
    plans = [
        plan_event(replace(order, quantity=n), f"p{n}", START + timedelta(hours=n))
        for n in (3, 1, 2)
    ]
    plant.open([], [*plans, void_of(plans[2], LATER)])
    versions = plant.accounts.plan_versions(SCOPE, SITE.id, order.id)
    assert [(v.number, v.order.quantity) for v in versions] == [(1, 1), (2, 3)]
    assert versions[0].at == START + timedelta(hours=1)


def test_a_ledger_is_held_against_the_plan_that_held_then(plant: Works) -> None:
    order = Factory(Random(2), 1).orders[0]
    moved = replace(order, due_at=order.due_at + timedelta(days=9))
    plant.open([order], [plan_event(moved, "moved", START + timedelta(days=5))])
    before = plant.accounts.ledger(SCOPE, SITE.id, order.id, START + timedelta(days=4))
    after = plant.accounts.ledger(SCOPE, SITE.id, order.id, START + timedelta(days=6))
    assert (before.due_at, after.due_at) == (order.due_at, moved.due_at)


@pytest.mark.parametrize(
    "scope",
    [factory_scope("elsewhere"), Scope(role=Role.SOURCE, sites=(SITE.id,), source="floor")],
    ids=["of another site", "of a machine"],
)
def test_who_may_not_see_the_site_is_told_nothing(plant: Works, scope: Scope) -> None:
    factory = grown(plant, 1)
    order, accounts = factory.orders[0].id, plant.accounts
    for ask in (
        lambda: accounts.ledger(scope, SITE.id, order, LATER),
        lambda: accounts.events(scope, SITE.id, [("floor", "e0")]),
        lambda: accounts.plan_versions(scope, SITE.id, order),
    ):
        with pytest.raises(Forbidden):
            ask()


def test_an_order_that_was_never_planned_is_not_there(plant: Works) -> None:
    plant.open([])
    with pytest.raises(Forbidden):
        plant.accounts.ledger(SCOPE, SITE.id, "SO-9", LATER)
    with pytest.raises(Forbidden):
        plant.accounts.plan_versions(SCOPE, SITE.id, "SO-9")


def test_without_a_database_it_says_so() -> None:
    engine = connect("postgresql+psycopg://nobody@/none?host=/nowhere")
    with pytest.raises(Unavailable):
        Accounts(AccountPast(engine)).ledger(SCOPE, SITE.id, "SO-1", LATER)
    engine.dispose()


def test_an_operation_that_moved_to_another_work_unit_held_both(plant: Works) -> None:
    factory = Factory(Random(5), 2)
    plant.open(factory.orders)
    subject = f"operation/{factory.orders[0].id}/0"
    at = factory.orders[0].released_at or START
    for n, (kind, unit) in enumerate((("started", "CUT1"), ("progressed", "CUT2"),
                                      ("completed", None))):  # fmt: skip
        factory.tell(EventType(f"operation.{kind}"), subject, at + timedelta(hours=n),
                     **({"work_unit": unit} if unit else {}))  # fmt: skip
    plant.record(*factory.events[-3:])
    plant.derive()
    query = "SELECT work_unit, end_at - start_at FROM occupation WHERE order_id = %s ORDER BY 1"
    hour = timedelta(hours=1)
    held = plant.rows(query, factory.orders[0].id)
    assert [row for row in held if row[0] in ("CUT1", "CUT2")][:2] == [
        ("CUT1", hour),
        ("CUT2", hour),
    ]
