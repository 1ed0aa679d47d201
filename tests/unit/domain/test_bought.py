"""A customer's orders come from disclosed rows alone, those at most risk first."""

from datetime import UTC, datetime, timedelta

import pytest

from data.domain.bought import BoughtFilter, News, bought, compared, seen_of, wanted
from data.domain.view import Standing

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def h(hours):
    return NOW + timedelta(hours=hours)


def order(name, standing="on_track", due=24, p80=20, **more):
    row = {"order": name, "product": "P", "quantity": 60, "standing": standing, "due_at": h(due)}
    return row | {"forecast_p80_at": h(p80), "completed_at": None} | more


def milestone(name, of="SO-1", p80=20, baseline=20, **more):
    row = {"order": of, "milestone": name, "name": name.title(), "standing": "on_track"}
    dates = {"baseline_at": h(baseline), "committed_at": None, "forecast_p80_at": h(p80)}
    return row | dates | {"reached_at": None} | more


def names(rows):
    return [row.order for row in rows]


def test_what_is_likely_late_comes_first_then_what_may_be_then_by_due_date():
    rows = [
        order("done", "done", 1), order("far", due=30), order("near", due=10),
        order("risky", "at_risk", 90), order("late", "late", 99),
    ]  # fmt: skip
    assert names(bought(rows, [])) == ["late", "risky", "near", "far", "done"]


def test_milestones_stand_in_the_order_of_their_promises():
    nodes = [milestone("b", baseline=9), milestone("a", baseline=5), milestone("x", "SO-2")]
    (row,) = bought([order("SO-1")], nodes)
    assert [node.name for node in row.nodes] == ["A", "B"]


def test_what_was_confirmed_is_the_promise_before_what_was_committed_or_planned():
    (row,) = bought([order("SO-1")], [milestone("a", committed_at=h(30), confirmed_at=h(40))])
    assert row.nodes[0].promised_at == h(40)
    (row,) = bought([order("SO-1")], [milestone("a", committed_at=h(30))])
    assert row.nodes[0].promised_at == h(30)


def test_a_date_that_is_disclosed_as_a_word_or_not_at_all_is_none():
    node = milestone("a", forecast_p80_at="late")
    del node["baseline_at"]
    (row,) = bought([order("SO-1", forecast_p80_at="late")], [node])
    assert row.p80_at is None
    assert row.nodes[0].words == {"forecast_p80_at": "late"}
    assert "baseline_at" in row.nodes[0].hidden


@pytest.mark.parametrize(
    ("by", "left"),
    [
        (BoughtFilter(), ["SO-1", "SO-2"]),
        (BoughtFilter(which="completed"), ["SO-3"]),
        (BoughtFilter(which="all", standing=Standing.LATE), ["SO-1"]),
        (BoughtFilter(text="so-2"), ["SO-2"]),
        (BoughtFilter(text="packed"), ["SO-2"]),
        (BoughtFilter(changed=True), []),
    ],
)
def test_filters_leave_what_fits(by, left):
    rows = [order("SO-1", "late"), order("SO-2"), order("SO-3", "done", completed_at=h(-1))]
    assert names(wanted(bought(rows, [milestone("packed", "SO-2")]), by)) == left


def test_at_the_first_visit_nothing_is_marked():
    rows = compared(bought([order("SO-1")], [milestone("a")]), None)
    assert rows[0].changes == []


def test_what_moved_was_reached_or_confirmed_since_the_last_visit_is_marked():
    before = bought([order("SO-1"), order("SO-2")], [milestone("a"), milestone("b")])
    seen = seen_of(before)
    now = bought(
        [order("SO-1", p80=30), order("SO-2", p80=20.5), order("SO-9")],
        [milestone("a", reached_at=h(19)), milestone("b", confirmed_at=h(50))],
    )
    marked = {row.order: [change.news for change in row.changes] for row in compared(now, seen)}
    assert marked == {
        "SO-1": [News.LATER, News.REACHED, News.CONFIRMED], "SO-2": [], "SO-9": [News.NEW],
    }  # fmt: skip


def test_a_date_that_moved_by_less_than_an_hour_is_where_it_was():
    seen = seen_of(bought([order("SO-1", p80=20)], []))
    (later,) = compared(bought([order("SO-1", p80=20.9)], []), seen)
    (earlier,) = compared(bought([order("SO-1", p80=18)], []), seen)
    assert later.change is None
    assert (earlier.change.news, earlier.change.before) == (News.EARLIER, h(20))
