"""A wall in a real browser follows the floor, and says what is old, whatever dies."""

import signal

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPage, Watched
from tests.browser.product.program import Program, wait_for

WALL = "/wall/live_wall.L1?lang=en"
TILE = "#p0-work_units-{number}"
SOON_S = 60.0  # how soon is said elsewhere: `tests/bench` measures it


def open_wall(program: Program, open_page: OpenPage, path: str = WALL) -> Watched:
    watched = open_page()
    watched.page.goto(program.address + path)
    watched.page.wait_for_selector("#wall")
    wait_for(lambda: "live" in text(watched.page, "#wall-fresh"), SOON_S, "the wall is live")
    return watched


def text(page: Page, selector: str) -> str:
    return page.locator(selector).text_content() or ""


def good(page: Page) -> str:
    return text(page, "#p0-figures-good")


def classes(page: Page, selector: str) -> set[str]:
    return set((page.locator(selector).get_attribute("class") or "").split())


def hatched(page: Page) -> int:
    return page.locator(".mp-stale").count()


@pytest.fixture
def wall(program: Program, connected: set[str], open_page: OpenPage) -> Watched:
    opened = open_wall(program, open_page)
    wait_for(lambda: hatched(opened.page) == 0, SOON_S, "nothing is old")
    return opened


def test_an_event_shows_without_reloading(program: Program, wall: Watched) -> None:
    before = int(good(wall.page) or 0)
    program.report("operation.progressed", "operation/SO-1/20", work_unit="P1", good=7)
    wait_for(lambda: good(wall.page) == str(before + 7), SOON_S, "seven more pieces")
    program.report("work_unit.state_changed", "work-unit/M1", state="down", reason="jam")
    wait_for(lambda: "jam" in text(wall.page, TILE.format(number=0)), SOON_S, "the machine is down")
    program.report("work_unit.state_changed", "work-unit/M1", state="processing")
    wait_for(lambda: "jam" not in text(wall.page, TILE.format(number=0)), SOON_S, "it runs again")


def test_a_correction_takes_the_pieces_back(program: Program, wall: Watched) -> None:
    before = int(good(wall.page))
    subject = "operation/SO-1/20"
    wrong = program.report("operation.progressed", subject, work_unit="P1", good=1000)
    wait_for(lambda: good(wall.page) == f"{before + 1000:,}", SOON_S, "too many pieces")
    program.report("event.voided", subject, event_id=wrong)
    wait_for(lambda: good(wall.page) == f"{before:,}", SOON_S, "the count before the mistake")


def test_a_wall_asks_nothing_of_other_machines_and_has_no_errors(wall: Watched) -> None:
    assert wall.outside == []
    assert wall.errors == []


@pytest.mark.parametrize("language", ["zh-Hant", "zh-Hans", "en"])
def test_a_wall_speaks_the_language_asked_for(
    program: Program, connected: set[str], open_page: OpenPage, language: str
) -> None:
    watched = open_page()
    watched.page.goto(f"{program.address}/wall/live_wall.L1?lang={language}")
    watched.page.wait_for_selector("#wall")
    expect(watched.page.locator("#wall")).to_have_attribute("lang", language)
    word = {"zh-Hant": "產出", "zh-Hans": "产出", "en": "Output"}[language]
    shown = watched.page.locator(".mp-page.mp-show")
    expect(shown.get_by_text(word, exact=True)).to_have_count(1)


def test_one_lost_signal_hatches_that_machine_alone(
    program: Program, connected: set[str], wall: Watched
) -> None:
    connected.discard("M1")
    m1, p1 = (TILE.format(number=number) for number in (0, 1))

    def that_one_alone() -> bool:
        stale = ["mp-stale" in classes(wall.page, one) for one in (m1, p1)]
        return stale == [True, False] and hatched(wall.page) == 1

    wait_for(that_one_alone, SOON_S, "M1 is hatched and nothing else")
    connected.add("M1")
    wait_for(lambda: hatched(wall.page) == 0, SOON_S, "M1 is live again")


def test_all_signals_lost_hatch_the_floor_with_its_age(
    program: Program, connected: set[str], wall: Watched
) -> None:
    connected.clear()

    def old_and_not_lost() -> bool:
        old = "old" in text(wall.page, "#p0-figures-age")
        return old and "mp-lost" not in classes(wall.page, "#wall")

    wait_for(old_and_not_lost, SOON_S, "figures are old on a wall that is heard")
    connected.update({"M1", "P1"})
    wait_for(lambda: hatched(wall.page) == 0, SOON_S, "all is live again")


@pytest.mark.parametrize("part", ["web", "redis"])
def test_a_killed_part_comes_back_and_nothing_is_lost(
    program: Program, wall: Watched, part: str
) -> None:
    before = int(good(wall.page).replace(",", ""))
    program.report("operation.progressed", "operation/SO-1/20", work_unit="P1", good=3)
    program.kill(part)
    again = program.event("operation.progressed", "operation/SO-1/20", work_unit="P1", good=1)
    wait_for(lambda: program.takes(again), SOON_S, "the door is open again")
    wait_for(lambda: good(wall.page) == f"{before + 4:,}", SOON_S, "both reports on the wall")
    wait_for(lambda: "mp-lost" not in classes(wall.page, "#wall"), SOON_S, "the wall is live")


@pytest.mark.parametrize("part", ["web", "redis"])
def test_a_stopped_part_is_said(program: Program, wall: Watched, part: str) -> None:
    program.kill(part, signal.SIGSTOP)
    try:
        lost = lambda: "mp-lost" in classes(wall.page, "#wall")  # noqa: E731
        wait_for(lost, SOON_S, "the wall says that nothing comes through")
    finally:
        program.kill(part, signal.SIGCONT)
    wait_for(lambda: "mp-lost" not in classes(wall.page, "#wall"), SOON_S, "the wall is live again")


def test_a_stopped_recorder_is_said_and_the_wall_stays_live(
    program: Program, wall: Watched
) -> None:
    program.kill("worker", signal.SIGSTOP)
    try:
        said = lambda: text(wall.page, "#header-history")  # noqa: E731
        behind = lambda: said() and hatched(wall.page) == 0  # noqa: E731
        wait_for(behind, SOON_S, "the header says that recording is behind, of a live wall")
    finally:
        program.kill("worker", signal.SIGCONT)
    wait_for(lambda: not text(wall.page, "#header-history"), SOON_S, "recording has caught up")


def test_a_screen_turns_its_pages(
    program: Program, connected: set[str], open_page: OpenPage
) -> None:
    watched = open_wall(program, open_page, "/wall/turning?lang=en")
    for shown in ("p0", "p1", "p0"):
        watched.page.wait_for_selector(f"#{shown}.mp-show", timeout=1000 * SOON_S)


def test_the_page_reloads_itself_for_a_new_build(
    program: Program, connected: set[str], open_page: OpenPage
) -> None:
    watched = open_page()
    beat = 'event: beat\ndata: {{"now": 0, "rate": 1, "age": 0, "log": true, "build": "{}"}}\n\n'
    frames = "retry: 200\n\n" + beat.format("old")
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(content_type="text/event-stream", body=frames)

    watched.page.route("**/live/wall/**", answer)
    watched.page.goto(program.address + WALL)
    watched.page.evaluate("window.before = true")
    heard = lambda: watched.page.evaluate("window.before") and len(asked) > 1  # noqa: E731
    wait_for(heard, SOON_S, "it has heard the old build, and asks again")
    frames = beat.format("new")
    watched.page.wait_for_function("() => window.before === undefined", timeout=1000 * SOON_S)
