"""The shell checks the address, finds the site, draws the frame, and says what went wrong."""

from datetime import UTC, datetime, timedelta

import dash
import pytest

from callbacks.desk.visit import BadParameter
from data.services.errors import Forbidden, Unavailable
from data.services.recorder import READER
from layouts import ids
from tests.unit.callbacks.desk.places import (
    NOW,
    Past,
    Recorded,
    hrefs,
    live_site,
    manager_of,
    shell,
    site,
    texts,
)

AGAIN = "data-again"


def drawn(tree):
    return " ".join(texts(tree))


def asking(tree):
    return [
        (part.to_plotly_json()["props"][AGAIN], part.to_plotly_json()["props"]["data-shown"])
        for part in tree._traverse()
        if hasattr(part, "to_plotly_json") and AGAIN in part.to_plotly_json()["props"]
    ]


def test_a_page_is_drawn_for_the_first_site_when_none_is_named():
    page = Recorded()
    tree = shell(page, lives=[live_site(site("south")), live_site(site("north"))]).whole(page, {})
    assert "body of orders at north" in drawn(tree)


def test_a_page_is_drawn_for_the_site_that_is_named():
    page = Recorded()
    lives = [live_site(site("south")), live_site(site("north"))]
    assert "at south" in drawn(shell(page, lives=lives).whole(page, {"site": "south"}))


def test_a_site_that_is_not_there_is_not_found_and_nothing_is_drawn():
    page = Recorded()
    assert "Not found" in drawn(shell(page).whole(page, {"site": "elsewhere"}))
    assert page.visits == []


def test_before_any_board_is_loaded_the_page_asks_for_a_moment_and_whether_it_is_over():
    page = Recorded()
    tree = shell(page, lives=[]).whole(page, {})
    assert "One moment" in drawn(tree)
    assert asking(tree) == [("/live/ready", "early")]


def test_while_a_board_is_loading_nothing_is_said_not_to_be_there():
    page, loading = Recorded(), live_site(site("south"))
    loading.loaded = False
    tree = shell(page, lives=[live_site(), loading]).whole(page, {"site": "south"})
    assert "One moment" in drawn(tree)
    loading.loaded = True
    assert asking(shell(page, lives=[live_site(), loading]).whole(page, {"site": "south"})) == []


def test_who_has_no_site_is_not_asked_to_wait_for_one():
    page = Recorded()
    tree = shell(page, who=manager_of("elsewhere")).whole(page, {})
    assert "Not found" in drawn(tree)
    assert asking(tree) == []


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (BadParameter("sort", "choice", ("due", "risk")), "sort: expected one of due, risk."),
        (Forbidden("SO-1"), "Not found"),
        (Unavailable("gone"), "History can't be reached"),
    ],
)
def test_what_a_page_cannot_show_is_said_within_the_frame(trouble, said):
    page = Recorded()
    page.trouble = trouble
    tree = shell(page).whole(page, {"sort": "x"})
    assert said in drawn(tree)
    assert "Milepost" in drawn(tree)
    assert not any("/export/" in href for href in hrefs(tree))


def test_a_bad_parameter_comes_with_the_address_without_it():
    page = Recorded()
    page.trouble = BadParameter("sort", "choice", ("due",))
    tree = shell(page).whole(page, {"sort": "x", "q": "a b"})
    assert "/orders?q=a%20b" in hrefs(tree)


@pytest.mark.parametrize("value", ["x" * 201, "a\x00b"])
def test_a_value_too_long_or_with_nul_is_refused_before_the_page_is_asked(value):
    page = Recorded()
    assert "q: too long" in drawn(shell(page).whole(page, {"q": value}))
    assert page.visits == []


def test_too_many_parameters_are_refused():
    page = Recorded()
    shell(page).whole(page, {f"p{number}": "1" for number in range(41)})
    assert page.visits == []


def test_of_several_values_the_first_counts_and_empty_ones_are_none():
    page = Recorded()
    shell(page).whole(page, {"q": ["first", "second"], "area": ""})
    assert page.visits[0].query == {"q": "first"}


def test_path_variables_reach_the_page_decoded_and_stay_out_of_links():
    page = Recorded("order", "/orders/<order>")
    shell(page).whole(page, {"order": "SO%2F1 x", "cause": "down"})
    visit = page.visits[0]
    assert visit.query["order"] == "SO/1 x"
    assert visit.href(cause=None) == "/orders/SO%2F1%20x"
    assert visit.href("/gantt", area="A") == "/gantt?area=A"


