"""What all conditions stand on: the board, the site's places and hours, and what stands so far.

Pure. Imported by the conditions and the evaluator.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from msgspec import Struct

from data.domain.board import Board
from data.domain.exceptions.conditions.axis import Axis, axis_of, period_of
from data.domain.exceptions.gaps import LogGap
from data.domain.exceptions.records import Finding, Place
from data.domain.exceptions.rules import Condition, Rule
from data.domain.facts import LineBottleneck
from data.domain.forecast.records import OrderForecast
from data.domain.plan import Operation, Order
from data.domain.site import Site
from data.domain.view import Readers

Key = tuple[str, str]  # (rule, subject)
Forecasts = Callable[[], Mapping[str, OrderForecast]]
Bottlenecks = Callable[[], Mapping[str, LineBottleneck]]


class ScreenSeen(Struct, frozen=True, kw_only=True):
    """A wall's screen: its line, the real instant at which it was last heard, what it runs."""

    name: str
    area: str | None = None
    seen_at: datetime
    version: str = ""


class WayDown(Struct, frozen=True, kw_only=True):
    """A way out that takes nothing: `shut` by the far side's word, or failing since then.

    `addresses`: how many of its addresses are shut; 0: it is as a whole.
    """

    name: str
    since: datetime
    shut: bool = False
    addresses: int = 0
    reason: str = ""


class Outside(Struct, frozen=True, kw_only=True):
    """What isn't in any event, as of one look.

    `signal_age_s`: by work unit, real seconds since its machine was heard. `quarantined`: how
    many inputs were ever put into quarantine. `gaps`: of the log, of the last while.
    """

    real_now: datetime
    readers: Readers
    signal_age_s: Mapping[str, float] = {}
    screens: tuple[ScreenSeen, ...] = ()
    quarantined: int = 0
    gaps: tuple[LogGap, ...] = ()
    ways: tuple[WayDown, ...] = ()


class Look(Struct, frozen=True):
    """One look: at which instant of the site, and what changed since the last.

    `units`: whose state changed; `counted`: whose pieces, `recount`: anybody's. `centers`: where
    a work unit stopped or goes on. `whole`: everything must be judged anew; what then isn't
    found to hold doesn't. `back`: the clock stands before the last look.
    """

    now: datetime
    outside: Outside
    orders: frozenset[str]
    units: frozenset[str]
    counted: frozenset[str]
    centers: frozenset[str]
    recount: bool
    whole: bool
    back: bool

    @property
    def now_s(self) -> float:
        """The instant in seconds since 1970."""
        return self.now.timestamp()


class Verdict(NamedTuple):
    """What came of judging a rule for a subject; `found` None: it doesn't hold."""

    rule: Rule
    subject: str
    found: Finding | None


class Family(Protocol):
    """Conditions that are judged together."""

    def look(self, look: Look) -> Iterable[Verdict]:
        """Judge whatever could have changed; of the rest what stands goes on standing."""


class Standing:
    """What holds, also by order and by work center."""

    def __init__(self, held: Mapping[Key, datetime]) -> None:
        """`held`: what stood before anything was judged, and since when."""
        self.findings: dict[Key, Finding] = {}
        self.held = dict(held)
        self._orders: dict[str, set[Key]] = {}
        self._centers: dict[str, set[Key]] = {}

    def stands(self, key: Key) -> bool:
        """Whether it stood until now."""
        return key in self.findings or key in self.held

    def since(self, key: Key) -> datetime | None:
        """Return since when it has stood; None: it doesn't."""
        found = self.findings.get(key)
        return self.held.get(key) if found is None else found.since

    def of_order(self, order: str) -> Iterable[Key]:
        """Return what stands of an order."""
        return tuple(self._orders.get(order, ()))

    def of_center(self, center: str) -> Iterable[Key]:
        """Return what stands of a work center."""
        return tuple(self._centers.get(center, ()))

    def put(self, finding: Finding) -> None:
        """Take a finding in the place of what stood of its key."""
        self.drop(finding.key)
        self.findings[finding.key] = finding
        for table, name in self._tables(finding.place):
            table.setdefault(name, set()).add(finding.key)

    def drop(self, key: Key) -> None:
        """Forget what stood."""
        found = self.findings.pop(key, None)
        for table, name in self._tables(found.place) if found else ():
            table[name].discard(key)
            if not table[name]:
                del table[name]

    def _tables(self, place: Place) -> Iterable[tuple[dict[str, set[Key]], str]]:
        if place.order is not None:
            yield self._orders, place.order
        if place.work_center is not None:
            yield self._centers, place.work_center


