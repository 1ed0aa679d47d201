"""A log played on a site's clock: each event when it is due, once, whatever breaks meanwhile."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.connectors.event_log import Log
from data.connectors.replay import BATCH, clock_of, replay, site_envelope
from data.domain.board import Board
from data.domain.rules import parse_event
from data.domain.site import SiteClock
from tests.unit.connectors.logs import read, row

REAL = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class Door:
    """Takes what a replay reports as the door does: on the site's clock, each id once."""

    def __init__(self) -> None:
        self.real = REAL
        self.board = Board("shop")
        self.taken: dict[str, dict] = {}
        self.duplicates = 0
        self.batches: list[int] = []
        self.failures: list[OSError] = []
        self.signals = 0
        self.slept: list[float] = []
        self.stop_after: int | None = None

    def report(self, batch: Sequence[dict]) -> None:
        if self.failures:
            raise self.failures.pop()
        self.batches.append(len(batch))
        for envelope in batch:
            event = parse_event(envelope, self.board.site.now(self.real))
            assert event.time <= self.board.site.now(self.real) or not self.board.site.clock
            assert self.taken.setdefault(envelope["id"], envelope) == envelope
            self.duplicates += self.board.apply(event) == 0

    def signal(self, units: Sequence[str]) -> None:
        self.signals += 1

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.real += timedelta(seconds=seconds)

    def stop(self) -> bool:
        return self.stop_after is not None and len(self.slept) >= self.stop_after

    def play(self, log: Log, speed: float = 60.0, clock: SiteClock | None = None) -> None:
        replay(
            log,
            self.report,
            self.signal,
            lambda: self.real,
            self.sleep,
            self.stop,
            speed,
            clock,
        )


class TestReplay:
    def test_events_come_when_the_sites_clock_has_passed_them(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A", "Saw", "M1", "08:00", "09:00"))
        door = Door()
        door.play(log, speed=360.0)
        assert door.batches == [1, 3, 2]  # the site; the plan, the start; the finish
        assert sum(door.slept) == pytest.approx(10.0, abs=0.1)
        assert max(door.slept) <= 5.0
        assert door.signals >= 3
        assert door.board.site.now(door.real) == log.ends_at
        assert door.board.completed(log.orders[0])

    def test_a_second_run_goes_on_where_the_clock_is(self, tmp_path: Path) -> None:
        rows = [row("A", f"Step {n}", "M1", f"{n:02d}:00", f"{n:02d}:30") for n in range(12)]
        log = read(tmp_path, *rows)
        door = Door()
        door.stop_after = 20
        door.play(log)
        reported = len(door.taken)
        assert 0 < reported < len(log.events)
        door.stop_after = None
        door.real += timedelta(minutes=3)  # three hours of the log pass meanwhile
        door.play(log, clock=door.board.site.clock)
        assert len(door.taken) == 1 + len(log.plans) + len(log.events)
        assert door.duplicates == reported
        assert door.board.completed(log.orders[0])

    def test_another_speed_goes_on_from_the_instant_that_is_reached(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A", "Saw", "M1", "08:00", "10:00"))
        running = clock_of(log, REAL, 60.0)
        later = REAL + timedelta(minutes=1)
        faster = clock_of(log, later, 600.0, running)
        assert faster.at(later) == running.at(later) == log.starts_at + timedelta(hours=1)
        assert clock_of(log, later, 60.0, running) is running
        assert site_envelope(log, faster)["time"] > site_envelope(log, running)["time"]

    def test_what_cannot_be_reported_is_reported_again(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A", "Saw", "M1", "08:00", "09:00"))
        door = Door()
        door.failures = [ConnectionError(), OSError(), TimeoutError()]
        door.play(log)
        assert door.slept[:3] == [0.5, 1.0, 2.0]
        assert len(door.taken) == 1 + len(log.plans) + len(log.events)

    def test_a_stop_ends_it_even_while_nothing_can_be_reported(self, tmp_path: Path) -> None:
        log = read(tmp_path, row("A", "Saw", "M1", "08:00", "09:00"))
        door = Door()
        door.failures = [OSError() for _ in range(100)]
        door.stop_after = 7
        door.play(log)
        assert door.slept == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]
        assert door.taken == {}

    def test_much_that_is_due_comes_in_batches(self, tmp_path: Path) -> None:
        rows = [row("A", f"Step {n}", "M1", "08:00", "09:00") for n in range(600)]
        door = Door()
        door.play(read(tmp_path, *rows), speed=10_000.0)
        assert max(door.batches) == BATCH

    @pytest.mark.parametrize("speed", [0.0, -1.0, 10_001.0, float("nan")])
    def test_a_speed_that_is_no_speed_is_refused(self, tmp_path: Path, speed: float) -> None:
        log = read(tmp_path, row("A", "Saw", "M1", "08:00", "09:00"))
        with pytest.raises(ValueError, match="speed"):
            Door().play(log, speed=speed)
