"""What one viewer's stream gives: all of it or a snapshot, what was missed, and an end."""

import zlib

import gevent
import pytest

from callbacks import hub as hub_module
from callbacks.hub import CLOSING_S, HELD_UP_S, QUEUE_FRAMES, RING_FRAMES, Hub
from tests.unit.callbacks.viewing import KEY, Clock, Page, Reader, change, moved_by_hand, names


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return moved_by_hand(monkeypatch)


@pytest.fixture
def hub(clock: Clock) -> Hub:
    return Hub("build")


@pytest.fixture
def page() -> Page:
    return Page()


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
    assert waiting.get(timeout=60) == []  # nothing but when to come again
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
