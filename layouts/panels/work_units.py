"""The andon: the line's work units in the order of flow, each with shape, word, order, since."""

import math

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.events import WorkUnitState
from data.domain.topics import (
    BOTTLENECK,
    CLOCK,
    OPERATIONS,
    ORDERS,
    PLAN,
    READERS,
    SIGNALS,
    WORK_UNITS,
)
from data.domain.view import Standing, UnitTile, WallView
from layouts.cells import Cells
from layouts.components.ages import floor_age
from layouts.components.parts import cell, empty_cell, frame_cells, panel, shape
from layouts.grid import Place, Size, length, lines
from layouts.text import NONE, Translator, msgid
from layouts.theme import LABEL, LOOKS, SUB

TOPICS = BOTTLENECK | CLOCK | OPERATIONS | ORDERS | PLAN | READERS | SIGNALS | WORK_UNITS
SIZE = Size(width=1.62, height=1.6, least=3.9)

TILE_GAP = 0.22
WIDE, NARROW = 5.2, 4.6  # least widths of a tile with facts, of one with its name alone
NAME_LINE, FACT_LINE, TILE_PAD = 1.2, SUB * 1.2, 0.44
TILE_SIDE, SHAPE = 0.28, 1.06
FACTS = 3
MARK, MARK_GAP = "◆", 0.3

STATES = {
    WorkUnitState.PROCESSING: msgid("running"),
    WorkUnitState.SETUP: msgid("setup"),
    WorkUnitState.DOWN: msgid("down"),
    WorkUnitState.REPAIR: msgid("repair"),
    WorkUnitState.MAINTENANCE: msgid("maintenance"),
    WorkUnitState.TOOL_CHANGE: msgid("tool change"),
    WorkUnitState.STARVED: msgid("starved"),
    WorkUnitState.BLOCKED: msgid("blocked"),
    WorkUnitState.WAITING_FOR_TRANSPORT: msgid("waits for transport"),
    WorkUnitState.OFF_SHIFT: msgid("off shift"),
    WorkUnitState.UNKNOWN: msgid("unknown"),
}
_URGENCY = (Standing.STOPPED, Standing.LATE, Standing.AT_RISK, Standing.UNKNOWN, Standing.IDLE)


class Raster(Struct, frozen=True):
    """How tiles are laid out: columns, rows, and how many facts stand below each name."""

    columns: int
    rows: int
    facts: int

    @property
    def tiles(self) -> int:
        """How many tiles there is room for."""
        return self.columns * self.rows


def raster(place: Place, count: int) -> Raster:
    """Choose the roomiest layout that holds `count` tiles, else the one that holds most."""
    width, height = place.inner_width + TILE_GAP, place.inner_height + TILE_GAP
    for facts in range(FACTS, -1, -1):
        tile = TILE_PAD + NAME_LINE + facts * FACT_LINE
        most = max(1, int(width / ((WIDE if facts else NARROW) + TILE_GAP)))
        rows = max(1, lines(height, tile + TILE_GAP))
        if count <= most * rows and TILE_PAD + NAME_LINE + facts * FACT_LINE <= height:
            used = math.ceil(count / most) or 1
            return Raster(math.ceil(count / used) or 1, used, _facts_in(height / used))
    return Raster(most, rows, 0)


def _facts_in(height: float) -> int:
    return min(FACTS, lines(height - TILE_GAP - TILE_PAD - NAME_LINE, FACT_LINE))


def capacity(place: Place) -> int:
    """Return how many tiles a panel ever shows."""
    return raster(place, 10**6).tiles


def skeleton(place: Place, t: Translator) -> Component:
    """Return the panel with every tile it has room for."""
    tiles = [_tile(place, number) for number in range(capacity(place))]
    body = [
        html.Div(tiles, id=place.id("raster"), className="mp-raster"),
        cell(place.id("empty"), "mp-empty mp-off"),
    ]
    return panel(place, "mp-units", t("Work units, in the order of flow"), body)


def render(view: WallView, place: Place, t: Translator) -> Cells:
    """Return the cells of the panel and of every tile, the unused ones hidden."""
    layout, slots = raster(place, len(view.units)), capacity(place)
    held_by = view.bottleneck.work_unit if view.bottleneck else None
    shown, rest = _choose(view.units, min(slots, layout.tiles), held_by)
    note = t("{running} of {units} running", running=_running(view), units=len(view.units))
    cells = frame_cells(place, "mp-units", floor_age(view, t), note if view.units else "")
    cells[place.id("raster")] = {
        "s": {"--columns": str(layout.columns), "--rows": str(layout.rows)},
        "c": _raster_class(layout) if view.units else "mp-raster mp-off",
    }
    cells[place.id("empty")] = empty_cell(t("This line has no work units yet"), not view.units)
    width = (place.inner_width + TILE_GAP) / layout.columns - TILE_GAP - 2 * TILE_SIDE
    tight = any(length(unit.id) > width - SHAPE for unit in shown)
    for number in range(slots):
        if number < len(shown):
            facts = _facts(shown[number], view, width, t)[: layout.facts]
            holds = shown[number].id == held_by
            mark = _mark(shown[number], width, tight, t) if holds else ""
            cells |= _tile_cells(place, number, shown[number], facts, tight, holds)
            cells |= _mark_cells(place, number, mark)
        else:
            cells |= _rest_cells(place, number, rest if number == len(shown) else 0, t)
    return cells


