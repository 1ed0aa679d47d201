"""The ledger of a real machining shop's log, against figures taken straight from the CSV.

The other side is computed here from the raw rows by code of its own: medians for the derived
due date (docs/replay.md), sums of spans for the walk; no events, no fold, no ledger.
"""

import csv
import os
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest

from data.connectors.event_log import Log, read_log
from data.connectors.mapping import parse_mapping
from data.connectors.replay import clock_of, site_envelope
from data.domain.delays import DelayFilter
from data.domain.ledger.account import delay_ledger
from data.domain.ledger.occupations import occupations_of
from data.domain.ledger.records import Cause, Facts, Ledger, Step
from data.domain.rules import parse_event
from data.domain.scope import factory_scope
from tests.contract.accounting import Works, works

MAPPING = Path(__file__).parents[2] / "docs" / "mappings" / "machining-shop-start-finish.yaml"
SITE = "machining-shop"
SCOPE = factory_scope(SITE)
AT_WORK = {Cause.RUNNING, Cause.SETUP, Cause.REWORK}
ROUNDED_S = 0.5  # a derived due date is a whole second
Span = tuple[datetime, datetime]


class Row(NamedTuple):
    """One run as the file has it."""

    order: str
    activity: str
    unit: str
    start: datetime
    finish: datetime


class Visit(NamedTuple):
    """One operation of the critical walk: waiting until it began, then at it until `end`."""

    activity: str
    waits_from: datetime
    begins: datetime
    end: datetime
    at_work_s: float


class Raw:
    """The log's rows, and what follows from them alone."""

    def __init__(self, rows: list[Row]) -> None:
        self.by_order: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in sorted(rows, key=lambda row: row.start):
            self.by_order[row.order][row.activity].append(row)
        spans: dict[str, list[float]] = defaultdict(list)
        for route in self.by_order.values():
            for activity, runs in route.items():
                spans[activity].append(seconds(whole(runs)))
        self.usual = {activity: median(found) for activity, found in spans.items()}
        self.stretch = median(
            seconds(whole([run for runs in route.values() for run in runs]))
            / sum(self.usual[activity] for activity in route)
            for route in self.by_order.values()
            if sum(self.usual[activity] for activity in route)
        )

    def ends(self, order: str) -> datetime:
        return max(run.finish for runs in self.by_order[order].values() for run in runs)

    def begins(self, order: str) -> datetime:
        return min(run.start for runs in self.by_order[order].values() for run in runs)

    def due(self, order: str) -> datetime:
        route = self.by_order[order]
        planned = sum(max(60.0, self.usual[activity] * self.stretch) for activity in route)
        return self.begins(order) + timedelta(seconds=1.5 * planned)

    def late_s(self, order: str) -> float:
        return (self.ends(order) - self.due(order)).total_seconds()

    def walk(self, order: str) -> Iterator[Visit]:
        """Go back from the end: in each operation to its start, then to what ended before it."""
        route = [(a, runs, whole(runs)) for a, runs in self.by_order[order].items()]
        origin, end = route[0][2][0], self.ends(order)
        place = max(range(len(route)), key=lambda i: (route[i][2][1], i))
        while True:
            activity, runs, (begin, _) = route[place]
            begin = min(begin, end)
            before = [i for i in range(place) if route[i][2][0] < begin]
            enabled = origin if not before else min(route[before[-1]][2][1], begin)
            yield Visit(activity, enabled, begin, end, overlap([(begin, end)], runs))
            if not before or enabled <= origin:
                return
            place, end = before[-1], enabled


def whole(runs: list[Row]) -> Span:
    return min(run.start for run in runs), max(run.finish for run in runs)


def seconds(span: Span) -> float:
    return (span[1] - span[0]).total_seconds()


def overlap(spans: list[Span], runs: list[Row]) -> float:
    """Seconds of the spans in which any of the runs went on."""
    edges = sorted({edge for run in runs for edge in (run.start, run.finish)})
    busy = [
        (a, b)
        for a, b in pairwise(edges)
        if any(run.start <= a and b <= run.finish for run in runs)
    ]
    met = ((max(a, c), min(b, d)) for a, b in spans for c, d in busy)
    return sum((b - a).total_seconds() for a, b in met if a < b)


@pytest.fixture(scope="module")
def path() -> Path:
    folder = os.environ.get("MILEPOST_REAL_DATA")
    if not folder:
        pytest.skip("MILEPOST_REAL_DATA isn't set")
    found = Path(folder) / "production_log" / "Production_wta_start_end.csv"
    if not found.exists():
        pytest.skip("the production log isn't in MILEPOST_REAL_DATA")
    return found


@pytest.fixture(scope="module")
def raw(path: Path) -> Raw:
    with path.open(encoding="utf-8", newline="") as file:
        return Raw(
            [
                Row(
                    cells["case:concept:name"],
                    cells["Activity"].replace("/", "\u2044").replace(";", ","),
                    cells["Resource"],
                    datetime.fromisoformat(cells["start_timestamp"]).astimezone(UTC),
                    datetime.fromisoformat(cells["time:timestamp"]).astimezone(UTC),
                )
                for cells in csv.DictReader(file)
                if cells["Activity"] not in ("Start", "End")
            ]
        )


