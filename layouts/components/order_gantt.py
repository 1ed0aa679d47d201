"""The picture of one order: a row an operation, plan, actual and forecast against time.

Drawn as positioned elements, without a script; pure. What only the picture says is in each
row's words and titles too, so nothing depends on seeing colours.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.order_view import MilestoneLine, OperationLine, OrderView
from data.domain.view import Standing
from data.domain.waiting.spans import Span
from layouts.components.parts import shape
from layouts.components.reading import Reading, brief
from layouts.text import Translator
from layouts.theme import LOOKS

MOST_TICKS = 9
_LEAN = {True: "leftward", False: "rightward"}
_HOURS = (1, 2, 3, 6, 12)
_DAYS = (1, 2, 7, 14, 28, 91)


class Scale(Struct, frozen=True):
    """Turns instants into shares of the picture's width."""

    window: Span

    def at(self, instant: datetime) -> str:
        """Return how far from the left an instant stands."""
        return f"{self._share(instant):.3f}%"

    def between(self, start: datetime, finish: datetime) -> dict[str, str]:
        """Return where a span stands and how wide it is."""
        left, right = self._share(start), self._share(finish)
        return {"left": f"{left:.3f}%", "width": f"{max(0.0, right - left):.3f}%"}

    def _share(self, instant: datetime) -> float:
        start, finish = self.window
        share = (instant - start) / (finish - start)
        return 100 * min(1.0, max(0.0, share))


def order_gantt(view: OrderView, reading: Reading, *, compared: bool) -> Component:
    """Return the picture; `compared`: another plan is drawn beside today's."""
    scale, t = Scale(view.window), reading.t
    rows = [_row(line, view, scale, reading) for line in view.operations]
    picture = html.Div(
        [_axis(view, scale, reading), _back(view, scale, reading), *rows], className="mp-og"
    )
    return html.Div(
        [picture, _legend(t, compared, bool(view.closed))],
        className="mp-og-box",
        role="group",
        **{"aria-label": t("Operations against time")},
    )


def ticks(window: Span, timezone: str) -> list[datetime]:
    """Return at most `MOST_TICKS` instants at round hours or midnights of the site."""
    hours = (window[1] - window[0]).total_seconds() / 3600
    zone = ZoneInfo(timezone)
    step_h = next((step for step in _HOURS if hours / step <= MOST_TICKS), None)
    if step_h is not None:
        return _hourly(window, zone, step_h)
    step_d = next((step for step in _DAYS if hours / 24 / step <= MOST_TICKS), _DAYS[-1])
    day = window[0].astimezone(zone).date() + timedelta(1)
    found: list[datetime] = []
    while (at := _midnight(day, zone)) < window[1] and len(found) < MOST_TICKS:
        found.append(at)
        day += timedelta(step_d)
    return found


def _hourly(window: Span, zone: ZoneInfo, step: int) -> list[datetime]:
    day, last = window[0].astimezone(zone).date(), window[1].astimezone(zone).date()
    found = []
    while day <= last:
        found += [_midnight(day, zone, hour) for hour in range(0, 24, step)]
        day += timedelta(1)
    return [at for at in found if window[0] <= at < window[1]]


def _midnight(day: date, zone: ZoneInfo, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=zone)


def _axis(view: OrderView, scale: Scale, reading: Reading) -> Component:
    found = ticks(view.window, reading.timezone)
    by_hour = any((b - a) < timedelta(hours=20) for a, b in pairwise(found))
    labels = [_tick(at, by_hour, scale, reading) for at in found]
    return html.Div(
        [html.Span(className="mp-og-corner"), html.Div(labels, className="mp-og-ticks")],
        className="mp-og-axis",
        **{"aria-hidden": "true"},
    )


def _tick(at: datetime, by_hour: bool, scale: Scale, reading: Reading) -> Component:
    """Return an instant of the axis: the day at midnight, else the time."""
    midnight = at.hour == 0 or not by_hour
    say = reading.t.day if midnight else reading.t.clock
    css = "mp-og-tick mp-og-midnight" if midnight else "mp-og-tick"
    words = say(at, reading.timezone)
    return html.Span(words, className=css, style={"left": scale.at(at)})


def _back(view: OrderView, scale: Scale, reading: Reading) -> Component:
    """Return what lies behind all rows: off shift, the due date, now."""
    t = reading.t
    closed = [
        html.Span(className="mp-og-closed", style=scale.between(*span)) for span in view.closed
    ]
    due_at = view.order.due_at
    due, css = t("due {when}", when=reading.said(due_at)), "mp-og-due"
    marks = []
    if view.completed_at is None:  # the words of the two lines lean away from each other
        over = view.now > due_at
        now, css = t("now {when}", when=reading.said(view.now)), f"{css} mp-og-{_LEAN[over]}"
        line = f"mp-og-now mp-og-{_LEAN[not over]}"
        marks.append(_line(line, t("now"), now, view.now, scale))
    marks.append(_line(css, t("due"), due, due_at, scale))
    return html.Div(html.Div([*closed, *marks], className="mp-og-field"), className="mp-og-back")


def _line(css: str, word: str, title: str, at: datetime, scale: Scale) -> Component:
    label = html.Span(word, className="mp-og-line-word")
    return html.Span(label, className=css, style={"left": scale.at(at)}, title=title)


