"""The start's stream: one for all its sites, and of no site that its reader may not watch."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from msgspec.structs import replace

from callbacks import home_live
from callbacks.gate import NOBODY, Viewer
from callbacks.home_live import HomeChannel, HomeLive
from callbacks.hub import Hub
from data.domain.scope import Role
from data.domain.topics import CLOCK, NEEDS, OPERATIONS, PLAN, READERS, SIGNALS
from tests.unit.callbacks.desk.places import Places, live_site, manager_of, site

T0 = 1_700_000_000.0
BEAT = CLOCK | SIGNALS | READERS


class Told(Hub):
    """A hub that has every channel, and notes which of them are touched."""

    def __init__(self) -> None:
        super().__init__("b")
        self.touched: list[tuple[str, int]] = []
        self.has = True

    def __contains__(self, key: object) -> bool:
        return self.has

    def touch(self, key: Any, topics: int) -> None:
        self.touched.append((key.scope, topics))


class Clock:
    now_s = T0

    def __call__(self) -> float:
        return self.now_s


class Start:
    """Three sites, and the channels of those who look at the start."""

    def __init__(self) -> None:
        self.hub, self.clock = Told(), Clock()
        self.lives = [live_site(site(name)) for name in ("north", "south", "west")]
        self.live = HomeLive(self.hub, Places(*self.lives), self.clock)

    def channel(self, who: Viewer) -> HomeChannel:
        made = HomeChannel(self.live, who.scope)
        made.render()
        return made


@pytest.fixture
def start() -> Start:
    return Start()


def at(channel: HomeChannel) -> dict[str, int]:
    return {name: int(cell["t"]) for name, cell in channel.render(BEAT).items()}


def test_a_change_at_any_site_is_told_of_that_site(start: Start) -> None:
    channel = start.channel(manager_of("north", "south"))
    before = at(channel)
    start.clock.now_s += 60
    start.live.on_change("south", OPERATIONS)
    after = at(channel)
    assert after["north"] == before["north"]
    assert after["south"] >= (T0 + 60 + 2) * 1000


def test_nothing_is_told_of_a_site_that_is_not_the_readers(start: Start) -> None:
    channel = start.channel(manager_of("north"))
    before = channel.render()
    start.clock.now_s += 60
    start.live.on_change("south", OPERATIONS)
    assert channel.render() == before and set(before) == {"north"}
    assert start.hub.touched == []


def test_who_sees_other_sites_has_another_channel(start: Start) -> None:
    keys = {
        HomeChannel(start.live, who.scope).key
        for who in (manager_of("north"), manager_of("south"), manager_of("north", "south"))
    }
    assert len(keys) == 3 and {key.site for key in keys} == {""}


def test_only_channels_that_may_watch_the_site_are_touched(start: Start) -> None:
    own, other = manager_of("north", "south"), manager_of("west", role=Role.OPERATOR)
    start.channel(own)
    start.channel(other)
    start.live.on_change("west", PLAN)
    assert start.hub.touched == [(other.scope.key, PLAN)]


def test_a_busy_site_is_told_of_once_in_two_seconds(start: Start) -> None:
    start.channel(manager_of("north"))
    for tenth in range(40):
        start.clock.now_s = T0 + tenth / 10
        start.live.on_change("north", OPERATIONS)
    assert len(start.hub.touched) == 2


def test_what_the_start_does_not_show_is_not_told(start: Start) -> None:
    channel = start.channel(manager_of("north"))
    before = channel.render()
    start.clock.now_s += 60
    start.live.on_change("north", NEEDS)
    assert channel.render() == before and start.hub.touched == []


def test_a_sites_own_minute_is_told_with_the_heartbeat(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = start.channel(manager_of("north", "south"))
    before = at(channel)
    start.clock.now_s += 60
    later = SimpleNamespace(site="south", now=start.lives[1].now.replace(minute=59))
    monkeypatch.setattr(start.live, "watched", lambda scope: [start.lives[0], later])
    after = at(channel)
    assert after["north"] == before["north"] and after["south"] > before["south"]
    assert at(channel) == after


def test_a_channel_that_the_hub_has_dropped_is_touched_no_more(start: Start) -> None:
    start.channel(manager_of("north"))
    start.hub.has = False
    start.channel(manager_of("south"))
    start.live.on_change("north", OPERATIONS)
    assert start.hub.touched == []


def test_a_heartbeat_says_nothing_of_any_site(start: Start) -> None:
    assert start.channel(manager_of("north", "south")).beat() == {"log": True}


def asked(start: Start, who: Viewer, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(home_live, "viewer", lambda: who)
    monkeypatch.setattr(home_live, "while_known", lambda frames: iter([next(frames)]))
    server = Flask("test")
    server.register_blueprint(start.live.blueprint())
    return server.test_client().get("/live/home").status_code


@pytest.mark.parametrize(
    "who",
    [
        NOBODY, manager_of(), manager_of("elsewhere"),
        *(manager_of("north", role=role, party="P1") for role in (Role.SUPPLIER, Role.CUSTOMER,
                                                                   Role.LOGISTICS)),
        manager_of("north", role=Role.SOURCE),
        replace(manager_of("north", role=Role.SCREEN), screen="north.A"),
    ],
)  # fmt: skip
def test_whoever_may_watch_no_site_finds_no_stream(
    start: Start, who: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(start, who, monkeypatch) == 404


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.PURCHASER, Role.OPERATOR, Role.AUDITOR])
def test_people_of_the_factory_get_it(
    start: Start, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(start, manager_of("north", role=role), monkeypatch) == 200
