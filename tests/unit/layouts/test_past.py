"""A wall that looks back says so, and offers ways to other instants."""

from datetime import UTC, datetime

import pytest

from layouts.pages import past, wall
from layouts.panels.header import Then
from layouts.text import LOCALES, translator
from tests.unit.layouts.walls import screen_of

AT = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
BACK, ON = "/wall/s?at=2026-11-21T14%3A15", "/wall/s?at=2026-11-21T14%3A45"


def parts(locale: str, on: str | None = ON) -> dict[str, object]:
    then = Then(AT, BACK, on, "/wall/s")
    tree = wall.layout(screen_of(locale), translator(locale), "Asia/Taipei", then)
    return {part.id: part for part in (tree, *tree._traverse()) if getattr(part, "id", None)}


def test_the_root_tells_the_script_to_stand_still():
    assert getattr(parts("en")["wall"], "data-at") == AT.isoformat()
    live = wall.layout(screen_of("en"), translator("en"))
    assert not hasattr(live, "data-at")


@pytest.mark.parametrize("locale", LOCALES)
def test_the_header_says_which_instant_in_place_of_how_fresh_it_is(locale):
    found = parts(locale)
    assert "wall-fresh" not in found
    (words,) = [
        part.children
        for part in found["header"]._traverse()
        if getattr(part, "className", "") == "mp-then-words"
    ]
    assert "14:30" in words
    assert {"en": "replay", "zh-Hant": "回放", "zh-Hans": "回放"}[locale] in words


def test_the_ways_lead_back_on_and_to_the_live_wall():
    found = parts("en")
    assert [found[name].href for name in ("wall-back", "wall-on", "wall-live")] == [
        BACK, ON, "/wall/s",
    ]  # fmt: skip
    assert not hasattr(parts("en", on=None)["wall-on"], "href")


@pytest.mark.parametrize("locale", LOCALES)
def test_each_reason_for_no_past_has_its_page(locale):
    t = translator(locale)
    pages = [
        past.not_an_instant("soon", t),
        past.no_such_instant(True, "soon", t),
        past.no_such_instant(False, "soon", t),
        past.no_history("soon", t),
    ]
    said = {str(page.to_plotly_json()) for page in pages}
    assert len(said) == 4
