"""The watch: one fault stays one aspect's, one watch a site, lost facts come again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from data.domain.events import Data, Event, EventType
from data.services.aspects import Aspect
from data.services.errors import Overloaded, Unavailable
from data.services.watch import LONGEST_RETRY_S, RETRY_S, Watch

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


class FakeLive:
    """A live site whose log is a list."""

    def __init__(self) -> None:
        self.boards = 0
        self.now = NOW
        self.offset = "0-0"
        self.waiting: list[Event] = []
        self.reloads_while_reading = False
        self.facts: dict[str, bytes | None] = {}
        self.overlooked = 0
        self._follower: Callable[[Sequence[Event]], None] = lambda _: None

    def follow(self, follower: Callable[[Sequence[Event]], None]) -> None:
        self._follower = follower

    def load(self) -> None:
        self.boards += 1

    def take_facts(self, documents: Mapping[str, bytes | None], whole: bool) -> None:
        self.facts = {**({} if whole else self.facts), **documents}

    def poll(self) -> None:
        pass

    def overlook(self) -> None:
        self.overlooked += 1

    def read(self, block_ms: int | None) -> int:
        if self.reloads_while_reading:
            self.reloads_while_reading = False
            self.boards += 1
        events, self.waiting = self.waiting, []
        self._follower(events)
        return len(events)


class FakeAspect(Aspect):
    """An aspect that publishes how many events it saw, and fails when it is told to."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.begins = self.ends = 0
        self.seen: list[str] = []
        self.failure: Exception | None = None

    def begin(self, live: Any) -> None:
        self.begins += 1

    def see(self, events: Sequence[Event]) -> None:
        self.seen += [event.id for event in events]

    def work(self, now: datetime) -> Mapping[str, bytes | None]:
        if self.failure is not None:
            raise self.failure
        return {self.name: str(len(self.seen)).encode()}

    def end(self) -> None:
        self.ends += 1


class FakeFacts:
    """Facts in memory, numbered as in Redis."""

    def __init__(self) -> None:
        self.number = 0
        self.documents: dict[str, bytes] = {}
        self.full = False

    def publish(
        self, site: str, documents: Mapping[str, bytes | None], after: int | None
    ) -> int | None:
        if self.full:
            raise Overloaded("full")
        if after is not None and after != self.number:
            return None
        for name, document in documents.items():
            if document is None:
                self.documents.pop(name, None)
            else:
                self.documents[name] = document
        self.number += 1
        return self.number

    def last(self, site: str) -> int:
        return self.number

    def names(self, site: str) -> set[str]:
        return set(self.documents)


class FakeLock:
    def __init__(self) -> None:
        self.free = True
        self.lost = False

    def acquire(self) -> bool:
        if self.lost:
            raise Unavailable("gone")
        return self.free

    def release(self) -> None:
        self.free = True


class Desk:
    """A watch with two aspects, everything around it in memory."""

    def __init__(self) -> None:
        self.live, self.facts, self.lock = FakeLive(), FakeFacts(), FakeLock()
        self.first, self.second = FakeAspect("first"), FakeAspect("second")
        self.clock_s = 100.0
        self.notes: list[float] = []
        self.watch = Watch(
            "plant", self.live, [self.first, self.second], self.lock, self.facts, self,
            now_s=NOW.timestamp, clock=lambda: self.clock_s,
        )  # type: ignore[arg-type]  # fmt: skip

    def note_reader(self, site: str, reader: str, offset: str, at_s: float) -> None:
        self.notes.append(at_s)

    def step(self, *events: str, after_s: float = 1.0) -> int:
        self.clock_s += after_s
        data = Data(good=1)
        kind, subject = EventType.OPERATION_PROGRESSED, "operation/SO-1/10"
        self.live.waiting += [Event(name, "t", kind, subject, NOW, NOW, data) for name in events]
        return self.watch.step()


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_events_reach_every_aspect_and_what_they_find_is_published(desk: Desk) -> None:
    desk.step()
    assert desk.step("a", "b") == 2
    assert desk.first.seen == desk.second.seen == ["a", "b"]
    assert desk.facts.documents == {"first": b"2", "second": b"2"}


