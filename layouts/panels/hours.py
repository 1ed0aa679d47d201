"""Hour by hour: good pieces of each hour of the shift as a bar, its plan as a line."""

from dash import html
from dash.development.base_component import Component

from data.domain.topics import CLOCK, OUTPUT, PLAN, READERS, SIGNALS
from data.domain.view import HourFigure, Standing, WallView
from layouts.cells import Cell, Cells
from layouts.components.ages import floor_age
from layouts.components.parts import cell, empty_cell, frame_cells, panel
from layouts.grid import Place, Size, length
from layouts.text import Translator
from layouts.theme import LABEL, LOOKS, SUB, pace

TOPICS = CLOCK | OUTPUT | PLAN | READERS | SIGNALS
SIZE = Size(width=1.62, height=1.0, least=5.6)

COLUMN = 2.6  # width of an hour in units
MOST = 14


def capacity(place: Place) -> int:
    """Return how many hours fit."""
    return max(1, min(MOST, int(place.inner_width / COLUMN)))


def skeleton(place: Place, t: Translator) -> Component:
    """Return the panel with every hour it has room for."""
    slots = [_slot(place, number) for number in range(capacity(place))]
    body = [
        html.Div(slots, id=place.id("chart"), className="mp-hours-chart"),
        cell(place.id("empty"), "mp-empty mp-off"),
    ]
    key = html.Span(
        [
            html.Span([html.I(className="mp-key-bar"), t("good")]),
            html.Span([html.I(className="mp-key-line"), t("plan")]),
        ],
        className="mp-legend",
    )
    return panel(place, "mp-hours", t("Hour by hour, good pieces"), body, key)


def render(view: WallView, place: Place, t: Translator) -> Cells:
    """Return the cells of the panel and of every hour, the unused ones hidden."""
    slots = capacity(place)
    hours = _window(view.hours, slots)
    scale = max((max(hour.planned, hour.good) for hour in hours), default=0.0)
    cells = frame_cells(place, "mp-hours", floor_age(view, t))
    cells[place.id("chart")] = {"c": "mp-hours-chart" if hours else "mp-hours-chart mp-off"}
    cells[place.id("empty")] = empty_cell(t("No shift to show"), not hours)
    for number in range(slots):
        hour = hours[number] if number < len(hours) else None
        cells |= _slot_cells(place, number, hour, scale, view, t)
    return cells


def _slot(place: Place, number: int) -> Component:
    bar = html.Div(
        [
            html.Span(id=place.id(f"{number}-bar"), className="mp-bar"),
            html.Span(id=place.id(f"{number}-plan"), className="mp-plan"),
            cell(place.id(f"{number}-gap"), "mp-bar-gap"),
        ],
        className="mp-bar-box",
    )
    return html.Div(
        [
            bar,
            cell(place.id(f"{number}-good"), "mp-bar-value", mark=True),
            cell(place.id(f"{number}-hour"), "mp-bar-hour"),
        ],
        id=place.id(str(number)),
        className="mp-hour mp-off",
    )


def _window(hours: tuple[HourFigure, ...], slots: int) -> tuple[HourFigure, ...]:
    """Return the hours that fit, the running one and the next among them."""
    running = sum(hour.begun for hour in hours)
    first = max(0, min(len(hours) - slots, running + 1 - slots))
    return hours[first : first + slots]


def _slot_cells(
    place: Place, number: int, hour: HourFigure | None, scale: float, view: WallView, t: Translator
) -> Cells:
    names = {name: place.id(f"{number}-{name}") for name in ("bar", "plan", "good", "gap", "hour")}
    if hour is None:
        return {place.id(str(number)): {"c": "mp-hour mp-off"}} | {
            names["bar"]: {"s": {"--h": "0%"}, "c": "mp-bar"},
            names["plan"]: {"s": {"--h": "0%"}, "c": "mp-plan mp-off"},
            names["good"]: {"t": ""},
            names["gap"]: {"t": "", "s": {"--h": "0%"}},
            names["hour"]: {"t": ""},
        }
    standing = pace(hour.good, hour.planned) if hour.over else Standing.ON_TRACK
    good = _fit(hour.good, SUB, t) if hour.begun else ""
    return {
        place.id(str(number)): {"c": _hour_class(hour, standing)},
        names["bar"]: {"s": {"--h": _height(hour.good, scale)}, "c": "mp-bar"},
        names["plan"]: {
            "s": {"--h": _height(hour.planned, scale)},
            "c": "mp-plan" if hour.planned > 0 else "mp-plan mp-off",
        },
        names["good"]: {"t": good},
        names["gap"]: _gap(hour, standing, scale, t),
        names["hour"]: {"t": t.clock(hour.start, view.timezone)},
    }


def _hour_class(hour: HourFigure, standing: Standing) -> str:
    if not hour.begun:
        return "mp-hour mp-ahead"
    if not hour.over:
        return "mp-hour mp-running"
    return f"mp-hour {LOOKS[standing].css}"


def _gap(hour: HourFigure, standing: Standing, scale: float, t: Translator) -> Cell:
    words = ""
    if standing in (Standing.AT_RISK, Standing.LATE):
        pieces = _fit(hour.planned - hour.good, LABEL, t, beside=length("−", LABEL))
        words = t("−{pieces}", pieces=pieces)
    return {"t": words, "s": {"--h": _height(hour.planned, scale)}}


def _fit(pieces: float, size: float, t: Translator, beside: float = 0.0) -> str:
    """Return a number of pieces in the form that a column has room for."""
    room = COLUMN - 0.3 - beside
    forms = (written(pieces) for written in (t.number, t.compact))
    fitting = next((one for one in forms if length(one, size) <= room), None)
    return t.compact(pieces, digits=0) if fitting is None else fitting


def _height(pieces: float, scale: float) -> str:
    return f"{100 * pieces / scale:.1f}%" if scale > 0 else "0%"
