"""A browser on a wall is let in by its code, shows its wall for years, and is kept out at once."""

import re
from collections.abc import Iterator

import pytest
import requests

from data.domain.scope import Role
from tests import people
from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import ORDER, Program, wait_for

WALL = "/wall/screens.L1"


def enrol(program: Program, manager: Watched, code: str) -> None:
    manager.page.goto(f"{program.address}/screens?lang=en")
    manager.page.fill("input[name=code]", code.lower())
    manager.page.get_by_role("button", name="Let it in").click()
    manager.page.get_by_text("screens.L1 is let in").wait_for()


@pytest.fixture
def device(program: Program, open_stranger: OpenPage) -> Watched:
    """A browser that opened a wall and shows its code."""
    watched = open_stranger()
    watched.page.goto(f"{program.address}{WALL}?lang=en")
    watched.page.wait_for_selector("#pair-code")
    return watched


@pytest.fixture
def wall(program: Program, open_page: OpenPage, device: Watched) -> Iterator[Watched]:
    """A wall in a browser that was let in."""
    enrol(program, open_page(), device.page.locator("#pair-code").inner_text())
    device.page.wait_for_selector("#wall")
    yield device


def token_of(watched: Watched) -> str:
    return next(c["value"] for c in watched.page.context.cookies() if c["name"] == "milepost")


def test_the_code_can_be_read_across_the_hall(device: Watched) -> None:
    code = device.page.locator("#pair-code")
    assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}", code.inner_text())
    box, view = code.bounding_box(), device.page.viewport_size
    assert box and view
    assert box["height"] > 0.15 * view["height"]
    assert box["x"] >= 0 and box["x"] + box["width"] <= view["width"]
    assert device.errors == []
    assert device.outside == []


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-Hant", "核准此螢幕"), ("zh-Hans", "批准此屏幕"), ("en", "Let this screen in")],
)
def test_the_code_is_shown_in_the_language_asked_for(
    program: Program, open_stranger: OpenPage, language: str, words: str
) -> None:
    page = open_stranger().page
    page.goto(f"{program.address}{WALL}?lang={language}")
    assert page.locator("h1").inner_text() == words


def test_a_wall_is_let_in_lives_through_a_restart_and_is_kept_out(
    program: Program, connected: set[str], wall: Watched, open_page: OpenPage
) -> None:
    page = wall.page
    fresh = page.locator("#wall-fresh")
    wait_for(lambda: "live" in (fresh.text_content() or ""), 60, "the wall is live")
    assert page.url == program.address + WALL
    cookie = next(c for c in page.context.cookies() if c["name"] == "milepost")
    assert cookie["httpOnly"] and cookie["value"].startswith("screen.")
    before = program.pid("web")
    program.kill("web")
    wait_for(lambda: program.pid("web") != before and program.serves(), 60, "it serves again")
    good = int((page.locator("#p0-figures-good").text_content() or "0").replace(",", "") or 0)
    program.report("operation.progressed", "operation/SO-1/20", work_unit="P1", good=3)
    shown = page.locator("#p0-figures-good")
    wait_for(lambda: shown.text_content() == f"{good + 3:,}", 60, "the wall follows again")
    manager = open_page().page
    rows = manager.locator("tr[data-device]")

    def is_online() -> bool:
        manager.goto(f"{program.address}/screens?lang=en")
        return "online" in rows.first.inner_text()

    wait_for(is_online, 60, "the screen is online")
    for _ in range(manager.locator("tr[data-device]").count()):
        manager.get_by_role("button", name="Keep out").first.click()
    page.wait_for_selector("#pair-code")


def test_a_screens_cookie_opens_its_wall_and_nothing_else(program: Program, wall: Watched) -> None:
    token = token_of(wall)

    def ask(path: str, method: str = "GET") -> int:
        answer = requests.request(
            method, program.address + path, headers=people.header(token), timeout=60,
            allow_redirects=False, stream=True,
        )  # fmt: skip
        answer.close()
        return answer.status_code

    assert ask(WALL) == 200
    assert ask(f"/live{WALL}") == 200
    for path in (
        "/wall/turning", "/wall/screens.L2", "/live/wall/turning", "/", "/orders", "/orders/SO-1",
        "/screens", "/links", "/people", "/account", "/audit", "/supplier", "/live/desk/screens",
        "/live/party/screens", "/export/orders.csv",
    ):  # fmt: skip
        assert ask(path) == 404, path
    for path in ("/api/v1/orders", "/api/v1/orders/SO-1", "/api/v1/stream"):
        assert ask(path) in (401, 403, 404), path
    for path in ("/screens", "/links", "/people"):
        assert ask(path, "POST") in (400, 403, 404), path


