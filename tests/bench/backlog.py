"""An hour without a recorder: does what was taken in meanwhile drain, and in how much memory?

A site that reports 100 events a second reports 360,000 in that hour. Here they come as fast as the
door takes them, with web and watch running, and then a recorder is started. Units: MB are 10⁶.
"""

import time
from datetime import UTC, datetime

import msgspec
import psutil
import redis

from data.services.ports import seq_of
from data.services.recorder import READER
from data.stream.log import EventLog
from tests.bench import workload
from tests.bench.figures import Measurement, at_most, noted
from tests.bench.stage import BATCH, Client, Ground, Stage, put_site, running

EVENTS, QUICK = 360_000, 20_000
DRAINED_S = 60.0
WITHIN_S = 300.0
MB = 1e6


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    count, ground = QUICK if quick else EVENTS, stage.fresh()
    with running(ground, "web") as program, running(ground, "watch", awaited=False) as watch:
        parts = {"web": psutil.Process(program.pid), "watch": psutil.Process(watch.pid)}
        client = Client(program.port, ground.key(workload.SITE, workload.SOURCE))
        _open(client, program.port, count)
        before, engine = _used(parts), _engine_mb(ground)
        _report(client, count)
        log, engine = ground.log(), _engine_mb(ground) - engine
        goal, begun = seq_of(log.last_offset(workload.SITE)), time.monotonic()
        with running(ground, "worker") as worker:
            parts["recorder"] = psutil.Process(worker.pid)
            most = _drained(log, goal, parts)
            took_s = time.monotonic() - begun
        recorded = _recorded(ground)
    said = f"{count:,} events that waited for a recorder"
    return [
        at_most(f"{said}: missing in SQL", count - recorded, "", 0),
        at_most("until all is recorded, from the start of its process", took_s, "s", DRAINED_S),
        noted("recorded meanwhile", count / took_s, "events/s"),
        noted("the log in Redis grew by", engine, "MB"),
        at_most("recorder's memory, most", most["recorder"], "MB", 500),
        *(noted(f"{name}'s memory grew by, most", most[name] - before[name], "MB")
          for name in ("web", "watch")),
    ]  # fmt: skip


def _open(client: Client, port: int, count: int) -> None:
    now = datetime.now(UTC)
    put_site(client, port, msgspec.to_builtins(workload.site_model()))
    plans = [workload.envelope_of(event) for event in workload.plans(count, now)[1:]]
    for first in range(0, len(plans), BATCH):
        client.post(plans[first : first + BATCH])


def _report(client: Client, count: int) -> None:
    portion = []
    for event in workload.reports(count, datetime.now(UTC)):
        portion.append(workload.envelope_of(event))
        if len(portion) == BATCH:
            client.post(portion)
            portion = []


def _drained(log: EventLog, goal: int, parts: dict[str, psutil.Process]) -> dict[str, float]:
    """Wait until the recorder has come to the end; return the most that each part used."""
    most, until = _used(parts), time.monotonic() + WITHIN_S
    while time.monotonic() < until:
        note = log.readers(workload.SITE).get(READER)
        most = {name: max(most[name], used) for name, used in _used(parts).items()}
        if note is not None and seq_of(note[0]) >= goal:
            return most
        time.sleep(0.1)
    raise TimeoutError(f"not recorded within {WITHIN_S:g} s")


def _used(parts: dict[str, psutil.Process]) -> dict[str, float]:
    return {name: process.memory_info().rss / MB for name, process in parts.items()}


def _engine_mb(ground: Ground) -> float:
    with redis.Redis.from_url(ground.redis_url) as client:
        return client.info("memory")["used_memory"] / MB


def _recorded(ground: Ground) -> int:
    history = ground.history()
    reports = [(workload.SOURCE, f"e{number:07d}") for number in range(EVENTS)]
    return sum(
        len(history.digests_of(workload.SITE, reports[first : first + 10_000]))
        for first in range(0, len(reports), 10_000)
    )
