"""The watch: follows one site and lets its aspects work out what the events mean.

One watch a site at a time, by a lock; another takes over when it dies. What the aspects find is
published as facts; the watch keeps all of them, and publishes them again when they were lost.
Imported by the wiring, which runs one in a thread for each site.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import structlog

from data.domain.events import Event
from data.services.aspects import Aspect, Documents
from data.services.errors import MilepostError, Unavailable
from data.services.live import POLL_S, WATCH, LiveSite

READ_MS = 200
NOTE_S = 1.0
RETRY_S, LONGEST_RETRY_S = 0.5, 30.0
SLOW_S = 2.0  # an aspect that works for longer in one go is named in the log
_log = structlog.get_logger("watch")


class Lock(Protocol):
    """What makes a watch the only one."""

    def acquire(self) -> bool:
        """Take it, or make sure that it is held."""

    def release(self) -> None:
        """Give it back."""


class FactsSink(Protocol):
    """Where facts are published."""

    def publish(
        self, site: str, documents: Mapping[str, bytes | None], after: int | None
    ) -> int | None:
        """Publish; None when another number than `after` stands there."""

    def last(self, site: str) -> int:
        """Number of the last entry."""

    def names(self, site: str) -> set[str]:
        """Names that have a document."""


class Notes(Protocol):
    """Where a reader says how far it is."""

    def note_reader(self, site: str, reader: str, offset: str, at_s: float) -> None:
        """Say how far it is."""


@dataclass
class _Post:
    """An aspect and how it does."""

    aspect: Aspect
    begun: bool = False
    failures: int = 0
    retry_at: float = 0.0


class Watch:
    """Watches one site. `step` is one testable round."""

    def __init__(
        self, site: str, live: LiveSite, aspects: Sequence[Aspect], lock: Lock, facts: FactsSink,
        log: Notes, now_s: Callable[[], float], clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """`now_s`: the real now in epoch seconds; `clock`: seconds that never go back."""
        self.site = site
        self._live = live
        self._posts = [_Post(aspect) for aspect in aspects]
        self._lock, self._facts, self._log = lock, facts, log
        self._now_s, self._clock = now_s, clock
        self._held = False
        self._boards = 0
        self._seen: list[Event] = []
        self._known: dict[str, bytes] = {}
        self._number, self._whole = 0, True  # the last published, and whether nothing is missing
        self._polled_at = self._noted_at = 0.0
        live.follow(self._seen.extend)

    @property
    def holds_site(self) -> bool:
        """Whether it is this process that watches the site."""
        return self._held

    def step(self, block_ms: int | None = READ_MS) -> int:
        """Take what the log has and let every aspect work; return how many events there were.

        0 too while another process watches. Raises: Unavailable, Overloaded.
        """
        try:
            return self._round(block_ms) if self._held or self._begin() else 0
        except Unavailable:
            self._end()
            raise

    def close(self) -> None:
        """Let another take over."""
        self._end()
        self._lock.release()

    def _end(self) -> None:
        self._held = False
        for post in self._posts:
            post.aspect.end()

    def _begin(self) -> bool:
        if not self._lock.acquire():
            return False
        self._live.load()
        self._number, self._whole = self._facts.last(self.site), True
        self._known.clear()
        self._live.take_facts({}, whole=True)
        self._held, self._boards = True, 0
        _log.info("watching", site=self.site)
        return True

    def _round(self, block_ms: int | None) -> int:
        self._keep_up()
        count = self._live.read(block_ms)
        if self._live.boards != self._boards:  # also one loaded in the middle of the reading
            self._boards = self._live.boards
            for post in self._posts:
                post.begun = False
        events = self._seen[:]
        self._seen.clear()
        for post in self._posts:
            found: Documents = {}
            with self._watched(post):
                found = self._worked(post, events)
            self._publish(found)
        return count

    def _worked(self, post: _Post, events: Sequence[Event]) -> Documents:
        """Let an aspect take events and do what is due; its board has them when it begins."""
        if not post.begun:
            if self._clock() < post.retry_at:
                return {}
            post.aspect.begin(self._live)
            post.begun = True
        elif events:
            post.aspect.see(events)
        found = post.aspect.work(self._live.now)
        post.failures = 0
        return found

    @contextmanager
    def _watched(self, post: _Post) -> Iterator[None]:
        """Say when an aspect is slow; when it fails, let it begin anew after a while."""
        name, begun = type(post.aspect).__name__, self._clock()
        try:
            yield
        except Exception as error:  # one aspect's fault is no other's
            post.begun, post.failures = False, post.failures + 1
            pause_s = min(LONGEST_RETRY_S, RETRY_S * 2.0 ** min(post.failures - 1, 10))
            post.retry_at = self._clock() + pause_s
            if isinstance(error, MilepostError):
                _log.warning("aspect waits", site=self.site, aspect=name, reason=str(error))
            else:
                _log.exception("aspect failed", site=self.site, aspect=name)
        took_s = self._clock() - begun
        if took_s > SLOW_S:
            _log.warning("slow aspect", site=self.site, aspect=name, took_s=round(took_s, 1))

    def _publish(self, documents: Documents) -> None:
        for name, document in documents.items():
            if document is None:
                self._known.pop(name, None)
            else:
                self._known[name] = document
        if not documents:
            return
        self._live.take_facts(documents, whole=False)  # what one aspect finds another may need
        was_whole, self._whole = self._whole, False  # until they are published
        number = self._facts.publish(self.site, documents, self._number) if was_whole else None
        if number is None:
            self._publish_again()
        else:
            self._number, self._whole = number, True

    def _publish_again(self) -> None:
        """Publish everything: Redis has lost facts, or another did it who has lost the lock."""
        if not self._lock.acquire():
            raise Unavailable("another process watches the site")
        _log.warning("facts published again", site=self.site, count=len(self._known))
        gone = dict.fromkeys(self._facts.names(self.site) - self._known.keys())
        number = self._facts.publish(self.site, {**gone, **self._known}, None)
        self._number, self._whole = self._facts.last(self.site) if number is None else number, True

    def _keep_up(self) -> None:
        """Now and then make sure of lock and facts, say that it is up to date, poll the log."""
        now = self._clock()
        if now - self._noted_at >= NOTE_S:
            self._noted_at = now
            self._lock.acquire()
            if self._known and not (self._whole and self._facts.last(self.site) == self._number):
                self._publish_again()
            self._log.note_reader(self.site, WATCH, self._live.offset, self._now_s())
        if now - self._polled_at >= POLL_S:
            self._polled_at = now
            self._live.poll()
            self._live.overlook()
