"""Sheets of an XLSX file, with what Excel files may do to their reader kept out.

For `data.connectors.plan_files` alone. Formulas give the value Excel last worked out; a merged
cell or a formula that was never worked out is an error, for its value would be lost silently.
"""

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError  # nosec B405  # the error alone

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from data.connectors.plan_files.columns import is_notes
from data.connectors.plan_files.report import Report, Unreadable
from data.connectors.plan_files.tables import MAX_COLUMNS
from data.connectors.plan_files.text import Row

MAX_UNPACKED = 200 * 1024 * 1024
MAX_MEMBERS = 5_000
_MAX_SMALL_MEMBER = 8 * 1024 * 1024  # styles and the like, which openpyxl holds in memory whole
_LARGE = re.compile(r"xl/(worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE)
_LAST_ROW = 1_048_576
_CHUNK, _OVERLAP = 1024 * 1024, 4096

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z0-9:]+)"')
_UNWORKED = re.compile(
    rb'<(?:\w+:)?c\s(?![^>]*t="str")[^>]*?r="([A-Z]+\d+)"[^>]*>\s*'
    rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>|</(?:\w+:)?c>)"
)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    ParseError,
    EOFError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    AttributeError,
    NotImplementedError,
    RuntimeError,
)


class RawSheet(NamedTuple):
    """A sheet's name and its rows that aren't empty, with their numbers."""

    name: str
    rows: list[Row]


def sheets(content: bytes, report: Report) -> Iterator[RawSheet]:
    """Yield the sheets in the workbook's order, but for those that are notes.

    Raises: TooMany, Unreadable.
    """
    _check_archive(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what openpyxl can't keep doesn't matter here
            found = list(_sheets(content, report))
    except _BROKEN as error:
        raise Unreadable(f"the workbook is damaged ({error}); save it again as .xlsx") from None
    yield from found


def _check_archive(content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _check_sizes(members)
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    _check_prolog(archive, member)
    except _BROKEN as error:
        raise Unreadable(f"the workbook is damaged ({error}); save it again as .xlsx") from None


def _check_sizes(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS or sum(m.file_size for m in members) > MAX_UNPACKED:
        limit = MAX_UNPACKED // 1024**2
        raise Unreadable(f"the workbook unpacks to more than {limit} MB; import it in parts")
    for member in members:
        small = member.filename.endswith((".xml", ".rels")) and not _LARGE.fullmatch(
            member.filename
        )
        if small and member.file_size > _MAX_SMALL_MEMBER:
            raise Unreadable(
                f"{member.filename} in the workbook is too large; copy the values over"
            )


def _check_prolog(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    with archive.open(member) as stream:
        start = stream.read(_OVERLAP).replace(b"\0", b"")
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        raise Unreadable("the workbook declares XML entities, which Excel never does")


def _sheets(content: bytes, report: Report) -> Iterator[RawSheet]:
    workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    try:
        for sheet in workbook.worksheets:
            if is_notes(sheet.title):
                continue
            rows = list(_rows(sheet))
            if rows:
                _report_lost_values(sheet, report)
            yield RawSheet(sheet.title, rows)
    finally:
        workbook.close()


def _rows(sheet: Any) -> Iterator[Row]:
    sheet.reset_dimensions()  # what the file says of its own size is often wrong
    for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > _LAST_ROW:
            raise Unreadable(f"sheet '{sheet.title}' has more rows than Excel can hold")
        if any(cell is not None and cell != "" for cell in cells):
            if any(cell is not None for cell in cells[MAX_COLUMNS:]):
                raise Unreadable(f"sheet '{sheet.title}' has more than {MAX_COLUMNS} columns")
            yield number, cells[:MAX_COLUMNS]


def _report_lost_values(sheet: Any, report: Report) -> None:
    merged: dict[bytes, None] = {}
    unworked: dict[bytes, None] = {}
    for part in _parts(sheet):
        if b"mergeCell " in part:
            merged.update(dict.fromkeys(_MERGED.findall(part)))
        if b"<f" in part or b":f" in part:
            unworked.update(dict.fromkeys(_UNWORKED.findall(part)))
    for cells in merged:
        reason = f"cells {cells.decode()} are merged; unmerge them and fill every one"
        report.add(reason, sheet.title, *_place(cells))
    for cell in unworked:
        reason = "is a formula that was never worked out; open the file in Excel and save it"
        report.add(reason, sheet.title, *_place(cell))


def _parts(sheet: Any) -> Iterator[bytes]:
    # openpyxl keeps the member's name to itself, and says nothing of merged cells when streaming.
    with sheet.parent._archive.open(sheet._worksheet_path) as stream:
        tail = b""
        while chunk := stream.read(_CHUNK):
            yield tail + chunk
            tail = chunk[-_OVERLAP:]


def _place(cells: bytes) -> tuple[int, str]:
    match = re.match(r"([A-Z]+)(\d+)", cells.decode())
    return (int(match[2]), match[1]) if match else (0, "")
