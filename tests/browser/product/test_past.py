"""A wall that looks back, in a real browser: the instant that was asked for, and nothing live."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import Program, wait_for

WALL = "/wall/past.L1"
GOOD = "#p0-figures-good"
STEP = "operation/SO-1/20"


@pytest.fixture
def page(open_page: OpenPage) -> Watched:
    return open_page()


def text(page: Page, selector: str) -> str:
    return page.locator(selector).text_content() or ""


def go(program: Program, page: Page, at: str, lang: str = "en") -> None:
    page.goto(f"{program.address}{WALL}?at={quote(at)}&lang={lang}")
    page.wait_for_selector("#wall, .mp-message")


def report_good(program: Program, pieces: int) -> None:
    program.report("operation.progressed", STEP, work_unit="P1", good=pieces)


def frame(program: Program) -> str:
    """What the live wall is told when it connects."""
    with program.open("/live/wall/past.L1?lang=en") as stream:
        return "".join(stream.readline().decode() for _ in range(6))


def shows(program: Program, page: Page, at: datetime, good: str) -> bool:
    go(program, page, at.isoformat())
    return page.locator("#wall").count() == 1 and text(page, GOOD) == good


def test_a_wall_shows_the_instant_and_stands_still(program: Program, page: Watched) -> None:
    streams: list[str] = []
    page.page.on("request", lambda r: streams.append(r.url) if "/live/" in r.url else None)
    report_good(program, 700)
    then = datetime.now(UTC)
    report_good(program, 9000)
    wait_for(lambda: shows(program, page.page, then, "700"), 60, "the instant is recorded")
    assert "as it was at" in text(page.page, ".mp-then-words")
    assert "replay" in text(page.page, ".mp-then-words")
    assert page.page.locator(".mp-stale, .mp-lost").count() == 0
    report_good(program, 1)
    wait_for(lambda: '"p0-figures-good":{"t":"9,701"' in frame(program), 60, "walls are told of it")
    assert text(page.page, GOOD) == "700"
    assert streams == []
    assert page.outside == []
    page.page.keyboard.press("Escape")
    page.page.wait_for_function(
        "() => document.querySelector('#wall') && !document.querySelector('#wall').dataset.at"
    )
    wait_for(lambda: text(page.page, GOOD) == "9,701", 60, "the live wall")
    assert streams


def test_arrow_keys_go_a_quarter_of_an_hour(program: Program, page: Watched) -> None:
    now = datetime.now(UTC)

    def looks_back() -> bool:
        go(program, page.page, now.isoformat())
        return page.page.locator("#wall").count() == 1

    wait_for(looks_back, 60, "the instant is recorded")
    assert page.page.locator("#wall-on").get_attribute("href") is None
    there = page.page.locator("#wall-back").get_attribute("href") or ""
    page.page.keyboard.press("ArrowLeft")
    page.page.wait_for_url(f"**{there.split('&')[0]}*")
    page.page.wait_for_selector(".mp-message")
    assert "before the first event" in text(page.page, ".mp-message")


@pytest.mark.parametrize(
    ("at", "lang", "said"),
    [
        ("yesterday", "en", "That is no instant"),
        ("2999-01-01T00:00", "en", "That is no instant"),
        ("1999-01-01T00:00", "zh-Hant", "早於"),
        ("AHEAD", "zh-Hans", "还没到"),
    ],
)
def test_what_cant_be_shown_is_said(
    program: Program, page: Watched, at: str, lang: str, said: str
) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    go(program, page.page, ahead if at == "AHEAD" else at, lang)
    assert said in text(page.page, ".mp-message")
