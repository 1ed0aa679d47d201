"""The hub: at once, then coalesced; nobody waits for a slow viewer; nothing stops the others."""

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import msgspec
import pytest

from callbacks import hub as hub_module
from callbacks.hub import (
    BEAT_S,
    CLOSING_S,
    HELD_UP_S,
    LATE_TIMES,
    LINGER_S,
    MAX_INTERVAL_S,
    OWED_S,
    QUEUE_FRAMES,
    RING_FRAMES,
    ChannelKey,
    Hub,
)
from data.domain.topics import CLOCK, EVERYTHING, OPERATIONS, PLAN, READERS, SIGNALS

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


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(hub_module.time, "monotonic", made.monotonic)
    monkeypatch.setattr(hub_module.gevent, "spawn_later", made.spawn_later)
    return made


@pytest.fixture
def hub(clock: Clock) -> Hub:
    return Hub("build")


@pytest.fixture
def page() -> Page:
    return Page()


def names(events: list[tuple[str, Any]]) -> list[str]:
    return [name for name, _ in events]


def test_a_new_viewer_gets_a_snapshot_and_the_datas_age(hub: Hub, page: Page) -> None:
    viewer = Reader(hub, page)
    events = viewer.read()
    assert names(events) == ["snapshot", "beat"]
    assert events[0][1] == {"c": {"a": {"t": "0"}, "b": {"t": "0"}}, "a": 1.5}
    assert viewer.raw.startswith(b"retry: ")


def test_the_first_change_goes_out_at_once(hub: Hub, page: Page, clock: Clock) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    clock.advance(1)
    page.show("a", "1")
    hub.on_change("plant", OPERATIONS)
    clock.advance(0)
    assert viewer.read() == [("cells", {"c": {"a": {"t": "1"}}, "a": 1.5})]
    assert page.asked[-1] == OPERATIONS


def test_what_follows_waits_for_the_interval_and_the_newest_wins(
    hub: Hub, page: Page, clock: Clock
) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    clock.advance(1)
    for n in range(1, 8):
        page.show("a", str(n))
        hub.on_change("plant", OPERATIONS)
        clock.advance(0.01)
    assert viewer.read()[0][1]["c"] == {"a": {"t": "1"}}
    rendered = len(page.asked)
    clock.advance(0.1)
    assert len(page.asked) == rendered + 1
    assert viewer.read() == [("cells", {"c": {"a": {"t": "7"}}, "a": 1.5})]


def test_a_newcomer_doesnt_break_the_interval_of_the_others(
    hub: Hub, page: Page, clock: Clock
) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    clock.advance(1)
    page.show("a", "1")
    hub.on_change("plant", OPERATIONS)
    clock.advance(0)
    page.show("a", "2")
    hub.on_change("plant", OPERATIONS)  # waits for its turn
    clock.advance(0.05)
    Reader(hub, page).read()
    page.show("a", "3")
    hub.on_change("plant", OPERATIONS)
    assert len(clock.due) == 1
    rendered = len(page.asked)
    clock.advance(0.05)
    assert len(page.asked) == rendered + 1


def test_a_change_that_changes_no_cell_sends_nothing(hub: Hub, page: Page, clock: Clock) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    before = viewer.last_id
    clock.advance(1)
    hub.on_change("plant", OPERATIONS)
    clock.advance(1)
    hub.tick()
    assert names(viewer.read()) == ["beat"]
    assert viewer.last_id == before


def test_changes_elsewhere_touch_nobody(hub: Hub, page: Page, clock: Clock) -> None:
    Reader(hub, page).read()
    rendered = len(page.asked)
    hub.on_change("other plant", EVERYTHING)
    clock.advance(1)
    assert len(page.asked) == rendered


def test_nobody_looking_nothing_is_rendered_and_the_next_viewer_sees_the_newest(
    hub: Hub, page: Page, clock: Clock
) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    viewer.leave()
    rendered = len(page.asked)
    page.show("a", "9")
    hub.on_change("plant", OPERATIONS)
    clock.advance(1)
    assert len(page.asked) == rendered
    later = Reader(hub, page)
    later.read()
    assert later.shown["a"] == {"t": "9"}


