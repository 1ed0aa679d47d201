"""What there is to say of a line's bottleneck over a period. Records and their arithmetic.

Pure; made by services, shown by pages. Instants are aware, UTC, except those of pieces and
intervals, which are seconds since the epoch.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from data.domain.bottleneck.chain import BottleneckSegment, SegmentKind
from data.domain.bottleneck.intervals import Interval
from data.domain.bottleneck.opinions import CenterWaiting, Opinion, StateTimes
from data.domain.bottleneck.queue import CenterQueue
from data.domain.bottleneck.sensitivity import LineModel, UnitGain, working_s
from data.domain.bottleneck.shares import ShareInterval, Verdict, VerdictReason, WorkUnitShare
from data.domain.bottleneck.states import PHASES, Phase
from data.domain.bottleneck.timeline import Grain, LinePast, Window, stands_out
from data.domain.events import WorkUnitState
from data.domain.site import WorkUnit

MOST_PIECES = 1200


class TimelinePiece(Struct, frozen=True, array_like=True):
    """A work unit was the bottleneck; `provisional`: it may turn out otherwise."""

    work_unit: str
    kind: SegmentKind
    start: float
    end: float
    provisional: bool


class WindowReport(Struct, frozen=True, kw_only=True):
    """Shares of one shift, day or week. `work_unit`: who stands out, None when nobody does.

    `intervals` (95 %, by batch means) are empty where there is too little to tell.
    """

    window: Window
    counted_s: float
    shares: tuple[WorkUnitShare, ...]
    work_unit: str | None
    intervals: tuple[ShareInterval, ...]


class Pieces(Struct, frozen=True, kw_only=True):
    """Good pieces and times in each state from when on pieces are counted; None: they aren't."""

    since: datetime | None
    good: Mapping[str, int]
    times: StateTimes


class UnitRow(Struct, frozen=True, kw_only=True):
    """One work unit over the period.

    Units: shares of the counted time, `low` and `high` their interval; `blocked` and `starved`
    of the time on shift; `gain` what an hour more would give. None: it isn't known.
    """

    work_unit: str
    name: str
    work_center: str
    sole: float
    shifting: float
    low: float | None
    high: float | None
    on_shift_s: float
    worked_s: float
    blocked_s: float
    starved_s: float
    good: int
    gain: UnitGain | None

    @property
    def share(self) -> float:
        """Return the fraction as a bottleneck of either kind."""
        return self.sole + self.shifting

    def of_shift(self, seconds: float) -> float | None:
        """Return a part of the time on shift, None when it never was."""
        return seconds / self.on_shift_s if self.on_shift_s > 0 else None


class BottleneckReport(Struct, frozen=True, kw_only=True):
    """A line's bottleneck from `since` to `until`.

    `counted_since`: where what is known begins. `units` as the line flows. `queues` are those
    of now, empty when it is a report of the past. `model_since`: from when on pieces are counted,
    and so `good`, `worked_s` and the model. `lot`: pieces of an average order.
    """

    area: str
    since: datetime
    until: datetime
    counted_since: datetime
    grain: Grain
    final_until: datetime | None
    counted_s: float
    segments: int
    pieces: tuple[TimelinePiece, ...]
    off_shift: tuple[Interval, ...]
    windows: tuple[WindowReport, ...]
    verdict: Verdict
    units: tuple[UnitRow, ...]
    waiting: tuple[CenterWaiting, ...]
    opinions: tuple[Opinion, ...]
    model: LineModel | None
    model_since: datetime | None
    lot: float | None
    queues: tuple[CenterQueue, ...] = ()

    @property
    def named(self) -> str | None:
        """The bottleneck, or who has the largest share when none is clear."""
        if self.verdict.work_unit is not None or not self.verdict.intervals:
            return self.verdict.work_unit
        return self.verdict.intervals[0].work_unit


