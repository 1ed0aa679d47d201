"""Plan files: every form comes back as it went out, in three languages and every encoding."""

import csv
import io
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from data.connectors.plan_files import (
    EXAMPLE_SITE,
    Form,
    read_plan,
    template,
    to_envelopes,
    write_plan,
)
from data.connectors.plan_files.columns import (
    COLUMNS,
    HEADINGS,
    RECORD,
    SHEETS,
    STRUCTS,
    Kind,
    key_of,
    name_of,
)
from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.domain.plan_rules import flaws
from data.domain.rules import parse_event
from data.domain.site import Site, WorkCenter

NOW = datetime(2026, 11, 22, tzinfo=UTC)
FORMS: tuple[Form, ...] = ("xlsx", "csv", "json")
GUIDE = Path(__file__).parents[3] / "docs" / "import-plan.md"


def local(*parts: int) -> datetime:
    """A date and time as Excel has it, without any offset."""
    year, month, day, hour, minute = (*parts, 0, 0)[:5]
    return datetime(year, month, day, hour, minute, tzinfo=UTC).replace(tzinfo=None)


def csv_file(*rows: list[Any], separator: str = ",", encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue().encode(encoding)


def orders_of(name: str, content: bytes, site: Site = EXAMPLE_SITE) -> tuple[Order, ...]:
    result = read_plan(name, content, site)
    assert result.errors == ()
    return result.orders


def one_order(heading: str, cell: Any, site: Site = EXAMPLE_SITE) -> Order:
    headings = ["record", "order", "product", "quantity", "due_at"]
    cells = ["order", "SO-1", "P", "5", "2026-12-01 10:00"]
    if heading in headings:
        cells[headings.index(heading)] = cell
    else:
        headings, cells = [*headings, heading], [*cells, cell]
    return orders_of("p.csv", csv_file(headings, cells), site)[0]


@pytest.mark.parametrize("form", FORMS)
def test_a_template_imports_cleanly_and_its_orders_pass_the_door(form: Form) -> None:
    orders = orders_of(f"plan.{form}", template(form, None))
    assert len(orders) == 2
    assert all(order.operations and order.milestones and order.needs for order in orders)
    events = [parse_event(envelope, NOW) for envelope in to_envelopes(orders, "plan", NOW)]
    assert tuple(event.data.order for event in events) == orders


@pytest.mark.parametrize("form", FORMS)
def test_a_template_speaks_of_the_site_it_is_made_for(form: Form) -> None:
    center = WorkCenter(id="WC-7", area="A")
    site = Site(id="S", name="S", timezone="Europe/Berlin", work_centers=(center,))
    (first, _) = orders_of("p", template(form, site), site)
    assert {operation.work_center for operation in first.operations} == {"WC-7"}
    assert first.needs == ()


def test_all_forms_of_the_template_say_the_same() -> None:
    assert len({orders_of("p", template(form, None)) for form in FORMS}) == 1


def test_the_workbook_has_a_sheet_a_kind_and_one_to_read() -> None:
    book = load_workbook(io.BytesIO(template("xlsx", None)))
    assert book.sheetnames == [*SHEETS.values(), "read me"]
    assert book["orders"]["D2"].is_date
    assert book["orders"].column_dimensions["A"].number_format == "@"
    assert len(book["operations"].data_validations.dataValidation) == 1


_zones = st.sampled_from(["UTC", "Asia/Taipei", "America/New_York", "Australia/Lord_Howe"])
_words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cn", "Co")),
    min_size=1,
    max_size=8,
).filter(lambda word: not word.startswith("#") and "E+" not in word)  # what Excel makes of errors
_ids = _words.map(lambda word: word.replace("/", "+"))
_steps = _ids.map(lambda word: f"s{word}".replace(";", ",").replace("\uff1b", ","))
_instants = st.datetimes(local(2000, 1, 2), local(2099, 12, 1), timezones=st.just(UTC))
_seconds = st.integers(0, 10**9).map(lambda ms: ms / 1000)  # Excel keeps 15 digits


