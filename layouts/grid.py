"""Geometry of a wall: how much fits on a screen that is read from afar.

All lengths are in *units*: one unit is the font size of what must be read, so everything
here follows from the screen's size and the distance it is seen from. Pure.
"""

import math
import unicodedata
from collections.abc import Callable, Sequence
from functools import lru_cache

from msgspec import Struct

from layouts.theme import CAP_HEIGHT, READ_MM_PER_M

ASPECT = 16 / 9
MM_PER_INCH = 25.4
MARGIN, GAP, HEADER = 0.45, 0.32, 1.5
PAD_X, PAD_Y, TITLE, HEADS = 0.5, 0.36, 1.05, 0.75
LOWEST, HIGHEST = 10.0, 32.0  # units of height: below nothing fits, above it would look lost

Rows = tuple[tuple[str, ...], ...]


class Size(Struct, frozen=True, kw_only=True):
    """How much room a panel wants: shares of its row and column, and the least height.

    `fixed` gives the height that a panel always has, for a width.
    """

    width: float = 1.0
    height: float = 1.0
    least: float = 4.0
    fixed: Callable[[float], float] | None = None


class Place(Struct, frozen=True, kw_only=True):
    """Where a panel stands: the prefix of its ids and its outer size in units."""

    prefix: str
    width: float
    height: float

    def id(self, name: str) -> str:
        """Id of one of the panel's cells."""
        return f"{self.prefix}-{name}"

    @property
    def inner_width(self) -> float:
        """Width within the padding."""
        return self.width - 2 * PAD_X

    @property
    def inner_height(self) -> float:
        """Height within the padding, below the title."""
        return self.height - 2 * PAD_Y - TITLE


class Sheet(Struct, frozen=True, kw_only=True):
    """One screen in units, and what one unit is of the screen's height and width in per cent."""

    width: float
    height: float
    unit_vh: float
    unit_vw: float


def sheet(distance_m: float, diagonal_in: float) -> Sheet:
    """Measure a 16:9 screen in units."""
    unit_mm = distance_m * READ_MM_PER_M / CAP_HEIGHT
    height_mm = diagonal_in * MM_PER_INCH / math.hypot(1, ASPECT)
    height = min(HIGHEST, height_mm / unit_mm)
    width = height * ASPECT
    return Sheet(width=width, height=height, unit_vh=100 / height, unit_vw=100 / width)


def row_heights(rows: Rows, sizes: dict[str, Size], on: Sheet) -> list[float]:
    """Share the height below the header out among the rows of one page."""
    width = on.width - 2 * MARGIN
    left = on.height - 2 * MARGIN - HEADER - GAP * len(rows)
    fixed = [_fixed(row, sizes, width) if len(rows) > 1 else None for row in rows]
    left -= sum(height for height in fixed if height is not None)
    shares = [max(sizes[name].height for name in row) for row in rows]
    whole = sum(share for share, height in zip(shares, fixed, strict=True) if height is None)
    return [
        left * share / whole if height is None else height
        for share, height in zip(shares, fixed, strict=True)
    ]


def row_widths(row: Sequence[str], sizes: dict[str, Size], on: Sheet) -> list[float]:
    """Share the width of a row out among its panels."""
    left = on.width - 2 * MARGIN - GAP * (len(row) - 1)
    whole = sum(sizes[name].width for name in row)
    return [left * sizes[name].width / whole for name in row]


def _fixed(row: Sequence[str], sizes: dict[str, Size], width: float) -> float | None:
    fixed = sizes[row[0]].fixed
    return fixed(width) if fixed is not None and len(row) == 1 else None


def length(text: str, size: float = 1.0) -> float:
    """Estimate how wide a text is, in units: a little more than it will be."""
    return size * _signs(text)


@lru_cache(maxsize=16384)
def _signs(text: str) -> float:
    return sum(_sign(sign) for sign in text)


def _sign(sign: str) -> float:
    if unicodedata.east_asian_width(sign) in "WF":
        return 1.0
    if sign in ".,:;·/'il|jtfr":
        return 0.34
    if sign == " ":
        return 0.28
    if sign in "mMW@":
        return 0.92
    if sign.isdigit():
        return 0.62
    if sign == "%":
        return 0.82
    return 0.58 if sign.islower() and sign != "w" else 0.72


def lines(height: float, each: float) -> int:
    """Return how many lines of a height fit."""
    return max(0, int(height / each + 1e-9))
