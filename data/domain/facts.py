"""Facts: what the watch has found out about a site, as every process that shows it has it.

Pure records. They travel as documents under a name, the newest of each name counts:
`forecast/<order>` an OrderForecast, `bottleneck/<area>` a LineBottleneck, `history` the version
of what is derived from the recorded past.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from data.domain.bottleneck.shares import VerdictReason
from data.domain.forecast.records import OrderForecast
from data.domain.topics import BOTTLENECK, FORECASTS, HISTORY

FORECAST, LINE, DERIVED = "forecast", "bottleneck", "history"


class UnitShare(Struct, frozen=True, kw_only=True):
    """How much of the counted time a work unit was the bottleneck, of either kind and alone."""

    work_unit: str
    share: float
    sole: float


class ShiftBottleneck(Struct, frozen=True, kw_only=True):
    """Who held up one shift; no work unit when none stands out."""

    start: datetime
    finish: datetime
    name: str
    work_unit: str | None
    share: float


class LineBottleneck(Struct, frozen=True, kw_only=True):
    """Where the bottleneck of a line is.

    `work_unit`: active for the longest without a break at `as_of`, None when nobody is;
    provisional, for another may turn out longer. `today`: shares since the site's midnight,
    largest first, the provisional tail counted in. `clear`: the work unit that was the
    bottleneck beyond doubt over the last day, None with `reason` when there is none.
    `agree`, `differ`: names of the other methods that point at the same work unit, at another.
    `trend`: the last shifts, oldest first.
    """

    area: str
    as_of: datetime
    work_unit: str | None
    since: datetime | None
    today: tuple[UnitShare, ...]
    clear: str | None
    reason: VerdictReason | None
    agree: tuple[str, ...] = ()
    differ: tuple[str, ...] = ()
    trend: tuple[ShiftBottleneck, ...] = ()


class Facts:
    """The newest facts of one site; `take` keeps them up to date and says what changed."""

    def __init__(self) -> None:
        """Begin with none."""
        self.forecasts: dict[str, OrderForecast] = {}
        self.bottlenecks: dict[str, LineBottleneck] = {}
        self.history_version = 0

    def take(self, documents: Mapping[str, bytes | None]) -> int:
        """Take documents over; return the topics that they touch.

        What can't be read is of another version of the program, and left out.
        """
        topics = 0
        for name, document in documents.items():
            try:
                topics |= self._take(name, document)
            except (msgspec.DecodeError, msgspec.ValidationError):
                continue
        return topics

    def _take(self, name: str, document: bytes | None) -> int:
        kind, _, key = name.partition("/")
        if kind == FORECAST:
            if document is None:
                self.forecasts.pop(key, None)
            else:
                self.forecasts[key] = _forecast(document)
            return FORECASTS
        if kind == LINE:
            if document is None:
                self.bottlenecks.pop(key, None)
            else:
                self.bottlenecks[key] = _line(document)
            return BOTTLENECK
        if kind == DERIVED and document is not None:
            self.history_version = int(document)
            return HISTORY
        return 0


_forecast = msgspec.json.Decoder(OrderForecast).decode
_line = msgspec.json.Decoder(LineBottleneck).decode
