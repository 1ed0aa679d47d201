"""The line above every page of a wall: where, which shift, how fresh, what time it is."""

from datetime import datetime

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.topics import CLOCK, PLAN, READERS
from data.domain.view import WallView
from layouts import ids
from layouts.cells import Cells, text
from layouts.components.parts import OFF, cell
from layouts.text import Translator, msgid

TOPICS = CLOCK | PLAN | READERS
PREFIX = "header"

_SITE, _AREA, _SHIFT, _TIMES, _DAY, _LOG, _HISTORY, _REPLAY = (
    f"{PREFIX}-{name}"
    for name in ("site", "area", "shift", "times", "day", "log", "history", "replay")
)
# Widths in units below which the header says less.
SNUG, TIGHT = 34.0, 23.0

# Names of shifts that are translated; others are shown as the site calls them.
SHIFTS = (msgid("Early"), msgid("Late"), msgid("Night"), msgid("Day"), msgid("Evening"))


class Then(Struct, frozen=True):
    """The instant that a wall shows as it was, and the ways to others; None: it lies ahead."""

    at: datetime
    back: str
    on: str | None
    live: str


def skeleton(width: float, timezone: str, t: Translator, then: Then | None = None) -> Component:
    """Return the header; the script writes its clock and its freshness each second.

    That of a wall that looks back says to when, and the script leaves it alone.
    """
    freshness = _freshness(t) if then is None else _looking_back(then, timezone, t)
    name = html.H1([cell(_SITE, "mp-site-part"), cell(_AREA)], className="mp-where")
    when = [cell(_SHIFT, "mp-shift"), cell(_TIMES, "mp-times"), cell(_DAY, "mp-day")]
    chips = [cell(chip, OFF) for chip in (_LOG, _HISTORY, _REPLAY)]
    return html.Header(
        [
            name,
            html.Div(when, className="mp-when"),
            html.Div([*chips, freshness, _clock(timezone, t)], className="mp-state"),
        ],
        id=PREFIX,
        className=_class(width) if then is None else f"{_class(width)} mp-header--then",
    )


def render(view: WallView, t: Translator) -> Cells:
    """Return the header's cells."""
    return {
        _SITE: text(view.site_name),
        _AREA: text(view.area_name),
        _SHIFT: text(_shift(view, t)),
        _TIMES: text(_times(view, t)),
        _DAY: text(_day(view, t)),
        _LOG: _chip("" if view.readers.log_connected else t("log not connected"), "mp-is-stopped"),
        _REPLAY: _chip(_replay(view, t)),
        _HISTORY: _chip(_history(view, t), "mp-is-at-risk"),
        ids.WALL_CLOCK: {
            "t": t.clock(view.now, view.timezone),
            "c": "mp-clock mp-replay" if view.replay else "mp-clock",
        },
    }


def _class(width: float) -> str:
    if width < TIGHT:
        return "mp-header mp-header--tight"
    return "mp-header mp-header--snug" if width < SNUG else "mp-header"


def _freshness(t: Translator) -> Component:
    words = {
        "data-locale": t.locale,
        "data-live": t("live"),
        "data-lost": t("no connection"),
    }
    fresh = html.Span(t("connecting"), id=ids.WALL_FRESH, className="mp-fresh", **words)
    dot = html.Span(className="mp-dot", **{"aria-hidden": "true"})
    return html.Span([dot, fresh], className="mp-live")


def _looking_back(then: Then, timezone: str, t: Translator) -> Component:
    when = f"{t.day(then.at, timezone)} {t.clock(then.at, timezone)}"
    words = t("as it was at {when} · replay", when=when)
    return html.Nav(
        [
            _step(ids.WALL_BACK, "←", t("15 minutes earlier"), then.back),
            html.Strong(words, className="mp-then-words"),
            _step(ids.WALL_ON, "→", t("15 minutes later"), then.on),
            _step(ids.WALL_LIVE, "×", t("To the live wall"), then.live),
        ],
        className="mp-then",
        **{"aria-label": t("Looking back")},
    )


def _step(id: str, sign: str, words: str, href: str | None) -> Component:
    gone = {"aria-disabled": "true"} if href is None else {"href": href}
    return html.A(
        sign, id=id, title=words, className="mp-then-step", **{"aria-label": words, **gone}
    )


def _clock(timezone: str, t: Translator) -> Component:
    attributes = {"data-tz": timezone, "data-locale": t.locale}
    return html.Span(id=ids.WALL_CLOCK, className="mp-clock", **attributes)


def _shift(view: WallView, t: Translator) -> str:
    run = view.figures.shift
    if run is None:
        return t("no shift")
    name = t(run.name)
    return t("off shift, last {shift}", shift=name) if view.figures.off_shift else name


def _times(view: WallView, t: Translator) -> str:
    run = view.figures.shift
    if run is None:
        return ""
    return f"{t.clock(run.start, view.timezone)}–{t.clock(run.finish, view.timezone)}"


def _day(view: WallView, t: Translator) -> str:
    return (t.date if view.replay else t.day)(view.now, view.timezone)


def _replay(view: WallView, t: Translator) -> str:
    if not view.replay:
        return ""
    return t("replay, log ended") if view.log_ended else t("replay of a log")


def _history(view: WallView, t: Translator) -> str:
    if not view.readers.history_stale:
        return ""
    lag_s = view.readers.history_lag_s
    if lag_s is None:
        return t("not recording")
    return t("recording {age} behind", age=t.duration(lag_s))


def _chip(words: str, tone: str = "") -> dict[str, str]:
    return {"t": words, "c": f"mp-chip {tone}".strip() if words else OFF}
