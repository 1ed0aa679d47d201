"""The bottleneck of each line of a site, live: what the watch works out and stores of it.

Changes of state are fed as they come; what becomes final is stored. Those that come later than the
chain in memory reaches back, and everything at the start, are worked out from the recorded past:
from two days before what is in question, and from earlier where the chain found then has nothing
in common yet with the one that is stored. Imported by the wiring, which hands it to the watch.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import msgspec
import structlog

from data.domain.bottleneck.chain import BottleneckSegment
from data.domain.bottleneck.intervals import Interval
from data.domain.bottleneck.line import (
    Change,
    Correction,
    LineChain,
    built,
    replacement,
    splice_at,
)
from data.domain.bottleneck.opinions import StateTimes
from data.domain.bottleneck.picture import LinePicture, Opinions, opinions_of
from data.domain.events import Event, EventType, work_unit_subject
from data.domain.facts import LINE
from data.domain.line import Line
from data.domain.site import Site
from data.domain.subjects import Identity
from data.services.aspects import Aspect, Documents
from data.services.live import LiveSite

DAY_S = 86_400.0
LOOK_BACK_DAYS = (2.0, 14.0, 35.0, 400.0)
FIRST_DAYS = 35.0
KEPT_DAYS = 8.0  # of segments in memory: last shifts, also over a long weekend
PUBLISH_S = 5.0
OPINIONS_S = 60.0
SHARE_OF_TIME = 20.0  # what is asked of SQL now and then takes at most this part of the time
MOST_MARKS = 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATE, _VOID = EventType.WORK_UNIT_STATE_CHANGED, EventType.EVENT_VOIDED
_log = structlog.get_logger("bottlenecks")

Mark = tuple[str, int]


class ChainStore(Protocol):
    """What the aspect asks of SQL."""

    def last_end(self, site: str, area: str) -> float | None:
        """Until when a chain is stored."""

    def segments(
        self, site: str, area: str, since: float, until: float | None = None
    ) -> list[BottleneckSegment]:
        """Final segments that meet a span."""

    def pauses(
        self, site: str, area: str, since: float, until: float | None = None
    ) -> list[Interval]:
        """Raw pauses that meet a span."""

    def changes(
        self, site: str, work_units: Sequence[str], since: float, otherwise: float
    ) -> list[Change]:
        """Changes of state, with what the first need before them."""

    def time_of(self, site: str, identity: Identity) -> float | None:
        """When an event happened."""

    def state_times(
        self, site: str, work_units: Sequence[str], since: float, until: float
    ) -> StateTimes:
        """How long each work unit was in each state."""

    def store(
        self, site: str, corrections: Mapping[str, Correction], marks: Sequence[Mark]
    ) -> None:
        """Make rows what they are now and settle marks, in one transaction."""


class Marks(Protocol):
    """What the recorder has marked."""

    def take(self, site: str, kind: str, limit: int) -> Sequence[Mark]:
        """Marked keys, the oldest first."""


class _Followed:
    """One line: its chain, what it is still to be corrected by, what is shown of it."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.chain = LineChain()
        self.picture = LinePicture(line)
        self.unrecorded: dict[Identity, Change] = {}
        self.undone: set[Identity] = set()
        self.rebuild_from: float | None = None
        self.rebuilt_at = float("-inf")
        self.opinions = Opinions()
        self.published: bytes | None = None
        self.published_at = float("-inf")
        self.leader: str | None = None

    def doubt(self, since: float) -> None:
        """Work the chain out again from an instant."""
        known = self.rebuild_from
        self.rebuild_from = since if known is None else min(known, since)


def _take_unrecorded(followed: _Followed, live: LiveSite, unit: str) -> None:
    """Take what the board was told since what was recorded when it was loaded."""
    fold = live.board.work_units.get(unit)
    for event in fold.ledger.values() if fold is not None else ():
        change = _change(event, unit)
        if change is not None:
            followed.unrecorded[change.identity] = change


def _change(event: Event, unit: str) -> Change | None:
    state = event.data.state
    if state is None:
        return None
    return Change(event.time.timestamp(), event.id, event.source, unit, state)


