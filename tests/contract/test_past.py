"""The past as it was: a board of an instant is the one that stood there, whatever came later."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from data.domain.board import Board
from data.domain.events import Event, EventType
from data.domain.facts import Facts
from data.domain.figures import wall_view
from data.domain.scope import factory_scope
from data.domain.view import Standing, WallView
from data.services import past as past_module
from data.services.errors import Forbidden, NoSuchInstant
from data.services.folding import completed_at
from data.services.live import LiveSite
from data.services.past import PastSite, PastSites
from data.services.ports import KEEP
from data.store.past import PastEvents
from tests.contract.world import (
    FACTORY,
    NOW,
    PLANT,
    World,
    completed,
    drain,
    envelope,
    good,
    order,
    plan_document,
    process,
    site_document,
    void,
    write_log,
)
from tests.engines import conninfo
from tests.unit.domain.strategies import RECORDED, state_of, streams

AREA = "A"
HOUR = timedelta(hours=1)


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        yield made


def sites_of(world: World) -> PastSites:
    return PastSites(PastEvents(world.sql), lambda site: world.clock())


def view_of(shown: PastSite | LiveSite, at: datetime) -> WallView:
    """The wall at an instant; signals and readers aside, which aren't recorded."""
    shown.renew()
    shown.indexes.refresh(at)
    heard = {unit.id: 0.0 for unit in PLANT.work_units}
    readers = PastSite(shown.board, at, Facts()).readers()
    return wall_view(shown.indexes, AREA, at, readers, heard, max_orders=50, max_needs=50)


def board_of(log: list[Event], at: datetime) -> Board:
    """The board that folding everything recorded by an instant makes."""
    board = Board(PLANT.id)
    board.output_from = at - KEEP
    for event in log:
        if event.recorded_at <= at:
            board.apply(event)
    return board


def shown_orders(board: Board, at: datetime) -> dict[str, Any]:
    """Everything of the orders that stood on a board, and all the rest."""
    done = {plan.id: completed_at(board, plan) for plan in board.plans()}
    shown = {name for name, at_end in done.items() if at_end is None or at_end >= at - KEEP}
    found = state_of(board)
    member = {
        f"{kind}/{plan.id}/{one.id}"
        for plan in board.plans()
        for kind, all_of in (("operation", plan.operations), ("need", plan.needs))
        for one in all_of
    }
    kept = {
        subject: state
        for subject, state in found["subjects"].items()
        if subject.startswith(("site/", "work-unit/"))
        or (subject.split("/")[1] in shown and (subject.startswith("order/") or subject in member))
    }
    output = {key: counted for key, counted in board.output.items() if any(counted)}
    plans = {name: plan for name, plan in found["plans"].items() if name in shown}
    return {"subjects": kept, "output": output, "plans": plans, "last": board.last_event_at}


