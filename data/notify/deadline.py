"""A limit for a whole exchange with a server, however slowly it trickles.

Used by the ways out: a socket's own timeout starts anew with every byte. Not for other use.
"""

import contextlib
import socket
from threading import Lock, Timer
from types import TracebackType


class Deadline:
    """Within it, the watched socket is shut down once the time is over; what waits on it ends."""

    def __init__(self, seconds: float) -> None:
        self._timer = Timer(seconds, self._pass)
        self._timer.daemon = True
        self._lock = Lock()
        self._watched: socket.socket | None = None
        self.passed = False

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._timer.cancel()

    def watch(self, sock: socket.socket) -> None:
        """Watch this socket from now on; at once shut down when the time is over already."""
        with self._lock:
            self._watched = sock
            over = self.passed
        if over:
            _shut(sock)

    def _pass(self) -> None:
        with self._lock:
            self.passed = True
            sock = self._watched
        if sock is not None:
            _shut(sock)


def _shut(sock: socket.socket) -> None:
    """Shut down the connection below TLS, whose own shutdown would pull it from under a reader."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