@st.composite
def _operations(draw: st.DrawFn, names: list[str]) -> tuple[Operation, ...]:
    operations = []
    for i, name in enumerate(names):
        start = draw(_instants)
        before = st.lists(st.sampled_from(names[:i]), unique=True) if i else st.just([])
        operations.append(
            Operation(
                id=name,
                work_center=draw(st.sampled_from([c.id for c in EXAMPLE_SITE.work_centers])),
                planned_start=start,
                planned_finish=start + draw(st.timedeltas(timedelta(0), timedelta(9))),
                name=draw(st.just("") | _words),
                run_time_s=draw(_seconds),
                setup_s=draw(_seconds),
                critical=draw(st.booleans()),
                performed_by=draw(st.none() | st.just("CASTINGS")),
                predecessors=draw(st.none() | before.map(tuple)),
            )
        )
    return tuple(operations)


@st.composite
def _orders(draw: st.DrawFn) -> Order:
    names = draw(st.lists(_steps, unique=True, max_size=4))
    steps = st.sampled_from(names) if names else st.nothing()
    milestones = st.builds(
        Milestone,
        id=_ids,
        name=_words,
        operation=steps,
        baseline_at=_instants,
        committed_at=st.none() | _instants,
    )
    needs = st.builds(
        MaterialNeed,
        id=_ids,
        part=_words,
        operation=steps,
        supplier=st.just("CASTINGS"),
        quantity=st.integers(1, 10**9),
        need_by=_instants,
        name=st.just("") | _words,
    )
    due = draw(_instants)
    return Order(
        id=draw(_ids),
        product=draw(_words),
        quantity=draw(st.integers(1, 10**9)),
        due_at=due,
        area=draw(st.none() | st.just("LINE-1")),
        family=draw(st.just("") | _words),
        customer=draw(st.none() | st.just("CUSTOMER-1")),
        released_at=draw(st.none() | st.just(due)),
        cancelled=draw(st.booleans()),
        operations=draw(_operations(names)),
        milestones=draw(st.lists(milestones, max_size=2, unique_by=_id).map(tuple)),
        needs=draw(st.lists(needs, max_size=2, unique_by=_id).map(tuple)),
    )


def _id(record: Milestone | MaterialNeed | Order) -> str:
    return record.id


@settings(deadline=None, max_examples=30)
@given(orders=st.lists(_orders(), min_size=1, max_size=3, unique_by=_id), zone=_zones)
@pytest.mark.parametrize("form", FORMS)
def test_whatever_is_written_is_read_again(form: Form, orders: list[Order], zone: str) -> None:
    site = msgspec.structs.replace(EXAMPLE_SITE, timezone=zone)
    plans = [order for order in orders if not list(flaws(order, site))]
    if plans:
        assert orders_of("p", write_plan(plans, form, site), site) == tuple(plans)


def chinese(script: str) -> list[bytes]:
    """The CSV template under every heading of one script, the first, the second and so on."""
    rows = list(csv.reader(io.StringIO(template("csv", None).decode("utf-8-sig"))))[5:]
    files = []
    for turn in range(6):
        headings = [getattr(HEADINGS[name], script) for name in rows[0]]
        files.append(csv_file([h[turn % len(h)] for h in headings], *rows[1:]))
    return files


@pytest.mark.parametrize("script", ["en", "hant", "hans"])
def test_headings_of_each_language_are_known(script: str) -> None:
    expected = orders_of("p.csv", template("csv", None))
    assert all(orders_of("p.csv", content) == expected for content in chinese(script))