def test_all_viewers_of_a_channel_get_the_same_bytes_from_one_render(
    hub: Hub, page: Page, clock: Clock
) -> None:
    viewers = [Reader(hub, page) for _ in range(20)]
    for viewer in viewers:
        viewer.read()
    assert len(page.asked) == 1
    assert len(hub) == 1
    clock.advance(1)
    page.show("b", "1")
    hub.on_change("plant", PLAN)
    clock.advance(0)
    for viewer in viewers:
        viewer.raw = b""
        viewer.read()
    assert len({viewer.raw for viewer in viewers}) == 1
    assert len(page.asked) == 2


def change(hub: Hub, page: Page, clock: Clock, count: int) -> None:
    for n in range(count):
        page.show("a", f"{clock.at}/{n}")
        hub.on_change("plant", OPERATIONS)
        clock.advance(3)


def test_a_slow_viewers_queue_is_bounded_and_it_gets_one_snapshot(
    hub: Hub, page: Page, clock: Clock
) -> None:
    slow, quick = Reader(hub, page), Reader(hub, page)
    slow.read(), quick.read()
    for _ in range(QUEUE_FRAMES * 3):
        change(hub, page, clock, 1)
        quick.read()
    (channel,) = hub._channels.values()
    assert all(viewer.frames.qsize() <= QUEUE_FRAMES for viewer in channel.viewers)
    assert names(slow.read())[0] == "snapshot"
    assert slow.shown == quick.shown
    change(hub, page, clock, 1)
    assert names(slow.read())[0] == "cells"


def test_what_waited_at_a_connection_is_followed_by_the_age_as_it_is_now(
    hub: Hub, page: Page, clock: Clock
) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    page.age = 1.5
    hub.tick()
    viewer.read()
    hub.tick()
    clock.advance(HELD_UP_S + 0.1)  # until the connection takes what it was given
    page.age = 2.6
    assert viewer.read() == [("beat", {"age": 1.5}), ("beat", {"age": 2.6})]
    hub.tick()
    assert viewer.read() == [("beat", {"age": 2.6})]


def test_changes_gather_for_longer_while_the_process_is_late(
    hub: Hub, page: Page, clock: Clock
) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    hub.lateness.note(0.2)

    def waited(topics: int) -> float:
        page.show("a", str(clock.at))
        hub.on_change("plant", topics)
        return max(at for at, _ in clock.due) - clock.at

    clock.advance(0.01)
    assert waited(OPERATIONS) == pytest.approx(LATE_TIMES * 0.2, rel=0.1)
    clock.advance(MAX_INTERVAL_S)
    viewer.read()
    for _ in range(20):
        hub.lateness.note(60.0)
    assert waited(OPERATIONS) <= MAX_INTERVAL_S


def test_who_comes_back_with_its_last_id_gets_exactly_what_it_missed(
    hub: Hub, page: Page, clock: Clock
) -> None:
    stays, leaves = Reader(hub, page), Reader(hub, page)
    stays.read(), leaves.read()
    change(hub, page, clock, 2)
    leaves.read()
    leaves.leave()
    change(hub, page, clock, 3)
    back = Reader(hub, page, last_id=leaves.last_id)
    back.shown = leaves.shown
    assert names(back.read()) == ["cells", "cells", "cells", "beat"]
    stays.read()
    assert back.shown == stays.shown
    assert back.last_id == stays.last_id


def test_who_missed_nothing_gets_nothing_but_a_beat(hub: Hub, page: Page, clock: Clock) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    change(hub, page, clock, 1)
    viewer.read()
    assert names(Reader(hub, page, last_id=viewer.last_id).read()) == ["beat"]


