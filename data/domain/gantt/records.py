"""What a Gantt is asked for and what it answers: views, rows, marks, links.

Instants of marks are seconds since 1970, for they are many; all others are aware, UTC.
Imported by everything that makes or draws a Gantt.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from data.domain.view import Standing

MOST_MARKS = 1200


class Grouping(StrEnum):
    """What a row is."""

    ORDER = "order"
    CENTER = "center"
    UNIT = "unit"


class Sorting(StrEnum):
    """Which order comes first."""

    RISK = "risk"
    DUE = "due"
    ID = "id"


class Layer(StrEnum):
    """What a mark says; drawn in this order."""

    BASELINE = "baseline"
    ACTUAL = "actual"
    FORECAST = "forecast"
    WHISKER = "whisker"
    SLIP = "slip"
    MILESTONE = "milestone"
    RELEASED = "released"  # the plan of the chosen order as it was first, where it is another now


class GanttView(Struct, frozen=True, kw_only=True):
    """The window somebody looks through. `order`: the one that is chosen, if any."""

    start: datetime
    finish: datetime
    width_px: int = 1100
    first: int = 0
    rows: int = 24
    by: Grouping = Grouping.ORDER
    sort: Sorting = Sorting.RISK
    area: str | None = None
    late_only: bool = False
    text: str = ""
    order: str | None = None
    chain_only: bool = False


class Mark(Struct, frozen=True, kw_only=True, gc=False):
    """One thing drawn in a row: an operation's bar, a milestone, or several thin bars as one.

    `count`: how many operations it stands for; `filled`: the share of its span that they cover.
    `order` and `operation` are None where it stands for several. `lane` of `lanes`: its part of
    the row's height. `name`: of a milestone. `done`: reached, finished.
    """

    layer: Layer
    row: int
    start_s: float
    finish_s: float
    order: str | None = None
    operation: str | None = None
    name: str = ""
    late: bool = False
    critical: bool = False
    done: bool = False
    count: int = 1
    filled: float = 1.0
    lane: int = 0
    lanes: int = 1


class GanttRow(Struct, frozen=True, kw_only=True):
    """One row: an order, a work center or a work unit.

    `key`: `<grouping>/<id>`; `rest`: operations of a center whose work unit isn't known yet.
    """

    key: str
    by: Grouping
    id: str
    title: str
    product: str = ""
    customer: str | None = None
    standing: Standing = Standing.UNKNOWN
    slack_s: float | None = None
    due_at: datetime | None = None
    done: int = 0
    operations: int = 0
    rest: bool = False
    past: bool = False


class Link(Struct, frozen=True, kw_only=True, gc=False):
    """One step of the critical chain; `row` None: it isn't among the rows shown.

    `shared`: it waits for its predecessor's work unit, not for its own order.
    """

    order: str
    operation: str
    start_s: float
    finish_s: float
    row: int | None = None
    shared: bool = False


class GanttPicture(Struct, frozen=True, kw_only=True):
    """What a view shows.

    `total`: rows that the view has in all; `left_out`: rows asked for that had no room among
    the marks; `finish` is before the view's own when a single row had more than fits.
    `past_missing`: the recorded past could not be asked.
    """

    view: GanttView
    now: datetime
    finish: datetime
    rows: tuple[GanttRow, ...]
    total: int
    marks: tuple[Mark, ...]
    off_shift: tuple[tuple[float, float], ...]
    chain: tuple[Link, ...]
    left_out: int = 0
    past_missing: bool = False


class Waits(StrEnum):
    """Who is waited for."""

    PREDECESSOR = "predecessor"
    WORK_UNIT = "work_unit"
    MATERIAL = "material"
    DOWN = "down"


class WaitsFor(Struct, frozen=True, kw_only=True):
    """One thing that an operation can't start without, or goes on without: what, who, till when."""

    kind: Waits
    what: str
    who: str | None = None
    until: datetime | None = None


class OperationCard(Struct, frozen=True, kw_only=True):
    """All about one operation that a reader asks of its bar."""

    order: str
    product: str
    customer: str | None
    operation: str
    name: str
    work_center: str
    work_unit: str | None
    performed_by: str | None
    planned_start: datetime
    planned_finish: datetime
    started_at: datetime | None
    finished_at: datetime | None
    p50_start: datetime | None
    p50_at: datetime | None
    p80_at: datetime | None
    good: int
    quantity: int
    critical: bool
    waits: tuple[WaitsFor, ...] = ()