@pytest.mark.parametrize(
    ("script", "encoding"),
    [
        ("hant", "utf-8"),
        ("hant", "utf-8-sig"),
        ("hant", "utf-16"),
        ("hant", "cp950"),
        ("hans", "gb18030"),
        ("hans", "utf-16"),
    ],
)
def test_every_encoding_that_an_office_saves_in_is_read(script: str, encoding: str) -> None:
    name = {"hant": "齒輪箱體（鑄件）", "hans": "齿轮箱体（铸件）"}[script]
    text = chinese(script)[0].decode().replace("pump housing", name)
    (first, _) = orders_of("p.csv", text.encode(encoding))
    assert first.needs[0].name == f"{name}, cast"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("cp950", "關鍵齒輪箱體加工"), ("gb18030", "关键齿轮箱体加工"), ("gb18030", "轴承座")],
)
def test_an_encoding_is_told_by_the_everyday_characters_when_headings_are_english(
    encoding: str, name: str
) -> None:
    rows = [["record", "order", "product", "quantity", "due_at"]]
    rows.append(["order", "SO-1", name, "1", "2026-12-01"])
    assert orders_of("p.csv", csv_file(*rows, encoding=encoding))[0].product == name


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found(separator: str) -> None:
    rows = list(csv.reader(io.StringIO(template("csv", None).decode("utf-8-sig"))))
    content = csv_file(*rows, separator=separator)
    assert orders_of("p.csv", content) == orders_of("p.csv", template("csv", None))


def test_the_separator_that_excel_declares_is_taken() -> None:
    rows = [["record", "order", "product", "quantity", "due_at"]]
    rows.append(["order", "SO-1", "P", "1", "2026-12-01"])
    content = b"sep=;\r\n" + csv_file(*rows, separator=";")
    assert orders_of("p.csv", content)[0].id == "SO-1"


def test_columns_may_stand_in_any_order_and_kinds_in_any_words() -> None:
    rows = [["Due Date", "數量", "PRODUCT", "工单号", "Record type"]]
    rows.append(["2026-12-01", "1", "P", "SO-1", "訂單"])
    assert orders_of("p.csv", csv_file(*rows))[0].id == "SO-1"


@pytest.mark.parametrize(
    ("cell", "hour"),
    [
        ("2026-12-01 14:30", 14),
        ("2026/12/1 14:30:00", 14),
        ("2026.12.01 02:30 PM", 14),
        ("2026/12/1 下午 02:30:00", 14),
        ("2026/12/1 上午 12:30", 0),
        ("2026-12-01T14:30", 14),
        ("2026-12-01T07:30:00+01:00", 14),
        ("2026-12-01 06:30Z", 14),
        ("2026-12-01 06:30:00.0+0000", 14),
    ],
)
def test_an_instant_without_offset_is_in_the_sites_time_zone(cell: str, hour: int) -> None:
    east = timezone(timedelta(hours=8))
    assert one_order("due_at", cell).due_at == datetime(2026, 12, 1, hour, 30, tzinfo=east)


def test_a_date_alone_is_its_first_minute() -> None:
    east = timezone(timedelta(hours=8))
    assert one_order("due_at", "2026-12-01").due_at == datetime(2026, 12, 1, tzinfo=east)


@pytest.mark.parametrize("cell", ["30", "30.0", " 30 ", "+30"])
def test_a_whole_number_may_have_decimals_that_say_nothing(cell: str) -> None:
    assert one_order("quantity", cell).quantity == 30


@pytest.mark.parametrize(
    ("cell", "expected"),
    [(word, True) for word in ("yes", "Y", "是", "1", "TRUE")]
    + [(word, False) for word in ("no", "N", "否", "0", "False", "")],
)
def test_yes_and_no_are_understood_in_each_language(cell: str, expected: bool) -> None:
    assert one_order("cancelled", cell).cancelled is expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("", None), ("-", ()), ("10", ("10",)), ("10; 20", ("10", "20")), ("10；20;", ("10", "20"))],
)
def test_predecessors_are_a_list_or_none_or_not_given(
    cell: str, expected: tuple[str, ...] | None
) -> None:
    rows = list(csv.reader(io.StringIO(template("csv", None).decode("utf-8-sig"))))[5:]
    rows[4][rows[0].index("predecessors")] = cell
    assert orders_of("p.csv", csv_file(*rows))[0].operations[2].predecessors == expected


