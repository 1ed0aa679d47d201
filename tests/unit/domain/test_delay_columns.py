"""Sums over packed columns are those of a plain loop over the orders."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain import delay_columns
from data.domain.delay_cells import Cell, OrderDelay
from data.domain.delay_columns import DelayColumns, pack_of
from data.domain.delays import DIMENSIONS, DelayFilter

DAY = date(2026, 11, 2)
NAMES = st.sampled_from(["", "x", "y", "z"])


@st.composite
def delays(draw: st.DrawFn) -> list[tuple[date, bool, list[OrderDelay]]]:
    """Draw days of orders, completed or open; whole seconds, so that sums are exact."""
    number = iter(range(10_000))
    seconds = st.integers(-5000, 9000).map(float)
    days = []
    for n in range(draw(st.integers(0, 4))):
        orders = []
        for _ in range(draw(st.integers(0, 6))):
            keys = draw(st.lists(st.tuples(NAMES, NAMES, NAMES), max_size=4, unique=True))
            cells = tuple(Cell(*key, draw(seconds)) for key in keys)
            orders.append(
                OrderDelay(
                    order=f"O{next(number)}",
                    area=draw(NAMES),
                    product=draw(NAMES),
                    customer=draw(NAMES),
                    late_s=sum(cell.late_s for cell in cells),
                    cells=cells,
                )
            )
        days.append((DAY + timedelta(days=n // 2), bool(draw(st.booleans())), orders))
    return days


@st.composite
def filters(draw: st.DrawFn) -> DelayFilter:
    names = ("cause", "work_center", "party", "product", "customer", "area")
    wanted = {name: draw(st.none() | NAMES) for name in names if draw(st.booleans())}
    return DelayFilter(since=DAY, until=DAY, **wanted)


def chosen(
    days: list[tuple[date, bool, list[OrderDelay]]], wanted: DelayFilter
) -> Iterator[tuple[date, bool, OrderDelay, list[Cell]]]:
    """Yield the orders that a filter leaves, with those of their cells that it leaves."""
    for day, completed, orders in days:
        for order in orders:
            if all(
                getattr(wanted, n) in (None, getattr(order, n))
                for n in ("area", "product", "customer")
            ):
                cells = [
                    cell
                    for cell in (order.cells if order.late_s > 0 else ())
                    if all(
                        getattr(wanted, n) in (None, getattr(cell, n))
                        for n in ("cause", "work_center", "party")
                    )
                ]
                yield day, completed, order, cells


@given(days=delays(), wanted=filters())
def test_every_sum_is_that_of_a_plain_loop(
    days: list[tuple[date, bool, list[OrderDelay]]], wanted: DelayFilter
) -> None:
    packs = [pack_of(day, orders, completed=completed) for day, completed, orders in days]
    sums = DelayColumns(packs).choose(wanted)
    rows = list(chosen(days, wanted))
    assert sums.late_s == sum(cell.late_s for *_, cells in rows for cell in cells)
    assert sums.completed == sum(completed for _, completed, _, _ in rows)
    assert sums.on_time == sum(done and order.late_s <= 0 for _, done, order, _ in rows)
    by_step = {wanted.cause, wanted.work_center, wanted.party} != {None}
    late = [
        (order.late_s, order.order)
        for _, _, order, cells in rows
        if order.late_s > 0 and (not by_step or any(cell.late_s > 0 for cell in cells))
    ]
    worst = sorted(late, key=lambda item: (-item[0], item[1]))
    assert sums.orders_late == len(worst)
    assert sums.page(100, 0) == worst
    assert sums.page(2, 1) == worst[1:3]
    bars = sums.bars()
    for dimension in DIMENSIONS:
        assert {b.key: (b.late_s, b.orders) for b in bars[dimension]} == looped(rows, dimension)


def looped(rows: list[tuple[date, bool, OrderDelay, list[Cell]]], name: str) -> dict[str, object]:
    late_s: dict[str, float] = defaultdict(float)
    orders: dict[str, set[str]] = defaultdict(set)
    for _, _, order, cells in rows:
        for cell in cells:
            key = getattr(order if name in ("product", "customer") else cell, name)
            late_s[key] += cell.late_s
            orders[key] |= {order.order} if cell.late_s > 0 else set()
    return {key: (late_s[key], len(orders[key])) for key in late_s}


@given(days=delays(), wanted=filters())
def test_the_days_add_up_to_the_whole(
    days: list[tuple[date, bool, list[OrderDelay]]], wanted: DelayFilter
) -> None:
    packs = [pack_of(day, orders, completed=completed) for day, completed, orders in days]
    sums = DelayColumns(packs).choose(wanted)
    found = sums.days()
    assert [day.day for day in found] == sorted({day.day for day in found})
    assert sum(day.late_s for day in found) == sums.late_s
    assert sum(day.completed for day in found) == sums.completed
    assert sum(day.on_time for day in found) == sums.on_time
    counts = Counter(day for day, completed, _, _ in chosen(days, wanted) if completed)
    assert {day.day: day.completed for day in found if day.completed} == dict(counts)


def test_very_many_keys_are_counted_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = tuple(Cell(f"c{n}", "", "", 1.0) for n in range(5))
    orders = [
        OrderDelay(order=f"O{n}", area="", product="", customer="", late_s=5.0, cells=cells)
        for n in range(3)
    ]
    wanted = DelayFilter(since=DAY, until=DAY)
    few = DelayColumns([pack_of(DAY, orders)]).choose(wanted).bars()
    monkeypatch.setattr(delay_columns, "_MOST_FLAGS", 1)
    assert DelayColumns([pack_of(DAY, orders)]).choose(wanted).bars() == few


def test_nothing_at_all_sums_up_to_nothing() -> None:
    sums = DelayColumns([]).choose(DelayFilter(since=DAY, until=DAY))
    assert (sums.late_s, sums.orders_late, sums.page(10, 0), sums.days()) == (0.0, 0, [], ())
