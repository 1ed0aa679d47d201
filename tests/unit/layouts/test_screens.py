"""Screens: what the file may say, what it refuses and how, how much fits."""

import re

import pytest

from layouts.grid import GAP, HEADER, MARGIN, Sheet
from layouts.panels import PANELS
from layouts.screens import Page, Screen, ScreensError, in_language, load, parse, usual_pages


def named(**fields):
    return {"screens": {"hall": {"site": "hsinchu", "area": "smt"} | fields}}


def test_the_file_that_comes_along_is_read():
    screen = load().find("hsinchu.smt")
    assert (screen.site, screen.area, screen.locale) == ("hsinchu", "smt", "zh-Hant")


def test_every_line_has_a_screen_with_the_defaults():
    screens = parse({"defaults": {"theme": "light", "distance_m": 3}})
    assert screens.find("a.b") == Screen(
        id="a.b", site="a", area="b", theme="light", distance_m=3.0, diagonal_in=75.0
    )


@pytest.mark.parametrize("name", ["", "a", "a.", ".b", "a.b.c", "a b.c", "../a.b", "a.<b>"])
def test_what_names_no_screen_finds_none(name):
    assert parse({}).find(name) is None


def test_a_named_screen_overrides_the_defaults():
    screens = parse({"defaults": {"theme": "light"}} | named(theme="dark", distance_m=6))
    assert screens.find("hall").theme == "dark"
    assert screens.find("hall").distance_m == 6


def test_pages_may_place_panels_side_by_side():
    pages = [{"panels": ["figures", ["work_units", "orders"]], "seconds": 40}]
    screen = parse(named(pages=pages)).find("hall")
    assert screen.rotation[0].rows == (("figures",), ("work_units", "orders"))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"theme": "pink"}, "screens.hall: Invalid enum value 'pink' - at `$.theme`"),
        ({"distance": 3}, "screens.hall: Object contains unknown field `distance`"),
        ({"distance_m": -1}, "`$.distance_m`"),
        ({"locale": "de"}, "`$.locale`"),
        ({"distance_m": 10, "diagonal_in": 32}, "hall.diagonal_in: 32 inches can't be read"),
        ({"pages": [{"panels": ["orders", "gantt"]}]}, "pages[0].panels: 'gantt', expected one"),
        ({"pages": [{"panels": []}]}, "pages[0].panels: expected at least one"),
        ({"pages": [{"panels": ["hours", "hours"]}]}, "each once"),
        ({"pages": [{"panels": ["hours"], "seconds": 1}]}, "`$.pages[0].seconds`"),
        (
            {"distance_m": 8, "pages": [{"panels": ["figures", "hours", "orders"]}]},
            "no room for hours",
        ),
    ],
)
def test_a_mistake_is_refused_with_its_key(fields, says):
    with pytest.raises(ScreensError, match=re.escape(says)):
        parse(named(**fields))


def test_a_screen_without_its_site_is_refused():
    with pytest.raises(ScreensError, match=r"screens\.hall: .*`site`"):
        parse({"screens": {"hall": {"area": "smt"}}})


def test_an_unknown_key_of_the_file_is_refused():
    with pytest.raises(ScreensError, match="screen: expected defaults or screens"):
        parse({"screen": {}})


def test_a_name_that_is_no_id_is_refused():
    with pytest.raises(ScreensError, match=r"screens\.a b: expected an id"):
        parse({"screens": {"a b": {"site": "s", "area": "a"}}})


def test_defaults_that_cannot_be_shown_are_refused():
    with pytest.raises(ScreensError, match=r"defaults\.diagonal_in"):
        parse({"defaults": {"diagonal_in": 20}})


def test_a_file_that_is_no_yaml_is_refused(tmp_path):
    path = tmp_path / "screens.yaml"
    path.write_text("screens: [")
    with pytest.raises(ScreensError, match=r"screens\.yaml: not readable"):
        load(path)


def test_capitals_are_as_high_as_the_distance_asks():
    screen = Screen(id="s", site="a", area="b", distance_m=5, diagonal_in=55)
    height_mm = 55 * 25.4 * 9 / (16**2 + 9**2) ** 0.5
    cap_mm = screen.sheet.unit_vh / 100 * height_mm * 0.7
    assert cap_mm == pytest.approx(29, abs=0.01)


def test_a_screen_of_55_inches_at_5_metres_has_about_a_dozen_rows():
    screen = Screen(id="s", site="a", area="b", distance_m=5, diagonal_in=55)
    assert 11 <= screen.sheet.height / 1.4 <= 13


def test_letters_do_not_shrink_below_a_comfortable_size_close_by():
    near = Screen(id="s", site="a", area="b", distance_m=0.5, diagonal_in=98)
    assert near.sheet.unit_vh >= 3


@pytest.mark.parametrize("height", [10.0, 12.0, 15.5, 18.0, 24.0, 32.0])
def test_the_usual_pages_show_every_panel_and_fit(height):
    on = Sheet(width=height * 16 / 9, height=height, unit_vh=100 / height, unit_vw=1)
    shown = {name for page in usual_pages(on) for row in page.rows for name in row}
    assert shown == set(PANELS)


@pytest.mark.parametrize("distance_m", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
def test_the_usual_pages_of_a_75_inch_screen_are_accepted_at_every_distance(distance_m):
    assert parse(named(distance_m=distance_m)).find("hall").distance_m == distance_m


def test_the_rows_of_a_page_fill_its_height():
    screen = Screen(id="s", site="a", area="b")
    rows = screen.places(0)
    whole = sum(row[0][1].height for row in rows) + GAP * len(rows) + HEADER + 2 * MARGIN
    assert whole == pytest.approx(screen.sheet.height)


def test_a_screen_can_be_seen_in_another_language():
    screen = Screen(id="s", site="a", area="b", pages=(Page(panels=("figures",)),))
    other = in_language(screen, "zh-Hans")
    assert (other.locale, other.pages, other.id) == ("zh-Hans", screen.pages, "s")
