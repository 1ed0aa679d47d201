"""The start in a real browser: it goes on by itself, and nothing old looks live."""

import signal
import time
from collections.abc import Iterator
from copy import copy
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from data.domain.scope import Role
from tests import people
from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import Program, wait_for

LATE = {
    "id": "WO-LATE", "product": "Needle", "quantity": 5, "area": "L1",
    "due_at": "2026-01-03T00:00:00Z",
    "operations": [
        {"id": "10", "work_center": "MILL", "planned_start": "2026-01-01T00:00:00Z",
         "planned_finish": "2026-01-02T00:00:00Z"},
    ],
}  # fmt: skip
HATCHED = "el => getComputedStyle(el).backgroundImage.startsWith('repeating')"
# From a wish for new figures on, its answer waits and the page's time goes on as the test says.
SLOW_ANSWER = """
const [plain, clock] = [window.fetch, performance.now.bind(performance)];
let ahead = 0, stopped = null;
performance.now = () => (stopped ?? clock()) + ahead;
window.fetch = async (...request) => {
  if (!String((request[1] || {}).body).includes('"home-live"')) return plain(...request);
  stopped ??= clock();
  const answer = await plain(...request);
  await new Promise((go) => { window.held = true; window.release = go; });
  stopped = null;
  return answer;
};
window.wishesLater = (ms) => {
  let wishes = 0;
  window.dash_clientside.set_props = () => { wishes += 1; };
  ahead += ms;
  document.dispatchEvent(new Event("visibilitychange"));
  return wishes;
};
"""
LATE_TILE = ".mp-glance-tile >> nth=0"


@pytest.fixture
def opened(program: Program, open_stranger: OpenPage) -> Iterator[Any]:
    """A function that opens the start as someone of a role."""
    watched: list[Watched] = []

    def open_(
        role: Role = Role.MANAGER, width: int = 1440, search: str = "lang=en", script: str = ""
    ) -> Page:
        one = open_stranger(viewport={"width": width, "height": 900}, script=script)
        one.page.context.add_cookies([people.cookie(program.address, program.sign_in(role))])
        watched.append(one)
        one.page.goto(f"{program.address}/?{search}")
        one.page.wait_for_selector(".mp-glance-tile")
        return one.page

    yield open_
    assert [one.outside for one in watched] == [[] for _ in watched]


def hatched(page: Page, selector: str) -> bool:
    return bool(page.locator(selector).evaluate(HATCHED))


def test_what_becomes_late_is_told_without_a_hand(program: Program, opened: Any) -> None:
    page = opened()
    expect(page.locator(LATE_TILE)).to_have_text("Late orders0")
    expect(page.locator(".mp-glance-tile").last).to_have_text("Open orders1")
    assert program.send("PUT", "/orders", {"orders": [LATE]})["accepted"] == 1
    expect(page.locator(LATE_TILE)).to_have_text("Late orders1")
    expect(page.locator(".mp-glance-line")).to_contain_text("1 late")
    page.locator(LATE_TILE).click()
    expect(page.locator("#desk-body")).to_contain_text("WO-LATE")


def test_each_site_goes_on_by_itself_and_all_by_one_stream(
    program: Program, opened: Any, open_stranger: OpenPage
) -> None:
    other = program.at("home-second")
    other.plan()
    both = copy(program)
    both.sites = (program.site, other.site)
    alone = opened()
    one = open_stranger(viewport={"width": 1440, "height": 900})
    one.page.context.add_cookies([people.cookie(program.address, both.sign_in())])
    streams: list[str] = []
    one.page.on("request", lambda asked: "/live/" in asked.url and streams.append(asked.url))
    one.page.goto(f"{program.address}/?lang=en")
    second = one.page.locator("#site-home-second")
    expect(second.locator(LATE_TILE)).to_have_text("Late orders0")
    assert other.send("PUT", "/orders", {"orders": [LATE]})["accepted"] == 1
    expect(second.locator(LATE_TILE)).to_have_text("Late orders1")
    assert set(streams) == {f"{program.address}/live/home"}  # which a page may have to open again
    expect(alone.locator(".mp-site")).to_have_count(1)


def test_what_was_asked_for_is_drawn_however_long_the_answer_takes(
    program: Program, opened: Any
) -> None:
    page = opened(script=SLOW_ANSWER)
    before = page.locator("[data-drawn]").get_attribute("data-drawn")
    assert program.send("PUT", "/orders", {"orders": [LATE | {"id": f"WO-{time.time_ns()}"}]})
    page.wait_for_function("() => window.held")
    assert page.evaluate("wishesLater(5500)") == 0  # another one would make Dash drop this one
    page.evaluate("window.release()")
    expect(page.locator("[data-drawn]")).not_to_have_attribute("data-drawn", before)


def test_the_age_of_the_newest_event_goes_on_by_itself(opened: Any) -> None:
    page = opened()
    first = page.locator(".mp-glance-age").inner_text()
    expect(page.locator(".mp-glance-age")).not_to_have_text(first)


def test_without_the_web_process_all_is_hatched_and_back_again(
    program: Program, opened: Any
) -> None:
    page = opened()
    page.wait_for_selector(".mp-home:not(.mp-lost)")
    wait_for(lambda: not hatched(page, LATE_TILE), 60, "nothing is hatched")
    program.kill("web", signal.SIGSTOP)
    try:
        page.wait_for_selector(".mp-home.mp-lost")
        wait_for(lambda: hatched(page, LATE_TILE), 60, "the figures are hatched")
        wait_for(lambda: hatched(page, ".mp-glance-line >> nth=0"), 60, "the lines are hatched")
    finally:
        program.kill("web", signal.SIGCONT)
    page.wait_for_selector(".mp-home:not(.mp-lost)")


def test_an_operator_gets_figures_and_the_wall_and_no_way_to_what_is_not_theirs(
    opened: Any,
) -> None:
    page = opened(Role.OPERATOR, 390, "lang=zh-Hant&theme=dark")
    expect(page.locator(".mp-glance-tile")).to_have_count(4)
    assert page.locator("a[href^='/orders'], a[href^='/bottleneck']").count() == 0
    assert page.locator("a.mp-glance-line").first.get_attribute("href")
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
