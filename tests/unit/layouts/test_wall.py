"""The wall's skeleton and its cells, compared without a browser."""

from collections import Counter

import pytest
from msgspec.structs import replace

from data.domain import topics
from data.domain.view import Standing
from layouts import ids
from layouts.cells import changed, fill
from layouts.components.parts import OFF
from layouts.pages import wall
from layouts.panels import PANELS
from layouts.screens import Page
from layouts.text import translator
from tests.browser.harness import views
from tests.browser.harness.views import VIEWS
from tests.unit.layouts.walls import KINDS, SIZES, screen_of


def ids_of(tree):
    return [part.id for part in (tree, *tree._traverse()) if getattr(part, "id", None)]


def cells_of(view, **screen):
    screen = screen_of(**screen)
    return wall.render(view, screen, translator(screen.locale))


@pytest.mark.parametrize(("view", "locale", "size"), KINDS)
def test_every_cell_has_its_element_and_every_slot_its_cell(view, locale, size):
    screen, t = screen_of(locale, size), translator(locale)
    cells = wall.render(VIEWS[view](), screen, t)
    fill(wall.layout(screen, t, "Asia/Taipei"), cells)
    assert set(cells) == set(cells_of(views.ordinary(), locale=locale, size=size))


@pytest.mark.parametrize("size", SIZES)
def test_no_id_is_given_twice(size):
    screen = screen_of(size=size)
    counts = Counter(ids_of(wall.layout(screen, translator("en"))))
    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("size", SIZES)
def test_an_element_with_a_text_has_no_elements_within(size):
    screen, t = screen_of(size=size), translator("en")
    cells = wall.render(views.ordinary(), screen, t)
    for part in wall.layout(screen, t)._traverse():
        cell = cells.get(getattr(part, "id", None), {})
        if "t" in cell:
            assert not list(part._traverse() if hasattr(part, "_traverse") else ())


def test_texts_are_plain_strings_and_styles_are_custom_properties():
    for cell in cells_of(views.ordinary()).values():
        assert set(cell) <= {"t", "c", "s"}
        assert isinstance(cell.get("t", ""), str)
        assert all(name.startswith("--") for name in cell.get("s", {}))


def test_only_the_panels_a_topic_concerns_are_rendered():
    screen, t = screen_of(), translator("en")
    found = wall.render(views.ordinary(), screen, t, topics.NEEDS)
    assert found and all(name.startswith("p1-needs") for name in found)
    later = topics.FORECASTS | topics.HISTORY | topics.STATEMENTS  # asked for by desk pages
    assert wall.topics_of(screen) | later == topics.EVERYTHING


@pytest.mark.parametrize("name", sorted(PANELS))
def test_a_panel_that_its_topics_leave_out_would_not_have_changed(name):
    screen, t = screen_of(), translator("en")
    panel, place = next(
        (panel, place) for panel, place in wall.panels_of(screen) if panel is PANELS[name]
    )
    before = panel.render(views.ordinary(), place, t)
    other = replace(views.ordinary(), needs=()) if not panel.TOPICS & topics.NEEDS else None
    if other is not None:
        assert changed(before, panel.render(other, place, t)) == {}
    assert panel.TOPICS & topics.READERS


def test_a_change_of_one_unit_changes_its_tile_alone():
    view = views.ordinary()
    units = (replace(view.units[0], order="SO-2000"), *view.units[1:])
    found = changed(cells_of(view), cells_of(replace(view, units=units)))
    assert {name.rsplit("-fact", 1)[0] for name in found} == {"p0-work_units-0"}


def test_unused_slots_are_hidden_and_empty():
    cells = cells_of(views.empty())
    assert cells["p1-orders-0"]["c"].endswith(OFF)
    assert cells["p1-orders-0-order"]["t"] == ""
    assert cells["p1-orders-empty"] == {"t": "No open orders", "c": "mp-empty"}
    assert cells["p1-hours-empty"]["t"] == "No shift to show"


def test_a_figure_that_is_not_known_is_a_dash_and_says_why():
    cells = cells_of(views.empty())
    assert cells["p0-figures-first-pass"]["t"] == "–"
    assert cells["p0-figures-first-pass-below"]["t"] == "nothing made yet"
    assert cells["p0-figures-of"]["t"] == "no plan"


