"""The bottleneck of a line over any period, for the page that shows it.

Everything final comes from SQL; the time that isn't decided yet from the watch's fact. Imported
by the wiring, which hands it to the page.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from data.domain.bottleneck.chain import BottleneckSegment
from data.domain.bottleneck.intervals import Interval, intersect
from data.domain.bottleneck.opinions import (
    StateTimes,
    center_waiting,
    flow_of,
    second_opinions,
    waits_reported,
)
from data.domain.bottleneck.queue import queues
from data.domain.bottleneck.report import (
    BottleneckReport,
    Pieces,
    on_shift_s,
    pieces_of,
    unit_rows,
    window_reports,
)
from data.domain.bottleneck.sensitivity import HOUR_S, line_model
from data.domain.bottleneck.shares import WindowShares
from data.domain.bottleneck.timeline import Grain, LinePast, off_shift, past_of, windows
from data.domain.facts import LineBottleneck
from data.domain.line import Line, UnknownArea
from data.domain.scope import Scope
from data.services.caching import Cached
from data.services.errors import Forbidden
from data.services.views import SiteView

RENEWED_S = 30.0  # how long an answer about a time that still runs holds


class PastBottlenecks(Protocol):
    """What the service asks of SQL."""

    def first_start(self, site: str, area: str) -> float | None:
        """From when on a chain is stored."""

    def segments(
        self, site: str, area: str, since: float, until: float | None = None
    ) -> list[BottleneckSegment]:
        """Final segments that meet a span."""

    def pauses(
        self, site: str, area: str, since: float, until: float | None = None
    ) -> list[Interval]:
        """Raw pauses that meet a span."""

    def state_times(
        self, site: str, work_units: Sequence[str], since: float, until: float
    ) -> StateTimes:
        """How long each work unit was in each state."""

    def good(
        self, site: str, work_units: Sequence[str], since: float, until: float
    ) -> dict[str, int]:
        """Good pieces of each work unit."""

    def good_since(self, site: str) -> float | None:
        """From when on good pieces are counted."""

    def lot_size(self, site: str, area: str) -> float | None:
        """Pieces of an average order."""


class _Asked(Struct, frozen=True):
    area: str
    since: datetime
    until: datetime
    grain: Grain


class _Known(Struct, frozen=True):
    """Where what is known of a period begins, the chain there, and what may turn out otherwise."""

    span: Interval
    final: tuple[BottleneckSegment, ...]
    tail: tuple[BottleneckSegment, ...]
    past: LinePast


class BottleneckHistory:
    """Reports on the bottlenecks of the past."""

    def __init__(self, store: PastBottlenecks, cached: Cached) -> None:
        self._store = store
        self._cached = cached

    def report(
        self, scope: Scope, view: SiteView, area: str, since: datetime, until: datetime,
        grain: Grain = Grain.SHIFT,
    ) -> BottleneckReport:  # fmt: skip
        """Return what there is to say of a line in [since, until), the future left out.

        Raises: Forbidden when there is no such line or it may not be seen, Unavailable.
        """
        if not scope.may_see(view.site):
            raise Forbidden(view.site)
        try:
            line = view.indexes.line(area)
        except UnknownArea as error:
            raise Forbidden(area) from error
        now = view.now
        until = max(min(until, now), since)
        fact = view.facts.bottlenecks.get(area)
        report = self._cached.get(
            scope, view.site, _version(fact, until, now), "bottleneck",
            _Asked(area, since, _steady(until, now), grain), BottleneckReport,
            lambda: self._made(view.site, line, fact, since, until, grain),
        )  # fmt: skip
        queued = queues(view.board, flow_of(line.units), now)
        opinions = report.opinions or second_opinions(report.waiting, queued, reported=False)
        return replace(report, queues=queued, opinions=opinions)

    def _made(
        self, site: str, line: Line, fact: LineBottleneck | None, since: datetime, until: datetime,
        grain: Grain,
    ) -> BottleneckReport:  # fmt: skip
        known = self._known(site, line, fact, since, until)
        start, end = known.span
        units = [unit.id for unit in line.units]
        times = self._store.state_times(site, units, start, end)
        pieces = self._pieces(site, units, start, end)
        model = line_model(line.units, pieces.times, pieces.good, _real_rate(line, pieces))
        waiting, reported = center_waiting(line.units, times), waits_reported(times)
        total = known.past.shares(start, end) if end > start else WindowShares(start, end, 0.0, ())
        verdict = known.past.verdict(start, end)
        begin = datetime.fromtimestamp(start, UTC)
        return BottleneckReport(
            area=line.area.id,
            since=since,
            until=until,
            counted_since=begin,
            grain=grain,
            final_until=None if fact is None else fact.final_until,
            counted_s=max(0.0, total.counted),
            segments=sum(s.end > start and s.start < end for s in known.past.segments),
            pieces=pieces_of(known.final, known.tail, known.span),
            off_shift=tuple(off_shift(line, begin, until)) if end > start else (),
            windows=window_reports(known.past, windows(line, grain, begin, until)),
            verdict=verdict,
            units=unit_rows(line.units, total.shares, verdict, times, pieces, model),
            waiting=waiting,
            opinions=second_opinions(waiting, (), reported) if reported else (),
            model=model,
            model_since=pieces.since,
            lot=self._store.lot_size(site, line.area.id),
        )

    def _pieces(self, site: str, units: Sequence[str], start: float, end: float) -> Pieces:
        counted = self._store.good_since(site)
        if counted is None or max(start, counted) >= end:
            return Pieces(since=None, good={}, times={})
        since = max(start, counted)
        return Pieces(
            since=datetime.fromtimestamp(since, UTC),
            good=self._store.good(site, units, since, end),
            times=self._store.state_times(site, units, since, end),
        )

    def _known(
        self, site: str, line: Line, fact: LineBottleneck | None, since: datetime, until: datetime
    ) -> _Known:
        area, end = line.area.id, until.timestamp()
        first = self._store.first_start(site, area)
        tail = _tail(fact)
        starts = [at for at in (first, *(row.start for row in tail)) if at is not None]
        begin = min(max(since.timestamp(), min(starts, default=end)), end)
        final = tuple(self._store.segments(site, area, begin, end))
        pauses = self._store.pauses(site, area, begin, end)
        if fact is not None and fact.open_pause_since is not None:
            pauses.append((fact.open_pause_since, end))
        past = past_of([*final, *tail], pauses)
        cut = LinePast(past.segments, tuple(intersect(past.left_out, [(begin, end)])))
        return _Known((begin, end), final, tail, cut)


def _tail(fact: LineBottleneck | None) -> tuple[BottleneckSegment, ...]:
    pieces = () if fact is None else fact.tail
    return tuple(BottleneckSegment(p.work_unit, p.kind, p.start, p.end) for p in pieces)


def _version(fact: LineBottleneck | None, until: datetime, now: datetime) -> str:
    """Return what an answer depends on besides the question: what is final, and what is not."""
    if fact is None:
        return "none"
    final = fact.final_until.isoformat() if fact.final_until else ""
    if fact.final_until is not None and until <= fact.final_until:
        return "final"
    return f"{final}/{int(now.timestamp() // RENEWED_S)}"


def _steady(until: datetime, now: datetime) -> datetime:
    """Return an end that stays for a while where it is now, so that an answer can be kept."""
    if until < now:
        return until
    return datetime.fromtimestamp(now.timestamp() // RENEWED_S * RENEWED_S, UTC)


def _real_rate(line: Line, pieces: Pieces) -> float:
    """Return pieces an hour of the line's last work center while it was on shift."""
    ends = line.output_units or tuple(unit.id for unit in line.units[-1:])
    on_shift = [on_shift_s(pieces.times.get(unit, {})) for unit in ends]
    hours = max(on_shift, default=0.0) / HOUR_S
    return sum(pieces.good.get(unit, 0) for unit in ends) / hours if hours > 0 else 0.0