@pytest.mark.parametrize(
    "last_id",
    ["", "x", "other-1.0", "1", ".1", "{name}.", "{name}.-1", "{name}.99", "{name}.\u00b2",
     "{name}.\u0661", "{name}.1.5", "{name}." + "9" * 5000, "{name}.0x1"],
)  # fmt: skip
def test_an_id_that_is_foreign_or_malformed_gets_a_snapshot(
    hub: Hub, page: Page, clock: Clock, last_id: str
) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    name = (viewer.last_id or "").rpartition(".")[0]
    back = Reader(hub, page, last_id=last_id.replace("{name}", name))
    assert names(back.read()) == ["snapshot", "beat"]


def test_an_id_of_another_process_is_foreign_though_its_number_is_the_same(
    page: Page, clock: Clock
) -> None:
    viewer = Reader(Hub("build"), page)
    viewer.read()
    assert names(Reader(Hub("build"), page, last_id=viewer.last_id).read())[0] == "snapshot"


def test_an_id_older_than_what_is_kept_gets_a_snapshot(hub: Hub, page: Page, clock: Clock) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    first = viewer.last_id
    change(hub, page, clock, RING_FRAMES)
    kept = Reader(hub, page, last_id=first)
    assert names(kept.read()) == ["cells"] * RING_FRAMES + ["beat"]
    change(hub, page, clock, 1)
    assert names(Reader(hub, page, last_id=first).read()) == ["snapshot", "beat"]


def test_a_packed_stream_unpacks_to_the_plain_one(hub: Hub, page: Page, clock: Clock) -> None:
    plain = hub.stream(KEY, page.render, page.beat, None, False)
    packed = hub.stream(KEY, page.render, page.beat, None, True)
    unpacker = zlib.decompressobj(31)
    plain_start, packed_start = next(plain), unpacker.decompress(next(packed))
    assert packed_start.split(b"\n\n", 1)[1] == plain_start.split(b"\n\n", 1)[1]
    for _ in range(5):
        change(hub, page, clock, 1)
        assert unpacker.decompress(next(packed)) == next(plain)


def test_a_channel_left_alone_is_dropped_after_a_while(hub: Hub, page: Page, clock: Clock) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    clock.advance(LINGER_S * 2)
    hub.tick()
    assert len(hub) == 1
    viewer.leave()
    clock.advance(LINGER_S - 1)
    hub.tick()
    assert len(hub) == 1
    clock.advance(2)
    hub.tick()
    assert len(hub) == 0
    assert names(Reader(hub, page, last_id=viewer.last_id).read())[0] == "snapshot"


def test_a_beat_carries_the_age_and_renders_what_only_time_changes(
    hub: Hub, page: Page, clock: Clock
) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    clock.advance(BEAT_S)
    hub.tick()
    clock.advance(0)
    assert viewer.read() == [("beat", {"age": 1.5})]
    assert page.asked[-1] == CLOCK | SIGNALS | READERS


def test_a_stream_ends_when_its_life_is_over_and_frees_its_place(
    hub: Hub, page: Page, clock: Clock
) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    clock.advance(hub_module.LIFE_S * 1.3)
    hub.tick()
    with pytest.raises(StopIteration):
        viewer.read()
    (channel,) = hub._channels.values()
    assert not channel.viewers


def test_a_beat_does_not_vouch_for_a_page_whose_change_cannot_be_drawn(
    hub: Hub, page: Page, clock: Clock
) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    page.fails = True
    hub.on_change("plant", OPERATIONS)
    clock.advance(OWED_S)
    hub.tick()
    assert viewer.read() == [("beat", {"age": 1.5})]
    clock.advance(1.0)
    hub.tick()
    assert viewer.read() == [("beat", {"age": 1.5, "log": False})]
    page.fails = False
    hub.on_change("plant", OPERATIONS)
    clock.advance(1.0)
    hub.tick()
    assert viewer.read()[-1] == ("beat", {"age": 1.5})


