"""A desk page in a real browser: live, shareable by its address, and honest about its age."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import Program, wait_for

DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}}
ROWS = "#desk-body tbody tr"
SOON_MS = 60_000
HOLD_RENEWALS = """
const plain = window.fetch;
window.fetch = async (...request) => {
  const asked = performance.now();
  const answer = await plain(...request);
  if (window.held || !String((request[1] || {}).body).includes('"desk-live"')) return answer;
  window.asked = asked;
  await new Promise((go) => { window.held = true; window.release = go; });
  return answer;
};
"""


# What is put off to the end of all that is under way comes much later, as on a busy page.
BUSY = """
const later = window.setTimeout;
window.setTimeout = (act, ms, ...more) => later(act, ms || 300, ...more);
"""
# How often a page asks anew that has been waiting for so long.
WISHES_LATER = """(ms) => {
  const [set, now] = [window.dash_clientside.set_props, performance.now];
  let wishes = 0;
  window.dash_clientside.set_props = () => { wishes += 1; };
  performance.now = () => window.asked + ms;
  document.dispatchEvent(new Event("visibilitychange"));
  Object.assign(performance, { now });
  window.dash_clientside.set_props = set;
  return wishes;
}"""
# What comes for a renewal is read at once and drawn when the test says so.
HOLD_DRAWING = """
const plain = Response.prototype.json;
Response.prototype.json = async function () {
  const given = await plain.call(this);
  if (window.held || !JSON.stringify(given).includes('"desk-body":')) return given;
  const wish = window.dash_clientside.set_props;
  window.dash_clientside.set_props = () => {}; // another one would make Dash drop this one
  await new Promise((go) => { window.held = true; window.release = go; });
  window.dash_clientside.set_props = wish;
  return given;
};
"""


def order(name: str, product: str, due: str = "2099-01-01T00:00:00Z") -> dict[str, Any]:
    return {
        "id": name, "product": product, "quantity": 10, "due_at": due, "area": "L1",
        "customer": "acme",
        "operations": [
            {"id": "10", "work_center": "MILL", "planned_start": "2026-01-01T00:00:00Z",
             "planned_finish": "2026-01-02T00:00:00Z"},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def planned(program: Program) -> Iterator[Program]:
    """Orders enough for a second page; one of them is late."""
    orders = [order(f"WO-{number:03}", "Gauge") for number in range(60)]
    orders.append(order("WO-LATE", "Needle", "2026-01-03T00:00:00Z"))
    assert program.send("PUT", "/orders", {"orders": orders})["accepted"] == 61
    yield program


def opened(program: Program, open_page: OpenPage, path: str, **options: Any) -> Watched:
    watched = open_page(**(options or DESK))
    watched.page.goto(program.address + path)
    watched.page.wait_for_selector("#desk-body > *")
    return watched


@pytest.fixture
def orders(planned: Program, open_page: OpenPage) -> Iterator[Watched]:
    watched = opened(planned, open_page, "/orders?lang=en&theme=light")
    yield watched
    assert watched.errors == []
    assert watched.outside == []


def shown(page: Page) -> list[str]:
    return page.locator(f"{ROWS} .mp-row-link").all_text_contents()


def test_the_order_most_at_risk_stands_first_with_shape_and_word(orders: Watched) -> None:
    first = orders.page.locator(ROWS).first
    expect(first).to_contain_text("WO-LATE")
    expect(first.locator(".mp-standing")).to_have_text("late")
    expect(first.locator(".mp-standing .mp-shape")).to_be_visible()


def test_a_search_becomes_the_address_and_the_address_the_same_list(
    orders: Watched, planned: Program, open_page: OpenPage
) -> None:
    page = orders.page
    page.locator("input[name=q]").fill("needle")
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).to_have_count(1)
    assert "q=needle" in page.url
    path = page.url.removeprefix(planned.address)
    assert shown(opened(planned, open_page, path).page) == ["WO-LATE"]


def test_a_field_holds_what_the_address_has(orders: Watched) -> None:
    page = orders.page
    search = page.locator("input[name=q]")
    search.fill("needle")
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(search).to_have_value("needle")
    page.go_back()
    expect(page.locator(ROWS)).to_have_count(50)
    expect(search).to_have_value("")
    page.go_forward()
    expect(search).to_have_value("needle")


def test_a_choice_filters_at_once_and_going_back_takes_it_away(orders: Watched) -> None:
    page = orders.page
    page.locator("select[name=product]").select_option("Needle")
    expect(page.locator(ROWS)).to_have_count(1)
    page.go_back()
    expect(page.locator(ROWS)).to_have_count(50, timeout=SOON_MS)
    expect(page.locator("select[name=product]")).to_have_value("")


def held_page(planned: Program, open_page: OpenPage, script: str) -> Page:
    page = open_page(**DESK, script=script).page
    page.goto(planned.address + "/orders?lang=en")
    page.wait_for_selector(ROWS)
    product = f"Dial {datetime.now(UTC):%H%M%S%f}"  # else nothing would have changed
    planned.send("PUT", "/orders", {"orders": [order("SO-HELD", product)]})
    page.wait_for_function("() => window.held")
    return page


@pytest.fixture
def held(planned: Program, open_page: OpenPage) -> Page:
    """A page that has asked for what is new, and the answer hasn't come."""
    return held_page(planned, open_page, HOLD_RENEWALS)


