"""The as-built critical walk: from an order's end back to its release, leaving no instant out.

Pure; imported by `data.domain.ledger` alone. At the start of an operation the walk goes on in
the predecessor that ended last. Where an operation ran beside a predecessor and waited for
its pieces, the walk changes over at that wait.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from data.domain.events import operation_subject
from data.domain.ledger.pieces import Piece
from data.domain.ledger.records import Cause
from data.domain.ledger.scene import Scene
from data.domain.ledger.waits import Wait, wait_pieces
from data.domain.ledger.work import work_pieces
from data.domain.plan import Operation
from data.domain.subjects import Identity


class Visit(NamedTuple):
    """An operation on the walk: what it waited for, then what its time went into, in order.

    `start`: where the wait ends and the time at work that belongs to the walk begins.
    """

    operation: Operation
    start: datetime
    waits: list[Piece]
    works: list[Piece]


class _Link(NamedTuple):
    at: datetime
    operation: str | None  # None: the release
    silent: str | None = None  # a predecessor between that told nothing


def walk(scene: Scene, origin: datetime, end: datetime) -> list[Visit]:
    """Return the operations that made the order as long as it is, first to last.

    Their pieces fill the time from `origin` to `end` without a gap or an overlap.
    """
    visits: list[Visit] = []
    name, cursor, seen = _last(scene), end, set[str]()
    while name is not None:
        seen.add(name)
        visit, link = _visit(scene, name, origin, cursor, seen)
        visits.append(visit)
        name, cursor = link.operation, link.at
    return visits[::-1]


def _last(scene: Scene) -> str | None:
    """Return where the walk begins: the last to be completed, or what the order stands at.

    An open order stands at the operation with the earliest planned finish among those that
    wait for no other. One that told nothing while work after it began is passed over.
    """
    if scene.completed:
        places = {name: i for i, name in enumerate(scene.operations)}
        return max(scene.courses, key=lambda n: (scene.courses[n].finishes[-1], places[n]))
    left = {name for name, course in scene.courses.items() if not course.completed}
    live = left - _passed_over(scene) or left
    ready = {name for name in live if live.isdisjoint(scene.before[name])} or live
    by_plan = (name for name in scene.operations if name in ready)
    return min(by_plan, key=lambda name: scene.operations[name].planned_finish, default=None)


def _passed_over(scene: Scene) -> set[str]:
    """Return the operations that told nothing although work after them began."""
    found: set[str] = set()
    after = [name for name, course in scene.courses.items() if course.begun_at is not None]
    while after:
        silent = {b for b in scene.before[after.pop()] if scene.courses[b].begun_at is None}
        after += silent - found
        found |= silent
    return found


def _visit(
    scene: Scene, name: str, origin: datetime, cursor: datetime, seen: set[str]
) -> tuple[Visit, _Link]:
    operation, course = scene.operations[name], scene.courses[name]
    works = _since(origin, work_pieces(scene, operation, cursor))
    jump = _jump(scene, name, works, seen)
    if jump is not None:
        return Visit(operation, jump.at, [], _since(jump.at, works)), jump
    begun_at = course.begun_at
    waiting = begun_at is None or begun_at >= cursor
    start = cursor if begun_at is None or waiting else max(begun_at, origin)
    link = _enabled(scene, name, origin, start, seen)
    wait = Wait(operation, link.at, start, open=begun_at is None or begun_at > start)
    return Visit(operation, start, _proven(scene, wait, link), works), link


def _proven(scene: Scene, wait: Wait, link: _Link) -> list[Piece]:
    """Return a wait's pieces; where none of their own events prove them, its two ends do."""
    proof: tuple[Identity, ...] = ()
    if link.operation is not None:
        proof = tuple(
            stretch.evidence[-1]
            for stretch in scene.courses[link.operation].stretches
            if stretch.end == link.at
        )
    proof += tuple(s.evidence[0] for s in scene.courses[wait.operation.id].stretches[:1])
    pieces = wait_pieces(scene, wait, _silence(scene, link, wait))
    return [piece if piece.evidence else replace(piece, evidence=proof) for piece in pieces]


def _since(origin: datetime, pieces: Iterable[Piece]) -> list[Piece]:
    return [
        piece.cut(max(origin, piece.start), piece.end) for piece in pieces if piece.end > origin
    ]


def _jump(scene: Scene, name: str, works: list[Piece], seen: set[str]) -> _Link | None:
    """Find the last instant at which the operation waited for a predecessor that ran."""
    for piece in reversed(works):
        if piece.cause is not Cause.WAITING_FOR_PREDECESSOR:
            continue
        found = ((_unfinished_at(scene, b, piece), b) for b in scene.before[name] if b not in seen)
        links = [_Link(at, before) for at, before in found if at is not None]
        if links:
            return max(links, key=lambda link: link.at)
    return None


def _unfinished_at(scene: Scene, before: str, piece: Piece) -> datetime | None:
    """Return the last instant within a piece at which a predecessor hadn't finished."""
    course = scene.courses[before]
    if course.begun_at is None or course.begun_at >= piece.end:
        return None
    finish = course.finished_by(piece.end)
    if finish is None:
        return piece.end
    return finish if finish > piece.start else None


def _enabled(scene: Scene, name: str, origin: datetime, start: datetime, seen: set[str]) -> _Link:
    """Return what enabled an operation: the predecessor that ended last by its start."""
    links = list(_links(scene, name, start, seen))
    if not links:
        silent = next((before for before in scene.before[name] if before not in seen), None)
        return _Link(origin, None, silent)
    link = max(links, key=lambda found: (found.at, found.operation or ""))
    return link if link.at > origin else _Link(origin, None, link.silent)


def _links(
    scene: Scene, name: str, start: datetime, seen: set[str], silent: str | None = None
) -> Iterable[_Link]:
    for before in scene.before[name]:
        if before in seen:
            continue
        begun_at = scene.courses[before].begun_at
        finish = scene.courses[before].finished_by(start)
        if finish is not None:
            yield _Link(finish, before, silent)
        elif begun_at is not None and begun_at < start:
            yield _Link(start, before, silent)
        else:
            yield from _links(scene, before, start, seen | {before}, silent or before)


def _silence(scene: Scene, link: _Link, wait: Wait) -> Piece | None:
    """Say what a wait is for when a predecessor told nothing: for that."""
    if link.silent is None:
        return None
    return Piece(
        cause=Cause.WAITING_FOR_PREDECESSOR,
        start=wait.start,
        end=wait.end,
        about=operation_subject(scene.order.id, link.silent),
        party=scene.operations[link.silent].performed_by,
    )
