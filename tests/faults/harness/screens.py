"""A real Chromium with a wall and the pages of two suppliers, looked at again and again."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from playwright.sync_api import Browser, Page
from playwright.sync_api import Error as PageError

from data.domain.scope import Role
from tests import people
from tests.chromium import launched
from tests.faults.harness.looks import BoardLook, Look, Try

WALL = "/wall/works.L1?lang=en"
BOARD = "/supplier?lang=en"
BOARDS_EVERY_S = 0.5
PATIENCE_MS, OPENED_WITHIN_MS = 4_000.0, 90_000.0
_SHIPPED = re.compile(r"([\d,]+) of [\d,]+ shipped")
_LOOK = """(_) => {
  const text = (id) => (document.getElementById(id) || {}).textContent || "";
  const has = (id, css) => Boolean(document.getElementById(id)?.classList.contains(css));
  return {
    good: text("p0-figures-good"), lost: has("wall", "mp-lost"), old: has("p0-figures", "mp-stale"),
    hatched: document.querySelectorAll(".mp-stale").length, behind: text("header-history"),
    there: Boolean(document.getElementById("p0-figures-good")),
  };
}"""
_BOARD = """(_, foreign) => {
  const mark = document.getElementById("desk-as-of");
  const whole = document.documentElement.outerHTML;
  const others = foreign.some((words) => whole.includes(words));
  return {
    text: document.body.innerText, foreign: others,
    there: others || Boolean(document.querySelector(".mp-ask")),
    lost: Boolean(document.getElementById("desk")?.classList.contains("mp-lost")),
    age: mark ? (Date.now() - Number(mark.dataset.now)) / 1000 : 0,
  };
}"""


class Board:
    """The page of one supplier, and every look at it. `own`: words that are for it alone."""

    def __init__(self, page: Page, supplier: str, own: str, foreign: Sequence[str]) -> None:
        self.supplier, self.own, self.looks = supplier, own, list[BoardLook]()
        self.tries: list[Try] = []
        self._page, self._foreign = page, list(foreign)

    def look(self) -> BoardLook | None:
        """Look now; None where the page doesn't stand there."""
        found = _seen(self._page, self.tries, _BOARD, self._foreign)
        if found is None:
            return None
        said = _SHIPPED.search(found["text"])
        shipped = int(said[1].replace(",", "")) if said else 0
        at = self.tries[-1].begun
        look = BoardLook(at, shipped, found["lost"], found["age"], found["foreign"])
        self.looks.append(look)
        return look

    def said(self) -> str:
        """The page in words."""
        return self._page.inner_text("body")


class Screens:
    """All pages, and every look at the wall so far."""

    def __init__(self, wall: Page, boards: Sequence[Board]) -> None:
        self._wall, self.boards = wall, boards
        self.looks: list[Look] = []
        self.tries: list[Try] = []
        self._boards_at = 0.0

    def forget(self) -> None:
        """Let go of all looks so far."""
        for one in (self, *self.boards):
            one.looks.clear()
            one.tries.clear()
        self._boards_at = 0.0

    def look(self) -> Look | None:
        """Look at the wall now, now and then at the boards; None where no wall stands there."""
        if time.monotonic() - self._boards_at > BOARDS_EVERY_S:
            self._boards_at = time.monotonic()
            for board in self.boards:
                board.look()
        found = _seen(self._wall, self.tries, _LOOK)
        if found is None:
            return None
        good = int(found["good"].replace(",", "") or 0)
        at = self.tries[-1].begun
        look = Look(at, good, found["lost"], found["old"], found["hatched"], found["behind"])
        self.looks.append(look)
        return look


def _seen(page: Page, tries: list[Try], how: str, told: object = None) -> Any | None:
    """Note a try; return what a script finds in a page, None where it doesn't stand there."""
    begun, found = time.monotonic(), None
    with suppress(PageError):
        found = page.locator("html").evaluate(how, told, timeout=PATIENCE_MS)
    there = found is not None and bool(found["there"])
    tries.append(Try(begun, time.monotonic(), there))
    return found if there else None


@contextmanager
def screens(address: str, database_url: str, canaries: dict[str, str]) -> Iterator[Screens]:
    """Open all pages in a Chromium; close it afterwards. `canaries`: what only each may see."""
    with launched() as browser:
        cookie = people.cookie(address, people.signed_in(database_url))
        wall = opened(browser, address, WALL, [cookie])
        boards = []
        for supplier, own in canaries.items():
            foreign = [words for one, words in canaries.items() if one != supplier]
            cookie = people.cookie(address, people.signed_in(database_url, Role.SUPPLIER, supplier))
            page = opened(browser, address, BOARD, [cookie])
            page.wait_for_selector(".mp-ask", state="attached")  # drawn before anything breaks
            boards.append(Board(page, supplier, own, foreign))
        wall.wait_for_selector("#p0-figures-good", state="attached")
        yield Screens(wall, boards)


def opened(browser: Browser, address: str, path: str, cookies: Sequence[Any]) -> Page:
    """Open a page as somebody."""
    context = browser.new_context(
        viewport={"width": 1920, "height": 1080}, ignore_https_errors=True
    )
    context.set_default_timeout(OPENED_WITHIN_MS)
    context.add_cookies(list(cookies))
    page = context.new_page()
    page.goto(address + path)
    return page


def opened_over_tls(browser: Browser, address: str, path: str, cookies: Mapping[str, str]) -> Page:
    """Open a page of a program behind a proxy with TLS."""
    return opened(browser, address, path, [
        {"name": name, "value": token, "url": address, "secure": True, "httpOnly": True}
        for name, token in cookies.items()
    ])  # fmt: skip
