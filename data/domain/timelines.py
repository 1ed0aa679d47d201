"""The states that a work unit went through, held small: it may go through thousands in two days.

Pure; used by `data.domain.subjects`, and read by whoever asks a work unit for its timeline.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Self

from data.domain.events import WorkUnitState as State

Moment = tuple[datetime, str, str]  # (time, id, source): later wins, ties by id, then source
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


class Timeline:
    """Changes of state in the order of their moments, side by side: times, ids, sources, states.

    Iterating gives the time and the state of each.
    """

    __slots__ = ("_ids", "_sources", "_states", "_times")

    def __init__(self) -> None:
        """Begin without any."""
        self._times = array("q")  # microseconds since 1970
        self._ids: list[str] = []
        self._sources: list[str] = []
        self._states: list[State] = []

    @classmethod
    def of_run(cls, since: datetime, state: State) -> Self:
        """Return one that begins with a run of which only the start is known."""
        made = cls()
        made.append((since, "", ""), state)
        return made

    def __len__(self) -> int:
        return len(self._times)

    def __iter__(self) -> Iterator[tuple[datetime, State]]:
        return zip(map(_time, self._times), self._states, strict=True)

    def __reversed__(self) -> Iterator[tuple[datetime, State]]:
        return zip(map(_time, reversed(self._times)), reversed(self._states), strict=True)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timeline):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def append(self, moment: Moment, state: State) -> None:
        """Add a change that comes after all others."""
        self._insert(len(self._times), moment, state)

    def add(self, moment: Moment, state: State) -> None:
        """Add a change at its place."""
        at, *names = moment
        micros = _micros(at)
        first, last = bisect_left(self._times, micros), bisect_right(self._times, micros)
        same = zip(self._ids[first:last], self._sources[first:last], strict=True)
        self._insert(first + sum([*other] <= names for other in same), moment, state)

    def run_start(self) -> datetime:
        """Return since when the last state lasts; there must be one."""
        return self._run_start(len(self._states) - 1)

    def forget_before(self, horizon: datetime) -> Moment | None:
        """Turn what is older into the run that lasted then; return the last moment in it.

        None where that would change nothing.
        """
        cut = bisect_left(self._times, _micros(horizon))
        if cut < 2:
            return None
        floor = (_time(self._times[cut - 1]), self._ids[cut - 1], self._sources[cut - 1])
        start = self._run_start(cut - 1)
        del self._times[: cut - 1], self._ids[: cut - 1]
        del self._sources[: cut - 1], self._states[: cut - 1]
        self._times[0], self._ids[0], self._sources[0] = _micros(start), "", ""
        return floor

    def _run_start(self, place: int) -> datetime:
        """Return since when the state at a place had lasted then."""
        states = self._states
        while place and states[place - 1] is states[place]:
            place -= 1
        return _time(self._times[place])

    def _insert(self, place: int, moment: Moment, state: State) -> None:
        at, event_id, source = moment
        self._times.insert(place, _micros(at))
        self._ids.insert(place, event_id)
        self._sources.insert(place, source)
        self._states.insert(place, state)


def _time(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICRO
