"""What was not taken and why: kept for people to look at, never dropped.

Pure. Kinds: `conflict` (an identity came again with another body), `unanswerable` (a source
that can't be told sent something that breaks a rule), `poison` (an entry of the log that
could not be folded), `gap` (not an input: entries of the log that vanished before they were
recorded; the reason says which).
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class QuarantineKind(StrEnum):
    """Why it stands there."""

    CONFLICT = "conflict"
    UNANSWERABLE = "unanswerable"
    POISON = "poison"
    GAP = "gap"


class Quarantined(Struct, frozen=True, kw_only=True):
    """One input that was not taken."""

    kind: QuarantineKind
    source: str
    event_id: str
    field: str
    reason: str
    raw: bytes
    received_at: datetime