def test_another_page_keeps_site_and_instant_but_no_filter():
    page = Recorded()
    live = live_site()
    past = "2026-11-23T10:00"
    shell(page, lives=[live], past=Past(live)).whole(
        page, {"site": "north", "at": past, "q": "pump"}
    )
    href = page.visits[0].href("/gantt")
    assert href == "/gantt?at=2026-11-23T10%3A00&site=north"


def test_an_instant_without_offset_is_the_sites_time():
    page, live = Recorded(), live_site()
    looked = Past(live)
    tree = shell(page, lives=[live], past=looked).whole(page, {"at": "2026-11-23T10:00"})
    assert looked.asked == [("north", datetime(2026, 11, 23, 2, tzinfo=UTC))]
    assert "as it was at Nov 23, 2026 10:00" in drawn(tree)
    assert "back to live" in drawn(tree)


@pytest.mark.parametrize("value", ["yesterday", "2026-11-25T00:00Z", "0001-01-01T00:00Z", "9999"])
def test_an_instant_that_is_none_or_to_come_is_refused(value):
    page, live = Recorded(), live_site()
    tree = shell(page, lives=[live], past=Past(live)).whole(page, {"at": value})
    assert "at: expected an instant that is past" in drawn(tree)
    assert page.visits == []


def test_without_boards_of_the_past_an_instant_is_refused_by_name():
    page = Recorded()
    tree = shell(page).whole(page, {"at": "2026-11-23T10:00"})
    assert "at: this page can only be shown as it is now." in drawn(tree)


def test_a_page_of_the_past_is_never_renewed():
    page, live = Recorded(), live_site()
    past = shell(page, lives=[live], past=Past(live)).whole(page, {"at": "2026-11-23T10:00"})
    assert not [part for part in past._traverse() if getattr(part, "id", "") == ids.Desk.AS_OF]


def test_the_navigation_marks_the_page_and_the_list_that_a_page_belongs_to():
    pages = [Recorded("order", "/orders/<order>"), Recorded(), Recorded("delays", "/delays")]
    tree = shell(*pages).whole(pages[0], {"order": "SO-1"})
    current = [p for p in tree._traverse() if getattr(p, "aria-current", "") == "page"]
    assert [part.children for part in current] == ["Orders"]
    tabs = [p.children for p in tree._traverse() if getattr(p, "className", "") == "mp-tab"]
    assert tabs == ["Orders", "Delays"]


def test_the_export_has_the_parameters_of_the_page():
    page = Recorded()
    tree = shell(page).whole(page, {"q": "a&b"})
    assert "/export/orders.csv?q=a%26b" in hrefs(tree)
    assert "/export/orders.xlsx?q=a%26b" in hrefs(tree)


def test_history_that_lags_is_labelled_with_its_age():
    live = live_site()
    live._begun_at = NOW - timedelta(hours=1)
    live._readers = {READER: ("1-0", (NOW - timedelta(minutes=18)).timestamp())}
    page = Recorded()
    tree = shell(page, lives=[live]).whole(page, {})
    assert "recording 18 min behind" in drawn(tree)


def test_a_renewal_draws_the_body_for_the_address_that_it_names():
    page = Recorded("order", "/orders/<order>")
    wish = {"path": "/orders/SO-1", "search": "?q=x&site=north", "wish": 3}
    body, status = shell(page).renew(wish)
    assert "body of order at north" in drawn(body)
    assert page.visits[0].query == {"order": "SO-1", "q": "x", "site": "north"}
    assert "as of" in drawn(status)


@pytest.mark.parametrize(
    "wish",
    [
        None,
        7,
        [],
        "x",
        {},
        {"path": 1, "search": ""},
        {"path": "/orders", "search": None},
        {"path": "/admin", "search": ""},
        {"path": "/orders/x/y", "search": ""},
        {"path": "/orders", "search": "?" + "q" * 5000},
    ],
)
def test_a_forged_wish_changes_nothing(wish):
    page = Recorded()
    assert shell(page).renew(wish) == (dash.no_update, dash.no_update)
    assert page.visits == []


def test_a_renewal_works_out_anew_what_may_be_seen():
    page = Recorded()
    body, _ = shell(page).renew({"path": "/orders", "search": "?site=elsewhere"})
    assert "Not found" in drawn(body)
    assert page.visits == []
