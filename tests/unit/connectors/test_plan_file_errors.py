"""Bad plan files: every error with its row and column, and what Excel does to files kept out."""

import io
import zipfile
from datetime import UTC, datetime, time
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from openpyxl import Workbook, load_workbook

from data.connectors.plan_files import (
    EXAMPLE_SITE,
    MAX_BYTES,
    MAX_ERRORS,
    RowError,
    read_plan,
    tables,
    template,
)

ORDERS = "record,order,product,quantity,due_at\n"
GOOD = "order,SO-1,P,5,2026-12-01 10:00\n"
STEPS = (
    "record,order,product,quantity,due_at,operation,work_center,planned_start,planned_finish,"
    "run_time_s,critical,predecessors,milestone,name,baseline_at,need,part,supplier,need_by\n"
)


def errors_of(content: bytes | str, name: str = "p.csv") -> tuple[RowError, ...]:
    body = content.encode() if isinstance(content, str) else content
    result = read_plan(name, body, EXAMPLE_SITE)
    assert result.orders == ()
    assert result.errors
    return result.errors


def the_error(content: bytes | str, name: str = "p.csv") -> RowError:
    (error,) = errors_of(content, name)
    return error


def places(errors: tuple[RowError, ...]) -> list[tuple[int, str]]:
    return [(error.row, error.column) for error in errors]


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        ("order,,P,5,2026-12-01", "order", "", "is required"),
        ("order,SO-2,,5,2026-12-01", "product", "", "is required"),
        ("order,SO-2,P,5.5,2026-12-01", "quantity", "5.5", "whole number such as 30"),
        ('order,SO-2,P,"1,200",2026-12-01', "quantity", "1,200", "without thousands"),
        ("order,SO-2,P,0,2026-12-01", "quantity", "0", "from 1 to"),
        ("order,SO-2,P,-3,2026-12-01", "quantity", "-3", "from 1 to"),
        ("order,SO-2,P,#N/A,2026-12-01", "quantity", "#N/A", "an error of Excel's"),
        ("order,SO-2,P,5,12/01/2026", "due_at", "12/01/2026", "such as 2026-11-24 14:30"),
        ("order,SO-2,P,5,2026-02-30", "due_at", "2026-02-30", "isn't in the calendar"),
        ("order,SO-2,P,5,2026-12-01 下午 14:00", "due_at", "2026-12-01 下午 14:00", "1 to 12"),
        ("order,SO-2,P,5,1999-12-01", "due_at", "1999-12-01", "from 2000"),
        ("order,SO-2,P,5,0001-01-01", "due_at", "0001-01-01", "date and time such as"),
        ("order,1.23E+11,P,5,2026-12-01", "order", "1.23E+11", "that Excel shortened"),
        ("order,A/B,P,5,2026-12-01", "order", "A/B", "without '/'"),
        ("order,SO-1,P,5,2026-12-01", "order", "SO-1", "stands in row 2 already"),
        ("ordre,SO-2,P,5,2026-12-01", "record", "ordre", "expected order, operation"),
        (",SO-2,P,5,2026-12-01", "record", "", "expected order, operation"),
        ("operation,SO-1,P,,", "product", "P", "an operation has no product"),
        ("order,SO-2,P,5,2026-12-01,x", "6", "x", "a column without a heading"),
    ],
)
def test_each_kind_of_error_has_its_row_column_value_and_reason(
    row: str, column: str, value: str, reason: str
) -> None:
    errors = [error for error in errors_of(f"{ORDERS}{GOOD}{row}\n") if error.column == column]
    (error,) = errors
    assert (error.sheet, error.row, error.column, error.value) == ("", 3, column, value)
    assert reason in error.reason


