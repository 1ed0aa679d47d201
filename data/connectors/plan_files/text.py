"""Rows of a CSV file, whatever encoding and separator the office's Excel gave it.

For `data.connectors.plan_files` alone.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from data.connectors.plan_files.cells import is_blank
from data.connectors.plan_files.columns import name_of
from data.connectors.plan_files.report import Unreadable

Row = tuple[int, Sequence[object]]

_SEPARATORS = (",", ";", "\t")
_SAMPLE_ROWS = 30
_SAMPLE_CHARACTERS = 20_000
# Codec, and where its standard keeps the characters of everyday use: codec and lead bytes.
_OFFICE_CODECS = (("gb18030", "gb2312", 0xB0, 0xD7), ("cp950", "big5", 0xA4, 0xC6))
_FORMULA_LIKE = re.compile(r"'*(?:[=@\t\r]|[+-].)")


def decode(content: bytes) -> str:
    """Return the text: UTF-8 or UTF-16 as its first bytes say, else GB18030 or Big5.

    Raises: Unreadable.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decode(content, "utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _likeliest(content)


def csv_rows(text: str) -> Iterator[Row]:
    """Yield row numbers, from 1, and cells.

    Raises: Unreadable.
    """
    text, separator = _separator(text)
    rows = _split(text, separator)
    for number, cells in enumerate(rows, 1):
        yield number, [unescape(cell) if cell[:1] == "'" else cell for cell in cells]


def escape(cell: str) -> str:
    """Return a cell that a spreadsheet takes for text, never for a formula."""
    return f"'{cell}" if _FORMULA_LIKE.match(cell) else cell


def unescape(cell: str) -> str:
    """Undo `escape`."""
    return cell[1:] if cell.startswith("'") and _FORMULA_LIKE.match(cell) else cell


def is_note(cells: Sequence[object]) -> bool:
    """Whether a row is a remark: its first cell starts with `# ` and the others are blank."""
    first = cells[0] if cells else None
    return isinstance(first, str) and first.startswith("# ") and all(map(is_blank, cells[1:]))


def is_empty(cells: Sequence[object]) -> bool:
    """Whether a row says nothing to the program."""
    return all(map(is_blank, cells)) or is_note(cells)


def _decode(content: bytes, codec: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        raise Unreadable("the file's encoding isn't known; save it as 'CSV UTF-8'") from None


def _likeliest(content: bytes) -> str:
    fitting = []
    for codec, standard, first, last in _OFFICE_CODECS:
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        fitting.append((_known(text), _everyday(text, standard, first, last), text))
    if not fitting:
        raise Unreadable("the file's encoding isn't known; save it as 'CSV UTF-8'")
    return max(fitting)[2]


def _known(text: str) -> int:
    return max(_known_headings(text, separator) for separator in _SEPARATORS)


def _everyday(text: str, codec: str, first: int, last: int) -> float:
    """Share of the Chinese characters that people use every day, by the codec's own order."""
    sample = [
        c for c in text[:_SAMPLE_CHARACTERS] if c > "\u2fff" and not "\u3000" <= c <= "\u303f"
    ]
    common = sum(first <= (c.encode(codec, "ignore") or b"\0")[0] <= last for c in sample)
    return common / len(sample) if sample else 0.0


def _separator(text: str) -> tuple[str, str]:
    declared = re.match(r"sep=(.)\r?\n", text)  # Excel's own first line, not a row to it
    if declared:
        return text[declared.end() :], declared[1]
    best = max(_SEPARATORS, key=lambda separator: _known_headings(text, separator))
    return text, best


def _known_headings(text: str, separator: str) -> int:
    """Count the headings known in the first row that says anything."""
    for cells in islice(_split(text, separator), _SAMPLE_ROWS):
        if not is_empty(cells):
            return sum(name_of(cell) is not None for cell in cells)
    return 0


def _split(text: str, separator: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        yield from reader
    except csv.Error as error:
        raise Unreadable(f"line {reader.line_num} isn't CSV: {error}") from None
