"""Open orders of the line, those at most risk first: what, where, due, how much too late."""

from dash import html
from dash.development.base_component import Component

from data.domain.topics import CLOCK, FORECASTS, OPERATIONS, ORDERS, PLAN, READERS, SIGNALS
from data.domain.view import RiskRow, Standing, WallView
from layouts.cells import Cells
from layouts.components.ages import floor_age
from layouts.components.parts import cell, empty_cell, frame_cells, legend, list_of, panel, shape
from layouts.grid import HEADS, Place, Size, lines
from layouts.text import Translator, msgid
from layouts.theme import LOOKS

TOPICS = CLOCK | FORECASTS | OPERATIONS | ORDERS | PLAN | READERS | SIGNALS
SIZE = Size(width=1.0, height=1.6, least=4.4)

ROW = 1.3
# Inner widths from which there is room for the legend, and in a row for product and place.
WITH_LEGEND, WITH_PRODUCT, WITH_PLACE = 17.0, 21.0, 26.0
COLUMNS = {
    "order": msgid("order"),
    "product": msgid("product"),
    "place": msgid("step"),
    "due-at": msgid("due"),
    "slack": msgid("forecast"),
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
    standings = (Standing.LATE, Standing.AT_RISK, Standing.ON_TRACK)
    key = legend(t, standings) if place.inner_width >= WITH_LEGEND else None
    return panel(place, "mp-orders", t("Orders by risk"), body, key)


def render(view: WallView, place: Place, t: Translator) -> Cells:
    """Return the cells of the panel and of every row, the unused ones hidden."""
    slots, total = capacity(place), len(view.orders)
    note = t("{shown} of {total}", shown=min(slots, total), total=t.number(total))
    cells = frame_cells(place, "mp-orders", floor_age(view, t), note if total > slots else "")
    cells[place.id("rows")] = {"c": _rows_class(place) + ("" if total else " mp-off")}
    cells[place.id("empty")] = empty_cell(t("No open orders"), not total)
    for number in range(slots):
        row = view.orders[number] if number < total else None
        cells |= _row_cells(place, number, row, view, t)
    return cells


def _rows_class(place: Place) -> str:
    return f"mp-rows mp-order-rows{_extent(place)}"


def _extent(place: Place) -> str:
    if place.inner_width >= WITH_PLACE:
        return " mp-rows--whole"
    return " mp-rows--middle" if place.inner_width >= WITH_PRODUCT else ""


def _row(place: Place, number: int) -> Component:
    cells = [
        cell(place.id(f"{number}-{name}"), f"mp-{name}", mark=name == "slack") for name in COLUMNS
    ]
    return html.Div([shape(), *cells], id=place.id(str(number)), className="mp-row mp-off")


def _row_cells(
    place: Place, number: int, row: RiskRow | None, view: WallView, t: Translator
) -> Cells:
    values = dict.fromkeys(COLUMNS, "") if row is None else _values(row, view, t)
    css = "mp-row mp-off" if row is None else f"mp-row {LOOKS[row.standing].css}"
    cells: Cells = {place.id(str(number)): {"c": css}}
    for name, value in values.items():
        cells[place.id(f"{number}-{name}")] = {"t": value}
    return cells


def _values(row: RiskRow, view: WallView, t: Translator) -> dict[str, str]:
    return {
        "order": row.order,
        "product": row.product,
        "place": _step(row, t),
        "due-at": t.moment(row.due_at, view.timezone, view.now),
        "slack": _slack(row, t),
    }


def _step(row: RiskRow, t: Translator) -> str:
    """Return the step the order is at and the work center that does it."""
    step = t("{done} of {steps}", done=min(row.done + 1, row.operations), steps=row.operations)
    where = row.work_center or row.operation
    return t("{step}, {where}", step=step, where=where) if where else step


def _slack(row: RiskRow, t: Translator) -> str:
    """Return how late the order is expected to be, or may be, or how much it has to spare."""
    if row.standing is Standing.DONE:
        return t("done")
    if row.slack_s < 0:
        return t("{duration} late", duration=t.brief(-row.slack_s))
    if row.p80_at is not None and row.p80_at > row.due_at:
        may_be_s = (row.p80_at - row.due_at).total_seconds()
        return t("maybe {duration} late", duration=t.brief(may_be_s))
    return t("{duration} spare", duration=t.brief(row.slack_s))
