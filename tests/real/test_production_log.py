"""A real machining shop's log on the board, against figures taken straight from the CSV.

The figures are computed here from the raw rows by code of their own: sums and comparisons
over rows at an instant, no events, no fold.
"""

import csv
import os
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from data.connectors.event_log import Log, read_log
from data.connectors.mapping import parse_mapping
from data.connectors.replay import replay
from data.domain.board import Board
from data.domain.events import OperationStatus
from data.domain.rules import parse_event

MAPPINGS = Path(__file__).parents[2] / "docs" / "mappings"
REAL_START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
BUSY = ("processing", "setup")


class RawRun(NamedTuple):
    row: int
    order: str
    operation: str
    unit: str
    start: datetime
    finish: datetime
    good: int
    scrap: int
    setup: bool
    cut: bool


def _file(name: str) -> Path:
    folder = os.environ.get("MILEPOST_REAL_DATA")
    if not folder:
        pytest.skip("MILEPOST_REAL_DATA isn't set")
    path = Path(folder) / "production_log" / name
    if not path.exists():
        pytest.skip(f"{name} isn't in MILEPOST_REAL_DATA")
    return path


def raw_start_finish(path: Path) -> list[RawRun]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            RawRun(
                number,
                cells["case:concept:name"],
                cells["Activity"],
                cells["Resource"],
                datetime.strptime(cells["start_timestamp"], "%Y-%m-%d %H:%M:%S%z"),
                datetime.strptime(cells["time:timestamp"], "%Y-%m-%d %H:%M:%S%z"),
                0,
                0,
                False,
                False,
            )
            for number, cells in enumerate(csv.DictReader(file))
            if cells["Activity"] not in ("Start", "End")
        ]


def raw_quantities(path: Path) -> list[RawRun]:
    runs = []
    lines = path.read_text(encoding="ascii").splitlines()
    header = lines[0].split(";")
    for number, line in enumerate(lines[1:]):
        cells = dict(zip(header, line.split(";"), strict=True))
        day, month, year, hour, minute = map(int, re.findall(r"\d+", cells["Complete Timestamp"]))
        finish = datetime(year, month, day, hour, minute, tzinfo=UTC) + timedelta(hours=5)
        runs.append(
            RawRun(
                number,
                cells["Case ID"],
                re.split(r" - Machine \d", cells["Activity"])[0],
                cells["Resource.1"],
                finish - timedelta(minutes=float(cells["activity_duration"])),
                finish,
                int(cells["Qty_Completed"]),
                int(cells["Qty_for_MRB"]),
                cells["Report_Type"] == "S",
                cells["label"] == "deviant",
            )
        )
    return runs


FILES = {
    "start-finish": ("Production_wta_start_end.csv", raw_start_finish),
    "quantities": ("Production_patway_full_attrs.csv", raw_quantities),
}


class Shown(NamedTuple):
    """What both sides must agree on at one instant."""

    orders_known: int
    orders_started: frozenset[str]
    orders_completed: frozenset[str]
    running: frozenset[tuple[str, str]]
    completed: frozenset[tuple[str, str]]
    units: frozenset[tuple[str, str, str, str]]  # unit, state, order, operation
    good: int
    scrap: int
    good_of_operations: frozenset[tuple[str, str, int]]


def expected_at(runs: list[RawRun], at: datetime) -> Shown:
    """Figures of the raw rows at an instant."""
    of_operation: dict[tuple[str, str], list[RawRun]] = defaultdict(list)
    for run in runs:
        of_operation[run.order, run.operation].append(run)
    open_ends = _open_ends(of_operation)
    completed = {
        key
        for key, group in of_operation.items()
        if max(run.finish for run in group) <= at and key not in open_ends
    }
    waiting = {order for order, _ in of_operation.keys() - completed}
    done = [run for run in runs if run.finish <= at]
    good: dict[tuple[str, str], int] = defaultdict(int)
    for run in done:
        good[run.order, run.operation] += run.good
    now = [run for run in runs if run.start <= at < run.finish]
    return Shown(
        orders_known=len({run.order for run in runs}),
        orders_started=frozenset(run.order for run in runs if run.start <= at),
        orders_completed=frozenset({run.order for run in runs} - waiting),
        running=frozenset((run.order, run.operation) for run in now),
        completed=frozenset(completed),
        units=_units(now),
        good=sum(run.good for run in done),
        scrap=sum(run.scrap for run in done),
        good_of_operations=frozenset((*key, n) for key, n in good.items() if n),
    )


def _open_ends(
    of_operation: dict[tuple[str, str], list[RawRun]],
) -> set[tuple[str, str]]:
    """Last operation of every order that the file cuts off; of equal ones the first begun."""
    ends: dict[str, tuple[datetime, datetime, int, str]] = {}
    for (order, operation), group in of_operation.items():
        if not group[0].cut:
            continue
        finish = max(run.finish for run in group)
        start, row = min((run.start, run.row) for run in group)
        other = ends.get(order)
        if (
            other is None
            or finish > other[0]
            or (finish == other[0] and (start, row) < (other[1], other[2]))
        ):
            ends[order] = (finish, start, row, operation)
    return {(order, end[3]) for order, end in ends.items()}


