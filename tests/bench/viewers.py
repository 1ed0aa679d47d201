"""Many viewers of a wall in one process of their own: sockets that read and hardly look.

`python -m tests.bench.viewers PORT PATH FILE TOKEN` obeys lines on its standard input: `open N`
opens N viewers more, `record` begins to count, `stop` says what was counted and writes to FILE when
each viewer was shown which count. Each distinct message is unpacked once, however many get it.
"""

import array
import json
import re
import selectors
import socket
import sys
import time
import zlib
from typing import Any, NamedTuple

from tests.bench.browser import GOOD
from tests.bench.stage import allow_many_files

AT_ONCE = 50
READ_BYTES = 1 << 20
KNOWN_MOST = 20_000
_GOOD = re.compile(rb'"%s":\{"t":"([\d,]+)"' % GOOD.encode())
_CHUNK_ENDS = b"\r\n"


class Message(NamedTuple):
    """What one read held: how many frames, and the latest count of good pieces in them."""

    frames: int
    good: int | None


class Viewer:
    """One open stream."""

    def __init__(self, port: int, path: str, token: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        lines = (
            f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept-Encoding: gzip",
            f"Cookie: milepost={token}", "", "",
        )  # fmt: skip
        self.socket.sendall("\r\n".join(lines).encode())
        self.socket.setblocking(False)
        self.welcomed = False
        self.rest = b""
        self.good = 0


class Crowd:
    """All viewers of one process."""

    def __init__(self, port: int, path: str, file: str, token: str) -> None:
        self._port, self._path, self._file, self._token = port, path, file, token
        self._selector = selectors.EpollSelector()
        self._selector.register(sys.stdin, selectors.EVENT_READ)
        self._known: dict[bytes, Message | None] = {}
        self._opened = self._welcomed = self._lost = 0
        self._wanted = 0
        self._begin()

    def run(self) -> None:
        """Obey until the input ends."""
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self._read(key.data)
                elif not self._obey(sys.stdin.readline()):
                    return

    def _begin(self) -> None:
        self._shown = array.array("q")  # count before, count after, nanoseconds since 1970
        self._bytes = self._frames = 0

    def _obey(self, line: str) -> bool:
        order, _, number = line.strip().partition(" ")
        if order == "open":
            self._wanted += int(number)
            self._open_some()
        elif order == "record":
            self._begin()
            _say(viewers=self._welcomed)
        elif order == "stop":
            with open(self._file, "wb") as file:
                self._shown.tofile(file)
            _say(bytes=self._bytes, frames=self._frames, lost=self._lost)
        return bool(line)

    def _open_some(self) -> None:
        """Open as many as may be waiting for their welcome at once."""
        while self._opened < self._wanted and self._opened - self._welcomed < AT_ONCE:
            viewer = Viewer(self._port, self._path, self._token)
            self._selector.register(viewer.socket, selectors.EVENT_READ, viewer)
            self._opened += 1

    def _read(self, viewer: Viewer) -> None:
        try:
            data = viewer.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(viewer.socket)
            viewer.socket.close()
            self._lost += 1
        elif viewer.welcomed:
            self._take(viewer, data)
        else:
            self._welcome(viewer, data)

    def _welcome(self, viewer: Viewer, data: bytes) -> None:
        viewer.rest += data
        body = viewer.rest.partition(b"\r\n\r\n")[2]
        if not body or _chunks(body) is None:
            return
        viewer.rest, viewer.welcomed = b"", True
        self._welcomed += 1
        self._open_some()
        if self._welcomed == self._wanted:
            _say(viewers=self._welcomed)

    def _take(self, viewer: Viewer, data: bytes) -> None:
        at_ns = time.time_ns()
        self._bytes += len(data)
        if viewer.rest:
            data = viewer.rest + data
        message = self._known.get(data) or self._look(data)
        if message is None:
            viewer.rest = data
            return
        viewer.rest = b""
        self._frames += message.frames
        if message.good is not None and message.good > viewer.good:
            self._shown.extend((viewer.good, message.good, at_ns))
            viewer.good = message.good

    def _look(self, data: bytes) -> Message | None:
        """Unpack what no viewer has got before; None when its end is still to come."""
        chunks = _chunks(data)
        if chunks is None:
            return None
        plain = zlib.decompressobj(-zlib.MAX_WBITS).decompress(b"".join(chunks))
        goods = [int(found.replace(b",", b"")) for found in _GOOD.findall(plain)]
        message = Message(plain.count(b"event: "), max(goods, default=None))
        if len(self._known) > KNOWN_MOST:
            self._known.clear()
        self._known[data] = message
        return message


def _chunks(data: bytes) -> list[bytes] | None:
    """Return the chunks of HTTP's chunked coding; None when the last one is cut off."""
    chunks, place = [], 0
    while place < len(data):
        head = data.find(_CHUNK_ENDS, place)
        if head < 0:
            return None
        begin = head + 2
        end = begin + int(data[place:head], 16)
        if len(data) < end + 2:
            return None
        chunks.append(data[begin:end])
        place = end + 2
    return chunks


def _say(**words: Any) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    allow_many_files()
    Crowd(int(sys.argv[1]), *sys.argv[2:5]).run()
