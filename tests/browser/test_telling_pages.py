"""The pages on who is told of what in a real browser: header, forms, nothing cut off, no script."""

import threading
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dash import Dash, html, page_container
from flask import Response, g
from flask_wtf import CSRFProtect
from playwright.sync_api import expect
from werkzeug.serving import make_server

from callbacks.desk.shell import Shell
from callbacks.gate import Viewer
from callbacks.notifications import NotificationPages
from callbacks.plain_pages import PlainPages
from callbacks.roster import RosterPages
from callbacks.triggers import TriggerPages
from callbacks.viewer import remember
from data.domain.exceptions.records import Severity
from data.domain.people import Account
from data.domain.preferences import Preference
from data.domain.scope import Role, Scope
from data.services.triggers import usual_triggers
from tests.browser.looks import CUT_OFF, FAINT
from tests.unit.callbacks.desk.places import NOW, Places, Recorded, live_site, site

ASSETS = Path(__file__).parents[2] / "assets"
SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
PATHS = ("/notifications", "/roster", "/triggers", "/triggers?trigger=new")
MAY = Account(
    id="1", login="may", name="May Lin", role=Role.MANAGER, sites=("north", "south"), created_at=NOW
)
LIN = Account(
    id="2", login="lin", name="Lin Wei-ting", role=Role.PLANNER, sites=("north",), created_at=NOW
)


class Told:
    """What the pages ask, in memory; remembers what was said."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.duties: list[Any] = []
        self.made = [(one, 0) for one in usual_triggers()]

    def roster(self) -> Any:
        def change(scope, by, site, said):
            self.duties = list(said)

        return SimpleNamespace(
            of=lambda scope, site: self.duties, staff=lambda scope, site: [MAY, LIN], change=change
        )

    def preferences(self) -> Any:
        def change(by, account, said):
            self.kept[account.id] = said

        return SimpleNamespace(
            of=lambda account: self.kept.get(account.id, Preference(account=account.id)),
            ways=lambda: {"mail": False}, change=change,
        )  # fmt: skip

    def inbox(self) -> Any:
        return SimpleNamespace(
            lately=lambda account, language: [], read=lambda account: None,
            unread=lambda account: 3,
        )  # fmt: skip

    def triggers(self) -> Any:
        def change(scope, by, site, said, was):
            self.made.append((said, was + 1))
            return True

        return SimpleNamespace(
            of=lambda scope, site: self.made, last_fired=lambda scope, site: {},
            ways=lambda: ("forwarders",), change=change,
        )  # fmt: skip


def remembered(answer: Response) -> Response:
    remember(answer)
    return answer


class Served:
    """The pages below the header of a desk with three of its pages."""

    def __init__(self) -> None:
        self.told, models = Told(), {name: site(name) for name in ("north", "south")}
        scope = Scope(role=Role.MANAGER, sites=("north", "south"))
        who = Viewer(scope=scope, actor="account/1", name=MAY.name, account=MAY)
        desk_pages = [Recorded(name, f"/{name}") for name in ("orders", "delays")]
        lives = [live_site(model) for model in models.values()]
        shell = Shell(Places(*lives), desk_pages, None, "en", lambda: who, untold=lambda: 3)  # type: ignore[arg-type]
        app = Dash("desk", assets_folder=str(ASSETS), use_pages=True, pages_folder="")
        app.layout = html.Div(page_container)
        self.server = app.server
        self.server.secret_key = "of the tests alone"
        self.server.before_request(lambda: setattr(g, "viewer", who))
        self.server.after_request(remembered)
        plain = PlainPages(shell.plain_head, lambda: models, "en")
        own = NotificationPages(
            self.told.preferences(), self.told.inbox(), Any, Any, Any, plain  # type: ignore[arg-type]
        )  # fmt: skip
        for pages in (own, RosterPages(self.told.roster(), plain),
                      TriggerPages(self.told.triggers(), plain)):  # fmt: skip
            self.server.register_blueprint(pages.blueprint())
        CSRFProtect(self.server)


@pytest.fixture(scope="module")
def address() -> Iterator[Any]:
    served = Served()
    server = make_server("127.0.0.1", 0, served.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield SimpleNamespace(told=served.told, url=f"http://127.0.0.1:{server.port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opened(address, open_page):
    def open_(path: str, size: str = "desk"):
        watched = open_page(viewport=SIZES[size])
        watched.page.goto(address.url + path)
        return watched

    return open_


@pytest.mark.parametrize("path", PATHS)
def test_they_have_the_header_of_the_desk_with_its_pages_menus_and_bell(opened, path):
    watched = opened(path)
    page, bar = watched.page, watched.page.locator(".mp-top-bar")
    expect(bar.locator(".mp-tab")).to_have_count(2)
    expect(bar.locator(".mp-bell-count")).to_have_text("3")
    bar.locator(".mp-person summary").click()
    expect(bar.get_by_role("button", name="Sign out")).to_be_visible()
    page.locator(".mp-tab").first.click()
    page.wait_for_url("**/orders**")
    assert watched.outside == []


def test_another_language_or_theme_is_one_click_and_stays_on_the_page(opened):
    page = opened("/roster").page
    page.get_by_role("link", name="繁體中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")
    page.locator(".mp-theme-dark").click()
    expect(page.locator(".mp-desk")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")
    assert "/roster" in page.url


def test_the_same_page_of_another_site_is_chosen_in_the_header(opened):
    page = opened("/triggers").page
    page.locator(".mp-site-menu summary").click()
    page.get_by_role("link", name="South").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("South")
    expect(page.locator(".mp-site-menu summary")).to_contain_text("South")


def test_somebody_is_put_on_call(opened, address):
    page = opened("/roster?site=north").page
    page.get_by_label("Person, line 1", exact=True).select_option("2")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("The roster was kept")
    assert [(one.account, one.role) for one in address.told.duties] == [("2", Role.PLANNER)]


def test_how_one_is_told_is_kept(opened, address):
    page = opened("/notifications").page
    page.get_by_label("Tell me from this severity on").select_option("critical")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved")
    assert address.told.kept["1"].least is Severity.CRITICAL


def test_a_trigger_is_made(opened):
    page = opened("/triggers?trigger=new").page
    page.get_by_label("Id, such as packed-carrier").fill("packed-late")
    page.locator("[name=way_forwarders]").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("The trigger was kept")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "zh-Hant", "zh-Hans"])
def test_nothing_is_cut_off_or_faint(opened, address, locale, theme):
    watched = opened(PATHS[0])
    for path, size in product(PATHS, SIZES.values()):
        mark = "&" if "?" in path else "?"
        watched.page.set_viewport_size(size)
        if size == SIZES["desk"]:
            watched.page.goto(f"{address.url}{path}{mark}lang={locale}&theme={theme}")
        assert watched.page.evaluate(CUT_OFF) == []
        assert watched.page.evaluate(FAINT) == []
        assert watched.page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert watched.errors == []