@settings(
    max_examples=25, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(log=streams(), days=st.lists(st.sampled_from((0, 1, 90)), min_size=14, max_size=14))
def test_a_board_of_any_instant_is_the_one_that_stood_there(
    world: World, log: list[Event], days: list[int]
) -> None:
    """Late events, ties and voids of all kinds, recorded within days of each other."""
    world.client.flushall()
    world.rows_deleted()
    at, recorded = RECORDED, []
    for event, wait in zip(log, days, strict=False):
        at += timedelta(hours=wait) + timedelta(seconds=1)
        recorded.append(replace(event, recorded_at=at))
    model = Event("model", "it", EventType.PLAN_CHANGED, f"site/{PLANT.id}", RECORDED, RECORDED)
    model = replace(model, time=RECORDED - 9000 * HOUR, data=replace(model.data, site=PLANT))
    told = [model, *recorded]
    write_log(world.log, told)
    recorder = world.recorder()
    drain(recorder)
    recorder.close()
    world.clock.at = at + HOUR
    for moment in [event.recorded_at for event in told]:
        was = sites_of(world).at(FACTORY, PLANT.id, moment)
        assert shown_orders(was.board, moment) == shown_orders(board_of(told, moment), moment)


def test_the_wall_of_an_instant_is_the_wall_that_was_shown_live(world: World) -> None:
    """A day on the floor, live board against looking back, at every report of it."""
    world.open(order("SO-1"), order("SO-2"))
    recorder = world.recorder()
    drain(recorder)
    live, seen = world.live(), {}
    for report in _day():
        world.clock.advance(minutes=13)
        world.said(report)
        world.live()
        seen[world.clock()] = view_of(live, world.clock())
    drain(recorder)
    world.clock.advance(days=3)
    world.said(envelope("late", "work_unit.state_changed", "work-unit/W1", {"state": "down"}))
    drain(recorder)
    sites = sites_of(world)
    assert len(seen) == len(_day())
    for at, then in seen.items():
        assert view_of(sites.at(FACTORY, PLANT.id, at), at) == then
    recorder.close()


def _day() -> list[dict[str, Any]]:
    begun, one = NOW - HOUR, "operation/SO-1/10"
    state = "work_unit.state_changed"
    return [
        envelope("s1", state, "work-unit/W1", {"state": "setup"}, begun),
        envelope("a", "operation.started", one, {"work_unit": "W1"}, begun),
        envelope("s2", state, "work-unit/W1", {"state": "processing", "operation": one}, begun),
        envelope("s3", state, "work-unit/W1", {"state": "processing"}, begun + HOUR),
        good("g1", 7),
        good("g2", 30, at=begun),
        envelope("i", "quality.inspected", one, {"inspected": 5, "passed": 4, "work_unit": "W1"}),
        void("v1", "g2"),
        completed("c1", one, NOW + timedelta(minutes=90)),
        void("v2", "c1"),
        envelope("m", "material.received", "need/SO-1/n1", {"quantity": 5}),
        completed("c2", one, NOW + timedelta(minutes=100)),
        completed("c3", "operation/SO-1/20", NOW + timedelta(minutes=101)),
        plan_document(order("SO-2", "10", "30"), "replanned", NOW + timedelta(minutes=110)),
        plan_document(order("SO-2", cancelled=True), "cancelled", NOW + timedelta(minutes=115)),
    ]


def test_a_state_that_lasts_since_long_ago_has_its_beginning(world: World) -> None:
    world.open(order())
    recorder = world.recorder()
    begun = NOW - timedelta(days=1)
    changed = [("first", "down", begun - HOUR), ("begun", "processing", begun)]
    changed += [
        (f"again-{n}", "processing", begun + n * timedelta(minutes=5)) for n in range(1, 60)
    ]
    for name, state, at in changed:
        world.said(envelope(name, "work_unit.state_changed", "work-unit/W1", {"state": state}, at))
    world.said(void("undone", "again-59", "work-unit/W1"))
    drain(recorder)
    unit = sites_of(world).at(FACTORY, PLANT.id, world.clock()).board.work_units["W1"]
    assert (unit.state, unit.since) == ("processing", begun)
    recorder.close()


def test_an_order_whose_plan_was_voided_later_stood_there_before(world: World) -> None:
    world.open(order("SO-1"), order("SO-2"))
    recorder = world.recorder()
    at = world.clock()
    world.clock.advance(hours=1)
    world.said(void("never", "plan-SO-1", "order/SO-1"))
    drain(recorder)
    then, now = (sites_of(world).at(FACTORY, PLANT.id, one).board for one in (at, world.clock()))
    assert sorted(plan.id for plan in then.plans()) == ["SO-1", "SO-2"]
    assert [plan.id for plan in now.plans()] == ["SO-2"]
    recorder.close()


def test_an_order_known_as_completed_later_was_open_before(world: World) -> None:
    """Reported three days late: neither its completion nor its void was known at the time."""
    world.open(order("SO-1", "10"), order("SO-2", "10"))
    recorder = world.recorder()
    one, two = "operation/SO-1/10", "operation/SO-2/10"
    world.said(completed("early", two, NOW - HOUR), void("not", "early", two))
    world.clock.advance(days=3)
    at = world.clock()
    world.clock.advance(hours=1)
    world.said(completed("late", one, NOW - HOUR), completed("again", two, NOW - HOUR))
    drain(recorder)
    rows = sites_of(world).at(FACTORY, PLANT.id, at).indexes.book.worst(AREA, 9)
    assert {row.order for row in rows} == {"SO-1", "SO-2"}
    assert all(row.standing is not Standing.DONE for row in rows)
    recorder.close()


def test_what_was_void_for_a_while_stood_there_before(world: World) -> None:
    """Its row is a new one since, which says nothing of the report that was undone."""
    world.open(order("SO-1"))
    recorder = world.recorder()
    seen = {}
    for told in (
        good("first", 3), void("undone", "first"), good("again", 5, at=NOW),
        void("undone too", "again"), completed("end", "operation/SO-1/10", NOW),
    ):  # fmt: skip
        world.said(told)
        drain(recorder)
        seen[world.clock()] = _good_of(world.stored_board())
        world.clock.advance(hours=1)
    recorder.close()
    sites = sites_of(world)
    then = {at: _good_of(sites.at(FACTORY, PLANT.id, at).board) for at in seen}
    assert list(seen.values()) == [3, 0, 5, 0, 0]
    assert then == seen


def test_a_writer_that_does_not_say_when_takes_nothing_from_the_past(world: World) -> None:
    """A recorder of the version before may run beside the newest schema for a while."""
    world.open(order("SO-1"))
    recorder = world.recorder()
    world.said(good("first", 3))
    drain(recorder)
    at = world.clock()
    known = world.rows("SELECT first_recorded_at, last_recorded_at FROM operation")
    world.clock.advance(hours=1)
    world.said(good("second", 4))
    drain(recorder)
    recorder.close()
    with psycopg.connect(conninfo(world.database_url), autocommit=True) as connection:
        set_back = "UPDATE operation SET last_recorded_at = first_recorded_at"
        connection.execute(set_back)
        connection.execute("UPDATE operation SET base = base || '\\x00'::bytea")
        left = "SELECT first_recorded_at, last_recorded_at = 'infinity' FROM operation"
        assert connection.execute(left).fetchall() == [(at, True)]
    assert known == [(at, at)]
    assert _good_of(sites_of(world).at(FACTORY, PLANT.id, at).board) == 3


def _good_of(board: Board) -> int:
    state = board.operations.get("operation/SO-1/10")
    return 0 if state is None else state.good


def test_a_work_unit_that_changed_long_ago_is_found_in_its_month(world: World) -> None:
    world.open(order())
    recorder = world.recorder()
    begun = NOW - timedelta(days=80)
    for name, state, at in (("one", "setup", begun - HOUR), ("two", "down", begun)):
        world.said(envelope(name, "work_unit.state_changed", "work-unit/W1", {"state": state}, at))
    drain(recorder)
    world.clock.advance(days=100)
    world.said(good("now", 1, at=world.clock()))
    drain(recorder)
    recorder.close()
    unit = sites_of(world).at(FACTORY, PLANT.id, world.clock()).board.work_units["W1"]
    assert (unit.state, unit.since) == ("down", begun)


def test_what_lies_ahead_or_before_the_history_is_said_so(world: World) -> None:
    sites = sites_of(world)
    with pytest.raises(NoSuchInstant, match="has none"):
        sites.at(FACTORY, PLANT.id, world.clock())
    world.open(order())
    recorder = world.recorder()
    drain(recorder)
    recorder.close()
    with pytest.raises(NoSuchInstant, match="ahead"):
        sites.at(FACTORY, PLANT.id, world.clock() + timedelta(seconds=1))
    with pytest.raises(NoSuchInstant, match="before"):
        sites.at(FACTORY, PLANT.id, world.clock() - timedelta(days=9))


def test_a_stranger_learns_nothing_of_a_past(world: World) -> None:
    world.open(order())
    with pytest.raises(Forbidden):
        sites_of(world).at(factory_scope("elsewhere"), PLANT.id, world.clock() - HOUR)


def test_the_last_few_boards_are_kept_once_they_are_settled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_module, "KEPT", 2)
    world.open(order())
    recorder = world.recorder()
    drain(recorder)
    recorder.close()
    first = world.clock()
    sites = sites_of(world)
    assert sites.at(FACTORY, PLANT.id, first) is not sites.at(FACTORY, PLANT.id, first)
    world.clock.advance(hours=1)
    kept = sites.at(FACTORY, PLANT.id, first)
    assert sites.at(FACTORY, PLANT.id, first) is kept
    for minutes in (1, 2):
        sites.at(FACTORY, PLANT.id, first + timedelta(minutes=minutes))
    assert sites.at(FACTORY, PLANT.id, first) is not kept


