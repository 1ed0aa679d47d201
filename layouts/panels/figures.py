"""Key figures of the running shift: output against plan, on time, first pass, in process, late."""

from collections.abc import Iterable

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.topics import OPERATIONS, ORDERS, OUTPUT, PLAN, READERS, SIGNALS
from data.domain.view import ShiftFigures, Standing, WallView
from layouts.cells import Cells
from layouts.components.ages import floor_age
from layouts.components.parts import OFF, cell, shape
from layouts.grid import GAP, PAD_X, Place, Size, length
from layouts.text import NONE, Translator
from layouts.theme import LABEL, LOOKS, pace

TOPICS = OPERATIONS | ORDERS | OUTPUT | PLAN | READERS | SIGNALS

# Widths from which five cards stand in one row, and from which each has a line below its value.
ONE_ROW, ROOMY = 25.0, 36.0
SHARES = (1.6, 1.0, 1.0, 1.0, 1.2)
VALUE_SIZES = (
    (1.8, "mp-value"),
    (1.35, "mp-value mp-value--long"),
    (1.0, "mp-value mp-value--least"),
)
COUNT_SHAPE = 1.1
PACE, PACE_SHAPE = 0.66, 1.4  # size of the words beside the output, room of shape and gap
COUNTS = "mp-card-value mp-counts"
_ROOMY_HEIGHT, _SNUG_HEIGHT = 4.4, 3.5


class Card(Struct, frozen=True):
    """What one card says; `tone` is the class of its standing."""

    value: str
    unit: str = ""
    below: str = ""
    tone: str = ""


def height(width: float) -> float:
    """Return how high the strip is on a screen of a width."""
    if width >= ONE_ROW:
        return _ROOMY_HEIGHT if width >= ROOMY else _SNUG_HEIGHT
    return 2 * _SNUG_HEIGHT + GAP


SIZE = Size(height=1.0, least=3.0, fixed=height)


def skeleton(place: Place, t: Translator) -> Component:
    """Return the strip of cards."""
    cards = [
        _output(place, t("Output"), t),
        _card(place, "on-time", t("On time")),
        _card(place, "first-pass", t("First pass")),
        _card(place, "in-process", t("In process")),
        _alarms(place, t("Orders"), t),
    ]
    return html.Section(cards, id=place.prefix, className=_class(place))


def render(view: WallView, place: Place, t: Translator) -> Cells:
    """Return the cells of the strip."""
    figures, age = view.figures, floor_age(view, t)
    cells: Cells = {
        place.prefix: {"c": _class(place) + (" mp-stale" if age else "")},
        place.id("age"): {"t": age or "", "c": "mp-age" if age else "mp-age mp-off"},
    }
    cards = _cards(figures, t)
    room = _inner(place, 1)
    css = _smallest(_value_class(card.value, card.unit, room) for card in cards.values())
    for name, card in cards.items():
        cells |= _card_cells(place, name, card, css)
    return cells | _output_cells(figures, place, t) | _alarm_cells(figures, place, t)


def _class(place: Place) -> str:
    if place.width < ONE_ROW:
        return "mp-figures mp-figures--two-rows mp-figures--snug"
    return "mp-figures" if place.width >= ROOMY else "mp-figures mp-figures--snug"


def _card(place: Place, name: str, title: str) -> Component:
    value = [
        cell(place.id(name), "mp-value", mark=True),
        cell(place.id(f"{name}-unit"), "mp-unit"),
    ]
    return html.Div(
        [
            html.Div(html.Span(title, className="mp-label"), className="mp-card-head"),
            html.Div(value, className="mp-card-value"),
            cell(place.id(f"{name}-below"), "mp-below"),
        ],
        id=place.id(f"{name}-card"),
        className="mp-card",
    )


def _output(place: Place, title: str, t: Translator) -> Component:
    pace_chip = html.Span(
        [shape(), cell(place.id("pace"), "mp-pace")], id=place.id("pace-chip"), className=OFF
    )
    value = [cell(place.id("good"), "mp-value", mark=True), cell(place.id("of"), "mp-unit")]
    bar = html.Div(
        [
            html.Span(id=place.id("done"), className="mp-done"),
            html.Span(id=place.id("due"), className="mp-due"),
        ],
        className="mp-progress",
    )
    age = cell(place.id("age"), "mp-age mp-off")
    name = html.Span(title, className="mp-label")
    head = html.Div([name, age, pace_chip], className="mp-card-head")
    return html.Div(
        [head, html.Div(value, className="mp-card-value"), bar], className="mp-card mp-card--output"
    )


def _alarms(place: Place, title: str, t: Translator) -> Component:
    counts = [
        html.Span(
            [shape(), cell(place.id(name), "mp-value", mark=True)],
            id=place.id(f"{name}-count"),
            className="mp-count",
        )
        for name in ("late", "at-risk")
    ]
    words = [
        cell(place.id("late-word"), "mp-below"),
        cell(place.id("at-risk-word"), "mp-below"),
    ]
    return html.Div(
        [
            html.Div(html.Span(title, className="mp-label"), className="mp-card-head"),
            html.Div(counts, id=place.id("counts"), className=COUNTS),
            html.Div(words, className="mp-counts mp-count-words"),
        ],
        className="mp-card mp-card--alarms",
    )