class Ground:
    """A board with what conditions need beside it; `renew` before each look."""

    def __init__(
        self, board: Board, forecasts: Forecasts, bottlenecks: Bottlenecks,
        held: Mapping[Key, datetime],
    ) -> None:  # fmt: skip
        self.board = board
        self.bottlenecks = bottlenecks
        self.standing = Standing(held)
        self._forecasts = forecasts
        self._known: Mapping[str, OrderForecast] = {}
        self._site: Site | None = None
        self._period: int | None = None
        self.generation = 0  # of the site's model and its axes

    def renew(self, now: datetime) -> bool:
        """Follow the site's model and the calendar; whether everything must be judged anew."""
        forecasts, period = self._forecasts(), period_of(now.timestamp())
        moved = self._period != period or self._site is not self.board.site_state.site
        trusted, self._known = self._known is forecasts, forecasts
        if moved:
            self._period, self._site = period, self.board.site_state.site
            self._take_site(self.board.site, period)
        return moved or not trusted

    def _take_site(self, site: Site, period: int) -> None:
        self.generation += 1
        calendars = {calendar.id: calendar for calendar in site.calendars}
        self.area_of = {center.id: center.area for center in site.work_centers}
        self.center_of = {unit.id: unit.work_center for unit in site.work_units}
        self.units_of: dict[str, list[str]] = {}
        for unit in site.work_units:
            self.units_of.setdefault(unit.work_center, []).append(unit.id)
        self._axes = {
            area.id: axis_of(calendars.get(area.calendar), site.timezone, period)
            for area in site.areas
        }
        self._always = axis_of(None, site.timezone, period)

    def axis(self, area: str | None) -> Axis:
        """Return the working time of an area; every second is worked where none is known."""
        return self._axes.get(area or "", self._always)

    def forecast(self, order: str) -> OrderForecast | None:
        """Return an order's forecast."""
        return self._known.get(order)

    def awaits_forecast(self, plan: Order) -> bool:
        """Whether an order has no forecast, and will have one."""
        return plan.id not in self._known and bool(plan.operations)

    def open_plan(self, order: str) -> Order | None:
        """Return the plan of an order that is neither cancelled nor completed."""
        state = self.board.orders.get(order)
        plan = state.plan if state else None
        if plan is None or plan.cancelled or self.board.completed(plan):
            return None
        return plan

    def since(self, rule: Rule, subject: str, now: datetime) -> datetime:
        """Return since when something stands that nothing but the looking tells the begin of."""
        stood = self.standing.since((rule.id, subject))
        return now if stood is None else min(stood, now)

    def stands(self, rule: Rule, subject: str) -> bool:
        """Whether a rule's condition held of a subject until now."""
        return self.standing.stands((rule.id, subject))


def applies(rule: Rule, **own: object) -> bool:
    """Whether a rule is for something with these fields; None is never what a rule names."""
    for field, names in rule.applies.items():
        value = own.get(field)
        if isinstance(value, bool):
            value = "true" if value else "false"
        if value not in names:
            return False
    return True


def of(rules: Sequence[Rule], *conditions: Condition) -> tuple[Rule, ...]:
    """Return the rules that are on and of these conditions."""
    return tuple(rule for rule in rules if rule.on and rule.condition in conditions)


def operation_in(plan: Order, name: str) -> Operation | None:
    """Return an operation of a plan by its id."""
    return next((operation for operation in plan.operations if operation.id == name), None)


def instant(at_s: float) -> datetime:
    """Return the instant of a number of seconds since 1970."""
    return datetime.fromtimestamp(at_s, UTC)


def parties_of(*parties: str | None) -> frozenset[str]:
    """Return the parties among these."""
    return frozenset(party for party in parties if party)