def test_what_was_forecast_then_is_shown_where_it_is_kept(world: World) -> None:
    world.open(order())
    recorder = world.recorder()
    drain(recorder)
    recorder.close()
    made, late = world.clock(), world.clock() + timedelta(minutes=30)
    with psycopg.connect(conninfo(world.database_url), autocommit=True) as connection:
        for at, remaining_s in ((made, [60.0, 120.0]), (late, [1.0, 1.0])):
            connection.execute(
                "INSERT INTO forecast_trace VALUES (%s, %s, %s, %s)",
                (PLANT.id, "SO-1", at, remaining_s),
            )
    world.clock.advance(hours=1)
    shown = sites_of(world).at(FACTORY, PLANT.id, made + timedelta(minutes=10))
    forecast = shown.facts.forecasts["SO-1"]
    assert forecast.finish.p50_at == made + timedelta(seconds=60)
    assert not forecast.calibrated


def test_a_board_of_the_past_stands_still_and_says_how_old_its_newest_event_was(
    world: World,
) -> None:
    world.log.announce(PLANT.id)
    world.said(site_document())
    recorder = world.recorder()
    drain(recorder)
    recorder.close()
    shown = sites_of(world).at(FACTORY, PLANT.id, world.clock())
    before = msgspec.json.encode(view_of(shown, shown.now))
    shown.renew()
    assert msgspec.json.encode(view_of(shown, shown.now)) == before
    assert shown.readers().event_age_s == 5 * 3600
    assert shown.now == world.clock()
