"""Against published data: prepflow, a simulated line of five stations (MIT licence).

Its `active_periods` columns hold, at each whole step, the time since a station's active
period began, and `bottleneck` the station where that is longest. Three habits of the file:
- while a station is idle its count runs on from the last period;
- a period that begins and ends between two steps is not noticed;
- the first job of a station does not count, which has worn off by step 300.
"""

import csv
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from data.domain.bottleneck.live import ChainWalk, Leader
from data.domain.bottleneck.states import StateChange, active_periods, state_spells
from data.domain.events import WorkUnitState as W

STATIONS = ("S0", "S1", "S2", "S3", "S4")
SETTLED = 300


class Step(Struct, frozen=True):
    time: int
    bottleneck: str
    durations: dict[str, float]


class Line(Struct, frozen=True):
    changes: list[StateChange]
    steps: list[Step]


@pytest.fixture(scope="module")
def line() -> Line:
    root = os.environ.get("MILEPOST_REAL_DATA")
    if root is None:
        pytest.skip("MILEPOST_REAL_DATA is not set: no published data to compare with")
    folder = Path(root) / "prepflow"
    if not folder.is_dir():
        pytest.skip("MILEPOST_REAL_DATA holds no prepflow folder")
    words = {"job start": W.PROCESSING, "job finish": W.STARVED}
    with (folder / "events_10000.csv").open(newline="") as file:
        changes = [
            StateChange(f"S{row['num_station']}", words[row["event_type"]], float(row["t"]))
            for row in csv.DictReader(file)
        ]
    with (folder / "active_periods_10000.csv").open(newline="") as file:
        steps = [
            Step(int(row[""]), row["bottleneck"], {s: float(row[s]) for s in STATIONS})
            for row in csv.DictReader(file)
        ]
    return Line(changes, steps)


def led(line: Line) -> Iterator[tuple[Step, Leader | None, set[str]]]:
    """Each step with the live answer then, and the stations at work then."""
    walk, fed, at_work = ChainWalk(), 0, set[str]()
    for step in line.steps:
        while fed < len(line.changes) and line.changes[fed].time <= step.time:
            change = line.changes[fed]
            walk.feed(change.work_unit, change.state, change.time)
            if change.state is W.PROCESSING:
                at_work.add(change.work_unit)
            else:
                at_work.discard(change.work_unit)
            fed += 1
        yield step, walk.leader(step.time), at_work


def shares(names: list[str]) -> dict[str, float]:
    return {name: count / len(names) for name, count in Counter(names).items()}


def test_the_published_durations_are_the_ages_of_our_active_periods(line: Line) -> None:
    waiting = {
        station: sorted(found, key=lambda p: -p.start)
        for station in STATIONS
        if (found := [
            p for p in active_periods(state_spells(line.changes, 10_000))
            if p.work_unit == station
        ])
    }  # fmt: skip
    began = dict.fromkeys(STATIONS, 0.0)
    for step in line.steps:
        for station, periods in waiting.items():
            while periods and periods[-1].end <= step.time:
                periods.pop()
            if periods and periods[-1].start <= step.time:
                began[station] = periods[-1].start
        if step.time >= SETTLED:
            ages = {station: step.time - start for station, start in began.items()}
            assert ages == pytest.approx(step.durations, abs=1e-6)


def test_the_live_leader_is_the_published_bottleneck_whenever_that_one_is_at_work(
    line: Line,
) -> None:
    agreed = idle = 0
    for step, leader, at_work in led(line):
        if step.time < SETTLED:
            continue
        if step.bottleneck in at_work:
            assert leader is not None
            assert leader.work_unit == step.bottleneck
            agreed += 1
        else:
            idle += 1
    assert agreed / (agreed + idle) > 0.995


def test_the_shares_after_2000_steps_are_the_published_ones(line: Line) -> None:
    published = shares([step.bottleneck for step in line.steps[2000:]])
    assert published["S3"] == pytest.approx(0.4969, abs=5e-5)
    assert published["S1"] == pytest.approx(0.4563, abs=5e-5)
    leaders = [leader for step, leader, _ in led(line) if step.time >= 2000]
    ours = shares([leader.work_unit for leader in leaders if leader])
    for station in STATIONS:
        assert ours[station] == pytest.approx(published[station], abs=0.0015)