def _row(line: OperationLine, view: OrderView, scale: Scale, reading: Reading) -> Component:
    milestones = [m for m in view.milestones if m.milestone.operation == line.plan.id]
    marks = [*_plans(line, scale, reading), *_actual(line, view, scale, reading)]
    marks += _forecast(line, view, scale, reading)
    for milestone in milestones:
        marks += _diamonds(milestone, scale, reading)
    return html.Div(
        [_label(line, reading.t), html.Div(marks, className="mp-og-track")], className="mp-og-row"
    )


def _label(line: OperationLine, t: Translator) -> Component:
    plan = line.plan
    words: list[Component] = [html.Strong(plan.id), html.Span(plan.name or plan.work_center)]
    if line.critical:
        chain = t("on the critical chain")
        words.insert(0, html.Span(className="mp-og-critical", title=chain, role="img",
                                  **{"aria-label": chain}))  # fmt: skip
    late = line.drift is not None and line.drift > timedelta(minutes=1)
    look = LOOKS[Standing.LATE].css if late else ""
    drift = [html.Span([shape(), brief(line.drift, t)], className=f"mp-og-drift {look}")]
    return html.Div([*words, *(drift if late else [])], className="mp-og-label")


def _plans(line: OperationLine, scale: Scale, reading: Reading) -> list[Component]:
    t, plan, before = reading.t, line.plan, line.before
    found = [_bar("mp-og-plan", t("planned"), plan.planned_start, plan.planned_finish, scale,
                  reading)]  # fmt: skip
    if before is not None:
        found.append(_bar("mp-og-before", t("planned before"), before.planned_start,
                          before.planned_finish, scale, reading))  # fmt: skip
    return found


def _actual(
    line: OperationLine, view: OrderView, scale: Scale, reading: Reading
) -> list[Component]:
    if line.started_at is None:
        return []
    end = line.finished_at or max(view.now, line.started_at)
    return _split(line, "mp-og-actual", reading.t("actual"), (line.started_at, end), scale, reading)


def _forecast(
    line: OperationLine, view: OrderView, scale: Scale, reading: Reading
) -> list[Component]:
    expected = line.forecast
    if expected is None:
        return []
    p50, p80 = expected.finish.p50_at, expected.finish.p80_at
    start = max(expected.start_at, view.now)
    found = _split(line, "mp-og-forecast", reading.t("forecast P50"), (start, p50), scale, reading)
    if p80 > p50:
        title = reading.t("forecast P80 {when}", when=reading.said(p80))
        late = " mp-late" if p80 > line.plan.planned_finish else ""
        found.append(
            html.Span(className=f"mp-og-whisker{late}", style=scale.between(p50, p80), title=title)
        )
    return found


def _split(
    line: OperationLine, css: str, word: str, span: Span, scale: Scale, reading: Reading
) -> list[Component]:
    """Return a bar in two: what is within the plan, and what is after its finish."""
    start, end = span
    turn = min(max(line.plan.planned_finish, start), end)
    found = [_bar(css, word, start, turn, scale, reading)] if turn > start else []
    if end > turn:
        late = reading.t("{what}, after its planned finish", what=word)
        found.append(_bar(f"{css} mp-late", late, turn, end, scale, reading))
    return found


def _bar(
    css: str, word: str, start: datetime, end: datetime, scale: Scale, reading: Reading
) -> Component:
    title = f"{word}: {reading.said(start)} – {reading.said(end)}"
    return html.Span(className=css, style=scale.between(start, end), title=title)


def _diamonds(line: MilestoneLine, scale: Scale, reading: Reading) -> list[Component]:
    t, name = reading.t, line.milestone.name or line.milestone.id
    promised = t("{milestone} promised {when}", milestone=name,
                 when=reading.said(line.promised_at))  # fmt: skip
    found = [_diamond("mp-og-hollow", promised, line.promised_at, scale)]
    if line.reached_at is not None:
        reached = t("{milestone} reached {when}", milestone=name,
                    when=reading.said(line.reached_at))  # fmt: skip
        late = " mp-late" if line.reached_at > line.promised_at else ""
        found.append(_diamond(f"mp-og-filled{late}", reached, line.reached_at, scale))
    return found


def _diamond(css: str, title: str, at: datetime, scale: Scale) -> Component:
    style = {"left": scale.at(at)}
    return html.Span(
        className=f"mp-og-diamond {css}", style=style, title=title, role="img",
        **{"aria-label": title},
    )  # fmt: skip


def _legend(t: Translator, compared: bool, closed: bool) -> Component:
    items: Sequence[tuple[str, str]] = (
        ("mp-og-plan", t("planned")),
        *([("mp-og-before", t("planned before"))] if compared else []),
        ("mp-og-actual", t("actual")),
        ("mp-og-forecast", t("forecast P50")),
        ("mp-og-whisker", t("up to P80")),
        ("mp-og-actual mp-late", t("after its planned finish")),
        ("mp-og-diamond mp-og-hollow", t("milestone promised")),
        ("mp-og-diamond mp-og-filled", t("reached")),
        *([("mp-og-closed", t("off shift"))] if closed else []),
    )
    chain = html.Span([html.Span(className="mp-og-critical"), t("on the critical chain")])
    signs = [
        html.Span([html.Span(html.Span(className=css), className="mp-og-sample"), words])
        for css, words in items
    ]
    return html.Div([chain, *signs], className="mp-og-legend")
