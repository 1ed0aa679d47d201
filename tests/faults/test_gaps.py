"""What another hand takes out of the log before it is recorded is told, and put back."""

from collections.abc import Iterator

import pytest

from data.domain.quarantine import QuarantineKind
from data.services.errors import Unavailable
from data.services.ingest import Ingest
from data.services.live import LiveSite
from data.services.promises import Promises
from data.services.rescue import LOOK_S, SURE_S, Rescue
from data.stream.log import key_of
from tests.contract.world import FACTORY, PLANT, World, drain, good, order, process

STREAM = key_of(PLANT.id, "events")


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(order("SO-1"))
        yield made


class Seconds:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


class Keeping:
    """A reader of the log, and the rescue that listens to it."""

    def __init__(self, world: World) -> None:
        self.seconds = Seconds()
        promises = Promises(self.seconds)
        self.door = Ingest(world.log, world.history, world.sites, promises)
        self.rescue = Rescue(
            PLANT.id, world.log, world.history, world.clock, self.seconds, promises=promises
        )
        self.live = LiveSite(PLANT.id, world.log, world.history, world.clock)
        self.rescue.begin(self.live)
        self.live.load()

    def look(self) -> None:
        self.seconds.at += max(LOOK_S, SURE_S)
        self.rescue.work(self.live.now)


@pytest.fixture
def keeping(world: World) -> Keeping:
    return Keeping(world)


def gaps(world: World) -> list[str]:
    found = world.history.quarantined(PLANT.id, 100)
    return [one.reason for one in found if one.kind == QuarantineKind.GAP]


def acknowledged(world: World, keeping: Keeping, *names: str) -> None:
    """Report through the door of a process that hasn't read it back yet."""
    verdicts = keeping.door.accept(FACTORY, PLANT.id, [good(name) for name in names], world.clock())
    assert [one.status.value for one in verdicts] == ["accepted"] * len(names)


def unrecorded(world: World, keeping: Keeping, *names: str) -> None:
    """Report what a reader has seen and no recorder has."""
    assert world.said(*(good(name) for name in names)) == ["accepted"] * len(names)
    keeping.live.read(block_ms=None)


def test_what_was_trimmed_by_another_hand_is_told_with_its_place(world: World) -> None:
    recorder = world.recorder()
    drain(recorder)
    assert world.said(good("a")) == ["accepted"]
    world.client.xtrim(STREAM, maxlen=0, approximate=False)
    assert recorder.step(block_ms=None) == 0
    (told,) = gaps(world)
    assert "the log is empty" in told
    recorder.step(block_ms=None)
    assert len(gaps(world)) == 1  # once a place


def test_a_log_that_goes_on_behind_a_gap_is_told_before_it_is_recorded(world: World) -> None:
    recorder = world.recorder()
    drain(recorder)
    assert world.said(good("a")) == ["accepted"]
    world.client.xtrim(STREAM, maxlen=0, approximate=False)
    assert world.said(good("b")) == ["accepted"]
    drain(recorder)
    (told,) = gaps(world)
    assert f"the log goes on at {world.log.last_offset(PLANT.id)}" in told
    assert "b" in world.recorded_ids()


def test_an_emptied_log_is_told_even_when_nothing_comes_in(world: World) -> None:
    recorder = world.recorder()
    drain(recorder)
    world.client.flushall()
    recorder.step(block_ms=None)
    assert len(gaps(world)) == 1
    assert world.said(good("a")) == ["accepted"]  # opens a new epoch
    drain(recorder)
    assert len(gaps(world)) == 1
    assert "a" in world.recorded_ids()


def test_a_log_trimmed_of_what_is_recorded_has_no_gap(world: World) -> None:
    recorder = world.recorder()
    drain(recorder)
    world.client.xtrim(STREAM, maxlen=0, approximate=False)
    recorder.step(block_ms=None)
    assert gaps(world) == []


@pytest.mark.parametrize("hand", ["xtrim", "flushall"])
def test_what_vanished_is_put_back_recorded_once_and_named(
    world: World, keeping: Keeping, hand: str
) -> None:
    recorder = world.recorder()
    drain(recorder)
    unrecorded(world, keeping, "a", "b")
    if hand == "xtrim":
        world.client.xtrim(STREAM, maxlen=0, approximate=False)
    else:
        world.client.flushall()
    keeping.look()
    assert world.log.first_offset(PLANT.id) is None  # not yet: the recorder may have them
    keeping.look()
    drain(recorder)
    assert [one for one in world.recorded_ids() if one in "ab"] == ["a", "b"]
    assert world.rows("SELECT good FROM operation") == [(2,)]
    assert any("2 acknowledged events" in told and "a, b" in told for told in gaps(world))
    keeping.look()
    keeping.look()
    drain(recorder)
    assert world.recorded_ids().count("a") == 1


