"""Reads the log itself, past the program and the proxies, all the while that the stand runs."""

import threading
from contextlib import suppress
from typing import Any

import msgspec
import redis

from tests.engines import redis_at
from tests.faults.harness.journal import Body
from tests.faults.harness.load import was_sent

STREAM = "mp:{works}:events"
_BLOCK_MS, _MANY, _AGAIN_S = 500, 5000, 0.02


class LogReader(threading.Thread):
    """Keeps what every entry said that ever stood in the log. `start` and `stop` once each."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True, name="log reader")
        self._url = url
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._said: dict[str, Body] = {}
        self._after = b"0-0"

    def run(self) -> None:
        while not self._stopping.is_set():
            with suppress(redis.RedisError, OSError), redis_at(self._url) as client:
                while not self._stopping.is_set():
                    self._read(client)
            self._stopping.wait(_AGAIN_S)

    def stop(self) -> None:
        self._stopping.set()
        self.join(15)

    def said(self) -> dict[str, Body]:
        """Return by identity what the tests' own senders had appended; the first of each."""
        with self._lock:
            return dict(self._said)

    def _read(self, client: Any) -> None:
        found = client.xread({STREAM: self._after}, count=_MANY, block=_BLOCK_MS)
        if not found:
            self._begin_anew(client)
            return
        entries = found[0][1]
        with self._lock:
            for _, fields in entries:
                self._keep(fields)
            self._after = entries[-1][0]

    def _keep(self, fields: dict[bytes, bytes]) -> None:
        with suppress(msgspec.DecodeError):  # poison, as it is put there by a fault
            body = msgspec.json.decode(fields.get(b"e", b""))
            if was_sent(body["source"], body["type"]):
                self._said.setdefault(body["id"], {"data": {}, **body})

    def _begin_anew(self, client: Any) -> None:
        """Read from the beginning where the log is another one, which counts anew."""
        newest = client.xrevrange(STREAM, count=1)
        if newest and _place(newest[0][0]) < _place(self._after):
            self._after = b"0-0"


def _place(offset: bytes) -> tuple[int, ...]:
    return tuple(map(int, offset.split(b"-")))
