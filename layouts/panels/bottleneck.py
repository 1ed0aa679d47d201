"""Where the line's bottleneck is: who leads and for how long, today's shares, the last shifts."""

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.bottleneck.opinions import Method
from data.domain.bottleneck.shares import VerdictReason
from data.domain.facts import LineBottleneck, ShiftBottleneck, UnitShare
from data.domain.topics import BOTTLENECK, CLOCK, READERS
from data.domain.view import WallView
from layouts.cells import Cells
from layouts.components.ages import log_age
from layouts.components.parts import cell, empty_cell, frame_cells, panel
from layouts.grid import Place, Size, length, lines
from layouts.panels.work_units import MARK
from layouts.text import NONE, Translator, msgid

TOPICS = BOTTLENECK | CLOCK | READERS
SIZE = Size(width=1.0, height=1.6, least=5.4)

NAME_LINE, WORDS, BAR, TREND = 1.72, 0.85, 1.02, 2.2
LEAST_BARS, MOST_BARS = 2, 5
CHIP, CHIP_GAP, MOST_CHIPS = 4.5, 0.2, 8
BIG, SMALL = 1.5, 1.0
WATCH_SILENT_S = 60.0

METHODS = {
    Method.ARROWS.value: msgid("arrow method"),
    Method.TURNING_POINT.value: msgid("turning point"),
    Method.QUEUE.value: msgid("longest queue"),
}
REASONS = {
    VerdictReason.INTERVALS_OVERLAP: msgid("No clear bottleneck in 24 h: several take turns"),
    VerdictReason.TOO_FEW_SEGMENTS: msgid("No clear bottleneck in 24 h: too few changes to tell"),
    VerdictReason.NOTHING_ACTIVE: msgid("Nothing was active in 24 h"),
}


class Room(Struct, frozen=True):
    """How many bars and chips a panel shows; `chips` 0: there is no room for the trend."""

    bars: int
    chips: int


def room(place: Place) -> Room:
    """Return what fits: two bars at least, then the last shifts, then more bars."""
    left = place.inner_height - NAME_LINE - WORDS
    with_trend = left - TREND >= LEAST_BARS * BAR
    bars = max(1, min(MOST_BARS, lines(left - (TREND if with_trend else 0.0), BAR)))
    chips = int((place.inner_width + CHIP_GAP) / (CHIP + CHIP_GAP))
    return Room(bars, min(MOST_CHIPS, chips) if with_trend else 0)


def skeleton(place: Place, t: Translator) -> Component:
    """Return the panel with every bar and chip it has room for."""
    fits = room(place)
    now = html.Div(
        [
            html.Span(MARK, className="mp-bn-sign", **{"aria-hidden": "true"}),
            cell(place.id("unit"), "mp-name mp-bn-unit", mark=True),
            cell(place.id("active"), "mp-bn-active"),
            cell(place.id("provisional"), "mp-bn-provisional"),
        ],
        id=place.id("now"),
        className="mp-bn-now",
    )
    words = html.Div(
        [cell(place.id("verdict"), "mp-bn-verdict"), cell(place.id("methods"), "mp-bn-methods")],
        id=place.id("words"),
        className="mp-bn-words",
    )
    rows = [_bar(place, i) for i in range(fits.bars)]
    bars = html.Div(rows, id=place.id("bars"), className="mp-bn-bars")
    chips = [_chip(place, i) for i in range(fits.chips)]
    trend = [html.Div(chips, id=place.id("trend"), className="mp-bn-trend")] if chips else []
    body = [now, words, bars, *trend, cell(place.id("empty"), "mp-empty mp-off")]
    return panel(place, "mp-bn", t("Bottleneck now"), body)


def render(view: WallView, place: Place, t: Translator) -> Cells:
    """Return the cells of the panel, of every bar and of every chip."""
    fact, fits = view.bottleneck, room(place)
    note = t("share of today") if fact is not None and fact.today else ""
    cells = frame_cells(place, "mp-bn", _age(view, t), note)
    words = "" if fact else t("No finding for this time")
    cells[place.id("empty")] = empty_cell(words, fact is None)
    cells[place.id("bars")] = {"c": "mp-bn-bars" if fact else "mp-bn-bars mp-off"}
    cells |= _now_cells(fact, view, place, t) | _word_cells(fact, place, t)
    today = fact.today if fact else ()
    for number in range(fits.bars):
        share = today[number] if number < len(today) else None
        leads = share is not None and fact is not None and share.work_unit == fact.work_unit
        cells |= _bar_cells(place, number, share, leads, t)
    return cells | _trend_cells(fact, fits.chips, view, place, t)


def _age(view: WallView, t: Translator) -> str | None:
    """Return how old the watch's word is, when the log or the watch is silent."""
    readers = view.readers
    lag_s = readers.watch_lag_s
    if view.bottleneck is not None and lag_s is not None and lag_s > WATCH_SILENT_S:
        return t("{age} old", age=t.duration(lag_s))
    return log_age(view, t)


def _now_cells(fact: LineBottleneck | None, view: WallView, place: Place, t: Translator) -> Cells:
    names = {name: place.id(name) for name in ("now", "unit", "active", "provisional")}
    if fact is None:
        off = {names["now"]: {"c": "mp-bn-now mp-off"}}
        return off | {names[name]: {"t": ""} for name in ("active", "provisional")} | {
            names["unit"]: {"t": "", "c": "mp-name mp-bn-unit"}
        }  # fmt: skip
    unit = fact.work_unit
    active = "" if unit is None else t("{duration} active", duration=_active(fact, view, t))
    said = unit or (t("line off shift") if fact.paused else t("nobody is active"))
    provisional = t("provisional") if unit is not None else ""
    taken = length(active, 0.8) + length(provisional, 0.62) + 3.3
    wide = length(said, BIG) <= place.inner_width - taken
    css = "mp-name mp-bn-unit" + ("" if wide else " mp-bn-unit--long")
    return {
        names["now"]: {"c": "mp-bn-now" if unit else "mp-bn-now mp-bn-none"},
        names["unit"]: {"t": said, "c": css},
        names["active"]: {"t": active},
        names["provisional"]: {"t": provisional},
    }


