"""Viewers that are no browser: some that read nothing, one that listens, many that come at once."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import pairwise

from tests import people

PATH = "/live/wall/works.L1?lang=en"
CALM_S = 0.7  # a stream that says nothing for so long has said all that it had
_ROOM, _SEGMENT = 2048, 536  # so small that hardly anything waits within the system
_SNAPSHOT = b"event: snapshot"
_FRAME = b"\nevent: "


def opened(port: int, token: str, narrow: bool = False) -> socket.socket:
    """A connection that has asked for the wall's stream; `narrow`: little room on the way."""
    made = socket.socket()
    if narrow:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _ROOM)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
    made.settimeout(30)
    made.connect(("127.0.0.1", port))
    cookie = people.header(token)["Cookie"]
    made.sendall(
        f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode()
    )
    return made


@contextmanager
def slow_readers(count: int, port: int, token: str) -> Iterator[list[socket.socket]]:
    """Some who ask for the stream and then take nothing of it."""
    with ExitStack() as stack:
        yield [stack.enter_context(closing(opened(port, token, narrow=True))) for _ in range(count)]


def frames_until_calm(reader: socket.socket) -> tuple[int, int]:
    """Read what waited for a slow reader; return its snapshots, and all frames."""
    got, until = b"", time.monotonic() + 10
    reader.settimeout(CALM_S)
    while time.monotonic() < until:
        try:
            piece = reader.recv(65536)
        except TimeoutError:
            break
        got += piece
        if not piece or got.count(_SNAPSHOT) > 1:
            break
    return got.count(_SNAPSHOT), got.count(_FRAME)


class Heard:
    """What one who reads everything was told: when, and how old what it says was."""

    def __init__(self) -> None:
        self._told: list[tuple[float, float]] = []

    def note(self, age_s: float | None) -> None:
        self._told.append((time.monotonic(), age_s or 0.0))

    def clear(self) -> None:
        self._told = self._told[-1:]

    def count(self) -> int:
        return len(self._told)

    def longest_s(self) -> float:
        """The longest silence."""
        moments = [*(at for at, _ in self._told), time.monotonic()]
        return max(after - before for before, after in pairwise(moments))

    def oldest_s(self) -> float:
        """The most that a frame said of its age."""
        return max((age for _, age in self._told), default=0.0)


@contextmanager
def listening(port: int, token: str) -> Iterator[Heard]:
    """Hear the wall's stream until the block ends."""
    heard, made = Heard(), opened(port, token)

    def hear() -> None:
        with made.makefile("rb") as lines:
            for line in lines:
                if line.startswith(b"data: ") and b'"c":' in line:
                    heard.note(json.loads(line[6:]).get("a"))

    heard.note(0.0)
    listener = threading.Thread(target=hear, daemon=True)
    listener.start()
    try:
        yield heard
    finally:
        made.shutdown(socket.SHUT_RDWR)
        listener.join(10)
        made.close()


def hurried(port: int, token: str, count: int) -> tuple[int, float, list[str]]:
    """Let many ask at once; how many got a first frame, within how long, and what went wrong."""
    begun, wrong, slowest = time.monotonic(), [], [0.0]
    lock, got = threading.Lock(), [0]

    def ask() -> None:
        try:
            made = opened(port, token)
            head = made.recv(4096)
            while b"event: snapshot" not in head and len(head) < 1_000_000:
                if not (more := made.recv(65536)):
                    break
                head += more
            with lock:
                got[0] += b"event: snapshot" in head
                slowest[0] = max(slowest[0], time.monotonic() - begun)
                if not head.startswith(b"HTTP/1.1 200"):
                    wrong.append(head[:40].decode(errors="replace"))
            made.close()
        except OSError as error:
            with lock:
                wrong.append(str(error))

    asking = [threading.Thread(target=ask) for _ in range(count)]
    for one in asking:
        one.start()
    for one in asking:
        one.join(40)
    return got[0], slowest[0], wrong
