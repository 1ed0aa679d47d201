"""How many viewers one web process on one processor holds."""

import time

import psutil

from tests.bench.audience import Audience, seated
from tests.bench.factory import Factory
from tests.bench.figures import Measurement, at_least, cpu_s, noted, percentile
from tests.bench.stage import CPUS, Client, Program, Stage, opened_factory, running, steadily

STEPS = (1000, 2000, 3000)
LIMIT_MS = 500.0


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    ground, found, held = stage.fresh(), [], 0
    with (
        stage.engines_on(CPUS[-1]),
        running(ground, "web", cpu=CPUS[0]) as program,
        running(ground, "worker", cpu=CPUS[-1]),
        seated(program, cpu=CPUS[-1]) as audience,
    ):
        made, client = opened_factory(ground, program.port)
        for viewers in STEPS[:1] if quick else STEPS:
            audience.open(viewers - audience.viewers)
            late_ms, busy = _late(program, audience, made, client, 3 if quick else 12)
            found += [
                noted(f"event accepted → socket, {viewers:,} viewers, p99", late_ms, "ms"),
                noted(f"the web process's core, {viewers:,} viewers", busy, "%"),
            ]
            if late_ms >= LIMIT_MS:
                break
            held = viewers
    said = "viewers on one core with p99 < 500 ms, 5 events/s"
    judged = noted(said, held, "") if quick else at_least(said, held, "", 2000)
    return [judged, *found]


def _late(
    program: Program, audience: Audience, made: Factory, client: Client, seconds: float
) -> tuple[float, float]:
    """Return the 99th percentile of the lateness in ms, and how busy the web process was."""
    web = [psutil.Process(program.pid)]
    steadily(made, client, 1)
    audience.record()
    used_s = cpu_s(web)
    goods, posted = steadily(made, client, seconds)
    used_s = cpu_s(web) - used_s
    time.sleep(4 * LIMIT_MS / 1000)  # who hasn't got it by now won't in time
    heard = audience.stop(goods, posted)
    return percentile(heard.late_ms, 0.99), 100 * used_s / seconds