@pytest.fixture(scope="module")
def log(path: Path) -> Log:
    return read_log(path, parse_mapping(MAPPING.read_bytes()))


@pytest.fixture(scope="module")
def shop(shared_database_url: str, log: Log) -> Iterator[Works]:
    """The whole log, recorded and derived, looked at a day after its end; tests only read it."""
    now = log.ends_at + timedelta(days=1)
    clock = clock_of(log, now, 1.0)
    with works(shared_database_url, now, SITE) as made:
        envelopes = [site_envelope(log, clock), *log.plans, *log.events]
        made.record(*(parse_event(envelope, now) for envelope in envelopes))
        made.derive()
        yield made


def three(raw: Raw) -> list[str]:
    """A short order, a middle one, and the latest, of those with several steps to walk back."""
    several = [order for order in raw.by_order if len(list(raw.walk(order))) > 2]
    several.sort(key=lambda order: raw.ends(order) - raw.begins(order))
    return [several[0], several[len(several) // 2], max(several, key=raw.late_s)]


def test_every_order_is_as_late_as_the_files_rows_say(shop: Works, raw: Raw) -> None:
    kept = dict(shop.rows("SELECT order_id, late_s FROM order_account WHERE completed"))
    expected = {order: raw.late_s(order) for order in raw.by_order}
    assert len(kept) == 225
    assert kept == pytest.approx(expected, abs=ROUNDED_S)
    ends = dict(shop.rows("SELECT order_id, ended_at FROM order_account"))
    assert ends == {order: raw.ends(order) for order in raw.by_order}


def test_a_report_adds_up_what_the_late_orders_are_late(shop: Works, raw: Raw) -> None:
    ever = DelayFilter(since=date(2012, 1, 1), until=date(2012, 12, 31))
    found = shop.delays.report(SCOPE, SITE, ever)
    late = [late_s for order in raw.by_order if (late_s := raw.late_s(order)) > 0]
    assert (found.completed, found.orders_late) == (225, len(late))
    assert found.late_s == pytest.approx(sum(late), abs=ROUNDED_S * len(late))
    assert found.orders[0].order == max(raw.by_order, key=raw.late_s)


def test_ledgers_from_sql_are_the_pure_functions_and_add_up_to_the_lateness(
    shop: Works, log: Log, raw: Raw
) -> None:
    site = next(e.data.site for e in shop.events if e.data.site is not None)
    occupied = {o.id: occupations_of(o, shop.events, shop.now) for o in log.orders}
    for order in log.orders[::15]:
        others = [one for o, found in occupied.items() if o != order.id for one in found]
        others.sort(key=lambda one: (one.start, *one.operation.split("/")[1:], one.work_unit))
        facts = Facts(order=order, site=site, events=tuple(shop.events),
                      occupations=tuple(others), now=shop.now)  # fmt: skip
        found = shop.accounts.ledger(SCOPE, SITE, order.id, shop.now)
        assert found == delay_ledger(facts), order.id
        late = sum((step.late for step in found.steps), timedelta())
        assert late.total_seconds() == pytest.approx(raw.late_s(order.id), abs=ROUNDED_S)


def test_the_walk_of_three_orders_is_the_one_along_the_files_rows(shop: Works, raw: Raw) -> None:
    for order in three(raw):
        ledger = shop.accounts.ledger(SCOPE, SITE, order, shop.now)
        visits = list(raw.walk(order))[::-1]
        assert told(ledger) == [visit.activity for visit in visits]
        for visit in visits:
            agrees(ledger, visit, raw.by_order[order][visit.activity])


def agrees(ledger: Ledger, visit: Visit, runs: list[Row]) -> None:
    """Waiting and work of one operation take as many seconds as between and in its runs."""
    steps = [step for step in ledger.steps if step.operation == visit.activity and step.actual]
    waited = [step for step in steps if step.end <= visit.begins]
    rest = [step for step in steps if step.end > visit.begins]
    assert sum_s(waited) == seconds((visit.waits_from, visit.begins))
    assert sum_s(rest) == seconds((visit.begins, visit.end))
    assert not any(step.cause in AT_WORK for step in waited)
    worked = [(step.start, step.end) for step in rest if step.cause in AT_WORK]
    closed = [(step.start, step.end) for step in rest if step.cause is Cause.OFF_CALENDAR]
    assert sum(map(seconds, worked)) == overlap(worked, runs)
    assert sum(map(seconds, worked)) + overlap(closed, runs) == visit.at_work_s


def told(ledger: Ledger) -> list[str]:
    """Names of the operations along the walk, in order of time."""
    names = (step.operation for step in ledger.steps if step.actual)
    return list(dict.fromkeys(name for name in names if name is not None))


def sum_s(steps: list[Step]) -> float:
    return sum((step.actual for step in steps), timedelta()).total_seconds()
