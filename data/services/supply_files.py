"""A supplier's table that comes back changed: every changed row is checked, then all are taken.

When one row is wrong nothing is taken, and every wrong row is named. A row that isn't among the
supplier's own is not found, whatever it may be elsewhere.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from data.domain.policy import Kind
from data.services.supplying import (
    By,
    Deed,
    Found,
    Supplying,
    Unfit,
    check,
    promise_deed,
    ship_deed,
)

# Where a fault of a field stands in the table.
_COLUMNS = {"promised_at": "promised", "quantity": "shipped", "row": "key"}


class FileRow(Struct, frozen=True, kw_only=True):
    """One row: what stands in it, and what stood there when it was exported, if it says so."""

    row: int
    key: str
    promised_at: datetime | None = None
    shipped: int | None = None
    promised_was: datetime | None = None
    shipped_was: int | None = None
    dated: bool = False  # it says what it held when it was exported

    @property
    def changed(self) -> bool:
        """Whether anything differs from when it was exported."""
        same = _same(self.promised_at, self.promised_was) and self.shipped == self.shipped_was
        return not (self.dated and same)


class Fault(Struct, frozen=True, kw_only=True):
    """What is wrong in one cell, and what was expected; row 0: the whole file."""

    row: int
    column: str
    expected: str
    bounds: dict[str, str | int | datetime] = {}


class NeedFile(Struct, frozen=True, kw_only=True):
    """A file that was read."""

    rows: tuple[FileRow, ...] = ()
    faults: tuple[Fault, ...] = ()


class Faulty(Exception):
    """Nothing was taken; each fault by row and column."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = tuple(faults)


class _Wrong(Exception):
    def __init__(self, column: str, expected: str) -> None:
        super().__init__(expected)
        self.column = column
        self.expected = expected


def take(supplying: Supplying, by: By, site: str, file: NeedFile) -> int:
    """Do what a file says differently; return how many changes that were.

    Raises: Faulty, when anything in it is wrong; Forbidden, Unavailable, Overloaded.
    """
    now, _ = supplying.clock(by.scope, site)
    own = supplying.find_all(by.scope, site, [row.key for row in file.rows])
    faults, deeds, seen = list(file.faults), list[Deed](), set[str]()
    for row in file.rows:
        if not row.changed:
            continue
        try:
            deeds += _checked(row, own, seen, now)
        except _Wrong as wrong:
            faults.append(Fault(row=row.row, column=wrong.column, expected=wrong.expected))
        except Unfit as unfit:
            column = _COLUMNS.get(unfit.field, unfit.field)
            fault = Fault(row=row.row, column=column, expected=unfit.expected, bounds=unfit.bounds)
            faults.append(fault)
    if faults:
        raise Faulty(sorted(faults, key=lambda fault: (fault.row, fault.column)))
    if deeds:
        supplying.do(by, site, deeds)
    return len(deeds)


def _checked(row: FileRow, own: dict[str, Found], seen: set[str], now: datetime) -> list[Deed]:
    found = own.get(row.key)
    if found is None:
        raise _Wrong("key", "unknown")
    if row.key in seen:
        raise _Wrong("key", "twice")
    seen.add(row.key)
    for deed in (deeds := [*_promised(row, found), *_shipped(row, found)]):
        try:
            check(deed, now)
        except Unfit as unfit:
            raise _in_all(unfit, found) from None
    return deeds


def _in_all(unfit: Unfit, found: Found) -> Unfit:
    """Return a fault as it is said of this table, which has what was shipped in all."""
    if unfit.field != "quantity":
        return unfit
    before = found.asked.shipped or 0
    bounds = {name: n + before for name, n in unfit.bounds.items() if isinstance(n, int)}
    return Unfit("quantity", unfit.expected, **bounds)


def _promised(row: FileRow, found: Found) -> Iterator[Deed]:
    current = found.asked.promised_at
    before = row.promised_was if row.dated else current
    if _same(row.promised_at, before) or _same(row.promised_at, current):
        return
    if found.asked.kind is not Kind.NEED or row.promised_at is None:
        raise _Wrong("promised", "date")
    if not _same(before, current):
        raise _Wrong("promised", "meanwhile")
    yield promise_deed(found, _token(row, row.promised_at.isoformat()), row.promised_at)


def _shipped(row: FileRow, found: Found) -> Iterator[Deed]:
    current = found.asked.shipped
    before = row.shipped_was if row.dated else current
    if row.shipped in (before, current):
        return
    if found.asked.kind is not Kind.NEED or row.shipped is None or before is None:
        raise _Wrong("shipped", "count")
    if before != current:
        raise _Wrong("shipped", "meanwhile")
    if row.shipped < before:
        raise _Wrong("shipped", "less")
    yield ship_deed(found, _token(row, str(row.shipped)), row.shipped - before, None)


def _token(row: FileRow, value: str) -> str:
    """Return the same token for the same change: a file that is sent twice counts once."""
    parts = "\0".join((row.key, value, str(row.promised_was), str(row.shipped_was)))
    return "file-" + hashlib.blake2b(parts.encode(), digest_size=16).hexdigest()


def _same(one: datetime | None, other: datetime | None) -> bool:
    """Whether two instants are the same to the minute, which is what a table shows."""
    if one is None or other is None:
        return one is other
    return one.replace(second=0, microsecond=0) == other.replace(second=0, microsecond=0)
