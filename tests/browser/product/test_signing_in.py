"""Signing in with a real browser, and pages that run nobody's scripts but Milepost's own."""

import re

import pytest
from playwright.sync_api import Page, expect

from data.domain.scope import Role
from tests import people
from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import Program

PASSWORD = "four plain words again"
NOTE_VIOLATIONS = """window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});"""
PAGES = [
    ("/", ".mp-home"),
    ("/wall/signing_in.L1", "#wall"),
    ("/orders", "#desk-body tbody tr"),
    ("/orders/SO-1", ".mp-order"),
    ("/gantt", "#desk-body > *"),
    ("/bottleneck", "#desk-body > *"),
    ("/delays", "#desk-body > *"),
    ("/figures", "#desk-body > *"),
    ("/account", ".mp-door-card ul li"),
    ("/people", ".mp-people-changes"),
]


@pytest.fixture
def stranger(open_stranger: OpenPage) -> Watched:
    return open_stranger()


@pytest.fixture
def administrator(program: Program, open_stranger: OpenPage) -> Watched:
    watched = open_stranger(script=NOTE_VIOLATIONS)
    token = program.sign_in(Role.ADMINISTRATOR)
    watched.page.context.add_cookies([people.cookie(program.address, token)])
    return watched


def invited(program: Program, login: str) -> str:
    """Return the link of somebody who was just invited."""
    who = ("--role", "planner", "--name", "May Lin", "--site", program.site)
    return program.run("account", "add", login, *who)


def sign_in(page: Page, login: str) -> None:
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_from_an_invitation_to_the_page_and_out_again(program: Program, stranger: Watched) -> None:
    page = stranger.page
    page.goto(invited(program, "may@works.example"))
    page.get_by_label(re.compile("New password")).fill(PASSWORD)
    page.get_by_role("button").click()
    expect(page.locator(".mp-home")).to_be_visible()
    page.goto(f"{program.address}/orders?lang=en&theme=light")
    page.locator(".mp-person summary").click()
    expect(page.locator(".mp-person summary")).to_have_text("May Lin")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{program.address}/sign-in")
    page.goto(f"{program.address}/orders?q=SO")
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    sign_in(page, "may@works.example")
    expect(page).to_have_url(f"{program.address}/orders?q=SO")
    expect(page.locator("#desk-body tbody tr")).to_have_count(1)
    refused = "status of 401"  # a page that is being left may ask once more
    assert [words for words in stranger.errors if refused not in words] == []


def test_a_wrong_password_is_said_and_what_was_typed_is_not_kept(
    program: Program, stranger: Watched
) -> None:
    page = stranger.page
    page.goto(f"{program.address}/sign-in?lang=zh-Hant")
    page.locator("input[name=login]").fill("nobody")
    page.locator("input[name=password]").fill("not this one either")
    page.locator("button[type=submit]").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.locator("input[name=login]").input_value() == "nobody"
    assert page.locator("input[name=password]").input_value() == ""


@pytest.mark.parametrize(("path", "awaited"), PAGES)
def test_a_page_breaks_no_rule_of_its_content_policy(
    program: Program, administrator: Watched, path: str, awaited: str
) -> None:
    page = administrator.page
    page.goto(f"{program.address}{path}?lang=en")
    page.wait_for_selector(awaited)
    assert page.evaluate("window.violations") == []
    assert administrator.errors == []
    assert administrator.outside == []


def test_the_policy_is_watched_at_all(program: Program, administrator: Watched) -> None:
    page = administrator.page
    page.goto(f"{program.address}/orders?lang=en")
    page.wait_for_selector("#desk-body > *")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), "
                  "{textContent: 'window.hit = 1'}))")  # fmt: skip
    page.wait_for_function("() => window.violations.length === 1")
    assert page.evaluate("window.hit") is None


def test_an_administrator_invites_somebody(program: Program, administrator: Watched) -> None:
    page = administrator.page
    page.goto(f"{program.address}/people?lang=en")
    page.get_by_label("Login").fill("new@works.example")
    page.get_by_label("Name", exact=True).fill("Newly Come")
    page.get_by_label("Role").select_option("operator")
    page.get_by_role("button", name="Invite").click()
    expect(page.locator(".mp-people-link")).to_contain_text(f"{program.address}/invitation/")
    row = page.locator("tbody tr", has_text="Newly Come")
    expect(row).to_contain_text("invited")
    row.get_by_role("button", name="Disable").click()
    expect(page.locator("tbody tr", has_text="Newly Come")).to_contain_text("disabled")
    assert administrator.errors == []


@pytest.mark.parametrize("path", ["/people", "/account", "/sign-in"])
@pytest.mark.parametrize("lang", ["zh-Hant", "en"])
def test_plain_pages_fit_a_phone(
    program: Program, administrator: Watched, path: str, lang: str
) -> None:
    page = administrator.page
    page.set_viewport_size({"width": 390, "height": 844})
    if path == "/sign-in":
        page.context.clear_cookies()
    page.goto(f"{program.address}{path}?lang={lang}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
