"""Monte Carlo over the open operations of a site: one pass, all samples at once.

Operations are taken in a fixed sequence. Each starts when its predecessors allow it, its work
unit is free, its material is there and its order is released; the work unit is then busy to
its end. That couples the orders. What each drew stays the same for the same seed, whatever
else is recomputed, so a change shows itself and no noise. Imported within the forecast only.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from data.domain.forecast.runtimes import RunTimes, truncated
from data.domain.forecast.sequence import sequence
from data.domain.forecast.tasks import Floor, Task

Samples = NDArray[np.float32]
Lanes = NDArray[np.intp]
T = TypeVar("T")

SAMPLES = 200
SAME_S = 1.0  # what moves by less, in the mean over the samples, moves nothing else,
SAME_SHARE = 0.005  # nor what moves by less than this share of the time until then
AT_ONCE = 20_000  # tasks that an update simulates; the rest waits for the next run
SLICE = 500  # tasks between two rests of a run
_SHUFFLES = 1024
_NEXT = 1e-6  # of a turn: behind what runs, before whatever waits


class Simulation:
    """The open operations of a site, simulated; starts and finishes of every sample.

    Units: working seconds of each task's calendar since the run's origin. Shape: a row a task.
    """

    def __init__(self, times: RunTimes, seed: int = 0, samples: int = SAMPLES) -> None:
        """Begin with nothing to simulate."""
        self._times, self._samples = times, samples
        rng = np.random.default_rng(seed)
        self._shuffles = rng.permuted(np.tile(np.arange(samples), (_SHUFFLES, 1)), axis=1)
        self._each = np.arange(samples)
        self.tasks: list[Task] = []
        self.places: dict[str, int] = {}
        self.starts: Samples = np.empty((0, samples), np.float32)
        self.finishes: Samples = np.empty((0, samples), np.float32)
        self.settled = True  # whether every change has been followed to its end
        self._now_s = 0.0
        self._floor = Floor(lanes={}, calendars={}, axes={})
        self._stopped: dict[str, float] = {}
        self._free: dict[str, Samples] = {}
        self._turn: dict[int, float] = {}
        self._lane_of: dict[int, Lanes] = {}
        self._fed: dict[int, Samples] = {}  # when what only its material holds could start
        self._forget()

    def run(
        self, tasks: Sequence[Task], floor: Floor, stopped: Mapping[str, float], now_s: float
    ) -> Iterator[None]:
        """Simulate everything anew, resting now and then; nothing else may be asked until the end.

        `stopped`: work units that are down, and for how many clock seconds they have been.
        """
        self.tasks, self._floor, self._now_s = list(tasks), floor, now_s
        self.places = {task.subject: place for place, task in enumerate(tasks)}
        size = (len(tasks), self._samples)
        self.starts, self.finishes = np.empty(size, np.float32), np.empty(size, np.float32)
        self._lane_of, self.settled = {}, True
        medians = list[float]()
        for slice_ in _slices(self.tasks):
            medians += [self._middle(task) for task in slice_]
            yield
        taken, delays = yield from sequence(tasks, medians, floor)
        self._turn = {place: float(turn) for turn, place in enumerate(taken)}
        self._forget()
        for places in _slices(taken):
            self._index(places)
            yield
        self._stopped = dict(stopped)
        self._free = {center: self._first_free(center) for center in self._queues}
        busy = {center: free.copy() for center, free in self._free.items()}
        for places in _slices(taken):
            for place in places:
                self._simulate(place, busy.get(self._queue_of(place)))
            yield
        self._fed = {p: self.starts[p] - np.float32(late_s) for p, late_s in delays.items()}

    def update(
        self, changed: Mapping[str, Task | None], stopped: Mapping[str, float], now_s: float
    ) -> set[int]:
        """Put new tasks in the place of those of the same subject and simulate what follows.

        None: it is completed and asks for nothing any more. The sequence stays, but what has
        begun goes to its front. Returns the places of the tasks that moved or are gone.
        Raises: KeyError for a subject that the last run did not have.
        """
        self._now_s = now_s
        gone = {self.places[subject] for subject, task in changed.items() if task is None}
        dirty = self._stop(stopped)
        for subject, task in changed.items():
            dirty |= self._replace(self.places[subject], task)
        return self._propagate(dirty - self._gone) | gone

    def supplied(self, place: int) -> Samples:
        """Return when a task could start, were its material there. Shape: that of a task's starts.

        What a supplier promises holds the task, so its own start can't say when the part is needed.
        """
        task, start = self.tasks[place], np.asarray(self.starts[place])
        if place not in self._fed:
            return start
        fed = task._replace(earliest_s=task.supplied_s)
        could = np.maximum(self._fed[place], self._ready(place, fed, self._length(fed)))
        if task.width:
            free = self._free[task.work.work_center]
            lane = free.min(axis=0) if task.lane is None else free[task.lane]
            could = np.maximum(could, lane)
        return np.asarray(np.minimum(could, start))

    def _feed(self, place: int, task: Task) -> None:
        """Keep when a task could start, for the time that its material holds it from now on."""
        old = self.tasks[place]
        if task.elapsed_s is not None or task.earliest_s <= task.supplied_s:
            self._fed.pop(place, None)
        elif task.earliest_s > max(old.earliest_s, self._now_s):
            self._fed.setdefault(place, self.starts[place].copy())

    def _stop(self, stopped: Mapping[str, float]) -> set[int]:
        """Take over which work units are down; return the first task of each queue it touches."""
        units = self._stopped.keys() ^ stopped.keys()
        self._stopped = dict(stopped)
        dirty: set[int] = set()
        for center, lanes in self._floor.lanes.items():
            if center in self._queues and not units.isdisjoint(lanes):
                self._free[center] = self._first_free(center)
                dirty |= set(self._queues[center])
        return dirty

    def _replace(self, place: int, task: Task | None) -> set[int]:
        """Swap a task and return the places whose inputs that touches."""
        old, queue = self.tasks[place], self._queues.get(self._queue_of(place), [])
        touched = {place, *self._after[place]}
        if task is None:
            touched.update(self._behind(place))
            if place in queue:
                queue.remove(place)
            self._gone.add(place)
            return touched
        self._feed(place, task)
        self.tasks[place] = task
        if old.elapsed_s is None and task.elapsed_s is not None:
            touched |= self._bring_forward(place, queue)
        return touched

    def _bring_forward(self, place: int, queue: list[int]) -> set[int]:
        """Let what has begun be taken first, behind what else runs there."""
        if place not in queue:
            self._turn[place] = min(self._turn.values()) - 1.0
            return set()
        queue.remove(place)
        running = [p for p in queue if self.tasks[p].elapsed_s is not None]
        ahead = [self._turn[p] for p in running]
        self._turn[place] = max(ahead) + _NEXT if ahead else min(self._turn.values()) - 1.0
        queue.append(place)
        queue.sort(key=self._turn.__getitem__)
        return set(queue[queue.index(place) :])

    def _behind(self, place: int) -> list[int]:
        """Return what a work center takes after a task: the next, or all where lanes mix."""
        queue = self._queues.get(self._queue_of(place), [])
        if not queue:
            return []
        first = bisect_right(queue, self._turn[place], key=self._turn.__getitem__)
        return queue[first : first + 1] if self.tasks[place].width == 1 else queue[first:]

    def _propagate(self, dirty: set[int]) -> set[int]:
        """Simulate in turn what is dirty and all that it moves; return the places that moved."""
        heap = [(self._turn[place], place) for place in dirty]
        heapify(heap)
        seen = set(dirty)
        replays: dict[str, _Replay] = {}
        moved: set[int] = set()
        for _ in range(AT_ONCE):
            if not heap:
                break
            _, place = heappop(heap)
            has_moved, behind = self._again(place, replays)
            followers = set(behind)
            if has_moved:
                moved.add(place)
                followers.update(self._after[place])
            fresh = followers - seen - self._gone
            seen |= fresh
            for follower in fresh:
                heappush(heap, (self._turn[follower], follower))
        self.settled = self.settled and not heap
        return moved

    def _again(self, place: int, replays: dict[str, "_Replay"]) -> tuple[bool, list[int]]:
        """Simulate one task again.

        Returns whether it moved, and what its work center takes next if that could notice.
        """
        center = self._queue_of(place)
        start, finish = self.starts[place].copy(), self.finishes[place].copy()
        if center not in self._queues:
            self._simulate(place, None)
            return not self._same(place, start, finish), []
        if center not in replays:
            replays[center] = _Replay(self, center)
        behind = replays[center].again(place, finish, self._near_s(place))
        return not self._same(place, start, finish), behind

    def _same(self, place: int, start: Samples, finish: Samples) -> bool:
        near_s = self._near_s(place)
        return near(start, self.starts[place], near_s) and near(
            finish, self.finishes[place], near_s
        )

    def _near_s(self, place: int) -> float:
        """Return by how much a task may move without moving anything else."""
        ahead_s = float(self.finishes[place].mean()) - self._worked_now(place)
        return max(SAME_S, SAME_SHARE * ahead_s)

    def _worked_now(self, place: int) -> float:
        return self._floor.axis(self.tasks[place].calendar).worked_at(self._now_s)

    def _forget(self) -> None:
        self._gone: set[int] = set()
        self._queues: dict[str, list[int]] = defaultdict(list)
        self._after: dict[int, list[int]] = defaultdict(list)

    def _index(self, taken: Sequence[int]) -> None:
        """Remember the queue of each work center and what follows each task."""
        for place in taken:
            task = self.tasks[place]
            if task.width:
                self._queues[task.work.work_center].append(place)
            for subject, _ in task.before:
                self._after[self.places[subject]].append(place)

    def _queue_of(self, place: int) -> str:
        task = self.tasks[place]
        return task.work.work_center if task.width else ""

    def _first_free(self, center: str) -> Samples:
        """Return when each lane is free at first: at once, or when its stoppage ends."""
        lanes = self._floor.lanes[center]
        free = np.full((len(lanes), self._samples), -np.inf, np.float32)
        axis = self._floor.axis(self._floor.calendars.get(center, ""))
        for lane, unit in enumerate(lanes):
            if unit in self._stopped:
                elapsed_s = self._stopped[unit]
                left = self._times.stop_left(unit, center, elapsed_s, self._samples)
                free[lane] = axis.worked(self._now_s + left[self._shuffle(unit)])
        return free

    def _shuffle(self, name: str) -> NDArray[np.intp]:
        return np.asarray(self._shuffles[crc32(name.encode()) % _SHUFFLES])

    def _middle(self, task: Task) -> float:
        """Return the median of the working seconds that a task still takes."""
        ratios = self._times.ratios(task.work, self._samples)
        if task.elapsed_s is None:
            return float(ratios[self._samples // 2]) * task.planned_s
        return float(_left(task, ratios)[self._samples // 2])

    def _length(self, task: Task) -> Samples:
        """Return the working seconds that a task still takes in each sample."""
        ratios = self._times.ratios(task.work, self._samples)
        left = ratios * task.planned_s if task.elapsed_s is None else _left(task, ratios)
        return left[self._shuffle(task.subject)].astype(np.float32)

    def _simulate(self, place: int, busy: Samples | None) -> None:
        """Simulate one task and keep its lane busy until it ends."""
        task = self.tasks[place]
        length = self._length(task)
        start = began = self._ready(place, task, length)
        lane: int | Lanes = 0
        if busy is not None:
            lane = self._choose(task, busy)
            start = np.maximum(
                start, busy[lane] if isinstance(lane, int) else busy[lane, self._each]
            )
        finish = self._not_before_predecessors(place, task, start + length)
        self.starts[place], self.finishes[place] = start, finish
        if task.elapsed_s is not None:
            self.starts[place] = began - np.float32(task.elapsed_s)
        if busy is not None:
            self._occupy(place, lane, busy, finish)

    def _ready(self, place: int, task: Task, length: Samples) -> Samples:
        """Return when a task may begin, or go on, as far as its own order is concerned."""
        axis = self._floor.axis(task.calendar)
        earliest = axis.worked_at(max(task.earliest_s, self._now_s))
        start = np.full(self._samples, earliest, np.float32)
        if task.elapsed_s is not None:
            return start
        for before, share in self._open_before(place, task):
            allowed = self.finishes[before]
            if share:
                allowed = allowed - np.float32(share) * (allowed - self.starts[before])
                ended = self._on_axis(self.finishes[before], before, task)
                start = np.maximum(start, ended - length)
            start = np.maximum(start, self._on_axis(allowed, before, task))
        return start

    def _not_before_predecessors(self, place: int, task: Task, finish: Samples) -> Samples:
        """Return the finish, never before that of a predecessor it overlaps."""
        for before, share in self._open_before(place, task):
            if share:
                ended = self._on_axis(self.finishes[before], before, task)
                finish = np.maximum(finish, ended)
        return finish

    def _open_before(self, place: int, task: Task) -> list[tuple[int, float]]:
        """Return the predecessors that stand before a task in the sequence."""
        if not task.before:
            return []
        turn = self._turn[place]
        known = [(self.places[subject], share) for subject, share in task.before]
        return [(p, share) for p, share in known if p not in self._gone and self._turn[p] < turn]

    def _on_axis(self, worked: Samples, before: int, task: Task) -> Samples:
        """Carry working times over to the calendar of another task."""
        other = self.tasks[before].calendar
        if other == task.calendar:
            return worked
        clock = self._floor.axis(other).ends(worked.astype(float))
        return self._floor.axis(task.calendar).worked(clock).astype(np.float32)

    def _choose(self, task: Task, busy: Samples) -> int | Lanes:
        if task.lane is not None:
            return task.lane
        if len(busy) == 1:
            return 0
        return np.asarray(busy.argmin(axis=0))

    def _occupy(self, place: int, lane: int | Lanes, busy: Samples, finish: Samples) -> None:
        if isinstance(lane, int):
            busy[lane] = np.maximum(busy[lane], finish)
            self._lane_of[place] = np.full(1, lane)
        else:
            busy[lane, self._each] = finish
            self._lane_of[place] = lane


class _Replay:
    """When the lanes of one work center are free, as it is now and as it was before an update.

    Tasks come in their turn. Where lanes become free as they did before, nothing behind notices.
    """

    def __init__(self, simulation: Simulation, center: str) -> None:
        self._simulation = simulation
        self._queue = list(simulation._queues[center])
        self._free = simulation._free[center].copy()
        self._was: Samples | None = None  # None: as it is now
        self._next = 0

    def again(self, place: int, finish: Samples, near_s: float) -> list[int]:
        """Simulate `place`, which ended at `finish`; return the next if that could notice it."""
        self._up_to(place)
        was = self._free.copy() if self._was is None else self._was
        lanes = self._simulation._lane_of.get(place)
        if lanes is not None:
            self._occupy(place, lanes, was, finish)
        self._simulation._simulate(place, self._free)
        now = self._simulation._worked_now(place)  # free since before is free
        same = near(np.maximum(was, now), np.maximum(self._free, now), near_s)
        self._was = None if same else was
        return [] if self._was is None else self._queue[self._next : self._next + 1]

    def _up_to(self, place: int) -> None:
        simulation = self._simulation
        while (before := self._queue[self._next]) != place:
            lanes, finish = simulation._lane_of[before], simulation.finishes[before]
            self._occupy(before, lanes, self._free, finish)
            self._next += 1
        self._next += 1

    def _occupy(self, place: int, lanes: Lanes, free: Samples, finish: Samples) -> None:
        lane = int(lanes[0]) if len(lanes) == 1 else lanes
        self._simulation._occupy(place, lane, free, finish)


def near(before: Samples, after: Samples, near_s: float) -> bool:
    """Whether samples differ by less than that in the mean. Shape: samples along the last axis."""
    return bool((np.abs(before - after).mean(axis=-1) < near_s).all())


def _slices(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[first : first + SLICE] for first in range(0, len(items), SLICE))


def _left(task: Task, ratios: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how long a started task still takes, ascending: its time beyond the elapsed."""
    elapsed = task.elapsed_s or 0.0
    whole = truncated(ratios * task.planned_s, elapsed)
    if not task.done:
        return whole - elapsed
    return whole * (1 - task.done)
