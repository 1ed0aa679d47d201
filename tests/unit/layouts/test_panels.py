"""What single panels say, and how they choose what fits."""

import pytest
from msgspec.structs import replace

from data.domain.view import Standing
from layouts.grid import Place
from layouts.panels import figures, hours, needs, orders, work_units
from layouts.text import translator
from layouts.theme import LOOKS, pace
from tests.browser.harness import views

T = translator("en")
WIDE = Place(prefix="p", width=49.0, height=12.0)
STRIP = Place(prefix="p", width=49.0, height=4.4)


def test_output_behind_its_plan_says_by_how_much():
    cells = figures.render(views.ordinary(), STRIP, T)
    assert cells["p-good"]["t"] == "412"
    assert cells["p-of"]["t"] == "of 460 by now"
    assert cells["p-pace"]["t"] == "48 behind"
    assert cells["p-pace-chip"]["c"] == "mp-pace-chip mp-is-at-risk"
    assert cells["p-done"]["s"] == {"--w": "64.4%"}
    assert cells["p-due"]["s"] == {"--w": "71.9%"}


@pytest.mark.parametrize(("good", "words"), [(460, "on plan"), (463, "3 ahead"), (459, "1 behind")])
def test_output_says_how_far_it_is_from_its_plan(good, words):
    view = views.ordinary()
    cells = figures.render(replace(view, figures=replace(view.figures, good=good)), STRIP, T)
    assert cells["p-pace"]["t"] == words


def test_a_count_of_none_late_is_quiet():
    view = views.ordinary()
    quiet = replace(view, figures=replace(view.figures, late=0))
    cells = figures.render(quiet, STRIP, T)
    assert cells["p-late-count"]["c"] == "mp-count mp-is-none"
    assert cells["p-at-risk-count"]["c"] == "mp-count mp-is-at-risk"


def test_a_long_number_is_set_smaller():
    assert figures.render(views.ordinary(), STRIP, T)["p-good"]["c"] == "mp-value"
    narrow = replace(STRIP, width=29.0)
    assert figures.render(views.huge(), narrow, T)["p-good"]["c"] != "mp-value"


@pytest.mark.parametrize(
    ("good", "standing"),
    [
        (100, Standing.ON_TRACK),
        (96, Standing.ON_TRACK),
        (95, Standing.AT_RISK),
        (85, Standing.LATE),
    ],
)
def test_the_pace_of_a_count(good, standing):
    assert pace(good, 100) is standing


def test_without_a_plan_nothing_is_behind():
    assert pace(0, 0) is Standing.ON_TRACK


def test_every_standing_has_a_look_of_its_own():
    assert set(LOOKS) == set(Standing)
    assert len({look.css for look in LOOKS.values()}) == len(Standing)
    assert len({look.word for look in LOOKS.values()}) == len(Standing)


def test_a_bar_is_as_high_as_its_share_of_the_highest():
    cells = hours.render(views.ordinary(), WIDE, T)
    assert cells["p-0-bar"]["s"] == {"--h": f"{100 * 78 / 81:.1f}%"}
    assert cells["p-1-bar"]["s"] == {"--h": "100.0%"}
    assert cells["p-0-hour"]["t"] == "06:00"


def test_an_order_says_how_late_it_may_be_when_its_p80_is():
    cells = orders.render(views.ordinary(), WIDE, T)
    assert cells["p-1-slack"]["t"] == "42 min late"
    assert cells["p-2-slack"]["t"] == "maybe 2.5 h late"
    assert cells["p-3-slack"]["t"] == "1.3 h spare"


def test_a_need_says_how_far_its_forecast_date_is_from_plan():
    cells = needs.render(views.ordinary(), WIDE, T)
    assert cells["p-0-by"]["t"] == "14:12"
    assert cells["p-1-by"]["t"] == "15:12 +12 h"
    assert cells["p-3-by"]["t"] == "17:42 \N{MINUS SIGN}2.2 h"


def test_an_hour_far_behind_its_plan_stands_out_once_it_is_over():
    cells = hours.render(views.ordinary(), WIDE, T)
    assert cells["p-4"]["c"] == "mp-hour mp-is-late"
    assert cells["p-4-gap"]["t"] == "−16"
    assert cells["p-5"]["c"] == "mp-hour mp-running"
    assert cells["p-5-gap"]["t"] == ""
    assert cells["p-6"]["c"] == "mp-hour mp-ahead"
    assert cells["p-6-good"]["t"] == ""


def test_when_not_all_hours_fit_the_running_one_and_the_next_do():
    small = replace(WIDE, width=12.0)
    cells = hours.render(views.ordinary(), small, T)
    shown = [cells[f"p-{number}-hour"]["t"] for number in range(hours.capacity(small))]
    assert shown == ["09:00", "10:00", "11:00", "12:00"]


def test_a_number_too_long_for_its_hour_is_shortened():
    cells = hours.render(views.huge(), WIDE, T)
    assert cells["p-0-good"]["t"] == "100K"


def test_orders_say_what_is_done_of_them_and_how_late_they_are():
    cells = orders.render(views.ordinary(), WIDE, T)
    assert cells["p-0"]["c"] == "mp-row mp-is-late"
    assert cells["p-0-place"]["t"] == "3 of 7, SEL"
    assert cells["p-0-slack"]["t"] == "5.1 h late"
    assert cells["p-0-due-at"]["t"] == "19:42"
    assert cells["p-3-due-at"]["t"] == "Wed 13:42"


def test_the_list_says_how_many_of_how_many_it_shows():
    cells = orders.render(views.ordinary(), WIDE, T)
    assert cells["p-note"]["t"] == f"{orders.capacity(WIDE)} of 9"


def test_a_need_says_the_latest_that_is_known():
    known = [
        needs.render(views.ordinary(), WIDE, T)[f"p-{number}-known"]["t"] for number in range(6)
    ]
    assert known == ["Wed 07:42", "no promise", "shipped", "14:42", "400 here", "received"]


def test_a_stopped_unit_says_its_reason_and_a_late_one_how_late():
    cells = work_units.render(views.ordinary(), WIDE, T)
    assert [cells[f"p-5-fact-{i}"]["t"] for i in range(3)] == [
        "down 27 min",
        "feeder jam",
        "SO-1168",
    ]
    assert "mp-is-stopped" in cells["p-5"]["c"]
    assert cells["p-8-fact-1"] == {"t": "+2.3 h", "c": "mp-fact mp-toned"}


@pytest.mark.parametrize("count", [0, 1, 3, 5, 10, 12, 20, 40])
def test_tiles_fit_their_panel(count):
    layout = work_units.raster(WIDE, count)
    tile = work_units.TILE_PAD + work_units.NAME_LINE + layout.facts * work_units.FACT_LINE
    gaps = (layout.rows - 1) * work_units.TILE_GAP
    assert layout.rows * tile + gaps <= WIDE.inner_height + 1e-9
    assert layout.tiles >= count or layout.tiles == work_units.capacity(WIDE)


def test_fewer_units_have_more_room_each():
    facts = [work_units.raster(WIDE, count).facts for count in (5, 12, 24, 40)]
    assert facts == sorted(facts, reverse=True)


def test_where_there_is_no_room_for_words_the_distance_from_the_plan_is_a_signed_number():
    view = views.ordinary()
    behind = replace(view, figures=replace(view.figures, good=12_345, planned_now=15_000.0))
    narrow = replace(STRIP, width=28.0)
    assert figures.render(behind, STRIP, T)["p-pace"]["t"] == "2,655 behind"
    assert figures.render(behind, narrow, T)["p-pace"]["t"] == "−2,655"
