"""Rules in a real browser: one is made, tried, changed and retired, at a desk and on a phone."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dash import Dash, html, page_container
from flask import Response
from flask_wtf import CSRFProtect
from playwright.sync_api import expect
from werkzeug.serving import make_server

from callbacks.desk.shell import Shell
from tests.unit.callbacks.desk.places import Places, live_site, manager_of
from tests.unit.callbacks.desk.rule_book import Ruled

ASSETS = Path(__file__).parents[2] / "assets"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
CUT_OFF = """() => [...document.querySelectorAll('.mp-x-rule *')].filter((e) => {
  if (!e.getClientRects().length || e.closest('.mp-table-box, .mp-unseen')) return false;
  const box = e.getBoundingClientRect();
  return box.right > innerWidth + 1 || box.left < -1;
}).map((e) => e.className || e.tagName)"""


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    who = manager_of("north")
    ruled = Ruled(who)
    shell = Shell(Places(live_site()), (ruled.page,), None, "en", lambda: who)  # type: ignore[arg-type]
    app = Dash(
        "desk", assets_folder=str(ASSETS), assets_ignore=r"live\.js|gantt\.js",
        update_title="", use_pages=True, pages_folder="",
    )  # fmt: skip
    app.layout = html.Div(page_container)
    app.server.secret_key = "of the tests alone"
    app.server.config["WTF_CSRF_CHECK_DEFAULT"] = False
    shell.register(app)
    CSRFProtect(app.server)
    app.server.add_url_rule("/live/desk/<site>", "live", lambda site: Response(status=204))
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield SimpleNamespace(ruled=ruled, address=f"http://127.0.0.1:{server.port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opened(running: Any, open_page: Any) -> Any:
    def open_(path: str, viewport: dict[str, int] = DESK) -> Any:
        watched = open_page(viewport=viewport)
        watched.page.goto(running.address + path)
        watched.page.locator(".mp-x-page").wait_for()
        return watched

    running.ruled.book.own.clear()
    running.ruled.trials.asked.clear()
    return open_


def test_a_rule_is_made_from_a_condition_tried_changed_and_retired(opened, running):
    watched = opened("/rules")
    page, book = watched.page, running.ruled.book
    page.get_by_role("link", name="New rule").click()
    page.get_by_label("When it is to say something").select_option("queue")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Name").fill("Soldering queue")
    page.get_by_label("Limit", exact=True).fill("4")
    page.get_by_label("Work centers").fill("CA")
    page.get_by_role("button", name="Try against").click()
    expect(page.locator("#rule-trial")).to_contain_text("Would have come up 3 times")
    expect(page.get_by_label("Name")).to_have_value("Soldering queue")
    assert book.own == {}
    page.get_by_role("button", name="Make this rule").click()
    expect(page.locator(".mp-x-note")).to_contain_text("The rule was made")
    assert list(book.own["soldering-queue"][0]["applies"]["work_center"]) == ["CA"]
    page.get_by_label("Limit", exact=True).fill("6")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".mp-x-note")).to_contain_text("The rule was changed")
    assert book.own["soldering-queue"][0]["limit"] == 6.0
    page.get_by_text("Retire this rule").click()
    page.get_by_role("button", name="Retire it for good").click()
    expect(page.locator(".mp-x-note")).to_contain_text("The rule was retired")
    expect(page.get_by_text("Soldering queue")).to_have_count(0)
    assert watched.errors == []


def test_what_can_not_be_is_named_with_what_was_expected_and_nothing_typed_is_lost(opened, running):
    page = opened("/rules?new=queue").page
    page.get_by_label("Name").fill("Soldering queue")
    page.get_by_label("Work centers").fill("elsewhere")
    page.get_by_role("button", name="Make this rule").click()
    note = page.get_by_role("alert")
    expect(note).to_contain_text("Work centers")
    expect(note).to_contain_text("names of the site: CA, CB")
    expect(page.get_by_label("Name")).to_have_value("Soldering queue")
    expect(page.get_by_label("Work centers")).to_have_value("elsewhere")
    assert running.ruled.book.own == {}


@pytest.mark.parametrize("locale", ["en", "zh-Hant", "zh-Hans"])
@pytest.mark.parametrize("condition", ["scrap_ratio", "work_unit_state", "operation_not_started"])
def test_nothing_of_the_form_is_cut_off(opened, locale, condition):
    watched = opened(f"/rules?new={condition}&lang={locale}")
    watched.page.locator(".mp-x-rule-form").wait_for()
    for viewport in (DESK, PHONE):
        watched.page.set_viewport_size(viewport)
        assert watched.page.evaluate(CUT_OFF) == []
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert watched.errors == []
