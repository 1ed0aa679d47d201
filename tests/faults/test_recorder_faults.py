"""A recorder that is killed at any point: what was acknowledged is in SQL, each event once."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psycopg
import pytest

from data.services.errors import Unavailable
from data.services.ports import Batch, Recorded
from data.services.recorder import Recorder
from data.services.worker import Worker
from data.store import recording
from data.store.embedded import EmbeddedPostgres
from data.store.recording import Recording
from tests.contract.world import (
    PLANT,
    World,
    drain,
    drain_somehow,
    good,
    order,
    process,
    void,
)

ROOT = Path(__file__).resolve().parents[2]
POINTS = ("after the read", "in the transaction", "before the commit", "after the commit")
EVENTS = 40
CHILD = "tests.faults.test_recorder_faults"


class DyingRecording(Recording):
    """Kills its own process at one point of a write, as the kernel would."""

    point = ""

    def write(self, batch: Batch) -> None:
        if self.point == "after the read":
            _die()
        if self.point == "in the transaction":
            batch.events = _dying_at_last(batch.events)
        if self.point == "before the commit":
            recording._write_offset = _written_then(recording._write_offset)
        super().write(batch)
        _die()


def _dying_at_last(events: Iterable[Recorded]) -> Iterator[Recorded]:
    yield from events
    _die()


def _written_then(write: Callable[..., None]) -> Callable[..., None]:
    def written(*arguments: object) -> None:
        write(*arguments)
        _die()

    return written


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def record_and_die(redis_url: str, database_url: str, point: str) -> None:
    """What the child process does."""
    DyingRecording.point = point
    with process(redis_url, database_url) as world:
        writer = DyingRecording(database_url, PLANT.id)
        recorder = Recorder(PLANT.id, world.log, world.history, writer, world.clock)
        while True:
            recorder.step(block_ms=None)


def killed_at(point: str, redis_url: str, database_url: str) -> int:
    """Run a recorder in a process of its own that dies at this point; return how it ended."""
    child = subprocess.run(
        [sys.executable, "-m", CHILD, redis_url, database_url, point],
        cwd=ROOT, timeout=180, capture_output=True, check=False,
    )  # fmt: skip
    return child.returncode


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(order("SO-1"))
        yield made


def report(world: World, first: int, count: int = EVENTS) -> set[str]:
    """Report events, some voided; return the ids that were acknowledged."""
    batch = [good(f"e{n}", 2) for n in range(first, first + count)]
    batch.append(void(f"v{first}", f"e{first}"))
    verdicts = world.accept(*batch)
    assert {verdict.status.value for verdict in verdicts} == {"accepted"}
    return {verdict.id for verdict in verdicts}


def assert_whole(world: World, acknowledged: set[str], batches: int) -> None:
    recorded = world.recorded_ids()
    assert len(recorded) == len(set(recorded))
    assert acknowledged <= set(recorded)
    expected = 2 * (EVENTS - 1) * batches
    assert world.rows("SELECT good FROM operation") == [(expected,)]
    assert world.rows("SELECT sum(good) FROM output") == [(expected,)]
    ((epoch, after),) = world.rows("SELECT epoch, after FROM reader")
    assert (epoch, after) == (world.log.epoch(PLANT.id), world.log.last_offset(PLANT.id))


@pytest.mark.parametrize("point", POINTS)
def test_a_recorder_killed_at_any_point_loses_and_doubles_nothing(
    world: World, redis_url: str, database_url: str, point: str
) -> None:
    acknowledged = report(world, 0)
    assert killed_at(point, redis_url, database_url) == -signal.SIGKILL
    committed = point == "after the commit"
    assert len(world.recorded_ids()) == (EVENTS + 3 if committed else 0)
    assert bool(world.rows("SELECT * FROM reader")) == committed
    acknowledged |= report(world, 100)
    drain_somehow(world.recorder())
    assert_whole(world, acknowledged, batches=2)


def test_the_database_killed_under_load_loses_and_doubles_nothing(
    world: World, postgres: EmbeddedPostgres
) -> None:
    recorder = world.recorder()
    acknowledged: set[str] = set()
    for n in range(6):
        acknowledged |= report(world, 100 * n)
        drain_somehow(recorder)
        acknowledged |= report(world, 100 * n + 50)
        if n % 2:
            postgres.kill()
            postgres.start()
    drain_somehow(recorder)
    assert_whole(world, acknowledged, batches=12)


def test_the_database_killed_in_the_middle_of_a_write_loses_and_doubles_nothing(
    world: World, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledged = report(world, 0)
    recorder = world.recorder()
    write_offset = recording._write_offset

    def killed(cursor: psycopg.Cursor, *arguments: object) -> None:
        write_offset(cursor, *arguments)
        os.kill(cursor.connection.info.backend_pid, signal.SIGKILL)  # it may outlive its server
        postgres.kill()

    with monkeypatch.context() as patch:
        patch.setattr(recording, "_write_offset", killed)
        with pytest.raises(Unavailable):
            recorder.step(None)
    postgres.start()
    assert world.recorded_ids() == []
    drain_somehow(recorder)
    assert_whole(world, acknowledged, batches=1)


def test_another_takes_over_when_the_one_that_holds_the_site_is_killed(
    world: World, redis_url: str, database_url: str
) -> None:
    acknowledged = report(world, 0)
    assert killed_at("after the commit", redis_url, database_url) == -signal.SIGKILL
    standby = world.recorder()
    drain_somehow(standby)
    assert standby.holds_site
    acknowledged |= report(world, 100)
    drain(standby)
    assert_whole(world, acknowledged, batches=2)


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition; not for ever."""
    waiting = threading.Event()
    for _ in range(6000):
        if condition():
            return
        waiting.wait(0.01)
    raise AssertionError("it didn't come true")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_worker_goes_on_through_an_emptied_log_and_a_recorder_that_broke(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.services.worker.DISCOVER_S", 0.02)
    made: list[Recorder] = []
    worker = Worker(world.log, world.history, lambda _: made.append(world.recorder()) or made[-1])
    running = threading.Thread(target=worker.run)
    running.start()
    try:
        until(lambda: "plan-SO-1" in world.recorded_ids())
        world.client.flushall()
        until(lambda: PLANT.id in world.log.sites())  # or no new process would know it
        assert world.said(good("a")) == ["accepted"]
        until(lambda: "a" in world.recorded_ids())
        monkeypatch.setattr(made[0], "step", _end_thread)
        until(lambda: len(made) == 2)
        assert world.said(good("b")) == ["accepted"]
        until(lambda: "b" in world.recorded_ids())
    finally:
        worker.stop()
        running.join(60)
    assert not running.is_alive()
    assert len(made) == 2


def test_a_site_is_not_announced_while_another_still_writes_its_past(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.services.worker.DISCOVER_S", 0.02)
    monkeypatch.setattr("data.services.worker.STANDBY_S", 0.02)
    writing = world.recorder()
    drain(writing)
    world.client.flushall()
    tried = threading.Event()

    def make(_: str) -> Recorder:
        recorder = world.recorder()
        step = recorder.step
        monkeypatch.setattr(recorder, "step", lambda: (step(), tried.set()))
        return recorder

    worker = Worker(world.log, world.history, make)
    running = threading.Thread(target=worker.run)
    running.start()
    try:
        assert tried.wait(60)
        assert world.log.sites() == set()
        writing.close()
        until(lambda: PLANT.id in world.log.sites())
    finally:
        worker.stop()
        running.join(60)


def _end_thread() -> int:
    raise RuntimeError("a mistake")


if __name__ == "__main__":
    record_and_die(*sys.argv[1:])
