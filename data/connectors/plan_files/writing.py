"""Plans to files: orders as `read_plan` reads them, and the filled-in templates.

For `data.connectors.plan_files` alone.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from data.connectors.plan_files.columns import (
    COLUMNS,
    HEADINGS,
    PARTS,
    RECORD,
    SHEETS,
    Column,
    Holds,
    Kind,
)
from data.connectors.plan_files.example import EXAMPLE_SITE, example_orders
from data.connectors.plan_files.text import escape
from data.domain.plan import Order
from data.domain.plan_rules import NO_PREDECESSORS
from data.domain.site import Site

__all__ = ["EXAMPLE_SITE", "Form", "template", "write_plan"]

Form = Literal["xlsx", "csv", "json"]
_DATE_FORMAT = "yyyy-mm-dd hh:mm"
_FIRST_EXCEL_YEAR = 1901
_HEAD = PatternFill("solid", fgColor="FFDCE6F1")


def template(form: Form, site: Site | None) -> bytes:
    """Return a filled-in example that imports at the site once it has what the example names.

    It names the site's own work centers and parties; `EXAMPLE_SITE`'s where there are none.
    """
    home = site or EXAMPLE_SITE
    return write_plan(example_orders(home), form, home, notes=True)


def write_plan(orders: Iterable[Order], form: Form, site: Site, notes: bool = False) -> bytes:
    """Return a file from which `read_plan` reads these orders again at the same site.

    `notes` adds the explanations of a template. Instants stand in the site's time zone.
    """
    if form == "json":
        documents = {"orders": [msgspec.to_builtins(order) for order in orders]}
        return msgspec.json.format(msgspec.json.encode(documents), indent=2) + b"\n"
    writer = _Tables(ZoneInfo(site.timezone))
    if form == "csv":
        return writer.csv(orders, _notes(site)[:5] if notes else ())
    return writer.xlsx(orders, _notes(site) if notes else ())


class _Tables:
    """Writes orders as tables in one time zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def csv(self, orders: Iterable[Order], notes: Sequence[str]) -> bytes:
        names = [RECORD, *dict.fromkeys(c.name for kind in Kind for c in COLUMNS[kind])]
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerows([f"# {note}"] for note in notes)
        writer.writerow(names)
        for order in orders:
            for kind, values in _records(order):
                shown = {name: _as_text(self._cell(value)) for name, value in values.items()}
                writer.writerow([kind.value, *(shown.get(name, "") for name in names[1:])])
        return out.getvalue().encode("utf-8-sig")

    def xlsx(self, orders: Iterable[Order], notes: Sequence[str]) -> bytes:
        book = Workbook(write_only=True)
        sheets = {kind: _sheet(book, kind) for kind in Kind}
        for order in orders:
            for kind, values in _records(order):
                cells = [values.get(column.name) for column in COLUMNS[kind]]
                sheets[kind].append([_excel(sheets[kind], self._cell(value)) for value in cells])
        if notes:
            _read_me(book, notes)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    def _cell(self, value: Any) -> Any:
        """Return what a table shows: local time when it says the instant exactly."""
        if isinstance(value, tuple):
            return ";".join(value) or NO_PREDECESSORS
        if isinstance(value, datetime):
            return self._local(value)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return value

    def _local(self, at: datetime) -> datetime | str:
        local = at.astimezone(self._zone).replace(tzinfo=None, fold=0)
        exact = local.replace(tzinfo=self._zone).astimezone(UTC) == at
        if exact and not local.microsecond and local.year >= _FIRST_EXCEL_YEAR:
            return local
        return at.isoformat()


def _records(order: Order) -> Iterator[tuple[Kind, dict[str, Any]]]:
    yield Kind.ORDER, _values(Kind.ORDER, order, order.id)
    for kind, part in PARTS.items():
        for record in getattr(order, part):
            yield kind, _values(kind, record, order.id)


def _values(kind: Kind, record: Any, order: str) -> dict[str, Any]:
    values = {
        column.name: getattr(record, column.field)
        for column in COLUMNS[kind]
        if kind is Kind.ORDER or column.name != "order"
    }
    return values if kind is Kind.ORDER else {"order": order, **values}


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds" if value.second else "minutes")
    return escape(value) if isinstance(value, str) else str(value)


def _excel(sheet: Any, value: Any) -> Any:
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if value in (None, ""):
        return None
    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"  # text that starts with '=' stays text
        cell.number_format = "@"
    elif isinstance(value, datetime):
        cell.number_format = _DATE_FORMAT
    return cell


def _sheet(book: Workbook, kind: Kind) -> Any:
    sheet: Any = book.create_sheet(SHEETS[kind])
    sheet.freeze_panes = "A2"
    for i, column in enumerate(COLUMNS[kind], 1):
        _prepare(sheet, get_column_letter(i), column)
    sheet.append([_heading(sheet, column.name) for column in COLUMNS[kind]])
    return sheet


def _prepare(sheet: Any, letter: str, column: Column) -> None:
    dimension = sheet.column_dimensions[letter]
    dimension.width = 19 if column.holds is Holds.INSTANT else 15
    if column.holds in (Holds.TEXT, Holds.IDS):
        dimension.number_format = "@"  # so that Excel keeps 0010 and 1-2 as they are typed
    elif column.holds is Holds.INSTANT:
        dimension.number_format = _DATE_FORMAT
    elif column.holds is Holds.YES_NO:
        choice = DataValidation(type="list", formula1='"yes,no"', allow_blank=True)
        choice.add(f"{letter}2:{letter}1048576")
        sheet.data_validations.append(choice)


def _heading(sheet: Any, title: str) -> Any:
    cell = WriteOnlyCell(sheet, title)
    cell.font, cell.fill = Font(bold=True), _HEAD
    return cell


def _notes(site: Site) -> tuple[str, ...]:
    return (
        "The rows are an example: write yours over them. Empty cells mean 'not given'.",
        f"Dates without an offset are in the site's time zone, {site.timezone}; "
        "a date alone means 00:00.",
        "Run time is seconds a unit, set-up seconds once. Yes or no: yes, no, 是, 否, 1, 0.",
        "Predecessors are ids as in 10;20; none given: the operation above; - : none at all.",
        "An order is taken whole: what a file leaves out of it is gone. Orders it leaves out stay.",
        "Columns may stand in any order; their names may be any of those listed here.",
        "欄位順序不限，名稱可用下列任何一種；未註明時差的時間以工廠時區為準。",
        "列的顺序不限，名称可用下列任何一种；未注明时差的时间以工厂时区为准。",
    )


def _read_me(book: Workbook, notes: Sequence[str]) -> None:
    sheet: Any = book.create_sheet("read me")
    for letter, width in zip("ABCDEFG", (14, 18, 10, 22, 48, 30, 30), strict=True):
        sheet.column_dimensions[letter].width = width
    for note in notes:
        sheet.append([note])
    sheet.append([])
    titles = ("sheet", "column", "required", "holds", "about", "繁體中文", "简体中文")
    sheet.append([_heading(sheet, title) for title in titles])
    for kind in Kind:
        for column in COLUMNS[kind]:
            sheet.append([_wrapped(sheet, text) for text in _reference(kind, column)])


def _reference(kind: Kind, column: Column) -> tuple[str, ...]:
    names = HEADINGS[column.name]
    needed = "yes" if column.required else ""
    chinese = ("、".join(names.hant), "、".join(names.hans))
    return (SHEETS[kind], column.name, needed, column.holds.value, column.about, *chinese)


def _wrapped(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell
