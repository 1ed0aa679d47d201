"""The quarantine in a real browser: what was refused is read there, and stays text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from data.domain.scope import Role
from tests import people
from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import Program, wait_for
from tests.unit.connectors.test_mtconnect import DEVICES

HOSTILE = "<img src=x onerror=document.title='owned'>"


def event(name: str, good: int, reason: str = "") -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": name, "source": "test", "type": "operation.progressed",
        "subject": "operation/SO-1/10", "time": "2026-11-01T00:00:00Z",
        "data": {"good": good, "reason": reason},
    }  # fmt: skip


@pytest.fixture(scope="module")
def held(program: Program) -> Program:
    """A site at which three events came again with another body; one of them is long."""
    for name, reason in (("first", ""), ("long", HOSTILE * 9), ("last", HOSTILE)):
        program.send("POST", "/events", [event(name, 1)])
        answer = program.send("POST", "/events", [event(name, 2, reason)])
        assert answer["refused"] == 1, answer
    wait_for(lambda: program.run("quarantine", "--site", program.site).count("conflict") == 3, 60,
             "they are kept")  # fmt: skip
    return program


@pytest.fixture
def opened(held: Program, open_stranger: OpenPage) -> Iterator[Any]:
    """A function that opens a page as someone of a role; no page may tell the console an error."""
    watched: list[Watched] = []

    def open_(path: str, role: Role = Role.ADMINISTRATOR, width: int = 1440) -> Page:
        one = open_stranger(viewport={"width": width, "height": 900}, accept_downloads=True)
        one.page.context.add_cookies([people.cookie(held.address, held.sign_in(role))])
        watched.append(one)
        one.page.goto(held.address + path)
        one.page.wait_for_selector("#desk-body > *")
        return one.page

    yield open_
    assert [one.errors for one in watched] == [[] for _ in watched]


def test_what_was_refused_is_listed_with_its_reason_and_its_text_stays_text(opened: Any) -> None:
    page = opened("/quarantine?lang=en")
    entries = page.locator(".mp-q-list > li")
    expect(entries).to_have_count(3)
    expect(entries.first).to_contain_text("was recorded with another body before")
    expect(entries.first.locator(".mp-q-raw")).to_contain_text(HOSTILE)
    expect(page.locator("#quarantine-lately tbody tr")).to_contain_text("came again with other")
    expect(page.locator(".mp-q img")).to_have_count(0)
    assert "owned" not in page.title()


def test_a_long_text_is_shown_whole_when_it_is_asked_for_and_the_address_says_so(
    opened: Any,
) -> None:
    page = opened("/quarantine?lang=en")
    page.get_by_text("Show all, ").click()
    expect(page.locator(".mp-q-whole")).to_contain_text(HOSTILE * 9)
    assert "show=" in page.url
    page.get_by_text("Show less").click()
    expect(page.locator(".mp-q-whole")).to_have_count(0)


def test_kinds_are_filters_and_what_fits_nothing_leads_back_to_all(opened: Any) -> None:
    page = opened("/quarantine?lang=zh-Hant")
    page.get_by_role("link", name="事件日誌有缺漏").click()
    expect(page.get_by_text("沒有符合條件的隔離資料")).to_be_visible()
    assert "kind=gap" in page.url
    page.get_by_text("顯示全部").click()
    expect(page.locator(".mp-q-list > li")).to_have_count(3)


def test_it_is_exported_and_fits_a_phone(opened: Any, held: Program) -> None:
    page = opened("/quarantine?lang=en", width=390)
    expect(page.locator(".mp-q-list > li")).to_have_count(3)
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    answer = page.request.get(f"{held.address}/export/quarantine.csv?lang=en")
    assert answer.ok and answer.text().count("was recorded with another body before;") == 6


def test_who_does_not_see_all_of_the_site_finds_nothing_there(held: Program, opened: Any) -> None:
    page = opened("/exceptions?lang=en", Role.OPERATOR)
    assert page.request.get(f"{held.address}/quarantine").status == 404
    assert page.request.get(f"{held.address}/export/quarantine.csv").status == 404
    expect(page.locator("a[href^='/quarantine']")).to_have_count(0)


def test_what_a_site_without_a_model_sent_is_read_by_administrators_alone(
    held: Program, open_stranger: OpenPage, tmp_path: Path
) -> None:
    devices, recording = tmp_path / "devices.xml", tmp_path / "recording"
    devices.write_bytes(DEVICES)
    recording.write_text("2026-11-01T00:00:00Z|avail|AVAILABLE|exec|ACTIVE\n")
    bare = held.at("quarantine-bare")
    held.run("mtconnect", str(recording), "--devices", str(devices), "--work-unit", "LATHE=L-1",
             "--site", bare.site)  # fmt: skip
    path = f"/quarantine?site={bare.site}&lang=en"
    page = open_stranger(viewport={"width": 1440, "height": 900}).page
    page.context.add_cookies([people.cookie(held.address, bare.sign_in(Role.ADMINISTRATOR))])

    def listed() -> bool:
        page.goto(held.address + path)
        page.wait_for_selector("#desk-body > *, .mp-message")
        return page.locator(".mp-q-list > li").count() > 0

    wait_for(listed, 60, "it is kept and shown")
    expect(page.locator(".mp-q-bare")).to_contain_text("has not sent its model yet")
    expect(page.locator(".mp-q-list")).to_contain_text("the site has no model yet")
    page.context.clear_cookies()
    page.context.add_cookies([people.cookie(held.address, bare.sign_in(Role.MANAGER))])
    page.goto(held.address + path)
    page.wait_for_selector(".mp-trouble")
    expect(page.locator("body")).not_to_contain_text("LATHE")