def operation(**changes: str) -> str:
    cells = {
        "record": "operation",
        "order": "SO-1",
        "operation": "10",
        "work_center": "TURNING",
        "planned_start": "2026-12-01 08:00",
        "planned_finish": "2026-12-01 09:00",
        **changes,
    }
    return ",".join(cells.get(name, "") for name in STEPS.strip().split(",")) + "\n"


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"order": "SO-2"}, "order", "isn't among the orders; did you mean 'SO-1'?"),
        ({"work_center": "TURNIGN"}, "work_center", "did you mean 'TURNING'?"),
        ({"run_time_s": "0:01:30"}, "run_time_s", "seconds as a number such as 90"),
        ({"run_time_s": "-1"}, "run_time_s", "seconds from 0"),
        ({"run_time_s": "nan"}, "run_time_s", "seconds as a number"),
        ({"critical": "perhaps"}, "critical", "yes or no"),
        ({"planned_finish": "2026-12-01 07:00"}, "planned_finish", "is before planned_start"),
        ({"predecessors": "20"}, "predecessors", "isn't an operation of this order"),
        ({"predecessors": "10"}, "predecessors", "in a circle: 10 → 10"),
        ({"operation": "a;b"}, "operation", "without ';'"),
        ({"record": "milestone", "milestone": "M"}, "name", "is required"),
        ({"record": "need", "need": "N", "supplier": "CASTING"}, "supplier", "mean 'CASTINGS'"),
    ],
)
def test_what_the_plan_rules_find_is_told_by_row_and_column(
    changes: dict[str, str], column: str, reason: str
) -> None:
    content = STEPS + "order,SO-1,P,5,2026-12-01" + "," * 14 + "\n" + operation(**changes)
    (error,) = [error for error in errors_of(content) if error.column == column]
    assert error.row == 3
    assert reason in error.reason
    assert error.value == changes.get(column, "")


def test_all_errors_are_told_in_one_go_each_once() -> None:
    content = STEPS + "order,SO-1,,x,2026-12-01" + "," * 14 + "\n"
    content += operation(planned_start="soon", work_center="?", planned_finish="")
    content += operation(operation="20", planned_finish="2026-11-01")
    assert sorted(places(errors_of(content))) == [
        (2, "product"),
        (2, "quantity"),
        (3, "planned_finish"),
        (3, "planned_start"),
        (3, "work_center"),
        (4, "planned_finish"),
    ]


def test_more_errors_than_anyone_reads_are_cut_off_and_that_is_said() -> None:
    content = (ORDERS + "order,,P,5,2026-12-01\n" * (MAX_ERRORS + 1)).encode()
    result = read_plan("p.csv", content, EXAMPLE_SITE)
    assert (len(result.errors), result.more_errors) == (MAX_ERRORS, True)


def test_the_column_is_named_as_the_file_names_it() -> None:
    content = "記錄類型,訂單,產品,數量,交期\n訂單,SO-1,P,五,2026-12-01\n"
    assert (the_error(content).row, the_error(content).column) == (2, "數量")


def test_an_unknown_column_is_an_error_that_names_the_nearest() -> None:
    error = the_error(f"{ORDERS.strip()},custmer\n{GOOD.strip()},CUSTOMER-1\n")
    assert (error.row, error.column) == (1, "custmer")
    assert "did you mean 'customer'?" in error.reason


def test_two_names_of_one_column_are_an_error() -> None:
    error = the_error(f"{ORDERS.strip()},數量\n{GOOD.strip()},5\n")
    assert (error.row, error.column) == (1, "數量")
    assert "same column as 'quantity'" in error.reason


def test_a_missing_column_is_told_once_however_many_rows_lack_it() -> None:
    content = "record,order,product,due_at\n" + "".join(
        f"order,SO-{i},P,2026-12-01\n" for i in range(3)
    )
    assert places(errors_of(content)) == [(1, "quantity")]


def test_a_csv_file_must_say_what_its_rows_are() -> None:
    error = the_error("order,product\nSO-1,P\n")
    assert (error.row, error.column) == (1, "record")


