"""Bottleneck analysis of a file of states or active periods, for engineers.

Imported by the command line, which prints what this returns. It runs the same functions
as the live watch, so that published data checks those.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from data.domain.bottleneck.chain import BottleneckSegment, chain_segments, walk_chain
from data.domain.bottleneck.intervals import Interval, intersect, total
from data.domain.bottleneck.shares import (
    ShareInterval,
    Verdict,
    VerdictReason,
    WorkUnitShare,
    judge,
    left_out,
    shares_in_windows,
)
from data.domain.bottleneck.states import (
    ActivePeriod,
    active_periods,
    line_pauses,
    merge_periods,
    state_spells,
)
from data.services.tabular import InputError, Table, read_table

REASONS = {
    VerdictReason.CLEAR: "clear: its interval lies above all others",
    VerdictReason.INTERVALS_OVERLAP: "no clear bottleneck: the intervals overlap",
    VerdictReason.TOO_FEW_SEGMENTS: "no clear bottleneck: the chain is too short to tell",
    VerdictReason.NOTHING_ACTIVE: "no clear bottleneck: nothing was active",
}


class BottleneckReport(Struct, frozen=True, kw_only=True):
    """Who was the bottleneck of a file's line.

    Shape: `shares` has every work unit of the file, by total share, then by id.
    Units: times as the file has them, or seconds since the epoch where `iso` is true;
    `paused` is what the fractions leave out of the span.
    """

    start: float
    end: float
    paused: float
    iso: bool
    shares: tuple[WorkUnitShare, ...]
    verdict: Verdict
    segments: tuple[BottleneckSegment, ...]

    @property
    def span(self) -> float:
        """Return the time from the chain's first start to its last end."""
        return self.end - self.start


def analyse_bottleneck(path: Path) -> BottleneckReport:
    """Find the shifting bottleneck in a CSV file.

    A state holds until the unit's next one; the last ones until the last time in the file.

    Raises: InputError with row, column and what was expected; OSError.
    """
    table = read_table(path)
    if table.periods:
        return _report(table, merge_periods(table.periods), [])
    until = max(change.time for change in table.changes)
    spells = state_spells(table.changes, until)
    return _report(table, active_periods(spells), line_pauses(spells))


def _report(table: Table, periods: list[ActivePeriod], pauses: list[Interval]) -> BottleneckReport:
    members = walk_chain(periods)
    if not members:
        raise InputError("expected at least one active period of some length, found none")
    segments = chain_segments(members)
    span = (members[0].start, members[-1].end)
    excluded = intersect(left_out(members, segments, pauses), [span])
    window = shares_in_windows(segments, span, excluded)[0]
    return BottleneckReport(
        start=span[0],
        end=span[1],
        paused=total(excluded),
        iso=table.iso,
        shares=_with_idle(window.shares, _work_units(table)),
        verdict=judge(segments, span, excluded),
        segments=tuple(segments),
    )


def _work_units(table: Table) -> set[str]:
    return {one.work_unit for one in table.changes} | {one.work_unit for one in table.periods}


def _with_idle(shares: Iterable[WorkUnitShare], work_units: set[str]) -> tuple[WorkUnitShare, ...]:
    """Add those that never were the bottleneck."""
    ranked = tuple(shares)
    idle = work_units - {share.work_unit for share in ranked}
    return (*ranked, *(WorkUnitShare(unit, 0.0, 0.0) for unit in sorted(idle)))


def render_table(report: BottleneckReport) -> str:
    """Return the report as a table of text, percentages to one decimal."""
    intervals = {one.work_unit: one for one in report.verdict.intervals}
    width = max(len("work unit"), *(len(share.work_unit) for share in report.shares))
    lines = [f"{'work unit':<{width}}    sole  shifting   total   95 % interval"]
    for share in report.shares:
        cells = f"{share.sole:>7.1%}  {share.shifting:>8.1%}  {share.total:>6.1%}"
        interval = _interval_text(intervals.get(share.work_unit))
        lines.append(f"{share.work_unit:<{width}} {cells}   {interval}".rstrip())
    return "\n".join([*lines, "", _span_text(report), _verdict_text(report.verdict)])


def _interval_text(interval: ShareInterval | None) -> str:
    return "" if interval is None else f"{interval.low:.1%} to {interval.high:.1%}"


def _span_text(report: BottleneckReport) -> str:
    unit = " s" if report.iso else ""
    text = f"span {_time(report.start, report.iso)} to {_time(report.end, report.iso)}"
    text += f" = {report.span:.10g}{unit}"
    return text + (f", of which {report.paused:.10g}{unit} paused" if report.paused else "")


def _verdict_text(verdict: Verdict) -> str:
    named = "" if verdict.work_unit is None else f"bottleneck {verdict.work_unit}, "
    return named + REASONS[verdict.reason]


def to_json(report: BottleneckReport) -> dict[str, object]:
    """Return the report as plain values for JSON.

    Shape: `work_units` in the report's order, `sole`, `shifting`, `total`, `low` and `high`
    as fractions of the span less `paused`; `segments` in order of the chain.
    Units: `start`, `end` and segment times as the file has them; `span` and `paused` in
    the same unit, seconds for ISO 8601.
    """
    intervals = {one.work_unit: one for one in report.verdict.intervals}
    return {
        "span": report.span,
        "start": _time(report.start, report.iso),
        "end": _time(report.end, report.iso),
        "paused": report.paused,
        "bottleneck": report.verdict.work_unit,
        "reason": report.verdict.reason.value,
        "work_units": [_share_json(s, intervals.get(s.work_unit)) for s in report.shares],
        "segments": [_segment_json(segment, report.iso) for segment in report.segments],
    }


def _share_json(share: WorkUnitShare, interval: ShareInterval | None) -> dict[str, object]:
    return {
        "work_unit": share.work_unit,
        "sole": share.sole,
        "shifting": share.shifting,
        "total": share.total,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
    }


def _segment_json(segment: BottleneckSegment, iso: bool) -> dict[str, object]:
    return {
        "work_unit": segment.work_unit,
        "kind": segment.kind.value,
        "start": _time(segment.start, iso),
        "end": _time(segment.end, iso),
    }


def _time(value: float, iso: bool) -> str | float:
    return datetime.fromtimestamp(value, UTC).isoformat() if iso else value
