"""In which order the shared work units take the open operations.

One run of the line with median times: whenever a work unit is free, the waiting operation
with the earliest planned start goes next (then the earlier due date). The samples of the
simulation keep this order. On the way it hears by how much material alone holds an operation:
when it would have been taken, had its material been there. Imported within the forecast only.
"""

from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from data.domain.forecast.tasks import Floor, Task

SLICE = 500  # instants between two rests
_FREE, _READY, _FED = 0, 1, 2  # _FED: ready, were its material there
_Waiting = list[tuple[tuple[float, float, str], int]]


class Taken(NamedTuple):
    """The places of the tasks in the order in which they are taken.

    `delays`: by how much later its material lets one start. Units: its working seconds.
    """

    places: list[int]
    delays: dict[int, float]


def sequence(
    tasks: Sequence[Task], medians: Sequence[float], floor: Floor
) -> Generator[None, None, Taken]:
    """Return the order in which tasks are taken, resting now and then.

    Units: `medians` working seconds that each still takes. Those running come first, by their
    place in their route.
    """
    dispatch = _Dispatch(tasks, medians, floor)
    yield
    yield from dispatch.run()
    return Taken(dispatch.taken, dispatch.delays)


class _Dispatch:
    """One run of the line with median times, event by event."""

    def __init__(self, tasks: Sequence[Task], medians: Sequence[float], floor: Floor) -> None:
        self._tasks, self._medians, self._floor = tasks, medians, floor
        self._events: list[tuple[float, int, int]] = []
        self._waiting: dict[str, _Waiting] = defaultdict(list)
        self._fed: dict[str, _Waiting] = defaultdict(list)  # of those only their material holds
        self._free = {center: len(lanes) for center, lanes in floor.lanes.items()}
        self.taken: list[int] = []
        self.delays: dict[int, float] = {}
        self._ready_at = [task.earliest_s for task in tasks]
        self._fed_at = [task.supplied_s for task in tasks]
        self._could_at: dict[int, float] = {}
        places = {task.subject: place for place, task in enumerate(tasks)}
        self._after = _successors(tasks, places)
        self._unmet = [len(task.before) for task in tasks]

    def run(self) -> Generator[None, None, None]:
        for place, unmet in enumerate(self._unmet):
            if not unmet:
                self._expect(place)
        running = [p for p, task in enumerate(self._tasks) if task.elapsed_s is not None]
        for place in sorted(running, key=lambda p: (self._tasks[p].place, p)):
            self._take(place, self._tasks[place].earliest_s)
        instants = 0
        while self._events:
            self._instant(self._events[0][0])
            instants += 1
            if not instants % SLICE:
                yield

    def _instant(self, at: float) -> None:
        """Hear everything that happens at an instant before any work unit chooses."""
        choosing: dict[str, None] = {}
        while self._events and self._events[0][0] <= at:
            _, kind, place = heappop(self._events)
            task = self._tasks[place]
            if not task.width:
                self._alone(place, kind, at)
                continue
            center = task.work.work_center
            choosing[center] = None
            if kind == _FREE:
                self._free[center] += 1
            else:
                queue = self._waiting if kind == _READY else self._fed
                heappush(queue[center], (task.priority, place))
        for center in choosing:
            self._take_next(center, at)

    def _alone(self, place: int, kind: int, at: float) -> None:
        """Take what waits for no work unit."""
        if kind == _READY:
            self._take(place, at)
        else:
            self._could_at[place] = at

    def _take_next(self, center: str, at: float) -> None:
        waiting, fed = self._waiting[center], self._fed[center]
        while self._free[center] > 0 and (waiting or fed):
            if fed and (not waiting or fed[0] <= waiting[0]):
                self._could_at.setdefault(heappop(fed)[1], at)
            else:
                self._take(heappop(waiting)[1], at)

    def _take(self, place: int, at: float) -> None:
        task, axis = self._tasks[place], self._floor.axis(self._tasks[place].calendar)
        self.taken.append(place)
        begin = axis.worked_at(at)
        if (late_s := begin - axis.worked_at(self._could_at.pop(place, at))) > 0:
            self.delays[place] = late_s
        length = self._medians[place]
        finish_s = axis.ends_at(begin + length)
        if task.width:
            self._free[task.work.work_center] -= 1
            heappush(self._events, (finish_s, _FREE, place))
        for after, share in self._after[place]:
            lead = max(length * (1 - share), length - self._medians[after])
            allowed = axis.ends_at(begin + lead) if share else finish_s
            self._met(after, max(at, allowed))

    def _met(self, place: int, at: float) -> None:
        self._ready_at[place] = max(self._ready_at[place], at)
        self._unmet[place] -= 1
        self._fed_at[place] = max(self._fed_at[place], at)
        if not self._unmet[place]:
            self._expect(place)

    def _expect(self, place: int) -> None:
        """Say when an operation that isn't running is ready, and when it were but for material."""
        if self._tasks[place].elapsed_s is not None:
            return
        heappush(self._events, (self._ready_at[place], _READY, place))
        if self._fed_at[place] < self._ready_at[place]:
            heappush(self._events, (self._fed_at[place], _FED, place))


def _successors(tasks: Sequence[Task], places: Mapping[str, int]) -> list[list[tuple[int, float]]]:
    after: list[list[tuple[int, float]]] = [[] for _ in tasks]
    for place, task in enumerate(tasks):
        for subject, share in task.before:
            after[places[subject]].append((place, share))
    return after
