"""What a board looks like to its viewers: the records that pages and panels show.

Pure records; `data.domain.figures` makes them from a board, `layouts` turns them into
components. Instants are aware, UTC; the site's time zone is applied when they are shown.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from data.domain.calendars import ShiftRun
from data.domain.events import WorkUnitState
from data.domain.exceptions.records import Case
from data.domain.facts import LineBottleneck
from data.domain.needed import needed


class Standing(StrEnum):
    """How something stands against its plan; each has a colour, a shape and a word."""

    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    LATE = "late"
    STOPPED = "stopped"
    DONE = "done"
    IDLE = "idle"
    UNKNOWN = "unknown"


class ShiftFigures(Struct, frozen=True, kw_only=True):
    """Key figures of a line's running (or last) shift. None: there is nothing to count.

    Units: pieces; shares are 0..1.
    """

    shift: ShiftRun | None
    off_shift: bool  # the shift shown is the last one, none runs now
    good: int
    planned_now: float
    planned_total: float
    first_pass: float | None
    on_time: float | None  # share of open orders projected within their due date
    orders_open: int
    work_in_process: int  # orders started, not completed
    late: int
    at_risk: int


class HourFigure(Struct, frozen=True, kw_only=True):
    """Good pieces of one hour of the shift against plan."""

    start: datetime
    finish: datetime
    planned: float
    good: int
    begun: bool
    over: bool


class UnitTile(Struct, frozen=True, kw_only=True):
    """One work unit as the andon shows it."""

    id: str
    name: str
    state: WorkUnitState | None
    standing: Standing
    since: datetime | None
    reason: str | None
    order: str | None
    operation: str | None
    late_s: float | None  # how far the operation there is behind its planned finish, when it is
    signal_age_s: float | None  # None: it has no signal to lose
    stale: bool


class RiskRow(Struct, frozen=True, kw_only=True):
    """One open order, by risk."""

    order: str
    product: str
    customer: str | None
    quantity: int
    due_at: datetime
    projected_at: datetime
    standing: Standing
    slack_s: float  # due minus projected; negative is late
    operation: str | None  # the first that isn't completed
    work_center: str | None
    done: int  # operations completed
    operations: int
    forecast: bool = False  # projected by simulation; else the plan, moved by its delay
    p80_at: datetime | None = None  # of a forecast: done by then in four cases of five


class NeedRow(Struct, frozen=True, kw_only=True):
    """One material need that is due."""

    order: str
    need: str
    part: str
    name: str
    supplier: str
    quantity: int
    need_by: datetime
    promised_at: datetime | None
    shipped: int
    received: int
    standing: Standing
    forecast_by: datetime | None = None  # when its operation is forecast to start

    @property
    def needed_at(self) -> datetime:
        """When it is needed as it stands now."""
        return needed(self.need_by, self.forecast_by).at


class MilestoneMark(Struct, frozen=True, kw_only=True):
    """One milestone on the wall: where it was promised, where it is or will be."""

    planned_at: datetime
    at: datetime  # reached, else forecast, else planned
    reached: bool
    late: bool


class MilestoneRow(Struct, frozen=True, kw_only=True):
    """One order on the wall's panel of milestones. None: not known, not begun."""

    order: str
    product: str
    standing: Standing
    slack_s: float
    due_at: datetime
    planned_start: datetime | None
    planned_finish: datetime | None
    started_at: datetime | None
    worked_until: datetime | None
    p50_at: datetime | None
    p80_at: datetime | None
    milestones: tuple[MilestoneMark, ...] = ()


class Readers(Struct, frozen=True, kw_only=True):
    """How far the readers of the log are, as a screen must say it.

    Units: seconds. `event_age_s` is site time; None: no event was ever seen. `watch_stale`:
    there are forecasts, but they are too old to be shown as if they held.
    """

    log_connected: bool
    event_age_s: float | None
    history_lag_s: float | None  # how long ago the recorder was last known to be up to date
    history_stale: bool
    watch_lag_s: float | None = None  # how long ago the watch was last known to be up to date
    watch_stale: bool = False


class WallView(Struct, frozen=True, kw_only=True):
    """Everything the wall of one line shows at one instant.

    `now` is the site's; `stale_s` says how old the floor's figures are when no signal of
    the line is fresh (None: they are live).
    """

    site: str
    site_name: str
    timezone: str
    area: str
    area_name: str
    now: datetime
    replay: bool  # the site's clock isn't the real one
    log_ended: bool
    stale_s: float | None
    readers: Readers
    figures: ShiftFigures
    hours: tuple[HourFigure, ...]
    units: tuple[UnitTile, ...]
    orders: tuple[RiskRow, ...]
    needs: tuple[NeedRow, ...]
    bottleneck: LineBottleneck | None = None  # None: the watch hasn't said anything of the line
    milestones: tuple[MilestoneRow, ...] = ()
    exceptions: tuple[Case, ...] | None = ()  # of the line, newest first; None: not known
    quiet_since: datetime | None = None  # since when there is none, as far as that is known
