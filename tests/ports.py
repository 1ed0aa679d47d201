"""Ports for servers that tests start: nobody else is given one between the search and the start.

A port stays bound here, with nobody listening, until the process of the tests ends. The kernel then
gives it to no client and to no other search, while a server that sets SO_REUSEADDR, as all that are
started here do, may listen at it, and again after a restart.
"""

import socket
from contextlib import suppress

_held: list[socket.socket] = []


def free_port() -> int:
    """Return a port of this machine that is the caller's until this process ends."""
    return _hold(0)


def free_pair(apart: int) -> int:
    """Return a port of which the same is true, and of the one that is so much higher."""
    while True:
        first = free_port()
        with suppress(OSError, OverflowError):
            _hold(first + apart)
            return first


def _hold(port: int) -> int:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind(("127.0.0.1", port))
    except (OSError, OverflowError):
        one.close()
        raise
    _held.append(one)
    return int(one.getsockname()[1])
