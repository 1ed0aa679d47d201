"""The figures of a line's wall, made from a board and its indexes.

Pure: the same board at the same now gives the same figures, whatever the order in which it
was folded. Used by `callbacks` for first paint and push alike; each function makes one panel,
`wall_view` all of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from data.domain.andon import unit_tiles
from data.domain.calendars import ShiftRun
from data.domain.exceptions.listing import of_line
from data.domain.exceptions.records import Case
from data.domain.facts import LineBottleneck
from data.domain.forecast.records import OrderForecast
from data.domain.gantt.wall import milestone_rows
from data.domain.indexes import Indexes
from data.domain.line import Line
from data.domain.material import need_rows
from data.domain.site import SiteClock
from data.domain.view import HourFigure, Readers, ShiftFigures, UnitTile, WallView

HOUR_S = 3600
MOST_MILESTONE_ROWS = 24


def shift_figures(indexes: Indexes, area: str, now: datetime) -> ShiftFigures:
    """Return the key figures of the shift that runs at a line, or of its last one.

    Good pieces are those of the area's output work centers. First pass is passed over
    inspected of the area's operations that were last active in the shift (`FloorIndex.
    inspected`). Orders are those of the book, as last refreshed; late and at risk count a
    stopped order by what it will be.

    Raises: UnknownArea.
    """
    line = indexes.line(area)
    shift = line.shift(now)
    counts = indexes.book.counts(area)
    planned_now, planned_total = _planned(indexes, line, shift, now)
    return ShiftFigures(
        shift=shift,
        off_shift=shift is None or now >= shift.finish,
        good=_good(indexes, line, shift.start, shift.finish) if shift else 0,
        planned_now=planned_now,
        planned_total=planned_total,
        first_pass=_first_pass(indexes, area, shift),
        on_time=counts.on_time,
        orders_open=counts.open,
        work_in_process=counts.in_process,
        late=counts.late,
        at_risk=counts.at_risk,
    )


def hour_figures(indexes: Indexes, area: str, now: datetime) -> tuple[HourFigure, ...]:
    """Return plan and output of each clock hour (site time) of the running or last shift.

    The first and the last may be parts of an hour. Output is counted in quarters of an hour,
    so a shift that starts or ends within one counts the whole of it.

    Raises: UnknownArea.
    """
    line = indexes.line(area)
    shift = line.shift(now)
    if shift is None:
        return ()
    plan = indexes.plans.shift_plan(line, shift)
    return tuple(
        HourFigure(
            start=start,
            finish=finish,
            planned=plan.hour(start.timestamp(), finish.timestamp()),
            good=_good(indexes, line, start, finish),
            begun=now >= start,
            over=now >= finish,
        )
        for start, finish in _hours(shift, line.zone)
    )


def wall_view(
    indexes: Indexes, area: str, now: datetime, readers: Readers,
    signal_age_s: Mapping[str, float], *,
    max_orders: int = 12, max_needs: int = 8, within: timedelta = timedelta(hours=8),
    bottleneck: LineBottleneck | None = None,
    forecasts: Mapping[str, OrderForecast] | None = None,
    exceptions: Iterable[Case] | None = (), quiet_since: datetime | None = None,
) -> WallView:  # fmt: skip
    """Return everything the wall of one line shows; the book is taken as last refreshed.

    `signal_age_s`: seconds since each work unit was last heard, for those that were.

    Raises: UnknownArea.
    """
    line, site = indexes.line(area), indexes.board.site
    units, clock = unit_tiles(indexes, area, now, signal_age_s), site.clock
    return WallView(
        site=site.id,
        site_name=site.name,
        timezone=site.timezone,
        area=area,
        area_name=line.area.name,
        now=now,
        replay=clock is not None,
        log_ended=_has_ended(clock, now),
        stale_s=floor_age_s(units, line, readers),
        readers=readers,
        figures=shift_figures(indexes, area, now),
        hours=hour_figures(indexes, area, now),
        units=units,
        orders=tuple(indexes.book.worst(area, max_orders)),
        needs=need_rows(indexes.needs, area, now, within, max_needs),
        bottleneck=bottleneck,
        milestones=milestone_rows(indexes, forecasts or {}, area, now, MOST_MILESTONE_ROWS),
        exceptions=None if exceptions is None else of_line(exceptions, area),
        quiet_since=quiet_since,
    )


def _has_ended(clock: SiteClock | None, now: datetime) -> bool:
    """Whether the log that is replayed has come to its end."""
    return clock is not None and clock.ends_at is not None and now >= clock.ends_at


def floor_age_s(units: tuple[UnitTile, ...], line: Line, readers: Readers) -> float | None:
    """Return how old the line's figures are; None while any signal is fresh, or none exists.

    The age is that of the youngest signal; when none was ever heard, of the last event.
    """
    limits = {unit.id for unit in line.units if unit.signal_limit_s is not None}
    tiles = [tile for tile in units if tile.id in limits]
    if not tiles or not all(tile.stale for tile in tiles):
        return None
    ages = [tile.signal_age_s for tile in tiles if tile.signal_age_s is not None]
    return min(ages) if ages else readers.event_age_s


def _good(indexes: Indexes, line: Line, start: datetime, finish: datetime) -> int:
    return indexes.board.good_between(line.output_units, start, finish)


def _planned(
    indexes: Indexes, line: Line, shift: ShiftRun | None, now: datetime
) -> tuple[float, float]:
    """Return pieces planned until now and in the whole shift."""
    if shift is None:
        return 0.0, 0.0
    plan = indexes.plans.shift_plan(line, shift)
    start_s, finish_s = shift.start.timestamp(), shift.finish.timestamp()
    until_s = min(max(now.timestamp(), start_s), finish_s)
    return plan.pieces(start_s, until_s), plan.pieces(start_s, finish_s)


def _first_pass(indexes: Indexes, area: str, shift: ShiftRun | None) -> float | None:
    if shift is None:
        return None
    inspected, passed = indexes.floor.inspected(area, shift.start, shift.finish)
    return passed / inspected if inspected else None


def _hours(shift: ShiftRun, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    at = shift.start
    while at < shift.finish:
        local = at.astimezone(zone)
        left_s = HOUR_S - local.minute * 60 - local.second
        finish = min(at + timedelta(seconds=left_s), shift.finish)
        yield at, finish
        at = finish
