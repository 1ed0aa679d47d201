"""The page on delays in a real browser: it filters, narrows and opens, and nothing is cut off."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from dash import Dash, html, page_container
from flask import Response
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from callbacks.desk.delays import DelaysPage
from callbacks.desk.exports import blueprint as exports
from callbacks.desk.shell import Shell
from data.domain.delays import FeverPoint
from data.services.live import LiveSite
from tests.unit.callbacks.desk.places import Places, Recorded, live_site, manager_of
from tests.unit.layouts.reports import FEVER, SITE, MadeUp, many

ASSETS = Path(__file__).parents[2] / "assets"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
WHO = manager_of(SITE.id)
ORDERS, ORDER = Recorded(), Recorded("order", "/orders/<order>")
OPEN = [
    FeverPoint(order=f"SO-{2000 + i}", done=i / 40, used=i % 13 / 20, zone="green", late_s=0)
    for i in range(40)
]

CUT_OFF = """() => [...document.querySelectorAll('.mp-delays *')].filter((e) => {
  if (!e.getClientRects().length || e.closest('.mp-table-box')) return false;
  if (e.closest('.mp-pareto-name')) return false;  // a long name ends in an ellipsis
  const box = e.getBoundingClientRect();
  return box.right > innerWidth + 1 || box.left < -1;
}).map((e) => e.className || e.tagName)"""

FAINT = """() => {
  const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const found = new Set();
  for (const e of document.querySelectorAll('.mp-delays *')) {
    const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.nodeValue.trim());
    if (!text || !e.getClientRects().length || e.matches('[aria-disabled], option')) continue;
    const [one, other] = [light(parse(getComputedStyle(e).color)), light(ground(e))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) found.add(e.className + ' ' + contrast.toFixed(2));
  }
  return [...found];
}"""


def server_of(site: LiveSite, service: MadeUp) -> Any:
    shell = Shell(Places(site), (DelaysPage(service), ORDERS, ORDER), None, "en", lambda: WHO)  # type: ignore[arg-type]
    app = Dash(
        "desk", assets_folder=str(ASSETS), assets_ignore=r"live\.js|gantt\.js", update_title="",
        use_pages=True, pages_folder="",
    )  # fmt: skip
    app.layout = html.Div(page_container)
    shell.register(app)
    app.server.register_blueprint(exports(shell))
    app.server.add_url_rule("/live/desk/<site>", "live", lambda site: Response(status=204))
    return app.server


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    served = server_of(live_site(SITE), MadeUp(many(), fever=[*FEVER, *OPEN]))
    server = make_server("127.0.0.1", 0, served, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/delays"
    server.shutdown()
    thread.join()
    server.server_close()


def opened(open_page: Any, address: str, viewport: dict[str, int] = DESK) -> Page:
    watched = open_page(viewport=viewport)
    watched.page.goto(address)
    watched.page.locator(".mp-paretos").wait_for()
    return watched.page


def query(page: Page) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(urlsplit(page.url).query).items()}


def test_a_line_filters_what_is_below_and_a_second_click_takes_the_filter_away(open_page, address):
    page = opened(open_page, address)
    before = page.locator(".mp-delayed tbody tr").count()
    page.get_by_role("link", name="work unit busy").first.click()
    expect(page.locator(".mp-set")).to_contain_text("Cause: work unit busy")
    assert query(page)["cause"] == "contention"
    assert page.locator(".mp-delayed tbody tr").count() < before
    chosen = page.locator(".mp-pareto-line[aria-current]")
    expect(chosen).to_have_count(1)
    chosen.click()
    expect(page.locator(".mp-set")).to_have_count(0)
    assert "cause" not in query(page)


def test_filters_combine_and_the_address_shows_the_same_to_someone_else(open_page, address):
    page = opened(open_page, address)
    page.get_by_role("link", name="work unit busy").first.click()
    expect(page.locator(".mp-set")).to_have_count(1)
    page.get_by_role("link", name="Painting").first.click()
    expect(page.locator(".mp-set")).to_have_count(2)
    rows = page.locator(".mp-delayed tbody").inner_text()
    assert opened(open_page, page.url).locator(".mp-delayed tbody").inner_text() == rows


def test_the_keyboard_alone_sets_a_filter(open_page, address):
    page = opened(open_page, address)
    line = page.locator(".mp-pareto-line").first
    line.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".mp-set")).to_have_count(1)


def test_a_column_narrows_the_period_to_its_day(open_page, address):
    page = opened(open_page, address)
    page.locator(".mp-days-late .mp-days-column").last.click()
    expect(page.locator(".mp-chip-link[aria-current]")).to_have_count(0)
    assert query(page)["from"] == query(page)["to"]


def test_the_form_of_days_keeps_the_filters(open_page, address):
    page = opened(open_page, f"{address}?product=pump+1&period=90d")
    page.locator("input[name=from]").fill("2026-11-10")
    page.locator("input[name=from]").press("Enter")
    page.wait_for_url("**from=2026-11-10**")
    assert query(page)["product"] == "pump 1"
    assert "period" not in query(page)


def test_an_order_opens_from_the_list_and_from_the_chart(open_page, address):
    page = opened(open_page, address)
    first = page.locator(".mp-delayed .mp-row-link").first
    order = first.inner_text()
    first.click()
    page.wait_for_url(f"**/orders/{order}*")
    page.go_back()
    page.locator(".mp-fever-dot").first.wait_for()
    page.locator("a.mp-fever-dot[href*='SO-9']").click()
    page.wait_for_url("**/orders/SO-9*")


def test_a_cause_in_the_list_opens_its_order_at_the_steps_of_that_cause(open_page, address):
    page = opened(open_page, address)
    page.locator(".mp-delayed .mp-proof").first.click()
    page.wait_for_url("**/orders/*cause=*")


def test_the_list_turns_its_pages(open_page, address):
    page = opened(open_page, address)
    first = page.locator(".mp-delayed .mp-row-link").first.inner_text()
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**page=2*")
    expect(page.locator(".mp-delayed .mp-row-link").first).not_to_have_text(first)


def test_the_export_has_what_the_filters_leave(open_page, address):
    page = opened(open_page, f"{address}?cause=down")
    answer = page.request.get(address.replace("/delays", "/export/delays.csv?cause=down&lang=en"))
    lines = answer.text().strip().splitlines()
    assert answer.status == 200
    assert len(lines) - 1 == page.locator(".mp-delayed tbody tr").count()


def test_shapes_and_words_stand_beside_the_colours_of_the_zones(open_page, address):
    page = opened(open_page, address)
    for zone in ("red", "yellow", "green"):
        expect(page.locator(".mp-fever-counts")).to_contain_text(zone)
    shapes = page.locator(".mp-fever-dot .mp-shape").evaluate_all(
        "all => [...new Set(all.map((e) => getComputedStyle(e).clipPath))]"
    )
    assert len(shapes) == 3


@pytest.mark.parametrize("locale", ["zh-Hant", "zh-Hans", "en"])
def test_nothing_is_cut_off(open_page, address, locale):
    page = opened(open_page, f"{address}?lang={locale}")
    for viewport in (DESK, PHONE):
        page.set_viewport_size(viewport)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert page.evaluate(CUT_OFF) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_word_has_contrast_enough(open_page, address, theme):
    page = opened(open_page, f"{address}?theme={theme}&cause=contention")
    assert page.evaluate(FAINT) == []


def test_a_bad_filter_is_named_and_the_way_back_keeps_the_others(open_page, address):
    page = open_page(viewport=DESK).page
    page.goto(f"{address}?cause=weather&period=7d")
    expect(page.locator(".mp-trouble")).to_contain_text("cause: expected one of")
    page.locator(".mp-trouble .mp-button").click()
    page.locator(".mp-paretos").wait_for()
    assert query(page) == {"period": "7d"}
