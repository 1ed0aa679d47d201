"""A real Chromium with a wall and a supplier's page, looked at again and again."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from playwright.sync_api import Page

from data.domain.scope import Role
from tests import people
from tests.chromium import launched

WALL = "/wall/works.L1?lang=en"
BOARD = "/supplier?lang=en"
_SHIPPED = re.compile(r"([\d,]+) of [\d,]+ shipped")
_LOOK = """() => {
  const text = (id) => (document.getElementById(id) || {}).textContent || "";
  const wall = document.getElementById("wall");
  return {
    good: text("p0-figures-good"), lost: wall ? wall.classList.contains("mp-lost") : true,
    old: document.querySelectorAll(".mp-stale").length, behind: text("header-history"),
    age: text("p0-figures-age"), fresh: text("wall-fresh"),
  };
}"""


class Look(NamedTuple):
    """What the wall showed at a moment (monotonic seconds)."""

    at: float
    good: int
    lost: bool  # "no connection", with the age
    old: int  # hatched panels and tiles
    behind: str  # "recording … behind"
    fresh: str

    @property
    def says_so(self) -> bool:
        """Whether the count is labelled as possibly old."""
        return self.lost or self.old > 0


class Screens:
    """The two pages, and every look at the wall so far."""

    def __init__(self, wall: Page, board: Page) -> None:
        self._wall, self._board = wall, board
        self.looks: list[Look] = []

    def look(self) -> Look:
        """Look at the wall now."""
        found = self._wall.evaluate(_LOOK)
        good = int(found["good"].replace(",", "") or 0)
        look = Look(
            time.monotonic(), good, found["lost"], found["old"], found["behind"], found["fresh"]
        )
        self.looks.append(look)
        return look

    def shipped(self) -> int:
        """How much the supplier's page says that it has shipped."""
        said = _SHIPPED.search(self._board.inner_text("body"))
        return int(said[1].replace(",", "")) if said else 0

    def said(self) -> str:
        """The supplier's page in words."""
        return self._board.inner_text("body")

    def reload_board(self) -> None:
        self._board.reload()


@contextmanager
def screens(address: str, database_url: str) -> Iterator[Screens]:
    """Open both pages in a Chromium; close it afterwards."""
    with launched() as browser:
        pages = []
        for path, role, party in ((WALL, Role.MANAGER, None), (BOARD, Role.SUPPLIER, "jade")):
            context = browser.new_context(viewport={"width": 1920, "height": 1080})
            token = people.signed_in(database_url, role, party)
            context.add_cookies([people.cookie(address, token)])
            pages.append(context.new_page())
            pages[-1].goto(address + path)
        pages[0].wait_for_selector("#p0-figures-good", state="attached")
        pages[1].wait_for_selector(".mp-ask", timeout=15_000)
        yield Screens(*pages)
