"""Disclosure: the one function that decides what of a row a viewer gets.

Pure. Pages, pushes, exports, the API and notifications all pass it; what it doesn't return
doesn't exist for the viewer. Nothing may sort, filter or count rows before it has gone
through here: order and number would tell what is masked.
"""

import hashlib
import hmac
from base64 import b32encode
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from data.domain.policy import FIELDS, Kind, Nature, Policy, Treatment

Value = str | int | float | bool | datetime | None
_LETTERS = 6  # 30 bits: no two of a party's few thousand names look alike by chance for long

# How the pseudonym of a name begins, so that people know what it stands for.
_MARKS = {
    "order": "O", "product": "P", "family": "F", "customer": "C", "area": "L",
    "work_center": "WC", "work_unit": "WU", "operation": "OP", "need": "N", "part": "M",
    "supplier": "S", "performed_by": "S", "milestone": "MS",
    "exception": "E",
}  # fmt: skip


class Row(Struct, frozen=True, kw_only=True):
    """One thing with all its fields, before disclosure, and the parties that it concerns.

    `without`: what other fields are to whom a field is hidden, so that they don't tell it.
    `rests_on`: a field of another kind without which there would be no such row. Whom that is
    hidden from doesn't get the row; to who gets it only roughly, fields are as `roughly` has them.
    """

    kind: Kind
    fields: Mapping[str, Value]
    parties: frozenset[str] = frozenset()
    without: Mapping[str, Mapping[str, Value]] = {}
    rests_on: tuple[Kind, str] | None = None
    roughly: Mapping[str, Value] = {}


class Eyes(Struct, frozen=True, kw_only=True):
    """Through whose eyes rows are seen: a party (None: the factory's own), by which policy.

    `secret` keys the pseudonyms, which differ from party to party, so two can't compare.
    """

    party: str | None
    policy: Policy
    secret: bytes = b""

    def __post_init__(self) -> None:
        """Refuse a party without a secret: its pseudonyms could be computed by anyone."""
        if self.party is not None and len(self.secret) < 16:
            raise ValueError("secret: expected at least 16 bytes")


def disclose(rows: Iterable[Row], eyes: Eyes) -> list[dict[str, Value]]:
    """Return what the viewer may know of the rows that concern it.

    Shape: a field that is hidden isn't there; the rows are in an order of their own, by what
    is disclosed, so that the one they came in says nothing.
    """
    found = [disclosed(row, eyes) for row in rows if concerns(row, eyes)]
    return sorted((fields for fields in found if fields), key=_own_order)


def concerns(row: Row, eyes: Eyes) -> bool:
    """Whether a row is any of the viewer's business."""
    if row.rests_on is not None and eyes.policy.of(*row.rests_on) is Treatment.HIDE:
        return False
    return eyes.party is None or eyes.party in row.parties


def disclosed(row: Row, eyes: Eyes) -> dict[str, Value]:
    """Return the fields of one row as the viewer gets them.

    Raises: ValueError for a field that its kind doesn't have.
    """
    unknown = row.fields.keys() - FIELDS[row.kind].keys()
    if unknown:
        raise ValueError(f"{row.kind} has no field {min(unknown)}")
    row = _unaware(row, eyes)
    return {
        name: _TREAT[treatment](row, name, eyes)
        for name in row.fields
        if (treatment := eyes.policy.of(row.kind, name)) is not Treatment.HIDE
    }


def _unaware(row: Row, eyes: Eyes) -> Row:
    """Return a row that doesn't rest on what is hidden from the viewer."""
    for name, others in row.without.items():
        if eyes.policy.of(row.kind, name) is Treatment.HIDE:
            row = replace(row, fields={**row.fields, **others})
    if row.rests_on is not None and eyes.policy.of(*row.rests_on) is not Treatment.SHOW:
        row = replace(row, fields={**row.fields, **row.roughly})
    return row


def pseudonym(name: str, field: str, eyes: Eyes) -> str:
    """Return what stands for a name in the viewer's eyes: the same for the same name.

    Names of one sort share their pseudonyms wherever they stand (`supplier`, `performed_by`).
    """
    mark = _MARKS.get(field, "X")
    message = "\0".join((eyes.party or "", mark, name)).encode()
    digest = hmac.new(eyes.secret, message, hashlib.sha256).digest()
    return f"{mark}-{b32encode(digest).decode()[:_LETTERS]}"


def _show(row: Row, name: str, eyes: Eyes) -> Value:
    return row.fields[name]


def _mask(row: Row, name: str, eyes: Eyes) -> Value:
    value = row.fields[name]
    return None if value is None else pseudonym(str(value), name, eyes)


def _bucket(row: Row, name: str, eyes: Eyes) -> Value:
    value = row.fields[name]
    if value is None:
        return None
    if FIELDS[row.kind][name] is Nature.INSTANT:
        standing = row.fields.get("standing")
        return None if standing is None else str(standing)
    return _share(value, row.fields.get("quantity"))


def _share(value: Value, whole: Value) -> str:
    """Say how much of the whole a quantity is, in three steps."""
    if not isinstance(value, int | float) or value <= 0:
        return "none"
    return "all" if isinstance(whole, int | float) and value >= whole else "part"


def _own_order(fields: Mapping[str, Value]) -> tuple[str, ...]:
    return tuple(f"{name}={fields[name]}" for name in sorted(fields))


_TREAT: dict[Treatment, Callable[[Row, str, Eyes], Value]] = {
    Treatment.SHOW: _show,
    Treatment.MASK: _mask,
    Treatment.BUCKET: _bucket,
}
