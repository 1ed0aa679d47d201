"""Rows of tables to records: headings matched, cells read, every error kept with its place.

For `data.connectors.plan_files` alone; CSV and XLSX meet here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.connectors.plan_files.cells import STAND_INS, Unfit, is_blank, read_cell
from data.connectors.plan_files.columns import (
    COLUMNS,
    RECORD,
    SHEETS,
    Column,
    Kind,
    kind_of,
    name_of,
    nearest_heading,
)
from data.connectors.plan_files.report import MAX_ROWS, Report, Unreadable
from data.connectors.plan_files.text import Row, is_empty

MAX_COLUMNS = 100


class Sheet(NamedTuple):
    """One table: its name, the kind its rows are of (None: a column says) and its rows."""

    name: str
    kind: Kind | None
    rows: Iterable[Row]


class Record(Struct):
    """One row as read; `broken` are the columns whose cells were reported already."""

    kind: Kind
    sheet: str
    row: int
    order: str
    titles: Mapping[str, str]
    values: dict[str, Any]
    shown: Mapping[str, object]
    broken: set[str]

    def report(self, report: Report, column: str, reason: str, value: object = None) -> None:
        """Report a cell of this row, unless it was reported already."""
        if column not in self.broken:
            self.broken.add(column)
            shown = self.shown.get(column, "") if value is None else value
            report.add(reason, self.sheet, self.row, self.titles.get(column, column), shown)


class Tables:
    """Reads sheet after sheet; counts rows over all of them."""

    def __init__(self, timezone: str, report: Report) -> None:
        """Read instants without offset in `timezone` and put errors into `report`."""
        self._zone = ZoneInfo(timezone)
        self._report = report
        self._rows = 0

    def records(self, sheet: Sheet) -> Iterator[Record]:
        """Yield the rows of a sheet that name their order.

        Raises: TooMany, Unreadable.
        """
        filled = (row for row in sheet.rows if not is_empty(row[1]))
        heading = next(filled, None)
        if heading is None:
            return
        table = _Table(sheet, heading, self._zone, self._report)
        if table.usable:
            for number, cells in filled:
                self._count()
                record = table.record(number, cells)
                if record is not None:
                    yield record

    def _count(self) -> None:
        self._rows += 1
        if self._rows > MAX_ROWS:
            raise Unreadable(f"the file has more than {MAX_ROWS:,} rows; import it in parts")


class _Table:
    """One sheet with its headings understood."""

    def __init__(self, sheet: Sheet, heading: Row, zone: ZoneInfo, report: Report) -> None:
        self._sheet, self._zone, self._report = sheet, zone, report
        self._row, cells = heading
        self._at: dict[str, int] = {}
        self._titles: dict[str, str] = {}
        self._missing: set[tuple[Kind, str]] = set()
        self._width = len(cells)
        self._unheaded = [i for i, cell in enumerate(cells) if is_blank(cell)]
        for i, cell in enumerate(cells):
            if i not in self._unheaded:
                self._place(i, str(cell).strip())
        self.usable = self._has_kind()
        if sheet.kind is not None:
            self._refuse_strangers(sheet.kind)
            self._check_columns(sheet.kind)

    def record(self, number: int, cells: Sequence[object]) -> Record | None:
        """Return the row's record; None when its kind or order isn't told."""
        width = len(cells)
        shown = {n: cell for n, i in self._at.items() if i < width and (cell := cells[i]) != ""}
        kind = self._sheet.kind or self._kind(number, shown)
        if kind is None:
            return None
        record = Record(kind, self._sheet.name, number, "", self._titles, {}, shown, set())
        self._check_width(record, cells)
        if self._sheet.kind is None:
            self._check_columns(kind)
            _refuse_foreign(record, self._report)
        for column in COLUMNS[kind]:
            if column.name in self._at:
                self._read(record, column)
            elif column.required:
                record.broken.add(column.name)
                record.values[column.field] = STAND_INS[column.holds]
        return None if "order" in record.broken else _linked(record)

    def _place(self, i: int, title: str) -> None:
        name = name_of(title)
        if name is None:
            near = nearest_heading(title)
            end = f"; did you mean '{near}'?" if near else ""
            self._error(title, f"isn't a column of a plan{end}")
        elif name in self._at:
            self._error(title, f"is the same column as '{self._titles[name]}'")
        else:
            self._at[name], self._titles[name] = i, title

    def _has_kind(self) -> bool:
        if self._sheet.kind is None and RECORD not in self._at:
            kinds = ", ".join(Kind)
            self._error(RECORD, f"the table has no such column; it says what each row is: {kinds}")
            return False
        return True

    def _refuse_strangers(self, kind: Kind) -> None:
        own = {column.name for column in COLUMNS[kind]}
        for name in sorted(self._at.keys() - own - {RECORD}):
            known = ", ".join(column.name for column in COLUMNS[kind])
            self._error(self._titles[name], f"isn't a column of {SHEETS[kind]}, which has {known}")

    def _check_columns(self, kind: Kind) -> None:
        for column in COLUMNS[kind]:
            if column.required and column.name not in self._at:
                if (kind, column.name) not in self._missing:
                    self._error(column.name, f"is a column that {SHEETS[kind]} must have")
                self._missing.add((kind, column.name))

    def _check_width(self, record: Record, cells: Sequence[object]) -> None:
        for i in (*self._unheaded, *range(self._width, len(cells))):
            cell = cells[i] if i < len(cells) else None
            if not is_blank(cell):
                record.report(
                    self._report, f"{i + 1}", "stands in a column without a heading", cell
                )
                return

    def _kind(self, number: int, shown: Mapping[str, object]) -> Kind | None:
        cell = shown.get(RECORD)
        kind = kind_of(cell) if isinstance(cell, str) else None
        if kind is None:
            expected = "expected " + ", ".join(Kind)
            self._report.add(expected, self._sheet.name, number, self._titles[RECORD], cell)
        return kind

    def _read(self, record: Record, column: Column) -> None:
        cell = record.shown.get(column.name)
        if is_blank(cell):
            if column.required:
                record.report(self._report, column.name, "is required")
                record.values[column.field] = STAND_INS[column.holds]
            return
        try:
            record.values[column.field] = read_cell(column.holds, cell, self._zone)
        except Unfit as unfit:
            record.report(self._report, column.name, str(unfit))
            record.values[column.field] = STAND_INS[column.holds]

    def _error(self, title: str, reason: str) -> None:
        self._report.add(reason, self._sheet.name, self._row, title)


def _linked(record: Record) -> Record:
    field = "id" if record.kind is Kind.ORDER else "order"
    record.order = record.values[field]
    if record.kind is not Kind.ORDER:
        del record.values[field]
    return record


def _refuse_foreign(record: Record, report: Report) -> None:
    own = {column.name for column in COLUMNS[record.kind]} | {RECORD}
    for name, cell in record.shown.items():
        if name not in own and not is_blank(cell):
            article = "an" if record.kind in (Kind.ORDER, Kind.OPERATION) else "a"
            record.report(report, name, f"{article} {record.kind} has no {name}; leave it empty")
