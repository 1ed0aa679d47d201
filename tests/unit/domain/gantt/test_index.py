"""The index follows its board: what is taken over bit by bit is what reading anew gives."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from data.domain.gantt.card import operation_card
from data.domain.gantt.chain import critical_chain, expected
from data.domain.gantt.index import GanttIndex
from data.domain.gantt.records import Waits
from data.domain.gantt.wall import milestone_rows
from tests.unit.domain.gantt.plants import HOUR, NOW, Plant

changes = st.lists(
    st.tuples(st.integers(0, 29), st.sampled_from(["done", "longer", "shorter", "gone", "silent"])),
    max_size=12,
)


def bars_of(index: GanttIndex, order: str) -> list:
    number = index.numbers.orders.known(order)
    rows = index.bars.of([number])
    names = ("planned_start", "planned_finish", "start", "finish", "p50", "p80", "critical")
    units = [index.numbers.units.names[unit] for unit in rows["unit"]]
    return [units, *([repr(value) for value in rows[name].tolist()] for name in names)]


def change(plant: Plant, number: int, kind: str) -> None:
    order = f"SO-{number:05d}"
    plan = plant.board.orders[order].plan
    if kind == "done":
        plant.complete(order, plan.operations[-1].id, NOW)
    elif kind == "longer":
        added = replace(plan.operations[-1], id=f"{len(plan.operations)}x")
        plant.plan(replace(plan, operations=(*plan.operations, added)), NOW + HOUR)
    elif kind == "shorter":
        plant.plan(replace(plan, operations=plan.operations[:2], milestones=()), NOW + 2 * HOUR)
    elif kind == "gone":
        plant.plan(replace(plan, cancelled=True), NOW + 3 * HOUR)
    else:
        plant.forecasts.pop(order, None)


@settings(max_examples=25, deadline=None)
@given(steps=changes)
def test_changes_taken_over_one_by_one_give_what_a_new_index_gives(steps):
    plant = Plant(30, 6, seed=5)
    gantt = plant.indexes.gantt
    for number, kind in steps:
        change(plant, number, kind)
        gantt.renew(plant.forecasts)
    fresh = GanttIndex(plant.board)
    fresh.renew(plant.forecasts)
    assert gantt.plans == fresh.plans
    for order in fresh.plans:
        assert bars_of(gantt, order) == bars_of(fresh, order)


def test_holes_of_moved_orders_are_closed_without_losing_any():
    plant = Plant(40, 6, seed=6)
    gantt = plant.indexes.gantt
    before = {order: bars_of(gantt, order) for order in gantt.plans if order != "SO-00001"}
    plan = gantt.plans["SO-00001"]
    for turn in range(1600):
        steps = plan.operations[: 3 + turn % 3]
        plant.board.orders["SO-00001"].plan = replace(plan, operations=steps, milestones=())
        gantt.touch(["SO-00001"])
        gantt.renew(plant.forecasts)
    assert len(gantt.bars.all()) < 5000
    assert {order: bars_of(gantt, order) for order in before} == before


def test_a_chain_has_no_gaps_and_ends_with_the_order():
    plant = Plant(60, 8, seed=7)
    for order in list(plant.forecasts)[:20]:
        chain = critical_chain(plant.indexes.gantt, order, NOW)
        assert chain[-1].order == order
        for before, after in pairwise(chain):
            assert after.shared or before.order == after.order
            if after.shared:
                assert before.finish_s <= after.start_s + 1
        number = plant.indexes.gantt.numbers.orders.known(order)
        _, finishes = expected(plant.indexes.gantt.bars.of([number]), NOW.timestamp())
        assert chain[-1].finish_s == float(np.max(finishes))


def test_a_card_says_that_a_predecessor_is_waited_for():
    plant = Plant(60, 8, seed=8)
    for order, forecast in plant.forecasts.items():
        if len(forecast.operations) > 2:
            last = forecast.operations[-1]
            card = operation_card(plant.indexes, plant.forecasts, order, last.operation)
            assert card.p50_at == last.finish.p50_at and card.finished_at is None
            waits = [one for one in card.waits if one.kind is Waits.PREDECESSOR]
            assert waits[0].until == forecast.operations[-2].finish.p50_at
            return
    raise AssertionError("no order is open")


def test_the_walls_rows_are_the_books_worst_with_their_milestones():
    plant = Plant(60, 8, seed=9)
    rows = milestone_rows(plant.indexes, plant.forecasts, "line", NOW, 8)
    assert [row.order for row in rows] == [r.order for r in plant.indexes.book.worst("line", 8)]
    for row in rows:
        plan = plant.indexes.gantt.plans[row.order]
        assert len(row.milestones) == len(plan.milestones)
        assert row.p80_at >= row.p50_at >= NOW
        for mark in row.milestones:
            assert mark.late == (mark.at - mark.planned_at > timedelta(minutes=15))
            assert mark.reached or mark.at >= NOW
