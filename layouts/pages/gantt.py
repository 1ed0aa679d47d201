"""`/gantt`: the milestone Gantt. What is drawn comes from `layouts.gantt`; this is its frame."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.gantt.records import (
    GanttPicture,
    GanttView,
    Grouping,
    OperationCard,
    Sorting,
    Waits,
    WaitsFor,
)
from layouts import ids
from layouts.gantt import standings
from layouts.sheets import Column, Sheet
from layouts.text import NONE, Translator, msgid

TITLE = msgid("Gantt")
GROUPINGS = {
    Grouping.ORDER: msgid("Orders"),
    Grouping.CENTER: msgid("Work centers"),
    Grouping.UNIT: msgid("Work units"),
}
SORTINGS = {
    Sorting.RISK: msgid("by risk"),
    Sorting.DUE: msgid("by due date"),
    Sorting.ID: msgid("by number"),
}
SPANS_H = {
    8: msgid("8 hours"),
    24: msgid("1 day"),
    72: msgid("3 days"),
    168: msgid("1 week"),
    720: msgid("1 month"),
}
WAITS = {
    Waits.PREDECESSOR: msgid("waits for {what} ({who})"),
    Waits.WORK_UNIT: msgid("waits for {what}, where {who} is at work"),
    Waits.MATERIAL: msgid("waits for material: {what} from {who}"),
    Waits.DOWN: msgid("{what} is down: {who}"),
}


class Frame(Struct, frozen=True, kw_only=True):
    """What the page's frame needs beside the drawing."""

    view: GanttView
    drawing: str
    drawn_ms: int
    topics: int
    areas: Sequence[tuple[str, str]]
    timezone: str


def layout(frame: Frame, t: Translator) -> Component:
    """Return the page's body."""
    live = {
        "data-desk-store": ids.Gantt.LIVE,
        "data-desk-topics": str(frame.topics),
        "data-drawn": str(frame.drawn_ms),
        "data-tz": frame.timezone,
    }
    return html.Div(
        [
            _toolbar(frame, t),
            _chosen_bar(t),
            _chart(frame, t),
            _foot(t),
            html.Div(id=ids.Gantt.CARD, className="mp-gantt-card", role="tooltip"),
            dcc.Store(id=ids.Gantt.LIVE),
            dcc.Store(id=ids.Gantt.SIZE),
            dcc.Store(id=ids.Gantt.HOVER),
        ],
        id=ids.Gantt.ROOT,
        className="mp-gantt",
        **live,
    )


def skeleton() -> Component:
    """Return the elements that callbacks are bound to."""
    stores = [dcc.Store(id=one) for one in (ids.Gantt.LIVE, ids.Gantt.SIZE, ids.Gantt.HOVER)]
    return html.Div([html.Div(id=ids.Gantt.CARD), html.Div(id=ids.Gantt.DRAWING), *stores])


def _toolbar(frame: Frame, t: Translator) -> Component:
    view = frame.view
    return html.Div(
        [
            html.H1(t(TITLE), className="mp-unseen"),
            _segments("by", GROUPINGS, view.by, t("Rows of the chart"), t),
            _search(view.text, t),
            _area(frame, t),
            _select("sort", {s: t(w) for s, w in SORTINGS.items()}, view.sort, t("Order of rows")),
            _toggle("late", t("late only"), view.late_only),
            html.Span(className="mp-gantt-space"),
            _segments("span", SPANS_H, None, t("Length of the window"), t),
            html.Div(
                [
                    _button("earlier", "←", t("Earlier (left arrow)")),
                    _button("now", t("Now"), t("To now (Home)")),
                    _button("later", "→", t("Later (right arrow)")),
                    _button("out", "−", t("Zoom out (−)")),
                    _button("in", "+", t("Zoom in (+)")),
                ],
                className="mp-gantt-group",
            ),
        ],
        className="mp-gantt-tools",
        role="toolbar",
        **{"aria-label": t("What the chart shows")},
    )  # fmt: skip


def _segments(
    name: str, words: Mapping[object, str], chosen: object, label: str, t: Translator
) -> Component:
    buttons = [
        html.Button(
            t(text), type="button", className="mp-gantt-segment",
            **{"data-gantt": name, "data-value": str(value),
               "aria-pressed": "true" if value == chosen else "false"},
        )
        for value, text in words.items()
    ]  # fmt: skip
    return html.Div(buttons, className="mp-gantt-segments", role="group", **{"aria-label": label})


