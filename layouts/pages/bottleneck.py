"""Where the bottleneck of a line is and was, which methods agree, what an hour more would give.

Pure; `callbacks.desk.bottleneck` finds what it shows.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.bottleneck.opinions import Method, Opinion
from data.domain.bottleneck.queue import CenterQueue
from data.domain.bottleneck.report import BottleneckReport, UnitRow
from data.domain.bottleneck.timeline import Grain
from data.domain.facts import LineBottleneck
from data.domain.site import Site
from data.domain.view import Standing
from layouts.components import desk, forms
from layouts.components.still import still
from layouts.pages import bottleneck_chart as chart
from layouts.pages import bottleneck_how as how
from layouts.pages.bottleneck_how import Amounts
from layouts.panels.bottleneck import METHODS
from layouts.text import NONE, Translator, msgid

TITLE = msgid("Bottleneck")
PERIODS = {
    "today": msgid("Today"),
    "yesterday": msgid("Yesterday"),
    "7d": msgid("7 days"),
    "30d": msgid("30 days"),
}
GRAINS = {Grain.SHIFT: msgid("by shift"), Grain.DAY: msgid("by day"), Grain.WEEK: msgid("by week")}
WORKS = {
    Method.ARROWS: msgid(
        "Between two work centers the arrow points to where the line is held up: downstream when "
        "the first is blocked more than the second is starved. The bottleneck is where no arrow "
        "leads away (Kuo, Lim, Meerkov 1996)."
    ),
    Method.TURNING_POINT: msgid(
        "Before the bottleneck work centers are more blocked than starved, behind it more starved "
        "than blocked, and it waits less than both neighbours (Li, Chang, Ni 2009)."
    ),
    Method.QUEUE: msgid(
        "Nobody reports blocked or starved here, so the work that waits is counted: most time is "
        "waited before the bottleneck."
    ),
}

Href = Callable[..., str]


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows. `period`: a name, empty for days that were given.

    `stale`: the watch is silent, so what is provisional is old.
    """

    site: Site
    report: BottleneckReport
    fact: LineBottleneck | None
    period: str
    since: str
    until: str
    now: datetime
    theme: str
    stale: bool


def layout(shown: Shown, href: Href, t: Translator) -> Component:
    """Return the page."""
    report = shown.report
    head = desk.page_head(t(TITLE), _lead(shown, t))
    filters = _filters(shown, href, t)
    if not report.pieces:
        return html.Div([head, filters, _nothing(shown, href, t)], className="mp-bottleneck")
    say, zone = Amounts(t), shown.site.timezone
    return html.Div(
        [
            head,
            filters,
            still(html.Div(_above(shown, say)), "bottleneck-when"),
            desk.section(
                t("Shares"),
                [
                    chart.shares(report, shown.theme, zone, t),
                    html.P(
                        t("Shifting time counts for both work units, so a bar may exceed 100 %."),
                        className="mp-bt-how-note",
                    ),
                ],
                _grains(shown, href, t),
                "mp-bt-shares",
            ),
            still(html.Div(_below(shown, say)), "bottleneck-units"),
        ],
        className="mp-bottleneck",
    )


def _above(shown: Shown, say: Amounts) -> list[Component]:
    t = say.t
    timeline = chart.timeline(shown.report, shown.site.timezone, t)
    when = desk.section(t("Who was it, when"), timeline, chart.legend(t), "mp-bt-section")
    return [_stats(shown, say), when]


def _below(shown: Shown, say: Amounts) -> list[Component]:
    t, report = say.t, shown.report
    model = how.model(report, shown.site.timezone, say)
    return [
        desk.section(t("Work units, as the line flows"), _table(report, say)),
        desk.section(t("Which methods agree"), _methods(shown, say), css="mp-bt-methods"),
        desk.section(t("What one hour more would give"), model),
    ]


def no_lines(t: Translator) -> Component:
    """Return what stands where a site has no line."""
    return desk.empty(t("This site has no lines yet"), t("They come with its site document."))


def _lead(shown: Shown, t: Translator) -> str:
    report, zone = shown.report, shown.site.timezone
    return t(
        "{line} · {since} – {until}",
        line=_area_name(shown.site, report.area),
        since=t.exact(report.since, zone),
        until=t.exact(report.until, zone),
    )


def _area_name(site: Site, area: str) -> str:
    return next((one.name or one.id for one in site.areas if one.id == area), area)


