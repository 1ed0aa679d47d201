"""One wall alone on the server: how fast texts and bars change, and what the browser burns."""

import time

from tests.bench.browser import Wall, latencies_ms, opened_wall
from tests.bench.factory import Factory
from tests.bench.figures import Measurement, at_most, cpu_s, median, noted, percentile
from tests.bench.stage import Client, Posted, Stage, opened_factory, running, steadily

PAUSE_S = 2.3


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    ground = stage.fresh()
    with running(ground) as program:
        made, client = opened_factory(ground, program.port)
        with opened_wall(program) as wall:
            texts = _texts(wall, made, client, 5 if quick else 40)
            return [*texts, *_bars(wall, made, client, 2 if quick else 12)]


def reported(
    wall: Wall, made: Factory, client: Client, seconds: float
) -> tuple[list[int], list[Posted]]:
    """Report at the usual rate until the wall shows it all; return the counts, and when."""
    goods, posted = steadily(made, client, seconds)
    wall.await_good(goods[-1])
    return goods, posted


def _texts(wall: Wall, made: Factory, client: Client, seconds: float) -> list[Measurement]:
    reported(wall, made, client, 2)
    begun, used_s = time.monotonic(), cpu_s(wall.processes)
    goods, posted = reported(wall, made, client, seconds)
    burnt = 1000 * (cpu_s(wall.processes) - used_s) / (time.monotonic() - begun)
    late = latencies_ms(goods, [one.accepted_ns for one in posted], wall.seen())
    since_sent = latencies_ms(goods, [one.sent_ns for one in posted], wall.seen())
    return [
        at_most("event accepted → text changed, alone, p50", median(late), "ms", 8),
        at_most("event accepted → text changed, alone, p99", percentile(late, 0.99), "ms", 40),
        noted("event sent → text changed, alone, p50", median(since_sent), "ms"),
        noted("event sent → text changed, alone, p99", percentile(since_sent, 0.99), "ms"),
        at_most("Chromium CPU of the wall, 5 events/s", burnt, "ms/s", 200),
    ]


def _bars(wall: Wall, made: Factory, client: Client, changes: int) -> list[Measurement]:
    wall.watch_bars()
    late, since_sent = [], []
    for _ in range(changes):
        wall.page.wait_for_timeout(1000 * PAUSE_S)
        before = len(wall.painted())
        posted = client.post([made.report()])
        wall.page.wait_for_function(f"() => window.benchBars.length > {before}")
        at_ms = wall.painted()[before]
        late.append(at_ms - posted.accepted_ns / 1e6)
        since_sent.append(at_ms - posted.sent_ns / 1e6)
    return [
        at_most("event accepted → chart painted, after a pause, p50", median(late), "ms", 40),
        noted("event sent → chart painted, after a pause, p50", median(since_sent), "ms"),
    ]
