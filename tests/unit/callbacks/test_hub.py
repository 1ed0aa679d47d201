"""The hub: at once, then coalesced; nobody waits for a slow viewer; nothing stops the others."""

from typing import Any

import gevent
import pytest

from callbacks import hub as hub_module
from callbacks.hub import BEAT_S, LATE_TIMES, LINGER_S, MAX_INTERVAL_S, OWED_S, Hub
from data.domain.topics import CLOCK, EVERYTHING, OPERATIONS, PLAN, READERS, SIGNALS
from tests.unit.callbacks.viewing import KEY, Clock, Page, Reader, moved_by_hand, names


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return moved_by_hand(monkeypatch)


@pytest.fixture
def hub(clock: Clock) -> Hub:
    return Hub("build")


@pytest.fixture
def page() -> Page:
    return Page()


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
    with gevent.Timeout(60):
        while len(page.asked) < 2:
            gevent.sleep(0.001)
        page.beat_fails = False
        assert "beat" in names(viewer.read())
    running.kill()


def test_it_is_remembered_when_a_topic_last_changed_though_nobody_looked():
    seconds = [1000.0]
    hub = Hub("build", now_s=lambda: seconds[0])
    seconds[0] = 1005.0
    hub.on_change("north", OPERATIONS)
    seconds[0] = 1010.0
    assert hub.changed_s("north", OPERATIONS) == 1005.0
    assert hub.changed_s("north", PLAN) == hub.changed_s("south", OPERATIONS) == 1000.0


def test_no_change_lies_in_the_future_when_the_clock_was_set_back():
    seconds = [5000.0]
    hub = Hub("build", now_s=lambda: seconds[0])
    hub.on_change("north", OPERATIONS)
    seconds[0] = 1000.0
    assert hub.changed_s("north", OPERATIONS) == hub.changed_s("north", PLAN) == 1000.0