def test_a_site_without_work_centers_is_told_once_for_the_whole_file() -> None:
    site = replace(EXAMPLE_SITE, work_centers=(), work_units=())
    for form in ("csv", "xlsx", "json"):
        (error,) = read_plan("p", template(form, None), site).errors
        assert (error.row, "has no work centers yet" in error.reason) == (0, True)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("p.csv", b"", "is empty"),
        ("p.csv", b" \r\n", "is empty"),
        ("p.csv", ORDERS.encode(), "has no orders"),
        ("p.csv", b"\xff\xff\x80", "CSV UTF-8"),
        ("p.csv", b"\xff\xfe\x00", "CSV UTF-8"),
        ("p.csv", ORDERS.encode() + b'order,"' + b"x" * 140_000, "isn't CSV"),
        ("p.csv", b" " * (MAX_BYTES + 1), "larger than 20 MB"),
        ("p.xls", b"\xd0\xcf\x11\xe0\xa1\xb1", "save it as .xlsx"),
        ("p.xlsx", ORDERS.encode(), "isn't an Excel workbook"),
        ("p.xlsx", b"PK\x03\x04rest", "is damaged"),
        ("p.json", b"{", "the file isn't JSON"),
        ("p.json", b'\n\n{"orders": [}', "line 3 isn't JSON"),
        ("p.json", b"[" * 100_000, "isn't JSON"),
        ("p.json", b'{"orders": 5}', 'expected {"orders": [...]}'),
        ("p.json", b'{"orders": [], "more": 1}', "more"),
        ("p.json", b'{"orders": []}', "has no orders"),
        ("p.json", b'["\xff"]', "JSON"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_as_a_whole(
    name: str, content: bytes, reason: str
) -> None:
    error = the_error(content, name)
    assert reason in error.reason


def test_a_file_of_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_ROWS", 3)
    rows = [f"order,S{i},P,5,2026-12-01\n" for i in range(4)]
    assert len(read_plan("p.csv", (ORDERS + "".join(rows[:3])).encode(), EXAMPLE_SITE).orders) == 3
    assert "more than 3 rows" in the_error(ORDERS + "".join(rows)).reason


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RowError(reason="the file is empty"), "the file is empty"),
        (
            RowError(reason="is required", sheet="orders", row=3, column="product"),
            "orders, row 3, product: is required",
        ),
        (
            RowError(reason="expected 1", row=3, column="quantity", value="x"),
            "row 3, quantity: 'x': expected 1",
        ),
    ],
)
def test_an_error_reads_as_one_line(error: RowError, text: str) -> None:
    assert str(error) == text


def document(**changes: Any) -> dict[str, Any]:
    plan = msgspec.json.decode(template("json", None))["orders"][0]
    return {**plan, **changes}


@pytest.mark.parametrize(
    ("changes", "column", "reason"),
    [
        ({"quantity": "5"}, "quantity", "expected `int`, got `str`"),
        ({"quantity": 0}, "quantity", "from 1 to"),
        ({"due_at": "2026-12-01T10:00:00"}, "due_at", "expected an offset too"),
        ({"custmer": "X"}, "custmer", "did you mean 'customer'?"),
        ({"operations": 5}, "operations", "expected a list"),
        ({"area": "LINE-2"}, "area", "did you mean 'LINE-1'?"),
    ],
)
def test_errors_in_json_name_the_path_in_the_order(
    changes: dict[str, Any], column: str, reason: str
) -> None:
    content = msgspec.json.encode([document(id="SO-0"), document(**changes)])
    error = the_error(content, "p.json")
    assert (error.sheet, error.row, error.column) == ("orders", 2, column)
    assert reason in error.reason


def test_every_record_of_a_json_order_that_does_not_fit_is_told() -> None:
    plan = document()
    plan["operations"][0]["run_time_s"] = "fast"
    plan["operations"][2]["workcenter"] = "X"
    del plan["needs"][0]["part"]
    plan["milestones"][0] = 7
    columns = [error.column for error in errors_of(msgspec.json.encode([plan, 3]), "p.json")]
    assert columns == [
        "operations[0].run_time_s",
        "operations[2].workcenter",
        "milestones[0]",
        "needs[0]",
        "",
    ]


def test_the_same_order_twice_in_json_is_an_error() -> None:
    error = the_error(msgspec.json.encode([document(), document()]), "p.json")
    assert (error.row, error.column, "row 1 already" in error.reason) == (2, "id", True)


def book() -> Any:
    return load_workbook(io.BytesIO(template("xlsx", None)))


def saved(workbook: Any) -> bytes:
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "column", "reason"),
    [
        ("orders", "C3", "many", "quantity", "whole number"),
        ("orders", "D3", time(14, 30), "due_at", "date and time such as"),
        ("operations", "H3", time(0, 1, 30), "run_time_s", "seconds as a number"),
        ("operations", "D3", datetime(2026, 1, 2, tzinfo=UTC).replace(tzinfo=None), "", "text"),
        ("operations", "D3", 1e16, "work_center", "keeps 15 digits"),
        ("operations", "E3", True, "work_unit", "expected text"),
        ("milestones", "D3", "99", "operation", "isn't an operation of this order"),
        ("needs", "F3", "CASTINGZ", "supplier", "did you mean 'CASTINGS'?"),
    ],
)
def test_errors_in_a_workbook_name_the_sheet_too(
    sheet: str, cell: str, value: Any, column: str, reason: str
) -> None:
    workbook = book()
    workbook[sheet][cell] = value
    error = the_error(saved(workbook), "p.xlsx")
    assert (error.sheet, error.row) == (sheet, 3)
    assert error.column == (column or "work_center")
    assert reason in error.reason


