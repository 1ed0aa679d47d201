"""When a part is truly needed, and how what a supplier promised lies against that.

Pure, and the one place where promises are judged: boards, lists, exceptions, exports and the API
all ask here. Imported by whatever shows or judges a material need.
"""

from datetime import datetime, timedelta

from msgspec import Struct

DRIFT = timedelta(hours=1)  # a forecast that is off the plan by less is as planned
MINUTE = timedelta(minutes=1)  # dates are promised to the minute


class Needed(Struct, frozen=True, kw_only=True):
    """When a part is needed as it stands now. `moved`: the forecast says so, and not the plan."""

    at: datetime
    moved: bool

    def too_late(self, at: datetime) -> bool:
        """Whether what comes then comes too late.

        A plan is meant to the minute. A forecast wavers, so less than an hour after it is in time.
        """
        return at - self.at >= (DRIFT if self.moved else MINUTE)


def needed(planned_at: datetime, forecast_at: datetime | None) -> Needed:
    """Return when a part is needed: as forecast where that is off the plan, else as planned."""
    if forecast_at is None or abs(forecast_at - planned_at) < DRIFT:
        return Needed(at=planned_at, moved=False)
    return Needed(at=forecast_at, moved=True)
