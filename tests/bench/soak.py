"""Months in minutes: does memory of web, worker and browser stay flat under events and pushes?

A Chromium wall and viewers beside it get every change that the real web process pushes; the
worker records. Growth is a line through the second half of what was measured, when caches and
pools are filled. Units: MB by 100,000 events.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.request import urlopen

import psutil
from playwright.sync_api import CDPSession

from tests.bench.audience import seated
from tests.bench.browser import Wall, opened_wall
from tests.bench.factory import Factory
from tests.bench.figures import Measurement, at_least, at_most, noted
from tests.bench.stage import Client, Program, Stage, opened_factory, running

EVENTS, QUICK = 200_000, 20_000
PUSHES = 20_000
VIEWERS = 40
PORTION = 100  # events in a request
RATE = 1_000.0  # events a second, at most
LONGEST_S = 300.0
SAMPLES = 40
MB = 1e6


class Sample(NamedTuple):
    """What was used after so many events. Units: MB; `nodes` are the page's."""

    events: int
    web: float
    worker: float
    heap: float
    nodes: int


class Soak(NamedTuple):
    """Whom to ask."""

    web: psutil.Process
    worker: psutil.Process
    page: CDPSession


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    wanted, begun = QUICK if quick else EVENTS, time.monotonic()
    with _world(stage) as (soak, made, client, wall, program):
        before = pushes(program)
        samples = [*_told(soak, made, client, wanted)]
        wall.await_good(made.good, 60)
        pushed = pushes(program) - before
    events = samples[-1].events
    judged = [] if quick else [
        at_least("soak: events", events, "", EVENTS),
        at_least("soak: pushes", pushed, "", PUSHES),
    ]  # fmt: skip
    return [
        *(judged or [noted("soak: events", events, ""), noted("soak: pushes", pushed, "")]),
        noted("soak: it took", time.monotonic() - begun, "s"),
        *(line for name, limit in (("web", 5.0), ("worker", 5.0), ("heap", 1.0))
          for line in _judged(name, [getattr(one, name) for one in samples], samples, limit)),
        at_most("soak: DOM nodes grow by", samples[-1].nodes - samples[0].nodes, "nodes", 10),
    ]  # fmt: skip


@contextmanager
def _world(stage: Stage) -> Iterator[tuple[Soak, Factory, Client, Wall, Program]]:
    ground = stage.fresh()
    with (
        running(ground, "web") as program,
        running(ground, "worker") as worker,
        seated(program) as audience,
    ):
        made, client = opened_factory(ground, program.port)
        with opened_wall(program, watched=False) as wall:
            audience.open(VIEWERS)
            page = wall.page.context.new_cdp_session(wall.page)
            soak = Soak(psutil.Process(program.pid), psutil.Process(worker.pid), page)
            yield soak, made, client, wall, program


def _told(soak: Soak, made: Factory, client: Client, wanted: int) -> Iterator[Sample]:
    """Report events at a pace; measure in between."""
    begun, told, every = time.monotonic(), 0, wanted // SAMPLES
    while told < wanted and time.monotonic() - begun < LONGEST_S:
        if told % every < PORTION:
            yield _sampled(soak, told)
        client.post([made.report() for _ in range(PORTION)])
        told += PORTION
        time.sleep(max(0.0, begun + told / RATE - time.monotonic()))
    yield _sampled(soak, told)


def _sampled(soak: Soak, events: int) -> Sample:
    soak.page.send("HeapProfiler.collectGarbage")
    heap = soak.page.send("Runtime.getHeapUsage")["usedSize"]
    nodes = soak.page.send("Memory.getDOMCounters")["nodes"]
    web, worker = (one.memory_info().rss / MB for one in (soak.web, soak.worker))
    return Sample(events, web, worker, heap / MB, nodes)


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
