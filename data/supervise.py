"""Keep the processes of one machine running, and end them together.

Why: a wall must come back without a hand. The supervisor starts its children in order, starts
a dead one again (the first time at once), and on Ctrl-C or SIGTERM lets each finish: first
those that lean on others, then the engines. Imported by
`data.commands.everything` alone.

It sleeps in select() and wakes on signals, on a restart that falls due and, while a child is
getting ready, to ask whether it is.
"""

import select
import signal
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import FrameType, TracebackType
from typing import Self

import structlog

from data.processes import (
    GRACE_S,
    Child,
    ChildError,
    Process,
    died_of,
    has_ended,
    kill_group,
    last_words,
    send,
    spawn,
)

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 10.0
SETTLED_AFTER_S = 60.0
PROVEN_AFTER_S = 5.0
FIRST_TRIES = 3

_LOOK_S = 0.25
_STOPPING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})

_log = structlog.get_logger("supervise")


def backoff_s(deaths: int) -> float:
    """Return how long to wait before the restart after that many deaths in a row.

    Units: seconds.
    """
    if deaths <= 1:
        return 0.0
    return min(FIRST_BACKOFF_S * 2.0 ** min(deaths - 2, 10), LONGEST_BACKOFF_S)


class Supervisor:
    """Runs children until it is told to stop.

    A child with a readiness probe holds back those after it until it was ready once. An
    essential child that dies three times, cannot be started or takes too long before it was ever
    up ends the program; whatever has been up before is restarted for ever.
    """

    def __init__(
        self, children: Sequence[Child], on_ready: Callable[[], None] | None = None
    ) -> None:
        """Take the children in the order of their start; call `on_ready` once, when all are up."""
        self._posts = [_Post(child) for child in children]
        self._on_ready = on_ready

    def run(self) -> int:
        """Run until SIGINT, SIGTERM or SIGHUP, and leave no child behind.

        Must be called in the main thread. Returns the exit code: 0 when told to stop, 1 when an
        essential child could not be brought up. A second signal ends the waiting for children.
        """
        with _Signals() as signals:
            try:
                return self._watch(signals)
            finally:
                self._stop(signals)

    def _watch(self, signals: "_Signals") -> int:
        while True:
            failed = self._step()
            if failed:
                said = last_words(failed.child)
                _log.error("gave_up", child=failed.child.name, reason=failed.reason, said=said)
                return 1
            if signals.wait(self._pause_s()) & _STOPPING:
                return 0

    def _step(self) -> "_Post | None":
        """Look after each child once; returns the one that the program cannot do without."""
        now = time.monotonic()
        for post in self._startable():
            post.look(now)
            if post.is_hopeless(now):
                return post
        if self._on_ready and all(post.up for post in self._posts):
            self._on_ready()
            self._on_ready = None
        return None

    def _startable(self) -> Iterator["_Post"]:
        """Yield the children up to and including the first whose readiness is awaited."""
        for post in self._posts:
            yield post
            if post.child.ready and not post.proven:
                return

    def _pause_s(self) -> float | None:
        now = time.monotonic()
        pauses = [pause for post in self._startable() if (pause := post.pause_s(now)) is not None]
        return min(pauses, default=None)

    def _stop(self, signals: "_Signals") -> None:
        _log.info("stopping")
        hurry = False
        for wave in _waves(self._posts):
            hurry = _stop_wave(wave, signals, hurry)


