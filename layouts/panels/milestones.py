"""Milestones: the orders that matter most along time: plan, actual, forecast, now, diamonds."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.topics import (
    CLOCK,
    FORECASTS,
    OPERATIONS,
    ORDERS,
    PLAN,
    READERS,
    SIGNALS,
)
from data.domain.view import MilestoneRow, Standing, WallView
from layouts.cells import Cell, Cells
from layouts.components.ages import floor_age
from layouts.components.parts import cell, empty_cell, frame_cells, panel, shape
from layouts.grid import HEADS, Place, Size, length, lines
from layouts.text import Translator
from layouts.theme import LOOKS

TOPICS = CLOCK | FORECASTS | OPERATIONS | ORDERS | PLAN | READERS | SIGNALS
SIZE = Size(width=2.3, height=1.6, least=4.9)

ROW = 1.3
MOST_ROWS = 10
DIAMONDS, TICKS = 4, 6
TURN_S = 12
BACK, LEAST_AHEAD, MOST_AHEAD = timedelta(hours=8), timedelta(hours=16), timedelta(hours=48)
WITH_LEGEND, WITH_SAID = 19.0, 18.0
BESIDE_WHOLE, BESIDE_SNUG = 12.4, 6.1  # what stands left and right of the track
TICK, TICK_PAD = 0.5, 0.3
NOW_GAP = 0.15  # what is kept free on either side of the now-line
NAMES_ROOM = 2.0  # left of the track, above the names, where nothing else stands
TICK_OFF: Cell = {"t": "", "c": "mp-ms-tick mp-off"}
BARS = ("plan", "actual", "forecast", "whisker", "due")


class Horizon(Struct, frozen=True):
    """From when to when the panel shows; whole hours, so that it moves once an hour."""

    start: datetime
    finish: datetime

    def share(self, at: datetime) -> float:
        """Return where an instant stands, 0 at the start, 1 at the finish."""
        return (at - self.start) / (self.finish - self.start)


def capacity(place: Place) -> int:
    """Return how many rows fit."""
    return max(1, min(MOST_ROWS, lines(place.inner_height - HEADS, ROW)))


def skeleton(place: Place, t: Translator) -> Component:
    """Return the panel with every row it has room for."""
    rows = [_row(place, number) for number in range(capacity(place))]
    ticks = [cell(place.id(f"tick-{number}"), "mp-ms-tick mp-off") for number in range(TICKS)]
    over = html.Div(
        [*ticks, html.Span(id=place.id("now"), className="mp-ms-now")], className="mp-ms-over"
    )
    body = [
        html.Div([over, *rows], id=place.id("rows"), className=_rows_class(place),
                 style={"--slots": str(len(rows))}),
        cell(place.id("empty"), "mp-empty mp-off"),
    ]  # fmt: skip
    key = _legend(t) if place.inner_width >= WITH_LEGEND else None
    return panel(place, "mp-milestones", t("Milestones"), body, key)


def render(view: WallView, place: Place, t: Translator) -> Cells:
    """Return the cells of the panel and of every row, the unused ones hidden."""
    slots = capacity(place)
    rows, note = _page(view, slots, t)
    horizon = horizon_of(rows, view.now)
    cells = frame_cells(place, "mp-milestones", floor_age(view, t), note)
    cells[place.id("rows")] = {"c": _rows_class(place) + ("" if rows else " mp-off")}
    cells[place.id("empty")] = empty_cell(t("No open orders"), not rows)
    cells[place.id("now")] = {"s": {"--x": _percent(horizon.share(view.now))}, "c": "mp-ms-now"}
    cells |= _ticks(place, horizon, view, t)
    for number in range(slots):
        row = rows[number] if number < len(rows) else None
        cells |= _row_cells(place, number, row, horizon, view, t)
    return cells


def horizon_of(rows: tuple[MilestoneRow, ...], now: datetime) -> Horizon:
    """Return a horizon that holds what is ahead of the rows, within bounds."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    ends = [at for row in rows for at in (row.p80_at, row.planned_finish, row.due_at) if at]
    ahead = max([at - now for at in ends], default=LEAST_AHEAD)
    ahead = min(MOST_AHEAD, max(LEAST_AHEAD, ahead + timedelta(hours=1)))
    whole = timedelta(hours=4 * ceil(ahead / timedelta(hours=4)))
    return Horizon(hour - BACK, hour + whole)


