"""What a shift, or a day, came to: the daily report, and what of it is arithmetic.

Pure. Imported by the service that gathers it, by the page and by what is mailed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.domain.calendars import ShiftRun, runs_of
from data.domain.disclosure import Value
from data.domain.exceptions.records import Case, Severity
from data.domain.indexes import Indexes
from data.domain.orders import OrderRow
from data.domain.site import Site
from data.domain.view import NeedRow, Standing

BACK_DAYS = 14  # how long ago the last shift may have been
_ACUTE = frozenset({Standing.LATE, Standing.STOPPED})


class Shift(Struct, frozen=True, kw_only=True):
    """A shift of a site, or with an empty name all of its shifts of a day.

    From the first start to the last finish of its lines; a day without shifts is midnight to
    midnight.
    """

    day: date
    name: str
    start: datetime
    finish: datetime


class LineOutput(Struct, frozen=True, kw_only=True):
    """Good pieces of a line's output work centers against its plan."""

    area: str
    name: str
    planned: float
    good: int


class BottleneckShare(Struct, frozen=True, kw_only=True):
    """For which share of the time a work unit was the bottleneck of its line."""

    area: str
    work_unit: str
    work_center: str
    share: float


class DailyReport(Struct, frozen=True, kw_only=True):
    """All of it, for those who see all of a site.

    `as_of`: the instant that it tells of, the shift's end unless it runs. `scrap`: pieces.
    `completed`: orders, `in_time` of them by their due dates. `on_time`: the share of open orders
    projected within their due dates. `late`: the worst of `late_total`. `risks`: due by the end
    of the next day, in time as likely as not, late in the worse case. `needs`: wanted by then,
    and not sure. `missing`: parts that couldn't be had, by field.
    """

    site: str
    site_name: str
    timezone: str
    shift: Shift
    as_of: datetime
    lines: tuple[LineOutput, ...] = ()
    scrap: float | None = None
    completed: int = 0
    in_time: int = 0
    on_time: float | None = None
    bottlenecks: tuple[BottleneckShare, ...] = ()
    exceptions: tuple[Case, ...] = ()
    exceptions_total: int = 0
    late: tuple[OrderRow, ...] = ()
    late_total: int = 0
    risks: tuple[OrderRow, ...] = ()
    needs: tuple[NeedRow, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """Whether the shift has ended."""
        return self.as_of >= self.shift.finish

    @property
    def planned(self) -> float | None:
        """Pieces planned of all lines; None when no line has a shift."""
        return sum(one.planned for one in self.lines) if self.lines else None

    @property
    def good(self) -> int | None:
        """Good pieces of all lines; None when no line has a shift."""
        return sum(one.good for one in self.lines) if self.lines else None

    @property
    def raised(self) -> dict[Severity, int]:
        """How many exceptions came up in the shift, by severity."""
        began = [one for one in self.exceptions if one.raised_at >= self.shift.start]
        return {s: sum(one.severity is s for one in began) for s in Severity}

    @property
    def open(self) -> int:
        """How many of the exceptions were open at its end."""
        return sum(one.closed_at is None or one.closed_at > self.as_of for one in self.exceptions)


class OwnReport(Struct, frozen=True, kw_only=True):
    """What of it is a party's own: rows as they are disclosed to it, and nothing else."""

    site: str
    site_name: str
    timezone: str
    shift: Shift
    as_of: datetime
    needs: tuple[Mapping[str, Value], ...] = ()
    milestones: tuple[Mapping[str, Value], ...] = ()
    exceptions: tuple[Mapping[str, Value], ...] = ()


def shift_of(site: Site, day: date, name: str) -> Shift | None:
    """Return a shift by day and name, an empty one for the day; None when there is none."""
    runs = [run for found in runs_by_area(site, day).values() for run in found]
    mine = [run for run in runs if name in ("", run.name)]
    if mine:
        start, finish = min(run.start for run in mine), max(run.finish for run in mine)
        return Shift(day=day, name=name, start=start, finish=finish)
    return None if name else day_of(site, day)


def day_of(site: Site, day: date) -> Shift:
    """Return a day from midnight to midnight, as if it were a shift."""
    finish = _midnight(site, day + timedelta(days=1))
    return Shift(day=day, name="", start=_midnight(site, day), finish=finish)


def names_of(site: Site) -> tuple[str, ...]:
    """Return the names of a site's shifts, in the order of its calendars."""
    return tuple(dict.fromkeys(one.name for c in site.calendars for one in c.shifts))


def last_over(site: Site, now: datetime) -> Shift:
    """Return the shift that ended last; the day before when there was none for long."""
    today = local_day(site, now)
    for back in range(BACK_DAYS):
        days = (today - timedelta(days=back), today - timedelta(days=back + 1))
        shifts = [shift_of(site, day, name) for day in days for name in names_of(site)]
        over = [one for one in shifts if one is not None and one.finish <= now]
        if over:
            return max(over, key=lambda one: (one.finish, one.start))
    return day_of(site, today - timedelta(days=1))


def runs_by_area(site: Site, day: date) -> dict[str, tuple[ShiftRun, ...]]:
    """Return the shifts that start on a day, by area; those without any are left out."""
    calendars = {one.id: one for one in site.calendars}
    found = {}
    for area in site.areas:
        calendar = calendars.get(area.calendar)
        runs = () if calendar is None else runs_of(calendar, site.timezone, day)
        if runs:
            found[area.id] = runs
    return found


def outputs(site: Site, indexes: Indexes, shift: Shift) -> tuple[LineOutput, ...]:
    """Return plan and output of every line that counts its output and has the shift."""
    names = {area.id: area.name or area.id for area in site.areas}
    found = []
    for area, runs in runs_by_area(site, shift.day).items():
        line = indexes.line(area)
        mine = [run for run in runs if shift.name in ("", run.name)]
        if not mine or not line.output_units:
            continue
        planned = sum(
            indexes.plans.shift_plan(line, run).pieces(
                run.start.timestamp(), run.finish.timestamp()
            )
            for run in mine
        )
        good = sum(
            indexes.board.good_between(line.output_units, run.start, run.finish) for run in mine
        )
        found.append(LineOutput(area=area, name=names[area], planned=planned, good=good))
    return tuple(found)


def until_tomorrow(site: Site, shift: Shift) -> datetime:
    """Return the end of the day after a shift: until then its risks are told."""
    return _midnight(site, local_day(site, shift.finish) + timedelta(days=2))


def late_of(rows: Iterable[OrderRow]) -> list[OrderRow]:
    """Return the orders that are late or stopped, or projected to be late; the latest first."""
    late = [one for one in rows if one.standing in _ACUTE or (one.late_s or 0.0) > 0]
    return sorted(late, key=lambda one: (-(one.late_s or 0.0), one.order))


def risks_of(rows: Iterable[OrderRow], until: datetime) -> list[OrderRow]:
    """Return the orders due until an instant that are in time, but not surely; soonest first."""
    risks = [
        one
        for one in rows
        if one.standing not in _ACUTE
        and (one.late_s or 0.0) <= 0
        and one.due_at < until
        and (
            one.standing is Standing.AT_RISK or (one.p80_at is not None and one.p80_at > one.due_at)
        )
    ]
    return sorted(risks, key=lambda one: (one.due_at, one.order))


def own_rows(
    rows: Iterable[Mapping[str, Value]], dates: Sequence[str], start: datetime, until: datetime
) -> tuple[Mapping[str, Value], ...]:
    """Return the rows of which a date lies in a time or that aren't on track, by the first date.

    A date that is disclosed as something else than an instant says nothing here.
    """

    def first(row: Mapping[str, Value]) -> datetime | None:
        found = [row.get(name) for name in dates]
        return min((one for one in found if isinstance(one, datetime)), default=None)

    def concerns(row: Mapping[str, Value]) -> bool:
        if row.get("standing") in (Standing.LATE, Standing.AT_RISK, Standing.STOPPED):
            return True
        met = [row.get(name) for name in dates]
        return any(isinstance(one, datetime) and start <= one < until for one in met)

    mine = [row for row in rows if concerns(row)]
    return tuple(sorted(mine, key=lambda row: (first(row) is None, first(row) or until)))


def local_day(site: Site, at: datetime) -> date:
    """Return the site's day of an instant."""
    return at.astimezone(ZoneInfo(site.timezone)).date()


def _midnight(site: Site, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(site.timezone)).astimezone(UTC)
