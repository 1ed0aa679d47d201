"""The frame of desk pages and their parts."""

from datetime import UTC, datetime

import pytest

from data.domain.view import Standing
from layouts import charts, desk
from layouts.components import desk as parts
from layouts.components import forms
from layouts.text import LOCALES, translator
from layouts.theme import DARK, LOOKS
from tests.unit.callbacks.desk.places import hrefs, texts

T = translator("en")
NOW = datetime(2026, 11, 24, 3, 42, 5, tzinfo=UTC)


def head(**more):
    page = desk.Link(name="orders", words="Orders", href="/orders", current=True)
    return desk.Head(site="north", site_name="North", theme="light", pages=(page,), **more)


def status(**more):
    usual = {"now": NOW, "timezone": "Asia/Taipei", "at": None, "topics": 5, "drawn_ms": 17}
    return desk.Status(**usual | more)


def said(*trees):
    return " ".join(text for tree in trees for text in texts(tree))


def find(tree, css):
    return [p for p in tree._traverse() if css in (getattr(p, "className", None) or "").split()]


def test_the_frame_says_where_one_is_and_as_of_when():
    tree = desk.frame(head(), status(), [], T)
    assert "North" in said(tree)
    assert "as of" in said(tree)
    assert "11:42:05" in said(tree)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_frame_is_in_the_readers_language_and_theme(locale):
    tree = desk.frame(head(), status(), [], translator(locale))
    assert (tree.lang, getattr(tree, "data-theme")) == (locale, "light")


def test_one_site_is_a_name_and_several_are_a_choice():
    sites = tuple(desk.Link(name=n, words=n, href=f"/orders?site={n}") for n in ("a", "b"))
    assert not find(desk.frame(head(), status(), [], T), "mp-site-menu")
    assert "/orders?site=b" in hrefs(desk.frame(head(sites=sites), status(), [], T))


def test_plain_pages_stand_in_the_menu_and_are_loaded_whole():
    tools = (desk.Link(name="/links", words="Links", href="/links", current=True),)
    (menu,) = find(desk.frame(head(tools=tools), status(), [], T), "mp-more-menu")
    (found,) = find(menu, "mp-choice")
    assert (found.href, getattr(found, "aria-current")) == ("/links", "page")
    assert not hasattr(found, "data-inner")
    assert "mp-more-here" in menu.className


def test_what_is_old_is_hatched_with_shape_and_age():
    old = (desk.Stale(what="forecasts", age_s=1080.0), desk.Stale(what="history", age_s=None))
    (line,) = desk.status_line(status(stale=old), "", T)
    assert "forecasts are 18 min old" in said(line)
    assert "not recording" in said(line)
    assert len(find(line, "mp-stale")) == len(find(line, "mp-shape")) == 2


def test_a_log_that_is_not_connected_is_said_first():
    (line,) = desk.status_line(status(log_connected=False), "", T)
    assert "log not connected" in said(line)


def test_a_page_of_the_past_says_so_instead_of_being_fresh():
    (line,) = desk.status_line(status(at=NOW, topics=0), "/orders", T)
    assert "as it was at Nov 24, 2026 11:42" in said(line)
    assert hrefs(line) == ["/orders"]


def test_a_table_tells_readers_how_it_is_sorted_and_where_its_rows_lead():
    columns = [
        parts.TableColumn(key="a", heading="A", sort="/x", sorted="descending"),
        parts.TableColumn(key="b", heading="B"),
    ]
    rows = [parts.TableRow(key="1", cells={"a": "one", "b": "two"}, href="/orders/1")]
    tree = parts.table(columns, rows, "List", opens="a")
    heads = [p for p in tree._traverse() if p.__class__.__name__ == "Th"]
    assert [getattr(p, "aria-sort", None) for p in heads] == ["descending", None]
    assert "/orders/1" in hrefs(tree)
    assert "two" in said(tree)


def test_bars_never_leave_their_track():
    items = [parts.Bar(words="x", value="1", share=share) for share in (-1.0, 0.5, 7.0)]
    fills = [p.style["width"] for p in find(parts.bars(items, "b"), "mp-bar-fill")]
    assert fills == ["0.00%", "50.00%", "100.00%"]


def test_a_bar_that_filters_is_a_link_and_marked_when_chosen():
    (row,) = find(
        parts.bars([parts.Bar(words="x", value="1", share=1, href="/d", chosen=True)], "b"),
        "mp-bar-row",
    )
    assert (row.href, getattr(row, "aria-current")) == ("/d", "true")


@pytest.mark.parametrize(("page", "links"), [(1, ["/n"]), (2, ["/p", "/n"]), (3, ["/p"])])
def test_a_pager_leads_nowhere_beyond_its_ends(page, links):
    assert hrefs(parts.pager(page, 3, "/p", "/n", T)) == links


def test_a_pager_of_one_page_is_nothing():
    assert texts(parts.pager(1, 1, "/p", "/n", T)) == []


def test_a_standing_has_its_shape_and_its_word():
    tree = parts.standing(Standing.LATE, T)
    assert LOOKS[Standing.LATE].css in tree.className
    assert find(tree, "mp-shape") and "late" in texts(tree)


def test_a_choice_marks_what_is_chosen():
    field = forms.choice_field("product", [("", "all"), ("a", "A")], "a", "Product")
    chosen = [p.value for p in field._traverse() if getattr(p, "selected", None)]
    assert chosen == ["a"]


def test_a_figure_has_our_colours_and_none_of_plotlys_template():
    chart = charts.figure("dark", [{"type": "bar"}], xaxis={"visible": False}, yaxis2={"side": "r"})
    layout = chart["layout"]
    assert layout["template"] is None
    assert layout["xaxis"]["gridcolor"] == DARK["edge"]
    assert layout["xaxis"]["visible"] is False
    assert layout["yaxis2"]["gridcolor"] == DARK["edge"]
    assert charts.figure("dark")["layout"]["xaxis"] == charts.figure("dark")["layout"]["yaxis"]


def test_a_chart_has_a_name_for_who_cannot_see_it():
    tree = charts.graph("g", charts.figure("light"), "Late hours by cause")
    assert getattr(tree, "aria-label") == "Late hours by cause"
    assert tree.children.config["displaylogo"] is False
