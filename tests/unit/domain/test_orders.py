"""The list of orders: what a search finds, what a filter leaves, in what order."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from data.domain.orders import (
    OrderFilter,
    completed_row,
    due_window,
    facets,
    open_orders,
    row_of,
    sort_rows,
)
from data.domain.view import Standing
from tests.unit.callbacks.desk.places import NOW, TAIPEI, live_site, need, order

DAY = timedelta(days=1)
ORDERS = (
    order("SO-2", 3 * DAY, product="Pump", customer="P1", needs=(need("BOLT-7"),)),
    order("SO-10", 1 * DAY, product="valve"),
    order("SO-3", -DAY, product="pump", center="CB"),
)


def found(**by):
    live = live_site(orders=ORDERS)
    wanted = OrderFilter(**by)
    rows, standings = open_orders(live.indexes.book.worst(wanted.area, 99), live.board, wanted)
    return [row.order for row in sort_rows(rows, wanted)], dict(standings)


def names(**by):
    return sorted(found(**by)[0])


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("so-1", ["SO-10"]),
        ("PUMP", ["SO-2", "SO-3"]),
        ("aurelia", ["SO-2"]),
        ("p1", ["SO-2"]),
        ("bolt", ["SO-2"]),
        ("Cast", ["SO-2"]),
        ("nothing", []),
    ],
)
def test_a_search_looks_into_order_product_customer_and_parts_whatever_the_case(text, orders):
    assert names(text=text) == orders


def test_filters_leave_what_fits_all_of_them():
    assert names(product="pump") == ["SO-3"]
    assert names(customer="P1") == ["SO-2"]
    assert names(area="B") == ["SO-3"]
    assert names(area="B", product="Pump") == []


def test_due_days_are_the_sites_and_inclusive():
    low, high = due_window(
        OrderFilter(due_from=date(2026, 11, 25), due_to=date(2026, 11, 25)), ZoneInfo(TAIPEI)
    )
    assert high - low == DAY
    assert low.isoformat() == "2026-11-25T00:00:00+08:00"
    assert names(due_from=date(2026, 11, 25), due_to=date(2026, 11, 25)) == ["SO-10"]
    assert names(due_to=date(2026, 11, 24)) == ["SO-3"]


def test_standings_count_what_all_other_filters_leave():
    orders, standings = found(standing=Standing.LATE)
    assert orders == ["SO-3"]
    assert sum(standings.values()) == 3
    assert standings[Standing.LATE] == 1


def test_the_list_comes_by_risk_and_is_sorted_as_asked():
    assert found()[0][0] == "SO-3"
    assert found(sort="due")[0] == ["SO-3", "SO-10", "SO-2"]
    assert found(sort="due", descending=True)[0] == ["SO-2", "SO-10", "SO-3"]
    assert found(sort="order")[0] == ["SO-10", "SO-2", "SO-3"]


def test_an_open_row_says_its_step_and_its_lateness():
    live = live_site(orders=ORDERS)
    row = row_of(live.indexes.book.row("SO-2"), {"P1": "Aurelia"})
    assert (row.step, row.steps, row.customer) == (1, 2, "Aurelia")
    assert row.late_s == -2 * 3600
    assert not row.completed


def test_an_order_without_a_route_has_no_end_and_no_lateness():
    bare = order("SO-9")
    live = live_site(orders=[type(bare)(id="SO-9", product="x", quantity=1, due_at=NOW + DAY)])
    row = row_of(live.indexes.book.row("SO-9"), {})
    assert (row.ended_at, row.late_s, row.steps) == (None, None, 0)


def test_a_completed_row_is_done_and_late_by_its_completion():
    row = completed_row(ORDERS[1], ORDERS[1].due_at + DAY, {})
    assert row.standing is Standing.DONE
    assert row.late_s == DAY.total_seconds()


def test_facets_are_what_the_open_orders_have():
    live = live_site(orders=ORDERS)
    known = facets(live.indexes.book.worst(None, 9), live.board)
    assert known.products == ("Pump", "pump", "valve")
    assert known.customers == (("P1", "Aurelia Telecom"),)
    assert known.areas == (("A", "Line A"), ("B", "B"))
