"""What is shown of a line's bottleneck now: who leads, today's shares, the last shifts.

Pure; imported by the watch, which publishes it as a fact.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from data.domain.board import Board
from data.domain.bottleneck.chain import BottleneckSegment
from data.domain.bottleneck.intervals import Interval
from data.domain.bottleneck.line import Correction
from data.domain.bottleneck.live import ChainWalk
from data.domain.bottleneck.opinions import (
    CenterWaiting,
    Opinion,
    StateTimes,
    center_waiting,
    flow_of,
    second_opinions,
    waits_reported,
)
from data.domain.bottleneck.queue import queues
from data.domain.bottleneck.shares import Verdict, WorkUnitShare
from data.domain.bottleneck.timeline import (
    Grain,
    LinePast,
    midnight,
    past_of,
    stands_out,
    windows,
)
from data.domain.facts import LineBottleneck, Piece, ShiftBottleneck, UnitShare
from data.domain.line import Line

DAY_S = 86_400.0
SHIFTS = 8
SHIFTS_BACK = timedelta(days=6)
MOST_PIECES = 400
MOST_TODAY = 12


class Opinions(Struct, frozen=True):
    """What the other methods say of the last day."""

    waiting: tuple[CenterWaiting, ...] = ()
    found: tuple[Opinion, ...] = ()


def opinions_of(board: Board, line: Line, times: StateTimes, now: datetime) -> Opinions:
    """Ask the other methods: `times` are those of the last day, the queue is the board's."""
    waiting = center_waiting(line.units, times)
    waits = waits_reported(times)
    queued = () if waits else queues(board, flow_of(line.units), now)
    return Opinions(waiting, second_opinions(waiting, queued, waits))


class LinePicture:
    """The last days of a line's chain, kept up with `take`."""

    def __init__(self, line: Line) -> None:
        """Begin with nothing known."""
        self._line = line
        self._segments: dict[BottleneckSegment, None] = {}
        self._pauses: dict[Interval, None] = {}

    def take(self, correction: Correction, forget_before: float) -> None:
        """Take over what is final now; forget what ended before an instant."""
        if not correction:
            return
        for row in correction.undone:
            self._segments.pop(row, None)
        for pause in correction.undone_pauses:
            self._pauses.pop(pause, None)
        self._segments.update(dict.fromkeys(correction.segments))
        self._pauses.update(dict.fromkeys(correction.pauses))
        self._segments = {s: None for s in self._segments if s.end > forget_before}
        self._pauses = {p: None for p in self._pauses if p[1] > forget_before}

    def fact(self, walk: ChainWalk, now: datetime, opinions: Opinions) -> LineBottleneck:
        """Return what is known now."""
        now_s = max(now.timestamp(), walk.now)
        walk = walk.copy()
        walk.advance(now_s)
        tail = [*walk.take_final().segments, *walk.tail(now_s)]
        paused_since = walk.line_paused_since
        open_pauses = [] if paused_since is None else [(paused_since, now_s)]
        past = past_of([*self._segments, *tail], [*self._pauses, *open_pauses])
        verdict = past.verdict(now_s - DAY_S, now_s)
        leader = walk.leader(now_s)
        today = self._today(past, now, now_s)
        agree, differ = self._compared(opinions.found, _named(verdict))
        until = max((row.end for row in self._segments), default=None)
        return LineBottleneck(
            area=self._line.area.id,
            as_of=now,
            work_unit=None if leader is None else leader.work_unit,
            since=None if leader is None else _at(leader.since),
            today=tuple(_share(one) for one in today[:MOST_TODAY]),
            clear=verdict.work_unit,
            reason=None if verdict.work_unit else verdict.reason,
            agree=agree,
            differ=differ,
            trend=self._trend(past, now),
            active_s=0.0 if leader is None else round(leader.length),
            paused=paused_since is not None,
            final_until=None if until is None else _at(until),
            tail=tuple(_piece(segment) for segment in tail[-MOST_PIECES:]),
            open_pause_since=paused_since,
        )

    def _today(self, past: LinePast, now: datetime, now_s: float) -> tuple[WorkUnitShare, ...]:
        start = midnight(self._line.zone, now).timestamp()
        return past.shares(start, now_s).shares if now_s > start else ()

    def _compared(
        self, found: Iterable[Opinion], unit: str | None
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the methods that see the bottleneck at a unit's work center, and elsewhere."""
        center = next((u.work_center for u in self._line.units if u.id == unit), None)
        if center is None:
            return (), ()
        said = [one for one in found if one.work_centers]
        agree = tuple(one.method.value for one in said if center in one.work_centers)
        differ = tuple(one.method.value for one in said if center not in one.work_centers)
        return agree, differ

    def _trend(self, past: LinePast, now: datetime) -> tuple[ShiftBottleneck, ...]:
        shifts = windows(self._line, Grain.SHIFT, now - SHIFTS_BACK, now)[-SHIFTS:]
        return tuple(_of_shift(past, one.name, one.start, one.finish) for one in shifts)


def _of_shift(past: LinePast, name: str, start: datetime, finish: datetime) -> ShiftBottleneck:
    shares = past.shares(start.timestamp(), finish.timestamp()).shares
    first = stands_out(shares)
    return ShiftBottleneck(
        start=start,
        finish=finish,
        name=name,
        work_unit=None if first is None else first.work_unit,
        share=round(shares[0].total, 4) if shares else 0.0,
    )


def _named(verdict: Verdict) -> str | None:
    """Return the bottleneck of a verdict, or else who has the largest share."""
    if verdict.work_unit is not None or not verdict.intervals:
        return verdict.work_unit
    return verdict.intervals[0].work_unit


def _share(one: WorkUnitShare) -> UnitShare:
    return UnitShare(work_unit=one.work_unit, share=round(one.total, 4), sole=round(one.sole, 4))


def _piece(segment: BottleneckSegment) -> Piece:
    return Piece(segment.work_unit, segment.kind, segment.start, segment.end)


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
