"""The plan held against what happened: how much of each piece was planned.

Pure; imported by `data.domain.ledger` alone. What is planned adds up, from piece to piece, to
the time from the order's release to its due date exactly.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from data.domain.ledger.pieces import Piece, owner_of
from data.domain.ledger.records import NOTHING, Cause, Step
from data.domain.ledger.scene import Scene
from data.domain.ledger.walk import Visit
from data.domain.plan import Operation
from data.domain.waiting.spans import length

_Planned = dict[Cause, timedelta]


class Window(NamedTuple):
    """Where the plan has an operation of the walk: waiting from `at`, at work from `start`."""

    at: datetime
    start: datetime
    finish: datetime


def window_of(operation: Operation, at: datetime) -> Window:
    """Return an operation's window when the plan has come to `at` before it.

    Where the plan lets operations overlap, the later one has what is left.
    """
    start = max(operation.planned_start, at)
    return Window(at, start, max(operation.planned_finish, start))


def visit_steps(scene: Scene, visit: Visit, window: Window, *, last: bool) -> list[Step]:
    """Return a visit's pieces as steps with the plan's time for each.

    `last`: the order stands at this operation, so what isn't used up is still to come.
    """
    waits = _filled(visit.waits, _planned_wait(scene, visit.operation, window), pooled=True)
    works = _filled(visit.works, _planned_work(scene, visit, window), pooled=False)
    steps = _steps(visit.operation, visit.waits, waits.each)
    if waits.left and not last:
        slack = {Cause.SLACK: sum(waits.left.values(), NOTHING)}
        steps += _unused(visit.operation, visit.start, slack)
    unused = {} if last else _topped_up(visit.works, works)
    steps += _steps(visit.operation, visit.works, works.each)
    end = visit.works[-1].end if visit.works else visit.start
    return steps + _unused(visit.operation, end, unused)


def _planned_wait(scene: Scene, operation: Operation, window: Window) -> _Planned:
    off = length(scene.closed(operation, (window.at, window.start)))
    return {Cause.OFF_CALENDAR: off, Cause.UNEXPLAINED: window.start - window.at - off}


def _planned_work(scene: Scene, visit: Visit, window: Window) -> _Planned:
    """Split the planned time at work; setup only where the work unit tells of its own."""
    operation, whole = visit.operation, window.finish - window.start
    off = length(scene.closed(operation, (window.start, window.finish)))
    setup = NOTHING
    if window.start == operation.planned_start and _tells_setup(visit):
        setup = min(timedelta(seconds=operation.setup_s), whole - off)
    return {Cause.SETUP: setup, Cause.OFF_CALENDAR: off, Cause.RUNNING: whole - off - setup}


def _tells_setup(visit: Visit) -> bool:
    return any(piece.cause is Cause.SETUP for piece in visit.works)


class _Fill(NamedTuple):
    each: list[timedelta]
    left: _Planned


def _filled(pieces: Sequence[Piece], planned: Mapping[Cause, timedelta], *, pooled: bool) -> _Fill:
    """Give each piece as much of what is planned for its cause as it took, the first first.

    `pooled`: what one cause doesn't use goes to the others, for a plan that has a wait
    doesn't say for what.
    """
    left = {cause: time for cause, time in planned.items() if time}
    each = [_take(left, piece.cause, piece.end - piece.start) for piece in pieces]
    if pooled:
        for i, piece in enumerate(pieces):
            for cause in list(left):
                each[i] += _take(left, cause, piece.end - piece.start - each[i])
    return _Fill(each, left)


def _topped_up(pieces: Sequence[Piece], fill: _Fill) -> _Planned:
    """Give what is left of a cause to its last piece; return what has none."""
    last = {piece.cause: i for i, piece in enumerate(pieces)}
    for cause in [cause for cause in fill.left if cause in last]:
        fill.each[last[cause]] += fill.left.pop(cause)
    return fill.left


def _take(left: _Planned, cause: Cause, wanted: timedelta) -> timedelta:
    taken = min(wanted, left.get(cause, NOTHING))
    if taken:
        left[cause] -= taken
        if not left[cause]:
            del left[cause]
    return taken


def _steps(
    operation: Operation, pieces: Sequence[Piece], planned: Sequence[timedelta]
) -> list[Step]:
    return [
        Step(
            cause=piece.cause,
            owner=owner_of(piece.cause, operation, piece.party),
            start=piece.start,
            end=piece.end,
            planned=time,
            operation=operation.id,
            work_center=operation.work_center,
            work_unit=piece.work_unit,
            about=piece.about,
            evidence=piece.evidence,
        )
        for piece, time in zip(pieces, planned, strict=True)
    ]


def _unused(operation: Operation, at: datetime, left: Mapping[Cause, timedelta]) -> list[Step]:
    """Return steps of no length for what was planned and didn't happen."""
    return [
        Step(
            cause=cause,
            owner=owner_of(cause, operation, None),
            start=at,
            end=at,
            planned=time,
            operation=operation.id,
            work_center=operation.work_center,
        )
        for cause, time in left.items()
    ]
