"""A supplier's table is read back in any language, as workbook or CSV, each bad cell named."""

import io
from datetime import UTC, datetime

import pytest
from openpyxl import Workbook

from data.connectors.need_files import read
from layouts.pages.supplier import columns, headings
from layouts.text import LOCALES, translator

TAIPEI = "Asia/Taipei"
HEADINGS = headings([translator(locale) for locale in LOCALES])
AT = datetime(2026, 11, 24, 19, 0)  # noqa: DTZ001  # as a cell holds it, in the site's time


def book(rows, locale="en"):
    names = {column.key: column.heading for column in columns(translator(locale))}
    made = Workbook()
    made.active.append(list(names.values()))
    for row in rows:
        made.active.append([row.get(key) for key in names])
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("locale", LOCALES)
def test_columns_are_known_in_every_language_and_times_are_the_sites(locale):
    row = {"key": "n~O-A~n1", "promised": AT, "shipped": 5, "promised_was": AT, "shipped_was": 3}
    found = read(book([row], locale), HEADINGS, TAIPEI)
    assert found.faults == ()
    (read_row,) = found.rows
    assert read_row.promised_at == datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
    assert (read_row.row, read_row.key, read_row.shipped, read_row.changed) == (
        2,
        "n~O-A~n1",
        5,
        True,
    )


def test_a_csv_keeps_the_offset_that_it_names():
    text = "Row (leave as it is),Promised,Shipped in all\nn~O-A~n1,2026-11-24T19:00:00+09:00,\n"
    (row,) = read(text.encode(), HEADINGS, TAIPEI).rows
    assert row.promised_at == datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
    assert (row.shipped, row.dated) == (None, False)


@pytest.mark.parametrize(
    ("cells", "column", "expected"),
    [
        ({"promised": "next week"}, "promised", "date"),
        ({"promised": "9999-01-01"}, "promised", "date"),
        ({"shipped": "many"}, "shipped", "count"),
        ({"shipped": 1.5}, "shipped", "count"),
        ({"shipped": -1}, "shipped", "count"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(cells, column, expected):
    found = read(book([{"key": "a"}, {"key": "b", **cells}]), HEADINGS, TAIPEI)
    (fault,) = found.faults
    assert (fault.row, fault.column, fault.expected) == (3, column, expected)


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"PK\x03\x04", b"x" * (5 * 1024 * 1024 + 1)]
)
def test_what_is_no_such_table_is_refused_whole(content):
    (fault,) = read(content, HEADINGS, TAIPEI).faults
    assert (fault.row, fault.expected) == (0, "file")


def test_a_formula_is_never_taken_for_a_value():
    assert read(book([{"key": "a", "shipped": "=1+1"}]), HEADINGS, TAIPEI).faults[0].row == 0
