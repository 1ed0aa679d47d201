"""How soon a web process is ready that has 100,000 active operations to load, and how large."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import psutil

from data.domain.events import Data, Event, EventType
from data.services.ingest import digest_of
from data.services.live import utc_now
from data.services.recorder import Recorder
from data.store.recording import Recording
from tests.bench import workload
from tests.bench.figures import Measurement, at_most, cpu_s, median, noted
from tests.bench.stage import Ground, Stage, loaded, running, wait_until

ORDERS, STEPS = 5_000, 20
MB = 1e6


class Start(NamedTuple):
    """One start: wall-clock seconds, seconds of processor time, and the memory it then has."""

    took_s: float
    cpu_s: float
    size_mb: float


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    ground = stage.fresh()
    _fill(ground)
    found = [_start(ground) for _ in range(1 if quick else 3)]
    said = "web process ready with 100,000 active operations"
    return [
        at_most(said, median([start.took_s for start in found]), "s", 3),
        noted("the longest of them", max(start.took_s for start in found), "s"),
        noted("its processor time until then", median([start.cpu_s for start in found]), "s"),
        at_most("its memory (resident)", max(start.size_mb for start in found), "MB", 500),
    ]


def _start(ground: Ground) -> Start:
    """Start a web process and wait until it is ready."""
    with running(ground, "web", awaited=False) as program:
        wait_until(lambda: loaded(program.port, workload.SITE), 60, "the board is loaded", 0.01)
        took_s = time.monotonic() - program.started_at
        process = psutil.Process(program.pid)
        return Start(took_s, cpu_s([process]), process.memory_info().rss / MB)


def _fill(ground: Ground) -> None:
    """Store the orders, half of their operations started, as the recorder stores them."""
    log = ground.log()
    log.warm(workload.SITE, "bench", {})
    writer = Recording(ground.database_url, workload.SITE)
    recorder = Recorder(workload.SITE, log, ground.history(), writer, utc_now)
    recorder.record_past([(event, digest_of(event)) for event in _events(datetime.now(UTC))])
    recorder.step(block_ms=None)
    recorder.close()
    log.announce(workload.SITE)


def _events(now: datetime) -> Iterator[Event]:
    at = now - timedelta(hours=2)
    yield workload.plans(0, now)[0]
    for number in range(ORDERS):
        order = workload.order_of(number, now, STEPS)
        yield workload.plan_event(order, at)
        for step in order.operations[: STEPS // 2]:
            subject = f"operation/{order.id}/{step.id}"
            data = Data(work_unit=f"U{number % workload.UNITS:02d}", good=number % 400)
            name = f"{order.id}-{step.id}"
            kind = EventType.OPERATION_STARTED
            yield Event(name, workload.SOURCE, kind, subject, at, at, data)
