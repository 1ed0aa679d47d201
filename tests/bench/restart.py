"""How long a wall is dead when the web process is: killed, and started again by the supervisor."""

import os
import signal
import time

from tests.bench.browser import Wall, opened_wall
from tests.bench.factory import Factory
from tests.bench.figures import Measurement, at_most, median, noted
from tests.bench.stage import (
    Client,
    Ground,
    Program,
    Stage,
    loaded,
    opened_factory,
    running,
    steadily,
    wait_until,
)

WITHIN_S = 30.0


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    times = [_restart(stage.fresh()) for _ in range(1 if quick else 3)]
    said = "wall live again after the web process died"
    return [
        at_most(said, median([dead_s for dead_s, _ in times]), "s", 3),
        noted("the longest of them", max(dead_s for dead_s, _ in times), "s"),
        noted("until the new process was ready", median([ready_s for _, ready_s in times]), "s"),
    ]


def _restart(ground: Ground) -> tuple[float, float]:
    """Return seconds from the kill until the wall shows a later change, and until readiness."""
    with running(ground) as program:
        made, client = opened_factory(ground, program.port)
        with opened_wall(program) as wall:
            steadily(made, client, 2)
            killed_at = _kill(program)
            wait_until(lambda: loaded(program.port, "bench"), WITHIN_S, "it is ready", 0.01)
            ready_s = time.time() - killed_at
            return _shown_at(wall, made, Client(program.port, ground.key())) - killed_at, ready_s


def _kill(program: Program) -> float:
    pid = program.web_pid()
    at = time.time()
    os.kill(pid, signal.SIGKILL)
    return at


def _shown_at(wall: Wall, made: Factory, client: Client) -> float:
    """Report once; return when the wall showed that, in seconds since 1970."""
    client.post([made.report()])
    wall.await_good(made.good, WITHIN_S)
    return next(seen.at_ms for seen in wall.seen() if seen.good >= made.good) / 1000
