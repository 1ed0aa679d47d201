"""A real machining shop's log on the Gantt: three orders' bars stand where the CSV's rows say.

The rows are read here plainly, without the connector, the events or the fold: an operation
begins with the earliest start of its rows and ends with the latest finish.
"""

import csv
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from data.connectors.event_log import read_log
from data.connectors.mapping import parse_mapping
from data.domain.board import Board
from data.domain.gantt.picture import picture
from data.domain.gantt.records import GanttView, Layer
from data.domain.gantt.rows import PastPage, order_ids
from data.domain.indexes import Indexes
from data.domain.rules import parse_event

MAPPING = Path(__file__).parents[2] / "docs" / "mappings" / "machining-shop-start-finish.yaml"
EVER = datetime(2000, 1, 1, tzinfo=UTC)
Spans = dict[str, tuple[float, float]]


@pytest.fixture(scope="module")
def log_file() -> Path:
    folder = os.environ.get("MILEPOST_REAL_DATA")
    if not folder:
        pytest.skip("MILEPOST_REAL_DATA isn't set")
    path = Path(folder) / "production_log" / "Production_wta_start_end.csv"
    if not path.exists():
        pytest.skip(f"{path.name} isn't in MILEPOST_REAL_DATA")
    return path


def plain_spans(path: Path) -> dict[str, Spans]:
    """Return first start and last finish of each order's operations, straight from the rows."""
    found: dict[str, Spans] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for cells in csv.DictReader(file):
            if cells["Activity"] in ("Start", "End"):
                continue
            start = datetime.strptime(cells["start_timestamp"], "%Y-%m-%d %H:%M:%S%z").timestamp()
            finish = datetime.strptime(cells["time:timestamp"], "%Y-%m-%d %H:%M:%S%z").timestamp()
            own = found.setdefault(cells["case:concept:name"], {})
            first, last = own.get(cells["Activity"], (start, finish))
            own[cells["Activity"]] = (min(first, start), max(last, finish))
    return found


def three(spans: dict[str, Spans]) -> list[str]:
    """Return the order with most operations, that with fewest, and one in between."""
    ranked = sorted(spans, key=lambda order: (len(spans[order]), order))
    return [ranked[0], ranked[len(ranked) // 2], ranked[-1]]


def test_bars_and_milestones_of_three_orders_stand_where_the_rows_say(log_file: Path) -> None:
    log = read_log(log_file, parse_mapping(MAPPING.read_bytes()))
    board = Board(log.site.id)
    for envelope in (*log.plans, *log.events):
        board.apply(parse_event(envelope, log.ends_at))
    indexes, spans = Indexes(board), plain_spans(log_file)
    indexes.refresh(log.ends_at)
    indexes.gantt.renew({})
    for order in three(spans):
        bars, diamonds = _drawn(indexes, order, spans[order], log.ends_at)
        assert bars == spans[order]
        plan = indexes.gantt.plans[order]
        finish_of = {step.id: spans[order].get(step.id, (0.0, 0.0))[1] for step in plan.operations}
        assert diamonds == {one.operation: finish_of[one.operation] for one in plan.milestones}


def _drawn(
    indexes: Indexes, order: str, spans: Spans, now: datetime
) -> tuple[Spans, dict[str, float]]:
    """Return the actual bars and the reached milestones that the Gantt draws of one order."""
    first = datetime.fromtimestamp(min(start for start, _ in spans.values()), UTC)
    last = datetime.fromtimestamp(max(finish for _, finish in spans.values()), UTC)
    view = GanttView(
        start=first - timedelta(hours=1),
        finish=last + timedelta(hours=1),
        width_px=2_000_000,
        text=order,
        rows=50,
    )
    ids = [one for one in order_ids(indexes, view, now, EVER) if one == order]
    marks = picture(indexes, view, now, ids, PastPage()).marks
    assert all(mark.count == 1 for mark in marks)
    actual = {
        mark.operation: (mark.start_s, mark.finish_s)
        for mark in marks
        if mark.layer is Layer.ACTUAL and mark.operation is not None
    }
    reached = {
        mark.operation: mark.start_s
        for mark in marks
        if mark.layer is Layer.MILESTONE and mark.done and mark.operation is not None
    }
    return actual, reached
