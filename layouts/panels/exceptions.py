"""Exceptions of the line, newest first: what, where, since when, who has it; and the ticker.

The ticker stands at the bottom of every page of a wall while something critical waits for
somebody. A screen on which there is none has neither colour nor ticker.
"""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from data.domain.exceptions.records import Case, Severity, State
from data.domain.topics import CLOCK, EXCEPTIONS, READERS
from data.domain.view import WallView
from layouts import ids
from layouts.cells import Cells
from layouts.components.ages import log_age
from layouts.components.exception_looks import ORDERS, counted, inside, tone_of
from layouts.components.exception_words import lasts, title
from layouts.components.parts import OFF, cell, empty_cell, frame_cells, panel, shape
from layouts.grid import GAP, Place, Size, lines
from layouts.text import Translator

TOPICS = CLOCK | EXCEPTIONS | READERS
SIZE = Size(width=1.62, height=1.6, least=4.4)

ROW = 2.1
TICKER = 1.15 + GAP  # height of the ticker with the gap above it
NAMES = ("title", "owner", "place", "since")


def capacity(place: Place) -> int:
    """Return how many rows fit."""
    return max(1, lines(place.inner_height, ROW))


def skeleton(place: Place, t: Translator) -> Component:
    """Return the panel with every row it has room for."""
    rows = [_row(place, number) for number in range(capacity(place))]
    slots = {"--slots": str(len(rows))}
    body = [
        html.Div(rows, id=place.id("rows"), className="mp-x-rows", style=slots),
        cell(place.id("empty"), "mp-empty mp-off"),
    ]
    return panel(place, "mp-exceptions", t("Exceptions, newest first"), body)


def render(view: WallView, place: Place, t: Translator) -> Cells:
    """Return the cells of the panel and of every row, the unused ones hidden."""
    cases = view.exceptions or ()
    slots, total = capacity(place), len(cases)
    note = t("{shown} of {total}", shown=min(slots, total), total=t.number(total))
    cells = frame_cells(place, "mp-exceptions", _age(view, t), note if total > slots else "")
    cells[place.id("rows")] = {"c": "mp-x-rows" if total else "mp-x-rows mp-off"}
    cells[place.id("empty")] = empty_cell(_quiet(view, t), not total)
    for number in range(slots):
        case = cases[number] if number < total else None
        cells |= _row_cells(place, number, case, view, t)
    return cells


def ticker(t: Translator) -> Component:
    """Return the line at the bottom; the script brings a page to the front by its last cell."""
    return html.Div(
        [
            shape(),
            cell(ids.Wall.TICKER_TEXT, "mp-ticker-text"),
            cell(ids.Wall.TICKER_SINCE, "mp-ticker-since"),
            cell(ids.Wall.TICKER_MORE, "mp-ticker-more"),
            cell(ids.Wall.ALARM, OFF),
        ],
        id=ids.Wall.TICKER,
        className="mp-ticker mp-is-stopped mp-off",
        role="alert",
        **{"aria-label": t("Critical and with nobody")},
    )


def ticker_cells(view: WallView, t: Translator) -> Cells:
    """Return the ticker's cells: the newest critical one that nobody has, how many more."""
    waiting = critical(view.exceptions or ())
    first = waiting[0] if waiting else None
    more = t("and {count} more", count=t.number(len(waiting) - 1)) if len(waiting) > 1 else ""
    return {
        ids.Wall.TICKER: {"c": "mp-ticker mp-is-stopped" + ("" if first else " mp-off")},
        ids.Wall.TICKER_TEXT: {"t": title(first, t) if first else ""},
        ids.Wall.TICKER_SINCE: {"t": lasts(first, view.now, t) if first else ""},
        ids.Wall.TICKER_MORE: {"t": more},
        ids.Wall.ALARM: {"t": str(max((case.number for case in waiting), default=""))},
    }


def critical(cases: Sequence[Case]) -> list[Case]:
    """Return the critical ones that nobody has, newest first."""
    return [
        case
        for case in cases
        if case.severity is Severity.CRITICAL and case.state is State.UNACKNOWLEDGED
    ]


def _row(place: Place, number: int) -> Component:
    cells = [cell(place.id(f"{number}-{name}"), f"mp-x-{name}") for name in NAMES]
    return html.Div([shape(), *cells], id=place.id(str(number)), className="mp-x-wall-row mp-off")


def _row_cells(
    place: Place, number: int, case: Case | None, view: WallView, t: Translator
) -> Cells:
    values = dict.fromkeys(NAMES, "") if case is None else _values(case, view, t)
    css = "mp-x-wall-row mp-off" if case is None else f"mp-x-wall-row {tone_of(case)}"
    cells: Cells = {place.id(str(number)): {"c": css}}
    for name, value in values.items():
        cells[place.id(f"{number}-{name}")] = {"t": value}
    return cells


def _values(case: Case, view: WallView, t: Translator) -> dict[str, str]:
    return {
        "title": title(case, t),
        "owner": case.owner_name or t("nobody has it"),
        "place": _place(case, t),
        "since": lasts(case, view.now, t),
    }


def _place(case: Case, t: Translator) -> str:
    """Return where it is, as far as the title doesn't say it; what it has drawn in with it."""
    place = case.place
    where = place.work_center if place.work_unit is None else place.work_unit
    said = [where] if where and where not in title(case, t) else []
    said += [inside(case, t)] if case.inside else []
    hit = len({one.order for one in case.hits})
    said += [counted(hit, ORDERS, t)] if hit else []
    return " · ".join([case.name, *said])


def _quiet(view: WallView, t: Translator) -> str:
    if view.exceptions is None:
        return t("Exceptions of the past stand on their own page")
    if view.quiet_since is None:
        return t("No exceptions")
    when = t.stamp(view.quiet_since, view.timezone, view.now)
    return t("No exceptions since {when}", when=when)


def _age(view: WallView, t: Translator) -> str | None:
    """Return how old it is: what the watch finds is as old as the watch."""
    if view.readers.watch_stale:
        return t("{age} old", age=t.duration(view.readers.watch_lag_s or 0))
    return log_age(view, t)