def test_a_misspelt_sheet_is_not_lost_silently() -> None:
    workbook = book()
    workbook["milestones"].title = "milestnes"
    error = the_error(saved(workbook), "p.xlsx")
    assert (error.sheet, "did you mean 'milestones'?" in error.reason) == ("milestnes", True)


def test_a_column_of_another_sheet_is_an_error() -> None:
    workbook = book()
    workbook["orders"]["J1"] = "supplier"
    error = the_error(saved(workbook), "p.xlsx")
    assert (error.sheet, error.row, error.column) == ("orders", 1, "supplier")


def test_merged_cells_are_refused_with_their_place() -> None:
    workbook = book()
    workbook["operations"].merge_cells("A2:A4")
    errors = errors_of(saved(workbook), "p.xlsx")
    assert (errors[0].sheet, errors[0].row, errors[0].column) == ("operations", 2, "A")
    assert "A2:A4 are merged" in errors[0].reason


def test_a_formula_that_was_never_worked_out_is_not_taken_for_an_empty_cell() -> None:
    workbook = book()
    workbook["orders"]["F2"] = '="a"&"b"'
    error = the_error(saved(workbook), "p.xlsx")
    assert (error.sheet, error.row, error.column) == ("orders", 2, "F")
    assert "never worked out" in error.reason


def test_a_formula_counts_with_the_value_that_excel_worked_out() -> None:
    workbook = book()
    workbook["orders"]["C2"] = "=10+20"
    content = patched(saved(workbook), "xl/worksheets/sheet1.xml", b"</f><v", b"</f><v>31</v><w")
    content = patched(content, "xl/worksheets/sheet1.xml", b"<w></v>", b"")
    content = patched(content, "xl/worksheets/sheet1.xml", b"<w />", b"")
    assert read_plan("p.xlsx", content, EXAMPLE_SITE).orders[0].quantity == 31


def patched(content: bytes, member: str, old: bytes, new: bytes) -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for info in before.infolist():
            body = before.read(info)
            after.writestr(info, body.replace(old, new) if info.filename == member else body)
    return out.getvalue()


def test_a_workbook_that_declares_entities_is_refused() -> None:
    bomb = b'?>\n<!DOCTYPE x [<!ENTITY a "aaaa">]>'
    content = patched(template("xlsx", None), "xl/workbook.xml", b"<workbook", b"<workbook")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start = archive.read("xl/workbook.xml")[:5]
    old, new = (b"?>", bomb) if start == b"<?xml" else (b"<workbook", bomb[3:] + b"<workbook")
    content = patched(content, "xl/workbook.xml", old, new)
    assert "XML entities" in the_error(content, "p.xlsx").reason


def test_a_workbook_that_unpacks_to_a_flood_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO(template("xlsx", None))
    with (
        zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet9.xml", "w") as member,
    ):
        for _ in range(201):
            member.write(bytes(1024 * 1024))
    assert len(out.getvalue()) < 1024 * 1024
    assert "unpacks to more than 200 MB" in the_error(out.getvalue(), "p.xlsx").reason


def test_styles_too_large_to_hold_are_refused() -> None:
    padding = b" " * (9 * 1024 * 1024)
    content = patched(template("xlsx", None), "xl/styles.xml", b"</styleSheet>", padding)
    assert "xl/styles.xml in the workbook is too large" in the_error(content, "p.xlsx").reason


def test_a_row_far_beyond_what_excel_holds_ends_the_reading() -> None:
    member = "xl/worksheets/sheet1.xml"
    content = patched(template("xlsx", None), member, b'<row r="3"', b'<row r="900000000"')
    assert "more rows than Excel can hold" in the_error(content, "p.xlsx").reason


def test_a_sheet_of_hundreds_of_columns_is_refused() -> None:
    workbook = Workbook()
    workbook["Sheet"].append(["order"] * 101)
    assert "more than 100 columns" in the_error(saved(workbook), "p.xlsx").reason


@pytest.mark.parametrize("cut", [100, 2000, 8000])
def test_a_truncated_workbook_is_damaged_and_nothing_worse(cut: int) -> None:
    assert "is damaged" in the_error(template("xlsx", None)[:cut], "p.xlsx").reason


def test_a_member_that_is_not_xml_is_damage_and_nothing_worse() -> None:
    content = patched(template("xlsx", None), "xl/worksheets/sheet1.xml", b"<row", b"<<row")
    assert "is damaged" in the_error(content, "p.xlsx").reason
