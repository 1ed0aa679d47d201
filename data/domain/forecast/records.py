"""What a forecast says, for pages, stores and pushes. Instants are aware, UTC.

Imported by everything that shows or keeps a forecast.
"""

from datetime import datetime

from msgspec import Struct


class Finish(Struct, frozen=True, kw_only=True, gc=False):
    """When something will be done: as likely before as after P50; by P80 in 80 % of cases."""

    p50_at: datetime
    p80_at: datetime
    p95_at: datetime


class OperationForecast(Struct, frozen=True, kw_only=True, gc=False):
    """An open operation; `start_at` is when it began or, in the median, will begin."""

    operation: str
    start_at: datetime
    finish: Finish


class MilestoneForecast(Struct, frozen=True, kw_only=True, gc=False):
    """A milestone that isn't reached."""

    milestone: str
    finish: Finish


class NeedForecast(Struct, frozen=True, kw_only=True, gc=False):
    """When a part is needed: its operation could start then in the median, were material there.

    So no promise delays the need that it is judged by. Where it could start at once, the part has
    been needed since its planned date, if that has passed. What is promised is needed by plan at
    the earliest.
    `early_at`: it could start before that in one case of five only.
    """

    need: str
    need_by: datetime
    early_at: datetime


class OrderForecast(Struct, frozen=True, kw_only=True, gc=False):
    """What remains of one order.

    `remaining_s`: quantiles of the whole order's remaining clock seconds before calibration,
    at `quantiles.grid_levels()`; kept until the order closes, to score it.
    `calibrated`: P80 and P95 both rest on enough closed orders.
    """

    order: str
    made_at: datetime
    finish: Finish
    calibrated: bool
    operations: tuple[OperationForecast, ...]
    milestones: tuple[MilestoneForecast, ...]
    needs: tuple[NeedForecast, ...]
    remaining_s: tuple[float, ...]