def _filters(shown: Shown, href: Href, t: Translator) -> Component:
    here = shown.report.area
    areas = [
        desk.Chip(words=one.name or one.id, href=href(area=one.id), chosen=one.id == here)
        for one in shown.site.areas
    ]
    periods = [
        desk.Chip(
            words=t(words),
            href=href(period=name, since=None, until=None),
            chosen=name == shown.period,
        )
        for name, words in PERIODS.items()
    ]
    days = forms.form(
        href(since=None, until=None, period=None),
        [
            forms.day_field("since", shown.since, t("From")),
            forms.day_field("until", shown.until, t("To")),
            forms.send(t("Show")),
        ],
        t("Period"),
    )
    lines = [desk.chips(areas, t("Line"))] if len(areas) > 1 else []
    return html.Div(
        [html.Div([*lines, desk.chips(periods, t("Period"))]), days], className="mp-bt-filters"
    )


def _grains(shown: Shown, href: Href, t: Translator) -> Component:
    items = [
        desk.Chip(words=t(words), href=href(by=grain.value), chosen=grain is shown.report.grain)
        for grain, words in GRAINS.items()
    ]
    return desk.chips(items, t("How long a bar is"))


def _nothing(shown: Shown, href: Href, t: Translator) -> Component:
    if shown.fact is None and shown.report.final_until is None:
        return desk.empty(
            t("This line's bottleneck hasn't been looked for yet"),
            t("The watch finds it from changes of state of the work units, within seconds of "
              "its start."),
        )  # fmt: skip
    return desk.empty(
        t("No work unit was active in this period"),
        t("Choose a longer one."),
        href(period="7d", since=None, until=None),
        t("7 days"),
    )


def _stats(shown: Shown, say: Amounts) -> Component:
    report, t = shown.report, say.t
    verdict = report.verdict
    name = verdict.work_unit or t("none is clear")
    first = verdict.intervals[0] if verdict.intervals else None
    row = next((row for row in report.units if first and row.work_unit == first.work_unit), None)
    tiles = [
        desk.stat(t("Bottleneck of the period"), name, t(how.REASONS[verdict.reason])),
        desk.stat(
            t("Largest share"),
            NONE if row is None else f"{row.work_unit} {say.share(row.share)}",
            _interval_note(row, say),
        ),
        _hour(row, report, say),
    ]
    return desk.stats(_now(shown, say), *tiles)


def _now(shown: Shown, say: Amounts) -> Component:
    fact, t = shown.fact, say.t
    if fact is None or fact.work_unit is None:
        words = t("line off shift") if fact is not None and fact.paused else t("nobody is active")
        return desk.stat(t("Now"), NONE, words if fact is not None else t("nobody has looked"))
    note = t("{duration} active, provisional", duration=t.duration(fact.active_s))
    if shown.stale:
        age = t.duration((shown.now - fact.as_of).total_seconds())
        note = t("{age} old: the watch is silent", age=age)
    return desk.stat(t("Now"), fact.work_unit, note, Standing.UNKNOWN if shown.stale else None)


def _interval_note(row: UnitRow | None, say: Amounts) -> str:
    if row is None or row.low is None or row.high is None:
        return ""
    return say.t("95 % interval {low} – {high}", low=say.share(row.low), high=say.share(row.high))


def _hour(row: UnitRow | None, report: BottleneckReport, say: Amounts) -> Component:
    t = say.t
    gained = [one for one in report.units if one.gain is not None]
    best = max(gained, key=lambda one: one.gain.pieces if one.gain else 0.0, default=None)
    if best is None or best.gain is None:
        return desk.stat(t("One hour more"), NONE, t("too little is known"))
    words = t("{pieces} pieces at {unit}", pieces=say.pieces(best.gain.pieces), unit=best.work_unit)
    orders = best.gain.pieces / report.lot if report.lot else None
    note = t("most of all; {orders} orders", orders=f"{orders:.2f}") if orders is not None else ""
    if row is not None and row.gain is not None and row.work_unit != best.work_unit:
        there = t("{pieces} at {unit}", pieces=say.pieces(row.gain.pieces), unit=row.work_unit)
        note = f"{note} · {there}" if note else there
    return desk.stat(t("One hour more gives"), words, note)