def _page(view: WallView, slots: int, t: Translator) -> tuple[tuple[MilestoneRow, ...], str]:
    """Return the rows whose turn it is: all late ones take turns when they don't fit at once."""
    late = sum(row.slack_s < 0 for row in view.milestones)
    pages = max(1, ceil(late / slots))
    page = int(view.now.timestamp()) // TURN_S % pages
    rows = view.milestones[page * slots : (page + 1) * slots]
    return rows, t("{page} of {pages}", page=page + 1, pages=pages) if pages > 1 else ""


def _legend(t: Translator) -> Component:
    items = (("plan", t("plan")), ("actual", t("actual")), ("forecast", t("forecast")))
    return html.Span(
        [html.Span([html.I(className=f"mp-ms-key-{name}"), words]) for name, words in items],
        className="mp-legend",
    )


def _rows_class(place: Place) -> str:
    return "mp-ms-rows" if place.inner_width >= WITH_SAID else "mp-ms-rows mp-ms-rows--snug"


def _row(place: Place, number: int) -> Component:
    bars = [html.Span(id=place.id(f"{number}-{bar}"), className=f"mp-ms-{bar}") for bar in BARS]
    diamonds = [
        html.Span(id=place.id(f"{number}-node-{node}"), className="mp-ms-node mp-off")
        for node in range(DIAMONDS)
    ]
    return html.Div(
        [
            shape(),
            cell(place.id(f"{number}-order"), "mp-ms-order"),
            html.Span([*bars, *diamonds], className="mp-ms-track"),
            cell(place.id(f"{number}-said"), "mp-ms-said", mark=True),
        ],
        id=place.id(str(number)),
        className="mp-ms-row mp-off",
    )


def _row_cells(
    place: Place,
    number: int,
    row: MilestoneRow | None,
    horizon: Horizon,
    view: WallView,
    t: Translator,
) -> Cells:
    names = {name: place.id(f"{number}-{name}") for name in ("order", "said", *BARS)}
    css = "mp-ms-row mp-off" if row is None else f"mp-ms-row {LOOKS[row.standing].css}"
    cells: Cells = {place.id(str(number)): {"c": css}}
    cells[names["order"]] = {"t": row.order if row else ""}
    cells[names["said"]] = {"t": _said(row, t) if row else ""}
    spans = _spans(row) if row else {}
    for bar in BARS:
        cells[names[bar]] = _bar(f"mp-ms-{bar}", spans.get(bar), horizon)
    shown = _nodes(row, horizon) if row else []
    for node in range(DIAMONDS):
        mark = shown[node] if node < len(shown) else None
        cells[place.id(f"{number}-node-{node}")] = mark or {"c": "mp-ms-node mp-off"}
    return cells


def _spans(row: MilestoneRow) -> dict[str, tuple[datetime, datetime] | None]:
    ahead = row.worked_until or row.planned_start
    return {
        "plan": _span(row.planned_start, row.planned_finish),
        "actual": _span(row.started_at, row.worked_until),
        "forecast": _span(ahead, row.p50_at),
        "whisker": _span(row.p50_at, row.p80_at),
        "due": (row.due_at, row.due_at),
    }


def _span(start: datetime | None, finish: datetime | None) -> tuple[datetime, datetime] | None:
    return None if start is None or finish is None or finish < start else (start, finish)


