"""Whether the wall's memory in the browser stays flat under pushes."""

import time

from playwright.sync_api import CDPSession

from tests.bench.browser import GOOD, Wall, opened_wall
from tests.bench.figures import Measurement, at_most, noted
from tests.bench.stage import Program, Stage, ask, opened_factory, running

FIRST, ALL, QUICK = 500, 20_000, 1_000
RATE = 200.0
MB = 1e6
# Counts alone: what the page keeps must be the page's own.
_COUNT = """(id) => {
  window.benchCount = 0;
  new MutationObserver((changes) => { window.benchCount += changes.length; }).observe(
    document.getElementById(id), { characterData: true, childList: true, subtree: true });
}"""


def measure(stage: Stage, quick: bool) -> list[Measurement]:
    ground = stage.fresh()
    with running(ground, name="tests.bench.push_server") as server:
        opened_factory(ground, server.port)
        with opened_wall(server, watched=False) as wall:
            wall.page.evaluate(_COUNT, GOOD)
            session = wall.page.context.new_cdp_session(wall.page)
            first_s = _push(wall, server, FIRST)
            before_mb, before_nodes = _memory(session)
            rest = (QUICK if quick else ALL) - FIRST
            rest_s = _push(wall, server, rest)
            after_mb, after_nodes = _memory(session)
    said = f"browser, from update {FIRST} to update {rest + FIRST:,}"
    return [
        at_most(f"{said}: heap grows by", after_mb - before_mb, "MB", 5),
        at_most(f"{said}: DOM nodes grow by", after_nodes - before_nodes, "nodes", 10),
        noted("browser heap after them", after_mb, "MB"),
        noted("updates pushed a second", (rest + FIRST) / (first_s + rest_s), "updates/s"),
    ]


def _push(wall: Wall, server: Program, frames: int) -> float:
    """Push until the page has shown as many changes; return the seconds it took."""
    goal, begun = wall.page.evaluate("window.benchCount") + frames, time.monotonic()
    ask(server.port, f"/push?frames={frames}&rate={RATE}", server.token)
    while (count := wall.page.evaluate("window.benchCount")) < goal:
        if time.monotonic() - begun > 60 + 2 * frames / RATE:
            raise TimeoutError(f"{goal - count} of {frames} updates never came")
        wall.page.wait_for_timeout(100)
    return time.monotonic() - begun


def _memory(session: CDPSession) -> tuple[float, int]:
    """Return the script's heap in MB and the number of nodes, after everything dead is gone."""
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    used = session.send("Runtime.getHeapUsage")["usedSize"]
    return used / MB, session.send("Memory.getDOMCounters")["nodes"]
