"""Senders that report through the program's HTTP door, and the journal of what it acknowledged.

A sender repeats an event until it is acknowledged, as machines do, and has it written to disk in
the journal before it counts; the journal is a file outside of the system.
"""

import http.client
import json
import os
import threading
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SOURCE = "test"
TIMEOUT_S = 6.0
AGAIN_S = 0.1
_BATCH = "application/cloudevents-batch+json"


class Journal:
    """Ids that were acknowledged, and how many by which moment."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._path = path
        self._lock = threading.Lock()
        self._moments: list[float] = []

    def note(self, ids: list[str]) -> None:
        """Keep ids; they are on disk when this returns."""
        with self._lock:
            os.write(self._file, "".join(f"{one}\n" for one in ids).encode())
            os.fsync(self._file)
            self._moments += [time.monotonic()] * len(ids)

    def count(self, at: float | None = None) -> int:
        """How many were acknowledged by a moment."""
        with self._lock:
            return len(self._moments) if at is None else bisect_right(self._moments, at)

    def ids(self) -> list[str]:
        """What the file holds."""
        return self._path.read_text().split()

    def close(self) -> None:
        os.close(self._file)


class Door:
    """The program's API for one thread: a kept connection, opened anew when it broke."""

    def __init__(self, port: int, key: str) -> None:
        self._port, self._key = port, key
        self._connection: http.client.HTTPConnection | None = None

    def call(self, path: str, body: Any, kind: str = "application/json",
             method: str = "POST") -> tuple[int, Any, str | None]:  # fmt: skip
        """Return status, answer and Retry-After; status 0 when there was no answer."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(
                    "127.0.0.1", self._port, timeout=TIMEOUT_S
                )
            head = {"Authorization": f"Bearer {self._key}", "Content-Type": kind}
            self._connection.request(method, f"/api/v1{path}", json.dumps(body).encode(), head)
            answer = self._connection.getresponse()
            said = answer.read()
            return answer.status, json.loads(said or b"{}"), answer.getheader("Retry-After")
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return 0, None, None

    def post(self, events: list[dict[str, Any]]) -> tuple[int, Any, str | None]:
        return self.call("/events", events, _BATCH)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Sender(threading.Thread):
    """A machine: reports pieces one after the other, at a rate while it is heard."""

    def __init__(self, name: str, door: Door, journal: Journal, rate: float) -> None:
        super().__init__(daemon=True, name=name)
        self.statuses: Counter[int] = Counter()
        self.without_retry_after = 0
        self.refused: list[Any] = []
        self.per_post = 1
        self.rate = rate
        self._door, self._journal = door, journal
        self._stopping, self._going, self._idle = (threading.Event() for _ in range(3))
        self._going.set()
        self._sent = 0

    def run(self) -> None:
        due = time.monotonic()
        while not self._stopping.is_set():
            if not self._going.is_set():
                self._idle.set()
                self._going.wait(0.2)
                due = time.monotonic()
                continue
            self._idle.clear()
            self._report()
            due = max(due + self.per_post / self.rate, time.monotonic() - 1)
            self._stopping.wait(max(0.0, due - time.monotonic()))
        self._idle.set()
        self._door.close()

    def pause(self) -> None:
        """Let it finish what it is at, which may take until it is acknowledged."""
        self._going.clear()

    def idle(self, within_s: float) -> bool:
        return self._idle.wait(within_s)

    def go_on(self) -> None:
        self._idle.clear()
        self._going.set()

    def stop(self) -> None:
        self._stopping.set()
        self._going.set()
        self.join(30)

    def _report(self) -> None:
        events = [self._event() for _ in range(self.per_post)]
        while not self._stopping.is_set():
            status, said, retry_after = self._door.post(events)
            self.statuses[status] += 1
            if status == 503 and not (retry_after or "").isdecimal():
                self.without_retry_after += 1
            if status == 200:
                left = {one["id"] for one in said["results"] if one["status"] == "refused"}
                self._journal.note([one["id"] for one in events if one["id"] not in left])
                events = [one for one in events if one["id"] in left]
                if not events:
                    return
                self.refused.append(next(r for r in said["results"] if r["status"] == "refused"))
            self._stopping.wait(AGAIN_S)

    def _event(self) -> dict[str, Any]:
        self._sent += 1
        name = f"{self.name}-{self._sent}"
        if not is_piece(name):
            return event(name, "material.shipped", "need/SO-1/n1", quantity=1)
        return event(name, "operation.progressed", "operation/SO-1/20", work_unit="P1", good=1)


class Pulse(threading.Thread):
    """Says each second that the machines are connected, while the program hears it."""

    def __init__(self, door: Door, work_units: list[str]) -> None:
        super().__init__(daemon=True, name="pulse")
        self._door, self._units = door, work_units
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(1.0):
            self._door.call("/signals", {"work_units": self._units})
        self._door.close()

    def stop(self) -> None:
        self._stopping.set()
        self.join(15)


def is_piece(name: str) -> bool:
    """Whether an event of a sender reports a piece; each tenth reports a shipment."""
    return int(name.rpartition("-")[2]) % 10 != 0


def event(name: str, kind: str, subject: str, **data: Any) -> dict[str, Any]:
    """A CloudEvent that happens now."""
    return {
        "specversion": "1.0", "id": name, "source": SOURCE, "type": kind, "subject": subject,
        "time": datetime.now(UTC).isoformat(), "data": data,
    }  # fmt: skip


def wait_until(condition: Callable[[], bool], within_s: float, every_s: float = 0.05) -> bool:
    """Whether a condition came true in time."""
    until = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(every_s)
    return True
