"""Runs the demo factory: history when the board is empty, then live for as long as told.

Clock, sleep and the ways out are handed in, so a test runs months in seconds.
Imported by whoever starts the demo; reaches nothing outside but the sink.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import blake2s
from typing import Protocol

from data.domain.board import Board
from data.simulate.factory import Factory
from data.simulate.reports import Envelope, work_unit_of

HISTORY = timedelta(days=30)
CHUNK = 5000  # envelopes of history at once
BATCH = 500  # envelopes of a live report at once
TICK_S = 0.25
SIGNAL_EVERY_S = 3.0
CATCH_UP_S = 300.0  # a gap longer than this is made up in large steps
HISTORY_STEP_S = 6 * 3600.0
FIRST_BACKOFF_S, LAST_BACKOFF_S = 0.25, 5.0


class Sink(Protocol):
    """Where the demo factory reports to."""

    def record_history(self, envelopes: Sequence[Envelope]) -> None:
        """Take a part of the history, in time order."""

    def report(self, envelopes: Sequence[Envelope]) -> None:
        """Take live events. Raises: OSError when they must be sent again."""

    def signal(self, work_units: Sequence[str]) -> None:
        """Note that these machines are connected now. Raises: OSError."""


def nothing_muted() -> set[str]:
    """Return no machine: all of them are heard."""
    return set()


def run_demo(
    sink: Sink,
    board: Board,
    seed: int,
    now: Callable[[], datetime],
    sleep: Callable[[float], object],
    stop: Callable[[], bool],
    muted: Callable[[], set[str]] = nothing_muted,
) -> None:
    """Run the factory from what the board knows until `stop`; an empty board gets a history.

    `muted` names work units that are cut off: they give no signal, and what they report
    comes when they are heard again.
    """
    Demo(sink, board, seed, now, sleep, stop, muted).run()


def run_name(seed: int, now: datetime, board: Board) -> str:
    """Name a run: the same for the same seed, instant and board, else another."""
    said = f"{seed}|{now.isoformat()}|{board.last_event_at}|{len(board.operations)}"
    digest = blake2s(said.encode(), digest_size=4).hexdigest()
    return f"demo-{now.astimezone(UTC):%Y%m%d%H%M%S}-{digest}"


def history(
    seed: int, now: datetime, span: timedelta = HISTORY, board: Board | None = None
) -> tuple[Factory, list[Envelope]]:
    """Return the factory as it stands at `now` and all that it reported on its way there."""
    factory = _factory(board or Board("hsinchu"), seed, now, span)
    return factory, factory.advance(now.timestamp())


def _factory(board: Board, seed: int, now: datetime, span: timedelta = HISTORY) -> Factory:
    start = board.last_event_at or now - span
    name = run_name(seed, now, board)
    return Factory(board, seed, name, start.timestamp(), now.timestamp())


class Demo:
    """One run of the demo factory."""

    def __init__(
        self,
        sink: Sink,
        board: Board,
        seed: int,
        now: Callable[[], datetime],
        sleep: Callable[[float], object],
        stop: Callable[[], bool],
        muted: Callable[[], set[str]],
    ) -> None:
        self._sink = sink
        self._now = now
        self._sleep = sleep
        self._stop = stop
        self._muted = muted
        self._fresh = board.last_event_at is None
        self._factory = _factory(board, seed, now())
        self._withheld: list[Envelope] = []
        self._signalled: datetime | None = None

    def run(self) -> None:
        """Make the history, or what happened since the board's last event, then go live."""
        if self._fresh:
            self._record_history()
        while not self._stop():
            self._signal()
            self._live_step()
            self._sleep(TICK_S)

    def _record_history(self) -> None:
        """Record everything up to the horizon, in chunks."""
        pending: list[Envelope] = []
        at = self._factory.env.now
        while at < self._factory.horizon and not self._stop():
            at = min(at + HISTORY_STEP_S, self._factory.horizon)
            pending += self._factory.advance(at)
            while len(pending) >= CHUNK:
                self._sink.record_history(pending[:CHUNK])
                pending = pending[CHUNK:]
        if pending:
            self._sink.record_history(pending)

    def _live_step(self) -> None:
        """Report what happened since the last step; after a long gap in large steps."""
        until = self._now().timestamp()
        if until - self._factory.env.now > CATCH_UP_S:
            self._factory.horizon = until
        for at in _steps(self._factory.env.now, until):
            heard = self._heard(self._factory.advance(at))
            for first in range(0, len(heard), BATCH):
                if not self._deliver(heard[first : first + BATCH]):
                    return

    def _heard(self, envelopes: list[Envelope]) -> list[Envelope]:
        """Return what gets through: muted machines' events wait for the end of the silence."""
        muted = self._muted()
        if not muted and not self._withheld:
            return envelopes
        heard: list[Envelope] = []
        withheld: list[Envelope] = []
        for envelope in (*self._withheld, *envelopes):
            (withheld if work_unit_of(envelope) in muted else heard).append(envelope)
        self._withheld = withheld
        return heard

    def _deliver(self, envelopes: list[Envelope]) -> bool:
        """Report until it is taken; False when told to stop before."""
        backoff_s = FIRST_BACKOFF_S
        while True:
            self._signal()
            try:
                self._sink.report(envelopes)
            except OSError:
                if self._stop():
                    return False
                self._sleep(backoff_s)
                backoff_s = min(LAST_BACKOFF_S, backoff_s * 2)
            else:
                return True

    def _signal(self) -> None:
        """Say which machines are connected, when it is time; a lost signal isn't repeated."""
        now = self._now()
        if self._signalled and (now - self._signalled).total_seconds() < SIGNAL_EVERY_S:
            return
        self._signalled = now
        muted = self._muted()
        with suppress(OSError):
            self._sink.signal([unit for unit in self._factory.machines if unit not in muted])


def _steps(start: float, until: float) -> list[float]:
    """Cut a stretch of time so that no part of it holds too many events."""
    steps = [start + HISTORY_STEP_S]
    while steps[-1] < until:
        steps.append(steps[-1] + HISTORY_STEP_S)
    return [*steps[:-1], until] if until > start else []
