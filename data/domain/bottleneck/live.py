"""The chain walk as state changes arrive: provisional until the chain closes, then final.

Pure; imported by the watch and by services. Who was the bottleneck at an instant depends
on the full length of every period that covered it, so an answer is final only once all
of those have ended. Until then `leader` and `tail` say what is known so far.
"""

from collections.abc import Iterable
from copy import copy

from msgspec import Struct

from data.domain.bottleneck.chain import (
    BottleneckSegment,
    Claim,
    claim,
    claim_segments,
    preference,
    segments_of_claims,
    walk_chain,
)
from data.domain.bottleneck.intervals import Interval
from data.domain.bottleneck.states import PHASES, ActivePeriod, Phase
from data.domain.events import WorkUnitState

FIRST_PRUNE = 4096
_ACTIVE = Phase.ACTIVE
DAY_S = 86_400.0


class OutOfOrder(ValueError):
    """A state change is older than one that was already fed."""


class Leader(Struct, frozen=True, kw_only=True):
    """The work unit active for the longest so far; another may still turn out longer."""

    work_unit: str
    since: float
    length: float
    provisional: bool = True


class Final(Struct, frozen=True):
    """What has become final: chain members, their segments, pauses of the whole line."""

    members: tuple[ActivePeriod, ...] = ()
    segments: tuple[BottleneckSegment, ...] = ()
    line_pauses: tuple[Interval, ...] = ()


class _Open(Struct, gc=False):
    """An active period that has not ended."""

    start: float
    paused_since: float | None = None
    pauses: tuple[Interval, ...] = ()

    def ended(self, work_unit: str, end: float) -> ActivePeriod:
        """Return the period as it is when it ends; a last pause lies outside it."""
        end = end if self.paused_since is None else self.paused_since
        return ActivePeriod(work_unit, self.start, end, self.pauses)


