"""What an operation waited for: at each instant, of all that held it up, what ended last.

Pure; imported by `data.domain.ledger` alone. The start of an operation is the latest of
several instants (predecessor's end, work unit free, material there, calendar open), so the
one that ends last binds, and taking any of the others away would have gained nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

from msgspec.structs import replace

from data.domain.events import WorkUnitState
from data.domain.ledger.courses import Spell
from data.domain.ledger.pieces import Piece, fused
from data.domain.ledger.records import Cause, Occupation
from data.domain.ledger.scene import Scene
from data.domain.plan import Operation
from data.domain.subjects import Identity
from data.domain.waiting.batches import Candidate, batch_ready
from data.domain.waiting.spans import Span, common, joined, within

STOPPED = (
    WorkUnitState.DOWN,
    WorkUnitState.REPAIR,
    WorkUnitState.MAINTENANCE,
)


class Hold(IntEnum):
    """What can hold an operation up; of two that end at once the first binds."""

    MATERIAL = 0
    UNIT = 1
    BATCH = 2
    CALENDAR = 3


class Wait(NamedTuple):
    """A span in which an operation didn't run. `open`: it still doesn't, at its end."""

    operation: Operation
    start: datetime
    end: datetime
    open: bool = False

    @property
    def span(self) -> Span:
        """Return it as a span."""
        return (self.start, self.end)


class _Block(NamedTuple):
    hold: Hold
    piece: Piece


def wait_pieces(scene: Scene, wait: Wait, otherwise: Piece | None = None) -> list[Piece]:
    """Split a wait by what bound it; `otherwise` says what the rest is, else unexplained."""
    if wait.start >= wait.end:
        return []
    rest = otherwise or Piece(cause=Cause.UNEXPLAINED, start=wait.start, end=wait.end)
    blocks = list(_blocks(scene, wait))
    reach = _reach(blocks, wait.span)
    inside = {edge for spans in reach.values() for span in spans for edge in span}
    inside |= {e for b in blocks for e in (b.piece.start, b.piece.end) if wait.start < e < wait.end}
    edges = sorted(inside | {wait.start, wait.end})
    return fused(_bound(a, b, blocks, reach, rest) for a, b in pairwise(edges))


def _bound(
    start: datetime,
    end: datetime,
    blocks: Sequence[_Block],
    reach: dict[Hold, list[Span]],
    rest: Piece,
) -> Piece:
    """Return the piece of a span that no block begins or ends within."""
    until = {h: b for h, spans in reach.items() for a, b in spans if a <= start and end <= b}
    if not until:
        return _at(rest, start, end)
    hold = max(until, key=lambda h: (until[h], -h))
    covering = (b.piece for b in blocks if b.hold is hold and _covers(b.piece, start, end))
    return _at(next(covering), start, end)


def _at(piece: Piece, start: datetime, end: datetime) -> Piece:
    return piece.cut(max(start, piece.start), min(end, piece.end))


def _covers(piece: Piece, start: datetime, end: datetime) -> bool:
    return piece.start <= start and end <= piece.end


def _reach(blocks: Iterable[_Block], window: Span) -> dict[Hold, list[Span]]:
    spans: dict[Hold, list[Span]] = {}
    for block in blocks:
        spans.setdefault(block.hold, []).append((block.piece.start, block.piece.end))
    return {hold: within(found, window) for hold, found in spans.items()}


def _blocks(scene: Scene, wait: Wait) -> Iterator[_Block]:
    """Yield what held the wait up; of one hold the first that covers an instant counts."""
    yield from (_Block(Hold.MATERIAL, piece) for piece in missing(scene, wait))
    yield from (_Block(Hold.UNIT, piece) for piece in _units(scene, wait))
    yield from (_Block(Hold.BATCH, piece) for piece in _batch(scene, wait))
    yield from (_Block(Hold.CALENDAR, piece) for piece in _closed(scene, wait))


def missing(scene: Scene, wait: Wait) -> list[Piece]:
    """Return the spans in which material was missing, the longest first.

    An operation that began without all of its material wasn't held up by the rest.
    """
    out = []
    for supply in scene.supplies(wait.operation.id):
        met_at = supply.met_at
        if met_at is None or met_at > wait.end:
            met_at = wait.end if wait.open else wait.start
        if met_at > wait.start:
            need = supply.need
            out.append(
                Piece(
                    cause=Cause.MATERIAL_MISSING,
                    start=wait.start,
                    end=met_at,
                    about=need.id,
                    party=need.supplier,
                    evidence=supply.evidence,
                )
            )
    return sorted(out, key=lambda piece: (piece.end, piece.about or ""), reverse=True)


def _units(scene: Scene, wait: Wait) -> list[Piece]:
    units = scene.pool(wait.operation, wait.end)
    if not units:
        return []
    per_unit = [_held(scene, unit, wait) for unit in units]
    if len(units) == 1:
        return per_unit[0]
    taken = [wait.span]
    for pieces in per_unit:
        taken = common(taken, [(piece.start, piece.end) for piece in pieces])
    return [p.cut(a, b) for p in per_unit[0] for a, b in taken if p.start < b and a < p.end]


def _held(scene: Scene, unit: str, wait: Wait) -> list[Piece]:
    """Return when a work unit couldn't take the operation, the strongest reason first."""
    others = scene.busy(unit, wait.span)
    earlier = [o for o in others if (o.enabled_at or o.start) <= wait.start]
    later = [o for o in others if (o.enabled_at or o.start) > wait.start]
    stops = [s for s in scene.spells(unit, wait.span) if s.state in STOPPED]
    pieces = [_occupied(Cause.CONTENTION, other) for other in earlier]
    pieces += [_occupied(Cause.PRIORITIZATION, other) for other in later]
    pieces += [
        Piece(
            cause=Cause.DOWN,
            start=stop.start,
            end=stop.end,
            work_unit=unit,
            about=stop.reason or stop.state.value,
            evidence=stop.evidence,
        )
        for stop in stops
    ]
    return [piece.cut(wait.start, wait.end) for piece in pieces]