def _active(fact: LineBottleneck, view: WallView, t: Translator) -> str:
    since_s = 0.0 if fact.paused else max(0.0, (view.now - fact.as_of).total_seconds())
    return t.duration(fact.active_s + since_s)


def _word_cells(fact: LineBottleneck | None, place: Place, t: Translator) -> Cells:
    verdict, methods = ("", "") if fact is None else (_verdict(fact, t), _methods(fact, t))
    if methods and length(f"{verdict}  {methods}", 0.62) > place.inner_width - 1.0:
        methods = _methods_short(fact, t) if fact is not None else ""
    if length(f"{verdict}  {methods}", 0.62) > place.inner_width - 1.0:
        methods = ""
    return {
        place.id("words"): {"c": "mp-bn-words" if fact else "mp-bn-words mp-off"},
        place.id("verdict"): {"t": verdict, "c": "mp-fact mp-bn-verdict"},
        place.id("methods"): {"t": methods},
    }


def _verdict(fact: LineBottleneck, t: Translator) -> str:
    if fact.clear is None:
        return t(REASONS[fact.reason]) if fact.reason in REASONS else ""
    return t("Clear over 24 h: {unit}", unit=fact.clear)


def _methods(fact: LineBottleneck, t: Translator) -> str:
    agree = _list(fact.agree, t)
    differ = _list(fact.differ, t)
    said = [t("✓ {methods}", methods=agree)] if agree else []
    return "  ".join([*said, *([t("≠ {methods}", methods=differ)] if differ else [])])


def _list(methods: tuple[str, ...], t: Translator) -> str:
    return " · ".join(t(METHODS[name]) for name in methods if name in METHODS)


def _methods_short(fact: LineBottleneck, t: Translator) -> str:
    asked = len(fact.agree) + len(fact.differ)
    if not asked:
        return ""
    return t("{agree} of {asked} methods agree", agree=len(fact.agree), asked=asked)


def _bar(place: Place, number: int) -> Component:
    return html.Div(
        [
            cell(place.id(f"{number}-name"), "mp-name mp-bn-name"),
            html.Span(
                [
                    html.I(id=place.id(f"{number}-sole"), className="mp-bn-sole"),
                    html.I(id=place.id(f"{number}-all"), className="mp-bn-all"),
                ],
                className="mp-bn-track",
            ),
            cell(place.id(f"{number}-share"), "mp-bn-share"),
        ],
        id=place.id(f"bar-{number}"),
        className="mp-bn-bar mp-off",
    )


def _bar_cells(
    place: Place, number: int, share: UnitShare | None, leads: bool, t: Translator
) -> Cells:
    css = "mp-bn-bar mp-off" if share is None else "mp-bn-bar"
    return {
        place.id(f"bar-{number}"): {"c": f"{css} mp-bn-leads" if leads else css},
        place.id(f"{number}-name"): {"t": share.work_unit if share else ""},
        place.id(f"{number}-sole"): {"s": {"--w": _width(share.sole if share else 0.0)}},
        place.id(f"{number}-all"): {"s": {"--w": _width(share.share if share else 0.0)}},
        place.id(f"{number}-share"): {"t": _percent(share.share, t) if share else ""},
    }


def _chip(place: Place, number: int) -> Component:
    return html.Div(
        [
            cell(place.id(f"chip-{number}-shift"), "mp-fact mp-bn-shift"),
            cell(place.id(f"chip-{number}-unit"), "mp-name mp-bn-who"),
        ],
        id=place.id(f"chip-{number}"),
        className="mp-bn-chip mp-off",
    )


def _trend_cells(
    fact: LineBottleneck | None, chips: int, view: WallView, place: Place, t: Translator
) -> Cells:
    if not chips:
        return {}
    shown = fact.trend[-chips:] if fact else ()
    cells: Cells = {place.id("trend"): {"c": "mp-bn-trend" if shown else "mp-bn-trend mp-off"}}
    for number in range(chips):
        shift = shown[number] if number < len(shown) else None
        cells |= _chip_cells(place, number, shift, view, t)
    return cells


def _chip_cells(
    place: Place, number: int, shift: ShiftBottleneck | None, view: WallView, t: Translator
) -> Cells:
    names = {name: place.id(f"chip-{number}-{name}") for name in ("shift", "unit")}
    if shift is None:
        return {
            place.id(f"chip-{number}"): {"c": "mp-bn-chip mp-off"},
            names["shift"]: {"t": ""},
            names["unit"]: {"t": ""},
        }
    runs = shift.finish >= view.now or shift is (view.bottleneck and view.bottleneck.trend[-1])
    css = "mp-bn-chip" + (" mp-bn-chip--runs" if runs else "")
    who = shift.work_unit or (t("several") if shift.share else NONE)
    share = f" {_percent(shift.share, t)}" if shift.share else ""
    return {
        place.id(f"chip-{number}"): {"c": css if shift.work_unit else f"{css} mp-bn-chip--open"},
        names["shift"]: {"t": t.clock(shift.start, view.timezone) + share},
        names["unit"]: {"t": who},
    }


def _percent(share: float, t: Translator) -> str:
    """Return a share in per cent, in whole ones: it is read from afar."""
    return t("{share} %", share=t.number(min(99, share * 100) if share < 1 else 100))


def _width(share: float) -> str:
    return f"{100 * min(1.0, share):.1f}%"
