"""The audit trail: who saw which party's rows, who changed what, what was refused.

Pure. Each record carries the code of the one before it, so that to alter, drop, add or move one
breaks the chain there; a head that was kept elsewhere shows when the end was cut off. Whoever
doesn't hold the key can't mend the chain.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum

import msgspec
from msgspec import Struct

Detail = Mapping[str, str | int | float | bool | list[str] | None]
_BEGINNING = bytes(32)


class Action(StrEnum):
    """What was done."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    SIGN_IN_REFUSED = "sign_in_refused"
    REFUSED = "refused"
    SAW = "saw"
    EXPORTED = "exported"
    REPORTED = "reported"
    ACCOUNT_CHANGED = "account_changed"
    POLICY_CHANGED = "policy_changed"
    LINK_MADE = "link_made"
    LINK_USED = "link_used"
    LINK_REVOKED = "link_revoked"
    SCREEN_CHANGED = "screen_changed"
    KEY_CHANGED = "key_changed"
    DATE_CHANGED = "date_changed"
    COMMENTED = "commented"
    EXCEPTION_MOVED = "exception_moved"
    RULE_CHANGED = "rule_changed"


class Deed(Struct, frozen=True, kw_only=True):
    """What is to be recorded. `actor`: an account, link, screen or key; `party`: whose data.

    `detail`: what else there is to say, such as columns and count of rows seen, or the values
    before and after; masked fields as they were shown.
    """

    at: datetime
    actor: str
    action: Action
    subject: str
    site: str | None = None
    party: str | None = None
    address: str = ""
    detail: Detail = {}


class AuditRecord(Struct, frozen=True, kw_only=True):
    """A deed in its place in the chain."""

    number: int
    deed: Deed
    code: bytes


class Head(Struct, frozen=True, kw_only=True):
    """Where the chain ends; to be kept outside the database."""

    number: int
    code: bytes


class Break(StrEnum):
    """What is wrong with the first bad record."""

    ALTERED = "altered, or out of its place"
    MISSING = "missing"
    CUT_OFF = "cut off: the chain ended later once"


class Fault(Struct, frozen=True, kw_only=True):
    """The first bad record and what is wrong with it."""

    number: int
    what: Break


def code_of(deed: Deed, number: int, before: bytes, key: bytes) -> bytes:
    """Return the code of a record; `before`: that of the record before it."""
    utc = msgspec.structs.replace(deed, at=deed.at.astimezone(UTC))
    body = msgspec.json.encode(utc, order="deterministic")
    return hmac.new(key, before + number.to_bytes(8, "big") + body, hashlib.sha256).digest()


def chained(deeds: Iterable[Deed], head: Head | None, key: bytes) -> list[AuditRecord]:
    """Put deeds at the end of a chain."""
    number, code = (0, _BEGINNING) if head is None else (head.number, head.code)
    records = []
    for deed in deeds:
        number, code = number + 1, code_of(deed, number + 1, code, key)
        records.append(AuditRecord(number=number, deed=deed, code=code))
    return records


def verify(
    records: Iterable[AuditRecord], key: bytes, kept: Head | None = None, after: Head | None = None
) -> tuple[Head, Fault | None]:
    """Walk a chain; return where it ends, and the first bad record.

    Shape: `records` as stored, by number; `kept`: a head that was noted before; `after`: where a
    part ended that was chained with another key, and is not looked at.
    """
    head = after or Head(number=0, code=_BEGINNING)
    found = after is None
    for record in records:
        if after is not None and record.number <= after.number:
            found = found or (record.number, record.code) == (after.number, after.code)
            continue
        fault = _fault_of(record, head, key, kept) if found else None
        if fault is not None or not found:
            return head, fault or Fault(number=head.number, what=Break.ALTERED)
        head = Head(number=record.number, code=record.code)
    if not found:
        return head, Fault(number=head.number, what=Break.CUT_OFF)
    if kept is not None and kept.number > head.number:
        return head, Fault(number=head.number + 1, what=Break.CUT_OFF)
    return head, None


def _fault_of(record: AuditRecord, before: Head, key: bytes, kept: Head | None) -> Fault | None:
    """Return what is wrong with a record that should come next."""
    if record.number != before.number + 1:
        what = Break.MISSING if record.number > before.number + 1 else Break.ALTERED
        return Fault(number=before.number + 1, what=what)
    right = code_of(record.deed, record.number, before.code, key)
    noted = kept is None or kept.number != record.number or kept.code == record.code
    if noted and hmac.compare_digest(record.code, right):
        return None
    return Fault(number=record.number, what=Break.ALTERED)
