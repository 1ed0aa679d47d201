"""A piece of an operation's time with its cause, before the plan is held against it.

Pure; imported by `data.domain.ledger` alone.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from data.domain.ledger.records import Cause, Owner, Role
from data.domain.plan import Operation
from data.domain.subjects import Identity

_ROLES = {
    Cause.WAITING_FOR_PREDECESSOR: Role.LOGISTICS,
    Cause.MATERIAL_MISSING: Role.SUPPLIER,
    Cause.DOWN: Role.MAINTENANCE,
    Cause.REWORK: Role.QUALITY,
    Cause.SETUP: Role.PRODUCTION,
    Cause.RUNNING: Role.PRODUCTION,
    Cause.BLOCKED: Role.PRODUCTION,
    Cause.UNEXPLAINED: Role.PRODUCTION,
}


class Piece(Struct, frozen=True, kw_only=True):
    """One cause over one span; `party` where someone else answers for it."""

    cause: Cause
    start: datetime
    end: datetime
    work_unit: str | None = None
    about: str | None = None
    party: str | None = None
    evidence: tuple[Identity, ...] = ()

    def cut(self, start: datetime, end: datetime) -> "Piece":
        """Return the part of it within a window that it meets."""
        return replace(self, start=max(start, self.start), end=min(end, self.end))


def fused(pieces: Iterable[Piece]) -> list[Piece]:
    """Join neighbours that say the same; drop those of no length."""
    out: list[Piece] = []
    for piece in pieces:
        if piece.start >= piece.end:
            continue
        if out and out[-1].end == piece.start and _says(out[-1]) == _says(piece):
            out[-1] = _widened(out[-1], piece)
        else:
            out.append(piece)
    return out


def _widened(first: Piece, second: Piece) -> Piece:
    evidence = tuple(dict.fromkeys((*first.evidence, *second.evidence)))
    return replace(first, end=second.end, evidence=evidence)


def _says(piece: Piece) -> tuple[Cause, str | None, str | None, str | None]:
    return (piece.cause, piece.work_unit, piece.about, piece.party)


def owner_of(cause: Cause, operation: Operation | None, party: str | None) -> Owner:
    """Say who answers for a cause: the party, the one who performs the operation, or a role."""
    outside = party or (operation.performed_by if operation is not None else None)
    if outside is not None:
        return Owner(Role.SUPPLIER, outside)
    return Owner(_ROLES.get(cause, Role.PLANNING))
