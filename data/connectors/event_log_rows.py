"""Rows of an event log in CSV, read as runs: someone worked on an order from then to then.

Imported by `data.connectors.event_log` and `data.connectors.event_log_plan` only.
"""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.connectors.mapping import (
    BadRows,
    Cells,
    ColumnRef,
    Mapping,
    column_of,
    columns_read,
)
from data.domain.rules import LATEST, MAX_QUANTITY, OLDEST
from data.domain.site_rules import is_name

MAX_TEXT = 200
SHOWN_ERRORS = 20

# Marks that part subjects and lists, and what stands in their place within a name.
_MARKS = str.maketrans({"/": "\u2044", ";": ",", "\uff1b": "\uff0c"})

Row = dict[str, str]


class RowError(Struct, frozen=True):
    """A row that can't be read; rows count from 1, the header's, as a spreadsheet does."""

    row: int
    column: str
    reason: str

    def __str__(self) -> str:
        """Say it as a person reads it."""
        return f"row {self.row}, column {self.column}: {self.reason}"


class LogError(ValueError):
    """A log can't be read; `errors` holds the rows at fault, when it is rows."""

    def __init__(self, reason: str, errors: tuple[RowError, ...] = ()) -> None:
        """Say what is wrong, and the first rows at fault."""
        lines = [reason, *(str(error) for error in errors[:SHOWN_ERRORS])]
        if len(errors) > SHOWN_ERRORS:
            lines.append(f"and {len(errors) - SHOWN_ERRORS} more")
        super().__init__("\n".join(lines))
        self.errors = errors


class Run(Struct, frozen=True, kw_only=True, gc=False):
    """One row: a stretch of work on one operation. Instants are aware, UTC."""

    row: int
    order: str
    operation: str
    work_center: str
    work_unit: str | None
    start: datetime
    finish: datetime
    good: int
    scrap: int
    rework: int
    setup: bool
    cut: bool
    product: str
    family: str
    customer: str | None
    quantity: int


class Rows(Struct, frozen=True, kw_only=True):
    """What a log's rows hold; `skipped` are the ones that the mapping leaves out."""

    runs: tuple[Run, ...]
    total: int
    skipped: int
    bad: tuple[RowError, ...]


class _Unreadable(ValueError):
    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


def read_rows(content: bytes, mapping: Mapping) -> Rows:
    """Read every row of a CSV file.

    Raises: LogError when the file, its header or (unless they may be left out) a row is bad.
    """
    runs: list[Run] = []
    bad: list[RowError] = []
    total = skipped = 0
    reader = _RunReader(mapping)
    for number, row in _rows(content, mapping):
        total += 1
        if any(_holds(cells, row) for cells in mapping.skip):
            skipped += 1
            continue
        try:
            runs.append(reader.run(number, row))
        except _Unreadable as flaw:
            bad.append(RowError(number, flaw.column, flaw.reason))
    if bad and mapping.bad_rows is BadRows.STOP:
        raise LogError(f"{len(bad)} of {total} rows can't be read", tuple(bad))
    if not runs:
        raise LogError(f"no row to show: {total} rows, {skipped} skipped, {len(bad)} unreadable")
    return Rows(runs=tuple(runs), total=total, skipped=skipped, bad=tuple(bad))


def _rows(content: bytes, mapping: Mapping) -> Iterator[tuple[int, Row]]:
    try:
        text = content.decode(mapping.file.encoding)
    except UnicodeDecodeError as error:
        raise LogError(f"isn't {mapping.file.encoding}: byte {error.start}") from None
    reader = csv.DictReader(
        io.StringIO(text, newline=""),
        delimiter=mapping.file.delimiter,
        restkey="",
        restval="",
    )
    header = reader.fieldnames or ()
    for key, column in columns_read(mapping).items():
        if column not in header:
            names = ", ".join(header)
            raise LogError(f"{key}: the file has no column '{column}'; it has {names}")
    try:
        yield from enumerate(reader, start=2)
    except csv.Error as error:
        raise LogError(f"line {reader.line_num}: {error}") from None


def _holds(cells: Cells | None, row: Row) -> bool:
    return cells is not None and row[cells.column].strip() in cells.values


