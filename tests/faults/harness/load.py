"""Senders that report through the program's HTTP door.

A sender repeats an event until it is acknowledged, as machines do, and has it written to disk in
the journal before it counts.
"""

import http.client
import json
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.faults.harness.journal import Body, Journal

SOURCE = "test"
LAST = "operation/SO-1/20"  # whose good pieces a wall counts
NEEDS = {"jade": "need/SO-1/n1", "onyx": "need/SO-1/n2"}  # by supplier
TIMEOUT_S = 6.0
AGAIN_S = 0.1
_BATCH = "application/cloudevents-batch+json"


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

    def post(self, events: list[Body]) -> tuple[int, Any, str | None]:
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
        self._journal.made(events)
        while events and not self._stopping.is_set():
            status, said, retry_after = self._door.post(events)
            self.statuses[status] += 1
            if status == 503 and not (retry_after or "").isdecimal():
                self.without_retry_after += 1
            if status == 200:
                events = self._left(events, said["results"])
            if events:
                self._stopping.wait(AGAIN_S)

    def _left(self, events: list[Body], results: Sequence[Any]) -> list[Body]:
        """Note what was acknowledged; return what was refused."""
        refused = {one["id"]: one for one in results if one["status"] == "refused"}
        self._journal.note([one for one in events if one["id"] not in refused])
        self.refused += list(refused.values())[:1]
        return [one for one in events if one["id"] in refused]

    def _event(self) -> Body:
        self._sent += 1
        return report(self.name, self._sent)


class Teller(threading.Thread):
    """Reports what it is handed, one after the other, each until it is acknowledged."""

    def __init__(self, door: Door, journal: Journal) -> None:
        super().__init__(daemon=True, name="teller")
        self._door, self._journal = door, journal
        self._waiting: queue.SimpleQueue[Body | None] = queue.SimpleQueue()
        self._stopping = threading.Event()

    def tell(self, body: Body) -> None:
        """Report it soon."""
        self._journal.made([body])
        self._waiting.put(body)

    def run(self) -> None:
        while (body := self._waiting.get()) is not None:
            while not self._stopping.is_set():
                status, said, _ = self._door.post([body])
                if status == 200 and said["results"][0]["status"] != "refused":
                    self._journal.note([body])
                    break
                self._stopping.wait(AGAIN_S)
        self._door.close()

    def stop(self) -> None:
        self._stopping.set()
        self._waiting.put(None)
        self.join(15)


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


def was_sent(source: str, kind: str) -> bool:
    """Whether an event is one of the senders', and none that the program makes of a plan."""
    return source == SOURCE and kind != "plan.changed"


def report(name: str, number: int) -> Body:
    """What a machine reports as its n-th: mostly pieces, now and then scrap or a shipment."""
    identity = f"{name}-{number}"
    if number % 20 in (0, 10):
        supplier = "jade" if number % 20 else "onyx"
        return event(identity, "material.shipped", NEEDS[supplier], quantity=1 + number % 3)
    if number % 10 == 5:
        return event(
            identity, "operation.progressed", "operation/SO-1/10", work_unit="M1", good=2, scrap=1
        )
    return event(identity, "operation.progressed", LAST, work_unit="P1", good=1)


def event(name: str, kind: str, subject: str, **data: Any) -> Body:
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
