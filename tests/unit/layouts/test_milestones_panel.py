"""The wall's milestones: what stands on their time axis, and what gives way to what."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from msgspec.structs import replace

from layouts.grid import Place, length
from layouts.panels import milestones as panel
from layouts.text import LOCALES, translator
from tests.browser.harness import views

MIDNIGHT = datetime(2026, 11, 23, 16, tzinfo=UTC)  # in Taipei
HOURS = [MIDNIGHT + timedelta(minutes=35 * step) for step in range(41)]
WIDE, SNUG = 24.0, 15.0


def place_of(width: float) -> Place:
    return Place(prefix="p", width=width, height=9.0)


def shown(now: datetime, width: float = WIDE, locale: str = "en"):
    """Words, where they begin and end, and the line of each tick, all in units; the now-line."""
    place, view = place_of(width), replace(views.ordinary(), now=now)
    cells = panel.render(view, place, translator(locale))
    track = width_of(place)
    found = []
    for number in range(panel.TICKS):
        tick = cells[place.id(f"tick-{number}")]
        if "mp-off" in tick["c"].split():
            continue
        x = track * float(tick["s"]["--x"].rstrip("%")) / 100
        wide = length(tick["t"], panel.TICK) + panel.TICK_PAD if tick["t"] else 0.0
        start = x - wide if "mp-ms-before" in tick["c"].split() else x
        found.append((tick["t"], start, start + wide, x))
    return found, track * float(cells[place.id("now")]["s"]["--x"].rstrip("%")) / 100


def width_of(place: Place) -> float:
    beside = panel.BESIDE_WHOLE if place.inner_width >= panel.WITH_SAID else panel.BESIDE_SNUG
    return place.inner_width - beside


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("width", [WIDE, SNUG, 11.0])
def test_at_no_hour_does_a_line_run_through_words_or_one_word_over_another(width, locale):
    for now in HOURS:
        ticks, now_x = shown(now, width, locale)
        worded = [tick for tick in ticks if tick[0]]
        for words, start, finish, _ in worded:
            crossing = [
                x for x in (now_x, *(t[3] for t in ticks)) if start + 0.02 < x < finish - 0.02
            ]
            assert crossing == [], (now, words)
        for (_, start, finish, _), (_, other, end, _) in combinations(worded, 2):
            assert finish <= other + 0.02 or end <= start + 0.02, now


def test_words_that_the_now_line_would_cross_stand_left_of_their_own_line():
    noon = MIDNIGHT + timedelta(hours=12)
    ticks, now_x = shown(noon + timedelta(minutes=80))
    [(_, start, finish, line)] = [tick for tick in ticks if tick[0] == "12:00" and tick[3] < now_x]
    assert start < finish == line < now_x


def test_words_stand_right_of_their_line_where_nothing_is_in_the_way():
    ticks, _ = shown(MIDNIGHT + timedelta(hours=19), 30.0)
    assert [(words, start == line) for words, start, _, line in ticks] == [
        ("Wed, Nov 25", True), ("12:00", True), ("12:00", True),
    ]  # fmt: skip


def test_an_hour_gives_way_to_the_day_before_it():
    late = MIDNIGHT + timedelta(hours=22, minutes=30)
    assert [words for words, *_ in shown(late, 22.0, "zh-Hant")[0]] == ["11月25日 週三", "12:00"]
    assert [words for words, *_ in shown(late, 20.5, "zh-Hant")[0]] == ["11月25日 週三"]
