"""What a window promises: never too many marks, nothing late or critical lost, nothing invented."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from data.domain.gantt.detail import Spans, detail
from data.domain.gantt.picture import picture
from data.domain.gantt.records import (
    MOST_MARKS,
    GanttPicture,
    GanttView,
    Grouping,
    Layer,
    Sorting,
)
from data.domain.gantt.rows import PastPage, order_ids
from data.domain.gantt.window import LATE_AFTER_S
from tests.unit.domain.gantt.plants import HOUR, NOW, Plant

PLANT = Plant(300, 12, seed=3)
DAY = timedelta(days=1)
BARS = (Layer.BASELINE, Layer.ACTUAL, Layer.FORECAST, Layer.WHISKER)


def view(back: timedelta = DAY, ahead: timedelta = 2 * DAY, **more: object) -> GanttView:
    return GanttView(start=NOW - back, finish=NOW + ahead, **more)


def shown(look: GanttView, plant: Plant = PLANT) -> GanttPicture:
    ids = order_ids(plant.indexes, look, NOW, NOW - 2 * DAY)
    return picture(plant.indexes, look, NOW, ids, PastPage())


def late_and_critical(look: GanttView, orders: set[str], finish_s: float) -> set[tuple[str, str]]:
    """Work out plainly which operations must have a mark of their own in the window."""
    found, late_ids = set(), {r.order for r in PLANT.indexes.book.worst(None, 999) if r.slack_s < 0}
    for order in orders:
        ahead = PLANT.forecasts.get(order)
        finishes = {one.operation: one for one in ahead.operations} if ahead else {}
        for step in PLANT.indexes.gantt.plans[order].operations:
            state, forecast = PLANT.board.operation(order, step.id), finishes.get(step.id)
            ends = state.finished_at or max(NOW, forecast.finish.p50_at if forecast else NOW)
            behind = (ends - step.planned_finish).total_seconds() > LATE_AFTER_S
            late = state.finished_at is None and behind and order in late_ids
            begins = state.started_at or (forecast.start_at if forecast else step.planned_start)
            begins = begins if state.started_at else max(begins, NOW)
            inside = begins.timestamp() < finish_s and ends >= look.start
            if inside and (late or step.critical):
                found.add((order, step.id))
    return found


views = st.builds(
    view,
    back=st.integers(1, 300).map(lambda n: n * HOUR),
    ahead=st.integers(1, 300).map(lambda n: n * HOUR),
    width_px=st.integers(200, 4000),
    rows=st.integers(1, 80),
    first=st.integers(0, 400),
    by=st.sampled_from(Grouping),
    sort=st.sampled_from(Sorting),
    late_only=st.booleans(),
    text=st.sampled_from(["", "P-1", "customer 3"]),
    order=st.sampled_from([None, "SO-00007", "nobody"]),
)


@settings(max_examples=60, deadline=None)
@given(look=views)
def test_a_picture_never_has_more_marks_than_can_be_drawn(look):
    found = shown(look)
    assert len(found.marks) <= MOST_MARKS
    assert all(0 <= mark.row < len(found.rows) for mark in found.marks)
    assert all(mark.finish_s >= mark.start_s for mark in found.marks)
    assert len(found.rows) <= look.rows


@settings(max_examples=60, deadline=None)
@given(look=views.filter(lambda one: one.by is Grouping.ORDER))
def test_late_and_critical_operations_keep_marks_of_their_own(look):
    found = shown(look)
    alone = {(mark.order, mark.operation) for mark in found.marks if mark.count == 1}
    orders = {row.id for row in found.rows}
    assert late_and_critical(look, orders, found.finish.timestamp()) <= alone


@settings(max_examples=60, deadline=None)
@given(look=views.filter(lambda one: one.by is Grouping.ORDER))
def test_every_milestone_in_sight_has_its_diamond(look):
    found = shown(look)
    diamonds = Counter(
        (mark.order, mark.operation) for mark in found.marks if mark.layer is Layer.MILESTONE
    )
    for row in found.rows:
        for one in PLANT.indexes.gantt.plans[row.id].milestones:
            inside = look.start <= one.baseline_at < found.finish
            assert diamonds[(row.id, one.operation)] == 1 or not inside


@settings(max_examples=40, deadline=None)
@given(look=views.filter(lambda one: not one.text and not one.late_only))
def test_merging_loses_no_operation(look):
    coarse, fine = shown(look), shown(replace(look, width_px=100_000))
    same = coarse.rows == fine.rows and coarse.finish == fine.finish
    if not same or any(mark.count > 1 for mark in fine.marks):
        return
    for layer in BARS:
        counts = [sum(m.count for m in one.marks if m.layer is layer) for one in (coarse, fine)]
        assert counts[0] == counts[1]


bar = st.tuples(
    st.integers(0, 3), st.integers(0, 4), st.floats(0, 1e5), st.floats(0, 5e3), st.booleans()
)
spans = st.lists(bar, min_size=1, max_size=300)


@settings(max_examples=200, deadline=None)
@given(bars=spans, room=st.integers(20, 400), s_per_px=st.floats(1, 1000))
def test_the_detail_keeps_what_must_be_kept_and_covers_the_rest(bars, room, s_per_px):
    layer, row, start, length, kept = (np.array(column) for column in zip(*bars, strict=True))
    given_ = Spans(layer, row, start, start + length, np.arange(len(bars)), kept)
    found = detail(given_, s_per_px, room, 1e5 / s_per_px)
    if found is None:
        assert kept.sum() + 20 > room
        return
    assert len(found) <= room
    assert set(np.flatnonzero(kept)) <= set(found.alone.source.tolist())
    assert len(found.alone) + found.groups.count.sum() == len(bars)
    for source in set(range(len(bars))) - set(found.alone.source.tolist()):
        inside = (
            (found.groups.layer == layer[source])
            & (found.groups.row == row[source])
            & (found.groups.start <= start[source] + 1e-6)
            & (found.groups.finish >= start[source] + length[source] - 1e-4)
        )
        assert inside.any()


def test_rows_come_by_risk_and_the_completed_ones_last():
    found = shown(view(rows=300))
    slacks = [row.slack_s for row in found.rows if row.done < row.operations]
    late = [slack for slack in slacks if slack < 0]
    assert late == sorted(late)
    ended = [row.done == row.operations for row in found.rows]
    assert ended == sorted(ended)


def test_the_chosen_order_stays_in_sight_when_the_rows_are_turned():
    ids = order_ids(PLANT.indexes, view(), NOW, NOW - 2 * DAY)
    found = shown(view(order=ids[0], first=20, rows=5))
    assert found.rows[0].id == ids[0] and len(found.rows) == 5


def test_a_search_finds_order_product_and_customer():
    for said in ("so-00012", "p-7", "CUSTOMER 4"):
        rows = shown(view(30 * DAY, 30 * DAY, text=said, rows=200)).rows
        assert rows
        for row in rows:
            assert said.casefold() in f"{row.id} {row.product} {row.customer}".casefold()


@pytest.mark.parametrize("by", [Grouping.CENTER, Grouping.UNIT])
def test_equipment_rows_hold_their_own_operations_alone(by):
    found = shown(view(3 * HOUR, 5 * HOUR, by=by, rows=12))
    for mark in found.marks:
        if mark.order is None:
            continue
        steps = {step.id: step for step in PLANT.indexes.gantt.plans[mark.order].operations}
        step = steps[mark.operation]
        own = step.work_center if found.rows[mark.row].by is Grouping.CENTER else step.work_unit
        assert own == found.rows[mark.row].id


def test_off_shift_time_and_working_time_fill_the_window():
    found = shown(view())
    shaded = sum(b - a for a, b in found.off_shift)
    assert shaded == pytest.approx(3 * 86400 - 3 * 8 * 3600, abs=1)


def test_a_first_plan_is_drawn_where_it_was_moved():
    plan = PLANT.indexes.gantt.plans["SO-00007"]
    first = replace(
        plan,
        operations=tuple(
            replace(step, planned_start=step.planned_start - HOUR) for step in plan.operations
        ),
    )
    look = view(20 * DAY, 20 * DAY, order=plan.id, rows=5)
    ids = order_ids(PLANT.indexes, look, NOW, NOW - 2 * DAY)
    found = picture(PLANT.indexes, look, NOW, ids, PastPage(), first)
    marks = [mark for mark in found.marks if mark.layer is Layer.RELEASED]
    assert len(marks) == len(plan.operations)
    assert {found.rows[mark.row].id for mark in marks} == {plan.id}
