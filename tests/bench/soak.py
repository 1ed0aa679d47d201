"""Months in minutes: does memory of web, workers and browser stay flat under events and pushes?

A Chromium wall and viewers beside it get every change that the real web process pushes; the
recorder records, the watch watches, and the notifier tells a webhook, whose receiver is the tests'
own, of each bench in the yard that stops. Most events are of orders that stay open for ever; the
others are the lives of orders that are planned, worked on, corrected, completed and leave: those
happened three days ago, for a board keeps what was completed within two. Growth is a line through
the second half of what was measured, when caches and pools are filled. Units: MB by 100,000
events. From a stop to its exception it must never be long: whatever makes the watch stand still,
once and for some seconds, is seen there alone.
"""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.request import urlopen

import psutil
import psycopg
from playwright.sync_api import CDPSession

from tests.bench.audience import seated
from tests.bench.browser import Wall, opened_wall
from tests.bench.factory import AREA, CENTERS, SITE, SOURCE, Factory
from tests.bench.figures import Measurement, at_least, at_most, median, noted, percentile
from tests.bench.stage import (
    FOLDER,
    Client,
    Ground,
    Program,
    Stage,
    opened_factory,
    put_site,
    running,
    wait_until,
)
from tests.contract.notify.receivers import Receiver
from tests.engines import conninfo
from tests.faults.harness.alarms import RAISED, prepare, robot_of

EVENTS, QUICK = 200_000, 20_000
PUSHES = 20_000
VIEWERS = 40
PORTION = 100  # events in a request
LIFE = timedelta(days=3)  # how long ago that was
RATE = 1_000.0  # events a second, at most
LONGEST_S = 600.0
SAMPLES = 40
STOPS = 5  # requests between two stops
YARD, BENCHES = "YARD", EVENTS // PORTION // STOPS  # each stops once: what stops often flaps
STANDS = 300  # requests that a bench stands still for: nobody is told of what is over by then
LATE_S = {"half of them": 3.0, "99 of 100": 6.0, "the latest": 10.0}  # a busy machine's, too
PARTS = ("web", "recorder", "watch", "notifier")
MB = 1e6
_LATE = f"""
SELECT extract(epoch FROM min(raised_at) - min(since))::float FROM exception
WHERE site = '{SITE}' AND rule = 'stopped' AND subject LIKE 'work-unit/{YARD}-%' GROUP BY subject
"""


class Sample(NamedTuple):
    """What was used after so many events. Units: MB; `nodes` are the page's."""

    events: int
    web: float
    recorder: float
    watch: float
    notifier: float
    heap: float
    nodes: int


class Soak(NamedTuple):
    """Whom to ask; what to report with, and who is told. `parts` are in the order of `PARTS`."""

    parts: tuple[psutil.Process, ...]
    page: CDPSession
    made: Factory
    client: Client
    told: Receiver
    ground: Ground


class Passing:
    """Orders that come, are worked on and go, each within one request."""

    def __init__(self) -> None:
        self._number = 0

    def life(self) -> list[dict[str, Any]]:
        """Return what becomes of the next order, from plan to end, and of a work unit just now."""
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


class Yard:
    """Benches beside the line that stop one after the other, and go on."""

    def __init__(self) -> None:
        self._requests = self.stops = 0

    def events(self) -> list[dict[str, Any]]:
        """Return what the benches tell with the next request."""
        self._requests += 1
        if self._requests % STOPS:
            return []
        self.stops += 1
        found = [self._state(self.stops, "down")]
        gone_on = self.stops - STANDS // STOPS
        return [*found, self._state(gone_on, "processing")] if gone_on > 0 else found

    def _state(self, stop: int, state: str) -> dict[str, Any]:
        subject, kind = f"work-unit/{YARD}-{stop % BENCHES}", "work_unit.state_changed"
        return _envelope(f"{state}-{stop}", kind, subject, datetime.now(UTC), {"state": state})


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    wanted, begun = QUICK if quick else EVENTS, time.monotonic()
    with _world(stage) as (soak, wall, program):
        before, yard = pushes(program), Yard()
        samples = [*_reported(soak, yard, wanted)]
        wall.await_good(soak.made.good, 60)
        pushed = pushes(program) - before
        wait_until(lambda: _raised(soak.told) >= yard.stops, 60, "every stop is told", 0.5)
        late = _late(soak.ground)
    events = samples[-1].events
    counts = (("soak: events", events, EVENTS), ("soak: pushes, over all viewers", pushed, PUSHES))
    lines = (*((name, 5.0) for name in PARTS), ("heap", 1.0))
    return [
        *(noted(name, count, "") if quick else at_least(name, count, "", least)
          for name, count, least in counts),
        noted("soak: it took", time.monotonic() - begun, "s"),
        noted("soak: of these, orders that came and went", events / PORTION, ""),
        noted("soak: of these, stops of which people were told", yard.stops, ""),
        *lateness(late),
        *(line for name, limit in lines
          for line in _judged(name, [getattr(one, name) for one in samples], samples, limit)),
        at_most("soak: DOM nodes grow by", samples[-1].nodes - samples[0].nodes, "nodes", 10),
    ]  # fmt: skip