def _table(report: BottleneckReport, say: Amounts) -> Component:
    t = say.t
    columns = [
        desk.TableColumn(key="unit", heading=t("work unit")),
        desk.TableColumn(key="bar", heading=""),
        *(
            desk.TableColumn(key=key, heading=words, css="mp-num")
            for key, words in (
                ("share", t("share")), ("sole", t("alone")), ("shifting", t("shifting")),
                ("interval", t("95 % interval")), ("starved", t("starved")),
                ("blocked", t("blocked")), ("queue", t("queue now")),
                ("gain", t("pieces from an hour more")), ("orders", t("orders")),
            )
        ),
    ]  # fmt: skip
    queues = {queue.work_center: queue for queue in report.queues}
    most = max((row.share for row in report.units), default=0.0)
    rows = [_unit(row, report, queues.get(row.work_center), most, say) for row in report.units]
    return desk.table(columns, rows, t("Work units, as the line flows"))


def _unit(
    row: UnitRow, report: BottleneckReport, queue: CenterQueue | None, most: float, say: Amounts
) -> desk.TableRow:
    pieces = row.gain.pieces if row.gain else None
    orders = pieces / report.lot if pieces is not None and report.lot else None
    name: list[object] = [html.Strong(row.work_unit), html.Span(row.name, className="mp-bt-words")]
    if row.work_unit == report.verdict.work_unit:
        name.append(html.Span(say.t("bottleneck"), className="mp-bt-mark"))
    return desk.TableRow(
        key=row.work_unit,
        cells={
            "unit": name,
            "bar": _bar(row, most),
            "share": how.share(row, report, say),
            "sole": say.share(row.sole),
            "shifting": say.share(row.shifting),
            "interval": how.interval(row, report, say),
            "starved": how.waited(row.starved_s, row, say),
            "blocked": how.waited(row.blocked_s, row, say),
            "queue": _queue(queue, say),
            "gain": how.gain(row, report, say),
            "orders": NONE if orders is None else f"{orders:.2f}",
        },
    )


def _bar(row: UnitRow, most: float) -> Component:
    scale = 100 / most if most > 0 else 0.0
    parts = (("mp-bt-sole", row.sole), ("mp-bt-shifting", row.shifting))
    return html.Span(
        [html.I(className=css, style={"width": f"{scale * share:.1f}%"}) for css, share in parts],
        className="mp-bt-bar",
        **{"aria-hidden": "true"},
    )


def _queue(queue: CenterQueue | None, say: Amounts) -> Component | str:
    if queue is None:
        return NONE
    t = say.t
    words = [
        t("Operations before {center} that could start and haven't: order released, all "
          "predecessors completed.", center=queue.work_center),
        t("{pieces} pieces; waiting {mean} on average, {longest} at most",
          pieces=t.number(queue.pieces), mean=t.duration(queue.mean_s),
          longest=t.duration(queue.longest_s)),
    ]  # fmt: skip
    return how.fold(t.number(queue.waiting), words)


def _methods(shown: Shown, say: Amounts) -> Component:
    report, t = shown.report, say.t
    named = report.named
    center = next((row.work_center for row in report.units if row.work_unit == named), None)
    own = _method(
        t("active periods"),
        named or NONE,
        t("this page's method"),
        [t("At each instant the bottleneck is the work unit that is active for the longest without "
           "a break; where one takes over from another both are shifting (Roser, Nakano, Tanaka "
           "2002). An answer is final once every period that covered the instant has ended.")],
    )  # fmt: skip
    others = [_opinion(one, center, report, say) for one in report.opinions]
    return html.Div([own, *others], className="mp-bt-method-list")


def _opinion(one: Opinion, center: str | None, report: BottleneckReport, say: Amounts) -> Component:
    t = say.t
    if not one.work_centers:
        said, agrees = t("sees none"), t("no opinion")
    else:
        said = " · ".join(one.work_centers)
        agrees = t("✓ agrees") if center in one.work_centers else t("≠ points elsewhere")
    parts: list[object] = [t(WORKS[one.method])]
    if one.severity is not None:
        parts.append(t("severity {severity}", severity=say.share(one.severity)))
    if one.method is not Method.QUEUE and len(report.waiting) > 1:
        parts.append(how.arrows(report.waiting, say))
    return _method(t(METHODS[one.method.value]), said, agrees, parts)


def _method(name: str, said: str, agrees: str, parts: Sequence[object]) -> Component:
    body = [html.P(part) if isinstance(part, str) else part for part in parts]
    summary = html.Summary(
        [
            html.Span(name, className="mp-bt-method-name"),
            html.Strong(said),
            html.Span(agrees, className="mp-bt-agrees"),
        ]
    )
    return html.Details([summary, html.Div(body, className="mp-bt-method-body")])