class _RunReader:
    """Reads one row after the other by the same mapping."""

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        self._columns = mapping.columns
        self._zone = ZoneInfo(mapping.site.timezone)
        self._format = mapping.times.format

    def run(self, number: int, row: Row) -> Run:
        columns, constants = self._columns, self._mapping.constants
        operation = self._name(row, columns.operation)
        center = columns.work_center or columns.operation
        unit = columns.work_unit
        start, finish = self._span(row)
        return Run(
            row=number,
            order=self._name(row, columns.order),
            operation=operation,
            work_center=self._name(row, center),
            work_unit=None if unit is None or not _cell(row, unit) else self._name(row, unit),
            start=start,
            finish=finish,
            good=_quantity(row, columns.good),
            scrap=_quantity(row, columns.scrap),
            rework=_quantity(row, columns.rework),
            setup=_holds(self._mapping.setup, row),
            cut=_holds(self._mapping.cut, row),
            product=_printable(_cell(row, columns.product) or constants.product),
            family=_printable(_cell(row, columns.family) or constants.family),
            customer=self._customer(row),
            quantity=self._order_quantity(row),
        )

    def _name(self, row: Row, ref: ColumnRef) -> str:
        column = column_of(ref).column
        name = _plain(_cell(row, ref))
        if not name:
            raise _Unreadable(column, "is blank")
        if not is_name(name):
            raise _Unreadable(column, "expected a name of 1 to 100 characters")
        return name

    def _customer(self, row: Row) -> str | None:
        ref = self._columns.customer
        if ref is not None and _cell(row, ref):
            return self._name(row, ref)
        return self._mapping.constants.customer

    def _order_quantity(self, row: Row) -> int:
        ref = self._columns.quantity
        if ref is None or not _cell(row, ref):
            return self._mapping.constants.quantity
        quantity = _whole(_cell(row, ref), column_of(ref).column)
        if quantity < 1:
            raise _Unreadable(column_of(ref).column, "expected a quantity above 0")
        return quantity

    def _span(self, row: Row) -> tuple[datetime, datetime]:
        columns = self._columns
        start = None if columns.start is None else self._instant(row, columns.start)
        finish = None if columns.finish is None else self._instant(row, columns.finish)
        length = timedelta(seconds=self._duration_s(row))
        if start is None and finish is not None:
            start = finish - length
        if finish is None and start is not None:
            finish = start + length
        if start is None or finish is None:
            raise AssertionError("a mapping has a start or a finish")
        if finish < start:
            raise _Unreadable(columns.finish or "", "lies before the start")
        return start, finish

    def _instant(self, row: Row, column: str) -> datetime:
        try:
            at = _parsed(row[column].strip(), self._format, self._zone)
        except (ValueError, OverflowError):
            expected = "an ISO 8601 instant" if self._format == "iso" else f"'{self._format}'"
            raise _Unreadable(column, f"expected {expected}, found '{row[column]}'") from None
        if not OLDEST <= at < LATEST:
            raise _Unreadable(column, f"expected a year from {OLDEST.year} to {LATEST.year - 1}")
        return at

    def _duration_s(self, row: Row) -> float:
        column = self._columns.duration
        if column is None or not row[column].strip():
            return 0.0
        try:
            amount = float(row[column])
        except ValueError:
            amount = -1.0
        if not 0 <= amount < float("inf"):
            raise _Unreadable(column, f"expected a number from 0, found '{row[column]}'")
        return amount * self._mapping.times.duration_unit.in_s


def _cell(row: Row, ref: ColumnRef | None) -> str:
    if ref is None:
        return ""
    column = column_of(ref)
    text = row[column.column].strip()
    if column.pattern is None:
        return text
    found = re.search(column.pattern, text)
    return text if found is None else (found.group(1) or "").strip()


@lru_cache(maxsize=4096)
def _plain(text: str) -> str:
    """Make a name fit for subjects and lists: on one line, its marks part nothing."""
    return _printable(text).translate(_MARKS)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()[:MAX_TEXT]


@lru_cache(maxsize=4096)
def _parsed(text: str, pattern: str, zone: ZoneInfo) -> datetime:
    iso = pattern == "iso"
    at = datetime.fromisoformat(text) if iso else datetime.strptime(text, pattern)  # noqa: DTZ007
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _quantity(row: Row, column: str | None) -> int:
    if column is None or not row[column].strip():
        return 0
    return _whole(row[column].strip(), column)


def _whole(text: str, column: str) -> int:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= MAX_QUANTITY or not number.is_integer():
        raise _Unreadable(column, f"expected a whole number from 0, found '{text}'")
    return int(number)
