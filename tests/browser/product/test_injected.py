"""Names that are scripts, in every field that anybody may fill: text on every page, and no more.

And what an open page does when its session has ended.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from data.domain.scope import Role
from tests import people
from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import SITE, Program
from tests.browser.product.test_signing_in import NOTE_VIOLATIONS

SCRIPTS = (
    "<script>window.hit=1</script>", "<img src=x onerror=window.hit=2>", "javascript:window.hit=3",
    '"><svg onload=window.hit=4>', "[x](javascript:window.hit=5)", "'-window.hit-'",
)  # fmt: skip
PARTIES = {
    role: f"{role}<img src=x onerror=window.hit=6>"
    for role in (Role.SUPPLIER, Role.CUSTOMER, Role.LOGISTICS)
}
PAGES = {
    Role.ADMINISTRATOR: (
        "/", "/wall/injected.L1", "/orders", "/orders/{order}", "/gantt", "/bottleneck", "/delays",
        "/figures", "/people", "/access", "/audit", "/disclosure", "/dates", "/links", "/screens",
    ),
    Role.SUPPLIER: ("/supplier",),
    Role.CUSTOMER: ("/customer",),
    Role.LOGISTICS: ("/logistics",),
}  # fmt: skip
SOON_MS = 60_000


def order(number: int, words: str) -> dict[str, Any]:
    key = words.replace("/", "")  # which stands in addresses
    planned = {"planned_start": "2026-01-01T00:00:00Z", "planned_finish": "2026-02-01T00:00:00Z"}
    return {
        "id": f"{number} {key}", "product": words, "family": words, "quantity": 5,
        "due_at": "2026-02-01T00:00:00Z", "area": "L1", "customer": PARTIES[Role.CUSTOMER],
        "shipped_by": PARTIES[Role.LOGISTICS],
        "operations": [
            {"id": key, "name": words, "work_center": "MILL", "critical": True, **planned},
            {"id": "20", "name": words, "work_center": "PACK", **planned,
             "performed_by": PARTIES[Role.SUPPLIER]},
        ],
        "milestones": [
            {"id": key, "name": words, "operation": "20", "baseline_at": "2026-02-01T00:00:00Z"}
        ],
        "needs": [
            {"id": key, "part": words, "name": words, "operation": "20",
             "supplier": PARTIES[Role.SUPPLIER], "quantity": 5, "need_by": "2026-02-01T00:00:00Z"}
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def injected(program: Program) -> Program:
    """Every text that a plan, a site or a person has is a script."""
    parties = [{"id": one, "name": one, "kind": role} for role, one in PARTIES.items()]
    areas = [{**SITE["areas"][0], "name": SCRIPTS[1]}]
    centers = [{**one, "name": SCRIPTS[0]} for one in SITE["work_centers"]]
    program.describe(name=SCRIPTS[3], areas=areas, work_centers=centers, parties=parties)
    orders = [order(number, words) for number, words in enumerate(SCRIPTS)]
    assert program.send("PUT", "/orders", {"orders": orders})["refused"] == 0
    people.account_of(program.database_url, Role.MANAGER, login="<img src=x onerror=window.hit=7>")
    return program


@pytest.fixture
def reader(injected: Program, open_stranger: OpenPage) -> Iterator[Any]:
    """A function that opens the browser of somebody of a role, whose policy is watched."""

    def open_(role: Role) -> Watched:
        viewport = {"width": 1440, "height": 900}
        watched = open_stranger(viewport=viewport, script=NOTE_VIOLATIONS)
        token = injected.sign_in(role, PARTIES.get(role))
        watched.page.context.add_cookies([people.cookie(injected.address, token)])
        return watched

    yield open_


def shown(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_function(
        "() => document.querySelector("
        "'#desk-body > *, .mp-home, #wall, .mp-door-card h1, .mp-door-card table')"
    )


@pytest.mark.parametrize("role", PAGES)
def test_a_name_that_is_a_script_is_text_on_every_page(
    injected: Program, reader: Any, role: Role
) -> None:
    watched = reader(role)
    page, texts = watched.page, ""
    paths = [*PAGES[role]]
    for path in paths:  # and those that the pages themselves lead to
        here = path.format(order="0%20%3Cscript%3Ewindow.hit%3D1%3Cscript%3E")
        shown(page, f"{injected.address}{here}?lang=en")
        page.evaluate(
            "() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)))"
        )
        assert page.evaluate("window.hit") is None, path
        assert page.evaluate("window.violations") == [], path
        links = page.evaluate(
            "[...document.querySelectorAll('[href], [src], [action]')].map((one) =>"
            " one.getAttribute('href') || one.getAttribute('src') || one.getAttribute('action'))"
        )
        assert not [one for one in links if one.strip().lower().startswith("javascript:")], path
        texts += page.evaluate("document.body.innerText")
        named = page.evaluate("[...document.querySelectorAll('nav a')].map((one) => one.pathname)")
        paths += [one for one in dict.fromkeys(named) if one not in paths]
    assert "window.hit=" in texts  # the names were there, as text
    assert watched.errors == []
    assert watched.outside == []


@pytest.mark.parametrize("path", ["/orders?lang=en&q=x", "/figures?lang=en"])
def test_an_open_page_whose_session_has_ended_goes_to_the_sign_in(
    injected: Program, reader: Any, path: str
) -> None:
    watched = reader(Role.MANAGER)
    page = watched.page
    shown(page, injected.address + path)
    page.wait_for_function("() => document.querySelector('#desk-as-of')?.dataset.live")
    other = page.context.new_page()  # signs out in another tab
    other.goto(f"{injected.address}/account?lang=en")
    other.get_by_role("button", name="Sign out").click()
    expect(other).to_have_url(f"{injected.address}/sign-in")
    page.wait_for_url("**/sign-in?next=*", timeout=SOON_MS)
    assert page.locator("input[name=next]").get_attribute("value") == path
