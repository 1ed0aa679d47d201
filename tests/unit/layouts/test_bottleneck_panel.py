"""The bottleneck on the wall: its panel, and its outline on the line."""

import pytest
from msgspec.structs import replace

from data.domain.bottleneck.opinions import Method
from data.domain.bottleneck.shares import VerdictReason
from layouts.grid import Place
from layouts.panels import bottleneck, work_units
from layouts.panels.bottleneck import METHODS, REASONS, room
from layouts.text import translator
from tests.browser.harness import views
from tests.browser.harness.shift import BOTTLENECK, NOW, minutes

T = translator("en")
PLACE = Place(prefix="p", width=18.5, height=10.5)
WIDE = Place(prefix="p", width=44.0, height=12.0)
LOW = Place(prefix="p", width=17.0, height=7.0)


def said(fact, place=PLACE, **view):
    cells = bottleneck.render(replace(views.ordinary(), bottleneck=fact, **view), place, T)
    return {name.removeprefix("p-"): cell for name, cell in cells.items()}


def test_it_names_who_leads_for_how_long_and_says_that_it_may_change():
    cells = said(BOTTLENECK)
    assert cells["unit"]["t"] == "SEL-1"
    assert cells["active"]["t"] == "2 h 10 min active"
    assert cells["provisional"]["t"] == "provisional"
    assert cells["verdict"]["t"] == "Clear over 24 h: SEL-1"


def test_the_time_goes_on_between_two_words_of_the_watch():
    older = replace(BOTTLENECK, as_of=NOW - minutes(4))
    assert said(older)["active"]["t"] == "2 h 14 min active"


def test_bars_show_todays_shares_and_the_one_that_leads():
    cells = said(BOTTLENECK)
    assert [cells[f"{n}-share"]["t"] for n in (0, 1)] == ["46 %", "27 %"]
    assert cells["0-sole"]["s"] == {"--w": "31.0%"} and cells["0-all"]["s"] == {"--w": "46.0%"}
    assert "mp-bn-leads" in cells["bar-0"]["c"] and "mp-bn-leads" not in cells["bar-1"]["c"]


def test_less_than_all_is_never_all():
    share = replace(BOTTLENECK.today[0], share=0.997)
    assert said(replace(BOTTLENECK, today=(share,)))["0-share"]["t"] == "99 %"
    assert said(replace(BOTTLENECK, today=(replace(share, share=1.0),)))["0-share"]["t"] == "100 %"


def test_methods_are_named_where_there_is_room_and_counted_where_not():
    assert said(BOTTLENECK, WIDE)["methods"]["t"] == "✓ arrow method  ≠ turning point"
    assert said(BOTTLENECK)["methods"]["t"] == "1 of 2 methods agree"
    assert said(replace(BOTTLENECK, agree=(), differ=()))["methods"]["t"] == ""


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (VerdictReason.INTERVALS_OVERLAP, "No clear bottleneck in 24 h: several take turns"),
        (VerdictReason.TOO_FEW_SEGMENTS, "No clear bottleneck in 24 h: too few changes to tell"),
        (VerdictReason.NOTHING_ACTIVE, "Nothing was active in 24 h"),
    ],
)
def test_no_clear_bottleneck_is_said_with_its_reason(reason, words):
    fact = replace(BOTTLENECK, clear=None, reason=reason)
    assert said(fact, WIDE)["verdict"]["t"] == words


def test_every_reason_and_method_has_its_words():
    assert set(REASONS) == set(VerdictReason) - {VerdictReason.CLEAR}
    assert set(METHODS) == {method.value for method in Method}


def test_the_last_shifts_stand_in_a_row_the_running_one_marked():
    cells = said(BOTTLENECK, WIDE)
    assert cells["chip-5-shift"]["t"] == "06:00 49 %" and cells["chip-5-unit"]["t"] == "SEL-1"
    assert "mp-bn-chip--runs" in cells["chip-5"]["c"]
    assert cells["chip-2-unit"]["t"] == "several" and "mp-bn-chip--open" in cells["chip-2"]["c"]


def test_off_shift_nobody_is_named():
    cells = said(views.nobody())
    assert cells["unit"]["t"] == "line off shift"
    assert cells["provisional"]["t"] == cells["active"]["t"] == ""


def test_before_the_watch_has_looked_the_panel_says_so():
    cells = said(None)
    assert cells["empty"] == {"t": "No finding for this time", "c": "mp-empty"}
    assert cells["now"]["c"].endswith("mp-off")


def test_the_word_of_a_silent_watch_is_old():
    readers = replace(views.ordinary().readers, watch_lag_s=1080.0)
    cells = said(BOTTLENECK, readers=readers)
    assert "mp-stale" in cells["p"]["c"]
    assert cells["age"] == {"t": "18 min old", "c": "mp-age"}
    assert said(BOTTLENECK)["age"]["t"] == ""


def test_where_it_is_low_bars_come_before_the_trend():
    assert (room(LOW).bars, room(LOW).chips) == (2, 0)
    assert room(PLACE).chips == 3 and room(PLACE).bars >= 3
    assert room(WIDE).bars == 5 and room(WIDE).chips == 8


def tiles(view, place):
    cells = work_units.render(view, place, T)
    return {
        cells[f"p-{n}-name"]["t"]: (cells[f"p-{n}"]["c"], cells[f"p-{n}-mark"])
        for n in range(work_units.capacity(place))
        if cells[f"p-{n}-name"]["t"]
    }


def test_the_bottleneck_is_outlined_on_the_line_and_named_in_a_word():
    place = Place(prefix="p", width=44.0, height=14.0)
    view = replace(views.ordinary(), units=views.ordinary().units[:4])
    css, mark = tiles(view, place)["SEL-1"]
    assert "mp-tile--bottleneck" in css
    assert mark == {"t": "bottleneck", "c": "mp-tile-mark"}
    others = [css for name, (css, _) in tiles(view, place).items() if name != "SEL-1"]
    assert not any("mp-tile--bottleneck" in css for css in others)


def test_where_there_is_no_room_for_the_word_a_sign_stands():
    _, mark = tiles(views.ordinary(), Place(prefix="p", width=30.0, height=10.0))["SEL-1"]
    assert mark["t"] == work_units.MARK


def test_where_there_is_no_room_for_the_sign_either_the_name_stays_whole_in_its_outline():
    css, mark = tiles(views.ordinary(), Place(prefix="p", width=27.0, height=10.0))["SEL-1"]
    assert "mp-tile--bottleneck" in css
    assert mark == {"t": "", "c": "mp-tile-mark mp-off"}


def test_the_bottleneck_always_has_a_tile():
    fact = replace(BOTTLENECK, work_unit="34")
    place = Place(prefix="p", width=30.0, height=9.0)
    assert "34" in tiles(replace(views.crowded(), bottleneck=fact), place)


def test_without_a_bottleneck_no_tile_is_outlined():
    view = replace(views.ordinary(), bottleneck=views.nobody())
    found = tiles(view, Place(prefix="p", width=30.0, height=10.0))
    assert not any("mp-tile--bottleneck" in css for css, _ in found.values())
