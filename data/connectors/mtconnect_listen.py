"""Listens to an MTConnect adapter over TCP for as long as the program runs.

The adapter is the server. Whoever listens sends `* PING`; it answers `* PONG <ms>`, the
rhythm in which it wants to be asked. Two rhythms of silence mean that it is gone.
Imported by `app.py`. Source: SHDR as the MTConnect C++ agent speaks it.
"""

import re
import socket
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from data.connectors.mtconnect import Envelope, ShdrReader

DEFAULT_HEARTBEAT_S = 10.0
RECONNECT_S = (1.0, 2.0, 5.0, 10.0)
CONNECT_TIMEOUT_S = 10.0
STOP_WITHIN_S = 1.0
MAX_LINE = 1 << 20
LOST = "no connection"

_PONG = re.compile(r"\* PONG (\d{1,7})")
_PING = b"* PING\n"


class Connection(Protocol):
    """What is needed of a socket."""

    def settimeout(self, value: float | None, /) -> None:
        """Set how long `recv` waits."""

    def recv(self, bufsize: int, /) -> bytes:
        """Return what came, b"" at the end; raises TimeoutError."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""

    def close(self) -> None:
        """Close it."""


Connect = Callable[[str, int], Connection]


def connect_tcp(host: str, port: int) -> Connection:
    """Open a TCP connection.

    Raises: OSError.
    """
    return socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S)


def listen(
    host: str,
    port: int,
    reader: ShdrReader,
    deliver: Callable[[Sequence[Envelope]], None],
    signal: Callable[[Sequence[str]], None],
    now: Callable[[], datetime],
    sleep: Callable[[float], object],
    stop: Callable[[], bool],
    connect: Connect = connect_tcp,
) -> None:
    """Deliver what the adapter says until `stop`, connecting again whenever it is gone.

    Events that `deliver` can't take (OSError) are kept, in order, for its next chance.
    `signal` gets the work units whenever the adapter is heard. While there is no
    connection the units' state is unknown.
    """
    outbox = _Outbox(deliver)
    attempt = 0
    while not stop():
        try:
            connection = connect(host, port)
        except OSError:
            outbox.flush()
        else:
            heard = _Conversation(connection, reader, outbox, signal, now).run(stop)
            attempt = 0 if heard else attempt
            outbox.put(reader.lose(now(), LOST))
        if not stop():
            sleep(RECONNECT_S[min(attempt, len(RECONNECT_S) - 1)])
            attempt += 1


class _Outbox:
    """Events on their way, kept while they can't be delivered."""

    def __init__(self, deliver: Callable[[Sequence[Envelope]], None]) -> None:
        self._deliver = deliver
        self._waiting: list[Envelope] = []

    def put(self, events: Sequence[Envelope]) -> None:
        """Deliver these after what still waits."""
        self._waiting.extend(events)
        self.flush()

    def flush(self) -> None:
        """Try to deliver what waits."""
        if not self._waiting:
            return
        try:
            self._deliver(tuple(self._waiting))
        except OSError:
            return
        self._waiting.clear()


class _Conversation:
    """One connection from its first PING to its end."""

    def __init__(
        self,
        connection: Connection,
        reader: ShdrReader,
        outbox: _Outbox,
        signal: Callable[[Sequence[str]], None],
        now: Callable[[], datetime],
    ) -> None:
        self._connection, self._reader, self._outbox = connection, reader, outbox
        self._signal, self._now = signal, now
        self._rhythm_s = DEFAULT_HEARTBEAT_S
        self._heard_at = self._asked_at = now()
        self._heard = False
        self._rest = b""

    def run(self, stop: Callable[[], bool]) -> bool:
        """Talk until the other end is silent, gone or `stop`; tell whether it was heard."""
        try:
            self._ask()
            while not stop() and self._turn():
                self._outbox.flush()
        except OSError:
            return self._heard
        finally:
            self._connection.close()
        return self._heard

    def _turn(self) -> bool:
        """Take what came, or ask again; False when the other end is gone."""
        self._connection.settimeout(min(self._rhythm_s, STOP_WITHIN_S))
        try:
            data = self._connection.recv(65536)
        except TimeoutError:
            data = None
        if data == b"" or len(self._rest) > MAX_LINE:
            return False
        if data:
            self._take(data)
        if self._age_s(self._asked_at) >= self._rhythm_s:
            self._ask()
        return self._age_s(self._heard_at) < 2 * self._rhythm_s

    def _take(self, data: bytes) -> None:
        self._heard, self._heard_at = True, self._now()
        *lines, self._rest = (self._rest + data).split(b"\n")
        events: list[Envelope] = []
        for raw in lines:
            line = raw.decode("utf-8", errors="replace")
            pong = _PONG.match(line)
            if pong is not None:
                self._rhythm_s = max(int(pong.group(1)) / 1000, 0.1)
            else:
                events.extend(self._reader.read(line))
        self._outbox.put(events)
        self._signal(self._reader.work_units)

    def _ask(self) -> None:
        self._asked_at = self._now()
        self._connection.sendall(_PING)

    def _age_s(self, at: datetime) -> float:
        return (self._now() - at).total_seconds()
