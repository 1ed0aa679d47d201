"""The list of orders as it is shown and exported."""

from datetime import timedelta

from dash import html

from data.domain.orders import Facets, OrderFilter, OrderList, OrderRow
from data.domain.view import Standing
from layouts.pages import orders
from layouts.text import translator
from layouts.urls import Address
from tests.unit.callbacks.desk.places import NOW, TAIPEI, hrefs, texts

T = translator("en")


def row(name="SO-1", **more):
    usual = {
        "order": name, "product": "pump", "customer": "Aurelia", "quantity": 1200,
        "standing": Standing.LATE, "due_at": NOW, "ended_at": NOW + timedelta(hours=5),
        "p80_at": NOW + timedelta(hours=7), "forecast": True, "completed": False,
        "late_s": 18000.0, "step": 2, "steps": 4, "work_center": "SMT", "top_cause": "down",
    }  # fmt: skip
    return OrderRow(**usual | more)


def page(*rows, by=None, standings=None, total=None, missing=False, number=1, pages=1, **query):
    found = OrderList(
        rows=rows, total=len(rows) if total is None else total,
        standings=standings or {Standing.LATE: len(rows)}, history_missing=missing,
    )  # fmt: skip
    view = orders.ListView(
        found=found, by=by or OrderFilter(), page=number, pages=pages, timezone=TAIPEI, now=NOW,
        facets=Facets(areas=(("A", "Line A"),), products=("pump",), customers=(("P1", "Aurelia"),)),
    )  # fmt: skip
    href = Address(path="/orders", query=query).href
    return html.Div([orders.layout(view, href, T), *orders.below(view, href, T)])


def said(tree):
    return " ".join(texts(tree))


def test_a_row_says_standing_step_due_forecast_lateness_and_cause():
    words = said(page(row()))
    for part in ("late", "SO-1", "1,200", "2 of 4", "SMT", "16:42", "18:42", "5.0 h late"):
        assert part in words
    assert "work unit down" in words


def test_a_row_leads_to_its_order():
    assert "/orders/SO%2F1" in hrefs(page(row("SO/1")))


def test_without_a_forecast_the_end_is_marked_as_the_moved_plan():
    assert "≈ " in texts(page(row(forecast=False, p80_at=None)))
    assert "≈ " not in texts(page(row()))


def test_what_is_not_known_is_a_dash():
    tree = page(row(ended_at=None, late_s=None, p80_at=None, steps=0, standing=Standing.UNKNOWN))
    assert texts(tree).count("–") >= 4
    assert "no route" in said(tree)


def test_an_order_completed_early_says_so():
    done = row(completed=True, late_s=-7200.0, standing=Standing.DONE)
    assert "2.0 h early" in said(page(done))


def test_a_cause_of_another_version_of_the_program_is_left_out():
    assert "alien" not in said(page(row(top_cause="alien")))


def test_standings_are_filters_with_their_counts():
    tree = page(row(), standings={Standing.LATE: 3, Standing.ON_TRACK: 9})
    assert "/orders?standing=late" in hrefs(tree)
    assert {"3", "9", "12"} <= set(texts(tree))


def test_a_filter_goes_back_to_the_first_page_and_keeps_the_others():
    tree = page(row(), page="3", q="x", number=3, pages=4)
    assert "/orders?q=x&standing=late" in hrefs(tree)
    assert "/orders?page=4&q=x" in hrefs(tree)


def test_a_second_click_turns_the_order_round():
    assert "/orders?dir=down" in hrefs(page(row()))
    turned = page(row(), by=OrderFilter(sort="due", descending=True), sort="due", dir="down")
    assert "/orders?sort=due" in hrefs(turned)


def test_nothing_found_says_what_to_do():
    tree = page(by=OrderFilter(text="zzz"), q="zzz")
    assert "No order fits" in said(tree)
    assert "/orders" in hrefs(tree)
    assert "No orders here" in said(page())


def test_a_missing_past_is_said():
    assert "recorded past can't be reached" in said(page(row(), missing=True))


def test_what_the_address_asks_for_can_be_chosen_though_no_order_has_it():
    tree = page(by=OrderFilter(product="gone"))
    chosen = [p.value for p in tree._traverse() if getattr(p, "selected", None)]
    assert "gone" in chosen


def test_the_sheet_holds_every_row_with_its_types():
    found = OrderList(rows=(row(), row("SO-2")), total=2, standings={})
    sheet = orders.sheet(found, T)
    assert [one["order"] for one in sheet.rows] == ["SO-1", "SO-2"]
    assert {column.key for column in sheet.columns} == set(sheet.rows[0])
    assert sheet.rows[0]["late"] == 18000.0
