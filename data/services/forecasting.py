"""The forecasts as an aspect of the watch: says what is due, and lets it be done beside.

Simulating a large site takes seconds, so it is done in a thread on an image of the board; the
image is brought up to the board between two tasks. Imported by `app`.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from data.domain.events import Event, SubjectKind, subject_parts
from data.services.aside import Task
from data.services.aspects import Documents
from data.services.forecast_image import Image
from data.services.forecast_work import ForecastWork, Store
from data.services.live import LiveSite
from data.services.past import PastReader

RUN_EVERY = timedelta(minutes=5)  # of the site's time,
RUN_UNSETTLED = timedelta(minutes=2)  # sooner when a change was too large to follow to its end
WAIT_S = 0.05  # how long a task is waited for, so that a short one is told at once
REST_SHARE = 4.0  # rest at least so many times as long as the last update took,
REST_S = 0.8  # but not longer than that
RUN_REST_SHARE = 3.0  # the same between two runs of everything
_OF_ORDERS = frozenset({SubjectKind.OPERATION, SubjectKind.NEED})


class Forecasts:
    """Keeps the forecasts of one site up to date (an `Aspect`)."""

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

    def begin(self, live: LiveSite) -> None:
        """Begin anew with the board that was loaded; a task that still runs is left alone."""
        self._live, self._image = live, Image(live.board)
        self._work = ForecastWork(self._site, self._store, self._past, self._image)
        self._changed: set[str] = set()
        self._replanned: set[str] = set()
        self._units_changed = self._site_changed = False
        self._ran_at = live.now
        self._started_s = self._clock()
        self._rest_until_s = self._run_after_s = 0.0
        published = set(self._published())
        self._is_run = True
        self._task = Task(partial(self._work.begin, live.now, published))
        self._tested = False

    def see(self, events: Sequence[Event]) -> None:
        """Note whom the events concern."""
        for event in events:
            kind, *names = subject_parts(event.subject)
            if kind in _OF_ORDERS:
                self._changed.add(names[0])
            elif kind == SubjectKind.ORDER:
                self._replanned.add(names[0])
            elif kind == SubjectKind.WORK_UNIT:
                self._units_changed = True
            else:
                self._site_changed = True

    def work(self, now: datetime) -> Documents:
        """Start what is due; return what came of the task before, or of this one if it is short."""
        told = self._ended(0.0)
        if self._task is None and self._live is not None:
            self._start(self._live, now)
            told = {**told, **self._ended(WAIT_S)}
        return told

    def _ended(self, within_s: float) -> Documents:
        task = self._task
        if task is None or not task.done(within_s):
            return {}
        self._task = None
        now_s = self._clock()
        took_s = now_s - self._started_s
        self._rest_until_s = now_s + min(REST_S, REST_SHARE * took_s)
        if self._is_run:
            self._run_after_s = now_s + RUN_REST_SHARE * took_s
        return task.result()

    def _start(self, live: LiveSite, now: datetime) -> None:
        """Start what is due: all of it, what changed, or the judgement of the past."""
        now_s = self._clock()
        if self._must_run(now) and now_s >= self._run_after_s:
            self._ran_at = now
            self._take_all(live)
            self._begin_task(partial(self._work.run, now), is_run=True)
        elif (self._changed or self._units_changed) and now_s >= self._rest_until_s:
            orders = self._take_changed(live)
            self._begin_task(partial(self._work.update, orders, now), is_run=False)
        elif not self._tested:
            self._tested = True
            if self._work.untested:
                self._begin_task(partial(self._work.backtest, now), is_run=True)

    def _begin_task(self, action: Callable[[], Documents], is_run: bool) -> None:
        self._started_s, self._is_run = self._clock(), is_run
        self._task = Task(action)

    def _must_run(self, now: datetime) -> bool:
        if self._site_changed or self._replanned:
            return True
        every = RUN_EVERY if self._work.settled else RUN_UNSETTLED
        return not timedelta() <= now - self._ran_at < every

    def _take_all(self, live: LiveSite) -> None:
        self._image.take_site(live.board)
        self._image.take(live.board, self._changed | self._replanned)
        self._changed, self._replanned = set(), set()
        self._units_changed = self._site_changed = False

    def _take_changed(self, live: LiveSite) -> set[str]:
        """Bring the image up to the board where it changed, but not to new plans."""
        orders = self._changed - self._replanned
        self._changed &= self._replanned
        self._image.take(live.board, orders)
        if self._units_changed:
            self._image.take_units(live.board)
            self._units_changed = False
        return orders