def test_old_figures_are_hatched_and_labelled_with_their_age():
    cells = cells_of(views.stale())
    for panel in ("p0-figures", "p0-work_units", "p1-hours", "p0-milestones"):
        assert "mp-stale" in cells[panel]["c"]
        assert cells[f"{panel}-age"] == {"t": "18 min old", "c": "mp-age"}
    assert "mp-stale" not in cells["p1-needs"]["c"]
    assert "mp-stale" not in cells["p0-bottleneck"]["c"]


def test_a_lost_log_makes_every_panel_old_and_says_so_in_the_header():
    cells = cells_of(views.cut_off())
    frames = [cells[place.prefix]["c"] for _, place in wall.panels_of(screen_of())]
    assert len(frames) > len(PANELS) and all("mp-stale" in css for css in frames)
    assert cells["header-log"]["t"] == "log not connected"
    assert cells["header-history"]["t"] == "recording 4 min behind"


def test_a_work_unit_without_signal_is_hatched_alone():
    cells = cells_of(views.ordinary())
    assert "mp-is-unknown" in cells["p0-work_units-9"]["c"]
    assert "mp-stale" in cells["p0-work_units-9"]["c"]
    assert cells["p0-work_units-9-fact-0"]["t"] == "no signal"
    assert "mp-stale" not in cells["p0-work_units-0"]["c"]


def test_a_replay_shows_the_logs_date_and_its_end():
    cells = cells_of(views.replayed())
    assert cells["header-replay"]["t"] == "replay, log ended"
    assert cells["header-day"]["t"] == "Nov 24, 2026"
    assert "mp-replay" in cells[ids.WALL_CLOCK]["c"]
    assert cells_of(views.ordinary())["header-replay"] == {"t": "", "c": OFF}


def test_the_clock_is_the_sites():
    assert cells_of(views.ordinary())[ids.WALL_CLOCK]["t"] == "11:42"


def test_off_shift_the_last_one_is_named():
    assert cells_of(views.off_shift())["header-shift"]["t"] == "off shift, last Early shift"


def test_of_more_work_units_than_fit_those_that_matter_are_shown_in_the_lines_order():
    cells = cells_of(views.crowded())
    tiles = [n for n in range(40) if f"p0-work_units-{n}" in cells]
    names = [cells[f"p0-work_units-{n}-name"]["t"] for n in tiles]
    troubled = [u.id for u in views.crowded().units if u.standing is not Standing.ON_TRACK]
    line = [u.id for u in views.crowded().units]
    assert names[:-1] == sorted(names[:-1], key=line.index)
    assert set(troubled) <= set(names)
    assert names[-1] == f"+{40 - len(tiles) + 1} more"


def test_all_pages_of_a_rotation_stay_as_long_as_they_are_told():
    pages = (Page(panels=("figures",), seconds=7), Page(panels=("orders",), seconds=90))
    tree = wall.layout(screen_of(pages=pages), translator("en"))
    found = {part.id: part for part in tree._traverse() if getattr(part, "id", None)}
    first, second = found[ids.wall_page(0)], found[ids.wall_page(1)]
    assert (getattr(first, "data-seconds"), getattr(second, "data-seconds")) == ("7", "90")
    assert (first.className, second.className) == ("mp-page mp-show", "mp-page")


def test_the_root_tells_theme_language_and_unit():
    tree = wall.layout(screen_of("zh-Hans", theme="light"), translator("zh-Hans"))
    assert getattr(tree, "data-theme") == "light"
    assert tree.lang == "zh-Hans"
    assert tree.style["--u"].startswith("calc(min(")


def test_the_clock_carries_its_time_zone_and_language():
    tree = wall.layout(screen_of("zh-Hant"), translator("zh-Hant"), "Asia/Taipei")
    parts = {part.id: part for part in tree._traverse() if getattr(part, "id", None)}
    clock, fresh = parts[ids.WALL_CLOCK], parts[ids.WALL_FRESH]
    assert getattr(clock, "data-tz") == "Asia/Taipei"
    assert getattr(clock, "data-locale") == "zh-Hant"
    assert getattr(fresh, "data-live") == "即時"
    assert ids.WALL_LOST in parts and ids.WALL_LOST_AGE in parts
