"""Exports: what a spreadsheet opens is what the page showed, and no formula of a stranger."""

import csv
import io
from datetime import UTC, datetime

import pytest
from flask import Flask
from openpyxl import load_workbook

from callbacks.desk.exports import MOST_ROWS, as_csv, as_xlsx, blueprint, escaped
from callbacks.desk.visit import BadParameter
from data.services.errors import Forbidden, Unavailable
from layouts.sheets import Column, Sheet
from tests.unit.callbacks.desk.places import TAIPEI, Recorded, shell

AT = datetime(2026, 11, 24, 3, 42, tzinfo=UTC)
COLUMNS = (
    Column(key="order", heading="Order"),
    Column(key="quantity", heading="Quantity", kind="number"),
    Column(key="due", heading="Due", kind="moment"),
    Column(key="late", heading="Late", kind="seconds"),
    Column(key="share", heading="Share", kind="share"),
)
ROW = {"order": "SO-1", "quantity": 12, "due": AT, "late": -5400.0, "share": 0.25}
SHEET = Sheet(name="Orders", columns=COLUMNS, rows=[ROW])


def rows_of(body: bytes) -> list[list[str]]:
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(body[3:].decode())))


def client(page: Recorded):
    server = Flask("test")
    server.register_blueprint(blueprint(shell(page)))
    return server.test_client()


def test_csv_is_utf8_for_excel_with_instants_in_the_sites_time_and_their_offset():
    assert rows_of(as_csv(SHEET, TAIPEI)) == [
        ["Order", "Quantity", "Due", "Late (h)", "Share"],
        ["SO-1", "12", "2026-11-24T11:42:00+08:00", "-1.5000", "0.25"],
    ]


def test_what_is_not_known_is_an_empty_cell():
    empty = Sheet(name="x", columns=COLUMNS, rows=[{"order": None}])
    assert rows_of(as_csv(empty, TAIPEI))[1] == ["", "", "", "", ""]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_becomes_a_formula(start):
    nasty = f"{start}cmd|'/c calc'!A1"
    sheet = Sheet(name="x", columns=COLUMNS[:1], rows=[{"order": nasty}])
    assert rows_of(as_csv(sheet, TAIPEI))[1][0].startswith("'")
    cell = load_workbook(io.BytesIO(as_xlsx([sheet], TAIPEI))).active["A2"]
    assert cell.data_type == "s"
    assert cell.value.startswith("'")


def test_headings_are_escaped_too():
    sheet = Sheet(name="x", columns=(Column(key="a", heading="=1+1"),), rows=[])
    assert rows_of(as_csv(sheet, TAIPEI)) == [["'=1+1"]]


def test_signs_that_no_workbook_may_hold_are_left_out():
    assert escaped("a\x00b\x1fc") == "abc"


def test_a_workbook_has_typed_cells_and_a_frozen_head():
    tab = load_workbook(io.BytesIO(as_xlsx([SHEET], TAIPEI))).active
    order, quantity, due, late, share = (cell.value for cell in tab[2])
    assert (order, quantity, late, share) == ("SO-1", 12, -1.5, 0.25)
    assert due == datetime(2026, 11, 24, 11, 42)  # noqa: DTZ001 - Excel knows no time zones
    assert tab.freeze_panes == "A2"
    assert tab.title == "Orders"
    assert tab["E2"].number_format == "0.0%"


def test_tabs_of_one_name_are_told_apart_and_free_of_forbidden_signs():
    sheets = [Sheet(name="a/b:c", columns=COLUMNS, rows=[])] * 2
    assert load_workbook(io.BytesIO(as_xlsx(sheets, TAIPEI))).sheetnames == ["a b c", "a b c 2"]


def test_an_export_holds_no_more_rows_than_it_may():
    many = Sheet(name="x", columns=COLUMNS[:1], rows=[{"order": "a"}] * (MOST_ROWS + 5))
    assert len(rows_of(as_csv(many, TAIPEI))) == MOST_ROWS + 1


def test_the_route_sends_a_file_with_a_safe_name():
    page = Recorded("order", "/orders/<order>")
    page.tables = (SHEET,)
    answer = client(page).get("/export/order.csv?order=..%2F%22%3Bx%0d%0aSO-1")
    assert answer.status_code == 200
    name = answer.headers["Content-Disposition"]
    assert name == 'attachment; filename="north_order_x-SO-1_20261124-1142.csv"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_another_table_of_the_page_is_had_by_its_number():
    page = Recorded()
    page.tables = (SHEET, Sheet(name="b", columns=COLUMNS[:1], rows=[{"order": "second"}]))
    assert b"second" in client(page).get("/export/orders.csv?sheet=2").data
    assert client(page).get("/export/orders.csv?sheet=3").status_code == 400


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(BadParameter("q", "short"), 400), (Forbidden("x"), 404), (Unavailable("x"), 503)],
)
def test_troubles_have_their_status(trouble, status):
    page = Recorded()
    page.trouble = trouble
    assert client(page).get("/export/orders.csv").status_code == status


@pytest.mark.parametrize("path", ["/export/none.csv", "/export/orders.pdf"])
def test_what_is_not_there_is_not_found(path):
    assert client(Recorded()).get(path).status_code == 404


def test_a_page_without_tables_has_nothing_to_export():
    assert client(Recorded()).get("/export/orders.xlsx").status_code == 404
