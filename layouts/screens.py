"""The screens that hang on the walls: which line, how large, from how far, which pages.

Screens with a name of their own stand in `screens.yaml`; besides, every line of every
site has one, `<site>.<area>`. Read once at start.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from layouts.grid import LOWEST, Place, Rows, Sheet, Size, row_heights, row_widths, sheet
from layouts.ids import wall_panel
from layouts.panels import SIZES

FILE = Path(__file__).with_name("screens.yaml")
DEFAULTS, SCREENS = "defaults", "screens"
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")

# From which height in units a screen holds four panels below the key figures, and one.
ALL_ON_ONE, ONE_BELOW = 24.0, 15.5


class ScreensError(ValueError):
    """`screens.yaml` says something that can't be shown; the message names the key."""


class Page(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One page of a rotation: rows of panels, and how long it stays, in seconds."""

    panels: tuple[str | tuple[str, ...], ...]
    seconds: Annotated[float, Meta(ge=3, le=3600)] = 20.0

    @property
    def rows(self) -> Rows:
        """The panels, row by row."""
        return tuple((row,) if isinstance(row, str) else row for row in self.panels)


class Screen(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """One screen on a wall; `pages` empty: they follow from how much fits."""

    id: str
    site: str
    area: str
    locale: Literal["zh-Hant", "zh-Hans", "en"] = "en"
    theme: Literal["dark", "light"] = "dark"
    distance_m: Annotated[float, Meta(gt=0, le=100)] = 4.0
    diagonal_in: Annotated[float, Meta(gt=0, le=1000)] = 75.0
    pages: tuple[Page, ...] = ()

    @cached_property
    def sheet(self) -> Sheet:
        """The screen, measured in units of what must be read."""
        return sheet(self.distance_m, self.diagonal_in)

    @cached_property
    def rotation(self) -> tuple[Page, ...]:
        """The pages that take turns."""
        return self.pages or usual_pages(self.sheet)

    def places(self, number: int) -> list[list[tuple[str, Place]]]:
        """Return, row by row, the panels of a page and where they stand."""
        rows = self.rotation[number].rows
        heights = row_heights(rows, SIZES, self.sheet)
        return [
            [
                (name, Place(prefix=wall_panel(number, name), width=width, height=height))
                for name, width in zip(row, row_widths(row, SIZES, self.sheet), strict=True)
            ]
            for row, height in zip(rows, heights, strict=True)
        ]


class Screens(Struct, frozen=True, kw_only=True):
    """All screens: the named ones, and what the others have in common."""

    named: dict[str, Screen]
    defaults: dict[str, Any]

    def find(self, screen_id: str) -> Screen | None:
        """Return the named screen, or the one of `<site>.<area>`; None when it is neither.

        Whether the site and the area exist is the caller's to know.
        """
        if screen_id in self.named:
            return self.named[screen_id]
        site, _, area = screen_id.partition(".")
        if not (ID.fullmatch(site) and ID.fullmatch(area)):
            return None
        own = {"id": screen_id, "site": site, "area": area}
        return msgspec.convert(self.defaults | own, Screen)


def usual_pages(on: Sheet) -> tuple[Page, ...]:
    """Return the pages of a screen that names none: as few as can be read."""
    if on.height >= ALL_ON_ONE:
        return (
            Page(
                panels=("figures", ("work_units", "bottleneck"), ("milestones", "exceptions")),
                seconds=40.0,
            ),
            Page(panels=("figures", ("orders", "needs"), "hours"), seconds=15.0),
        )
    if on.height >= ONE_BELOW:
        return (
            Page(panels=("figures", "work_units"), seconds=30.0),
            Page(panels=("figures", "exceptions")),
            Page(panels=("figures", "bottleneck")),
            Page(panels=("figures", "milestones")),
            Page(panels=("figures", "orders")),
            Page(panels=("hours", "needs")),
        )
    names = (
        "work_units", "exceptions", "figures", "bottleneck", "milestones", "hours", "orders",
        "needs",
    )  # fmt: skip
    return tuple(Page(panels=(name,), seconds=12.0) for name in names)


def in_language(screen: Screen, locale: str) -> Screen:
    """Return the screen in another language, the viewer's own."""
    return msgspec.convert(msgspec.to_builtins(screen) | {"locale": locale}, Screen)


def load(path: Path = FILE) -> Screens:
    """Read the file of screens.

    Raises: ScreensError naming the key and what was expected there.
    """
    try:
        document = msgspec.yaml.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ScreensError(f"{path.name}: not readable as YAML: {error}") from error
    return parse(document, path.name)


def parse(document: Mapping[str, Any], name: str = FILE.name) -> Screens:
    """Make the screens of a document.

    Raises: ScreensError naming the key and what was expected there.
    """
    unknown = sorted(set(document) - {DEFAULTS, SCREENS})
    if unknown:
        raise ScreensError(f"{name}: {unknown[0]}: expected {DEFAULTS} or {SCREENS}")
    defaults = document.get(DEFAULTS) or {}
    _screen(defaults, {"id": "any", "site": "any", "area": "any"}, f"{name}: {DEFAULTS}")
    named = {
        key: _screen(defaults, dict(fields or {}) | {"id": key}, f"{name}: {SCREENS}.{key}")
        for key, fields in (document.get(SCREENS) or {}).items()
    }
    return Screens(named=named, defaults=defaults)


def _screen(defaults: Mapping[str, Any], fields: Mapping[str, Any], key: str) -> Screen:
    if not ID.fullmatch(str(fields["id"])):
        raise ScreensError(f"{key}: expected an id of letters, digits, - and _")
    try:
        screen = msgspec.convert({**defaults, **fields}, Screen)
    except msgspec.ValidationError as error:
        raise ScreensError(f"{key}: {error}") from error
    _check_size(screen, key)
    for number, page in enumerate(screen.rotation):
        _check_page(screen, number, page, f"{key}.pages[{number}]")
    return screen


def _check_size(screen: Screen, key: str) -> None:
    height = screen.sheet.height
    if height < LOWEST:
        least = screen.diagonal_in * LOWEST / height
        raise ScreensError(
            f"{key}.diagonal_in: {screen.diagonal_in:g} inches can't be read from "
            f"{screen.distance_m:g} m; expected at least {least:.0f}"
        )


def _check_page(screen: Screen, number: int, page: Page, key: str) -> None:
    names = [name for row in page.rows for name in row]
    for name in names:
        if name not in SIZES:
            raise ScreensError(f"{key}.panels: {name!r}, expected one of {', '.join(SIZES)}")
    if not names or not all(page.rows) or len(set(names)) < len(names):
        raise ScreensError(f"{key}.panels: expected at least one panel a row, each once")
    for row in screen.places(number):
        for name, place in row:
            _check_room(SIZES[name], place, name, key)


def _check_room(size: Size, place: Place, name: str, key: str) -> None:
    if place.height < size.least - 1e-9:
        raise ScreensError(
            f"{key}.panels: no room for {name}: {place.height:.1f} lines where it needs "
            f"{size.least:.1f}; expected fewer rows, a larger screen or a shorter distance"
        )
