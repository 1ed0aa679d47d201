"""A page, a viewer who reads its stream, and time that a test moves: for tests of the hub."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from callbacks import hub as hub_module
from callbacks.hub import ChannelKey, Hub
from data.domain.topics import OPERATIONS, PLAN

KEY = ChannelKey("wall", "plant", "factory", "A", "en")


class Clock:
    """Monotonic time that a test moves, and what was put off until then."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.due: list[tuple[float, Callable[[], None]]] = []

    def monotonic(self) -> float:
        return self.at

    def spawn_later(self, seconds: float, action: Callable[[], None]) -> None:
        self.due.append((self.at + seconds, action))

    def advance(self, seconds: float) -> None:
        """Go on, doing what falls due on the way."""
        until = self.at + seconds
        while ready := sorted([d for d in self.due if d[0] <= until + 1e-9], key=lambda d: d[0]):
            self.due.remove(ready[0])
            self.at = max(self.at, ready[0][0])
            ready[0][1]()
        self.at = until


def moved_by_hand(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock that the hub goes by for the rest of a test."""
    made = Clock()
    monkeypatch.setattr(hub_module.time, "monotonic", made.monotonic)
    monkeypatch.setattr(hub_module.gevent, "spawn_later", made.spawn_later)
    return made


class Page:
    """What is shown: one cell a value, rendered when its topic is asked for."""

    def __init__(self) -> None:
        self.values: dict[str, tuple[int, str]] = {"a": (OPERATIONS, "0"), "b": (PLAN, "0")}
        self.asked: list[int] = []
        self.age = 1.5
        self.fails = False
        self.beat_fails = False

    def render(self, topics: int) -> dict[str, dict[str, Any]]:
        self.asked.append(topics)
        if self.fails:
            raise ValueError("can't be drawn")
        return {name: {"t": text} for name, (topic, text) in self.values.items() if topic & topics}

    def beat(self) -> dict[str, object]:
        if self.beat_fails:
            raise ValueError("no clock")
        return {"age": self.age}

    def show(self, name: str, text: str) -> None:
        self.values[name] = (self.values[name][0], text)


class Reader:
    """One viewer, who reads a chunk when told to."""

    def __init__(self, hub: Hub, page: Page, last_id: str | None = None, packed: bool = False,
                 key: ChannelKey = KEY) -> None:  # fmt: skip
        self._stream: Iterator[bytes] = hub.stream(key, page.render, page.beat, last_id, packed)
        self.last_id: str | None = None
        self.shown: dict[str, Any] = {}
        self.raw = b""

    def read(self) -> list[tuple[str, Any]]:
        """Events of the next chunk."""
        chunk = next(self._stream)
        self.raw += chunk
        events = []
        for block in chunk.decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.splitlines())
            if "event" in lines:
                events.append((lines["event"], msgspec.json.decode(lines["data"])))
            self.last_id = lines.get("id", self.last_id)
        self._show(events)
        return events

    def _show(self, events: list[tuple[str, Any]]) -> None:
        for name, data in events:
            if name in ("snapshot", "cells"):
                self.shown |= data["c"]

    def leave(self) -> None:
        self._stream.close()


def names(events: list[tuple[str, Any]]) -> list[str]:
    return [name for name, _ in events]


def change(hub: Hub, page: Page, clock: Clock, count: int) -> None:
    for n in range(count):
        page.show("a", f"{clock.at}/{n}")
        hub.on_change("plant", OPERATIONS)
        clock.advance(3)
