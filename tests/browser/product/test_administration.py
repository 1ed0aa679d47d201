"""Disclosure, audit trail and access review in a real browser, on the program as it runs."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from data.domain.scope import Role
from tests import people
from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import SITE, Program

PART = "need.part"


@pytest.fixture(scope="module")
def supplied(program: Program) -> Iterator[Program]:
    """An order that needs a part of each of two suppliers."""
    needs = [
        {"id": f"n{number}", "part": f"CANARY-{number}", "name": "Bolt", "operation": "10",
         "supplier": supplier, "quantity": 5, "need_by": "2098-12-30T00:00:00Z"}
        for number, supplier in enumerate(("bolts", "nuts"))
    ]  # fmt: skip
    step = {
        "id": "10", "work_center": "MILL", "planned_start": "2098-12-30T00:00:00Z",
        "planned_finish": "2098-12-31T00:00:00Z",
    }  # fmt: skip
    order: dict[str, Any] = {
        "id": "WO-SECRET", "product": "Gauge", "quantity": 5, "area": "L1",
        "due_at": "2099-01-01T00:00:00Z", "operations": [step], "needs": needs,
    }  # fmt: skip
    suppliers = [{"id": one, "name": one.title(), "kind": "supplier"} for one in ("bolts", "nuts")]
    program.describe(parties=[*SITE["parties"], *suppliers])
    assert program.send("PUT", "/orders", {"orders": [order]})["accepted"] == 1
    yield program


@pytest.fixture
def opened(supplied: Program, open_stranger: OpenPage) -> Iterator[Any]:
    """A function that opens a page as someone of a role; no page may tell the console an error."""
    watched: list[Watched] = []

    def open_(role: Role, path: str, party: str | None = None) -> Page:
        one = open_stranger(viewport={"width": 1440, "height": 900})
        token = supplied.sign_in(role, party)
        one.page.context.add_cookies([people.cookie(supplied.address, token)])
        watched.append(one)
        one.page.goto(supplied.address + path)
        one.page.wait_for_selector("#desk-body > *")
        return one.page

    yield open_
    assert [one.errors for one in watched] == [[] for _ in watched]
    assert [one.outside for one in watched] == [[] for _ in watched]


def choice(page: Page, field: str) -> Any:
    return page.locator(f"select[name^='{field}.']")


def test_what_a_manager_changes_is_what_the_preview_the_party_and_the_trail_tell(
    opened: Any,
) -> None:
    page = opened(Role.MANAGER, "/disclosure?role=supplier&party=bolts&lang=en")
    page.get_by_text("View as this party").click()
    preview = page.locator(".mp-previewed")
    expect(preview).to_contain_text("CANARY-0")
    expect(preview).not_to_contain_text("CANARY-1")
    expect(preview).not_to_contain_text("WO-SECRET")
    choice(page, PART).select_option("hide")
    page.get_by_text("Save changes").click()
    expect(page.get_by_text("1 fields changed.")).to_be_visible()
    expect(preview).not_to_contain_text("CANARY-0")

    own = opened(Role.SUPPLIER, "/supplier?lang=en", "bolts")
    expect(own.locator("#desk-body")).not_to_contain_text("CANARY")

    trail = opened(Role.AUDITOR, "/audit?action=policy_changed&party=bolts&verify=1&lang=en")
    expect(trail.locator(".mp-chain")).to_contain_text("The chain holds")
    trail.locator(".mp-trail summary").first.click()
    expect(trail.locator(".mp-deed-body tbody tr").first).to_have_text("need.partshowhide")


def test_a_choice_that_was_not_saved_is_never_carried_over_to_another_party(opened: Any) -> None:
    page = opened(Role.MANAGER, "/disclosure?role=supplier&party=nuts&lang=en")
    choice(page, "need.quantity").select_option("hide")
    page.locator("select[name=party]").select_option("")
    expect(page.get_by_text("What everyone with the role supplier gets")).to_be_visible()
    expect(choice(page, "need.quantity")).to_have_value("")


def test_an_auditor_reads_policy_and_review_and_changes_nothing(opened: Any) -> None:
    page = opened(Role.AUDITOR, "/disclosure?role=supplier&lang=en")
    expect(page.locator(".mp-policy")).to_contain_text("Material needs")
    expect(page.locator("#desk-body form[method=post]")).to_have_count(0)
    page.goto(page.url.split("/disclosure")[0] + "/access?lang=en")
    expect(page.get_by_role("heading", name="Who may see what")).to_be_visible()
    page.locator(".mp-sees summary").first.click()
    expect(page.locator(".mp-sees details[open]")).to_contain_text("shown:")