def _tile(place: Place, number: int) -> Component:
    name = html.Div(
        [
            shape(),
            cell(place.id(f"{number}-name"), "mp-name"),
            cell(place.id(f"{number}-mark"), "mp-tile-mark mp-off"),
        ],
        className="mp-tile-name",
    )
    facts = [cell(place.id(f"{number}-fact-{i}"), "mp-fact") for i in range(FACTS)]
    return html.Div([name, *facts], id=place.id(str(number)), className="mp-tile mp-off")


def _raster_class(layout: Raster) -> str:
    return "mp-raster" if layout.facts else "mp-raster mp-raster--names"


def _mark(unit: UnitTile, width: float, tight: bool, t: Translator) -> str:
    """Return what stands beside the bottleneck's name: the word, or a sign, or nothing.

    Its tile is outlined as well, so its name comes first where there is no room for both.
    """
    left = width - SHAPE - length(unit.id, SUB if tight else 1.0) - MARK_GAP
    fitting = (said for said in (t("bottleneck"), MARK) if length(said, LABEL) <= left)
    return next(fitting, "")


def _mark_cells(place: Place, number: int, mark: str) -> Cells:
    css = "mp-tile-mark" if mark else "mp-tile-mark mp-off"
    return {place.id(f"{number}-mark"): {"t": mark, "c": css}}


def _choose(
    units: tuple[UnitTile, ...], room: int, held_by: str | None
) -> tuple[list[UnitTile], int]:
    """Keep the line's order; where not all fit, the last tile counts those that are well."""
    if len(units) <= room:
        return list(units), 0
    ranks = {standing: rank for rank, standing in enumerate(_URGENCY)}
    first = [_rank(unit, ranks, held_by) for unit in units]
    urgent = sorted(range(len(units)), key=lambda i: (first[i], i))
    kept = sorted(urgent[: room - 1])
    return [units[i] for i in kept], len(units) - len(kept)


def _rank(unit: UnitTile, ranks: dict[Standing, int], held_by: str | None) -> int:
    return 0 if unit.id == held_by else ranks.get(_standing(unit), 9)


def _running(view: WallView) -> int:
    return sum(unit.state is WorkUnitState.PROCESSING and not unit.stale for unit in view.units)


def _standing(unit: UnitTile) -> Standing:
    return Standing.UNKNOWN if unit.stale else unit.standing


def _tile_cells(
    place: Place, number: int, unit: UnitTile, facts: list[str], tight: bool, holds: bool
) -> Cells:
    stale = " mp-stale" if unit.stale else ""
    outline = " mp-tile--bottleneck" if holds else ""
    css = f"mp-tile {LOOKS[_standing(unit)].css}{stale}{outline}"
    toned = 1 if unit.late_s and not unit.stale else -1
    cells: Cells = {
        place.id(str(number)): {"c": css},
        place.id(f"{number}-name"): {
            "t": unit.id,
            "c": "mp-name mp-name--long" if tight else "mp-name",
        },
    }
    for i in range(FACTS):
        fact = facts[i] if i < len(facts) else ""
        css = "mp-fact mp-toned" if i == toned else "mp-fact"
        cells[place.id(f"{number}-fact-{i}")] = {"t": fact, "c": css if fact else "mp-fact mp-off"}
    return cells


def _facts(unit: UnitTile, view: WallView, width: float, t: Translator) -> list[str]:
    """Return what to say of a unit, the weightiest first."""
    if unit.stale:
        age = t.duration(unit.signal_age_s) if unit.signal_age_s is not None else ""
        return [t("no signal"), t("{age} ago", age=age)] if age else [t("no signal")]
    if unit.state is None:
        return [NONE, t("nothing heard yet")]
    late = t("+{duration}", duration=t.brief(unit.late_s)) if unit.late_s else ""
    reason = unit.reason if unit.standing is Standing.STOPPED else ""
    state, since = t(STATES[unit.state]), _since(unit, view, t)
    both = t("{state} {duration}", state=state, duration=since)
    if since and length(both, SUB) <= width:
        state, since = both, ""
    rest = (since, unit.order) if reason else (unit.order, since)
    return [fact for fact in (state, late, reason, *rest) if fact]


def _since(unit: UnitTile, view: WallView, t: Translator) -> str:
    return t.brief((view.now - unit.since).total_seconds()) if unit.since else ""


def _rest_cells(place: Place, number: int, rest: int, t: Translator) -> Cells:
    """Hide a tile, or let it count the work units that have no tile."""
    cells: Cells = {
        place.id(str(number)): {"c": "mp-tile mp-rest" if rest else "mp-tile mp-off"},
        place.id(f"{number}-name"): {
            "t": t("+{count} more", count=rest) if rest else "",
            "c": "mp-name mp-name--long",
        },
    }
    cells |= _mark_cells(place, number, "")
    for i in range(FACTS):
        cells[place.id(f"{number}-fact-{i}")] = {"t": "", "c": "mp-fact mp-off"}
    return cells