@contextmanager
def _world(stage: Stage) -> Iterator[tuple[Soak, Wall, Program]]:
    ground = stage.fresh()
    prepare(ground.database_url, [SITE])
    with ExitStack() as stack:
        program = stack.enter_context(running(ground, "web"))
        told, ways = stack.enter_context(robot_of(FOLDER))
        parts = [program, *(stack.enter_context(one) for one in _others(ground, ways))]
        audience = stack.enter_context(seated(program))
        made, client = opened_factory(ground, program.port)
        put_site(client, program.port, _with_yard(made.site()))
        wall = stack.enter_context(opened_wall(program, watched=False))
        audience.open(VIEWERS)
        page = wall.page.context.new_cdp_session(wall.page)
        processes = tuple(psutil.Process(part.pid) for part in parts)
        yield Soak(processes, page, made, client, told, ground), wall, program


def _others(ground: Ground, ways: str) -> list[AbstractContextManager[Program]]:
    """Return what runs beside the web process."""
    told = {"MILEPOST_NOTIFY": ways}
    return [
        running(ground, "worker"),
        running(ground, "watch", awaited=False, env=told),
        running(ground, "notify", awaited=False, env=told),
    ]


def _reported(soak: Soak, yard: Yard, wanted: int) -> Iterator[Sample]:
    """Report events at a pace; measure in between."""
    begun, told, every, passing = time.monotonic(), 0, wanted // SAMPLES, Passing()
    while told < wanted and time.monotonic() - begun < LONGEST_S:
        if told % every < PORTION:
            yield _sampled(soak, told)
        moved = [*passing.life(), *yard.events()]
        soak.client.post([*(soak.made.report() for _ in range(PORTION - len(moved))), *moved])
        told += PORTION
        time.sleep(max(0.0, begun + told / RATE - time.monotonic()))
    yield _sampled(soak, told)


def _raised(told: Receiver) -> int:
    """Return of how many stops the receiver was told."""
    return sum(one.document["type"] == RAISED for one in [*told.taken])


def _late(ground: Ground) -> list[float]:
    """Return how late each stop was raised. Units: s."""
    with psycopg.connect(conninfo(ground.database_url)) as connection:
        return [late for (late,) in connection.execute(_LATE)]


def lateness(late: Sequence[float]) -> list[Measurement]:
    """Judge how late stops were raised; none at all is too late."""
    found = (median(late), percentile(late, 0.99), percentile(late, 1.0))
    return [
        at_most(f"soak: from a stop to its exception, {which}", one_s, "s", limit_s)
        for (which, limit_s), one_s in zip(LATE_S.items(), found, strict=True)
    ]


def _with_yard(site: dict[str, Any]) -> dict[str, Any]:
    """Return a site with benches in an area of their own, which no wall shows."""
    benches = [{"id": f"{YARD}-{number}", "work_center": YARD} for number in range(BENCHES)]
    area = {"id": YARD, "calendar": site["areas"][0]["calendar"], "output": [YARD]}
    return site | {
        "areas": [*site["areas"], area],
        "work_centers": [*site["work_centers"], {"id": YARD, "area": YARD}],
        "work_units": [*site["work_units"], *benches],
    }


def _sampled(soak: Soak, events: int) -> Sample:
    soak.page.send("HeapProfiler.collectGarbage")
    heap = soak.page.send("Runtime.getHeapUsage")["usedSize"]
    nodes = soak.page.send("Memory.getDOMCounters")["nodes"]
    used = (one.memory_info().rss / MB for one in soak.parts)
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
