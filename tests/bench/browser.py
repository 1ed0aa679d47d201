"""A real Chromium with a wall open, and what it saw when."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import psutil
from playwright.sync_api import Page, sync_playwright

from tests import people
from tests.bench.factory import SCREEN
from tests.bench.figures import process_tree
from tests.bench.stage import Program
from tests.chromium import FLAGS, ensure

GOOD = "p0-figures-good"
BARS = "p1-hours-chart"

# Wall clock minus the page's clock, in milliseconds, taken where Date.now() ticks.
_OFFSET = """() => {
  const before = Date.now();
  let now;
  while ((now = Date.now()) === before);
  return now - (performance.timeOrigin + performance.now());
}"""

_WATCH_TEXT = """(id) => {
  const element = document.getElementById(id);
  window.benchTexts = [];
  const note = () => window.benchTexts.push(
    [element.textContent, performance.timeOrigin + performance.now()]);
  new MutationObserver(note).observe(
    element, { characterData: true, childList: true, subtree: true });
}"""

# A bar's style changes within an animation frame; the start of the next frame means that the one
# with the bar has been painted.
_WATCH_BARS = """(id) => {
  window.benchBars = [];
  const note = () => requestAnimationFrame(
    () => window.benchBars.push(performance.timeOrigin + performance.now()));
  const watcher = new MutationObserver(note);
  for (const bar of document.getElementById(id).querySelectorAll(".mp-bar")) {
    watcher.observe(bar, { attributes: true, attributeFilter: ["style"] });
  }
}"""


class Seen(NamedTuple):
    """A count that the wall showed, and from when. Units: milliseconds since 1970."""

    good: int
    at_ms: float


class Wall:
    """One open wall."""

    def __init__(self, page: Page, processes: list[psutil.Process], watched: bool) -> None:
        self.page = page
        self.processes = processes
        self._offset_ms = page.evaluate(_OFFSET)
        if watched:
            page.evaluate(_WATCH_TEXT, GOOD)

    @property
    def good(self) -> int:
        """The count of good pieces that it shows now."""
        return number_in(self.page.inner_text(f"#{GOOD}"))

    def seen(self) -> list[Seen]:
        """Every count that it showed since it was opened."""
        texts = self.page.evaluate("window.benchTexts")
        return [Seen(number_in(text), at_ms + self._offset_ms) for text, at_ms in texts]

    def watch_bars(self) -> None:
        self.page.evaluate(_WATCH_BARS, BARS)

    def painted(self) -> list[float]:
        """When bars were painted, since they are watched, in milliseconds since 1970."""
        return [at_ms + self._offset_ms for at_ms in self.page.evaluate("window.benchBars")]

    def await_good(self, good: int, within_s: float = 10.0) -> None:
        deadline = time.monotonic() + within_s
        while self.good < good:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the wall shows {self.good} good pieces, not {good}")
            self.page.wait_for_timeout(50)


@contextmanager
def opened_wall(program: Program, watched: bool = True) -> Iterator[Wall]:
    """Open a Chromium with the bench's wall in it, live; `watched`: its counts are noted."""
    with sync_playwright() as playwright:
        before = {child.pid for child in psutil.Process().children(recursive=True)}
        browser = playwright.chromium.launch(executable_path=ensure(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        address = f"http://127.0.0.1:{program.port}"
        page.context.add_cookies([people.cookie(address, program.token)])
        page.goto(f"{address}/wall/{SCREEN}?lang=en")
        page.wait_for_function(
            "() => document.querySelector('#wall-clock')?.textContent.includes(':')"
        )
        page.wait_for_function(
            "() => /live/.test(document.querySelector('#wall-fresh').textContent)"
        )
        yield Wall(page, _new_processes(before), watched)
        browser.close()


def number_in(text: str) -> int:
    digits = re.sub(r"\D", "", text)
    return int(digits) if digits else 0


def latencies_ms(goods: Sequence[int], from_ns: Sequence[int], seen: Sequence[Seen]) -> list[float]:
    """Return for each event how long after an instant the wall first showed it."""
    found, place = [], 0
    for good, at_ns in zip(goods, from_ns, strict=True):
        while place < len(seen) and seen[place].good < good:
            place += 1
        found.append(seen[place].at_ms - at_ns / 1e6 if place < len(seen) else float("inf"))
    return found


def _new_processes(before: set[int]) -> list[psutil.Process]:
    """Return the browser's processes, without those of the driver."""
    tree = process_tree(psutil.Process().pid)[1:]
    return [one for one in tree if one.pid not in before]
