"""One task at a time in a thread beside, for what may take seconds while its owner goes on."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Task(Generic[T]):
    """A running task. Its thread doesn't hold up the end of the process."""

    def __init__(self, action: Callable[[], T]) -> None:
        """Start it."""
        self._action = action
        self._results: list[T] = []
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def done(self, within_s: float) -> bool:
        """Whether it has ended, waiting for that for a while."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def result(self) -> T:
        """Return what came of it once it is done. Raises: what it raised."""
        if self._failure is not None:
            raise self._failure
        return self._results[0]

    def _run(self) -> None:
        try:
            self._results.append(self._action())
        except Exception as error:  # whatever it is, the owner gets it
            self._failure = error