class Bottlenecks(Aspect):
    """Aspect of the watch: `bottleneck/<area>` for each line."""

    def __init__(
        self, site: str, store: ChainStore, marks: Marks,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """`clock`: seconds that never go back."""
        self._clock = clock
        self._site = site
        self._store = store
        self._marks = marks
        self._live: LiveSite | None = None
        self._model: Site | None = None
        self._lines: dict[str, _Followed] = {}
        self._by_subject: dict[str, tuple[_Followed, str]] = {}  # a line and its unit
        self._taken: list[Mark] = []
        self._marks_at = float("-inf")
        self._opinions_at = float("-inf")

    def begin(self, live: LiveSite) -> None:
        """Find each line's chain in the recorded past, up to now."""
        self._live = live
        marks = self._marks.take(self._site, "chain", MOST_MARKS)
        self._follow(live)
        for key, _ in marks:
            unit, _, day = key.rpartition("/")
            found = self._by_subject.get(work_unit_subject(unit))
            if found is not None:
                found[0].doubt(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
        now = live.now.timestamp()
        corrections = {area: self._rebuild(one, now) for area, one in self._lines.items()}
        self._store.store(self._site, corrections, marks)

    def see(self, events: Sequence[Event]) -> None:
        """Feed changes of state, and take back those that are voided."""
        find = self._by_subject.get
        for event in events:
            found = find(event.subject)
            if found is None:
                continue
            followed, unit = found
            if event.type is _STATE:
                state = event.data.state
                if state is not None:
                    at = event.time.timestamp()
                    followed.chain.feed(Change(at, event.id, event.source, unit, state))
            elif event.type is _VOID:
                self._undo(followed, event)

    def work(self, now: datetime) -> Documents:
        """Store what is final; return the lines whose bottleneck changed."""
        if self._live is None:
            return {}
        if self._live.board.site is not self._model:
            self.begin(self._live)
        now_s = now.timestamp()
        corrections = {area: self._settled(one, now_s) for area, one in self._lines.items()}
        self._keep({area: one for area, one in corrections.items() if one})
        self._ask_opinions(now_s)
        found = {area: self._document(one, now) for area, one in self._lines.items()}
        return {f"{LINE}/{area}": one for area, one in found.items() if one is not None}

    def _follow(self, live: LiveSite) -> None:
        self._model = live.board.site
        before = self._lines
        self._lines, self._by_subject = {}, {}
        for area in self._model.areas:
            line = live.indexes.line(area.id)
            followed = self._lines[area.id] = _Followed(line)
            if area.id in before:
                old = before[area.id]
                followed.unrecorded = old.unrecorded | {c.identity: c for c in old.chain.recent()}
                followed.undone = old.undone | set(old.chain.undone)
            for unit in line.units:
                self._by_subject[work_unit_subject(unit.id)] = (followed, unit.id)
                _take_unrecorded(followed, live, unit.id)
        for identity, subjects in live.board.void_subjects.items():
            for subject in subjects & self._by_subject.keys():
                self._by_subject[subject][0].undone.add(identity)

    def _undo(self, followed: _Followed, event: Event) -> None:
        data = event.data
        identity = (data.event_source or event.source, data.event_id or "")
        followed.undone.add(identity)
        if not followed.chain.undo(identity):
            at = self._store.time_of(self._site, identity)
            if at is not None:
                followed.doubt(at)

    def _settled(self, followed: _Followed, now: float) -> Correction:
        late_since = followed.chain.late_since
        if late_since is not None:
            followed.doubt(late_since)
        if followed.rebuild_from is not None:
            return self._rebuilt(followed, now)
        correction = followed.chain.settle()
        followed.picture.take(correction, now - KEPT_DAYS * DAY_S)
        return correction

    def _rebuilt(self, followed: _Followed, now: float) -> Correction:
        """Rebuild a line's chain, unless that took too much time lately."""
        begun = self._clock()
        if begun < followed.rebuilt_at:
            return Correction()
        correction = self._rebuild(followed, now)
        took_s = self._clock() - begun
        followed.rebuilt_at = begun + SHARE_OF_TIME * took_s
        return correction

    def _rebuild(self, followed: _Followed, now: float) -> Correction:
        """Work a line's chain out from the recorded past; return what it makes different."""
        area, changed_at = followed.line.area.id, followed.rebuild_from
        last = self._store.last_end(self._site, area)
        followed.unrecorded |= {c.identity: c for c in followed.chain.recent()}
        followed.undone |= set(followed.chain.undone)
        if last is None:
            correction = self._build(followed, now - FIRST_DAYS * DAY_S, None) or Correction()
        else:
            earliest = last if changed_at is None else min(last, changed_at)
            correction = self._spliced(followed, earliest, changed_at)
        followed.rebuild_from = None
        self._fill_picture(followed, correction, now)
        return correction

    def _spliced(
        self, followed: _Followed, earliest: float, changed_at: float | None
    ) -> Correction:
        until = float("inf") if changed_at is None else changed_at
        for days in LOOK_BACK_DAYS[:-1]:
            correction = self._build(followed, earliest - days * DAY_S, until)
            if correction is not None:
                return correction
        _log.warning("chain begun anew", site=self._site, area=followed.line.area.id)
        return self._build(followed, earliest - LOOK_BACK_DAYS[-1] * DAY_S, None) or Correction()

    def _build(
        self, followed: _Followed, since: float, changed_at: float | None
    ) -> Correction | None:
        """Begin the chain at an instant. None: it never meets the stored one before the change.

        Without `changed_at` it takes the place of all that is stored from the instant on.
        """
        area = followed.line.area.id
        chain, final = built(self._changes(followed, since), since)
        stored = self._store.segments(self._site, area, since)
        at = since if changed_at is None else splice_at(final.members, set(stored), changed_at)
        if at is None:
            return None
        followed.chain = chain
        for identity in followed.undone:
            chain.undo(identity)
        return replacement(final, stored, self._store.pauses(self._site, area, since), at)

    def _changes(self, followed: _Followed, since: float) -> list[Change]:
        """Return recorded changes, and those that came but may not be recorded yet."""
        units = [unit.id for unit in followed.line.units]
        found = self._store.changes(self._site, units, since, since - FIRST_DAYS * DAY_S)
        recorded = {change.identity for change in found}
        followed.unrecorded = {
            identity: change
            for identity, change in followed.unrecorded.items()
            if identity not in recorded and change.time >= since
        }
        undone = followed.undone
        if not followed.unrecorded and not undone:
            return found
        whole = [*found, *followed.unrecorded.values()]
        return sorted(change for change in whole if change.identity not in undone)

    def _fill_picture(self, followed: _Followed, correction: Correction, now: float) -> None:
        area, since = followed.line.area.id, now - KEPT_DAYS * DAY_S
        picture = LinePicture(followed.line)
        picture.take(
            Correction(
                segments=tuple(self._store.segments(self._site, area, since)),
                pauses=tuple(self._store.pauses(self._site, area, since)),
            ),
            since,
        )
        picture.take(correction, since)
        followed.picture = picture

    def _keep(self, corrections: Mapping[str, Correction]) -> None:
        """Store corrections, and settle marks that were taken a while ago.

        What they stand for has been seen since: an event is in the log before it is recorded.
        """
        due = self._clock() - self._marks_at >= PUBLISH_S
        settled = self._taken if due else []
        if corrections or settled:
            self._store.store(self._site, corrections, settled)
        if due:
            self._taken = list(self._marks.take(self._site, "chain", MOST_MARKS))
            self._marks_at = self._clock()

    def _ask_opinions(self, now: float) -> None:
        begun = self._clock()
        if begun < self._opinions_at or self._live is None:
            return
        for followed in self._lines.values():
            units = followed.line.units
            times = self._store.state_times(
                self._site, [unit.id for unit in units], now - DAY_S, now
            )
            at = datetime.fromtimestamp(now, UTC)
            followed.opinions = opinions_of(self._live.board, followed.line, times, at)
        took_s = self._clock() - begun
        self._opinions_at = begun + max(OPINIONS_S, SHARE_OF_TIME * took_s)

    def _document(self, followed: _Followed, now: datetime) -> bytes | None:
        """Return a line's fact when it is due: at once when another leads, else now and then."""
        walk, real = followed.chain.walk, self._clock()
        leader = walk.leader(max(now.timestamp(), walk.now))
        name = None if leader is None else leader.work_unit
        if name == followed.leader and real - followed.published_at < PUBLISH_S:
            return None
        followed.leader, followed.published_at = name, real
        fact = followed.picture.fact(walk, now, followed.opinions)
        content = msgspec.json.encode(msgspec.structs.replace(fact, as_of=_EPOCH))
        if content == followed.published:
            return None
        followed.published = content
        return msgspec.json.encode(fact)