def test_what_one_aspect_finds_stands_on_the_board_for_the_others(desk: Desk) -> None:
    desk.live.facts = {"left over": b"1"}
    desk.step()
    assert desk.live.facts == {"first": b"0", "second": b"0"}
    desk.step("a", "b")
    assert desk.live.facts == {"first": b"2", "second": b"2"}


def test_an_aspect_begins_with_the_board_that_has_the_events_read_so_far(desk: Desk) -> None:
    desk.step("a")
    assert desk.first.begins == 1
    assert desk.first.seen == []


def test_a_failing_aspect_alone_begins_anew_after_a_pause(desk: Desk) -> None:
    desk.step()
    desk.first.failure = ValueError("broken")
    desk.step("a")
    desk.first.failure = None
    desk.step("b", after_s=RETRY_S / 2)
    assert (desk.first.begins, desk.first.seen) == (1, ["a"])
    desk.step("c", after_s=RETRY_S)
    assert desk.first.begins == 2
    assert (desk.second.begins, desk.second.seen) == (1, ["a", "b", "c"])


def test_an_aspect_that_keeps_failing_is_tried_less_and_less_often(desk: Desk) -> None:
    desk.first.failure = Unavailable("no database")
    for _ in range(12):
        desk.step(after_s=LONGEST_RETRY_S)
    tried = desk.first.begins
    desk.step(after_s=LONGEST_RETRY_S / 2)
    assert desk.first.begins == tried
    desk.step(after_s=LONGEST_RETRY_S / 2)
    assert desk.first.begins == tried + 1


def test_a_board_loaded_in_the_middle_lets_every_aspect_begin_anew(desk: Desk) -> None:
    desk.step()
    desk.live.reloads_while_reading = True
    desk.step("a")
    assert (desk.first.begins, desk.second.begins) == (2, 2)
    assert desk.first.seen == []


def test_while_another_watches_it_stands_by(desk: Desk) -> None:
    desk.lock.free = False
    assert desk.step("a") == 0
    assert desk.watch.holds_site is False
    assert desk.live.boards == 0
    desk.lock.free = True
    desk.step()
    assert desk.watch.holds_site is True


def test_what_was_lost_is_published_again_though_nothing_changed(desk: Desk) -> None:
    desk.step("a")
    desk.step("b")
    desk.facts.documents = {"old": b"1"}
    desk.facts.number = 0
    desk.first.failure = desk.second.failure = Unavailable("busy")
    desk.step()
    assert desk.facts.documents == {"first": b"1", "second": b"1"}


def test_what_a_full_log_did_not_take_is_published_once_there_is_room(desk: Desk) -> None:
    desk.step()
    desk.facts.full = True
    with pytest.raises(Overloaded):
        desk.step("a")
    desk.facts.full = False
    desk.first.failure = desk.second.failure = Unavailable("busy")
    desk.step()
    assert desk.facts.documents["first"] == b"1"


def test_one_that_has_lost_its_lock_publishes_nothing_more(desk: Desk) -> None:
    desk.step()
    desk.facts.number, desk.facts.documents = 99, {"first": b"another's"}
    desk.lock.free = False
    with pytest.raises(Unavailable):
        desk.step("a", after_s=0.1)
    assert desk.facts.documents == {"first": b"another's"}
    assert desk.watch.holds_site is False


def test_a_lost_connection_ends_the_watch_until_it_gets_the_lock_again(desk: Desk) -> None:
    desk.step()
    desk.lock.lost = True
    with pytest.raises(Unavailable):
        desk.step()
    desk.lock.lost = False
    desk.step("a")
    assert desk.live.boards == 2
    assert desk.first.begins == 2
    assert desk.first.ends == 1


def test_what_aspects_do_beside_has_ended_before_another_may_watch(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.step()
    ended: list[int] = []
    monkeypatch.setattr(desk.lock, "release", lambda: ended.append(desk.second.ends))
    desk.watch.close()
    assert ended == [1]


def test_it_says_that_it_is_up_to_date_once_a_second(desk: Desk) -> None:
    for _ in range(10):
        desk.step(after_s=0.25)
    assert desk.notes == [NOW.timestamp()] * 3


def test_it_holds_no_list_of_what_changed_for_longer_than_a_poll(desk: Desk) -> None:
    for _ in range(10):
        desk.step(after_s=1.0)
    assert desk.live.overlooked == 5