def test_a_screens_callback_draws_no_page_but_its_wall(program: Program, wall: Watched) -> None:
    page = wall.page

    def drawn(path: str) -> str:
        body = {
            "output": ".._pages_content.children..._pages_store.data..",
            "outputs": [
                {"id": "_pages_content", "property": "children"},
                {"id": "_pages_store", "property": "data"},
            ],
            "inputs": [
                {"id": "_pages_location", "property": "pathname", "value": path},
                {"id": "_pages_location", "property": "search", "value": "?lang=en"},
            ],
            "changedPropIds": ["_pages_location.pathname"],
        }
        cookies = {c["name"]: c["value"] for c in page.context.cookies()}
        answer = requests.post(
            f"{program.address}/_dash-update-component", json=body, cookies=cookies,
            headers={"X-CSRFToken": cookies["_csrf_token"]}, timeout=60,
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return answer.text

    assert "Line 1" in drawn(WALL)
    for path in ("/", "/orders", "/orders/SO-1", "/delays", "/wall/turning"):
        assert not any(word in drawn(path) for word in ("Line 1", "Valve")), path


def test_a_link_opens_one_partys_board_until_it_is_taken_back(
    program: Program, open_page: OpenPage, open_stranger: OpenPage
) -> None:
    manager, guest = open_page().page, open_stranger()
    manager.goto(f"{program.address}/links?lang=en")
    manager.select_option("select[name=for]", "screens/customer/acme")
    manager.get_by_role("button", name="Make a link").click()
    link = manager.locator("#link-made").inner_text()
    guest.page.goto(f"{link}?lang=en")
    guest.page.wait_for_selector("#desk-body")
    assert guest.page.url.startswith(f"{program.address}/customer")
    assert token_of(guest).startswith("link.")
    for path in ("/orders", "/supplier", "/links", "/wall/screens.L1"):
        assert guest.page.goto(program.address + path).status == 404, path
    manager.goto(f"{program.address}/links?lang=en")
    assert "Acme" in manager.locator("tbody tr").first.inner_text()
    manager.get_by_role("button", name="End it now").first.click()
    manager.get_by_text("taken back").first.wait_for()
    assert guest.page.goto(f"{program.address}/customer").url.startswith(
        f"{program.address}/sign-in"
    )
    answer = guest.page.goto(link)
    assert answer.status == 410


def test_a_suppliers_link_shows_what_it_supplies_and_nothing_of_another(
    program: Program, open_page: OpenPage, open_stranger: OpenPage
) -> None:
    kinds = {"bolts": "supplier", "cogs": "supplier", "acme": "customer"}
    parties = [{"id": name, "name": name.title(), "kind": kind} for name, kind in kinds.items()]
    program.describe(parties=parties)
    needs = [
        {"id": f"n-{name}", "part": f"part-of-{name}", "operation": "20", "supplier": name,
         "quantity": 5, "need_by": "2097-01-01T00:00:00Z"}
        for name in ("bolts", "cogs")
    ]  # fmt: skip
    order = ORDER | {"id": "SO-2", "needs": needs}
    assert program.send("PUT", "/orders", {"orders": [order]})["accepted"] == 1
    manager, guest = open_page().page, open_stranger()
    manager.goto(f"{program.address}/links?lang=en")
    manager.select_option("select[name=for]", "screens/supplier/bolts")
    manager.get_by_role("button", name="Make a link").click()
    guest.page.goto(manager.locator("#link-made").inner_text())
    guest.page.get_by_text("part-of-bolts").first.wait_for()
    assert "cogs" not in guest.page.content()
    for path in ("/api/v1/needs", "/export/supplier.csv"):
        told = guest.page.request.get(program.address + path).text()
        assert "part-of-bolts" in told, path
        assert "cogs" not in told.lower(), path


def test_a_signed_in_manager_sees_a_wall_without_a_code(
    program: Program, open_page: OpenPage
) -> None:
    page = open_page().page
    page.goto(program.address + WALL)
    page.wait_for_selector("#wall")


def test_only_those_who_look_after_screens_open_their_page(program: Program) -> None:
    with program.open("/screens", Role.ADMINISTRATOR) as answer:
        assert answer.status == 200
    for role in (Role.PLANNER, Role.OPERATOR, Role.PURCHASER, Role.AUDITOR):
        headers = people.header(program.sign_in(role))
        answer = requests.get(f"{program.address}/screens", headers=headers, timeout=60)
        assert answer.status_code == 404, role
