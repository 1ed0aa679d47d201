"""500 viewers beside the wall: its latency, what a message costs, against polling callbacks."""

import http.client
import json

import psutil

from tests.bench.audience import seated
from tests.bench.browser import latencies_ms, opened_wall
from tests.bench.factory import Factory
from tests.bench.figures import Measurement, at_least, at_most, cpu_s, median, noted, percentile
from tests.bench.live import reported
from tests.bench.stage import Client, Ground, Program, Stage, opened_factory, paced, running

VIEWERS = 500
POLLERS = 50
INTERVAL_S = 1.0
PATH = "/_dash-update-component"


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    ground = stage.fresh()
    with running(ground) as program:
        made, client = opened_factory(ground, program.port)
        pushed, message_us = _pushed(program, made, client, 4 if quick else 30)
        polled_us = _polled_us(ground, made, client, 3 if quick else 15)
    return [
        *pushed,
        at_most("server CPU a delivered message, 500 viewers", message_us, "µs", 60),
        noted("server CPU a message, dcc.Interval(1000)", polled_us, "µs"),
        at_least("dcc.Interval ÷ push, CPU a message", polled_us / message_us, "×", 20),
    ]


def _pushed(
    program: Program, made: Factory, client: Client, seconds: float
) -> tuple[list[Measurement], float]:
    """Return the wall's figures among viewers, and the server's µs a message."""
    web = [psutil.Process(program.web_pid())]
    with seated(program) as audience, opened_wall(program) as wall:
        audience.open(VIEWERS)
        reported(wall, made, client, 2)
        audience.record()
        used_s = cpu_s(web)
        goods, posted = reported(wall, made, client, seconds)
        used_s = cpu_s(web) - used_s
        heard = audience.stop(goods, posted)
        seen = wall.seen()
    late = latencies_ms(goods, [one.accepted_ns for one in posted], seen)
    share = heard.bytes / (len(posted) * VIEWERS) / 1000
    said = "event accepted → text changed, 500 viewers beside"
    return [
        at_most(f"{said}, p50", median(late), "ms", 30),
        at_most(f"{said}, p99", percentile(late, 0.99), "ms", 120),
        noted("event accepted → viewer's socket, 500 viewers, p99",
              percentile(heard.late_ms, 0.99), "ms"),
        at_most("bytes on the wire an event and viewer", share, "KB", 1.5),
    ], 1e6 * used_s / max(1, heard.frames)  # fmt: skip


def _polled_us(ground: Ground, made: Factory, client: Client, seconds: float) -> float:
    """Return what an answer costs when browsers ask once a second while reports come."""
    with running(ground, name="tests.bench.interval_baseline") as server:
        ask = Pollers(server.port)
        ask.round(POLLERS)
        process = [psutil.Process(server.pid)]
        used_s, answers = cpu_s(process), 0
        for number in paced(POLLERS / INTERVAL_S, seconds):
            if number % (POLLERS // 5) == 0:
                client.post([made.report()])
            answers += ask.round(1)
        return 1e6 * (cpu_s(process) - used_s) / answers


class Pollers:
    """Browsers in turn, each on a connection of its own, as dcc.Interval has them ask."""

    def __init__(self, port: int) -> None:
        self._open = [
            http.client.HTTPConnection("127.0.0.1", port, timeout=20) for _ in range(POLLERS)
        ]
        self._number = 0

    def round(self, count: int) -> int:
        """Let the next `count` ask; return how many were answered."""
        for _ in range(count):
            self._number += 1
            self._ask(self._open[self._number % POLLERS])
        return count

    def _ask(self, connection: http.client.HTTPConnection) -> None:
        body = {
            "output": "page.children",
            "outputs": {"id": "page", "property": "children"},
            "inputs": [{"id": "tick", "property": "n_intervals", "value": self._number}],
            "changedPropIds": ["tick.n_intervals"],
        }
        connection.request("POST", PATH, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200 or b"p0-figures-good" not in said:
            raise RuntimeError(f"the polled page answers {answer.status}: {said[:200]!r}")