@pytest.fixture
def undrawn(planned: Program, open_page: OpenPage) -> Page:
    """A page to which what is new has come, and that hasn't drawn it."""
    return held_page(planned, open_page, HOLD_DRAWING)


def drawn_at(page: Page) -> str:
    return page.locator("#desk-as-of").get_attribute("data-drawn") or ""


def draw(undrawn: Page) -> None:
    """Let it be drawn, and wait until it is."""
    before = drawn_at(undrawn)
    undrawn.evaluate("window.release()")
    expect(undrawn.locator("#desk-as-of")).not_to_have_attribute("data-drawn", before)


def press(page: Page, link: str) -> None:
    """Put the pointer on a link and press, without letting go."""
    page.get_by_role("link", name=link, exact=True).hover()
    page.mouse.down()


def test_a_renewal_that_comes_after_the_reader_has_gone_on_is_dropped(held: Page) -> None:
    held.locator("select[name=product]").select_option("Needle")
    expect(held.locator(ROWS)).to_have_count(1, timeout=SOON_MS)
    held.evaluate("window.release()")
    expect(held.locator("html.mp-busy")).to_have_count(0)
    assert shown(held) == ["WO-LATE"]


def test_a_renewal_that_comes_while_somebody_types_takes_nothing_away(held: Page) -> None:
    drawn = held.locator("#desk-as-of").get_attribute("data-drawn")
    held.locator("input[name=q]").fill("WO-0")
    held.evaluate("window.release()")
    expect(held.locator("html.mp-busy")).to_have_count(0)
    assert held.locator("input[name=q]").input_value() == "WO-0"
    assert held.locator("#desk-as-of").get_attribute("data-drawn") == drawn


def test_a_renewal_is_waited_for_however_long_it_takes(held: Page) -> None:
    drawn = drawn_at(held)
    assert held.evaluate(WISHES_LATER, 5500) == 0  # another one would make Dash drop this one
    held.evaluate("window.release()")
    expect(held.locator("#desk-as-of")).not_to_have_attribute("data-drawn", drawn)


def test_what_is_typed_before_an_answer_is_drawn_stays(undrawn: Page) -> None:
    search = undrawn.locator("input[name=q]")
    search.press_sequentially("W-0")
    undrawn.keyboard.press("ArrowLeft")
    undrawn.keyboard.press("ArrowLeft")
    draw(undrawn)
    expect(search).to_have_value("W-0")
    expect(search).to_be_focused()
    undrawn.keyboard.type("O")
    expect(search).to_have_value("WO-0")
    undrawn.keyboard.press("End")
    undrawn.keyboard.type("1")
    undrawn.keyboard.press("Enter")
    expect(undrawn.locator(ROWS)).to_have_count(10)
    assert "q=WO-01" in undrawn.url


def test_letters_keep_their_order_on_a_busy_page(planned: Program, open_page: OpenPage) -> None:
    page = open_page(**DESK, script=BUSY).page
    page.goto(planned.address + "/orders?lang=en")
    page.wait_for_selector(ROWS)
    page.locator("input[name=q]").press_sequentially("WO-017", delay=120)
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).to_have_count(1)
    assert "q=WO-017" in page.url


def test_what_is_typed_is_forgotten_with_the_address_it_was_typed_at(undrawn: Page) -> None:
    undrawn.locator("input[name=q]").fill("WO-0")
    undrawn.get_by_role("link", name="Next").click()
    undrawn.evaluate("window.release()")
    expect(undrawn.locator(".mp-place-now")).to_have_text("page 2 of 2")
    expect(undrawn.locator("input[name=q]")).to_have_value("")


def test_a_link_is_followed_though_it_is_drawn_anew_while_it_is_pressed(undrawn: Page) -> None:
    press(undrawn, "Next")
    draw(undrawn)
    undrawn.mouse.up()
    expect(undrawn.locator(".mp-place-now")).to_have_text("page 2 of 2")


def test_a_link_that_is_let_go_elsewhere_is_not_followed(undrawn: Page) -> None:
    press(undrawn, "Next")
    draw(undrawn)
    undrawn.mouse.move(5, 400)
    undrawn.mouse.up()
    undrawn.locator("input[name=q]").fill("WO-0")
    undrawn.keyboard.press("Enter")
    expect(undrawn.locator(".mp-place-now")).to_have_text("page 1 of 2")


