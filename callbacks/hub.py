"""The hub: turns board changes into frames, once a channel, and hands them to every viewer.

A channel is what several viewers see alike: page, scope, parameters, locale. It renders only
what its topics call for, compares with what it sent last and sends the difference. Runs in the
web process under gevent.
"""

import itertools
import random
import re
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from typing import NamedTuple

import gevent
import structlog
from gevent.queue import Empty, SimpleQueue

from callbacks.frames import GZIP_HEADER, Frame, Retry
from callbacks.lateness import Lateness
from callbacks.metrics import FRAMES, RENDER_SECONDS, SEND_SECONDS, SNAPSHOTS, VIEWERS
from data.domain.topics import CLOCK, EVERYTHING, FLOOR, READERS, SIGNALS, bits
from layouts.cells import Cells, changed

BEAT_S = 5.0
PARTS = 20  # in which the channels beat, one after the other within a beat
MIN_INTERVAL_S = 0.1
MAX_INTERVAL_S = 2.0
LATE_TIMES = 4.0  # a process that is late lets changes of a channel gather for so many times that
HELD_UP_S = 1.0  # what waited for longer at a viewer's connection is followed by the age as it is
OWED_S = 4.0  # a change that can't be drawn for longer: viewers are told that they hear nothing
QUEUE_FRAMES = 64
RING_FRAMES = 256
LINGER_S = 60.0
LIFE_S = 15 * 60.0
CLOSING_S = 2.0  # within which the streams of a process that stops end, not all at once
PROGRAM = "program"  # a party's programs: the same, but the clock goes on for them
BY_NAME = "party"  # pages whose channels are told of changes one by one, by `Hub.touch`
_NUMBER = re.compile("[0-9]{1,18}")
_log = structlog.get_logger("hub")

Render = Callable[[int], Cells]  # topics → cells of what they concern; None where one is gone
Form = Callable[..., Frame]  # event, data and, where it has one, the id
Beat = Callable[[], dict[str, object]]  # what a heartbeat says of the data's age


class ChannelKey(NamedTuple):
    """What makes two viewers see the same: the page, the scope's key, parameters, locale."""

    page: str
    site: str
    scope: str
    parameters: Hashable
    locale: str


class Viewer:
    """One open stream: a bounded queue of frames. A viewer that falls behind starts anew."""

    def __init__(self) -> None:
        self.frames: SimpleQueue[Frame] = SimpleQueue()
        self.behind = False
        self.over = False

    def offer(self, frame: Frame) -> None:
        """Queue a frame, or drop the queue when it is full and ask for a snapshot."""
        if self.behind:
            return
        if self.frames.qsize() >= QUEUE_FRAMES:
            self.behind = True
            while not self.frames.empty():
                self.frames.get_nowait()
            return
        self.frames.put(frame)

    def end(self) -> None:
        """Let the stream be over; what it misses its page gets where it connects again."""
        self.over = True
        self.frames.put(_again())


