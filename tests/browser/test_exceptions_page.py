"""The inbox of exceptions in a real browser: by keyboard, kept through renewals, on a phone."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dash import Dash, html, page_container
from flask import Response
from flask_wtf import CSRFProtect
from msgspec.structs import replace
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from callbacks.desk.exception import ExceptionPage
from callbacks.desk.exception_acts import ExceptionActs
from callbacks.desk.exceptions import ExceptionsPage
from callbacks.desk.shell import Shell
from data.domain.exceptions.records import State
from data.services.audit import Audit
from tests.browser.test_delays_page import FAINT
from tests.unit import cases
from tests.unit.callbacks.desk.places import NOW, Places, Recorded, live_site, manager_of
from tests.unit.fakes import FakeTrail

ASSETS = Path(__file__).parents[2] / "assets"
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
RENEW = "(wish) => window.dash_clientside.set_props('desk-live', {data: {path: location.pathname, search: location.search, wish}})"  # noqa: E501
# What the page says stands until it says something else, however long a look at it takes to come.
STANDS = """(() => {
  const later = window.setTimeout;
  window.setTimeout = (act, ms, ...more) => (ms === 6000 ? 0 : later(act, ms, ...more));
})()"""
CUT_OFF = """() => [...document.querySelectorAll('.mp-x-page *')].filter((e) => {
  if (!e.getClientRects().length || e.closest('.mp-table-box, .mp-unseen, dialog')) return false;
  const box = e.getBoundingClientRect();
  return box.right > innerWidth + 1 || box.left < -1;
}).map((e) => e.className || e.tagName)"""


class Served:
    """The pages on exceptions kept in memory, on a server of their own."""

    def __init__(self) -> None:
        self.memory = cases.Memory(cases.ordinary())
        live, who = live_site(), manager_of(cases.SITE)
        live.facts.exceptions = {n: one for n, one in self.memory.cases.items() if not one.parent}
        desk = cases.desk_of(self.memory, Audit(FakeTrail(), b"secret", lambda: NOW))
        people, rules = cases.People(), cases.Rules()
        pages = (
            ExceptionsPage(desk, rules, lambda: NOW, lambda: who),
            ExceptionPage(desk, rules, people, lambda: NOW, who=lambda: who),
            Recorded("order", "/orders/<order>"),
        )
        acts = ExceptionActs(
            desk, people.takers, lambda site, parties: None, lambda: NOW, "en", lambda: who
        )
        shell = Shell(Places(live), pages, None, "en", lambda: who)  # type: ignore[arg-type]
        app = Dash(
            "desk", assets_folder=str(ASSETS), assets_ignore=r"live\.js|gantt\.js",
            update_title="", use_pages=True, pages_folder="",
        )  # fmt: skip
        app.layout = html.Div(page_container)
        shell.register(app)
        self.server = app.server
        self.server.secret_key = "of the tests alone"
        self.server.config["WTF_CSRF_CHECK_DEFAULT"] = False
        CSRFProtect(self.server)
        self.server.register_blueprint(acts.blueprint())
        self.server.add_url_rule("/live/desk/<site>", "live", lambda site: Response(status=204))

    def reset(self) -> None:
        fresh = cases.Memory(cases.ordinary())
        self.memory.cases, self.memory.moves, self.memory.said = fresh.cases, fresh.moves, []


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    served = Served()
    server = make_server("127.0.0.1", 0, served.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield SimpleNamespace(served=served, address=f"http://127.0.0.1:{server.port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def served(running: Any) -> Served:
    running.served.reset()
    return running.served


@pytest.fixture
def opened(running: Any, served: Served, open_page: Any) -> Any:
    def open_(path: str = "/exceptions", viewport: dict[str, int] = DESK) -> Page:
        watched = open_page(viewport=viewport, script=STANDS)
        watched.page.goto(running.address + path)
        watched.page.locator(".mp-x-page").wait_for()
        watched.page.errors = watched.errors
        return watched.page

    return open_


def focused(page: Page) -> str | None:
    return page.evaluate("document.activeElement.closest('.mp-x-row')?.id")


def test_the_keys_go_through_the_list_select_and_acknowledge(opened, served):
    page = opened()
    page.keyboard.press("j")
    assert focused(page) == "case-17"
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("x")
    expect(page.locator(".mp-x-bar .mp-x-count")).to_have_text("1")
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("a")
    expect(page.locator(".mp-x-said")).to_contain_text("Acknowledged: 1")
    expect(page.locator("#case-17 .mp-x-who strong")).to_have_text("May")
    assert served.memory.cases[17].state is State.ACKNOWLEDGED
    expect(page.locator(".mp-x-box:checked")).to_have_count(0)
    assert page.errors == []


def test_shelving_and_resolving_ask_in_place_and_work_without_a_mouse(opened, served):
    page = opened()
    page.keyboard.press("j")
    page.keyboard.press("s")
    expect(page.locator("[data-drop=shelve] select")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-drop=shelve]")).not_to_have_attribute("open", "")
    page.locator("#case-17 .mp-x-open").focus()
    page.keyboard.press("r")
    page.locator("[data-drop=resolve] button[value=resolve]").press("Enter")
    expect(page.locator(".mp-x-bar .mp-x-wrong")).to_have_text("Choose what it came from.")
    page.locator("[data-drop=resolve] select").select_option("machine")
    page.locator("[data-drop=resolve] button[value=resolve]").press("Enter")
    expect(page.locator("#case-17")).to_have_count(0)
    assert served.memory.cases[17].cause_found == "machine"


def test_what_is_selected_focused_and_typed_stays_when_the_page_is_drawn_anew(opened, served):
    page = opened()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("r")
    words = page.locator("[data-drop=resolve] textarea")
    words.focus()
    words.press_sequentially("feeder repl")
    served.memory.cases[12] = replace(served.memory.cases[12], owner_name="Somebody Else")
    page.evaluate(RENEW, "now")
    expect(page.locator("#case-12 .mp-x-who strong")).to_have_text("Somebody Else")
    expect(words).to_be_focused()
    words.press_sequentially("aced")
    expect(words).to_have_value("feeder replaced")
    expect(page.locator("#case-17 .mp-x-box")).to_be_checked()


def test_who_comes_second_sees_who_was_first_and_the_newest(opened, served):
    page = opened()
    taken = replace(
        served.memory.cases[17], state=State.ACKNOWLEDGED, version=2, owner_name="Lin Wei-ting"
    )
    served.memory.cases[17] = taken
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page.locator("#case-17 .mp-x-who strong")).to_have_text("Lin Wei-ting")
    expect(page.locator(".mp-x-said")).to_have_text(  # which the newest has left there
        "Lin Wei-ting was first: E-17 is acknowledged now."
    )


def test_a_comment_is_said_from_the_list_by_one_key(opened, served):
    page = opened()
    page.keyboard.press("j")
    page.keyboard.press("c")
    field = page.locator("#x-say")
    expect(field).to_be_focused()
    field.press_sequentially("on my way, j k x a s")
    page.locator(".mp-x-saying select").select_option("P2")
    page.locator(".mp-x-saying button").click()
    expect(page.locator(".mp-x-outside blockquote")).to_have_text("on my way, j k x a s")
    expect(field).to_have_value("")
    assert served.memory.said[0].party == "P2"
    assert page.errors == []


def test_the_keys_are_told_and_search_is_one_of_them(opened):
    page = opened()
    page.keyboard.press("?")
    expect(page.locator("dialog.mp-x-keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("input[name=q]")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("input[name=q]")).to_have_value("j")


def test_a_group_is_unfolded_by_its_link_and_stays_in_the_address(opened):
    page = opened()
    assert page.locator("#case-18").count() == 0
    page.locator("#case-17 .mp-x-inside").click()
    expect(page.locator("#case-18")).to_be_visible()
    assert "unfold=17" in page.url


@pytest.mark.parametrize("path", ["/exceptions?unfold=17", "/exceptions/17"])
def test_nothing_is_cut_off_on_a_phone(opened, path):
    page = opened(path, PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(CUT_OFF) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/exceptions?unfold=17&which=open", "/exceptions/17?a=1"])
def test_words_stand_out_from_their_ground(opened, path, theme):
    page = opened(f"{path}&theme={theme}")
    assert page.evaluate(FAINT.replace(".mp-delays", ".mp-x-page")) == []
