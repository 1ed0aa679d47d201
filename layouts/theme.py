"""Colours, sizes of type, and how each standing looks: class, shape and word.

`assets/tokens.css` holds the same colours; a test compares the two. Status colours are
the Okabe-Ito set's orange and vermilion, lightened or darkened for contrast.
"""

from msgspec import Struct

from data.domain.view import Standing
from layouts.text import msgid

# Type, in units of what must be read (one unit is a font whose capitals are READ_MM_PER_M
# high for each metre of distance).  Source: 20 minutes of arc; 16 are the least for words.
READ_MM_PER_M = 5.8
CAP_HEIGHT = 0.7
SUB = 0.8  # 16 minutes of arc: words that are read
LABEL = 0.62  # names of places on the screen, learnt once

DARK = {
    "ground": "#0d1014",
    "panel": "#14181e",
    "tile": "#1a2027",
    "edge": "#262e38",
    "track": "#2b343f",
    "ink": "#e8edf2",
    "mute": "#a3adb8",
    "faint": "#8a95a2",
    "bar": "#aeb9c4",
    "on-track": "#7fa396",
    "at-risk": "#e69f00",
    "late": "#ff7a40",
    "stopped-ground": "#3a1b10",
    "stopped-edge": "#8a3d1a",
    "stopped-ink": "#ffc3a5",
    "live": "#4cc396",
}
LIGHT = {
    "ground": "#eceff2",
    "panel": "#ffffff",
    "tile": "#f4f6f8",
    "edge": "#d3d9df",
    "track": "#dde2e7",
    "ink": "#14191f",
    "mute": "#4a545f",
    "faint": "#5d6772",
    "bar": "#6d7986",
    "on-track": "#426e61",
    "at-risk": "#8f5f00",
    "late": "#b83a00",
    "stopped-ground": "#ffe3d6",
    "stopped-edge": "#d55e00",
    "stopped-ink": "#7a2600",
    "live": "#13795b",
}
THEMES = {"dark": DARK, "light": LIGHT}


class Look(Struct, frozen=True):
    """Class that gives an element its tone and its shape, and the word beside it."""

    css: str
    word: str


LOOKS = {
    Standing.ON_TRACK: Look("mp-is-on-track", msgid("on track")),
    Standing.AT_RISK: Look("mp-is-at-risk", msgid("at risk")),
    Standing.LATE: Look("mp-is-late", msgid("late")),
    Standing.STOPPED: Look("mp-is-stopped", msgid("stopped")),
    Standing.DONE: Look("mp-is-done", msgid("done")),
    Standing.IDLE: Look("mp-is-idle", msgid("idle")),
    Standing.UNKNOWN: Look("mp-is-unknown", msgid("no signal")),
}

# From which share behind its plan a count is at risk, and late.
BEHIND_AT_RISK, BEHIND_LATE = 0.05, 0.15


def pace(good: float, planned: float) -> Standing:
    """Say how a count stands against its plan."""
    behind = (planned - good) / planned if planned > 0 else 0.0
    if behind >= BEHIND_LATE:
        return Standing.LATE
    return Standing.AT_RISK if behind >= BEHIND_AT_RISK else Standing.ON_TRACK