def _search(text: str, t: Translator) -> Component:
    field = dcc.Input(
        type="search", name="q", value=text, className="mp-gantt-search", maxLength=100,
        placeholder=t("Order, product, customer"), autoComplete="off",
    )  # fmt: skip
    key = html.Kbd(title=t("Search (/)"))
    return html.Label([html.Span(t("Search"), className="mp-unseen"), field, key])


def _area(frame: Frame, t: Translator) -> Component | None:
    if len(frame.areas) < 2:
        return None
    options = {"": t("all lines")} | dict(frame.areas)
    return _select("area", options, frame.view.area or "", t("Line"))


def _select(name: str, options: Mapping[str, str], chosen: str, label: str) -> Component:
    choices = [
        html.Option(words, value=str(value), selected=value == chosen)
        for value, words in options.items()
    ]
    return html.Select(
        choices, className="mp-gantt-select", **{"aria-label": label, "data-gantt": name}
    )


def _toggle(name: str, words: str, on: bool) -> Component:
    return html.Button(
        words, type="button", className="mp-gantt-toggle",
        **{"data-gantt": name, "data-value": "1", "aria-pressed": "true" if on else "false"},
    )  # fmt: skip


def _button(name: str, words: str, label: str) -> Component:
    return html.Button(
        words, type="button", className="mp-gantt-button", title=label,
        **{"data-move": name, "aria-label": label},
    )  # fmt: skip


def _chosen_bar(t: Translator) -> Component:
    """Return the bar that the script fills and shows while an order is chosen."""
    return html.Div(
        [
            html.Span(className="mp-gantt-chosen-words"),
            html.Button(
                t("only this chain"), type="button", className="mp-gantt-toggle",
                **{"data-gantt": "chain", "data-value": "1", "aria-pressed": "false"},
            ),
            html.A(t("open the order"), className="mp-gantt-open", href=""),
            html.Button(
                type="button", className="mp-gantt-button mp-gantt-clear",
                **{"data-gantt": "order", "data-value": "", "aria-label": t("Choose no order")},
            ),
        ],
        className="mp-gantt-chosen",
        hidden=True,
    )  # fmt: skip


def _chart(frame: Frame, t: Translator) -> Component:
    return html.Div(
        [
            html.Div(className="mp-gantt-corner"),
            html.Div(className="mp-gantt-axis", **{"aria-hidden": "true"}),
            html.Div(
                className="mp-gantt-names", role="list", **{"aria-label": t("Rows of the chart")}
            ),
            html.Div(
                className="mp-gantt-plot", tabIndex=0, role="application",
                **{
                    "aria-label": t(
                        "Gantt chart. Arrow keys move, plus and minus zoom, Home goes to now, "
                        "page keys turn the rows."
                    )
                },
            ),
            html.Div(id=ids.Gantt.DRAWING, hidden=True, **{"data-drawing": frame.drawing}),
        ],
        id=ids.Gantt.CHART,
        className="mp-gantt-chart",
        **{"data-choose": t("show the critical chain"), "data-now": t("now")},
    )  # fmt: skip


def _foot(t: Translator) -> Component:
    keys = (
        ("baseline", t("plan")),
        ("released", t("first plan, of the chosen order")),
        ("actual", t("actual")),
        ("forecast", t("forecast, to P80")),
        ("hollow", t("milestone")),
        ("filled", t("reached")),
        ("critical", t("critical")),
        ("off", t("off shift")),
        ("density", t("several at once")),
    )
    legend = [
        html.Span([html.I(className=f"mp-gantt-key mp-gantt-key-{name}"), words])
        for name, words in keys
    ]
    legend += [
        html.Span([html.Span(className="mp-shape"), words], className=css)
        for css, words in standings(t)[:2]
    ]
    return html.Div(
        [
            html.Div(legend, className="mp-gantt-legend"),
            html.Span(className="mp-gantt-note", role="status"),
            html.Div(
                [
                    _button("up", "↑", t("Rows before (Page Up)")),
                    html.Span(className="mp-gantt-count"),
                    _button("down", "↓", t("Rows after (Page Down)")),
                ],
                className="mp-gantt-group",
            ),
        ],
        className="mp-gantt-foot",
    )


