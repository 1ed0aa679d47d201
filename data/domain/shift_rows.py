"""What the figures of shifts are asked for and answered with. Pure records."""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from data.domain.kpis import Elements

By = Literal["work_unit", "work_center", "line", "shift", "day"]


class FigureFilter(Struct, frozen=True, kw_only=True):
    """Which shifts count: those that start on the site's days `since` to `until`, inclusive.

    `shift` is a name; an empty one is the time off shift.
    """

    since: date
    until: date
    line: str | None = None
    work_center: str | None = None
    work_unit: str | None = None
    shift: str | None = None


class FigureRow(Struct, frozen=True, kw_only=True):
    """The sums of one work unit, work center, line, shift or day (`YYYY-MM-DD`)."""

    key: str
    elements: Elements


class ShiftRow(Struct, frozen=True):
    """One work unit in one shift; an empty shift name is a day's time off shift."""

    work_unit: str
    shift_start: datetime
    shift: str
    shift_finish: datetime
    day: date
    work_center: str
    area: str
    elements: Elements


class Progress(Struct, frozen=True):
    """Figures are worked out from the day `back_to` up to the instant `upto`."""

    back_to: date
    upto: datetime


class FiguresReport(Struct, frozen=True, kw_only=True):
    """Sums by what was asked for, of everything together, and day by day.

    `derived_at`: how far the figures were worked out; None: not at all yet.
    """

    rows: tuple[FigureRow, ...]
    total: Elements
    days: tuple[FigureRow, ...]
    derived_at: datetime | None
