"""What a page shows as tables, for spreadsheets. Pure records; `callbacks.desk.exports` writes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

Kind = Literal["text", "number", "moment", "seconds", "share"]
Value = str | int | float | datetime | None


class Column(Struct, frozen=True, kw_only=True):
    """One column; `heading` is in the reader's language.

    Units: `seconds` are written as hours, `share` (0..1) as a percentage, `moment` (aware) in
    the site's time.
    """

    key: str
    heading: str
    kind: Kind = "text"


class Sheet(Struct, frozen=True, kw_only=True):
    """One table: its name is the tab's, `rows` map a column's key to its value."""

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Value]]


def sheet(name: str, columns: Sequence[Column], rows: Iterable[Mapping[str, Value]]) -> Sheet:
    """Return a sheet of rows as they come."""
    return Sheet(name=name, columns=tuple(columns), rows=list(rows))
