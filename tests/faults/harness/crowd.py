"""Hundreds of screens in one thread: each follows a wall's stream, wherever it goes on."""

import re
import selectors
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field

from tests import people
from tests.faults.harness.streams import PATH

_GOOD = re.compile(rb'"p0-figures-good":\{[^}]*"t":"([\d,]+)"')
_RETRY_S, _PIECE = 1.0, 65536


@dataclass
class Stream:
    """One screen: what it was told since it began, over all its connections."""

    ids: list[bytes] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    statuses: list[bytes] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    again_at: float = 0.0
    resumed: bool = False  # told something since it was ended
    rest: bytes = b""
    retry_s: float = _RETRY_S

    def take(self, piece: bytes) -> None:
        *lines, self.rest = (self.rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"HTTP/1.1 "):
                self.statuses.append(line[9:12])
            elif line.startswith(b"id: "):
                self.ids.append(line[4:].strip())
                self.resumed = True
            elif line.startswith(b"retry: "):
                self.retry_s = int(line[7:]) / 1000
            elif line.startswith(b"data: ") and (found := _GOOD.search(line)):
                self.counts.append(int(found[1].replace(b",", b"")))

    def end(self) -> None:
        self.ended.append(time.monotonic())
        self.again_at = self.ended[-1] + self.retry_s
        self.resumed, self.rest = False, b""

    def wrong(self) -> str:
        """What no screen may be told: a count that goes back, a frame twice, another status."""
        if self.counts != sorted(self.counts):
            return "a count went back"
        if len(self.ids) != len(set(self.ids)):
            return "a frame came twice"
        others = {*self.statuses} - {b"200", b"503"}  # while it is being started
        return f"answers {sorted(others)}" if others else ""


class Crowd(threading.Thread):
    """All of them. `start` and `stop` once each."""

    def __init__(self, port: int, token: str, count: int) -> None:
        super().__init__(daemon=True, name="crowd")
        self.streams = [Stream() for _ in range(count)]
        self._port, self._cookie = port, people.header(token)["Cookie"]
        self._selector = selectors.DefaultSelector()
        self._stopping = threading.Event()

    def run(self) -> None:
        waiting = set(range(len(self.streams)))
        while not self._stopping.is_set():
            now = time.monotonic()
            for number in [one for one in waiting if self.streams[one].again_at <= now]:
                if self._open(number):
                    waiting.discard(number)
            for key, _ in self._selector.select(0.05):
                if not self._read(key.fileobj, self.streams[key.data]):
                    waiting.add(key.data)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def stop(self) -> None:
        self._stopping.set()
        self.join(15)

    def all_told(self) -> bool:
        """Whether each was told something since its connection was last ended."""
        return all(stream.resumed for stream in self.streams)

    def all_ended(self, since: float) -> bool:
        """Whether the connection of each has ended since a moment."""
        return all(stream.ended and stream.ended[-1] >= since for stream in self.streams)

    def wrong(self) -> list[str]:
        """What was wrong, each thing once."""
        return sorted({words for stream in self.streams if (words := stream.wrong())})

    def _open(self, number: int) -> bool:
        made, stream = socket.socket(), self.streams[number]
        last = f"Last-Event-ID: {stream.ids[-1].decode()}\r\n" if stream.ids else ""
        try:
            made.connect(("127.0.0.1", self._port))
            made.sendall(
                f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
                f"Cookie: {self._cookie}\r\n{last}\r\n".encode()
            )
        except OSError:
            made.close()
            stream.again_at = time.monotonic() + 0.2
            return False
        made.setblocking(False)
        self._selector.register(made, selectors.EVENT_READ, number)
        return True

    def _read(self, made: socket.socket, stream: Stream) -> bool:
        piece = b""
        with suppress(ConnectionError):
            piece = made.recv(_PIECE)
        if piece:
            stream.take(piece)
            return True
        self._selector.unregister(made)
        made.close()
        stream.end()
        return False