@pytest.mark.parametrize("broken", ["render", "beat"])
def test_a_channel_that_fails_is_logged_and_stops_no_other(
    hub: Hub, page: Page, clock: Clock, broken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Page()
    bad = Reader(hub, page)
    well = Reader(hub, other, key=KEY._replace(parameters="B"))
    bad.read(), well.read()
    page.fails, page.beat_fails = broken == "render", broken == "beat"
    page.show("a", "1")
    other.show("a", "1")
    clock.advance(1)
    hub.on_change("plant", OPERATIONS)
    clock.advance(0)
    hub.tick()
    assert names(well.read()) == ["cells", "beat"]
    assert "ValueError" in capsys.readouterr().out


def test_a_render_that_failed_is_tried_again_with_nothing_lost(
    hub: Hub, page: Page, clock: Clock
) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    page.fails = True
    page.show("a", "1")
    hub.on_change("plant", OPERATIONS)
    clock.advance(1)
    page.fails = False
    hub.on_change("plant", PLAN)
    clock.advance(1)
    assert viewer.read()[0][1]["c"] == {"a": {"t": "1"}}


def test_a_heavy_render_makes_its_channel_slower(hub: Hub, page: Page, clock: Clock) -> None:
    render = page.render

    def heavy(topics: int) -> dict[str, dict[str, Any]]:
        clock.at += 0.4
        return render(topics)

    page.render = heavy  # type: ignore[method-assign]
    viewer = Reader(hub, page)
    viewer.read()
    page.show("a", "1")
    hub.on_change("plant", OPERATIONS)
    ((due, _),) = clock.due
    assert 0.35 < due - clock.at < 0.85  # it takes at most half of the time


def test_a_change_during_a_render_is_not_lost(hub: Hub, page: Page, clock: Clock) -> None:
    viewer = Reader(hub, page)
    viewer.read()
    clock.advance(1)
    render = page.render

    def interrupted(topics: int) -> dict[str, dict[str, Any]]:
        cells = render(topics)
        page.show("b", "1")
        hub.on_change("plant", PLAN)
        page.render = render  # type: ignore[method-assign]
        channel._render = render
        return cells

    (channel,) = hub._channels.values()
    channel._render = interrupted
    page.show("a", "1")
    hub.on_change("plant", OPERATIONS)
    clock.advance(1)
    viewer.read()
    assert viewer.shown == {"a": {"t": "1"}, "b": {"t": "1"}}


def test_the_hub_beats_for_ever_whatever_a_channel_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub_module, "BEAT_S", 0.001)
    hub, page = Hub("build"), Page()
    viewer = Reader(hub, page)
    viewer.read()
    page.beat_fails = page.fails = True
    running = gevent.spawn(hub.run)
    page.asked.clear()
    with gevent.Timeout(5):
        while len(page.asked) < 2:
            gevent.sleep(0.001)
        page.beat_fails = False
        assert "beat" in names(viewer.read())
    running.kill()


def test_a_server_that_stops_ends_every_stream_soon_but_not_all_at_once(
    hub: Hub, page: Page, clock: Clock
) -> None:
    viewers = [Reader(hub, page) for _ in range(20)]
    for viewer in viewers:
        viewer.read()
    hub.close()
    due = sorted(at - clock.at for at, _ in clock.due)
    assert len(due) == 20
    assert 0 <= due[0] < due[-1] <= CLOSING_S
    clock.advance(CLOSING_S)
    for viewer in viewers:
        with pytest.raises(StopIteration):
            viewer.read()


def test_a_stream_that_waits_is_woken_to_end(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_module, "CLOSING_S", 0.0)
    hub = Hub("build")
    viewer = Reader(hub, page)
    viewer.read()
    waiting = gevent.spawn(viewer.read)
    gevent.sleep(0)
    hub.close()
    assert waiting.get(timeout=5) == []  # nothing but when to come again
    assert viewer.raw.endswith(b"\n\n") and b"retry: " in viewer.raw.rpartition(b"event: ")[2]
    with pytest.raises(StopIteration):
        viewer.read()


def test_a_stream_that_begins_at_a_server_that_stops_ends_with_its_welcome(
    hub: Hub, page: Page
) -> None:
    hub.close()
    viewer = Reader(hub, page)
    assert names(viewer.read()) == ["snapshot", "beat"]
    with pytest.raises(StopIteration):
        viewer.read()
