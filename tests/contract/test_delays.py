"""Accounts are kept exactly: what the days add up to is what the ledgers say, whatever happens."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import pytest
from msgspec.structs import replace

from data.domain.delays import DIMENSIONS, DelayFilter, DelayReport
from data.domain.events import Data, Event, EventType
from data.domain.forecast.records import Finish, OrderForecast
from data.domain.ledger.account import delay_ledger
from data.domain.plan import Order
from data.domain.scope import Role, Scope, factory_scope
from data.services.derivation import Accounting
from data.services.errors import Forbidden, Unavailable
from data.services.live import LiveSite
from data.store import delays as store_module
from data.store.accounts import AccountPast
from data.store.delays import DelayStore
from data.store.history import History, connect
from tests.contract.accounting import (
    LATER,
    SCOPE,
    NoLog,
    Works,
    all_facts,
    plan_event,
    void_of,
    works,
)
from tests.unit.domain.ledger.factories import SITE, Factory

EVER = DelayFilter(since=date(2026, 1, 1), until=date(2027, 12, 31))


@pytest.fixture
def plant(database_url: str) -> Iterator[Works]:
    with works(database_url) as made:
        yield made


def grown(plant: Works, seed: int = 1, orders: int = 8) -> Factory:
    factory = Factory(Random(seed), orders)
    plant.open(factory.orders, factory.events)
    plant.derive()
    return factory


def report(plant: Works, wanted: DelayFilter = EVER) -> DelayReport:
    return plant.delays.report(SCOPE, SITE.id, wanted)


def lateness(plant: Works, factory: Factory, orders: list[Order] | None = None) -> dict[str, float]:
    """How late each completed order is, by the pure function of everything recorded."""
    orders = factory.orders if orders is None else orders
    found = (delay_ledger(all_facts(orders, plant.events, order, plant.now)) for order in orders)
    return {ledger.order: ledger.lateness.total_seconds() for ledger in found if ledger.completed}


def kept(plant: Works) -> dict[str, float]:
    return dict(plant.rows("SELECT order_id, late_s FROM order_account WHERE completed"))


def holds(plant: Works, factory: Factory, orders: list[Order] | None = None) -> None:
    """What is kept of completed orders, row by row and summed up, is what the ledgers say."""
    expected = lateness(plant, factory, orders)
    assert kept(plant) == expected
    closed = plant.rows("SELECT order_id FROM order_account WHERE NOT completed")
    plant.rows("UPDATE order_account SET late_s = -1 WHERE NOT completed RETURNING 1")
    found = report(plant)
    late = [late_s for late_s in expected.values() if late_s > 0]
    assert found.late_s == pytest.approx(sum(late), abs=1e-6)
    assert (found.orders_late, found.completed) == (len(late), len(expected))
    assert found.on_time == len(expected) - len(late)
    for dimension in DIMENSIONS:
        bars = found.bars[dimension]
        assert sum(bar.late_s for bar in bars) == pytest.approx(found.late_s, abs=1e-6)
    assert sum(day.late_s for day in found.days) == pytest.approx(found.late_s, abs=1e-6)
    assert sum(day.completed for day in found.days) == found.completed
    assert len(closed) + len(expected) == len(factory.orders if orders is None else orders)


@pytest.mark.parametrize("seed", range(4))
def test_a_first_start_makes_every_account(plant: Works, seed: int) -> None:
    holds(plant, grown(plant, seed))
    assert plant.rows("SELECT 1 FROM stale WHERE kind IN ('order', 'account')") == []


def test_worst_orders_come_first_a_page_at_a_time(plant: Works) -> None:
    grown(plant, 2, 12)
    whole = report(plant)
    worst = [order.late_s for order in whole.orders]
    assert worst == sorted(worst, reverse=True)
    pages = [plant.delays.report(SCOPE, SITE.id, EVER, 2, first).orders for first in (0, 2, 4)]
    assert [order for page in pages for order in page] == list(whole.orders[:6])


def test_a_late_report_moves_a_completed_order_to_its_new_day(plant: Works) -> None:
    factory = grown(plant)
    order = next(iter(kept(plant)))
    ((before,),) = plant.rows("SELECT day FROM order_account WHERE order_id = %s", order)
    last = max(
        (e for e in factory.events if e.subject.startswith(f"operation/{order}/")
         and e.type is EventType.OPERATION_COMPLETED),
        key=lambda e: e.time,
    )  # fmt: skip
    late = replace(last, id="late", time=last.time + timedelta(days=3))
    plant.record(late)
    told = plant.derive()
    ((after,),) = plant.rows("SELECT day FROM order_account WHERE order_id = %s", order)
    assert after == before + timedelta(days=3)
    holds(plant, factory)
    assert int(told["history"] or b"0") == plant.store.version(SITE.id) > 1


def test_a_void_makes_a_completed_order_open_again(plant: Works) -> None:
    factory = grown(plant)
    order = next(iter(kept(plant)))
    ends = [e for e in factory.events if e.subject.startswith(f"operation/{order}/")
            and e.type is EventType.OPERATION_COMPLETED]  # fmt: skip
    plant.record(*(void_of(event, LATER) for event in ends))
    plant.derive()
    assert order not in kept(plant)
    assert plant.rows("SELECT 1 FROM order_account WHERE order_id = %s", order) == [(1,)]
    holds(plant, factory)


def test_a_cancelled_order_and_one_whose_plan_is_void_leave_nothing(plant: Works) -> None:
    factory = grown(plant)
    first, second = list(kept(plant))[:2]
    plans = {order.id: order for order in factory.orders}
    gone = replace(plans[first], cancelled=True)
    plant.record(
        plan_event(gone, "gone", LATER - timedelta(days=1)),
        void_of(plan_event(plans[second]), LATER),
    )
    plant.derive()
    table = "SELECT order_id FROM order_account WHERE order_id = ANY(%s)"
    assert plant.rows(table, [first, second]) == []
    held = "SELECT 1 FROM occupation WHERE order_id = %s"
    assert plant.rows(held, second) == []
    assert not {first, second} & {order.order for order in report(plant).orders}


def test_what_fails_halfway_leaves_everything_as_it_was_and_is_done_again(
    plant: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    factory = Factory(Random(1), 6)
    plant.open(factory.orders, factory.events)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(store_module, "_pack_day", _fail)
        plant.derive()
    assert plant.rows("SELECT 1 FROM order_account WHERE completed") == []
    assert plant.rows("SELECT 1 FROM delay_day") == []
    assert plant.rows("SELECT 1 FROM stale WHERE kind = 'account'") != []
    plant.derive()
    holds(plant, factory)


def _fail(*_: object) -> None:
    raise RuntimeError("killed")


def test_an_account_made_from_what_was_known_before_does_not_replace_a_newer_one(
    plant: Works,
) -> None:
    """As one that lost its lock unnoticed would try."""
    factory = grown(plant)
    order = next(iter(kept(plant)))
    plant.record(_touch(order))
    slow = plant.aspect()
    slow._occupy()
    marks = plant.store.marked(SITE.id, "account", 10)
    stale = slow._account(order, plant.now)
    assert stale is not None
    plant.derive()
    plant.store.keep(SITE.id, [replace(stale, late_s=1e9)], [], marks, plant.now, tell=False)
    holds(plant, factory)


def _touch(order: str) -> Event:
    return _event("touch", f"operation/{order}/0", EventType.OPERATION_PROGRESSED)


def _event(name: str, subject: str, kind: EventType = EventType.OPERATION_COMPLETED) -> Event:
    return Event(name, "floor", kind, subject, LATER, LATER, Data(good=1))


def test_open_orders_count_by_what_is_forecast_for_them_on_the_day_they_are_due(
    plant: Works,
) -> None:
    factory = Factory(Random(4), 2)
    late, timely = (replace(o, customer="B1") for o in factory.orders)
    late = replace(late, due_at=LATER + timedelta(hours=1))
    timely = replace(timely, due_at=LATER + timedelta(days=9))
    plant.facts.forecasts = {
        order.id: forecast(order, LATER + timedelta(days=1)) for order in (late, timely)
    }
    plant.open([late, timely])
    plant.derive()
    found = report(plant)
    assert [(order.order, order.completed) for order in found.orders] == [(late.id, False)]
    assert found.orders[0].ended_at == LATER + timedelta(days=1)
    assert found.late_s == pytest.approx(23 * 3600)
    assert (found.completed, found.on_time) == (0, 0)
    assert [day.day for day in found.days] == [late.due_at.date()]
    assert {point.order for point in found.fever} == {late.id, timely.id}
    assert found.fever[0].order == late.id
    assert found.fever[0].zone == "red"
    assert found.derived_at == LATER


def forecast(order: Order, at: object) -> OrderForecast:
    return OrderForecast(
        order=order.id, made_at=LATER, finish=Finish(p50_at=at, p80_at=at, p95_at=at),
        calibrated=True, operations=(), milestones=(), needs=(), remaining_s=(),
    )  # fmt: skip


def test_accounts_of_open_orders_are_renewed_in_turn(plant: Works) -> None:
    factory = Factory(Random(4), 3)
    plant.open(factory.orders)
    plant.derive()
    made = "SELECT count(*), min(made_at) FROM order_account"
    assert plant.rows(made) == [(3, LATER)]
    plant.now += timedelta(seconds=30)
    plant.derive()
    assert plant.rows(made) == [(3, LATER)]
    plant.now += timedelta(minutes=3)
    plant.derive()
    assert plant.rows(made) == [(3, plant.now)]


def test_an_account_is_made_without_a_mark_when_none_was_set(plant: Works) -> None:
    """By a recorder of an earlier version, which sets none."""
    factory = Factory(Random(1), 3)
    plant.open(factory.orders, factory.events)
    plant.rows("DELETE FROM stale RETURNING 1")
    holds_nothing = plant.rows("SELECT 1 FROM order_account") == []
    plant.derive()
    assert holds_nothing
    holds(plant, factory)


def test_an_order_completed_unmarked_while_the_watch_runs_is_found_by_the_renewal(
    plant: Works,
) -> None:
    order = Factory(Random(1), 1).orders[0]
    plant.open([order])
    plant.derive()
    operations = [f"operation/{order.id}/{operation.id}" for operation in order.operations]
    plant.record(*(_event(f"c{n}", subject) for n, subject in enumerate(operations)))
    plant.rows("DELETE FROM stale RETURNING 1")
    plant.now += timedelta(minutes=5)
    plant.derive()
    assert kept(plant).keys() == {order.id}


def test_a_filter_leaves_what_it_names(plant: Works) -> None:
    grown(plant, 3, 14)
    whole = report(plant)
    for dimension in DIMENSIONS:
        for bar in whole.bars[dimension]:
            part = report(plant, replace(EVER, **{dimension: bar.key}))
            assert part.late_s == pytest.approx(bar.late_s, abs=1e-6)
            assert [b.key for b in part.bars[dimension]] == [bar.key]
            assert len(part.orders) == part.orders_late
    nobody = report(plant, replace(EVER, product="none"))
    assert (nobody.late_s, nobody.orders, nobody.days) == (0, (), ())


def test_a_day_is_that_of_the_site(plant: Works) -> None:
    factory = Factory(Random(1), 4)
    plant.open(factory.orders, factory.events, replace(SITE, timezone="Asia/Taipei"))
    plant.derive()
    rows = plant.rows(
        "SELECT day, (ended_at AT TIME ZONE 'Asia/Taipei')::date FROM order_account WHERE completed"
    )
    assert rows
    assert all(day == local for day, local in rows)
    day = rows[0][0]
    found = report(plant, DelayFilter(since=day, until=day))
    assert found.completed == sum(one == day for one, _ in rows)


@pytest.mark.parametrize(
    "scope", [factory_scope("elsewhere"), Scope(role=Role.SOURCE, sites=(SITE.id,), source="s")]
)
def test_who_may_not_see_the_site_gets_no_report(plant: Works, scope: Scope) -> None:
    with pytest.raises(Forbidden):
        plant.delays.report(scope, SITE.id, EVER)
    with pytest.raises(Forbidden):
        plant.delays.missing(scope, SITE.id)


def test_orders_without_an_account_are_counted_until_each_has_one(plant: Works) -> None:
    factory = Factory(Random(1), 3)
    plant.open(factory.orders, factory.events)
    assert plant.delays.missing(factory_scope(SITE.id), SITE.id) == 3
    plant.derive()
    assert plant.delays.missing(factory_scope(SITE.id), SITE.id) == 0


def test_before_anything_is_derived_a_report_is_empty(plant: Works) -> None:
    found = report(plant)
    assert (found.derived_at, found.orders, found.fever, found.late_s) == (None, (), (), 0)
    assert all(bars == () for bars in found.bars.values())


def test_without_a_database_the_aspect_says_so() -> None:
    engine = connect("postgresql+psycopg://nobody@/none?host=/nowhere")
    aspect = Accounting(SITE.id, AccountPast(engine), DelayStore(engine))
    with pytest.raises(Unavailable):
        aspect.begin(LiveSite(SITE.id, NoLog(), History(engine), lambda: LATER))
    engine.dispose()
