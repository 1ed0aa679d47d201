"""The journal of what was sent and what was acknowledged: bodies, and when. Outside of the system.

What is acknowledged is on disk before it counts. From the bodies alone follows what every state
must be, without anything of the program.
"""

import os
import threading
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

Body = dict[str, Any]  # a CloudEvent
Sums = Counter[tuple[str, str]]  # (subject, quantity) → what all events added
QUANTITIES = ("good", "scrap", "quantity")


class Journal:
    """Events that were sent, and those that were acknowledged. Safe to use from many threads."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        self._made: dict[str, float] = {}
        self._sent: dict[str, Body] = {}
        self._moments: list[float] = []
        self._read: list[Body] = []
        self._read_to = 0
        self._rest = b""

    def made(self, events: Sequence[Body]) -> None:
        """Keep what is about to be sent."""
        with self._lock:
            now = time.monotonic()
            self._made.update((one["id"], now) for one in events)
            self._sent.update((one["id"], one) for one in events)

    def note(self, events: Sequence[Body]) -> None:
        """Keep what was acknowledged; it is on disk when this returns."""
        with self._lock:
            os.write(self._file, b"".join(msgspec.json.encode(one) + b"\n" for one in events))
            os.fsync(self._file)
            self._moments += [time.monotonic()] * len(events)

    def count(self, at: float | None = None) -> int:
        """How many were acknowledged by a moment."""
        with self._lock:
            return len(self._moments) if at is None else bisect_right(self._moments, at)

    def acknowledged(self) -> Sequence[Body]:
        """What the file holds, in order."""
        with self._lock:
            while piece := os.pread(self._file, 1 << 20, self._read_to):
                self._read_to += len(piece)
                *whole, self._rest = (self._rest + piece).split(b"\n")
                self._read += map(msgspec.json.decode, whole)
            return tuple(self._read)

    def ids(self) -> list[str]:
        """The identities that the file holds, in order."""
        return [one["id"] for one in self.acknowledged()]

    def sent(self) -> dict[str, Body]:
        """Everything that was ever sent, acknowledged or not, by its identity."""
        with self._lock:
            return dict(self._sent)

    def first_made_since(self, moment: float) -> str | None:
        """The first event of those that were first sent after a moment to be acknowledged."""
        for one in self.acknowledged()[self.count(moment) :]:
            if self._made[one["id"]] >= moment:
                return str(one["id"])
        return None

    def running(self, subject: str, quantity: str) -> Callable[[float], int]:
        """Return the sum of a quantity that was acknowledged by a moment."""
        return _running(zip(self._moments, self.acknowledged(), strict=False), subject, quantity)

    def running_sent(self, subject: str, quantity: str) -> Callable[[float], int]:
        """Return the sum of a quantity that was sent by a moment, acknowledged or not."""
        with self._lock:
            sent = [(self._made[name], body) for name, body in self._sent.items()]
        return _running(sent, subject, quantity)

    def close(self) -> None:
        os.close(self._file)


def _running(
    told: Iterable[tuple[float, Body]], subject: str, quantity: str
) -> Callable[[float], int]:
    moments, sums, total = [0.0], [0], 0
    for moment, one in told:
        if one["subject"] == subject and (added := one["data"].get(quantity, 0)):
            total += added
            moments.append(moment)
            sums.append(total)
    return lambda at: sums[bisect_right(moments, at) - 1]


def summed(events: Iterable[Body]) -> Sums:
    """Add up what events say of each subject, and what each work unit has put out."""
    sums: Sums = Counter()
    for one in events:
        data = one["data"]
        for quantity in QUANTITIES:
            if added := data.get(quantity, 0):
                sums[one["subject"], quantity] += added
                if unit := data.get("work_unit"):
                    sums[f"work-unit/{unit}", quantity] += added
    return sums