class Channel:
    """What viewers of one key see, and the frames that keep them up to date."""

    def __init__(
        self, name: str, render: Render, beat: Beat, interval_s: float, form: Form = Frame
    ) -> None:
        self.viewers: set[Viewer] = set()
        self.left_at = time.monotonic()
        self.place = 0  # says when within a beat it is its turn
        self.late_s: Callable[[], float] = float  # by how much the process is late
        self._name = name  # differs between processes and restarts, so versions can't be mixed up
        self._render = render
        self._beat = beat
        self._form = form
        self._interval_s = interval_s
        self._cells: Cells = {}
        self._version = 0
        self._ring: deque[tuple[int, Frame]] = deque(maxlen=RING_FRAMES)
        self._dirty = EVERYTHING
        self._waiting = False
        self._flushed_at = 0.0
        self._owed_at: float | None = None  # since when a change waits to be drawn
        self._snapshot: Frame | None = None

    def touch(self, topics: int) -> None:
        """Something changed: send it now, or when the interval since the last event's is over."""
        self._dirty |= topics
        if not self.viewers:
            return
        if self._owed_at is None:
            self._owed_at = time.monotonic()
        if self._waiting:
            return
        self._waiting = True
        late_s = min(MAX_INTERVAL_S, LATE_TIMES * self.late_s())
        wait_s = self._flushed_at + max(self._interval_s, late_s) - time.monotonic()
        gevent.spawn_later(max(0.0, wait_s), self._flush_in_time)

    def flush(self) -> None:
        """Render what is dirty and send what differs."""
        begun = time.monotonic()
        floor = self._dirty & FLOOR
        after = self._rendered()
        self._owed_at = begun if self._dirty else None  # what came meanwhile isn't drawn yet
        if floor:  # what only time changes must not hold up the next event
            self._flushed_at = time.monotonic()
        difference = changed(self._cells, after)
        self._cells |= difference
        for name in [name for name, cell in difference.items() if cell is None]:
            del self._cells[name]
        RENDER_SECONDS.observe(time.monotonic() - begun)
        if difference:
            self._version += 1
            self._send(self._frame("cells", difference), keep=True)
        busy_s = time.monotonic() - begun
        self._interval_s = min(MAX_INTERVAL_S, max(MIN_INTERVAL_S, 2.0 * busy_s))

    def _flush_in_time(self) -> None:
        """Flush by itself; a failure is logged, and tried again with the next change or beat."""
        self._waiting = False
        if not self._dirty:
            return
        try:
            self.flush()
        except Exception:
            self._flushed_at = time.monotonic()
            _log.exception("channel not rendered", channel=self._name)

    def _rendered(self) -> Cells:
        topics, self._dirty = self._dirty, 0
        try:
            return self._render(topics)
        except Exception:
            self._dirty |= topics
            raise

    def beat(self) -> None:
        """Send the heartbeat: the data's own age, the build."""
        self._send(self.heartbeat(), keep=False)

    def heartbeat(self) -> Frame:
        """Return the heartbeat as of now: it vouches for what is shown, if that can be drawn."""
        owed = self._owed_at is not None and time.monotonic() - self._owed_at > OWED_S
        return self._form("beat", {**self._beat(), "log": False} if owed else self._beat())

    def refresh(self) -> None:
        """Flush now what waits for its turn."""
        if self._dirty:
            self.flush()

    def welcome(self, last_id: str | None) -> list[Frame]:
        """Return what brings a viewer up to date: what it missed, or a snapshot."""
        self.refresh()
        missed = self._missed(last_id)
        if missed is not None:
            return [*missed, self.heartbeat()]
        SNAPSHOTS.inc()
        return [self.snapshot(), self.heartbeat()]

    def snapshot(self) -> Frame:
        """Return everything the page shows, as one frame shared by all who need it now."""
        self.refresh()
        if self._snapshot is None:
            self._snapshot = self._frame("snapshot", self._cells)
        return self._snapshot

    def _missed(self, last_id: str | None) -> list[Frame] | None:
        name, _, number = (last_id or "").rpartition(".")
        if name != self._name or not _NUMBER.fullmatch(number):
            return None
        seen = int(number)
        first = self._ring[0][0] if self._ring else self._version + 1
        if seen > self._version or seen + 1 < first:
            return None
        return [frame for version, frame in self._ring if version > seen]

    def _frame(self, event: str, cells: Cells) -> Frame:
        data = {"c": cells, "a": self._beat().get("age")}
        return self._form(event, data, f"{self._name}.{self._version}")

    def _send(self, frame: Frame, keep: bool) -> None:
        if keep:
            self._snapshot = None
            self._ring.append((self._version, frame))
        for viewer in self.viewers:
            viewer.offer(frame)
        FRAMES.inc(len(self.viewers))


