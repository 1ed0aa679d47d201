"""Facts: what the watch has found out about a site, as every process that shows it has it.

Pure records. They travel as documents under a name, the newest of each name counts:
`forecast/<order>` an OrderForecast, `forecasting` how far and how good these are, `bottleneck/
<area>` a LineBottleneck, `exception/<number>` a Case that is open and inside of no other,
`history` the version of what is derived from the recorded past.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec
from msgspec import Struct

from data.domain.bottleneck.chain import SegmentKind
from data.domain.bottleneck.shares import VerdictReason
from data.domain.exceptions.records import Case
from data.domain.forecast.records import OrderForecast
from data.domain.topics import BOTTLENECK, EXCEPTIONS, FORECASTS, HISTORY

FORECAST, FORECASTING = "forecast", "forecasting"
LINE, DERIVED = "bottleneck", "history"
EXCEPTION = "exception"


K = TypeVar("K")
V = TypeVar("V")


class Forecasting(Struct, frozen=True, kw_only=True):
    """How far the forecasts of a site are, and how good they were.

    All forecasts hold as of `as_of`, also those that were made before and didn't move since.
    `closed`: orders that calibrate them. `judged` of the last of these had a P80 that rested on
    those before; `coverage` is the share of their moments that it covered, `low` to `high`
    what chance alone explains. None: too few have closed to say.
    """

    as_of: datetime
    closed: int
    judged: int = 0
    coverage: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def drifted(self) -> bool:
        """Whether the coverage lies where chance hardly reaches."""
        if self.coverage is None or self.low is None or self.high is None:
            return False
        return not self.low <= self.coverage <= self.high


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


class Piece(Struct, frozen=True, array_like=True):
    """A segment of the chain that may turn out otherwise. Units: seconds since the epoch."""

    work_unit: str
    kind: SegmentKind
    start: float
    end: float


class LineBottleneck(Struct, frozen=True, kw_only=True):
    """Where the bottleneck of a line is.

    `work_unit`: active for the longest without a break at `as_of`, None when nobody is;
    provisional, for another may turn out longer. `today`: shares since the site's midnight,
    largest first, the provisional tail counted in. `clear`: the work unit that was the
    bottleneck beyond doubt over the last day, None with `reason` when there is none.
    `agree`, `differ`: names of the other methods (`bottleneck.opinions.Method`) that point at
    the work center of that work unit, or else of the one with the largest share of the last day,
    and of those that point elsewhere. `trend`: the last shifts, oldest first.

    `active_s`: how long the work unit has been active at `as_of`, its pauses left out.
    `paused`: no work unit is on shift. `final_until`: how far the chain is decided, None while
    none of it is; `tail` and `open_pause_since` say what is known of the time after that.
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
    active_s: float = 0.0
    paused: bool = False
    final_until: datetime | None = None
    tail: tuple[Piece, ...] = ()
    open_pause_since: float | None = None


class Facts:
    """The newest facts of one site; `take` keeps them up to date and says what changed."""

    def __init__(self) -> None:
        """Begin with none."""
        self.forecasts: dict[str, OrderForecast] = {}
        self.forecasting: Forecasting | None = None
        self.bottlenecks: dict[str, LineBottleneck] = {}
        self.exceptions: dict[int, Case] = {}
        self.history_version = 0
        self.changed_forecasts: set[str] = set()  # orders; for whoever keeps something of them
        self.concerned: set[str] = set()  # parties of exceptions that came, went or changed

    def replace(self, documents: Mapping[str, bytes | None]) -> int:
        """Take these documents for all that there are; return the topics that this touches."""
        gone = [f"{FORECAST}/{order}" for order in self.forecasts]
        gone += [f"{LINE}/{area}" for area in self.bottlenecks]
        gone += [f"{EXCEPTION}/{number}" for number in self.exceptions]
        return self.take({**dict.fromkeys(gone), **documents})

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
            self.changed_forecasts.add(key)
            _put(self.forecasts, key, document, _forecast)
            return FORECASTS
        if kind == FORECASTING:
            self.forecasting = None if document is None else _forecasting(document)
            return FORECASTS
        if kind == LINE:
            _put(self.bottlenecks, key, document, _line)
            return BOTTLENECK
        if kind == EXCEPTION and key.isdecimal():
            before = self.exceptions.get(int(key))
            _put(self.exceptions, int(key), document, _case)
            for case in (before, self.exceptions.get(int(key))):
                self.concerned |= case.parties if case is not None else frozenset()
            return EXCEPTIONS
        if kind == DERIVED and document is not None:
            self.history_version = int(document)
            return HISTORY
        return 0


def _put(known: dict[K, V], key: K, document: bytes | None, decode: Callable[[bytes], V]) -> None:
    if document is None:
        known.pop(key, None)
    else:
        known[key] = decode(document)


_forecasting = msgspec.json.Decoder(Forecasting).decode
_forecast = msgspec.json.Decoder(OrderForecast).decode
_line = msgspec.json.Decoder(LineBottleneck).decode
_case = msgspec.json.Decoder(Case).decode
