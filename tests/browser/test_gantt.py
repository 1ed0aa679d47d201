"""The Gantt in a real Chromium: pan, zoom, keys, search, hover, click, live updates."""

import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from tests.bench.gantt import _app
from tests.browser.product.program import wait_for
from tests.unit.domain.gantt.plants import Plant

PLANT = Plant(400, 12, seed=11)
# A chart is drawn at once for a usual screen, and again as soon as it has measured its own.
FITS = (
    "[...document.querySelectorAll('.mp-gantt-name')]"
    ".every((row) => row.getBoundingClientRect().bottom <= innerHeight)"
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, _app(PLANT).server, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/gantt"
    server.shutdown()
    server.server_close()


@pytest.fixture
def gantt(address, open_page):
    def open_(search: str = ""):
        watched = open_page(viewport={"width": 1440, "height": 900})
        watched.page.goto(address + search)
        watched.page.wait_for_selector(".g-now", state="attached")
        settled(watched.page, FITS)
        return watched

    return open_


def window(page) -> tuple[float, float]:
    """Return from when to when the address looks, in seconds."""
    return tuple(page.evaluate(
        "['from', 'to'].map((n) => Date.parse(new URL(location).searchParams.get(n)) / 1000)"
    ))  # fmt: skip


def settled(page, condition: str) -> None:
    page.wait_for_function(condition)


def test_it_is_drawn_at_once_without_an_error_and_from_this_machine(gantt):
    watched = gantt()
    assert watched.page.locator(".mp-gantt-name").count() > 10
    assert watched.page.evaluate("Number(document.getElementById('gantt').dataset.marks)") <= 1200
    assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert watched.errors == [] and watched.outside == []


def test_keys_pan_and_zoom_and_the_address_keeps_it(gantt):
    page = gantt("?from=2026-11-24T00:00Z&to=2026-11-25T00:00Z").page
    page.keyboard.press("ArrowRight")
    settled(page, "location.search.includes('06%3A00Z')")
    start, finish = window(page)
    assert finish - start == 86400
    page.keyboard.press("-")
    settled(page, f"Date.parse(new URL(location).searchParams.get('to')) / 1000 > {finish}")
    wider = window(page)
    assert wider[1] - wider[0] == pytest.approx(1.5 * 86400, abs=120)
    page.keyboard.press("Home")
    settled(page, f"Date.parse(new URL(location).searchParams.get('to')) / 1000 != {wider[1]}")
    expect(page.locator(".g-now")).to_have_count(1)


def test_an_address_shows_the_same_to_someone_else(gantt):
    first = gantt().page
    first.click("button[data-gantt=by][data-value=unit]")
    first.click("button[data-gantt=late]")
    settled(first, "location.search.includes('by=unit') && location.search.includes('late=1')")
    settled(first, "document.querySelector('.mp-gantt-title').textContent.startsWith('C0-')")
    second = gantt(first.evaluate("location.search")).page
    names = "[...document.querySelectorAll('.mp-gantt-title')].map((e) => e.textContent)"
    wait_for(lambda: second.evaluate(names) == first.evaluate(names), 60, "both show the same")
    expect(second.locator("button[data-gantt=late]")).to_have_attribute("aria-pressed", "true")


def test_dragging_moves_the_window_by_what_the_hand_moved(gantt):
    page = gantt("?from=2026-11-24T00:00Z&to=2026-11-25T00:00Z").page
    box = page.locator(".mp-gantt-plot").bounding_box()
    page.mouse.move(box["x"] + 600, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 600 - box["width"] / 4, box["y"] + 200, steps=6)
    page.mouse.up()
    moved = "(Date.parse(new URL(location).searchParams.get('from')) - Date.UTC(2026, 10, 24))"
    settled(page, f"Math.abs({moved} / 3.6e6 - 6) < 0.1")
    start, finish = window(page)
    assert finish - start == pytest.approx(86400, abs=61)


def test_the_wheel_and_page_keys_turn_the_rows(gantt):
    page = gantt("?from=2026-11-18T00:00Z&to=2026-12-01T00:00Z").page
    first = page.locator(".mp-gantt-title").first.text_content()
    page.keyboard.press("PageDown")
    settled(page, f"document.querySelector('.mp-gantt-title').textContent !== '{first}'")
    settled(page, "/rows=\\d+/.test(location.search)")
    page.keyboard.press("PageUp")
    settled(page, f"document.querySelector('.mp-gantt-title').textContent === '{first}'")


def test_slash_searches_as_one_types(gantt):
    page = gantt("?from=2026-11-18T00:00Z&to=2026-12-01T00:00Z").page
    order = page.locator(".mp-gantt-title").nth(3).text_content()
    page.keyboard.press("/")
    page.keyboard.type(order.lower())
    settled(page, "document.querySelectorAll('.mp-gantt-title').length === 1")
    assert page.locator(".mp-gantt-title").text_content() == order
    settled(page, f"location.search.includes('q={order.lower()}')")


def test_choosing_an_order_shows_its_chain(gantt):
    page = gantt().page
    page.hover(".mp-gantt-name >> nth=2")
    order = page.locator(".mp-gantt-title >> nth=2").text_content()
    page.click(".mp-gantt-name >> nth=2 >> .mp-gantt-choose")
    settled(page, "!document.querySelector('.mp-gantt-chosen').hidden")
    assert page.locator(".mp-gantt-chosen-words").text_content().startswith(f"{order}: critical")
    assert page.locator(".g-link, .g-link-shared").count() >= 1
    page.keyboard.press("Escape")
    settled(page, "document.querySelector('.mp-gantt-chosen').hidden")


def test_an_order_is_not_chosen_by_a_button_that_was_pressed_for_another(gantt):
    """Rows may be drawn anew, in another order, between a press and the moment it is let go."""
    page = gantt().page
    page.hover(".mp-gantt-name >> nth=2")
    box = page.locator(".mp-gantt-choose").nth(2).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.evaluate(
        """() => {
          const source = document.getElementById('gantt-drawing').dataset;
          const made = JSON.parse(source.drawing);
          source.drawing = JSON.stringify({ ...made, rows: made.rows.reverse() });
        }"""
    )
    page.mouse.up()
    page.click("button[data-gantt=late]")
    settled(page, "location.search.includes('late=1')")
    assert "order=" not in page.evaluate("location.search")


def test_pointing_tells_and_a_click_opens_the_order(gantt):
    page = gantt().page
    box = page.locator(".mp-gantt-plot").bounding_box()
    place = page.evaluate(
        """() => {
          const made = JSON.parse(document.getElementById('gantt-drawing').dataset.drawing);
          const wide = document.querySelector('.mp-gantt-plot').clientWidth;
          const mark = made.marks.find(
            (m) => m[0] === 2 && m[3] > 9000 && m[2] > 0 && m.length < 7);
          return [(mark[2] + mark[3] / 2) / made.wanted * wide, mark[1] * 34 + 14,
                  made.refs[mark[5]][0]];
        }"""
    )
    page.mouse.move(box["x"] + place[0], box["y"] + place[1])
    page.wait_for_selector(".mp-gantt-card.mp-on dl")
    assert place[2] in page.locator(".mp-gantt-card").text_content()
    page.mouse.down()
    page.mouse.up()
    page.wait_for_function("location.pathname.startsWith('/orders/')")


def test_a_live_update_keeps_the_window_that_the_reader_chose(gantt):
    page = gantt().page
    page.keyboard.press("+")
    settled(page, "location.search.includes('from=')")
    before = window(page)
    drawn = page.evaluate("document.getElementById('gantt').dataset.drawn")
    page.evaluate(
        "dash_clientside.set_props('gantt-live',"
        " { data: { path: location.pathname, search: location.search, wish: 'live' } })"
    )
    settled(page, f"document.getElementById('gantt').dataset.drawn !== '{drawn}'")
    assert window(page) == before


@pytest.mark.parametrize("zoom", ["-", "+"])
def test_however_far_one_zooms_there_are_never_too_many_marks(gantt, zoom):
    page = gantt().page
    for _ in range(8):
        page.keyboard.press(zoom)
    settled(page, "location.search.includes('from=')")
    settled(page, "document.getElementById('gantt').dataset.settled !== undefined")
    assert page.evaluate("Number(document.getElementById('gantt').dataset.marks)") <= 1200
