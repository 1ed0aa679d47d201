"""The pages on who is let in, and one's own account, behind the gate and in a real browser."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import dash
import pyotp
import pytest
from flask import Blueprint
from msgspec.structs import replace
from playwright.sync_api import Page, expect
from werkzeug.serving import make_server

from callbacks.desk.shell import Shell
from callbacks.hub import Hub
from callbacks.links import LinkPages, known_sites, parties_of
from callbacks.plain_pages import PlainPages
from callbacks.screens import ScreenPages, proof
from callbacks.walls import Walls
from callbacks.web import build
from data.domain.scope import Role
from data.domain.site import Party, PartyKind, Site
from data.services.links import Links, Wanted
from data.services.screens import Devices
from layouts.screens import Screens
from tests import people
from tests.browser.looks import CUT_OFF, FAINT
from tests.unit.callbacks.desk.places import Places, Recorded, live_site, site
from tests.unit.fakes import PASSWORD, Entrance, FakeScreens

SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
PATHS = ("/people", "/links", "/screens", "/account")
NEW = "another five words for it"
SCROLLS = """() => [...document.querySelectorAll('.mp-table-box')]
  .filter((box) => box.scrollWidth > box.clientWidth + 1).length"""


def _supplied() -> Site:
    """A site with several suppliers, two of the same name."""
    names = {"S1": "Jade Mountain Circuits", "S2": "Bolts", "S3": "Bolts"}
    suppliers = [Party(id=key, name=name, kind=PartyKind.SUPPLIER) for key, name in names.items()]
    return replace(site(), parties=(*site().parties, *suppliers))


def now() -> datetime:
    return datetime.now(UTC)


class Silent:
    """Routes of which there are none."""

    def blueprint(self) -> Blueprint:
        return Blueprint(f"silent{id(self)}", __name__)

    def is_ready(self) -> bool:
        return True


class OwnBoard(Recorded):
    """A page that is a supplier's alone."""

    roles = frozenset({Role.SUPPLIER})


class House:
    """The web application with its gate; its people, links and screens are kept in memory."""

    def __init__(self) -> None:
        dash.page_registry.clear()
        sites, self.entrance = Places(live_site(_supplied())), Entrance()
        walls = Walls(sites, Screens(named={}, defaults={}), "b")
        people, audit = self.entrance.people, self.entrance.audit
        self.devices = Devices(FakeScreens(), people, audit, b"key", now)
        self.links = Links(people, audit, lambda site: parties_of(sites, site), now)
        pages = (Recorded(), Recorded("delays", "/delays"), OwnBoard("supplier", "/supplier"))
        shell = Shell(sites, pages, None, "en", untold=lambda: 3)
        plain = PlainPages(shell.plain_head, lambda: known_sites(sites), "en")
        more = (
            ScreenPages(self.devices, walls, self._names, "b", plain).blueprint(),
            LinkPages(self.links, self._names, plain).blueprint(),
        )
        entry = replace(self.entrance.entry, others={"screen": proof(self.devices)})
        self.server = build(walls, Hub("b"), Silent(), Silent(), entry, "en", shell, more)

    def _names(self) -> dict[str, str]:
        return {f"account/{one.id}": one.name for one in self.entrance.people.accounts.values()}

    def fill(self) -> None:
        """Have something in each list."""
        for role in (Role.ADMINISTRATOR, Role.MANAGER, Role.AUDITOR):
            self.entrance.account(role)
        self.entrance.account(Role.SUPPLIER, "P1", "a.long.login@of-a-supplier.example")
        scope = SimpleNamespace(role=Role.MANAGER, sites=("north",))
        by = SimpleNamespace(actor="account/1", address="127.0.0.1")
        self.links.make(scope, by, Wanted("north", Role.CUSTOMER, "P1", 30))
        self.devices.enrol(by, self.code("north.A"), "", lambda screen: "north")

    def code(self, screen: str) -> str:
        """Return the code that a browser on a wall shows."""
        waiting = self.devices.waiting(self.devices.ask(screen, "127.0.0.1"))
        return waiting.code


@pytest.fixture(scope="module")
def house() -> Iterator[Any]:
    made = House()
    made.fill()
    server = make_server("127.0.0.1", 0, made.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    made.url = f"http://127.0.0.1:{server.port}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()
    dash.page_registry.clear()


@pytest.fixture
def opened(house, open_stranger) -> Iterator[Any]:
    """A function that opens a page as someone; no page may break its content policy."""
    seen = []

    def open_(path: str, size: str = "desk", account: Any = None) -> Page:
        account = account or house.entrance.account(Role.ADMINISTRATOR)
        watched = open_stranger(viewport=SIZES[size])
        seen.append(watched)
        token = house.entrance.identity.open_session(account).token
        watched.page.context.add_cookies([people.cookie(house.url, token)])
        watched.page.goto(house.url + path)
        return watched.page

    yield open_
    refused = "Failed to load resource: the server responded with a status of 422"
    assert [e for one in seen for e in one.errors if not e.startswith(refused)] == []
    assert [one.outside for one in seen] == [[] for _ in seen]


@pytest.mark.parametrize("path", PATHS)
def test_they_have_the_header_of_the_desk_with_its_pages_menus_and_bell(opened, path):
    page = opened(f"{path}?lang=en")
    bar = page.locator(".mp-top-bar")
    expect(bar.locator(".mp-tab")).to_have_count(2)
    expect(bar.locator(".mp-bell-count")).to_have_text("3")
    bar.locator(".mp-person summary").click()
    expect(bar.get_by_role("button", name="Sign out")).to_be_visible()
    page.locator(".mp-theme-dark").click()
    page.get_by_role("link", name="繁體中文").click()
    expect(page.locator(".mp-desk")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")
    assert path in page.url


TOOLS = {
    Role.ADMINISTRATOR: ["People", "Screens on walls", "Links to boards", "Who is on call",
                         "Milestone triggers"],
    Role.PURCHASER: ["Links to boards"],
    Role.AUDITOR: [],
}  # fmt: skip


@pytest.mark.parametrize("role", TOOLS)
def test_the_header_leads_to_the_pages_that_are_for_the_role_and_to_no_others(opened, house, role):
    page = opened("/account?lang=en", account=house.entrance.account(role))
    expect(page.locator(".mp-more-menu .mp-choice")).to_have_text(TOOLS[role])


def test_the_header_marks_the_page_that_one_came_to(opened):
    page = opened("/account?lang=en")
    page.locator(".mp-more-menu summary").click()
    page.get_by_role("link", name="Links to boards").click()
    page.wait_for_url("**/links")
    expect(page.locator(".mp-more-here summary")).to_have_text("Links to boards")
    page.locator(".mp-more-menu summary").click()
    marked = page.locator(".mp-more-menu [aria-current=page]")
    expect(marked).to_have_text("Links to boards")


def test_after_a_form_was_sent_another_language_leads_to_the_page_itself(opened, house):
    page = opened("/people?lang=en")
    page.locator("tbody tr", has_text="auditor@").get_by_role("button", name="Make a link").click()
    expect(page.get_by_role("status")).to_contain_text("Send this link to auditor")
    page.get_by_role("link", name="简体中文").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("人员")


def test_a_supplier_has_the_own_account_below_the_header_of_the_own_board(opened, house):
    page = opened("/account?lang=en", account=house.entrance.account(Role.SUPPLIER, "P1"))
    expect(page.locator(".mp-top-bar .mp-tab")).to_have_text(["Supplier"])
    expect(page.locator("main")).to_contain_text("supplier@works.example · supplier")


@pytest.mark.parametrize("path", PATHS)
def test_by_keyboard_one_skips_the_header_and_sees_where_one_is(opened, path):
    page = opened(f"{path}?lang=en")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    focused = page.locator("main :focus")
    expect(focused).to_have_count(1)
    assert focused.evaluate("e => getComputedStyle(e).outline").endswith("solid 2px")


def test_what_was_typed_of_somebody_stays_when_it_can_not_be(opened):
    page = opened("/people?lang=zh-Hans")
    page.locator("[name=login]").fill("may@works.example")
    page.locator("[name=name]").fill("May Lin")
    page.locator("[name=role]").select_option("supplier")
    page.locator("[name=party-supplier]").fill("Jade")
    page.locator("[name=sites][value='*']").uncheck()
    page.locator("[name=sites][value=north]").check()
    page.get_by_role("button", name="邀请").click()
    expect(page.get_by_role("alert")).to_contain_text("请从列表中选择往来方")
    expect(page.locator("[name=party-supplier]")).to_have_value("Jade")
    expect(page.locator("[name=login]")).to_have_value("may@works.example")
    expect(page.locator("[name=role]")).to_have_value("supplier")
    expect(page.locator("[name=sites]:checked")).to_have_count(1)


def test_somebody_is_invited_disabled_and_let_in_again(opened, house):
    page = opened("/people?lang=en")
    page.get_by_label("Login").fill("new@works.example")
    page.get_by_label("Name", exact=True).fill("Newly Come")
    page.get_by_label("Role").select_option("operator")
    page.get_by_role("button", name="Invite").click()
    expect(page.locator(".mp-people-link")).to_contain_text(f"{house.url}/invitation/")
    row = page.locator("tbody tr", has_text="Newly Come")
    row.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("status")).to_contain_text("Newly Come can't sign in any more.")
    row.get_by_role("button", name="Let in again").click()
    expect(page.get_by_role("status")).to_contain_text("Newly Come may sign in again.")
    expect(row).to_contain_text("invited")


@pytest.mark.parametrize("role", ["manager", "supplier", "customer", "logistics"])
def test_a_party_is_asked_for_of_the_roles_that_have_one_and_of_its_kind(opened, role):
    page = opened("/people?lang=en", "phone")
    asked = page.locator(".mp-people-party")
    assert [one.is_visible() for one in asked.all()] == [False] * 3
    page.get_by_label("Role").select_option(role)
    shown = [one.get_attribute("data-role") for one in asked.all() if one.is_visible()]
    assert shown == ([] if role == "manager" else [role])


def test_a_supplier_is_invited_by_its_name_with_the_keyboard_alone(opened, house):
    page = opened("/people?lang=en")
    page.get_by_label("Login").focus()
    # One letter for the role: what is typed more than a second later begins another search there.
    for words in ("jade@works.example", "Mei Chen", "s", "jade mountain circuits"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    page.get_by_role("combobox", name="Party · supplier").press("Enter")
    expect(page.locator(".mp-people-link")).to_contain_text("/invitation/")
    assert house.entrance.people.by_login("jade@works.example").party == "S1"
    row = page.locator("tbody tr", has_text="Mei Chen")
    expect(row.locator("td").nth(3)).to_have_text("Jade Mountain Circuits S1")


def test_a_party_that_is_typed_is_searched_for_among_the_names_of_its_kind(opened):
    page = opened("/people?lang=zh-Hant")
    page.locator("[name=role]").select_option("supplier")
    listed = page.locator("[name=party-supplier]").evaluate(
        "e => [...e.list.options].map(o => o.value)"
    )
    assert listed == ["Bolts (S2)", "Bolts (S3)", "Jade Mountain Circuits"]


def test_a_role_is_chosen_by_nobody_but_who_invites(opened, house):
    page = opened("/people?lang=en")
    before = len(house.entrance.people.accounts)
    page.get_by_label("Login").fill("no-role@works.example")
    page.get_by_label("Name", exact=True).fill("Without Role")
    page.get_by_role("button", name="Invite").click()
    assert page.locator("[name=role]").evaluate("e => e.validity.valueMissing")
    assert len(house.entrance.people.accounts) == before


def test_a_link_is_made_and_taken_back(opened, house):
    page = opened("/links?lang=en")
    page.get_by_label("Days until it ends").fill("7")
    page.get_by_role("button", name="Make a link").click()
    expect(page.locator("#link-made")).to_contain_text(f"{house.url}/b/")
    works = page.locator("tbody tr", has=page.get_by_role("button", name="End it now"))
    for left in range(works.count() - 1, -1, -1):
        works.first.get_by_role("button").click()
        expect(works).to_have_count(left)
    expect(page.get_by_role("status")).to_contain_text("The link was taken back.")


def test_a_screen_is_let_in_and_kept_out(opened, house):
    page = opened("/screens?lang=en")
    page.get_by_label("Code on the screen").fill("AAAA-AAAA")
    page.get_by_label("It shows").select_option("north.B")
    page.get_by_role("button", name="Let it in").click()
    expect(page.get_by_role("alert")).to_contain_text("No screen shows this code now.")
    expect(page.get_by_label("It shows")).to_have_value("north.B")
    page.get_by_label("Code on the screen").fill(house.code("north.A"))
    page.get_by_role("button", name="Let it in").click()
    expect(page.get_by_role("status")).to_contain_text("north.B is let in")
    row = page.locator("tr[data-device]", has_text="north.B")
    row.get_by_role("button", name="Keep out").click()
    expect(page.get_by_role("status")).to_contain_text("The screen is kept out")
    expect(row).to_have_count(0)


def test_one_changes_the_own_password_and_sets_an_authenticator_up(opened, house):
    page = opened("/account?lang=en", account=house.entrance.account(login="own@works.example"))
    page.get_by_label("Present password").fill("not this one")
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("alert")).to_contain_text("The present password is wrong.")
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("status")).to_contain_text("The password was changed.")
    secret = page.locator("[name=secret]").input_value()
    page.get_by_label("Code that the app shows").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Set up").click()
    expect(page.get_by_role("status")).to_contain_text("From now on a code is asked for")
    page.locator("form", has_text="Ask no longer").get_by_label("Present password").fill(NEW)
    page.get_by_role("button", name="Ask no longer").click()
    expect(page.get_by_role("status")).to_contain_text("No code is asked for any more.")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["en", "zh-Hant", "zh-Hans"])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_off_faint_or_scrolled_sideways(opened, house, size, locale, theme):
    page = opened(f"/account?lang={locale}&theme={theme}", size)
    for path in PATHS:
        page.goto(house.url + path)
        assert page.evaluate(CUT_OFF) == []
        assert page.evaluate(FAINT) == []
        assert page.evaluate(SCROLLS) == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]


def test_what_is_empty_says_so(opened, house, monkeypatch):
    monkeypatch.setattr(house.links, "listed", lambda scope: [])
    monkeypatch.setattr(house.devices, "enrolled", lambda sites: [])
    monkeypatch.setattr("callbacks.links._choices", lambda site, roles: [])
    page = opened("/links?lang=en")
    expect(page.locator("main")).to_contain_text("There is no party yet that a link could be for.")
    expect(page.locator("main")).to_contain_text("No link was made yet.")
    page.goto(f"{house.url}/screens")
    expect(page.locator("main")).to_contain_text("No screen is let in yet.")
