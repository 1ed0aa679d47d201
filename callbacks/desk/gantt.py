"""`/gantt`: parse the address into a view, ask the service, hand over to the layout.

The page renews itself: its script asks for other windows while the reader pans and zooms, and
the desk's for a newer one when the board has changed. Both put an address into one store, of
which the site, the scope and the view are worked out here each time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import dash
from dash import Dash, Input, Output, State
from dash.development.base_component import Component

from callbacks.desk.visit import BadParameter, DeskPage, Visit, instant
from data.domain.gantt.records import GanttPicture, GanttView, Grouping, Sorting
from data.domain.topics import CLOCK, FORECASTS, OPERATIONS, ORDERS, PLAN
from data.services.errors import MilepostError
from data.services.gantt import Gantts
from layouts import ids
from layouts.gantt import drawing, encoded
from layouts.pages import gantt
from layouts.sheets import Sheet
from layouts.text import Translator
from layouts.urls import address, segment

TOPICS = OPERATIONS | PLAN | FORECASTS | ORDERS | CLOCK
BACK, AHEAD = timedelta(hours=12), timedelta(hours=36)
SHORTEST, LONGEST = timedelta(minutes=10), timedelta(days=800)
USUAL_PX, USUAL_ROWS, MOST_PX, MOST_ROWS = 1100, 22, 8000, 200
LONGEST_SEARCH = 2000

Visits = Callable[[DeskPage, Mapping[str, Any]], Visit]


class GanttPage:
    """The Gantt's page. `visits` checks an address, as the shell does it."""

    name = "gantt"
    path = "/gantt"
    topics = 0  # it renews its drawing alone, never its whole body

    def __init__(self, gantts: Gantts, visits: Visits) -> None:
        self._gantts = gantts
        self._visits = visits

    def title(self, t: Translator) -> str:
        """Return the page's name."""
        return t(gantt.TITLE)

    def body(self, visit: Visit) -> Component:
        """Return the page with its first drawing."""
        view, drawn_ms = view_of(visit), int(time.time() * 1000)
        picture = self._gantts.picture(visit.scope, visit.live, view)
        site = visit.live.board.site
        frame = gantt.Frame(
            view=view,
            drawing=self._drawn(visit, picture, drawn_ms),
            drawn_ms=drawn_ms,
            topics=TOPICS if visit.at is None else 0,
            areas=[(area.id, area.name or area.id) for area in site.areas],
            timezone=visit.timezone,
        )
        return gantt.layout(frame, visit.t)

    def skeleton(self) -> Component:
        """Return the elements that the callbacks are bound to, without what they hold."""
        return gantt.skeleton()

    def sheets(self, visit: Visit) -> Sequence[Sheet]:
        """Return the rows shown."""
        picture = self._gantts.picture(visit.scope, visit.live, view_of(visit, MOST_ROWS))
        return (gantt.sheet(picture, visit.t),)

    def register(self, app: Dash) -> None:
        """Register the drawing's renewal and the card of what is pointed at."""
        app.callback(
            Output(ids.Gantt.DRAWING, "data-drawing"),
            Input(ids.Gantt.LIVE, "data"),
            State(ids.Gantt.SIZE, "data"),
            prevent_initial_call=True,
        )(self.draw)
        app.callback(
            Output(ids.Gantt.CARD, "children"),
            Input(ids.Gantt.HOVER, "data"),
            prevent_initial_call=True,
        )(self.card)

    def draw(self, wish: Any, size: Any) -> Any:
        """Return the drawing that the script wishes for; nothing when the wish is none."""
        visit = self._visit(wish)
        if visit is None:
            return dash.no_update
        width = _within(size, "width", 200, MOST_PX, USUAL_PX)
        rows = _within(size, "rows", 1, MOST_ROWS, USUAL_ROWS)
        drawn_ms = int(time.time() * 1000)
        try:
            view = view_of(visit, rows, width)
            picture = self._gantts.picture(visit.scope, visit.live, view)
        except (BadParameter, MilepostError):
            return dash.no_update
        return self._drawn(visit, picture, drawn_ms)

    def card(self, pointed: Any) -> Any:
        """Return what is known of the operation that the reader points at."""
        visit = self._visit(pointed)
        order = pointed.get("order") if visit else None
        operation = pointed.get("operation") if visit else None
        if visit is None or not isinstance(order, str) or not isinstance(operation, str):
            return dash.no_update
        try:
            found = self._gantts.card(visit.scope, visit.live, order, operation)
        except MilepostError:
            return []
        return gantt.card(found, visit.timezone, visit.now, visit.t)

    def _drawn(self, visit: Visit, picture: GanttPicture, drawn_ms: int) -> str:
        def href(order: str) -> str:
            return address(f"/orders/{segment(order)}", _staying(visit))

        return encoded(drawing(picture, drawn_ms, visit.timezone, href, visit.t))

    def _visit(self, wish: Any) -> Visit | None:
        """Return the visit that a script's wish stands for; None when it can't be used."""
        search = wish.get("search") if isinstance(wish, dict) else None
        if not isinstance(search, str) or len(search) > LONGEST_SEARCH:
            return None
        try:
            return self._visits(self, parse_qs(search.lstrip("?")))
        except (BadParameter, MilepostError):
            return None


def view_of(visit: Visit, rows: int = USUAL_ROWS, width_px: int = USUAL_PX) -> GanttView:
    """Return the view that an address asks for.

    Raises: BadParameter.
    """
    start, finish = _window(visit)
    areas = [area.id for area in visit.live.board.site.areas]
    return GanttView(
        start=start,
        finish=finish,
        width_px=width_px,
        first=visit.whole("rows", 0, 10_000_000, 0),
        rows=rows,
        by=Grouping(visit.choice("by", list(Grouping), Grouping.ORDER)),
        sort=Sorting(visit.choice("sort", list(Sorting), Sorting.RISK)),
        area=visit.choice("area", areas, "") if visit.text("area") else None,
        late_only=visit.choice("late", ("0", "1"), "0") == "1",
        text=visit.text("q") or "",
        order=visit.text("order"),
        chain_only=visit.choice("chain", ("0", "1"), "0") == "1",
    )


def _window(visit: Visit) -> tuple[datetime, datetime]:
    """Return from when to when; without a word of it, half a day back and a day and a half on."""
    hour = visit.now.replace(minute=0, second=0, microsecond=0)
    given, until = visit.text("from"), visit.text("to")
    start = instant(given, visit.timezone, "from") if given else None
    finish = instant(until, visit.timezone, "to") if until else None
    if start is None:
        start = hour - BACK if finish is None else finish - BACK - AHEAD
    if finish is None:
        finish = start + BACK + AHEAD
    if not SHORTEST <= finish - start <= LONGEST:
        raise BadParameter("to", "instant")
    return start, finish


def _staying(visit: Visit) -> dict[str, str | None]:
    return {name: visit.query.get(name) for name in ("site", "at")}


def _within(size: Any, name: str, least: int, most: int, usual: int) -> int:
    value = size.get(name) if isinstance(size, dict) else None
    usable = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    return int(min(most, max(least, value))) if usable else usual