class ChainWalk:
    """Follows the bottleneck chain of one line.

    Feed changes in order of time. Those of one instant take effect together when time
    moves on, the last of each work unit holding. A work unit that stays paused keeps the
    chain open, for it may resume: feed an inactive state for one that will not come back, or
    say after how long (`gone_s`) a paused one is taken for gone. That is looked at when a day
    begins, in the time of the changes, so it comes out alike however often they are fed.

    With `since` the chain begins there: feed each work unit's changes from its last inactive
    state before, so that what is active then is known in full length.
    """

    def __init__(self, since: float | None = None, gone_s: float | None = None) -> None:
        """Start with every work unit unknown."""
        self._now: float = float("-inf")
        self._gone_s = gone_s
        self._next_day = float("inf") if gone_s is None else float("-inf")
        self._arrived: dict[str, WorkUnitState] = {}
        self._open: dict[str, _Open] = {}
        self._closed: list[ActivePeriod] = []
        self._prune_at = FIRST_PRUNE
        self._instant: float | None = since
        self._blockers = 0
        self._last: Claim | None = None
        self._seen: set[str] = set()
        self._asleep: set[str] = set()
        self._line_paused_since: float | None = None
        self._members: list[ActivePeriod] = []
        self._segments: list[BottleneckSegment] = []
        self._line_pauses: list[Interval] = []

    @property
    def now(self) -> float:
        """Time of the last change, or until when time has passed."""
        return self._now

    @property
    def line_paused_since(self) -> float | None:
        """Since when no work unit is on shift; None while one is."""
        return self._line_paused_since

    def copy(self) -> "ChainWalk":
        """Return a walk that goes on from here by itself."""
        other = copy(self)
        other._arrived, other._closed = dict(self._arrived), list(self._closed)
        other._open = {unit: copy(one) for unit, one in self._open.items()}
        other._seen, other._asleep = set(self._seen), set(self._asleep)
        other._members, other._segments = list(self._members), list(self._segments)
        other._line_pauses = list(self._line_pauses)
        return other

    def feed(self, work_unit: str, state: WorkUnitState, time: float) -> None:
        """Take one state change.

        Raises: OutOfOrder when `time` is before an earlier change's.
        """
        if time != self._now:
            if not time > self._now:
                raise OutOfOrder(f"{work_unit} at {time} comes after a change at {self._now}")
            if self._arrived:
                self._apply()
            if time >= self._next_day:
                self._begin_day(time)
            self._now = time
        self._arrived[work_unit] = state

    def advance(self, time: float) -> None:
        """Let time pass without a change, so that what happened before `time` takes effect.

        Raises: OutOfOrder when `time` is before the last change.
        """
        if time < self._now:
            raise OutOfOrder(f"{time} is before {self._now}")
        if time > self._now:
            if self._arrived:
                self._apply()
            if time >= self._next_day:
                self._begin_day(time)
            self._now = time

    def finish(self, time: float) -> Final:
        """End the observation at `time`: every open period ends there, and all is final.

        Raises: OutOfOrder when `time` is before the last change.
        """
        self.advance(time)
        self._arrived.clear()
        if self._line_paused_since is not None:
            self._line_pauses.append((self._line_paused_since, time))
        self._closed.extend(
            p for unit, one in self._open.items() if (p := one.ended(unit, time)).end > p.start
        )
        self._open.clear()
        self._blockers = 0
        self._decide()
        self._settle_last(None)
        return self.take_final()

    def take_final(self) -> Final:
        """Return what became final since the last call, each thing once.

        A member is final when its successor is known, so that its segments are too.
        """
        taken = Final(tuple(self._members), tuple(self._segments), tuple(self._line_pauses))
        self._members, self._segments, self._line_pauses = [], [], []
        return taken

    def leader(self, now: float) -> Leader | None:
        """Return who is active for the longest so far, None when nobody on shift is.

        The only answer that needs no future, and the chain may turn out otherwise.
        """
        periods = [p for p, working in self._as_of(now) if working]
        if not periods:
            return None
        first = min(periods, key=preference)
        return Leader(work_unit=first.work_unit, since=first.start, length=first.length)

    def tail(self, now: float) -> list[BottleneckSegment]:
        """Return the segments that are not final, as if every open period ended `now`."""
        claims = [] if self._last is None else [self._last]
        still_open = (p for p, _ in self._as_of(now))
        for member in walk_chain([*self._closed, *still_open], since=self._instant):
            claims.append(claim(member, claims[-1] if claims else None))
        return segments_of_claims(claims)

    def _as_of(self, now: float) -> Iterable[tuple[ActivePeriod, bool]]:
        """Yield each open period as it would end `now`, and whether it is being worked."""
        for unit, one in self._open.items():
            arrived = PHASES[self._arrived[unit]] if unit in self._arrived else None
            if arrived is Phase.ACTIVE:
                yield _Open(one.start, None, _pauses(one, self._now)).ended(unit, now), True
            elif arrived is None:
                yield one.ended(unit, now), one.paused_since is None
            else:
                yield one.ended(unit, self._now), False
        for unit, state in self._arrived.items():
            if unit not in self._open and PHASES[state] is Phase.ACTIVE:
                yield ActivePeriod(unit, self._now, now), True

    def _apply(self) -> None:
        """Let the changes of the current instant take effect."""
        now, periods, seen, asleep = self._now, self._open, self._seen, self._asleep
        for unit, state in self._arrived.items():
            phase = PHASES[state]
            seen.add(unit)
            if phase is not _ACTIVE:
                self._rest(unit, phase)
                continue
            if asleep:
                asleep.discard(unit)
            one = periods.get(unit)
            if one is None:
                periods[unit] = _Open(now)
                self._note_start(now)
            elif one.paused_since is not None:
                one.pauses = _pauses(one, now)
                one.paused_since = None
        self._arrived.clear()
        if self._line_paused_since is not None or len(asleep) == len(seen):
            self._note_pauses()
        if self._blockers == 0 and self._closed:
            self._decide_if_known()

    def _rest(self, unit: str, phase: Phase) -> None:
        """Let a unit pause, or be inactive."""
        if phase is Phase.PAUSED:
            self._asleep.add(unit)
        else:
            self._asleep.discard(unit)
        one = self._open.get(unit)
        if one is not None:
            self._interrupt(unit, one, phase)

    def _note_start(self, now: float) -> None:
        if self._instant is None:
            self._instant = now
        if self._instant >= now:
            self._blockers += 1

    def _interrupt(self, unit: str, one: _Open, phase: Phase) -> None:
        """End or pause an open period."""
        if phase is Phase.PAUSED:
            if one.paused_since is None:
                one.paused_since = self._now
            return
        self._end(unit, one)

    def _end(self, unit: str, one: _Open) -> None:
        del self._open[unit]
        self._closed.append(one.ended(unit, self._now))
        if self._instant is not None and one.start <= self._instant:
            self._blockers -= 1
        if len(self._closed) >= self._prune_at:
            self._prune()

    def _note_pauses(self) -> None:
        """Follow whether any work unit is on shift."""
        if len(self._asleep) == len(self._seen):
            if self._line_paused_since is None:
                self._line_paused_since = self._now
        elif self._line_paused_since is not None:
            self._line_pauses.append((self._line_paused_since, self._now))
            self._line_paused_since = None

    def _begin_day(self, time: float) -> None:
        """End the periods of units that are paused for so long that they are taken for gone."""
        midnight = time // DAY_S * DAY_S
        self._next_day = midnight + DAY_S
        latest = midnight - (self._gone_s or 0.0)
        gone = [
            unit
            for unit, one in self._open.items()
            if one.paused_since is not None and one.paused_since < latest
        ]
        for unit in gone:
            self._end(unit, self._open[unit])
        self._decide_if_known()

    def _decide_if_known(self) -> None:
        reached = self._instant is not None and self._instant <= self._now
        if reached and self._blockers == 0 and self._closed:
            self._decide()

    def _decide(self) -> None:
        """Walk on as far as every period that covers the instant has ended."""
        while self._instant is not None and self._blockers == 0:
            instant = self._instant
            covering = [p for p in self._closed if p.start <= instant < p.end]
            if covering:
                self._join(min(covering, key=preference))
            else:
                self._settle_last(None)
                self._instant = self._next_start(instant)
            self._forget_and_count()

    def _join(self, member: ActivePeriod) -> None:
        """Make a period the next member of the chain."""
        own = claim(member, self._last)
        self._settle_last(own)
        self._last = own
        self._instant = member.end

    def _settle_last(self, following: Claim | None) -> None:
        if self._last is None:
            return
        self._members.append(self._last.member)
        self._segments.extend(claim_segments(self._last, following))
        self._last = None

    def _next_start(self, instant: float) -> float | None:
        starts = [p.start for p in self._closed if p.end > instant]
        starts.extend(one.start for one in self._open.values())
        return min(starts, default=None)

    def _forget_and_count(self) -> None:
        """Drop periods that end before the instant; count the open ones that cover it."""
        instant = self._instant
        if instant is None:
            self._closed.clear()
            return
        self._closed = [p for p in self._closed if p.end > instant]
        self._blockers = sum(1 for one in self._open.values() if one.start <= instant)

    def _prune(self) -> None:
        """Drop ended periods that an open one already exceeds, so that waiting costs no memory.

        The open one covers every instant still to be decided until now, so none of those
        can be preferred at any.
        """
        instant = self._instant
        lengths = [
            one.ended(unit, self._now).length
            for unit, one in self._open.items()
            if one.paused_since is None and instant is not None and one.start <= instant
        ]
        longest = max(lengths, default=0)
        self._closed = [p for p in self._closed if p.length >= longest]
        self._prune_at = max(FIRST_PRUNE, 2 * len(self._closed))


def _pauses(one: _Open, now: float) -> tuple[Interval, ...]:
    """Return the pauses of an open period that is being worked again."""
    if one.paused_since is None:
        return one.pauses
    return (*one.pauses, (one.paused_since, now))
