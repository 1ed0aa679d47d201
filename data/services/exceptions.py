"""The exceptions of a site, live: what the watch finds, keeps, and shows of them.

An aspect of the watch. Rules say what holds; what comes of it is kept in SQL at once, by itself
or not at all if somebody changed the exception meanwhile; then it is published. What people do
to exceptions it learns from the marks that they leave. Imported by the wiring. How: docs/adr/0019.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from data.domain.events import Event
from data.domain.exceptions.evaluate import Changes, Evaluator, Outside, ScreenSeen, WayDown
from data.domain.exceptions.flapping import FlapBook
from data.domain.exceptions.gaps import LogGap
from data.domain.exceptions.handling import Clocks, Handling, Key, published
from data.domain.exceptions.records import Case, Hit, State
from data.domain.exceptions.ripple import Told, hits, orders_of
from data.domain.exceptions.rules import Condition, Rule
from data.domain.exceptions.search import Change, Kept
from data.domain.exceptions.trust import Trust
from data.domain.facts import EXCEPTION
from data.domain.forecast.records import OrderForecast
from data.services.aspects import Aspect, Documents
from data.services.live import LiveSite
from data.services.staleness import EXCEPTION as MARK

LOOK_S = 0.2
PLANNED_S = 1.0  # for what is planned and reported in one request, and read one after the other
MOVES_S = 3.0  # for what people moved, should nobody have called
RULES_S, OUTSIDE_S, RIPPLE_S = 3.0, 5.0, 5.0
GAPS_S = 2.0  # of a gap people are told within ten seconds, all in all
EARLIER = timedelta(hours=1)  # so far before a gap what was put back of it may have been
PATIENCE_S = 60.0  # how long it waits at the start for forecasts, by which much is judged
FIRST_S = 120.0  # how long a site that was never looked at is learnt of: what is raised is quiet
MOST_MARKS, MOST_RIPPLES = 500, 20
Mark = tuple[str, int]
_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger("exceptions")


class Keeping(Protocol):
    """Where exceptions are kept."""

    def open(self, site: str) -> list[Case]:
        """Every exception that isn't closed."""

    def ever(self, site: str) -> bool:
        """Whether the site has ever had an exception."""

    def cases(self, site: str, numbers: Sequence[int]) -> list[Case]:
        """Exceptions by number."""

    def keep(self, site: str, changes: Sequence[Change]) -> Kept:
        """Keep changes, each if nobody else was ahead."""


class Marks(Protocol):
    """What people have moved."""

    def called(self, site: str, kind: str) -> bool:
        """Whether something may have been marked since this was last asked."""

    def take(self, site: str, kind: str, limit: int) -> list[Mark]:
        """Marked keys, the oldest first."""

    def settle(self, site: str, kind: str, marks: Sequence[Mark]) -> None:
        """Take away marks that are still the same."""


class Beyond(Protocol):
    """What SQL knows of the program itself."""

    def screens(self, site: str) -> Sequence[ScreenSeen]:
        """Every enrolled screen, and when it was last heard."""

    def quarantined(self, site: str) -> int:
        """How many inputs were ever put into quarantine."""

    def gaps(self, site: str, since: datetime) -> Sequence[LogGap]:
        """The gaps in the log that were noticed since an instant."""

    def ways(self) -> Sequence[WayDown]:
        """The ways out that are shut or fail."""