@pytest.mark.parametrize("hand", ["xtrim", "flushall"])
def test_what_vanished_before_anybody_read_it_is_put_back_by_who_acknowledged_it(
    world: World, keeping: Keeping, hand: str
) -> None:
    recorder = world.recorder()
    drain(recorder)
    keeping.live.read(block_ms=None)
    acknowledged(world, keeping, "a", "b")
    if hand == "xtrim":
        world.client.xtrim(STREAM, maxlen=0, approximate=False)
    else:
        world.client.flushall()
    for _ in range(3):
        keeping.live.read(block_ms=None)
        keeping.look()
    drain(recorder)
    assert [one for one in world.recorded_ids() if one in "ab"] == ["a", "b"]
    assert any("2 acknowledged events" in told and "a, b" in told for told in gaps(world))


def test_what_a_reader_has_not_come_to_is_not_taken_for_vanished(
    world: World, keeping: Keeping
) -> None:
    acknowledged(world, keeping, "a")
    for _ in range(4):
        keeping.look()  # the board reads nothing meanwhile
    keeping.live.read(block_ms=None)
    for _ in range(3):
        keeping.look()
    drain(world.recorder())
    assert gaps(world) == []
    assert world.recorded_ids().count("a") == 1


def test_what_is_recorded_meanwhile_is_not_put_back(world: World, keeping: Keeping) -> None:
    unrecorded(world, keeping, "a")
    drain(world.recorder())
    world.client.xtrim(STREAM, maxlen=0, approximate=False)
    keeping.look()
    keeping.look()
    assert world.log.first_offset(PLANT.id) is None


def test_two_that_put_back_the_same_have_one_effect(world: World, keeping: Keeping) -> None:
    other = Keeping(world)
    recorder = world.recorder()
    drain(recorder)
    unrecorded(world, keeping, "a")
    other.live.read(block_ms=None)
    world.client.xtrim(STREAM, maxlen=0, approximate=False)
    for one in (keeping, other, keeping, other):
        one.look()
    drain(recorder)
    assert world.recorded_ids().count("a") == 1
    assert world.rows("SELECT good FROM operation") == [(1,)]


@pytest.mark.parametrize("hand", ["xtrim", "flushall"])
def test_what_another_has_put_back_is_left_alone_however_long_the_recorder_is_away(
    world: World, keeping: Keeping, hand: str
) -> None:
    other = Keeping(world)
    recorder = world.recorder()
    drain(recorder)
    unrecorded(world, keeping, "a")
    other.live.read(block_ms=None)
    if hand == "xtrim":
        world.client.xtrim(STREAM, maxlen=0, approximate=False)
    else:
        world.client.flushall()
    for one in (keeping, other, keeping):
        one.look()
    for _ in range(3):
        for one in (keeping, other):
            one.live.read(block_ms=None)
            one.look()
    (entry,) = [one for one in world.log.read(PLANT.id, "0-0", 100, None) if one.digest is not None]
    assert entry.again
    drain(recorder)
    assert world.recorded_ids().count("a") == 1


def test_nothing_is_forgotten_while_sql_is_away(
    world: World, keeping: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = world.recorder()
    drain(recorder)
    unrecorded(world, keeping, "a")
    world.client.xtrim(STREAM, maxlen=0, approximate=False)

    def away(*_: object) -> None:
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(world.history, "digests_of", away)
        with pytest.raises(Unavailable):
            keeping.look()
    keeping.look()
    keeping.look()
    drain(recorder)
    assert "a" in world.recorded_ids()


def test_what_stands_in_the_new_log_is_not_put_back_though_the_recorder_is_away(
    world: World, keeping: Keeping
) -> None:
    drain(world.recorder())
    keeping.look()
    world.client.flushall()
    world.clock.advance(seconds=1)
    unrecorded(world, keeping, "a")  # read before anybody noticed that the log began anew
    for _ in range(4):
        keeping.look()
    ids = [one for one in world.log.read(PLANT.id, "0-0", 100, None) if one.digest is not None]
    assert len(ids) == 1
    assert not ids[0].again
