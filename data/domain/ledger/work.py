"""What an operation's time on its work unit went into.

Pure; imported by `data.domain.ledger` alone.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from data.domain.events import WorkUnitState as State
from data.domain.ledger.courses import Course, Mark, Spell, Stretch
from data.domain.ledger.pieces import Piece, fused
from data.domain.ledger.records import NOTHING, Cause
from data.domain.ledger.scene import Scene
from data.domain.ledger.waits import STOPPED, Wait, missing, wait_pieces
from data.domain.plan import Operation
from data.domain.waiting.spans import Span

_CAUSES = {
    State.SETUP: Cause.SETUP,
    State.TOOL_CHANGE: Cause.SETUP,
    State.OFF_SHIFT: Cause.OFF_CALENDAR,
    State.STARVED: Cause.WAITING_FOR_PREDECESSOR,
    State.WAITING_FOR_TRANSPORT: Cause.WAITING_FOR_PREDECESSOR,
    State.BLOCKED: Cause.BLOCKED,
    State.PROCESSING: Cause.RUNNING,
    **dict.fromkeys(STOPPED, Cause.DOWN),
}


def work_pieces(scene: Scene, operation: Operation, until: datetime) -> list[Piece]:
    """Return an operation's time from its beginning to `until`, pauses included, in order.

    Where the work unit told its state, that counts; where it didn't, the line's calendar.
    """
    course = scene.courses[operation.id]
    pieces: list[Piece] = []
    at: datetime | None = None
    for stretch in course.stretches:
        if stretch.start >= until:
            break
        if at is not None:
            pieces += wait_pieces(scene, Wait(operation, at, stretch.start))
        at = min(stretch.end, until)
        pieces += _stretch(scene, operation, stretch, (stretch.start, at))
    if at is not None:
        still = not course.completed and until >= scene.now
        pieces += wait_pieces(scene, Wait(operation, at, until, open=still))
    return with_rework(fused(pieces), operation, course)


def _stretch(scene: Scene, operation: Operation, stretch: Stretch, window: Span) -> Iterator[Piece]:
    spells = [] if stretch.work_unit is None else scene.spells(stretch.work_unit, window)
    at = window[0]
    for spell in spells:
        start, end = max(spell.start, window[0]), min(spell.end, window[1])
        yield from _untold(scene, operation, stretch, (at, start))
        if spell.state is State.UNKNOWN:
            yield from _untold(scene, operation, stretch, (start, end))
        else:
            yield from _told(scene, operation, stretch, spell, (start, end))
        at = end
    yield from _untold(scene, operation, stretch, (at, window[1]))


def _told(
    scene: Scene, operation: Operation, stretch: Stretch, spell: Spell, window: Span
) -> Iterator[Piece]:
    cause = _CAUSES[spell.state]
    if cause is Cause.RUNNING and stretch.redone:
        cause = Cause.REWORK
    piece = Piece(
        cause=cause,
        start=window[0],
        end=window[1],
        work_unit=stretch.work_unit,
        about=_reason(spell),
        evidence=spell.evidence,
    )
    short = missing(scene, Wait(operation, *window, open=True)) if _starved(cause) else []
    if not short:
        yield piece
        return
    yield short[0]
    if short[0].end < window[1]:
        yield piece.cut(short[0].end, window[1])


def _starved(cause: Cause) -> bool:
    return cause is Cause.WAITING_FOR_PREDECESSOR


def _reason(spell: Spell) -> str | None:
    return spell.reason or (spell.state.value if spell.state in STOPPED else None)


def _untold(scene: Scene, operation: Operation, stretch: Stretch, window: Span) -> Iterator[Piece]:
    """Yield time of which the work unit tells nothing: worked, but off the calendar."""
    if window[0] >= window[1]:
        return
    cause = Cause.REWORK if stretch.redone else Cause.RUNNING
    at = window[0]
    for start, end in [*scene.closed(operation, window), (window[1], window[1])]:
        if at < start:
            yield Piece(
                cause=cause,
                start=at,
                end=start,
                work_unit=stretch.work_unit,
                evidence=stretch.evidence,
            )
        if start < end:
            yield Piece(cause=Cause.OFF_CALENDAR, start=start, end=end)
        at = end


def with_rework(pieces: Sequence[Piece], operation: Operation, course: Course) -> list[Piece]:
    """Turn running time into rework: the standard time of the pieces reported as reworked.

    It is taken from the running time just before the report, back to the report before.
    """
    out = list(pieces)
    for i, mark in reversed(list(enumerate(course.rework))):
        spent = timedelta(seconds=mark.pieces * operation.run_time_s)
        since = course.rework[i - 1].time if i else None
        out = _carved(out, mark, spent, since)
    return out


def _carved(
    pieces: Sequence[Piece], mark: Mark, spent: timedelta, since: datetime | None
) -> list[Piece]:
    out: list[Piece] = []
    left = spent
    for piece in reversed(pieces):
        end = min(piece.end, mark.time)
        floor = piece.start if since is None else max(piece.start, since)
        taken = min(left, max(NOTHING, end - floor)) if piece.cause is Cause.RUNNING else NOTHING
        if taken <= NOTHING:
            out.append(piece)
            continue
        left -= taken
        redone = _redone(piece.cut(end - taken, end), mark)
        parts = (piece.cut(end, piece.end), redone, piece.cut(piece.start, end - taken))
        out.extend(part for part in parts if part.start < part.end)
    return out[::-1]


def _redone(piece: Piece, mark: Mark) -> Piece:
    return Piece(
        cause=Cause.REWORK,
        start=piece.start,
        end=piece.end,
        work_unit=piece.work_unit,
        about=f"{mark.pieces}",
        evidence=(mark.evidence,),
    )