class Exceptions(Aspect):
    """The aspect of one site."""

    def __init__(
        self, site: str, keeping: Keeping, marks: Marks, beyond: Beyond,
        rules: Callable[[str], Sequence[Rule]], real_now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """`rules`: those of a site, as they are now; `clock`: seconds that never go back."""
        self.site = site
        self._keeping, self._marks, self._beyond, self._rules_of = keeping, marks, beyond, rules
        self._real_now, self._clock = real_now, clock
        self._published: set[int] = set()
        self._trust, self._boards = Trust(), 0

    def begin(self, live: LiveSite) -> None:
        """Start with a board that was just loaded, and the exceptions that are open.

        Raises: Unavailable.
        """
        now = self._clock()
        self._live, self._begun_at, self._judged = live, now, False
        self._rules = tuple(self._rules_of(self.site))
        self._told, self._flaps = Told(), FlapBook()
        self._late: set[Key] = set()  # cleared while they flapped
        self._turned: set[Key] = set()  # began or ended to flap, and it wasn't said yet
        self._rippled: dict[int, float] = {}
        self._look_at = self._rules_at = self._outside_at = self._gaps_at = now
        self._moves_at = now
        self._planned: dict[str, float] = {}  # orders, and until when they may be half told
        self._screens: tuple[ScreenSeen, ...] = ()
        self._ways: tuple[WayDown, ...] = ()
        self._gaps: tuple[LogGap, ...] = ()
        self._quarantined = self._learnt_from = 0
        self._known: dict[str, OrderForecast] = {}
        self._quiet = frozenset[str]()
        self._first = not self._keeping.ever(self.site)
        self._handle(self._keeping.open(self.site))
        self._dirty = set(self._handling.cases) | self._published
        self._evaluate()
        if live.boards != self._boards:
            self._boards = live.boards
            self._trust.doubt(now)

    def see(self, events: Sequence[Event]) -> None:
        """Take events that the board has folded."""
        self._evaluator.see(events)
        until = self._clock() + PLANNED_S
        for event in events:
            if event.data.order is not None:
                self._planned.setdefault(event.data.order.id, until)

    def work(self, now: datetime) -> Documents:
        """Take what people did, look what holds, keep what comes of it; return what to publish.

        Raises: Unavailable.
        """
        begun = self._clock()
        if begun < self._look_at:
            return {}
        self._look_at = begun + LOOK_S
        self._take_moves(begun)
        self._follow_rules(begun)
        if self._judged or self._may_judge(begun):
            self._look(Clocks(now, self._real_now()), begun)
        return self._news()

    def _handle(self, cases: Iterable[Case]) -> None:
        self._handling = Handling(self.site, self._rules)
        for case in cases:
            self._handling.take(case)

    def _evaluate(self) -> None:
        """Judge everything anew at the next look, knowing what stood."""
        held = {
            (case.rule, case.subject): case.since
            for case in self._handling.cases.values()
            if case.standing
        }
        self._evaluator = Evaluator(
            self._rules, self._live.board, lambda: self._live.facts.forecasts,
            lambda: self._live.facts.bottlenecks, held,
        )  # fmt: skip
        self._fresh = True  # the next look says everything that holds

    def _may_judge(self, begun: float) -> bool:
        """Whether forecasts are there, or there will be none for long."""
        ready = self._live.facts.forecasting is not None
        self._judged = ready or begun - self._begun_at > PATIENCE_S
        return self._judged

    def _take_moves(self, begun: float) -> None:
        if not self._marks.called(self.site, MARK) and begun < self._moves_at:
            return
        marks = self._marks.take(self.site, MARK, MOST_MARKS)
        self._moves_at = begun if len(marks) == MOST_MARKS else begun + MOVES_S
        if not marks:
            return
        numbers = [int(key) for key, _ in marks]
        for case in self._keeping.cases(self.site, numbers):
            self._handling.take(case)
        self._dirty.update(numbers)
        self._marks.settle(self.site, MARK, marks)

    def _follow_rules(self, begun: float) -> None:
        if begun < self._rules_at:
            return
        self._rules_at = begun + RULES_S
        rules = tuple(self._rules_of(self.site))
        if rules != self._rules:
            _log.info("rules changed", site=self.site, rules=len(rules))
            self._quiet |= {rule.id for rule in rules if rule not in self._rules}
            self._rules = rules
            self._handle(list(self._handling.cases.values()))
            self._evaluate()

    def _look(self, clocks: Clocks, begun: float) -> None:
        self._weigh(clocks, begun)
        forecasts = self._live.facts.forecasts
        self._forget_uncalibrated()
        self._evaluator.touch_forecasts(self._moved(forecasts))
        self._told.follow(forecasts, self._held_orders(), clocks.site)
        self._planned = {order: at for order, at in self._planned.items() if begun < at}
        outside = self._outside(clocks, begun)
        found = self._evaluator.look(clocks.site, outside, self._planned.keys())
        changes = self._of_conditions(found, clocks)
        self._keep(changes)
        self._keep(self._handling.freed(clocks))
        self._keep(self._handling.gathered(clocks))
        self._keep(self._ripple(clocks, begun))

    def _weigh(self, clocks: Clocks, begun: float) -> None:
        """Follow how far returns may be believed; judge anew what couldn't be and now can."""
        if self._live.history_missing:
            self._trust.doubt(begun)
        more = self._trust.follow(clocks.real, begun, self._live.board)
        if more and self._stood() - self._evaluator.standing.keys():
            self._evaluate()

    def _forget_uncalibrated(self) -> None:
        """Take nothing for moved by having learnt: what was forecast before rested on less."""
        made = self._live.facts.forecasting
        closed = 0 if made is None else made.closed
        if closed > 2 * self._learnt_from:
            self._told, self._learnt_from = Told(), closed

    def _moved(self, forecasts: Mapping[str, OrderForecast]) -> list[str]:
        """Return the orders whose forecast came, went or changed since the last look."""
        before, self._known = self._known, dict(forecasts)
        gone = [order for order in before if order not in forecasts]
        return gone + [o for o, made in forecasts.items() if before.get(o) is not made]

    def _of_conditions(self, found: Changes, clocks: Clocks) -> list[Change]:
        """Return what comes of conditions; one that flaps isn't cleared before it stops to."""
        raised = {finding.key for finding in found.raised}
        gone = self._gone(found)
        for key in {*filter(self._is_news, raised), *gone}:
            self._flaps.changed(key, key in raised)
        turned = self._flaps.look(set(self._evaluator.standing), clocks.site)
        self._late = (self._late | {key for key in gone if self._flaps.flaps(key)}) - raised
        ended = self._believed({key for key in self._late if not self._flaps.flaps(key)})
        self._late -= ended
        cleared = {key for key in gone if not self._flaps.flaps(key)} | ended
        self._turned |= turned
        self._handling.quiet = self._standing_before()
        changes = [
            *self._handling.raised(found.raised, clocks),
            *self._handling.cleared(sorted(cleared), clocks),
            *self._handling.changed(found.changed, clocks),
        ]
        moved = {(change.case.rule, change.case.subject) for change in changes}
        tell = self._turned - moved  # one move at a time
        self._turned -= tell
        flapping = {key: self._flaps.flaps(key) for key in sorted(tell)}
        return [*changes, *self._handling.flapped(flapping, clocks)]

    def _gone(self, found: Changes) -> set[Key]:
        """Return what stood and is over, without what may only look so for now."""
        gone = {finding.key for finding in found.cleared}
        if self._fresh:  # of what stood, what doesn't hold any more can't have been said
            self._fresh = False
            gone |= self._stood() - self._evaluator.standing.keys()
        return self._believed(gone)

    def _is_news(self, key: Key) -> bool:
        """Whether what holds is more than a board that was loaded again has found again."""
        case = self._handling.of(key)
        return case is None or not case.standing or key in self._late

    def _believed(self, gone: Iterable[Key]) -> set[Key]:
        cases = ((key, self._handling.of(key)) for key in gone)
        return {key for key, case in cases if case is None or self._trust.believes(case.kind)}

    def _standing_before(self) -> frozenset[str]:
        """Return the rules of which what holds now has held since before they were looked for.

        All of them while a new site is learnt of; those that were changed, at the next look.
        """
        if self._first and self._clock() - self._begun_at < FIRST_S:
            return frozenset(rule.id for rule in self._rules if not _happens(rule))
        quiet, self._quiet = self._quiet, frozenset()
        return quiet

    def _stood(self) -> set[Key]:
        cases = self._handling.cases.values()
        return {(case.rule, case.subject) for case in cases if case.standing}

    def _keep(self, changes: Sequence[Change]) -> None:
        """Keep changes; where somebody else was ahead, take what is there and judge anew."""
        if not changes:
            return
        kept = self._keeping.keep(self.site, changes)
        for case in kept.done:
            self._handling.take(case)
            self._dirty.add(case.number)
            self._over(case)
        if kept.lost:
            _log.info("someone was ahead", site=self.site, exceptions=len(kept.lost))
            self._handle(self._keeping.open(self.site))
            self._dirty |= set(self._handling.cases)
            self._evaluate()

    def _over(self, case: Case) -> None:
        """When an exception is over, its orders' parties have been told of what came of it."""
        if case.state is State.CLOSED:
            self._rippled.pop(case.number, None)
            orders = {hit.order for hit in case.hits} - self._held_orders()
            self._told.accept(orders, self._live.facts.forecasts)

    def _held_orders(self) -> set[str]:
        cases = self._handling.cases.values()
        held = {case.place.order for case in cases if case.place.order is not None}
        return held | {hit.order for case in cases for hit in case.hits}

    def _ripple(self, clocks: Clocks, begun: float) -> list[Change]:
        """Look which dates exceptions have moved; new ones at once, others in turn."""
        open_ = [c for c in self._handling.cases.values() if c.state is not State.CLOSED]
        due = [c for c in open_ if begun - self._rippled.get(c.number, 0.0) >= RIPPLE_S]
        due.sort(key=lambda case: (self._rippled.get(case.number, 0.0), -case.number))
        changes = []
        for case in due[:MOST_RIPPLES]:
            self._rippled[case.number] = begun
            change = self._handling.hit(case.number, self._hits(case), clocks)
            if change is not None:
                changes.append(change)
        return changes

    def _hits(self, case: Case) -> list[Hit]:
        if not case.standing or (case.rule, case.subject) not in self._evaluator.standing:
            return list(case.hits)
        board, forecasts = self._live.board, self._live.facts.forecasts
        found: list[Hit] = []
        for order in orders_of(case.subject, board):
            state = board.orders.get(order)
            if state is not None and state.plan is not None:
                found += hits(state.plan, self._told.of(order), forecasts.get(order))
        return found

    def _outside(self, clocks: Clocks, begun: float) -> Outside:
        if begun >= self._outside_at:
            self._outside_at = begun + OUTSIDE_S
            self._screens = tuple(self._beyond.screens(self.site))
            self._quarantined = self._beyond.quarantined(self.site)
            self._ways = tuple(self._beyond.ways())
        self._look_for_gaps(clocks.real, begun)
        return Outside(
            real_now=clocks.real, readers=self._live.readers(), screens=self._screens,
            signal_age_s=self._live.signal_age_s(), quarantined=self._quarantined,
            gaps=self._gaps, ways=self._ways,
        )  # fmt: skip

    def _look_for_gaps(self, real_now: datetime, begun: float) -> None:
        """Read of gaps for as long as any rule goes on saying them, and what belongs to them."""
        said_s = [rule.limit_s for rule in self._rules if _happens(rule)]
        if begun >= self._gaps_at and said_s:
            self._gaps_at = begun + GAPS_S
            since = real_now - timedelta(seconds=max(said_s)) - EARLIER
            gaps = tuple(self._beyond.gaps(self.site, since))
            if set(gaps) - set(self._gaps):  # also where something was put back
                self._trust.doubt(begun)
            self._gaps = gaps

    def _news(self) -> Mapping[str, bytes | None]:
        """Return the documents of what changed; of what is closed or inside of another none."""
        shown = {case.number: case for case in published(self._handling.cases.values())}
        changed = self._dirty | (self._published - shown.keys())
        documents: dict[str, bytes | None] = {
            f"{EXCEPTION}/{number}": _encode(shown[number]) if number in shown else None
            for number in changed
            if number in shown or number in self._published
        }
        self._dirty = set()
        self._published = set(shown)
        return documents


def _happens(rule: Rule) -> bool:
    """Whether what a rule looks for is over when it is seen, and can't have held for long."""
    return rule.condition is Condition.LOG_GAP
