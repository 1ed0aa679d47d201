"""The key figures above the page of delays, each against the days before. Pure.

Imported by `layouts.pages.delays`, whose sections the figures lead to.
"""

from collections.abc import Callable

from dash import html
from dash.development.base_component import Component

from data.domain.delays import DelayFilter, DelayReport
from data.domain.view import Standing
from layouts.components import desk
from layouts.components.delay_words import hours, percent
from layouts.components.links import link
from layouts.text import NONE, Translator

LIST, FEVER, PARETO = "delayed-orders", "buffers", "why"  # ids of sections of the page
Href = Callable[..., str]


def stats(
    report: DelayReport, before: DelayReport | None, wanted: DelayFilter, missing: int,
    href: Href, t: Translator,
) -> Component:  # fmt: skip
    """Return the figures of a period; `before`: of as many days before, `missing`: accounts."""
    late = _jump(t.number(report.orders_late), LIST)
    late_h = _jump(hours(report.late_s, t), PARETO)
    return desk.stats(
        _rate_tile(report, before, wanted, href, t),
        desk.stat(
            t("Late orders"),
            late if report.orders_late else t.number(0),
            [_opened(report, t), _was(before and t.number(before.orders_late), wanted, t)],
            Standing.LATE if report.orders_late else None,
        ),
        desk.stat(
            t("Late hours"),
            late_h if report.orders_late else hours(report.late_s, t),
            [_each(report, t), _was(before and hours(before.late_s, t), wanted, t)],
        ),
        _red_tile(report, missing, t),
    )


def _jump(words: str, to: str) -> Component:
    """Return a link to a section of this page."""
    return html.A(words, href=f"#{to}", className="mp-stat-link")


def _rate_tile(
    report: DelayReport, before: DelayReport | None, wanted: DelayFilter, href: Href, t: Translator
) -> Component:
    counts = t("nothing completed")
    if report.completed:
        counts = t(
            "{on_time} of {completed} completed orders",
            on_time=t.number(report.on_time),
            completed=t.number(report.completed),
        )
    kept = {name: getattr(wanted, name) for name in ("area", "product", "customer")}
    behind = link(counts, href("/orders", which="completed", **kept), "mp-stat-link")
    earlier = before and percent(_rate(before), t)
    return desk.stat(
        t("Completed on time"), percent(_rate(report), t), [behind, _was(earlier, wanted, t)]
    )


def _rate(report: DelayReport) -> float | None:
    return report.on_time / report.completed if report.completed else None


def _red_tile(report: DelayReport, missing: int, t: Translator) -> Component:
    if not report.fever:
        words = (
            t("accounts of open orders are being made")
            if missing
            else t("no released order is open")
        )
        return desk.stat(t("In the red zone"), NONE, words)
    red = sum(point.zone == "red" for point in report.fever)
    words = t("of {count} open orders", count=t.number(len(report.fever)))
    value = _jump(t.number(red), FEVER) if red else t.number(red)
    return desk.stat(t("In the red zone"), value, words, Standing.LATE if red else None)


def _opened(report: DelayReport, t: Translator) -> Component:
    done = report.completed - report.on_time
    if report.orders_late > done:
        words = t("{count} of them still open", count=t.number(report.orders_late - done))
        return html.Span(words)
    return html.Span(t("all completed") if report.orders_late else "")


def _each(report: DelayReport, t: Translator) -> Component:
    if not report.orders_late:
        return html.Span()
    mean = hours(report.late_s / report.orders_late, t)
    return html.Span(t("{hours} for each late order", hours=mean))


def _was(value: str | None, wanted: DelayFilter, t: Translator) -> Component:
    """Say what a figure was over as many days before."""
    if value is None:
        return html.Span()
    days = (wanted.until - wanted.since).days + 1
    words = t("{value} in the {days} days before", value=value, days=t.number(days))
    return html.Span(words, className="mp-was")