class Hub:
    """All channels of one web process."""

    def __init__(
        self, build: str, interval_s: float = MIN_INTERVAL_S, now_s: Callable[[], float] = time.time
    ) -> None:
        self._build = build
        self._interval_s = interval_s
        self._channels: dict[ChannelKey, Channel] = {}
        self._closing = False
        self._number = random.getrandbits(40)
        self._now_s = now_s
        self._begun_s = now_s()
        self._changed_s: dict[tuple[str, int], float] = {}
        self.lateness = Lateness()

    def __len__(self) -> int:
        return len(self._channels)

    def __contains__(self, key: ChannelKey) -> bool:
        return key in self._channels

    def on_change(self, site: str, topics: int) -> None:
        """Hand a change of a site's board to the channels that show it; remember when it was."""
        at_s = self._now_s()
        self._changed_s.update(((site, topic), at_s) for topic in bits(topics))
        for key, channel in list(self._channels.items()):
            if key.site == site and key.page not in (BY_NAME, PROGRAM):
                channel.touch(topics)

    def changed_s(self, site: str, topic: int) -> float:
        """Return when a topic of a site last changed, or this process began if nothing did since.

        By the real clock, in seconds; never later than now, though the clock was ahead meanwhile.
        """
        return min(self._now_s(), self._changed_s.get((site, topic), self._begun_s))

    def touch(self, key: ChannelKey, topics: int) -> None:
        """Hand a change to one channel, if anybody looks at it."""
        channel = self._channels.get(key)
        if channel is not None:
            channel.touch(topics)

    def tick(self, part: int = 0, parts: int = 1) -> None:
        """Beat once on every channel, with what only time changes; drop channels left alone.

        `part` of `parts`: on those whose turn it is, so that not all viewers are looked up at once.
        """
        now = time.monotonic()
        for key, channel in list(self._channels.items()):
            if channel.place % parts != part:
                continue
            if channel.viewers:
                self._beat(channel, 0 if key.page == BY_NAME else CLOCK | SIGNALS | READERS)
            elif now - channel.left_at > LINGER_S:
                del self._channels[key]

    def _beat(self, channel: Channel, topics: int) -> None:
        """Beat on one channel; its failure is none of the others' business."""
        try:
            if topics:
                channel.touch(topics)
            channel.beat()
        except Exception:
            _log.exception("no heartbeat", channels=len(self))

    def run(self) -> None:
        """Tick for ever."""
        for turn in itertools.count():
            due = time.monotonic() + BEAT_S / PARTS
            gevent.sleep(BEAT_S / PARTS)
            self.lateness.note(time.monotonic() - due)
            self.tick(turn % PARTS, PARTS)

    def close(self) -> None:
        """End every stream within `CLOSING_S`, and each new one after its welcome.

        For a process that stops: its viewers go on at another one.
        """
        self._closing = True
        for channel in list(self._channels.values()):
            for viewer in channel.viewers:
                gevent.spawn_later(random.uniform(0.0, CLOSING_S), viewer.end)

    def stream(
        self, key: ChannelKey, render: Render, beat: Beat, last_id: str | None, packed: bool,
        form: Form = Frame,
    ) -> Iterator[bytes]:  # fmt: skip
        """Yield one viewer's stream, from what brings it up to date until its life is over.

        `form`: makes the frames, for those that aren't a page's.
        """
        channel = self._channel(key, render, beat, form)
        viewer = Viewer()
        viewer.over = self._closing
        VIEWERS.inc()
        ends_at = time.monotonic() + LIFE_S * random.uniform(0.8, 1.2)
        try:
            channel.refresh()
            channel.viewers.add(viewer)  # after the refresh, which the welcome holds already
            frames = [_again(), *channel.welcome(last_id)]
            start = GZIP_HEADER if packed else b""
            yield start + b"".join(frame.bytes(packed) for frame in frames)
            took_s = 0.0
            while time.monotonic() < ends_at and not viewer.over:
                frames = _next(viewer, channel)
                if took_s > HELD_UP_S:  # what they say of their age was true when they were made
                    frames.append(channel.heartbeat())
                data = b"".join(frame.bytes(packed) for frame in frames)
                begun = time.monotonic()
                yield data
                took_s = time.monotonic() - begun
                SEND_SECONDS.observe(took_s)
        finally:
            channel.viewers.discard(viewer)
            channel.left_at = time.monotonic()
            VIEWERS.dec()

    def _channel(self, key: ChannelKey, render: Render, beat: Beat, form: Form) -> Channel:
        channel = self._channels.get(key)
        if channel is None:
            self._number += 1
            name = f"{self._build}-{self._number:x}"
            channel = self._channels[key] = Channel(name, render, beat, self._interval_s, form)
            channel.place = self._number
            channel.late_s = self.lateness
        return channel


def _again() -> Retry:
    """Say how long to wait before connecting again: not for all the same."""
    return Retry(random.randint(300, 1500))


def _next(viewer: Viewer, channel: Channel) -> list[Frame]:
    """Wait for frames and return all that are there; a snapshot when the viewer fell behind."""
    if viewer.behind:
        snapshot = channel.snapshot()
        viewer.behind = False
        return [snapshot]
    frames = [viewer.frames.get()]
    while True:
        try:
            frames.append(viewer.frames.get_nowait())
        except Empty:
            return frames