def _occupied(cause: Cause, other: Occupation) -> Piece:
    return Piece(
        cause=cause,
        start=other.start,
        end=other.end,
        work_unit=other.work_unit,
        about=other.operation,
        evidence=other.evidence,
    )


def _batch(scene: Scene, wait: Wait) -> list[Piece]:
    """Return the wait for the other members of the batch that the operation was done in."""
    course = scene.courses[wait.operation.id]
    if wait.open or course.begun_at != wait.end or not course.stretches:
        return []
    first, own = course.stretches[0], kind_of(scene.order.product, wait.operation.id)
    if first.work_unit is None:
        return []
    mates = [o for o in scene.occupations(first.work_unit) if o.kind == own]
    table = {i: Candidate(own, o.start, o.end, o.enabled_at) for i, o in enumerate(mates)}
    table[len(mates)] = Candidate(own, first.start, first.end, wait.start)
    ready_at = batch_ready(table).get(len(mates))
    if ready_at is None or ready_at <= wait.start:
        return []
    last = next(o for o in mates if o.enabled_at == ready_at)
    piece = _occupied(Cause.BATCHING, last)
    return [replace(piece, start=wait.start, end=min(ready_at, wait.end))]


def kind_of(product: str, operation: str) -> str:
    """Name what may share a batch: the same operation of the same product."""
    return f"{product}/{operation}"


def _closed(scene: Scene, wait: Wait) -> list[Piece]:
    off = list(scene.closed(wait.operation, wait.span))
    proofs = []
    for unit in scene.pool(wait.operation, wait.end)[:1]:
        for spell in scene.spells(unit, wait.span):
            if spell.state is WorkUnitState.OFF_SHIFT:
                off.append((spell.start, spell.end))
                proofs.append(spell)
    return [
        Piece(cause=Cause.OFF_CALENDAR, start=a, end=b, evidence=_proof(proofs, (a, b)))
        for a, b in joined(off)
    ]


def _proof(spells: Iterable[Spell], window: Span) -> tuple[Identity, ...]:
    met = (spell for spell in spells if spell.start < window[1] and spell.end > window[0])
    return tuple(dict.fromkeys(identity for spell in met for identity in spell.evidence))
