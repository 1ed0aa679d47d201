"""The service behind the list: one list of open and completed, with the past out of reach too."""

from datetime import timedelta

import pytest

from data.domain.orders import OrderFilter
from data.domain.scope import factory_scope
from data.domain.view import Standing
from data.services.errors import Forbidden, Unavailable
from data.services.orders import Orders
from tests.unit.callbacks.desk.places import NOW, live_site, order

DAY = timedelta(days=1)
NORTH = factory_scope("north")
OPEN = (order("SO-1", DAY), order("SO-5", -DAY), order("SO-3", 3 * DAY))
DONE = ((order("SO-4", -2 * DAY), NOW - DAY), (order("SO-2", -5 * DAY), NOW - 4 * DAY))


class Past:
    """Two completed orders, and an account of one late order."""

    def __init__(self, gone=False):
        self.gone = gone
        self.asked = []

    def completed(self, site, query, limit, offset):
        self.asked.append(query)
        if self.gone:
            raise Unavailable("gone")
        key = {
            "risk": lambda one: -one[1].timestamp(),
            "due": lambda one: one[0].due_at,
            "order": lambda one: one[0].id,
            "forecast": lambda one: one[1],
        }[query.sort]
        return sorted(DONE, key=key, reverse=query.descending)[:limit], len(DONE)

    def top_causes(self, site, orders):
        if self.gone:
            raise Unavailable("gone")
        return {"SO-5": "down"} if "SO-5" in orders else {}


def search(past=None, limit=50, offset=0, **by):
    return Orders(past or Past()).search(
        NORTH, live_site(orders=OPEN), OrderFilter(**by), limit, offset
    )


def ids(found):
    return [row.order for row in found.rows]


def test_open_orders_need_no_past():
    past = Past()
    assert ids(search(past)) == ["SO-5", "SO-1", "SO-3"]
    assert past.asked == []


def test_completed_orders_alone_come_newest_first():
    found = search(which="completed")
    assert ids(found) == ["SO-4", "SO-2"]
    assert found.total == 2


def test_all_are_the_open_ones_by_risk_then_the_completed_ones():
    assert ids(search(which="all")) == ["SO-5", "SO-1", "SO-3", "SO-4", "SO-2"]


@pytest.mark.parametrize("sort", ["due", "order", "forecast"])
@pytest.mark.parametrize("descending", [False, True])
def test_open_and_completed_are_sorted_as_one_list(sort, descending):
    key = {
        "due": lambda row: row.due_at,
        "order": lambda row: row.order,
        "forecast": lambda row: row.ended_at,
    }[sort]
    rows = search(which="all", sort=sort, descending=descending).rows
    assert list(rows) == sorted(rows, key=key, reverse=descending)
    assert len(rows) == 5


def test_pages_follow_each_other_without_gap_or_repeat():
    pages = [ids(search(which="all", sort="due", limit=2, offset=at)) for at in (0, 2, 4)]
    assert [one for page in pages for one in page] == ids(search(which="all", sort="due"))
    assert [len(page) for page in pages] == [2, 2, 1]


def test_a_standing_of_open_orders_leaves_completed_ones_out():
    past = Past()
    assert ids(search(past, which="all", standing=Standing.LATE)) == ["SO-5"]
    assert past.asked == []


def test_done_leaves_open_ones_out():
    assert ids(search(which="all", standing=Standing.DONE)) == ["SO-4", "SO-2"]


def test_late_orders_say_what_made_them_late():
    causes = {row.order: row.top_cause for row in search().rows}
    assert causes == {"SO-5": "down", "SO-1": None, "SO-3": None}


def test_a_board_of_the_past_has_no_causes_that_were_found_since():
    found = Orders(Past()).search(
        NORTH, live_site(orders=OPEN), OrderFilter(), limit=50, causes=False
    )
    assert {row.top_cause for row in found.rows} == {None}


def test_without_the_past_the_open_orders_are_still_there_and_it_is_said():
    found = search(Past(gone=True), which="all")
    assert ids(found) == ["SO-5", "SO-1", "SO-3"]
    assert found.history_missing


def test_without_the_past_completed_orders_alone_are_unavailable():
    with pytest.raises(Unavailable):
        search(Past(gone=True), which="completed")


def test_the_past_is_asked_up_to_the_instant_that_is_looked_at():
    past = Past()
    search(past, which="completed", text="AURELIA", area="A")
    assert past.asked[0].until == NOW
    assert past.asked[0].customers == ("P1",)
    assert past.asked[0].centers == ("CA",)


def test_a_scope_without_the_site_is_refused():
    with pytest.raises(Forbidden):
        Orders(Past()).search(factory_scope("south"), live_site(), OrderFilter(), 50)
    with pytest.raises(Forbidden):
        Orders(Past()).facets(factory_scope("south"), live_site())