def pieces_of(
    final: Iterable[BottleneckSegment], tail: Iterable[BottleneckSegment], span: Interval
) -> tuple[TimelinePiece, ...]:
    """Join what touches, cut it to a span; past a limit the shortest are left out."""
    rows = [(row, False) for row in final] + [(row, True) for row in tail]
    rows.sort(key=lambda row: (row[0].work_unit, row[0].kind, row[0].start))
    joined: list[TimelinePiece] = []
    for row, provisional in rows:
        start, end = max(row.start, span[0]), min(row.end, span[1])
        if start >= end:
            continue
        last = joined[-1] if joined else None
        if last and _touches(last, row, provisional, start):
            joined[-1] = TimelinePiece(row.work_unit, row.kind, last.start, end, provisional)
        else:
            joined.append(TimelinePiece(row.work_unit, row.kind, start, end, provisional))
    longest = sorted(joined, key=lambda piece: piece.start - piece.end)[:MOST_PIECES]
    return tuple(sorted(longest, key=lambda piece: (piece.start, piece.work_unit)))


def _touches(last: TimelinePiece, row: BottleneckSegment, provisional: bool, start: float) -> bool:
    same = last.work_unit == row.work_unit and last.kind is row.kind
    return same and last.provisional == provisional and start - last.end <= 1.0


def window_reports(past: LinePast, windows: Sequence[Window]) -> tuple[WindowReport, ...]:
    """Return the shares of each window."""
    return tuple(_window_report(past, window) for window in windows)


def _window_report(past: LinePast, window: Window) -> WindowReport:
    start, end = window.start.timestamp(), window.finish.timestamp()
    found = past.shares(start, end)
    verdict = past.verdict(start, end)
    told = verdict.reason in (VerdictReason.CLEAR, VerdictReason.INTERVALS_OVERLAP)
    first = stands_out(found.shares)
    return WindowReport(
        window=window,
        counted_s=max(0.0, found.counted),
        shares=found.shares,
        work_unit=None if first is None else first.work_unit,
        intervals=verdict.intervals if told else (),
    )


def unit_rows(
    units: Sequence[WorkUnit], shares: Sequence[WorkUnitShare], verdict: Verdict,
    times: StateTimes, pieces: Pieces, model: LineModel | None,
) -> tuple[UnitRow, ...]:  # fmt: skip
    """Return a row for each work unit, as the line flows."""
    by_unit = {share.work_unit: share for share in shares}
    told = verdict.reason is not VerdictReason.TOO_FEW_SEGMENTS
    intervals = {one.work_unit: one for one in verdict.intervals} if told else {}
    gains = {gain.work_unit: gain for gain in model.gains} if model else {}
    rows: list[UnitRow] = []
    for unit in units:
        share = by_unit.get(unit.id) or WorkUnitShare(unit.id, 0.0, 0.0)
        interval, spent = intervals.get(unit.id), times.get(unit.id, {})
        rows.append(
            UnitRow(
                work_unit=unit.id,
                name=unit.name,
                work_center=unit.work_center,
                sole=share.sole,
                shifting=share.shifting,
                low=None if interval is None else interval.low,
                high=None if interval is None else interval.high,
                on_shift_s=on_shift_s(spent),
                worked_s=working_s(pieces.times.get(unit.id, {})),
                blocked_s=_blocked_s(spent),
                starved_s=spent.get(WorkUnitState.STARVED, 0.0),
                good=pieces.good.get(unit.id, 0),
                gain=gains.get(unit.id),
            )
        )
    return tuple(rows)


def on_shift_s(times: Mapping[WorkUnitState, float]) -> float:
    """Return how long a work unit was on shift."""
    return sum(t for state, t in times.items() if PHASES[state] is not Phase.PAUSED)


def _blocked_s(times: Mapping[WorkUnitState, float]) -> float:
    transport = times.get(WorkUnitState.WAITING_FOR_TRANSPORT, 0.0)
    return times.get(WorkUnitState.BLOCKED, 0.0) + transport
