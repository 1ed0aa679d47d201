"""Reads a supplier's table back: the export of its board as XLSX or CSV, changed in Excel.

Columns are known by their headings, in whichever language it was exported. Imported by the wiring.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from data.connectors.plan_files.report import Report, TooMany, Unreadable
from data.connectors.plan_files.text import csv_rows, decode
from data.connectors.plan_files.workbook import sheets
from data.services.supply_files import Fault, FileRow, NeedFile

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 20_000
_MOST_FAULTS = 200
_MOST = 1_000_000_000
_NEEDED = ("key", "promised", "shipped")
_DATED = ("promised_was", "shipped_was")
_ZIP = b"PK\x03\x04"
Cells = tuple[int, Sequence[object]]


class _Wrong(Exception):
    """A cell doesn't hold what its column does."""


def read(content: bytes, headings: Mapping[str, str], timezone: str) -> NeedFile:
    """Return the rows of a file, or what is wrong with it.

    `headings`: the key of each column by its heading; `timezone`: that of times without offset.
    """
    if not 0 < len(content) <= MAX_BYTES:
        return _whole("file")
    try:
        rows = list(_rows(content))
    except (Unreadable, TooMany):
        return _whole("file")
    places = _places(rows[0][1] if rows else (), headings)
    if any(name not in places for name in _NEEDED) or len(rows) > MAX_ROWS:
        return _whole("file")
    return _read(rows[1:], places, ZoneInfo(timezone))


def _rows(content: bytes) -> Iterator[Cells]:
    """Yield the rows of a CSV, or of a workbook's first sheet.

    Raises: Unreadable, TooMany.
    """
    if not content.startswith(_ZIP):
        yield from csv_rows(decode(content))
        return
    report = Report()
    first = next(sheets(content, report), None)
    if first is None or report.errors:
        raise Unreadable("formulas or merged cells")
    yield from first.rows


def _places(cells: Sequence[object], headings: Mapping[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        name = headings.get(str(cell).strip())
        if name is not None:
            found.setdefault(name, place)
    return found


def _read(rows: Sequence[Cells], places: Mapping[str, int], zone: ZoneInfo) -> NeedFile:
    found, faults = [], list[Fault]()
    dated = all(name in places for name in _DATED)
    for number, cells in rows:
        row = _row(number, cells, places, zone, dated, faults)
        if row is not None:
            found.append(row)
        if len(faults) >= _MOST_FAULTS:
            break
    return NeedFile(rows=tuple(found), faults=tuple(faults))


def _row(
    number: int, cells: Sequence[object], places: Mapping[str, int], zone: ZoneInfo, dated: bool,
    faults: list[Fault],
) -> FileRow | None:  # fmt: skip
    def cell(name: str) -> object:
        place = places.get(name, len(cells))
        return cells[place] if place < len(cells) else None

    try:
        return FileRow(
            row=number,
            key=str(cell("key") or "").strip()[:300],
            promised_at=_instant(cell("promised"), zone, "promised"),
            shipped=_count(cell("shipped"), "shipped"),
            promised_was=_instant(cell("promised_was"), zone, "promised_was"),
            shipped_was=_count(cell("shipped_was"), "shipped_was"),
            dated=dated,
        )
    except _Wrong as wrong:
        column, expected = wrong.args
        faults.append(Fault(row=number, column=column, expected=expected))
        return None


def _instant(value: object, zone: ZoneInfo, column: str) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        aware = found if found.tzinfo is not None else found.replace(tzinfo=zone)
        aware = aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Wrong(column, "date") from None
    if not 1970 < aware.year < 2200:
        raise _Wrong(column, "date")
    return aware


def _count(value: object, column: str) -> int | None:
    if value is None or value == "":
        return None
    try:
        number = float(str(value).strip().replace(",", ""))
    except ValueError:
        raise _Wrong(column, "count") from None
    if not (0 <= number <= _MOST) or number != int(number):
        raise _Wrong(column, "count")
    return int(number)


def _whole(expected: str) -> NeedFile:
    return NeedFile(faults=(Fault(row=0, column="", expected=expected),))
