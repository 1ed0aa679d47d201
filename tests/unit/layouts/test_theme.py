"""Colours: the same in Python and in CSS, and readable in both themes."""

import re
from pathlib import Path

import pytest

from layouts.theme import LOOKS, THEMES

ASSETS = Path(__file__).parents[3] / "assets"
ON_PANEL = ("ink", "mute", "faint", "at-risk", "late", "on-track", "live")


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def css_colours(theme):
    css = (ASSETS / "tokens.css").read_text()
    block = css[css.index(f'[data-theme="{theme}"]') :]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block[: block.index("}")]))


@pytest.mark.parametrize("theme", THEMES)
def test_the_stylesheet_has_the_themes_colours(theme):
    assert css_colours(theme) == THEMES[theme]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["ground", "panel", "tile"])
@pytest.mark.parametrize("ink", ON_PANEL)
def test_words_have_contrast_enough(theme, ground, ink):
    colours = THEMES[theme]
    assert contrast(colours[ink], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ink", ["ink", "stopped-ink", "late"])
def test_words_on_a_stopped_unit_have_contrast_enough(theme, ink):
    colours = THEMES[theme]
    assert contrast(colours[ink], colours["stopped-ground"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_bars_stand_out_from_their_panel(theme):
    assert contrast(THEMES[theme]["bar"], THEMES[theme]["panel"]) >= 3


def test_every_standing_has_a_tone_and_a_shape():
    css = (ASSETS / "tokens.css").read_text()
    for look in LOOKS.values():
        rule = css[css.index(f".{look.css} {{") :]
        rule = rule[: rule.index("}")]
        assert "--tone:" in rule and "--clip:" in rule


def test_no_stylesheet_asks_another_machine():
    for path in ASSETS.glob("*.css"):
        assert not re.search(r"https?:|//[a-z]|@import", re.sub(r"/\*.*?\*/", "", path.read_text()))
