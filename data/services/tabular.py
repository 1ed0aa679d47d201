"""Reading states or active periods of work units from a CSV file that a person brings.

Imported by the analyse service alone. Two forms are told apart by their header:
`time,work_unit,state` and `work_unit,start,end`; further columns are ignored. Times are
numbers, or ISO 8601, and then all with an offset from UTC or all without.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import TextIO

from msgspec import Struct

from data.domain.bottleneck.states import ActivePeriod, StateChange
from data.domain.events import WorkUnitState
from data.services.errors import MilepostError

STATE_COLUMNS = ("time", "work_unit", "state")
PERIOD_COLUMNS = ("work_unit", "start", "end")


class InputError(MilepostError, ValueError):
    """A file cannot be analysed; the message says where it is wrong and what was expected."""


class RowError(InputError):
    """One cell is wrong. Row 1 is the header."""

    def __init__(self, row: int, column: str, expected: str, found: str) -> None:
        """Say which cell, what was expected there and what was found."""
        self.row, self.column, self.expected, self.found = row, column, expected, found
        super().__init__(f"row {row}, column {column}: expected {expected}, found {found!r}")


class Table(Struct, frozen=True, kw_only=True):
    """What a file holds: changes or periods, never both.

    Units: times as the file gives them, or seconds since the epoch where `iso` is true.
    """

    iso: bool
    changes: tuple[StateChange, ...] = ()
    periods: tuple[ActivePeriod, ...] = ()


Row = tuple[int, tuple[str, str, str]]
ReadTime = Callable[[int, str, str], float]


def read_table(path: Path) -> Table:
    """Read a file of either form.

    Raises: InputError, of which RowError names a cell; OSError when it cannot be opened.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            return _parse(file)
        except UnicodeDecodeError as error:
            raise InputError(f"expected text in UTF-8: {error.reason}") from error
        except csv.Error as error:
            raise InputError(f"expected comma-separated values: {error}") from error


def _parse(file: TextIO) -> Table:
    lines = csv.reader(file)
    header = [name.strip().lower() for name in next(lines, [])]
    columns = _form(header)
    rows = _rows(lines, [header.index(name) for name in columns], columns)
    first = next(rows, None)
    if first is None:
        raise InputError("expected at least one row below the header")
    time_column = "time" if columns is STATE_COLUMNS else "start"
    iso = not _is_number(first[1][columns.index(time_column)])
    read_time = _iso_reader() if iso else _read_number
    if columns is STATE_COLUMNS:
        return Table(iso=iso, changes=tuple(_changes(first, rows, read_time)))
    return Table(iso=iso, periods=tuple(_periods(first, rows, read_time)))


def _form(header: list[str]) -> tuple[str, str, str]:
    for columns in (STATE_COLUMNS, PERIOD_COLUMNS):
        if set(columns) <= set(header):
            return columns
    expected = f"{','.join(STATE_COLUMNS)} or {','.join(PERIOD_COLUMNS)}"
    raise InputError(f"row 1: expected the header {expected}, found {','.join(header)!r}")


def _rows(lines: Iterator[list[str]], places: list[int], columns: tuple[str, ...]) -> Iterator[Row]:
    """Yield each row's number and its three cells; blank lines are passed over."""
    first, second, third = places
    for number, cells in enumerate(lines, start=2):
        try:
            found = cells[first].strip(), cells[second].strip(), cells[third].strip()
        except IndexError:
            if any(cell.strip() for cell in cells):
                raise _short_row(number, len(cells), places, columns) from None
            continue
        if any(found) or any(cell.strip() for cell in cells):
            yield number, found


def _short_row(number: int, width: int, places: list[int], columns: tuple[str, ...]) -> RowError:
    missing = next(c for place, c in zip(places, columns, strict=True) if place >= width)
    return RowError(number, missing, "a value", "")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_number(row: int, column: str, text: str) -> float:
    """Read a time as a number, like the first row's."""
    try:
        value = float(text)
    except ValueError as error:
        raise RowError(row, column, "a number, as in the rows before", text) from error
    if not isfinite(value):
        raise RowError(row, column, "a finite number", text)
    return value


def _iso_reader() -> ReadTime:
    """Return a reader of ISO 8601 that holds later rows to the first one's kind."""
    naive: bool | None = None

    def read(row: int, column: str, text: str) -> float:
        nonlocal naive
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise RowError(row, column, "a number or an ISO 8601 time", text) from error
        if naive is None:
            naive = moment.tzinfo is None
        if naive is not (moment.tzinfo is None):
            kind = "without" if naive else "with"
            raise RowError(row, column, f"a time {kind} an offset, as in the rows before", text)
        return (moment.replace(tzinfo=UTC) if naive else moment).timestamp()

    return read


def _read_work_unit(row: int, text: str) -> str:
    if not text:
        raise RowError(row, "work_unit", "a work unit's id", text)
    return text


def _changes(first: Row, rest: Iterator[Row], read_time: ReadTime) -> Iterator[StateChange]:
    words = {state.value: state for state in WorkUnitState}
    for row, (time, work_unit, state) in _chained(first, rest):
        unit = _read_work_unit(row, work_unit)
        yield StateChange(unit, _read_state(row, state, words), read_time(row, "time", time))


def _read_state(row: int, text: str, words: Mapping[str, WorkUnitState]) -> WorkUnitState:
    """Read a state word; capitals, blanks and hyphens are forgiven."""
    state = words.get(text) or words.get(text.lower().replace(" ", "_").replace("-", "_"))
    if state is None:
        raise RowError(row, "state", f"one of {', '.join(words)}", text)
    return state


def _periods(first: Row, rest: Iterator[Row], read_time: ReadTime) -> Iterator[ActivePeriod]:
    for row, (work_unit, start_text, end_text) in _chained(first, rest):
        start = read_time(row, "start", start_text)
        end = read_time(row, "end", end_text)
        if end < start:
            raise RowError(row, "end", f"a time not before the start {start_text}", end_text)
        yield ActivePeriod(_read_work_unit(row, work_unit), start, end)


def _chained(first: Row, rest: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rest
