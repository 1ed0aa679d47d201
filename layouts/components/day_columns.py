"""Day by day: late hours and on-time rate as small columns, with the same as a table. Pure.

Each column is a link that narrows the period to its day or week; the table holds the same links
for the keyboard.
"""

import math
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.delays import DelayDay
from layouts.components import desk
from layouts.components.delay_words import days_words, hours, percent, short_day
from layouts.components.links import link
from layouts.text import Translator

MOST_COLUMNS = 62  # of a day each; longer periods have weeks
_WEEK = 7
_MARKS = 4
_LAST_MARK = 0.88  # of the axis: the words of a later mark would leave it
Href = Callable[..., str]


class Span(Struct, frozen=True, kw_only=True):
    """A day or a week and what was completed in it."""

    since: date
    until: date
    late_s: float
    completed: int
    on_time: int

    @property
    def rate(self) -> float | None:
        """Share that was on time; None when nothing was completed."""
        return self.on_time / self.completed if self.completed else None


def spans_of(days: Sequence[DelayDay], since: date, until: date) -> tuple[Span, ...]:
    """Return every day of a period, or every week of a long one, with nothing left out."""
    width = 1 if (until - since).days < MOST_COLUMNS else _WEEK
    known = {day.day: day for day in days}
    spans, first = [], since
    while first <= until:
        last = min(until, first + timedelta(days=width - 1))
        within = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        met = [known[day] for day in within if day in known]
        spans.append(
            Span(
                since=first,
                until=last,
                late_s=sum(day.late_s for day in met),
                completed=sum(day.completed for day in met),
                on_time=sum(day.on_time for day in met),
            )
        )
        first = last + timedelta(days=1)
    return tuple(spans)


def columns(spans: Sequence[Span], href: Href, t: Translator) -> Component:
    """Return both charts above their axis of days, and the table."""
    top_h = nice(max((span.late_s for span in spans), default=0.0) / 3600)
    late = [_late(span, top_h, href, t) for span in spans]
    rate = [_rate(span, href, t) for span in spans]
    return html.Div(
        [
            _chart(t("Late hours"), late, hours(top_h * 3600, t), "mp-days-late"),
            _chart(t("Completed on time"), rate, percent(1.0, t), "mp-days-rate"),
            _axis(spans, t),
            _table(spans, href, t),
        ],
        className="mp-days",
    )


def nice(most: float) -> float:
    """Return a round number that isn't less: 1, 2 or 5 times a power of ten."""
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= most * (1 - 1e-9))


def _chart(title: str, items: list[Component], top: str, css: str) -> Component:
    plot = html.Div(items, className="mp-days-plot", **{"aria-hidden": "true"})
    scale = html.Span(top, className="mp-days-top", **{"aria-hidden": "true"})
    head = html.Div([html.H3(title), scale], className="mp-days-head")
    return html.Div([head, plot], className=f"mp-days-chart {css}")


def _late(span: Span, top_h: float, href: Href, t: Translator) -> Component:
    share = max(0.0, span.late_s) / 3600 / top_h
    words = t("{hours} late", hours=hours(max(0.0, span.late_s), t))
    return _column(span, share, words, href, t)


def _rate(span: Span, href: Href, t: Translator) -> Component:
    if span.rate is None:
        return _column(span, None, t("nothing completed"), href, t)
    words = t(
        "{share}: {on_time} of {completed} orders on time",
        share=percent(span.rate, t),
        on_time=t.number(span.on_time),
        completed=t.number(span.completed),
    )
    return _column(span, span.rate, words, href, t)


def _column(span: Span, share: float | None, words: str, href: Href, t: Translator) -> Component:
    """Return one column; outside of the keyboard's way, for the table has the same link."""
    fill = [] if share is None else [html.Span(style={"height": f"{100 * share:.2f}%"})]
    anchor = link(fill, _narrowed(span, href), "mp-days-column")
    anchor.title = f"{days_words(span.since, span.until, t)}\n{words}"
    anchor.tabIndex = -1
    return anchor


def _narrowed(span: Span, href: Href) -> str:
    days = {"from": span.since.isoformat(), "to": span.until.isoformat()}
    return href(**days, period=None, page=None)


def _axis(spans: Sequence[Span], t: Translator) -> Component:
    step = max(1, math.ceil(len(spans) / _MARKS))
    marks = [
        html.Span(short_day(span.since, t), style={"left": f"{100 * i / len(spans):.2f}%"})
        for i, span in enumerate(spans)
        if i % step == 0 and i <= _LAST_MARK * len(spans)
    ]
    return html.Div(marks, className="mp-days-axis", **{"aria-hidden": "true"})


def _table(spans: Sequence[Span], href: Href, t: Translator) -> Component:
    heads = (
        desk.TableColumn(key="day", heading=t("Date")),
        desk.TableColumn(key="late", heading=t("Late hours"), css="mp-num"),
        desk.TableColumn(key="completed", heading=t("Completed"), css="mp-num"),
        desk.TableColumn(key="on_time", heading=t("on time"), css="mp-num"),
        desk.TableColumn(key="rate", heading=t("Completed on time"), css="mp-num"),
    )
    rows = [_row(span, href, t) for span in reversed(spans) if span.completed or span.late_s]
    return html.Details(
        [html.Summary(t("As a table")), desk.table(heads, rows, t("Day by day"), opens="day")],
        className="mp-days-table",
    )


def _row(span: Span, href: Href, t: Translator) -> desk.TableRow:
    return desk.TableRow(
        key=span.since.isoformat(),
        href=_narrowed(span, href),
        cells={
            "day": days_words(span.since, span.until, t),
            "late": hours(span.late_s, t),
            "completed": t.number(span.completed),
            "on_time": t.number(span.on_time),
            "rate": percent(span.rate, t),
        },
    )
