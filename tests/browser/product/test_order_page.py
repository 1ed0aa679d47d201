"""The page of one order in the running program: from its lateness to the events in three clicks."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import Program, wait_for

BEGUN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
PHONE = {"viewport": {"width": 390, "height": 844}}


def at(hours: float) -> str:
    return (BEGUN + timedelta(hours=hours)).isoformat()


def order(name: str, finish_h: float) -> dict[str, Any]:
    """Return an order that mills for an hour, then packs for an hour."""
    return {
        "id": name, "product": "Valve", "quantity": 10, "area": "L1", "customer": "acme",
        "released_at": at(0), "due_at": at(2),
        "operations": [
            {"id": "10", "name": "Mill", "work_center": "MILL",
             "planned_start": at(0), "planned_finish": at(finish_h)},
            {"id": "20", "name": "Pack", "work_center": "PACK",
             "planned_start": at(1), "planned_finish": at(2)},
        ],
        "milestones": [{"id": "m", "name": "Packed", "operation": "20", "baseline_at": at(2)}],
    }  # fmt: skip


def told(name: str, operation: str, unit: str, start: float, finish: float) -> list[dict[str, Any]]:
    subject = f"operation/{name}/{operation}"
    kinds = (("operation.started", start, {}), ("operation.completed", finish, {"good": 10}))
    return [
        {"specversion": "1.0", "id": f"{kind}-{name}-{operation}", "source": "test", "type": kind,
         "subject": subject, "time": at(hours), "data": {"work_unit": unit, **more}}
        for kind, hours, more in kinds
    ]  # fmt: skip


@pytest.fixture(scope="module")
def late(program: Program) -> Iterator[Program]:
    """SO-77 was planned twice and is two hours late: SO-88 held M1 while it stood ready."""
    for plan in (order("SO-88", 1), order("SO-77", 0.5), order("SO-77", 1)):
        assert program.send("PUT", "/orders", {"orders": [plan]})["accepted"] == 1
    events = [
        *told("SO-88", "10", "M1", 0, 2),
        *told("SO-77", "10", "M1", 2, 3),
        *told("SO-77", "20", "P1", 3, 4),
    ]
    assert program.send("POST", "/events", events)["accepted"] == len(events)
    yield program


@pytest.fixture
def page(open_page: OpenPage) -> Watched:
    return open_page(viewport={"width": 1440, "height": 900})


def go(program: Program, page: Page, path: str) -> None:
    """Open the page; once its history is recorded, it is complete."""

    def accounted() -> bool:
        page.goto(f"{program.address}{path}")
        page.wait_for_selector(".mp-order")
        return page.locator(".mp-wf-step").count() > 0

    wait_for(accounted, 60, "the order is recorded")


def test_from_the_lateness_to_the_events_that_prove_it(late: Program, page: Watched) -> None:
    shown = page.page
    go(late, shown, "/orders/SO-77?lang=en")
    expect(shown.locator(".mp-stats")).to_contain_text("2 h late")
    expect(shown.locator(".mp-wf-sum")).to_have_text(re.compile(r"\+2 h = lateness \+2 h"))
    shown.locator(".mp-order-why a", has_text="work unit busy").click()
    expect(shown).to_have_url(re.compile("cause=contention"))
    expect(shown.locator(".mp-wf-step")).to_have_count(1)
    shown.locator(".mp-wf-step").click()
    proof = shown.locator(".mp-evidence tbody tr")
    expect(proof).to_have_count(2)
    expect(proof.nth(1)).to_contain_text("operation/SO-88/10")
    shown.locator(".mp-raw summary").nth(1).click()
    expect(shown.locator(".mp-raw pre").nth(1)).to_contain_text('"operation.completed"')
    shown.locator(".mp-step dl a").click()
    expect(shown.locator("h1")).to_contain_text("SO-88")
    assert page.outside == []


def test_the_address_alone_shows_the_same_to_another(late: Program, page: Watched) -> None:
    go(late, page.page, "/orders/SO-77?lang=en&cause=contention&step=1")
    expect(page.page.locator(".mp-set")).to_contain_text("work unit busy")
    expect(page.page.locator(".mp-evidence")).to_be_visible()


def test_rescheduling_shows_the_old_plan_against_the_new(late: Program, page: Watched) -> None:
    go(late, page.page, "/orders/SO-77?lang=en")
    expect(page.page.locator(".mp-order-head")).to_contain_text("rescheduled once")
    expect(page.page.locator(".mp-og-row .mp-og-before")).to_have_count(2)
    page.page.locator(".mp-order-changes summary").click()
    expect(page.page.locator(".mp-order-changes li")).to_contain_text(["finish of Mill"])


def test_a_step_opens_by_the_keyboard_and_keeps_focus_and_place(
    late: Program, page: Watched
) -> None:
    shown = page.page
    go(late, shown, "/orders/SO-77?lang=en")
    step = shown.locator(".mp-wf-step").first
    step.focus()
    high = step.bounding_box()
    shown.keyboard.press("Enter")
    expect(shown.locator(".mp-step")).to_be_visible()
    expect(shown.locator(".mp-wf-step").first).to_be_focused()
    assert high is not None

    def stands_there() -> bool:
        now = shown.locator(".mp-wf-step").first.bounding_box()
        return now is not None and abs(now["y"] - high["y"]) < 2

    wait_for(stands_there, 60, "the step stands where it stood")


def test_it_renews_itself_and_leaves_unfolded_what_was_unfolded(
    late: Program, page: Watched
) -> None:
    shown = page.page
    go(late, shown, "/orders/SO-1?lang=en")
    shown.locator(".mp-how-so summary").first.click()
    late.report("operation.started", "operation/SO-1/10", work_unit="M1")
    late.report("operation.progressed", "operation/SO-1/10", work_unit="M1", good=31, scrap=2)
    expect(shown.locator("#operations")).to_contain_text("31 / 2 / 0")
    expect(shown.locator(".mp-how-so[open]")).to_have_count(1)


def test_an_unknown_order_is_not_found(late: Program, page: Watched) -> None:
    page.page.goto(f"{late.address}/orders/SO-404?lang=en")
    expect(page.page.locator("h1, h2").first).to_have_text("Not found")


@pytest.mark.parametrize("lang", ["zh-Hant", "zh-Hans", "en"])
def test_a_phone_shows_it_without_scrolling_sideways(
    late: Program, open_page: OpenPage, lang: str
) -> None:
    phone = open_page(**PHONE)
    go(late, phone.page, f"/orders/SO-77?lang={lang}&step=1")
    over = phone.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert over <= 0
