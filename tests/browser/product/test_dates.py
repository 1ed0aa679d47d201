"""A customer asks for a date, the factory confirms it, a carrier books: in real browsers."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from data.domain.scope import Role
from tests import people
from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import Program

BEGUN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
PHONE = {"viewport": {"width": 390, "height": 844}}
Signed = Callable[..., Watched]


def at(hours: float) -> str:
    return (BEGUN + timedelta(hours=hours)).isoformat()


def order(name: str, customer: str) -> dict[str, object]:
    return {
        "id": name, "product": f"Product of {customer}", "quantity": 10, "area": "L1",
        "customer": customer, "shipped_by": "ferry", "released_at": at(0), "due_at": at(60),
        "operations": [
            {"id": "20", "work_center": "PACK", "planned_start": at(1), "planned_finish": at(50)}
        ],
        "milestones": [{"id": "m", "name": "Packed", "operation": "20", "baseline_at": at(50)}],
    }  # fmt: skip


@pytest.fixture(scope="module")
def planned(program: Program) -> Iterator[Program]:
    parties = [
        {"id": "acme", "name": "Acme", "kind": "customer"},
        {"id": "rival", "name": "Rival", "kind": "customer"},
        {"id": "ferry", "name": "Ferry", "kind": "logistics"},
    ]
    program.describe(parties=parties)
    both = {"orders": [order("SO-OURS", "acme"), order("SO-THEIRS", "rival")]}
    assert program.send("PUT", "/orders", both)["accepted"] == 2
    yield program


@pytest.fixture
def signed(planned: Program, open_stranger: OpenPage) -> Signed:
    """A function that opens a page of someone who is signed in."""

    def open_(role: Role, party: str | None = None, **options: object) -> Watched:
        watched = open_stranger(**options)
        token = planned.sign_in(role, party)
        watched.page.context.add_cookies([people.cookie(planned.address, token)])
        return watched

    return open_


def here(planned: Program, watched: Watched, path: str) -> Page:
    watched.page.goto(planned.address + path)
    expect(watched.page.locator(".mp-party-page")).to_be_visible()
    return watched.page


def test_a_date_is_asked_for_confirmed_and_seen_by_both(planned: Program, signed: Signed) -> None:
    customer, planner = signed(Role.CUSTOMER, "acme"), signed(Role.PLANNER)
    page = here(planned, customer, "/customer?lang=en")
    expect(page.get_by_text("SO-OURS")).to_be_visible()
    assert "SO-THEIRS" not in page.content() and "rival" not in page.content()
    page.locator(".mp-node-link").first.click()
    page.get_by_text("Ask for another date").click()
    wanted = (BEGUN + timedelta(days=4)).strftime("%Y-%m-%dT%H:%M")
    page.locator("input[type=datetime-local]").fill(wanted)
    page.locator("textarea").first.fill("<img src=x onerror=alert(1)>")
    page.get_by_role("button", name="Ask for this date").click()
    expect(page.get_by_role("status").filter(has_text="Your request was sent.")).to_be_visible()
    factory = here(planned, planner, "/dates?lang=en")
    expect(factory.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    factory.get_by_role("button", name="Confirm ").first.click()
    expect(factory.get_by_text("The date is confirmed.")).to_be_visible()
    history = page.locator(".mp-say-history")
    expect(history).to_contain_text("the factory confirmed")
    assert customer.errors == [] and customer.outside == []
    assert planner.errors == [] and planner.outside == []


def test_a_pick_up_is_asked_for_on_a_phone(planned: Program, signed: Signed) -> None:
    watched = signed(Role.LOGISTICS, "ferry", **PHONE)
    page = here(planned, watched, "/logistics?lang=en&which=later")
    ours = page.get_by_text("SO-OURS")
    expect(ours.or_(page.get_by_text("Nothing to fetch here")).first).to_be_visible()
    if not ours.count():
        page = here(planned, watched, "/logistics?lang=en")
    page.get_by_text("SO-OURS").first.click()
    page.get_by_role("button", name="Ask for this pick-up").click()
    expect(page.locator("#pick-up")).to_contain_text("waits for the factory")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert watched.errors == [] and watched.outside == []


@pytest.mark.parametrize(
    ("role", "party", "path"),
    [
        (Role.CUSTOMER, "acme", "/dates"),
        (Role.CUSTOMER, "acme", "/logistics"),
        (Role.LOGISTICS, "ferry", "/customer"),
        (Role.SUPPLIER, "acme", "/customer"),
    ],
)
def test_pages_of_others_are_not_there(
    planned: Program, signed: Signed, role: Role, party: str, path: str
) -> None:
    answer = signed(role, party).page.goto(planned.address + path)
    assert answer is not None and answer.status == 404