def _cards(figures: ShiftFigures, t: Translator) -> dict[str, Card]:
    orders = t("of {count} orders", count=t.number(figures.orders_open))
    return {
        "on-time": _percent(figures.on_time, orders, t("no open orders"), t),
        "first-pass": _percent(figures.first_pass, t("good at once"), t("nothing made yet"), t),
        "in-process": Card(t.number(figures.work_in_process), below=t("orders begun")),
    }


def _percent(share: float | None, below: str, none: str, t: Translator) -> Card:
    return Card(NONE, below=none) if share is None else Card(t.percent(share), "%", below)


def _card_cells(place: Place, name: str, card: Card, css: str) -> Cells:
    return {
        place.id(name): {"t": card.value, "c": css},
        place.id(f"{name}-unit"): {"t": card.unit},
        place.id(f"{name}-below"): {"t": card.below},
    }


def _output_cells(figures: ShiftFigures, place: Place, t: Translator) -> Cells:
    good, room = t.number(figures.good), _inner(place, 0)
    of = t("of {planned} by now", planned=t.number(figures.planned_now))
    if _value_class(good, of, room) != VALUE_SIZES[0][1]:
        of = t("of {planned}", planned=t.number(figures.planned_now))
    if length(good) + length(of, LABEL) + 0.2 > room:
        of = ""
    if figures.planned_total <= 0:
        of = t("no plan")
    return {
        place.id("good"): {"t": good, "c": _value_class(good, of, room)},
        place.id("of"): {"t": of},
        **_pace_cells(figures, place, t),
        place.id("done"): {"s": {"--w": _share(figures.good, figures.planned_total)}},
        place.id("due"): {
            "s": {"--w": _share(figures.planned_now, figures.planned_total)},
            "c": "mp-due" if figures.planned_total > 0 else OFF,
        },
    }


def _pace_cells(figures: ShiftFigures, place: Place, t: Translator) -> Cells:
    ahead = round(figures.good - figures.planned_now)
    pieces = t.number(abs(ahead)) if abs(ahead) < 10_000 else t.compact(abs(ahead))
    words = t("{pieces} behind", pieces=pieces) if ahead < 0 else t("{pieces} ahead", pieces=pieces)
    if ahead == 0:
        words = t("on plan")
    elif length(words, PACE) > _inner(place, 0) - length(t("Output"), LABEL) - PACE_SHAPE:
        words = t("−{pieces}", pieces=pieces) if ahead < 0 else t("+{pieces}", pieces=pieces)
    look = LOOKS[pace(figures.good, figures.planned_now)]
    shown = figures.planned_total > 0
    return {
        place.id("pace"): {"t": words if shown else "", "c": "mp-pace"},
        place.id("pace-chip"): {"c": f"mp-pace-chip {look.css}" if shown else OFF},
    }


def _alarm_cells(figures: ShiftFigures, place: Place, t: Translator) -> Cells:
    counts = ((Standing.LATE, "late", figures.late), (Standing.AT_RISK, "at-risk", figures.at_risk))
    room = (_inner(place, 4) - GAP) / 2 - COUNT_SHAPE
    longest = max((t.number(count) for _, _, count in counts), key=length)
    css = _value_class(longest, "", room)
    stacked = length(longest, VALUE_SIZES[-1][0]) > room
    cells: Cells = {place.id("counts"): {"c": COUNTS + (" mp-counts--stacked" if stacked else "")}}
    for standing, name, count in counts:
        tone = LOOKS[standing].css if count else "mp-is-none"
        cells[place.id(name)] = {"t": t.number(count), "c": css}
        cells[place.id(f"{name}-count")] = {"c": f"mp-count {tone}"}
        cells[place.id(f"{name}-word")] = {"t": t(LOOKS[standing].word)}
    return cells


def _inner(place: Place, card: int) -> float:
    """Width within a card, in units."""
    if place.width < ONE_ROW:
        third = (place.width - 2 * GAP) / 3
        return (2 * third + GAP if card == 0 else third) - 2 * PAD_X
    return (place.width - 4 * GAP) * SHARES[card] / sum(SHARES) - 2 * PAD_X


def _value_class(value: str, beside: str, room: float) -> str:
    """Return the class of the largest size in which a value and what is beside it fit."""
    left = room - (length(beside, LABEL) + 0.2 if beside else 0.0)
    for size, css in VALUE_SIZES:
        if length(value, size) <= left:
            return css
    return VALUE_SIZES[-1][1]


def _smallest(classes: Iterable[str]) -> str:
    ranks = [css for _, css in VALUE_SIZES]
    return max(classes, key=ranks.index)


def _share(part: float, whole: float) -> str:
    return f"{100 * min(1.0, max(0.0, part / whole)) if whole > 0 else 0:.1f}%"
