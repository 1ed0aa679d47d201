"""A supplier's planner at a desk and on a phone: sees what is needed, answers, sees its answer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from data.domain.scope import Role
from tests import people
from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import Program

DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
SOON_MS = 60_000
# What the page says is there for some seconds alone: a slow machine may look too late.
NOTE_SAID = """() => {
  window.said = [];
  new MutationObserver(() => {
    const words = document.querySelector(".mp-ask-said")?.textContent;
    if (words && !window.said.includes(words)) window.said.push(words);
  }).observe(document.documentElement, { childList: true, subtree: true, characterData: true });
}"""
BOARD = "/supplier?lang=en&theme=light"
PARTIES = [
    {"id": "acme", "name": "Acme", "kind": "customer"},
    {"id": "jade", "name": "Jade", "kind": "supplier"},
    {"id": "rival", "name": "Rival", "kind": "supplier"},
]


def order(name: str, supplier: str, part: str) -> dict[str, Any]:
    due = datetime.now(UTC) + timedelta(days=3)
    step = {"work_center": "MILL", "planned_start": "2026-01-01T00:00:00Z",
            "planned_finish": due.isoformat()}  # fmt: skip
    return {
        "id": name, "product": "Secret gauge", "quantity": 40, "due_at": "2099-01-01T00:00:00Z",
        "area": "L1", "customer": "acme",
        "operations": [{"id": "10", **step},
                       {"id": "20", "name": "Coating", "performed_by": supplier, **step}],
        "needs": [{"id": "n1", "part": part, "name": "as drawn", "operation": "10",
                   "supplier": supplier, "quantity": 40, "need_by": due.isoformat()}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def supplied(program: Program) -> Program:
    """Orders that two suppliers deliver to."""
    program.describe(parties=PARTIES)
    orders = [order("WO-1", "jade", "J-204"), order("WO-2", "jade", "J-118")]
    assert program.send("PUT", "/orders", {"orders": [*orders, order("WO-3", "rival", "R-9")]})
    return program


@pytest.fixture
def visit(supplied: Program, open_stranger: OpenPage) -> Iterator[Any]:
    """A function that opens the board of Jade's planner."""
    opened: list[Watched] = []

    def visit_(path: str = BOARD, **options: Any) -> Page:
        watched = open_stranger(**options)
        token = supplied.sign_in(Role.SUPPLIER, "jade")
        watched.page.context.add_cookies([people.cookie(supplied.address, token)])
        watched.page.goto(supplied.address + path)
        expect(watched.page.locator(".mp-ask").first).to_be_visible(timeout=SOON_MS)
        watched.page.evaluate(NOTE_SAID)
        opened.append(watched)
        return watched.page

    yield visit_
    for watched in opened:
        unanswered = [words for words in watched.errors if "status of 422" not in words]
        assert unanswered == []
        assert watched.outside == []


def card(page: Page, words: str) -> Any:
    return page.locator(".mp-ask", has_text=words)


def said(page: Page, words: str) -> str:
    """Return what the page said that has these words in it, once it has."""
    found = page.wait_for_function(
        "words => window.said.find((one) => one.includes(words))", arg=words, timeout=SOON_MS
    )
    return str(found.json_value())


def test_the_start_leads_a_supplier_of_one_site_to_its_board(visit: Any) -> None:
    page = visit("/?lang=zh-Hant&theme=dark")
    assert page.url.endswith("/supplier?lang=zh-Hant&site=supplier&theme=dark")


def test_a_click_confirms_and_the_promise_stands_there(visit: Any) -> None:
    page = visit(**DESK)
    expect(page.locator(".mp-lead-line")).to_contain_text("waiting for your answer")
    card(page, "J-204").get_by_role("button", name="Confirm").click()
    at = said(page, "Confirmed: J-204").partition(" by ")[2].rstrip(".\n")
    expect(card(page, "J-204").locator(".mp-ask-value")).to_have_text(at)
    expect(card(page, "J-204").get_by_role("button", name="Confirm")).to_have_count(0)


def test_on_a_phone_nothing_is_cut_off_and_a_shipment_is_reported(visit: Any) -> None:
    page = visit(**PHONE)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    shipped = card(page, "J-118")
    shipped.locator("summary", has_text="Ship").tap()
    shipped.get_by_label("Quantity").fill("15")
    shipped.get_by_role("button", name="Report as shipped").tap()
    expect(shipped).to_contain_text("15 of 40 shipped", timeout=SOON_MS)


def test_a_wrong_quantity_is_said_beside_its_field_and_what_was_typed_stays(visit: Any) -> None:
    page = visit(**DESK)
    one = card(page, "J-204")
    one.locator("summary", has_text="Ship").click()
    field = one.get_by_label("Quantity")
    field.fill("4000")
    one.get_by_role("button", name="Report as shipped").click()
    expect(one.get_by_role("alert").filter(has_text="A whole number from 1 to 44.")).to_be_visible()
    expect(field).to_be_focused()
    expect(field).to_have_value("4000")


