"""The chain of one line as its reports come: in order, late, twice, undone.

Pure; imported by the watch. A `LineChain` keeps the walk, copies of it from before and what came
since, so that a change that comes late is put in its place without asking the history. What came
later still is the caller's to rebuild; `splice_at` says from where a rebuilt chain differs.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from msgspec import Struct

from data.domain.bottleneck.chain import BottleneckSegment, Claim, claim, claim_segments
from data.domain.bottleneck.intervals import Interval
from data.domain.bottleneck.live import ChainWalk, Final
from data.domain.bottleneck.states import ActivePeriod
from data.domain.events import WorkUnitState

GONE_S = 7 * 86_400.0  # a work unit off shift for longer holds up no answer
COPY_EVERY_S = 60.0
WINDOW_S = 4 * 3600.0
MOST_CHANGES = 400_000


class Change(Struct, frozen=True, order=True, gc=False):
    """A work unit enters a state; in the order in which reports of one instant count."""

    time: float
    id: str
    source: str
    work_unit: str
    state: WorkUnitState

    @property
    def identity(self) -> tuple[str, str]:
        """Source and id of the report."""
        return (self.source, self.id)


class Correction(Struct, frozen=True):
    """What is final now, and what was said to be and isn't: rows to take out, rows to put in."""

    undone: tuple[BottleneckSegment, ...] = ()
    undone_pauses: tuple[Interval, ...] = ()
    segments: tuple[BottleneckSegment, ...] = ()
    pauses: tuple[Interval, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to store."""
        return bool(self.undone or self.undone_pauses or self.segments or self.pauses)


class _Stretch(Struct):
    """A copy of the walk, and what came and became final after it."""

    walk: ChainWalk
    changes: list[Change]
    finals: list[Final]

    @property
    def since(self) -> float:
        """Instant of the copy."""
        return self.walk.now

    def join(self, following: "_Stretch") -> None:
        """Take the following stretch in."""
        self.changes.extend(following.changes)
        self.finals.extend(following.finals)


class LineChain:
    """Follows the chain of one line; `feed` what comes, then `settle` says what is final."""

    def __init__(self, walk: ChainWalk | None = None) -> None:
        """Begin from a walk that was fed the past, with nothing final left in it."""
        self.walk = walk or ChainWalk(gone_s=GONE_S)
        self._stretches = [_Stretch(self.walk.copy(), [], [])]
        self._changes = self._stretches[0].changes
        self._newest = _earliest(self.walk.now)
        self._late: list[Change] = []
        self._undone: set[tuple[str, str]] = set()
        self._dirty: float | None = None

    def feed(self, change: Change) -> None:
        """Take one change; one that comes late waits for `settle`."""
        if self._undone and change.identity in self._undone:
            return
        at = change.time
        if at <= self._newest.time and change < self._newest:
            self._late.append(change)
            return
        self._newest = change
        self._changes.append(change)
        self.walk.feed(change.work_unit, change.state, at)

    def undo(self, identity: tuple[str, str]) -> bool:
        """Take a change back; False when it isn't one of the latest, or hasn't come yet."""
        self._undone.add(identity)
        times = [c.time for c in self.recent() if c.identity == identity]
        if times:
            self._dirty = min([*times, *([] if self._dirty is None else [self._dirty])])
        return bool(times)

    def recent(self) -> list[Change]:
        """Return what came since the oldest copy, and what came late."""
        return [*(c for s in self._stretches for c in s.changes), *self._late]

    @property
    def undone(self) -> Collection[tuple[str, str]]:
        """Identities that were taken back."""
        return self._undone

    @property
    def late_since(self) -> float | None:
        """Time of the earliest change that no copy of the walk is older than; None: none is."""
        times = [change.time for change in self._late]
        if self._dirty is not None:
            times.append(self._dirty)
        earliest = min(times, default=None)
        if earliest is None or earliest > self._stretches[0].since:
            return None
        return earliest

    def settle(self) -> Correction:
        """Put late changes in their place; return what is final since the last call.

        Call it only while `late_since` is None.
        """
        old = self._step_back()
        kept = [final for stretch in self._stretches for final in stretch.finals]
        return _difference(old, self.take(), kept)

    def take(self) -> Final:
        """Return what became final since the last call, all changes having come in order."""
        final = self.walk.take_final()
        if final != Final():
            self._stretches[-1].finals.append(final)
        self._copy()
        return final

    def _step_back(self) -> list[Final]:
        """Go on from the last copy before what came late; return what became final after it."""
        late, dirty = self._late, self._dirty
        if not late and dirty is None:
            return []
        times = [change.time for change in late] + ([] if dirty is None else [dirty])
        index = max(i for i, s in enumerate(self._stretches) if s.since < min(times))
        again, self._stretches = self._stretches[index:], self._stretches[: index + 1]
        known = {c.identity: c for s in again for c in s.changes} | {c.identity: c for c in late}
        self._late, self._dirty = [], None
        self._stretches[-1] = _Stretch(again[0].walk, [], [])
        self.walk = again[0].walk.copy()
        self._changes = self._stretches[-1].changes
        self._newest = _earliest(self.walk.now)
        for change in sorted(known.values()):
            if change.identity not in self._undone:
                self.feed(change)
        return [final for stretch in again for final in stretch.finals]

    def _copy(self) -> None:
        """Copy the walk once in a while; the older, the fewer copies stay."""
        stretches = self._stretches
        if self.walk.now - stretches[-1].since < COPY_EVERY_S:
            return
        stretches.append(_Stretch(self.walk.copy(), [], []))
        self._changes = stretches[-1].changes
        now = self.walk.now
        for i in range(len(stretches) - 2, 0, -1):
            if stretches[i + 1].since - stretches[i - 1].since < (now - stretches[i + 1].since) / 2:
                stretches[i - 1].join(stretches.pop(i))
        held = sum(len(s.changes) for s in stretches)
        while len(stretches) > 1 and (now - stretches[1].since > WINDOW_S or held > MOST_CHANGES):
            held -= len(stretches.pop(0).changes)


def _earliest(time: float) -> Change:
    return Change(time, "", "", "", WorkUnitState.UNKNOWN)


def _difference(old: Sequence[Final], new: Final, kept: Sequence[Final]) -> Correction:
    if not old:
        return Correction((), (), new.segments, _by_start(raw_pauses(new)))
    before = [row for final in old for row in final.segments]
    pauses_before = _by_start(pause for final in old for pause in raw_pauses(final))
    others = [pause for final in (*kept, new) for pause in raw_pauses(final)]
    return corrected(before, pauses_before, new.segments, _by_start(others))


def corrected(
    before: Collection[BottleneckSegment], pauses_before: Collection[Interval],
    after: Collection[BottleneckSegment], pauses_after: Collection[Interval],
) -> Correction:  # fmt: skip
    """Return what makes rows those that they ought to be."""
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    return Correction(
        undone=tuple(row for row in old if row not in new),
        undone_pauses=tuple(pause for pause in pauses_before if pause not in pauses_after),
        segments=tuple(row for row in new if row not in old),
        pauses=tuple(pause for pause in pauses_after if pause not in pauses_before),
    )


def _by_start(pauses: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return one pause of each start, the longest."""
    ends: dict[float, float] = {}
    for start, end in pauses:
        ends[start] = max(end, ends.get(start, end))
    return tuple(ends.items())


def raw_pauses(final: Final) -> tuple[Interval, ...]:
    """Return when the line or a member of the chain was paused, which may overlap."""
    return (*final.line_pauses, *(pause for m in final.members for pause in m.pauses))


def built(changes: Sequence[Change], since: float | None) -> tuple[LineChain, Final]:
    """Return the chain that begins at an instant, fed sorted changes, and what is final of it."""
    walk = ChainWalk(since, GONE_S)
    recent_from = changes[-1].time - WINDOW_S if changes else 0.0
    first = bisect_left(changes, recent_from, key=lambda change: change.time)
    for change in changes[:first]:
        walk.feed(change.work_unit, change.state, change.time)
    finals = [walk.take_final()]
    chain = LineChain(walk)
    copied_at = recent_from
    for change in changes[first:]:
        if change.time - copied_at >= COPY_EVERY_S:
            copied_at = change.time
            finals.append(chain.take())
        chain.feed(change)
    finals.append(chain.take())
    return chain, _joined(finals)


def _joined(finals: Sequence[Final]) -> Final:
    return Final(
        tuple(member for final in finals for member in final.members),
        tuple(segment for final in finals for segment in final.segments),
        tuple(pause for final in finals for pause in final.line_pauses),
    )


def splice_at(
    members: Sequence[ActivePeriod], stored: Collection[BottleneckSegment], changed_at: float
) -> float | None:
    """Return from which start on a rebuilt chain takes the place of the stored one.

    A chain that was begun anew at some instant soon goes on as the one that has run for ever:
    as soon as they have a member in common, for what follows depends on nothing before. Rows
    that start earlier stay as they are. None: the two have nothing in common before the change
    and the end of what is stored.
    """
    stored_until = max((row.end for row in stored), default=float("-inf"))
    claims: list[Claim] = []
    for member in members:
        claims.append(claim(member, claims[-1] if claims else None))
    joined: float | None = None
    found: float | None = None
    for own, following in pairwise(claims):
        if own.member.end >= changed_at or own.member.end > stored_until:
            break
        if joined is not None and own.since >= joined:
            found = own.since
        rows = list(claim_segments(own, following))
        if joined is None and rows and all(row in stored for row in rows):
            joined = own.member.end
    return found


def replacement(
    final: Final, stored: Collection[BottleneckSegment], stored_pauses: Collection[Interval],
    since: float,
) -> Correction:  # fmt: skip
    """Return what makes the stored rows that start at or after an instant those of a chain."""
    return corrected(
        [row for row in stored if row.start >= since],
        _by_start(pause for pause in stored_pauses if pause[0] >= since),
        [row for row in final.segments if row.start >= since],
        _by_start(pause for pause in raw_pauses(final) if pause[0] >= since),
    )