def card(one: OperationCard, timezone: str, now: datetime, t: Translator) -> list[Component]:
    """Return what the reader is told of an operation: plan, actual, forecast, who is waited for."""
    name = one.name or one.operation
    known = (one.order, one.work_unit or one.work_center, one.performed_by)
    where = " · ".join(word for word in known if word)
    lines = [
        (t("plan"), _span(one.planned_start, one.planned_finish, timezone, t)),
        (t("actual"), _actual(one, timezone, t)),
        (t("forecast"), _forecast(one, timezone, t)),
        (
            t("good"),
            t("{good} of {quantity}", good=t.number(one.good), quantity=t.number(one.quantity)),
        ),
    ]
    facts = [fact for words, value in lines for fact in (html.Dt(words), html.Dd(value))]
    waits = [html.Li(_waits(wait, timezone, now, t)) for wait in one.waits]
    critical = [html.Span(t("critical"), className="mp-gantt-badge")] if one.critical else []
    return [
        html.Div([html.Strong(name), *critical], className="mp-gantt-card-name"),
        html.Div(where, className="mp-gantt-card-where"),
        html.Dl(facts),
        *([html.Ul(waits)] if waits else []),
    ]


def _pieces(one: OperationCard, t: Translator) -> str:
    return t("{good} of {quantity}", good=t.number(one.good), quantity=t.number(one.quantity))


def _span(start: datetime, finish: datetime, timezone: str, t: Translator) -> str:
    return f"{_at(start, timezone, t)} – {_at(finish, timezone, t)}"


def _actual(one: OperationCard, timezone: str, t: Translator) -> str:
    if one.started_at is None and one.finished_at is None:
        return t("not begun")
    start = one.started_at or one.finished_at
    if one.finished_at is None:
        return t("since {when}", when=_at(start, timezone, t))
    words = _span(start, one.finished_at, timezone, t)
    return f"{words} ({_against(one.finished_at, one.planned_finish, t)})"


def _forecast(one: OperationCard, timezone: str, t: Translator) -> str:
    if one.finished_at is not None:
        return t("done")
    if one.p50_at is None or one.p80_at is None:
        return f"{NONE} {t('no forecast yet')}"
    ends = t(
        "ends {p50}, by {p80} in 8 of 10 cases",
        p50=_at(one.p50_at, timezone, t), p80=_at(one.p80_at, timezone, t),
    )  # fmt: skip
    return f"{ends} ({_against(one.p50_at, one.planned_finish, t)})"


def _against(at: datetime, planned: datetime, t: Translator) -> str:
    seconds = (at - planned).total_seconds()
    if abs(seconds) < 60:
        return t("as planned")
    length = t.brief(abs(seconds))
    if seconds > 0:
        return t("{duration} late", duration=length)
    return t("{duration} early", duration=length)


def _waits(wait: WaitsFor, timezone: str, now: datetime, t: Translator) -> str:
    words = t(WAITS[wait.kind], what=wait.what, who=wait.who or NONE)
    if wait.until is None:
        return words
    return t("{words}, until {when}", words=words, when=_at(wait.until, timezone, t))


def _at(at: datetime | None, timezone: str, t: Translator) -> str:
    return NONE if at is None else f"{t.day(at, timezone)} {t.clock(at, timezone)}"


def sheet(picture: GanttPicture, t: Translator) -> Sheet:
    """Return the rows shown as a table."""
    columns = (
        Column(key="order", heading=t("order"), kind="text"),
        Column(key="product", heading=t("product"), kind="text"),
        Column(key="customer", heading=t("customer"), kind="text"),
        Column(key="due", heading=t("due"), kind="moment"),
        Column(key="slack", heading=t("slack"), kind="seconds"),
        Column(key="done", heading=t("operations done"), kind="number"),
        Column(key="operations", heading=t("operations"), kind="number"),
    )
    rows = tuple(
        {
            "order": row.title,
            "product": row.product,
            "customer": row.customer,
            "due": row.due_at,
            "slack": row.slack_s,
            "done": row.done,
            "operations": row.operations,
        }
        for row in picture.rows
    )
    return Sheet(name=t(TITLE), columns=columns, rows=rows)
