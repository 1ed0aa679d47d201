"""What services and their adapters hand each other: log entries, claims, snapshots, batches.

Records only. Services import them; `data.stream` and `data.store` make and take them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from msgspec import Struct

from data.domain.events import Event
from data.domain.quarantine import Quarantined
from data.domain.scope import Role
from data.domain.subjects import Fold, Identity

REMEMBER_H = 24  # hours for which the log remembers an identity, unless it is set otherwise
KEEP = timedelta(days=2)  # how long completed orders and output counters stay on a board

Outcome = Literal["accepted", "duplicate", "conflict"]


class Entry(NamedTuple):
    """One entry of the log: its id there, the JSON of an event or of a quarantined input.

    The digest is that of the event's body; a quarantined input has none. `again`: it was put back,
    so that it may have stood in the log before.
    """

    offset: str
    payload: bytes
    digest: bytes | None
    again: bool = False


class Claim(NamedTuple):
    """An event about to be appended: identity, digest of its body, JSON."""

    source: str
    id: str
    digest: bytes
    payload: bytes


@dataclass(frozen=True)
class Snapshot:
    """State of a site as of an offset of its log."""

    epoch: str
    after: str
    folds: Sequence[Fold]
    output: Mapping[tuple[str, int], list[int]]
    output_from: datetime
    voided: Mapping[Identity, set[str]]  # voids whose target hasn't come, and their subjects
    last_event_at: datetime | None


class Trace(NamedTuple):
    """What was forecast for an order at an instant: quantiles of its remaining seconds."""

    order: str
    made_at: datetime
    remaining_s: Sequence[float]


class Scored(NamedTuple):
    """The levels that the finish of a closed order had in its forecasts."""

    order: str
    closed_at: datetime
    scores: tuple[float, ...]


class FactsChange(NamedTuple):
    """Documents of facts, None for those that are no more, as of a numbered entry."""

    number: int
    documents: Mapping[str, bytes | None]


class Recorded(Struct, frozen=True, gc=False):
    """An event with its place in the log and the digest of its body."""

    event: Event
    seq: int
    digest: bytes


@dataclass
class Batch:
    """What one transaction of the recorder writes.

    `events` is consumed once, first: the recorder folds each event as the store takes it, so
    that the database works meanwhile; the states to store are there when it is exhausted.
    """

    epoch: str
    after: str
    at: datetime
    events: Iterable[Recorded] = ()
    stored: int = 0
    folds: list[Fold] = field(default_factory=list)
    completed: dict[str, datetime | None] = field(default_factory=dict)  # order id → when
    output: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    pending_voids: list[tuple[Identity, str]] = field(default_factory=list)
    settled_voids: list[Identity] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    stale: set[tuple[str, str]] = field(default_factory=set)  # kind, key of what must be redone
    undone: list[Identity] = field(default_factory=list)  # the targets of voids


class StoredKey(Struct, frozen=True, kw_only=True):
    """One key as it is stored; `secret_hash` is the SHA-256 of a 256-bit random secret.

    `role`: source for a key that reports, and nothing else; any other reads, and has no source.
    """

    prefix: str
    secret_hash: bytes
    site: str
    source: str
    created_at: datetime
    revoked_at: datetime | None
    rate_per_s: float
    role: Role = Role.SOURCE
    party: str | None = None


def seq_of(offset: str) -> int:
    """Return a log offset as one number, in the same order."""
    milliseconds, _, number = offset.partition("-")
    return int(milliseconds) << 20 | int(number or 0)
