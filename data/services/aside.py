"""One task at a time in a thread beside, for what may take seconds while its owner goes on."""

import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Task(Generic[T]):
    """Steps that are taken in a thread until they end, fail or are asked to pause.

    Whoever paused them may go on with the same iterator in another task. The thread doesn't
    hold up the end of the process.
    """

    def __init__(self, steps: Iterator[T]) -> None:
        """Begin with the first step."""
        self._steps = steps
        self._results: list[T] = []
        self._failure: Exception | None = None
        self._paused = threading.Event()
        self.ended = False  # whether there are no more steps
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def pause(self) -> None:
        """Let it take no step after the present one."""
        self._paused.set()

    def done(self, within_s: float) -> bool:
        """Whether it takes no more steps, waiting for that for a while."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def taken(self) -> list[T]:
        """Return what came of the steps since the last asking. Raises: what the last one raised."""
        if self._failure is not None:
            raise self._failure
        count = len(self._results)
        found, self._results[:count] = self._results[:count], []
        return found

    def _run(self) -> None:
        try:
            for result in self._steps:
                self._results.append(result)
                if self._paused.is_set():
                    return
            self.ended = True
        except Exception as error:  # whatever it is, the owner gets it
            self._failure = error
