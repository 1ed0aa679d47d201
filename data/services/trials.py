"""Trying a rule on the recorded past before it is switched on: how often would it have fired?

The board of some days ago is folded anew and moved on by what was recorded since, minute by
minute, under the very evaluator that the watch uses. Imported by the rules' service and put
together by the wiring; `data.store.trials` is its reader.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, Protocol, TypeVar
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from data.domain.board import Board
from data.domain.events import Event
from data.domain.exceptions.evaluate import Changes, Evaluator, Outside
from data.domain.exceptions.records import Finding, Place
from data.domain.exceptions.rules import Condition, Rule
from data.domain.forecast.records import OrderForecast
from data.domain.view import Readers
from data.services.errors import MilepostError, NoSuchInstant
from data.services.past import ForecastThen, PastReader, as_forecast, past_board

DAYS, MOST_DAYS = 7.0, 31.0
STEP = timedelta(minutes=1)
PAGE, PAUSE_STEPS = 2000, 50  # events read, minutes judged; after so many others may work
SHOWN = 50
NEAR = timedelta(minutes=30)  # so far apart an exception may have begun and still be the one
UNTRIED = frozenset(
    {
        Condition.NO_SIGNAL,
        Condition.BOTTLENECK_MOVED,
        Condition.SCREEN_DARK,
        Condition.READER_LAG,
        Condition.QUARANTINE,
        Condition.LOG_GAP,
        Condition.WAY_SHUT,
    }
)
_WELL = Readers(log_connected=True, event_age_s=0.0, history_lag_s=0.0, history_stale=False)
_Key = tuple[str, str]
_Item = TypeVar("_Item")


class NotTried(MilepostError):
    """Nothing is kept of what such a rule looks at, or of that time."""


class KnownCase(NamedTuple):
    """An exception of the past: of which subject and when; whether a person did something."""

    subject: str
    raised_at: datetime
    closed_at: datetime | None
    acted: bool


class TrialStore(Protocol):
    """What was recorded and found between two instants."""

    def events(
        self, site: str, after: tuple[datetime, int], until: datetime, most: int
    ) -> list[tuple[int, Event]]:
        """Events with their places in the log, as they were recorded, after one of them."""

    def forecasts(self, site: str, after: datetime, until: datetime) -> list[ForecastThen]:
        """Forecasts that were kept, as they were made."""

    def cases(self, site: str, kind: str, since: datetime, until: datetime) -> list[KnownCase]:
        """Exceptions of a kind that were open at any time between."""


class Firing(Struct, frozen=True, kw_only=True):
    """One time that the rule would have fired. `until` None: it holds to this day.

    `known`: there was an exception of that kind and subject; `acted`: a person did something.
    """

    subject: str
    at: datetime
    until: datetime | None
    place: Place
    known: bool = False
    acted: bool = False


class Trial(Struct, frozen=True, kw_only=True):
    """What came of trying a rule.

    `standing_before`: how often it held already when the time began; not among the `fired`.
    `by_day`: of each local day, how often it fired. `firings`: the newest of them.
    """

    rule: Rule
    since: datetime
    until: datetime
    fired: int
    subjects: int
    known: int
    acted: int
    standing_before: int
    standing: int
    most_at_once: int
    by_day: tuple[tuple[str, int], ...]
    firings: tuple[Firing, ...]


class Trials:
    """Tries rules of any site."""

    def __init__(
        self, past: PastReader, store: TrialStore, now: Callable[[str], datetime],
        pause: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """`now`: each site's own; `pause`: lets others work, called again and again."""
        self._past, self._store, self._now, self._pause = past, store, now, pause

    def of(self, site: str, rule: Rule, days: float = DAYS) -> Trial:
        """Try a rule on the last days, or on what there is of them.

        Raises: NotTried, Unavailable.
        """
        if rule.condition in UNTRIED:
            raise NotTried(f"nothing is recorded of what {rule.condition} looks at")
        until = self._now(site)
        first = self._past.first_at(site)
        if first is None or first >= until:
            raise NotTried("the site has no history")
        since = max(first, until - timedelta(days=min(days, MOST_DAYS)))
        found = self._replayed(site, replace(rule, on=True), since, until)
        return self._judged(site, rule, since, until, found)

    def _replayed(self, site: str, rule: Rule, since: datetime, until: datetime) -> "_Tally":
        """Let the past pass by; what is counted over a time is counted from before it begins."""
        counted_s = rule.limit_s if rule.condition is Condition.SCRAP else 0.0
        begin = max(self._past.first_at(site) or since, since - timedelta(seconds=counted_s))
        try:
            board = past_board(self._past, site, begin)
        except NoSuchInstant as error:
            raise NotTried(str(error)) from error
        forecasts = self._forecasts_at(board, begin)
        evaluator = Evaluator((rule,), board, lambda: forecasts, dict)
        tally = _Tally(since, ZoneInfo(board.site.timezone))
        tally.take(begin, evaluator.look(begin, _outside(begin)))
        events = _Stream(self._events(site, begin, until))
        made = _Stream((one.made_at, one) for one in self._store.forecasts(site, begin, until))
        at, steps = begin, 0
        while at < until:
            at, steps = min(at + STEP, until), steps + 1
            if steps % PAUSE_STEPS == 0:
                self._pause()
            _fold(board, evaluator, events.up_to(at))
            _trust(forecasts, evaluator, made.up_to(at))
            tally.take(at, evaluator.look(at, _outside(at)))
        return tally

    def _events(
        self, site: str, after: datetime, until: datetime
    ) -> Iterator[tuple[datetime, Event]]:
        place = (after, 1 << 62)
        while True:
            page = self._store.events(site, place, until, PAGE)
            for _, event in page:
                yield event.recorded_at, event
            self._pause()
            if len(page) < PAGE:
                return
            place = (page[-1][1].recorded_at, page[-1][0])

    def _forecasts_at(self, board: Board, at: datetime) -> dict[str, OrderForecast]:
        orders = [plan.id for plan in board.plans() if not board.completed(plan)]
        kept = self._past.forecasts(board.site_id, at, orders)
        return {one.order: as_forecast(one) for one in kept}

    def _judged(
        self, site: str, rule: Rule, since: datetime, until: datetime, tally: "_Tally"
    ) -> Trial:
        cases = self._store.cases(site, rule.condition.value, since - NEAR, until)
        by_subject: dict[str, list[KnownCase]] = {}
        for case in cases:
            by_subject.setdefault(case.subject, []).append(case)
        firings = [_known(one, by_subject.get(one.subject, ())) for one in tally.firings()]
        return Trial(
            rule=rule,
            since=since,
            until=until,
            fired=len(firings),
            subjects=len({one.subject for one in firings}),
            known=sum(one.known for one in firings),
            acted=sum(one.acted for one in firings),
            standing_before=tally.before,
            standing=len(tally.open),
            most_at_once=tally.most,
            by_day=tuple(sorted(tally.days.items())),
            firings=tuple(firings[:SHOWN]),
        )


class _Tally:
    """Counts what is raised and cleared after an instant."""

    def __init__(self, since: datetime, zone: ZoneInfo) -> None:
        self._since, self._zone = since, zone
        self.before = self.most = 0
        self.open: dict[_Key, tuple[datetime, Finding]] = {}
        self.days: Counter[str] = Counter()
        self._over: list[Firing] = []

    def take(self, at: datetime, changes: Changes) -> None:
        """Count what a look found."""
        for found in changes.cleared:
            begun, raised = self.open.pop(found.key)
            if begun > self._since:
                self._over.append(_firing(raised, begun, at))
        for found in changes.raised:
            self.open[found.key] = at, found
            if at > self._since:
                self.days[at.astimezone(self._zone).date().isoformat()] += 1
        self.most = max(self.most, len(self.open))
        if at <= self._since:
            self.before = len(self.open)

    def firings(self) -> list[Firing]:
        """Return all of them, newest first."""
        still = [_firing(one, at, None) for at, one in self.open.values() if at > self._since]
        return sorted([*self._over, *still], key=lambda one: (one.at, one.subject), reverse=True)


class _Stream(Generic[_Item]):
    """Things in order of time, taken up to an instant."""

    def __init__(self, items: Iterator[tuple[datetime, _Item]]) -> None:
        self._items, self._next = items, next(items, None)

    def up_to(self, at: datetime) -> Iterator[_Item]:
        """Yield what hasn't been taken yet."""
        while self._next is not None and self._next[0] <= at:
            yield self._next[1]
            self._next = next(self._items, None)


def _fold(board: Board, evaluator: Evaluator, events: Iterator[Event]) -> None:
    seen = list(events)
    for event in seen:
        board.apply(event)
    evaluator.see(seen)


def _trust(
    forecasts: dict[str, OrderForecast], evaluator: Evaluator, made: Iterator[ForecastThen]
) -> None:
    new = {one.order: as_forecast(one) for one in made}
    forecasts.update(new)
    evaluator.touch_forecasts(new)


def _outside(at: datetime) -> Outside:
    return Outside(real_now=at, readers=_WELL)


def _firing(found: Finding, at: datetime, until: datetime | None) -> Firing:
    return Firing(subject=found.subject, at=at, until=until, place=found.place)


def _known(firing: Firing, cases: Sequence[KnownCase]) -> Firing:
    """Say whether there was an exception of this firing, and whether anybody acted on it."""
    own = [case for case in cases if _meets(firing, case)]
    return replace(firing, known=bool(own), acted=any(case.acted for case in own))


def _meets(firing: Firing, case: KnownCase) -> bool:
    begins = case.raised_at - NEAR
    before = firing.until is None or begins <= firing.until
    return before and (case.closed_at is None or firing.at <= case.closed_at + NEAR)