def _bar(css: str, span: tuple[datetime, datetime] | None, horizon: Horizon) -> Cell:
    """Return a bar's place, cut to the horizon; hidden when nothing of it is in sight."""
    if span is None or span[1] < horizon.start or span[0] > horizon.finish:
        return {"c": f"{css} mp-off"}
    start, finish = max(0.0, horizon.share(span[0])), min(1.0, horizon.share(span[1]))
    return {"c": css, "s": {"--x": _percent(start), "--w": _percent(finish - start)}}


def _nodes(row: MilestoneRow, horizon: Horizon) -> list[Cell]:
    """Return the diamonds in sight; when they are too many the late and the next ones."""
    marks = [one for one in row.milestones if horizon.start <= one.at <= horizon.finish]
    marks.sort(key=lambda one: (not one.late, one.reached, one.at))
    return [
        {
            "c": "mp-ms-node"
            + (" mp-ms-reached" if one.reached else "")
            + (" mp-ms-late" if one.late else ""),
            "s": {"--x": _percent(horizon.share(one.at))},
        }
        for one in marks[:DIAMONDS]
    ]


def _said(row: MilestoneRow, t: Translator) -> str:
    if row.standing is Standing.DONE:
        return t("done")
    if row.slack_s < 0:
        return t("{duration} late", duration=t.brief(-row.slack_s))
    return t("{duration} spare", duration=t.brief(row.slack_s))


def _ticks(place: Place, horizon: Horizon, view: WallView, t: Translator) -> Cells:
    found = _placed(place, horizon, view, t)[:TICKS]
    return {
        place.id(f"tick-{number}"): found[number] if number < len(found) else TICK_OFF
        for number in range(TICKS)
    }


def _placed(place: Place, horizon: Horizon, view: WallView, t: Translator) -> list[Cell]:
    """Return the ticks whose line crosses no words, each with words where they have room.

    Days come before hours, and all words give way to the now-line.
    """
    width, zone = _track(place), ZoneInfo(view.timezone)
    now = width * horizon.share(view.now)
    taken, cells = [(now - NOW_GAP, now + NOW_GAP)], []
    marks = [at.astimezone(zone) for at in _marks_of_time(horizon, view.timezone)]
    for at in sorted(marks, key=lambda mark: (mark.hour != 0, mark)):
        share, midnight = horizon.share(at), at.hour == 0
        if any(start < width * share < finish for start, finish in taken):
            continue
        words = t.day(at, view.timezone) if midnight else t.clock(at, view.timezone)
        side = _side(width * share, length(words, TICK) + TICK_PAD, width, taken)
        css = "mp-ms-tick" + (" mp-ms-midnight" if midnight else "") + (side or "")
        cells.append({"t": "" if side is None else words, "c": css, "s": {"--x": _percent(share)}})
    return cells


def _side(x: float, wide: float, width: float, taken: list[tuple[float, float]]) -> str | None:
    """Return the class that says on which side of a tick its words stand, and note their place.

    None: there is room for them on neither.
    """
    taken.append((x, x))
    for css, start in (("", x), (" mp-ms-before", x - wide)):
        finish = start + wide
        free = all(finish <= left or right <= start for left, right in taken)
        if free and start >= -NAMES_ROOM and finish <= width:
            taken.append((start, finish))
            return css
    return None


def _track(place: Place) -> float:
    """Return how wide the track is, in units."""
    whole = place.inner_width >= WITH_SAID
    return place.inner_width - (BESIDE_WHOLE if whole else BESIDE_SNUG)


def _marks_of_time(horizon: Horizon, timezone: str) -> Iterator[datetime]:
    """Yield whole half days of the site's clock, or whole days when those would be too many."""
    step_h = 12 if horizon.finish - horizon.start <= timedelta(hours=60) else 24
    zone = ZoneInfo(timezone)
    at = horizon.start.astimezone(zone).replace(hour=0, minute=0)
    while at.astimezone(UTC) < horizon.finish:
        if 0.02 < horizon.share(at.astimezone(UTC)) < 0.9:
            yield at.astimezone(UTC)
        at += timedelta(hours=step_h)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
