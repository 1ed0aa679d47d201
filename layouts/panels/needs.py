"""Material that the line needs next: what, how much, by when, and what is known of it."""

from dash import html
from dash.development.base_component import Component

from data.domain.topics import CLOCK, FORECASTS, NEEDS, ORDERS, PLAN, READERS
from data.domain.view import NeedRow, Standing, WallView
from layouts.cells import Cells
from layouts.components.ages import log_age
from layouts.components.parts import cell, empty_cell, frame_cells, list_of, panel, shape
from layouts.grid import HEADS, Place, Size, lines
from layouts.text import Translator, msgid
from layouts.theme import LOOKS

TOPICS = CLOCK | FORECASTS | NEEDS | ORDERS | PLAN | READERS
SIZE = Size(width=1.0, height=1.0, least=4.4)

ROW = 1.3
MINUS = "\N{MINUS SIGN}"
DRIFT_S = 3600.0  # a forecast need date that is off by less is as planned
WITH_SUPPLIER, WITH_NAME = 22.0, 26.0  # inner widths from which a row also says these
COLUMNS = {
    "part": msgid("part"),
    "what": msgid("name"),
    "supplier": msgid("supplier"),
    "quantity": msgid("quantity"),
    "by": msgid("needed"),
    "known": msgid("delivery"),
}


def capacity(place: Place) -> int:
    """Return how many rows fit."""
    return lines(place.inner_height - HEADS, ROW)


def skeleton(place: Place, t: Translator) -> Component:
    """Return the panel with every row it has room for."""
    rows = [_row(place, number) for number in range(capacity(place))]
    body = [
        list_of(place, COLUMNS, rows, _rows_class(place), t),
        cell(place.id("empty"), "mp-empty mp-off"),
    ]
    return panel(place, "mp-needs", t("Material due"), body)


def render(view: WallView, place: Place, t: Translator) -> Cells:
    """Return the cells of the panel and of every row, the unused ones hidden."""
    slots, total = capacity(place), len(view.needs)
    note = t("{shown} of {total}", shown=min(slots, total), total=t.number(total))
    cells = frame_cells(place, "mp-needs", log_age(view, t), note if total > slots else "")
    cells[place.id("rows")] = {"c": _rows_class(place) + ("" if total else " mp-off")}
    cells[place.id("empty")] = empty_cell(t("No material is due"), not total)
    for number in range(slots):
        row = view.needs[number] if number < total else None
        cells |= _row_cells(place, number, row, view, t)
    return cells


def _rows_class(place: Place) -> str:
    return f"mp-rows mp-need-rows{_extent(place)}"


def _extent(place: Place) -> str:
    if place.inner_width >= WITH_NAME:
        return " mp-rows--whole"
    return " mp-rows--middle" if place.inner_width >= WITH_SUPPLIER else ""


def _row(place: Place, number: int) -> Component:
    cells = [
        cell(place.id(f"{number}-{name}"), f"mp-{name}", mark=name == "known") for name in COLUMNS
    ]
    return html.Div([shape(), *cells], id=place.id(str(number)), className="mp-row mp-off")


def _row_cells(
    place: Place, number: int, row: NeedRow | None, view: WallView, t: Translator
) -> Cells:
    values = dict.fromkeys(COLUMNS, "") if row is None else _values(row, view, t)
    css = "mp-row mp-off" if row is None else f"mp-row {LOOKS[row.standing].css}"
    cells: Cells = {place.id(str(number)): {"c": css}}
    for name, value in values.items():
        cells[place.id(f"{number}-{name}")] = {"t": value}
    return cells


def _values(row: NeedRow, view: WallView, t: Translator) -> dict[str, str]:
    return {
        "part": row.part,
        "what": row.name,
        "supplier": row.supplier,
        "quantity": t.number(row.quantity),
        "by": _by(row, view, t),
        "known": _known(row, view, t),
    }


def _by(row: NeedRow, view: WallView, t: Translator) -> str:
    """Return the planned date, and how much earlier or later the line is forecast to need it."""
    by = t.moment(row.need_by, view.timezone, view.now)
    drift_s = (row.forecast_by - row.need_by).total_seconds() if row.forecast_by else 0.0
    if abs(drift_s) < DRIFT_S:
        return by
    return f"{by} {'+' if drift_s > 0 else MINUS}{t.brief(abs(drift_s))}"


def _known(row: NeedRow, view: WallView, t: Translator) -> str:
    """Return the latest that is known of a need's delivery."""
    if row.received >= row.quantity or row.standing is Standing.DONE:
        return t("received")
    if row.shipped >= row.quantity:
        return t("shipped")
    if row.received:
        return t("{pieces} here", pieces=t.number(row.received))
    if row.shipped:
        return t("{pieces} sent", pieces=t.number(row.shipped))
    if row.promised_at is not None:
        return t.moment(row.promised_at, view.timezone, view.now)
    return t("no promise")
