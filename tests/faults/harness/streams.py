"""Viewers that are no browser: one that reads too slowly, and many that come back at once."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests import people

PATH = "/live/wall/works.L1?lang=en"


def opened(port: int, token: str, room: int | None = None) -> socket.socket:
    """A connection that has asked for the wall's stream; `room`: its receive buffer."""
    made = socket.socket()
    if room is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    made.settimeout(30)
    made.connect(("127.0.0.1", port))
    cookie = people.header(token)["Cookie"]
    made.sendall(
        f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode()
    )
    return made


@contextmanager
def slow_reader(port: int, token: str) -> Iterator[None]:
    """One who asks for the stream and then takes nothing of it."""
    made = opened(port, token, 2048)
    try:
        yield
    finally:
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