def test_excel_values_of_every_kind_are_taken_for_what_they_say() -> None:
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "訂單"
    sheet.append(["order", "product", "quantity", "due_at", "released_at", "cancelled", "family"])
    sheet.append([1001, 2.5, 30.0, local(2026, 12, 1, 14, 30), date(2026, 11, 30), True, "=x"])
    sheet["G2"].data_type = "s"
    (order,) = orders_of("p.xlsx", saved(book))
    assert (order.id, order.product, order.quantity) == ("1001", "2.5", 30)
    assert (order.cancelled, order.family) == (True, "=x")
    assert order.due_at == datetime(2026, 12, 1, 6, 30, tzinfo=UTC)
    assert order.released_at == datetime(2026, 11, 29, 16, tzinfo=UTC)


def test_empty_rows_and_remarks_and_sheets_of_notes_are_passed_over() -> None:
    book = load_workbook(io.BytesIO(template("xlsx", None)))
    book["orders"].insert_rows(1)
    book["orders"]["A1"] = "# for week 3"
    book["orders"]["A900"].number_format = "@"
    book["orders"]["A901"] = "  "
    book.create_sheet("Sheet1")
    book.create_sheet("備註")["A1"] = "whatever"
    book["read me"].merge_cells("A1:C1")
    assert orders_of("p.xlsx", saved(book)) == orders_of("p.xlsx", template("xlsx", None))


def test_a_workbook_of_one_sheet_may_say_the_kind_of_each_row() -> None:
    book = Workbook()
    for row in csv.reader(io.StringIO(template("csv", None).decode("utf-8-sig"))):
        book["Sheet"].append([cell.replace("'-", "-") or None for cell in row])
    assert orders_of("p.xlsx", saved(book)) == orders_of("p.csv", template("csv", None))


def test_text_that_looks_like_a_formula_is_kept_from_spreadsheets_and_comes_back() -> None:
    plan = msgspec.structs.replace(orders_of("p", template("json", None))[0], family="=1+1")
    content = write_plan([plan], "csv", EXAMPLE_SITE)
    assert b"'=1+1" in content
    assert orders_of("p.csv", content) == (plan,)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_every_heading_names_one_column() -> None:
    for name, known in HEADINGS.items():
        for heading in (*known.en, *known.hant, *known.hans):
            assert name_of(heading) == name
    assert {c.name for kind in Kind for c in COLUMNS[kind]} | {RECORD} == HEADINGS.keys()
    assert all(known.en[0] == name for name, known in HEADINGS.items())
    assert all(key_of(name) for name in HEADINGS)


@pytest.mark.parametrize("kind", list(Kind))
def test_the_columns_of_a_table_are_the_fields_of_its_document(kind: Kind) -> None:
    fields = msgspec.structs.fields(STRUCTS[kind])
    own = [c for c in COLUMNS[kind] if c.field != "order"]
    single = [f for f in fields if f.name not in SHEETS.values()]
    assert {c.field for c in own} == {f.name for f in single}
    assert {c.field for c in own if c.required} == {f.name for f in single if f.required}


def reference() -> str:
    """The column tables as the guide has them."""
    lines = []
    for kind in Kind:
        lines += [f"### {SHEETS[kind]}", ""]
        lines += ["| column | required | holds | about | 繁體中文 | 简体中文 | also |"]
        lines += ["|---|---|---|---|---|---|---|"]
        for column in COLUMNS[kind]:
            known = HEADINGS[column.name]
            needed = "yes" if column.required else ""
            names = ("、".join(known.hant), "、".join(known.hans), ", ".join(known.en[1:]))
            cells = (f"`{column.name}`", needed, column.holds.value, column.about, *names)
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
    return "\n".join(lines)


def test_the_guide_lists_exactly_the_columns_there_are() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    begin, end = "<!-- columns -->\n", "<!-- /columns -->"
    assert guide.partition(begin)[2].partition(end)[0].strip() == reference().strip()


def test_the_example_in_the_guide_imports() -> None:
    example = GUIDE.read_text(encoding="utf-8").split("```\n")[1]
    (order,) = orders_of("p.csv", example.encode())
    assert [operation.id for operation in order.operations] == ["10", "20"]