def test_everything_can_be_done_from_the_keyboard(visit: Any) -> None:
    page = visit(**DESK)
    one = card(page, "Coating").first
    one.locator("summary", has_text="Report").focus()
    page.keyboard.press("Enter")
    expect(one.get_by_label("Good pieces since the last report")).to_be_visible()
    page.keyboard.press("Escape")
    expect(one.get_by_label("Good pieces since the last report")).to_be_hidden()
    expect(one.locator("summary", has_text="Report")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("5")
    one.get_by_role("button", name="Report progress").press("Enter")
    expect(page.get_by_text("5 of 40 good").first).to_be_visible(timeout=SOON_MS)


def test_a_comment_with_markup_stays_text(visit: Any) -> None:
    page = visit(**DESK)
    one = card(page, "J-118")
    one.locator(".mp-ask-talk summary").click()
    one.get_by_label("Your comment").fill("<img src=x onerror=alert(1)> soon")
    one.get_by_role("button", name="Send").click()
    told = one.locator(".mp-ask-thread li")
    expect(told).to_contain_text("<img src=x onerror=alert(1)> soon", timeout=SOON_MS)
    expect(told.locator("img")).to_have_count(0)


def test_what_another_does_to_a_row_appears_by_itself(supplied: Program, visit: Any) -> None:
    page, other = visit(**DESK), visit(**DESK)
    for watcher in (page, other):
        expect(watcher.locator("#desk-as-of")).to_have_attribute("data-live", "1", timeout=SOON_MS)
    one = card(other, "J-118")
    one.locator("summary", has_text="Another date").click()
    at = datetime.now(UTC) + timedelta(days=2)
    one.get_by_label("I can deliver on").fill(at.strftime("%Y-%m-%dT%H:%M"))
    one.get_by_role("button", name="Propose this date").click()
    assert said(other, "Proposed")
    expect(card(page, "J-118").locator(".mp-ask-known")).not_to_contain_text(
        "no date promised yet", timeout=SOON_MS
    )


def test_what_is_being_typed_stays_with_its_row_when_others_move(
    supplied: Program, visit: Any
) -> None:
    page, other = visit(**DESK), visit(**DESK)
    expect(page.locator("#desk-as-of")).to_have_attribute("data-live", "1", timeout=SOON_MS)
    one = card(page, "J-118")
    one.locator(".mp-ask-talk summary").click()
    words = one.get_by_label("Your comment")
    words.fill("Half of it is")
    theirs = card(page, "J-204").locator(".mp-ask-known")
    known = theirs.inner_text()
    moved = card(other, "J-204")
    moved.locator("summary", has_text="Another date").click()
    moved.get_by_label("I can deliver on").fill(
        (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    )
    moved.get_by_role("button", name="Propose this date").click()
    expect(theirs).not_to_have_text(known, use_inner_text=True)
    expect(words).to_have_value("Half of it is")
    expect(words).to_be_focused()
    written = "[...document.querySelectorAll('textarea')].map((one) => one.value).filter(Boolean)"
    assert page.evaluate(written) == ["Half of it is"]


def test_from_its_code_an_operation_is_reported_on_a_phone(visit: Any) -> None:
    page = visit(**DESK)
    source = card(page, "Coating").last.locator("img").get_attribute("src")
    key = parse_qs(urlsplit(str(source)).query)["key"][0]
    phone = visit(f"/supplier?lang=en&row={quote(key)}&site=supplier", **PHONE)
    expect(phone.locator(".mp-ask")).to_have_count(1)
    before = int(phone.locator(".mp-ask-count").first.inner_text().partition(" of ")[0])
    phone.get_by_label("Good pieces since the last report").fill("7")
    phone.get_by_role("button", name="Report progress").tap()
    expect(phone.get_by_text(f"{before + 7} of 40 good")).to_be_visible(timeout=SOON_MS)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_table_goes_out_and_comes_back_with_what_is_wrong_by_row(
    visit: Any, tmp_path: Path
) -> None:
    page = visit("/supplier?lang=en&which=all", **DESK)
    page.locator(".mp-export-menu summary").click()
    with page.expect_download() as taken:
        page.get_by_text("Excel (.xlsx)").click()
    file = tmp_path / "needs.xlsx"
    taken.value.save_as(file)
    page.get_by_text("Send Excel back").click()
    for count, said in ((-5, "A whole number."), (39, "Changes taken from the file: 1.")):
        changed(file, "J-204", "Shipped in all", count)
        page.set_input_files("[name=file]", file)
        page.get_by_role("button", name="Check and take").click()
        expect(page.get_by_text(said)).to_be_visible(timeout=SOON_MS)
    expect(card(page, "J-204")).to_contain_text("39 of 40 shipped", timeout=SOON_MS)


def changed(file: Path, part: str, heading: str, value: int) -> None:
    """Put a value into the column of a part's row."""
    book = load_workbook(file)
    tab = book.worksheets[0]
    places = {cell.value: cell.column for cell in tab[1]}
    (row,) = (row for row in tab.iter_rows() if any(cell.value == part for cell in row))
    row[places[heading] - 1].value = value
    book.save(file)


def test_nothing_of_the_order_or_of_others_reaches_the_browser(visit: Any) -> None:
    page = visit("/supplier?lang=en&which=all", **DESK)
    everything = page.content()
    for secret in ("WO-1", "WO-3", "Secret gauge", "R-9", "Rival", "acme", "MILL"):
        assert secret not in everything


def test_a_page_drawn_by_a_clock_that_has_gone_back_since_is_drawn_anew(visit: Any) -> None:
    page = visit(**DESK)
    mark = page.locator("#desk-as-of")
    expect(mark).to_have_attribute("data-live", "1", timeout=SOON_MS)
    ahead = int(mark.get_attribute("data-drawn") or 0) + 2 * 3600 * 1000
    page.evaluate(
        """at => {
          for (const one of document.querySelectorAll("[data-turn]")) delete one.dataset.turn;
          Object.assign(document.getElementById("desk-as-of").dataset, {drawn: at, now: at});
        }""",
        str(ahead),
    )
    for name in ("drawn", "now"):
        page.wait_for_function(
            "([name, at]) => Number(document.getElementById('desk-as-of').dataset[name]) < at",
            arg=[name, ahead - 3600 * 1000],
        )
