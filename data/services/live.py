"""The live state of the sites in one process: follows each log, tells listeners what changed.

Starts from the history's snapshot and reads the log from there. With SQL down it starts from
what the log still holds and says so; when SQL is back it loads again. Used by the push, the
door and the readiness check.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from sys import intern
from typing import Protocol

import msgspec
import structlog
from msgspec.structs import force_setattr

from data.domain.board import Board
from data.domain.events import Event
from data.domain.facts import Facts
from data.domain.forecast.records import OrderForecast
from data.domain.indexes import Indexes
from data.domain.site import Site
from data.domain.topics import EVERYTHING, ORDERS
from data.domain.view import Readers
from data.services.errors import Unavailable
from data.services.folding import Folding, Past
from data.services.ports import KEEP, Entry, Snapshot, seq_of
from data.services.recorder import READER, restored

BATCH = 2000
POLL_S = 2.0
LOG_LOST_S = 3.0
HISTORY_STALE_S = 10.0
START_S = 60.0  # a recorder that is started together with this process has so long to be heard
WATCH_LOST_S = 15.0
FORECAST_STALE = timedelta(minutes=10)
WATCH = "watch"
# What was recorded this many polls ago may go from memory: had somebody emptied the log before it
# was recorded, it would have been put back (`data.services.rescue`) and recognised by then.
_SETTLED_POLLS = 10
_FORGET_EVERY = timedelta(minutes=10)
_CROWD = 200  # so many orders more, and a fifth, than after the last look: it looks again soon
_RISK_EVERY_S = 1.0
_LATE_S = 10.0  # a reader that was away for longer looks whether the log was trimmed beyond it
_PARTS = {"operation": 2, "need": 2, "work-unit": 1, "order": 1, "site": 1}
_NONE: Mapping[str, OrderForecast] = {}
_event = msgspec.json.Decoder(Event).decode
_log = structlog.get_logger("live")


class LogFollower(Protocol):
    """What a live board asks of the log."""

    def epoch(self, site: str) -> str | None:
        """Epoch of the log."""

    def read(self, site: str, after: str, count: int, block_ms: int | None) -> list[Entry]:
        """Entries after an offset."""

    def last_offset(self, site: str) -> str:
        """Offset of the newest entry."""

    def first_offset(self, site: str) -> str | None:
        """Offset of the oldest entry still held."""

    def signals(self, site: str) -> dict[str, float]:
        """When each work unit was last connected."""

    def readers(self, site: str) -> dict[str, tuple[str, float]]:
        """How far each reader is."""


class LivePast(Past, Protocol):
    """What a live board asks of the history."""

    def snapshot(self, site: str, real_now: datetime) -> Snapshot:
        """State as of the recorded offset."""

    def epoch(self, site: str) -> str:
        """Epoch of the log that was recorded last."""


class LiveSite:
    """One site's live board with its indexes. One reader moves it on; many look at it."""

    def __init__(
        self, site: str, log: LogFollower, past: LivePast, now: Callable[[], datetime]
    ) -> None:
        self.site = site
        self.board = Board(site)
        self.indexes = Indexes(self.board)
        self.facts = Facts()
        self.boards = 0  # how many boards it has had: another one was loaded, not folded
        self.loaded = False
        self.history_missing = False
        self.signals: Mapping[str, float] = {}
        self._log = log
        self._past = past
        self._real_now = now
        self._folding = Folding(self.board, past, 0)
        self._epoch: str | None = None
        self._base_epoch = ""  # of the log that the board's snapshot is of
        self._after = "0-0"
        self._fresh: Snapshot | None = None  # for the reader to start again from
        self._hurried = False  # the last read was full: there may be much more
        self._read_at = self._begun_at = now()
        self._beyond: str | None = None  # place of the first entry that the snapshot hadn't
        self._polled_at = now() - timedelta(days=1)
        self._risked_at = self._polled_at
        self._forgot_at = now()
        self._room, self._crowded_polls = _CROWD, 0
        self._readers: Mapping[str, tuple[str, float]] = {}
        self._recorded: deque[int] = deque(maxlen=_SETTLED_POLLS)  # the recorder's last places
        self._units: tuple[Site | None, frozenset[str]] = (None, frozenset())
        self._listeners: list[Callable[[int], None]] = []
        self._followers: list[Callable[[Sequence[Event]], None]] = []
        self._overhearers: list[Callable[[Sequence[Entry]], None]] = []

    def listen(self, listener: Callable[[int], None]) -> None:
        """Call `listener(topics)` after each change, in the reader's own thread of control."""
        self._listeners.append(listener)

    def follow(self, follower: Callable[[Sequence[Event]], None]) -> None:
        """Call `follower(events)` with what was folded, in the order of the log."""
        self._followers.append(follower)

    def overhear(self, listener: Callable[[Sequence[Entry]], None]) -> None:
        """Call `listener(entries)` with what was read of the log, as it stands there."""
        self._overhearers.append(listener)

    @property
    def now(self) -> datetime:
        """The site's own now."""
        return self.board.site.now(self._real_now())

    @property
    def known(self) -> bool:
        """Whether its board is loaded, and the site has sent its model."""
        return self.loaded and self.board.site_state.site is not None

    @property
    def offset(self) -> str:
        """Place in the log up to which it has read."""
        return self._after

    @property
    def units(self) -> frozenset[str]:
        """Ids of the site's work units."""
        model = self.board.site
        if self._units[0] is not model:
            self._units = (model, frozenset(unit.id for unit in model.work_units))
        return self._units[1]

    def load(self) -> None:
        """Start from the history as of its offset, or from the log alone when SQL is down.

        Raises: Unavailable when the log can't be reached.
        """
        self._epoch = self._log.epoch(self.site)
        try:
            self._take(self._past.snapshot(self.site, self._real_now()))
            self.history_missing = False
        except Unavailable as error:
            _log.warning("started without history", site=self.site, reason=str(error))
            self.history_missing = True
        self._look()
        self.read(block_ms=None)
        self.loaded = True
        self._tell(EVERYTHING)

    def read(self, block_ms: int | None = 1000) -> int:
        """Fold what the log has; wait up to `block_ms` for the first entry.

        Raises: Unavailable.
        """
        if self._fresh is None and self._fell_behind():
            self._fetch()
        if self._fresh is not None:
            self._start_again()
        entries = self._log.read(self.site, self._after, BATCH, block_ms)
        self._read_at = self._real_now()
        self._hurried = len(entries) == BATCH
        topics = self._fold(entries) if entries else 0
        for listener in self._overhearers:
            listener(entries)
        if entries:
            self._beyond = self._beyond or entries[0].offset
            self._after = entries[-1].offset
        self._folding.rest(self._settled_seq)
        if topics:
            self._tell(topics)
        return len(entries)

    def poll(self) -> None:
        """Look at signals and readers, forget the old; cheap, once in `POLL_S`.

        What must be loaded again is only fetched here. The reader takes it, since it may be
        waiting in the middle of a read, whose entries would count on the new board too.

        Raises: Unavailable.
        """
        now = self._real_now()
        self._polled_at = now
        self._look()
        if self._began_anew() or self.history_missing or self._base_is_outdone():
            self._fetch()
        self._crowded_polls += len(self.board.orders) > self._room
        if now - self._forgot_at > _FORGET_EVERY or self._crowded_polls > _SETTLED_POLLS:
            self._forget(now)

    def refresh(self) -> int:
        """Bring risks up to now; return the topics to render again (0 when it isn't time)."""
        now = self._real_now()
        if 0 <= (now - self._risked_at).total_seconds() < _RISK_EVERY_S:  # a clock may go back
            return 0
        self._risked_at = now
        self.renew()
        self.indexes.trust(self.forecasts)
        self.indexes.refresh(self.now)
        return ORDERS

    def renew(self) -> None:
        """Bring the indexes up to the board; to be called before looking at them."""
        changed = tuple(self.board.changed_orders)
        self.board.changed_orders.clear()
        self.indexes.touch(changed)
        moved = tuple(self.facts.changed_forecasts)
        self.facts.changed_forecasts.clear()
        self.indexes.touch_forecasts(moved)
        self.indexes.concern(self.facts.concerned)
        self.facts.concerned.clear()

    def overlook(self) -> None:
        """Take no note of what changed: for whoever never renews what the indexes say of orders."""
        self.board.changed_orders.clear()
        self.facts.changed_forecasts.clear()
        self.facts.concerned.clear()

    def take_facts(self, documents: Mapping[str, bytes | None], whole: bool) -> None:
        """Take facts over, `whole`: for all that there are; tell what that touches."""
        topics = self.facts.replace(documents) if whole else self.facts.take(documents)
        if topics:
            self._tell(topics)

    @property
    def forecasts(self) -> Mapping[str, OrderForecast]:
        """Return the forecasts of open orders; none while they are too old to look live."""
        return _NONE if self._forecasts_stale else self.facts.forecasts

    def signal_age_s(self) -> dict[str, float]:
        """Seconds since each work unit was last connected, by the real clock."""
        now_s = self._real_now().timestamp()
        return {unit: max(0.0, now_s - at_s) for unit, at_s in self.signals.items()}

    def readers(self) -> Readers:
        """Say how far the readers of the log are."""
        newest = self.board.last_event_at
        lag_s = self._history_lag_s()
        return Readers(
            log_connected=self.read_age_s < LOG_LOST_S,
            event_age_s=None if newest is None else (self.now - newest).total_seconds(),
            history_lag_s=lag_s,
            history_stale=lag_s is None or lag_s > HISTORY_STALE_S or self.history_missing,
            watch_lag_s=self._silent_s(WATCH),
            watch_stale=self.facts.forecasting is not None and self._forecasts_stale,
        )

    @property
    def read_age_s(self) -> float:
        """Seconds since the log was last read."""
        return (self._real_now() - self._read_at).total_seconds()

    def catch_up(self, timeout_s: float, pause: Callable[[float], None]) -> bool:
        """Wait until the board has folded everything that is in the log by now.

        Return whether it has, however long the pauses took: a process that was slow isn't behind.
        """
        goal = seq_of(self._log.last_offset(self.site))
        waited = 0.0
        while seq_of(self._after) < goal and waited < timeout_s:
            pause(0.005)
            waited += 0.005
        return seq_of(self._after) >= goal

    def _forget(self, now: datetime) -> None:
        self._forgot_at, self._crowded_polls = now, 0
        self._folding.forget(self.now - KEEP, self._settled_seq)
        self._room = len(self.board.orders) * 6 // 5 + _CROWD

    @property
    def _settled_seq(self) -> int:
        """Return the place in the log up to which all is recorded for good; 0: not known yet."""
        return self._recorded[0] if len(self._recorded) == _SETTLED_POLLS else 0

    @property
    def _forecasts_stale(self) -> bool:
        made, silent_s = self.facts.forecasting, self._silent_s(WATCH)
        if made is None or silent_s is None or silent_s > WATCH_LOST_S:
            return True
        clock = self.board.site.clock
        cycle = timedelta(seconds=WATCH_LOST_S * (1.0 if clock is None else clock.rate))
        return self.now - made.as_of > max(FORECAST_STALE, cycle)

    def _history_lag_s(self) -> float | None:
        """Return how far the history is behind; None when no recorder was ever heard.

        At a start the recorder is being started too: until it is heard, the history is as far
        behind as the first entry is old that it hasn't. So a past that is being brought in, and
        the hours for which the program was stopped, are no failure to record.
        """
        silent_s = self._silent_s(READER)
        begun_s = (self._real_now() - self._begun_at).total_seconds()
        if begun_s > START_S or (silent_s is not None and silent_s <= begun_s):
            return silent_s
        waits_s = 0.0
        if self._beyond is not None:
            came_s = int(self._beyond.partition("-")[0]) / 1000
            waits_s = max(0.0, self._real_now().timestamp() - came_s)
        return waits_s if silent_s is None else min(silent_s, waits_s)

    def _silent_s(self, reader: str) -> float | None:
        """Return how long ago a reader last said that it was up to date."""
        note = self._readers.get(reader)
        return None if note is None else self._real_now().timestamp() - note[1]

    def _take(self, snapshot: Snapshot) -> None:
        self.boards += 1
        self.board = restored(self.site, snapshot)
        self._folding = Folding(self.board, self._past, seq_of(snapshot.after))
        self._recorded.clear()
        self._beyond = None
        self._base_epoch = snapshot.epoch
        self._after = "0-0" if self._epoch is not None and self._is_of_before else snapshot.after
        self.indexes = Indexes(self.board)
        self.indexes.trust(self.forecasts)
        self.indexes.refresh(self.now)

    def _look(self) -> None:
        # An emptied log has none until machines signal again: the one that is silent stays known.
        self.signals = {**self.signals, **self._log.signals(self.site)}
        self._readers = self._log.readers(self.site)
        note = self._readers.get(READER)
        if note is not None:
            self._recorded.append(seq_of(note[0]))

    def _began_anew(self) -> bool:
        """Whether the log is another than the one read so far."""
        epoch, before = self._log.epoch(self.site), self._epoch
        if epoch is None or epoch == before:
            return False
        self._epoch = epoch
        if before is not None:
            _log.warning("log began anew", site=self.site, before=before, now=epoch)
        return before is not None

    @property
    def _is_of_before(self) -> bool:
        """Whether the board began with what was recorded of another log than this one."""
        return self._base_epoch not in ("", self._epoch)

    def _base_is_outdone(self) -> bool:
        """Whether the recorder has come to this log, with all that it had of the one before.

        What it still had of that when the board began is in no log, and in SQL alone.

        Raises: Unavailable.
        """
        if self._epoch is None or not self._is_of_before:
            return False
        return self._past.epoch(self.site) != self._base_epoch

    def _fetch(self) -> None:
        try:
            self._fresh = self._past.snapshot(self.site, self._real_now())
        except Unavailable:
            self.history_missing = True

    def _start_again(self) -> None:
        fresh, self._fresh = self._fresh, None
        if fresh is not None:
            self._take(fresh)
            self.history_missing = False
            self._tell(EVERYTHING)

    def _fell_behind(self) -> bool:
        """Whether the log was trimmed beyond what this reader has read."""
        if not self._hurried and self.read_age_s < _LATE_S:
            return False
        first = self._log.first_offset(self.site)
        return self._after != "0-0" and first is not None and seq_of(first) > seq_of(self._after)

    def _fold(self, entries: Sequence[Entry]) -> int:
        decoded = [(entry, self._decoded(entry)) for entry in entries]
        found = [(entry.again, event) for entry, event in decoded if event is not None]
        events, topics = [event for _, event in found], 0
        try:
            self._folding.fetch(events, seq_of(entries[0].offset))
        except Unavailable:
            self.history_missing = True
        for again, event in found:
            try:
                topics |= self._folding.apply(event, again)
            except Unavailable:  # folded as well as can be; `poll` loads again once SQL answers
                self.history_missing = True
                topics |= self.board.apply(event)
        self._folding.hold(events, seq_of(entries[-1].offset))
        for follower in self._followers:
            follower(events)
        return topics

    def _decoded(self, entry: Entry) -> Event | None:
        if entry.digest is None:
            return None
        try:
            event = _event(entry.payload)
        except msgspec.DecodeError as error:
            _log.error("poisoned entry", site=self.site, offset=entry.offset, reason=str(error))
            return None
        if _is_sound(event):
            return _sharing(event)
        _log.error("poisoned entry", site=self.site, offset=entry.offset, subject=event.subject)
        return None

    def _tell(self, topics: int) -> None:
        for listener in self._listeners:
            listener(topics)


def _is_sound(event: Event) -> bool:
    """Whether it can be folded; whatever came through the door can."""
    kind, *names = event.subject.split("/")
    return _PARTS.get(kind) == len(names) and event.time.tzinfo is not None


def _sharing(event: Event) -> Event:
    """Let an event that was just decoded share names with others: each is held but once."""
    force_setattr(event, "source", intern(event.source))
    force_setattr(event, "subject", intern(event.subject))
    if event.data.work_unit is not None:
        force_setattr(event.data, "work_unit", intern(event.data.work_unit))
    return event


def utc_now() -> datetime:
    """Return the real now; handed to whoever needs a clock."""
    return datetime.now(UTC)