def _units(now: list[RawRun]) -> frozenset[tuple[str, str, str, str]]:
    latest: dict[str, RawRun] = {}
    for run in now:
        other = latest.get(run.unit)
        if other is None or (run.start, run.row) > (other.start, other.row):
            latest[run.unit] = run
    return frozenset(
        (unit, "setup" if run.setup else "processing", run.order, run.operation)
        for unit, run in latest.items()
    )


def shown_by(board: Board) -> Shown:
    """Read the same figures off the board."""
    states = list(board.operations.values())
    started = [state for state in states if state.started_at is not None]
    return Shown(
        orders_known=len(list(board.plans())),
        orders_started=frozenset(_key(state.subject)[0] for state in started),
        orders_completed=frozenset(p.id for p in board.plans() if board.completed(p)),
        running=_with_status(board, OperationStatus.RUNNING),
        completed=_with_status(board, OperationStatus.COMPLETED),
        units=frozenset(
            (name, unit.state.value, *_key(unit.operation or ""))
            for name, unit in board.work_units.items()
            if unit.state is not None and unit.state.value in BUSY
        ),
        good=sum(state.good for state in states),
        scrap=sum(state.scrap for state in states),
        good_of_operations=frozenset(
            (*_key(state.subject), state.good) for state in states if state.good
        ),
    )


def _key(subject: str) -> tuple[str, str]:
    _, order, operation = subject.split("/")
    return order, operation


def _with_status(board: Board, status: OperationStatus) -> frozenset[tuple[str, str]]:
    return frozenset(_key(s.subject) for s in board.operations.values() if s.status is status)


def ten_instants(runs: list[RawRun]) -> list[datetime]:
    """Instants across the log: five at which a run finishes, five just before one starts."""
    finishes = sorted(run.finish for run in runs)
    starts = sorted(run.start for run in runs)
    pick = [(2 * n + 1) * len(runs) // 10 for n in range(5)]
    exact = [finishes[n] for n in pick]
    return sorted(exact + [starts[n - len(runs) // 20] - timedelta(seconds=1) for n in pick])


def _log(name: str) -> tuple[Log, list[RawRun]]:
    file, raw = FILES[name]
    path = _file(file)
    mapping = parse_mapping((MAPPINGS / f"machining-shop-{name}.yaml").read_bytes())
    return read_log(path, mapping), raw(path)


@pytest.mark.parametrize("name", FILES)
def test_the_board_shows_at_ten_instants_and_at_the_end_what_the_rows_say(name: str) -> None:
    log, raw = _log(name)
    board = Board(log.site.id)
    timeline = sorted(
        (parse_event(envelope, log.ends_at) for envelope in (*log.plans, *log.events)),
        key=lambda event: event.time,
    )
    instants = ten_instants(raw)
    assert len(set(instants)) == 10
    position = 0
    for at in [*instants, max(run.finish for run in raw)]:
        while position < len(timeline) and timeline[position].time <= at:
            board.apply(timeline[position])
            position += 1
        assert shown_by(board) == expected_at(raw, at), at
    assert position == len(timeline)


@pytest.mark.parametrize("name", FILES)
def test_replaying_on_the_sites_own_clock_never_reports_what_has_yet_to_happen(name: str) -> None:
    log, raw = _log(name)
    board = Board(log.site.id)
    seconds = [0.0]
    compared = []

    def now() -> datetime:
        return REAL_START + timedelta(seconds=seconds[0])

    def report(batch: list[dict]) -> None:
        for envelope in batch:
            event = parse_event(envelope, board.site.now(now()))
            assert event.type == "plan.changed" or event.time <= board.site.now(now())
            board.apply(event)

    def sleep(wait_s: float) -> None:
        if len(board.orders) == len(log.orders) and int(seconds[0]) % 600 == 0:
            at = board.site.now(now())
            compared.append(at)
            assert shown_by(board) == expected_at(raw, at)
        seconds[0] += max(wait_s, 60.0)

    replay(log, report, lambda units: None, now, sleep, lambda: False, speed=1200.0)
    assert len(compared) >= 10
    assert shown_by(board) == expected_at(raw, log.ends_at)
    assert board.site.now(now()) <= log.ends_at


def test_the_totals_of_the_log_are_those_of_its_rows() -> None:
    log, raw = _log("quantities")
    events = [parse_event(envelope, log.ends_at) for envelope in log.events]
    assert sum(event.data.good for event in events) == sum(run.good for run in raw) == 46407
    assert sum(event.data.scrap for event in events) == sum(run.scrap for run in raw) == 86
    assert (log.rows, log.skipped, len(log.orders)) == (2489, 0, 220)


def test_the_artificial_rows_of_the_log_are_left_out() -> None:
    log, raw = _log("start-finish")
    assert (log.rows, log.skipped, log.runs, len(log.orders)) == (4953, 450, 4503, 225)
    assert len(log.site.work_units) == 46
    assert len(log.site.work_centers) == 24
    assert len(raw) == 4503


def test_both_copies_of_the_log_agree_on_when_work_finished() -> None:
    _, timed = _log("start-finish")
    _, counted = _log("quantities")
    finishes = {(run.order, run.finish) for run in timed}
    shared = sum((run.order, run.finish) in finishes for run in counted)
    assert shared / len(counted) > 0.99
