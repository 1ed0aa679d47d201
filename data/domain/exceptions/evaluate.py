"""Which rules hold at a site, kept up to date as events come and time passes.

Pure; imported by the watch and by whoever tries a rule on the past. A look judges what was
touched and what has come due since the last one; what stands afterwards is what judging
everything would have found. Only two things are remembered beyond that: what stood before,
which goes on until it is back within a rule's lower limit, and how fast the quarantine grew.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import datetime

from msgspec import Struct

from data.domain.board import Board
from data.domain.events import Event, EventType
from data.domain.exceptions.conditions.floor import Queues, Scrap
from data.domain.exceptions.conditions.ground import (
    Bottlenecks as Lines,
)
from data.domain.exceptions.conditions.ground import (
    Family,
    Forecasts,
    Ground,
    Key,
    Look,
    Outside,
    ScreenSeen,
    WayDown,
    of,
)
from data.domain.exceptions.conditions.line import Bottlenecks
from data.domain.exceptions.conditions.needs import OF_NEEDS, Needs
from data.domain.exceptions.conditions.operations import Operations
from data.domain.exceptions.conditions.program import Program
from data.domain.exceptions.conditions.promises import Promises
from data.domain.exceptions.conditions.routes import is_stopped
from data.domain.exceptions.conditions.units import Signals, UnitStates
from data.domain.exceptions.records import Finding
from data.domain.exceptions.rules import Condition, Rule
from data.domain.exceptions.values import differs

__all__ = ["Changes", "Evaluator", "Outside", "ScreenSeen", "WayDown"]

_OF_ORDERS = frozenset({"operation", "need", "order"})
_VOIDED = EventType.EVENT_VOIDED


class Changes(Struct, frozen=True, kw_only=True):
    """What a look found. `changed`: it still holds, and people would want to know what moved."""

    raised: tuple[Finding, ...] = ()
    cleared: tuple[Finding, ...] = ()
    changed: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.raised or self.cleared or self.changed)


class Evaluator:
    """The rules of one site, judged on its board.

    `forecasts`, `bottlenecks`: give the newest facts; whose forecast moved is told by
    `touch_forecasts`. `held`: what stood when another evaluator was left, and since when: of
    before a restart, or of other rules. The first look returns all that holds as raised.
    """

    def __init__(
        self, rules: Sequence[Rule], board: Board, forecasts: Forecasts, bottlenecks: Lines,
        held: Mapping[Key, datetime] | None = None,
    ) -> None:  # fmt: skip
        self._ground = Ground(board, forecasts, bottlenecks, held or {})
        self._families = tuple(_families(rules, self._ground))
        self._told: dict[Key, Finding] = {}
        self._orders: set[str] = set()
        self._units: set[str] = set()
        self._counted: set[str] = set()
        self._stopped: set[str] = set()
        self._recount = False
        self._looked_at: datetime | None = None

    @property
    def standing(self) -> Mapping[Key, Finding]:
        """What holds as of the last look, by rule and subject."""
        return self._ground.standing.findings

    @property
    def held(self) -> Mapping[Key, datetime]:
        """What holds and since when, for the evaluator that comes after this one."""
        return {key: finding.since for key, finding in self.standing.items()}

    def see(self, events: Iterable[Event]) -> None:
        """Take events that the board has folded by now."""
        for event in events:
            kind, _, name = event.subject.partition("/")
            if kind in _OF_ORDERS:
                self._orders.add(name.partition("/")[0])
                if event.data.work_unit is not None:
                    self._counted.add(event.data.work_unit)
                self._recount = self._recount or event.type is _VOIDED
            elif kind == "work-unit":
                self._units.add(name)

    def touch_forecasts(self, orders: Iterable[str]) -> None:
        """Take over whose forecast changed, came or went."""
        self._orders.update(orders)

    def touch_orders(self, orders: Iterable[str]) -> None:
        """Take over which orders changed otherwise than by events, such as those forgotten."""
        self._orders.update(orders)

    def look(self, now: datetime, outside: Outside, waiting: Set[str] = frozenset()) -> Changes:
        """Judge what could have changed by the site's `now`; return what did.

        `waiting`: orders that are judged by a later look, though they changed.
        """
        look = self._look(now, outside, waiting)
        verdicts: dict[Key, Finding | None] = {}
        for family in self._families:
            for rule, subject, found in family.look(look):
                verdicts[rule.id, subject] = found
        self._ground.standing.held.clear()
        gone = [*self.standing.keys() - verdicts.keys()] if look.whole else []
        return self._taken(verdicts, gone)

    def _look(self, now: datetime, outside: Outside, waiting: Set[str]) -> Look:
        whole = self._ground.renew(now) or self._looked_at is None
        look = Look(
            now=now,
            outside=outside,
            orders=frozenset(self._orders - waiting),
            units=frozenset(self._units),
            counted=frozenset(self._counted),
            centers=self._turned(whole),
            recount=self._recount,
            whole=whole,
            back=self._looked_at is not None and now < self._looked_at,
        )
        self._looked_at, self._recount = now, False
        self._orders &= waiting
        for changed in (self._units, self._counted):
            changed.clear()
        return look

    def _turned(self, whole: bool) -> frozenset[str]:
        """Return the work centers at which a work unit stopped, or goes on."""
        board, turned = self._ground.board, set[str]()
        for unit in board.work_units.keys() | self._stopped if whole else self._units:
            if is_stopped(board, unit) != (unit in self._stopped):
                self._stopped ^= {unit}
                turned.add(self._ground.center_of.get(unit, ""))
        return frozenset(turned)

    def _taken(self, verdicts: Mapping[Key, Finding | None], gone: Sequence[Key]) -> Changes:
        raised, cleared, changed = list[Finding](), list[Finding](), list[Finding]()
        for key, found in (*verdicts.items(), *((key, None) for key in gone)):
            stood = self.standing.get(key)
            if found is None:
                if stood is not None:
                    self._ground.standing.drop(key)
                    cleared.append(self._told.pop(key))
                continue
            if found == stood:
                continue
            self._ground.standing.put(found)
            if stood is None or _matters(self._told[key], found):
                self._told[key] = found
                (raised if stood is None else changed).append(found)
        return Changes(raised=tuple(raised), cleared=tuple(cleared), changed=tuple(changed))


def _matters(told: Finding, now: Finding) -> bool:
    """Whether people would want to know of what moved since they were told."""
    moved = (told.cause, told.place, told.parties) != (now.cause, now.place, now.parties)
    return moved or differs(told.values, now.values)


def _families(rules: Sequence[Rule], ground: Ground) -> Iterable[Family]:
    """Make the families that any rule needs."""
    makers: tuple[tuple[tuple[Condition, ...], Callable[[Sequence[Rule]], Family]], ...] = (
        ((Condition.NOT_STARTED,), lambda own: Operations(own, ground, finish=False)),
        ((Condition.NOT_FINISHED,), lambda own: Operations(own, ground, finish=True)),
        ((Condition.PAST_DUE,), lambda own: Promises(own, ground, milestones=False)),
        ((Condition.MILESTONE_AT_RISK,), lambda own: Promises(own, ground, milestones=True)),
        (OF_NEEDS, lambda own: Needs(own, ground)),
        ((Condition.UNIT_STATE,), lambda own: UnitStates(own, ground)),
        ((Condition.NO_SIGNAL,), lambda own: Signals(own, ground)),
        ((Condition.QUEUE,), lambda own: Queues(own, ground)),
        ((Condition.SCRAP,), lambda own: Scrap(own, ground)),
        ((Condition.BOTTLENECK_MOVED,), lambda own: Bottlenecks(own, ground)),
        (
            (
                Condition.SCREEN_DARK,
                Condition.READER_LAG,
                Condition.QUARANTINE,
                Condition.LOG_GAP,
                Condition.WAY_SHUT,
            ),
            lambda own: Program(own, ground),
        ),
    )
    for conditions, made in makers:
        own = of(rules, *conditions)
        if own:
            yield made(own)
