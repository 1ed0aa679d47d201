"""Months in minutes: does memory of web, workers and browser stay flat under events and pushes?

A Chromium wall and viewers beside it get every change that the real web process pushes; the
recorder records and the watch watches. Most events are of orders that stay open for ever; the
others are the lives of orders that are planned, worked on, corrected, completed and leave: those
happened three days ago, for a board keeps what was completed within two. Growth is a line through
the second half of what was measured, when caches and pools are filled. Units: MB by 100,000
events.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.request import urlopen

import psutil
from playwright.sync_api import CDPSession

from tests.bench.audience import seated
from tests.bench.browser import Wall, opened_wall
from tests.bench.factory import AREA, CENTERS, SOURCE, Factory
from tests.bench.figures import Measurement, at_least, at_most, noted
from tests.bench.stage import Client, Program, Stage, opened_factory, running

EVENTS, QUICK = 200_000, 20_000
PUSHES = 20_000
VIEWERS = 40
PORTION = 100  # events in a request
LIVED = 10  # of them what becomes of one order from its plan to its end, and of a work unit
LIFE = timedelta(days=3)  # how long ago that was
RATE = 1_000.0  # events a second, at most
LONGEST_S = 600.0
SAMPLES = 40
MB = 1e6


class Sample(NamedTuple):
    """What was used after so many events. Units: MB; `nodes` are the page's."""

    events: int
    web: float
    recorder: float
    watch: float
    heap: float
    nodes: int


class Soak(NamedTuple):
    """Whom to ask."""

    web: psutil.Process
    recorder: psutil.Process
    watch: psutil.Process
    page: CDPSession


class Passing:
    """Orders that come, are worked on and go, each within one request."""

    def __init__(self) -> None:
        self._number = 0

    def life(self) -> list[dict[str, Any]]:
        """Return `LIVED` events: of the next order, and of a work unit just now."""
        self._number += 1
        order, now = f"PO-{self._number}", datetime.now(UTC)
        begun = now - LIFE
        subject, unit = f"operation/{order}/{CENTERS[0]}", f"{CENTERS[0]}-0"
        done = {"work_unit": unit, "good": 5}
        plan = {"order": _plan(order, begun)}
        states = ("setup", "processing")
        told = [
            ("plan.changed", f"order/{order}", begun, plan),
            ("operation.started", subject, begun, {"work_unit": unit}),
            *(("operation.progressed", subject, begun, done) for _ in range(4)),
            ("event.voided", subject, begun, {"event_id": f"{order}-3"}),
            ("operation.completed", subject, begun + timedelta(minutes=1), {}),
            *(("work_unit.state_changed", f"work-unit/{unit}", now, {"state": s}) for s in states),
        ]
        return [
            _envelope(f"{order}-{number}", *event) for number, event in enumerate(told, start=1)
        ]


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    wanted, begun = QUICK if quick else EVENTS, time.monotonic()
    with _world(stage) as (soak, made, client, wall, program):
        before = pushes(program)
        samples = [*_told(soak, made, client, wanted)]
        wall.await_good(made.good, 60)
        pushed = pushes(program) - before
    events = samples[-1].events
    counts = (("soak: events", events, EVENTS), ("soak: pushes, over all viewers", pushed, PUSHES))
    lines = (("web", 5.0), ("recorder", 5.0), ("watch", 5.0), ("heap", 1.0))
    return [
        *(noted(name, count, "") if quick else at_least(name, count, "", least)
          for name, count, least in counts),
        noted("soak: it took", time.monotonic() - begun, "s"),
        noted("soak: of these, orders that came and went", events / PORTION, ""),
        *(line for name, limit in lines
          for line in _judged(name, [getattr(one, name) for one in samples], samples, limit)),
        at_most("soak: DOM nodes grow by", samples[-1].nodes - samples[0].nodes, "nodes", 10),
    ]  # fmt: skip


@contextmanager
def _world(stage: Stage) -> Iterator[tuple[Soak, Factory, Client, Wall, Program]]:
    ground = stage.fresh()
    with (
        running(ground, "web") as program,
        running(ground, "worker") as recorder,
        running(ground, "watch", awaited=False) as watch,
        seated(program) as audience,
    ):
        made, client = opened_factory(ground, program.port)
        with opened_wall(program, watched=False) as wall:
            audience.open(VIEWERS)
            page = wall.page.context.new_cdp_session(wall.page)
            pids = (program.pid, recorder.pid, watch.pid)
            soak = Soak(*map(psutil.Process, pids), page)
            yield soak, made, client, wall, program


def _told(soak: Soak, made: Factory, client: Client, wanted: int) -> Iterator[Sample]:
    """Report events at a pace; measure in between."""
    begun, told, every, passing = time.monotonic(), 0, wanted // SAMPLES, Passing()
    while told < wanted and time.monotonic() - begun < LONGEST_S:
        if told % every < PORTION:
            yield _sampled(soak, told)
        client.post([*(made.report() for _ in range(PORTION - LIVED)), *passing.life()])
        told += PORTION
        time.sleep(max(0.0, begun + told / RATE - time.monotonic()))
    yield _sampled(soak, told)


def _sampled(soak: Soak, events: int) -> Sample:
    soak.page.send("HeapProfiler.collectGarbage")
    heap = soak.page.send("Runtime.getHeapUsage")["usedSize"]
    nodes = soak.page.send("Memory.getDOMCounters")["nodes"]
    processes = (soak.web, soak.recorder, soak.watch)
    used = (one.memory_info().rss / MB for one in processes)
    return Sample(events, *used, heap / MB, nodes)


def _plan(order: str, at: datetime) -> dict[str, Any]:
    step = {"id": CENTERS[0], "work_center": CENTERS[0], "planned_start": at.isoformat(),
            "planned_finish": (at + timedelta(hours=1)).isoformat()}  # fmt: skip
    need = {"id": "N1", "part": "Plate", "operation": CENTERS[0], "supplier": "S1",
            "quantity": 20, "need_by": at.isoformat()}  # fmt: skip
    due = at + timedelta(hours=2)
    return {
        "id": order, "product": "Plate", "quantity": 20, "due_at": due.isoformat(), "area": AREA,
        "customer": "K1", "operations": [step], "needs": [need],
    }  # fmt: skip


def _envelope(
    event_id: str, kind: str, subject: str, at: datetime, data: dict[str, Any]
) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": event_id, "source": SOURCE, "type": kind, "subject": subject,
        "time": at.isoformat(), "data": data,
    }  # fmt: skip


def _judged(name: str, used: list[float], samples: list[Sample], limit: float) -> list[Measurement]:
    slope = slope_of([one.events for one in samples], used)
    said = {"heap": "browser heap"}.get(name, f"{name} process")
    return [
        at_most(f"soak: {said}, growth in the second half", slope * 1e5, "MB/100,000", limit),
        noted(f"soak: {said}, at the end", used[-1], "MB"),
    ]


def slope_of(at: list[int], used: list[float]) -> float:
    """Return the slope of the line that fits the second half best."""
    half = len(at) // 2
    xs, ys = at[half:], used[half:]
    middle_x, middle_y = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    joint = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True))
    return joint / spread if spread else 0.0


def pushes(program: Program) -> float:
    """Return how many frames the web process has handed to viewers."""
    with urlopen(f"http://127.0.0.1:{program.port}/metrics", timeout=10) as answer:
        found = re.search(r"^milepost_frames_total (\S+)", answer.read().decode(), re.MULTILINE)
    return float(found[1]) if found else 0.0