class _Post:
    """One child's place: what runs in it now, and how it has done so far."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: Process | None = None
        self.up = False
        self.proven = False
        self.reason = ""
        self._refused = False
        self._deaths = 0
        self._started_at = 0.0
        self._first_start_at: float | None = None
        self._due_at = 0.0

    def look(self, now: float) -> None:
        """Notice a death, start again what is due, and ask the others whether they are ready."""
        if self.process and has_ended(self.process):
            self._bury(died_of(self.process), now)
        if self.process is None and now >= self._due_at:
            self._start(now)
        if self.process and not self.up:
            self._ask()
        if self.up and now - self._started_at >= PROVEN_AFTER_S:
            self.proven = True

    def is_hopeless(self, now: float) -> bool:
        """Tell whether an essential child has failed before it was ever up."""
        if self.proven or not self.child.essential or self._first_start_at is None:
            return False
        too_late = not self.up and now - self._first_start_at > self.child.ready_within_s
        return self._refused or self._deaths >= FIRST_TRIES or too_late

    def pause_s(self, now: float) -> float | None:
        """Return how long nothing is to be done here; None until something happens."""
        if self.process is None:
            return max(self._due_at - now, 0.0)
        if not self.up:
            return _LOOK_S if now - self._started_at > _LOOK_S else _LOOK_S / 5
        if not self.proven:
            return max(self._started_at + PROVEN_AFTER_S - now, 0.0)
        return None

    def _start(self, now: float) -> None:
        self._started_at = now
        self._first_start_at = self._first_start_at or now
        try:
            if self.child.prepare:
                self.child.prepare()
            self.process = spawn(self.child)
        except ChildError as error:
            self._refused = True
            self._bury(str(error), now)
            return
        _log.info("child_started", child=self.child.name, pid=self.process.pid)

    def _ask(self) -> None:
        if self.child.ready is None:
            self.up = True
        elif self.child.ready():
            self.up = self.proven = True
            took_s = round(time.monotonic() - self._started_at, 2)
            _log.info("child_ready", child=self.child.name, took_s=took_s)

    def _bury(self, reason: str, now: float) -> None:
        up_s = now - self._started_at
        self._deaths = 1 if up_s >= SETTLED_AFTER_S else self._deaths + 1
        pause_s = backoff_s(self._deaths)
        self._due_at = now + pause_s
        pid = self.process.pid if self.process else None
        self.process, self.up, self.reason = None, False, reason
        _log.warning(
            "child_died",
            child=self.child.name,
            pid=pid,
            reason=reason,
            up_s=round(up_s, 1),
            restart_in_s=pause_s,
        )


def _waves(posts: Sequence[_Post]) -> list[list[_Post]]:
    """Group the running children by when they are stopped, last started first.

    A child with a readiness probe is leant on by those after it, so it goes after them.
    """
    waves: list[list[_Post]] = [[]]
    for post in reversed(posts):
        if post.child.ready:
            waves += [[post], []]
        else:
            waves[-1].append(post)
    return waves


def _stop_wave(wave: Sequence[_Post], signals: "_Signals", hurry: bool) -> bool:
    """Stop these children together; returns whether somebody is in a hurry."""
    running = {post.child.name: post for post in wave if post.process is not None}
    for post in running.values():
        if post.process is not None:
            send(post.process, post.child.stop_signal)
    deadline = time.monotonic() + GRACE_S
    while running:
        for name in [name for name, post in running.items() if _is_gone(post)]:
            _log.info("child_stopped", child=name)
            del running[name]
        left_s = deadline - time.monotonic()
        if running and (hurry or left_s <= 0):
            _kill(running.values())
        elif running:
            hurry = bool(signals.wait(left_s) & _STOPPING)
    return hurry


def _is_gone(post: _Post) -> bool:
    return post.process is None or has_ended(post.process)


def _kill(posts: Iterable[_Post]) -> None:
    for post in posts:
        if post.process:
            _log.warning("child_killed", child=post.child.name, pid=post.process.pid)
            kill_group(post.process)
            post.process.wait()


class _Signals:
    """Turns signals into something one can wait for, without a race between look and sleep."""

    _WATCHED = (*_STOPPING, signal.SIGCHLD)

    def __enter__(self) -> Self:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._fd_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _noted) for number in self._WATCHED}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd_before)
        self._reader.close()
        self._writer.close()

    def wait(self, timeout_s: float | None) -> set[int]:
        """Wait for signals; returns those that came, none after the timeout."""
        if not select.select([self._reader], [], [], timeout_s)[0]:
            return set()
        return set(self._reader.recv(4096))


def _noted(number: int, frame: FrameType | None) -> None:
    """Let the signal interrupt; its number arrives through the wakeup descriptor."""