def test_a_renewal_that_comes_while_something_is_pressed_waits(held: Page) -> None:
    drawn = drawn_at(held)
    press(held, "Next")
    held.evaluate("window.release()")
    expect(held.locator("html.mp-busy")).to_have_count(0)
    assert drawn_at(held) == drawn
    held.mouse.move(5, 400)
    held.mouse.up()
    expect(held.locator("#desk-as-of")).not_to_have_attribute("data-drawn", drawn)


def test_the_second_page_of_the_list_follows_the_first(orders: Watched) -> None:
    page = orders.page
    first = shown(page)
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".mp-place-now")).to_have_text("page 2 of 2")
    assert 10 < page.locator(ROWS).count() < 50
    assert not set(first) & set(shown(page))


def test_a_change_on_the_floor_shows_and_what_is_held_on_to_stays(
    orders: Watched, planned: Program
) -> None:
    page = orders.page
    page.locator(f"{ROWS} .mp-row-link").nth(3).focus()
    held = page.evaluate("document.activeElement.textContent")
    page.evaluate("window.scrollTo(0, 240)")
    planned.send("PUT", "/orders", {"orders": [order("WO-NEW", "Dial", "2026-01-02T00:00:00Z")]})
    expect(page.locator(ROWS, has_text="WO-NEW")).to_be_visible()
    assert page.evaluate("document.activeElement.textContent") == held
    assert page.evaluate("window.scrollY") == 240


def test_what_is_typed_is_never_taken_away(orders: Watched, planned: Program) -> None:
    page = orders.page
    page.locator("input[name=q]").fill("WO-0")
    drawn = page.locator("#desk-as-of").get_attribute("data-drawn")
    planned.send("PUT", "/orders", {"orders": [order("WO-NEWER", "Dial")]})
    page.wait_for_function("() => performance.now() > 9000")
    assert page.locator("input[name=q]").input_value() == "WO-0"
    assert page.locator("#desk-as-of").get_attribute("data-drawn") == drawn
    page.keyboard.press("Enter")
    expect(page.locator(ROWS)).to_have_count(50)


def test_language_and_theme_are_remembered(orders: Watched, planned: Program) -> None:
    page = orders.page
    page.get_by_role("link", name="繁體中文").click()
    expect(page.locator("h1")).to_have_text("工單")
    page.locator(".mp-theme-dark").click()
    expect(page.locator("#desk")).to_have_attribute("data-theme", "dark")
    page.goto(planned.address + "/orders")
    expect(page.locator("#desk")).to_have_attribute("data-theme", "dark")
    expect(page.locator("h1")).to_have_text("工單")


def test_a_bad_parameter_is_named_and_the_way_on_works(orders: Watched, planned: Program) -> None:
    page = orders.page
    page.goto(planned.address + "/orders?lang=en&sort=colour&q=needle")
    expect(page.get_by_role("alert")).to_contain_text("sort: expected one of risk, due")
    page.get_by_role("link", name="Show the page without it").click()
    expect(page.locator(ROWS)).to_have_count(1)


def test_the_keyboard_reaches_the_content_first(orders: Watched) -> None:
    page = orders.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "desk-body"


def test_every_page_fits_a_phone(planned: Program, open_page: OpenPage) -> None:
    page = opened(planned, open_page, "/orders?lang=zh-Hans", **PHONE).page
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.locator(ROWS).first).to_be_visible()


def test_an_export_holds_the_whole_list(planned: Program) -> None:
    with planned.open("/export/orders.csv?q=gauge&lang=en") as answer:
        lines = answer.read().decode("utf-8-sig").splitlines()
    assert len(lines) == 61
    assert lines[0].startswith("Order,Standing,Product")


def test_a_script_in_the_address_stays_text(orders: Watched, planned: Program) -> None:
    page = orders.page
    page.goto(planned.address + "/orders?lang=en&q=<img src=x onerror=window.hit=1>")
    expect(page.locator(".mp-empty-state")).to_contain_text("No order fits")
    assert page.evaluate("window.hit") is None


def test_a_lost_connection_shows_and_passes(planned: Program, open_page: OpenPage) -> None:
    page = opened(planned, open_page, "/orders?lang=en").page
    wait_for(
        lambda: page.evaluate("document.querySelector('#desk-as-of').dataset.live"), 60, "live"
    )
    planned.kill("web", signal.SIGSTOP)
    try:
        expect(page.locator("#desk-as-of")).to_contain_text("no connection", timeout=SOON_MS)
    finally:
        planned.kill("web", signal.SIGCONT)
    expect(page.locator("#desk-as-of")).not_to_contain_text("no connection")
