"""The forecasts as an aspect of the watch: says what is due, and lets it be done beside.

Simulating a large site takes seconds, so it is done in a thread on an image of the board, and
in steps: what changed is forecast between two of them. The image is brought up to the board
while the thread rests. Imported by the wiring.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import structlog

from data.domain.events import Event, SubjectKind, subject_parts
from data.services.aside import Task
from data.services.aspects import Aspect, Documents
from data.services.errors import Unavailable
from data.services.forecast_image import Image
from data.services.forecast_work import ForecastWork, Store
from data.services.live import LiveSite
from data.services.past import PastReader

RUN_EVERY = timedelta(minutes=5)  # of the site's time,
RUN_UNSETTLED = timedelta(minutes=2)  # sooner when a change was too large to follow to its end
WAIT_S = 0.05  # how long a task is waited for, so that a short one is told at once,
PAUSE_S = 0.3  # one that is to pause,
END_S = 5.0  # and one that may store nothing any more
REST_SHARE = 1.0  # rest at least so many times as long as the last update took,
REST_S = 0.4  # but not longer than that
RUN_REST_SHARE = 3.0  # the same between two runs of everything
_OF_ORDERS = frozenset({SubjectKind.OPERATION, SubjectKind.NEED, SubjectKind.ORDER})
_log = structlog.get_logger("forecast")


class Forecasts(Aspect):
    """Keeps the forecasts of one site up to date."""

    def __init__(
        self, site: str, store: Store, past: PastReader, published: Callable[[], Iterable[str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """`published`: the names of all facts of the site that stand somewhere."""
        self._site, self._store, self._past = site, store, past
        self._published = published
        self._clock = clock
        self._live: LiveSite | None = None
        self._task: Task[Documents] | None = None
        self._run: Iterator[Documents] | None = None  # what is left of a run that has begun

    def begin(self, live: LiveSite) -> None:
        """Begin anew with the board that was loaded.

        Raises: Unavailable while something still runs that began with the board before.
        """
        self.end()
        if self._task is not None:
            raise Unavailable("a forecast of the board before isn't through yet")
        self._live, self._image = live, Image(live.board)
        self._work = ForecastWork(self._site, self._store, self._past, self._image)
        self._changed: set[str] = set()
        self._units_changed = self._site_changed = False
        self._ran_at = live.now
        self._rest_until_s = self._run_after_s = 0.0
        self._tested = False
        self._begin_run(self._work.begin(live.now, set(self._published())))

    def see(self, events: Sequence[Event]) -> None:
        """Note whom the events concern."""
        for event in events:
            kind, *names = subject_parts(event.subject)
            if kind in _OF_ORDERS:
                self._changed.add(names[0])
            elif kind == SubjectKind.WORK_UNIT:
                self._units_changed = True
            else:
                self._site_changed = True

    def work(self, now: datetime) -> Documents:
        """Start what is due; return what came of it up to now."""
        told = self._collected(0.0)
        if self._task is not None and self._is_run and self._must_update:
            self._task.pause()
            told = {**told, **self._collected(PAUSE_S)}
        if self._task is None and self._live is not None:
            self._start(self._live, now)
            told = {**told, **self._collected(WAIT_S)}
        return told

    def end(self) -> None:
        """Wait for the step that is being taken, for it stores what it finds."""
        if self._task is not None:
            self._task.pause()
            if self._task.done(END_S):
                self._task = None
            else:
                _log.warning("still forecasting", site=self._site)

    @property
    def _must_update(self) -> bool:
        return bool(self._changed or self._units_changed) and self._clock() >= self._rest_until_s

    def _collected(self, within_s: float) -> Documents:
        """Return what the task has found since the last time, waiting a while for its end."""
        task = self._task
        if task is None:
            return {}
        if task.done(within_s):
            self._task = None
            self._note_end(task)
        return {name: document for found in task.taken() for name, document in found.items()}

    def _note_end(self, task: Task[Documents]) -> None:
        now_s = self._clock()
        took_s = now_s - self._started_s
        if not self._is_run:
            self._rest_until_s = now_s + min(REST_S, REST_SHARE * took_s)
            return
        self._run_took_s += took_s
        if task.ended:
            self._run = None
            self._run_after_s = now_s + RUN_REST_SHARE * self._run_took_s

    def _start(self, live: LiveSite, now: datetime) -> None:
        """Start what is due: what changed, the rest of a run, a new one, or that of the past."""
        if self._must_update:
            orders = self._take_changed(live)
            self._begin_task(self._updated(orders, now), is_run=False)
        elif self._run is not None:
            self._begin_task(self._run, is_run=True)
        elif self._must_run(now) and self._clock() >= self._run_after_s:
            self._ran_at = now
            self._take_site(live)
            self._begin_run(self._work.run(now))
        elif not self._tested:
            self._tested = True
            if self._work.untested:
                self._begin_run(self._work.backtest(now))

    def _begin_run(self, steps: Iterator[Documents]) -> None:
        self._run, self._run_took_s = steps, 0.0
        self._begin_task(steps, is_run=True)

    def _begin_task(self, steps: Iterator[Documents], is_run: bool) -> None:
        self._started_s, self._is_run = self._clock(), is_run
        self._task = Task(steps)

    def _updated(self, orders: set[str], now: datetime) -> Iterator[Documents]:
        yield self._work.update(orders, now)

    def _must_run(self, now: datetime) -> bool:
        if self._site_changed or self._work.outdated:
            return True
        every = RUN_EVERY if self._work.settled else RUN_UNSETTLED
        return not timedelta() <= now - self._ran_at < every

    def _take_site(self, live: LiveSite) -> None:
        """Bring the image up to the site's model; what changed of orders is taken as it is told."""
        self._image.take_site(live.board)
        self._site_changed = False

    def _take_changed(self, live: LiveSite) -> set[str]:
        """Bring the image up to the board where it changed."""
        orders, self._changed = self._changed, set()
        self._image.take(live.board, orders)
        if self._units_changed:
            self._image.take_units(live.board)
            self._units_changed = False
        return orders
