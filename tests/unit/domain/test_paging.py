"""Pages: every row once, whatever changes in between; a cursor tells nothing and can't be bent."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.paging import NAMED_BY, CursorError, page, subject
from data.domain.policy import Kind

names = st.sampled_from(["SO-1", "SO-2", "O-ABCDEF", "订单"])
rows = st.lists(
    st.fixed_dictionaries(
        {"order": names, "need": st.sampled_from(["n1", "n2", "n3"])},
        optional={"standing": st.sampled_from(["late", "done"])},
    ),
    max_size=12,
    unique_by=lambda row: (row["order"], row["need"]),
)


def walked(kind, found, limit):
    shown, cursor = [], None
    while True:
        one = page(kind, found, limit, cursor)
        assert len(one.rows) <= limit
        shown += one.rows
        if one.next is None:
            return shown
        cursor = one.next


@given(found=rows, limit=st.integers(1, 5))
def test_the_pages_together_hold_every_row_once(found, limit):
    shown = walked(Kind.NEED, found, limit)
    assert sorted(map(repr, shown)) == sorted(map(repr, found))


def test_rows_of_every_kind_can_be_named_also_where_they_are_of_no_order():
    assert set(NAMED_BY) == set(Kind)
    moved = [{"exception": "E-1", "name": "a"}, {"exception": "E-1", "name": "b"}]
    assert walked(Kind.EXCEPTION, moved, 1) == moved


@given(found=rows, limit=st.integers(1, 5))
def test_the_order_in_which_rows_come_doesnt_show(found, limit):
    assert walked(Kind.NEED, found, limit) == walked(Kind.NEED, found[::-1], limit)


def test_a_row_that_goes_away_between_pages_takes_no_other_with_it():
    found = [{"order": f"SO-{n}"} for n in range(6)]
    first = page(Kind.ORDER, found, 2)
    rest = page(Kind.ORDER, [row for row in found if row["order"] != "SO-1"], 9, first.next)
    assert [row["order"] for row in rest.rows] == ["SO-2", "SO-3", "SO-4", "SO-5"]


def test_rows_whose_names_are_hidden_are_all_shown_too():
    found = [{"standing": "late"}, {"standing": "late"}, {"standing": "done"}]
    shown = walked(Kind.ORDER, found, 1)
    assert [row["standing"] for row in shown] == ["done", "late", "late"]


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "!!", "ü", "bnVsbA", base64.urlsafe_b64encode(b'["a","b"]').decode(),
     base64.urlsafe_b64encode(b'["a","b","c"]').decode(), "A" * 400],
)  # fmt: skip
def test_a_cursor_of_ones_own_making_is_refused(cursor):
    with pytest.raises(CursorError):
        page(Kind.ORDER, [{"order": "SO-1"}], 1, cursor)


def test_a_row_is_named_by_what_is_disclosed_and_not_at_all_without_it():
    assert subject(Kind.NEED, {"order": "O-ABCDEF", "need": "n1"}) == "need/O-ABCDEF/n1"
    assert subject(Kind.ORDER, {"order": "SO-1", "product": "pump"}) == "order/SO-1"
    assert subject(Kind.NEED, {"need": "n1"}) is None
