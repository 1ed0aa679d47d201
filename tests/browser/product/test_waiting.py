"""Pages that were opened too early: they go on by themselves, for there may be nobody to do it."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import people
from tests.browser.conftest import OpenPage
from tests.browser.product.program import Program

EMPTY_MS = 60_000  # as in assets/again.js


def test_a_wall_that_is_opened_before_its_site_is_there_goes_on_once_it_is(
    house: Program, open_stranger: OpenPage
) -> None:
    program, watched = house.at("waiting"), open_stranger()
    page = watched.page
    page.context.add_cookies([people.cookie(program.address, program.sign_in())])
    page.goto(f"{program.address}/wall/waiting.L1?lang=en")
    expect(page.locator(".mp-message")).to_be_visible()
    program.plan()
    expect(page.locator("#wall .mp-header")).to_contain_text("Works")
    assert (watched.errors, watched.outside) == ([], [])


@pytest.fixture
def ahead(chromium: Browser) -> Iterator[Page]:
    """A tab whose clock is the test's: it would be the next one's too, so it is closed."""
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def test_a_page_of_which_a_starting_server_gave_half_is_loaded_anew(
    house: Program, ahead: Page
) -> None:
    page = ahead
    page.context.add_cookies([people.cookie(house.address, house.sign_in())])
    page.clock.install()
    page.route("**/_dash-update-component", lambda route: route.abort())
    page.goto(f"{house.address}/?lang=en")
    expect(page.locator("#_pages_content")).to_be_attached()
    page.unroute("**/_dash-update-component")
    page.clock.fast_forward(EMPTY_MS)
    page.clock.run_for(10_000)  # it looks every three seconds
    expect(page.locator("#home")).to_be_visible()
