"""The daily report: what a shift came to, on a page that prints well on A4.

Pure; `callbacks.desk.report` finds what it shows. The same tables are exported and mailed.
"""

from collections.abc import Callable, Sequence
from datetime import date

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.report import DailyReport, OwnReport, Shift
from data.domain.view import Standing
from layouts.components import desk, forms
from layouts.components.exception_looks import SEVERITIES
from layouts.pages.figures import shift_name
from layouts.pages.report_sheets import own_sheets, sheets
from layouts.sheets import Kind, Sheet, Value
from layouts.text import NONE, Translator, msgid
from layouts.theme import pace

TITLE, SHORT = msgid("Daily report"), msgid("Reports")
MISSING = {
    "scrap": msgid("scrap"),
    "bottlenecks": msgid("bottlenecks"),
    "exceptions": msgid("exceptions"),
    "causes": msgid("causes of lateness"),
}
_NUMBERS = frozenset({"number", "seconds", "share"})

Href = Callable[..., str]


class Asked(Struct, frozen=True, kw_only=True):
    """Which shift is shown, and which others the day has; `form`: what stands at the end."""

    day: date
    shift: str
    shifts: tuple[str, ...]
    timezone: str
    form: Component | None = None


def layout(report: DailyReport | OwnReport, asked: Asked, href: Href, t: Translator) -> Component:
    """Return the page of a report."""
    tables = sheets(report, t) if isinstance(report, DailyReport) else own_sheets(report, t)
    facts = [_stats(report, t)] if isinstance(report, DailyReport) else []
    parts = [_table(one, asked.timezone, t) for one in tables]
    missing = [_missing(report, t)] if isinstance(report, DailyReport) else []
    return html.Div(
        [_head(report, t), _filters(asked, href, t), *missing, *facts, *parts,
         *([asked.form] if asked.form else [])],
        className="mp-report",
    )  # fmt: skip


def nothing(asked: Asked, href: Href, t: Translator) -> Component:
    """Return the page of a shift of which nothing is known."""
    words = t("It hasn't begun yet, or lies before the site's history.")
    none = desk.empty(t("Nothing to report"), words)
    head = desk.page_head(t(TITLE))
    return html.Div([head, _filters(asked, href, t), none], className="mp-report")


def headline(report: DailyReport | OwnReport, t: Translator) -> str:
    """Return in one line which site, day and shift it is of."""
    shift = report.shift
    name = shift_words(shift.name, t)
    zone = report.timezone
    times = f"{t.clock(shift.start, zone)}–{t.clock(shift.finish, zone)}"
    return f"{report.site_name} · {t.day(shift.start, zone)} · {name} · {times}"


def shift_words(name: str, t: Translator) -> str:
    """Return what a shift is called; an empty one is the whole day."""
    return shift_name(name, t) if name else t("whole day")


def written(value: Value, kind: Kind, timezone: str, t: Translator) -> str:
    """Return a cell as it is read: for the page and for paper."""
    if value is None or value == "":
        return NONE
    if isinstance(value, str):
        return value
    if not isinstance(value, int | float):
        return t.exact(value, timezone)
    if kind == "seconds":
        return t.duration(value)
    return f"{t.percent(value)} %" if kind == "share" else t.number(value)


def facts(report: DailyReport, t: Translator) -> list[tuple[str, str]]:
    """Return the key figures with their names."""
    good, planned = report.good, report.planned
    output = NONE if good is None else t.number(good)
    if planned:
        output = t("{good} of {planned}", good=output, planned=t.number(planned))
    in_time, completed = t.number(report.in_time), t.number(report.completed)
    done = t("{count} of {all}", count=in_time, all=completed)
    raised = " · ".join(
        f"{t(SEVERITIES[one])} {t.number(n)}" for one, n in report.raised.items() if n
    )
    return [
        (t("Good pieces"), output),
        (t("Scrap"), t.number(report.scrap)),
        (t("Completed in time"), done if report.completed else NONE),
        (
            t("Open orders in time"),
            NONE if report.on_time is None else f"{t.percent(report.on_time)} %",
        ),
        (t("Exceptions raised"), raised or t.number(0)),
        (t("Exceptions open"), t.number(report.open)),
        (t("Late orders"), t.number(report.late_total)),
    ]


def _head(report: DailyReport | OwnReport, t: Translator) -> Component:
    running = isinstance(report, DailyReport) and not report.over
    words = [headline(report, t)]
    if running:
        when = t.clock(report.as_of, report.timezone)
        words.append(t("still running, as of {when}", when=when))
    print_ = html.Button(
        t("Print or save as PDF"), type="button", className="mp-small-button mp-print",
        **{"data-print": "1"},
    )  # fmt: skip
    return desk.page_head(t(TITLE), " · ".join(words), print_)


def _filters(asked: Asked, href: Href, t: Translator) -> Component:
    options = [("", t("Last one")), ("all", t("whole day"))]
    options += [(name, shift_name(name, t)) for name in asked.shifts]
    fields = [
        forms.day_field("day", asked.day.isoformat(), t("Date")),
        forms.choice_field("shift", options, asked.shift, t("Shift")),
        forms.send(t("Show")),
    ]
    action = href(day=None, shift=None)
    return html.Div(forms.form(action, fields, t("Day and shift")), className="mp-filters")


def _stats(report: DailyReport, t: Translator) -> Component:
    good, planned = report.good, report.planned
    tone = pace(good, planned) if report.over and good is not None and planned else None
    tones: dict[int, Standing | None] = {0: None if tone is Standing.ON_TRACK else tone}
    if report.late_total:
        tones[6] = Standing.LATE
    told = enumerate(facts(report, t))
    return desk.stats(
        *(desk.stat(name, _short(value), tone=tones.get(n)) for n, (name, value) in told)
    )


def _short(value: str) -> Component:
    """Return a figure that may be a few words, smaller than a number alone."""
    return html.Span(value, className="mp-report-words" if len(value) > 7 else None)


def _missing(report: DailyReport, t: Translator) -> Component:
    if not report.missing:
        return html.Span()
    what = " · ".join(t(MISSING[name]) for name in report.missing)
    words = t("Could not be had, the history is out of reach: {what}", what=what)
    return html.P(words, className="mp-flag mp-is-at-risk", role="status")


def _table(sheet: Sheet, timezone: str, t: Translator) -> Component:
    if not sheet.rows:
        return desk.section(sheet.name, html.P(t("None."), className="mp-mute"))
    columns = [
        desk.TableColumn(
            key=one.key, heading=one.heading, css="mp-num" if one.kind in _NUMBERS else ""
        )
        for one in sheet.columns
    ]
    rows = [
        desk.TableRow(
            key=str(number),
            href=_href(row.get("href")),
            cells={
                one.key: written(row.get(one.key), one.kind, timezone, t) for one in sheet.columns
            },
        )
        for number, row in enumerate(sheet.rows)
    ]
    return desk.section(sheet.name, desk.table(columns, rows, sheet.name, _opens(sheet.columns)))


def _opens(columns: Sequence[object]) -> str:
    return str(getattr(columns[0], "key", "")) if columns else ""


def _href(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def named(shift: Shift) -> str:
    """Return how an address calls a shift."""
    return shift.name or "all"
