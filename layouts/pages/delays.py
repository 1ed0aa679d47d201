"""Why orders are late: sums by cause, work center, supplier, product, customer; days; buffers.

Pure; `callbacks.desk.delays` finds what it shows. How it is counted: docs/delays-page.md.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.delays import DIMENSIONS, DelayBar, DelayedOrder, DelayFilter, DelayReport
from data.domain.site import Site
from data.domain.view import Standing
from layouts.components import desk, forms
from layouts.components.day_columns import columns, spans_of
from layouts.components.delay_words import (
    DIMENSION_WORDS,
    Names,
    brief_moment,
    cause_words,
    days_words,
    hours,
)
from layouts.components.fever import fever
from layouts.components.links import link
from layouts.components.pareto import Choice, Pareto, pareto_of, section
from layouts.components.still import still
from layouts.pages.delay_tiles import FEVER, LIST, PARETO, Href, stats
from layouts.text import NONE, Translator, msgid
from layouts.urls import segment

TITLE = msgid("Delays")
PERIODS = {
    "7d": msgid("7 days"),
    "30d": msgid("30 days"),
    "90d": msgid("90 days"),
    "month": msgid("This month"),
}
CUSTOM = "custom"
FILTERS = (*DIMENSIONS, "area")
OF_STEPS = ("cause", "work_center", "party")  # filters that leave some of an order's steps only


class Shown(Struct, frozen=True, kw_only=True):
    """What the page shows.

    `bars`: by dimension as they are without that dimension's own filter, so that another of its
    keys can be chosen. `before`: the report on as many days before, None when it isn't known.
    `missing`: orders without an account yet, of all periods.
    """

    wanted: DelayFilter
    period: str
    report: DelayReport
    bars: Mapping[str, Sequence[DelayBar]]
    before: DelayReport | None
    page: int
    pages: int
    site: Site
    now: datetime
    stale: bool = False
    missing: int = 0

    @property
    def set(self) -> dict[str, str]:
        """The filters that are set."""
        given = {name: getattr(self.wanted, name) for name in FILTERS}
        return {name: key for name, key in given.items() if key is not None}


def layout(shown: Shown, href: Href, t: Translator) -> Component:
    """Return the page."""
    names = Names(shown.site, t)
    return html.Div(
        [
            desk.page_head(t(TITLE), _lead(shown, t), _periods(shown, href, t)),
            _filters(shown, names, href),
            still(html.Div(sections(shown, names, href)), "delays-sections"),
        ],
        className="mp-delays",
    )


def _lead(shown: Shown, t: Translator) -> list[Component | str]:
    days = days_words(shown.wanted.since, shown.wanted.until, t)
    made_at = shown.report.derived_at
    if made_at is None:
        return [days]
    if shown.missing:
        return [days, html.Span(_missing(shown, t), className="mp-as-accounts mp-making")]
    when = t.moment(made_at, shown.site.timezone, shown.now)
    css = "mp-as-accounts mp-stale" if shown.stale else "mp-as-accounts"
    exact = t.exact(made_at, shown.site.timezone)
    return [days, html.Span(t("accounts as of {when}", when=when), className=css, title=exact)]


def _missing(shown: Shown, t: Translator) -> str:
    return t("accounts of {count} orders are still being made", count=t.number(shown.missing))


def _periods(shown: Shown, href: Href, t: Translator) -> list[Component]:
    usual = {"from": None, "to": None, "page": None}
    items = [
        desk.Chip(
            words=t(words),
            href=href(period=None if name == "30d" else name, **usual),
            chosen=shown.period == name,
        )
        for name, words in PERIODS.items()
    ]
    wanted = shown.wanted
    fields = [
        forms.day_field("from", wanted.since.isoformat(), t("From day")),
        forms.day_field("to", wanted.until.isoformat(), t("To day")),
    ]
    action = href(period=None, **usual)
    return [
        desk.chips(items, t("Period")),
        forms.form(action, fields, t("Any other period"), "mp-delay-days"),
    ]


def _filters(shown: Shown, names: Names, href: Href) -> Component:
    t = names.t
    parts: list[Component] = []
    if len(shown.site.areas) > 1:
        lines = [("", t("All lines")), *((a.id, a.name or a.id) for a in shown.site.areas)]
        field = forms.choice_field("area", lines, shown.wanted.area, t("Line"))
        parts.append(forms.form(href(area=None, page=None), [field], t("Line"), "mp-delay-line"))
    removable = [
        desk.removable(
            f"{t(DIMENSION_WORDS[name])}: {names.said(name, key)}",
            href(**{name: None}, page=None),
            t,
        )
        for name, key in shown.set.items()
    ]
    if len(removable) > 1:
        none = href(**dict.fromkeys(FILTERS), page=None)
        removable.append(link(t("Remove all filters"), none, "mp-small-button"))
    if removable:
        parts.append(html.Div(removable, className="mp-chips", role="group"))
    return html.Div(parts, className="mp-delay-filters")


def sections(shown: Shown, names: Names, href: Href) -> list[Component]:
    """Return everything below the filters, which only shows and links."""
    report, t = shown.report, names.t
    buffers = [_fever(shown, href, t)] if report.fever else []
    if not (report.completed or report.orders_late):
        return [_nothing(shown, href, t), *buffers]
    parts = [stats(shown.report, shown.before, shown.wanted, shown.missing, href, t)]
    if report.orders_late:
        parts += [_why(shown, names, href), _orders(shown, names, href)]
    else:
        parts.append(_all_on_time(shown, href, t))
    return [*parts, *buffers]


# What there is to say when there is nothing to show


def _nothing(shown: Shown, href: Href, t: Translator) -> Component:
    if shown.missing and shown.report.derived_at is None:
        return desk.empty(
            t("The accounts are being made"),
            t(
                "{count} orders are to do, hundreds a minute. This page goes on by itself.",
                count=t.number(shown.missing),
            ),
        )
    if shown.report.derived_at is None and not shown.set:
        return desk.empty(
            t("There are no accounts yet"),
            t("They are made from what is recorded, as soon as the first order is at work."),
        )
    days = days_words(shown.wanted.since, shown.wanted.until, t)
    heading = t("No order was completed from {days}", days=days)
    if shown.set:
        none = href(**dict.fromkeys(FILTERS), page=None)
        words = t("None that these filters leave, and none that is late is due.")
        return desk.empty(heading, words, none, t("Remove all filters"))
    words = t("None is late and due in this period either.")
    way = href(period="90d", page=None, **{"from": None, "to": None})
    return desk.empty(heading, words, way, t("Show 90 days"))


def _all_on_time(shown: Shown, href: Href, t: Translator) -> Component:
    done = desk.standing(Standing.DONE, t, t("No order is late"))
    words = t("Every order that was completed in this period was on time.")
    parts: list[Component] = [html.P(done)]
    if shown.set:
        words = t("No order is late by what these filters leave.")
        none = href(**dict.fromkeys(FILTERS), page=None)
        parts.append(link(t("Remove all filters"), none, "mp-small-button"))
    return html.Div([parts[0], html.P(words), *parts[1:]], className="mp-section mp-all-on-time")


# Why: the Pareto lists and the days


def _why(shown: Shown, names: Names, href: Href) -> Component:
    t, report = names.t, shown.report
    choice = Choice(set=shown.set, href=href)
    lists = [pareto_of(name, shown.bars.get(name, ())) for name in DIMENSIONS]
    since, until = shown.wanted.since, shown.wanted.until
    days = html.Section(
        [
            html.Div(html.H3(t("Day by day")), className="mp-pareto-head"),
            columns(spans_of(report.days, since, until), href, t),
        ],
        className="mp-pareto mp-pareto-days",
    )
    body = [
        html.Div([*(section(of, choice, names) for of in lists), days], className="mp-paretos"),
        _how(_pareto_words(lists[0], report, t), t),
    ]
    return desk.section(
        t("Where the late hours come from"), body, t("Each line is a filter"),
        "mp-why", PARETO,
    )  # fmt: skip


def _pareto_words(by_cause: Pareto, report: DelayReport, t: Translator) -> list[str]:
    sums = t(
        "Added {added}, made up {made_up}: {sum} by cause.",
        added=hours(by_cause.added_s, t),
        made_up=hours(by_cause.made_up_s, t),
        sum=hours(by_cause.added_s + by_cause.made_up_s, t),
    )
    return [
        t(
            "Each late order has an account: its time from release to completion (or forecast) in"
            " steps, each with its cause and what it took against the plan. What the steps add up"
            " to is the order's lateness, to the second."
        ),
        t(
            "A line sums up what its steps add in all {count} late orders; the pale bar behind is"
            " the running total of the lines so far. The lines that make up 80 % are darker.",
            count=t.number(report.orders_late),
        ),
        sums,
        t(
            "A list leaves its own filter aside, so that another of its lines can be chosen; all"
            " other filters hold. By supplier, hours count for whoever answers for the step."
        ),
    ]


def _how(words: Sequence[str], t: Translator, more: Sequence[Component] = ()) -> Component:
    return html.Details(
        [html.Summary(t("How is this counted?")), *(html.P(text) for text in words), *more],
        className="mp-counted-so",
    )


# The list of late orders


def _orders(shown: Shown, names: Names, href: Href) -> Component:
    t, report = names.t, shown.report
    rows = [_row(order, shown, names, href) for order in report.orders]
    previous = href(page=str(shown.page - 1) if shown.page > 2 else None)
    following = href(page=str(shown.page + 1))
    body = [
        desk.table(_columns(t), rows, t("Late orders"), opens="order"),
        desk.pager(shown.page, shown.pages, previous, following, t),
        _how([_orders_words(shown, t)], t),
    ]
    count = t("{count} orders, the latest first", count=t.number(report.orders_total))
    return desk.section(t("Late orders"), body, count, "mp-delayed", LIST)


def _orders_words(shown: Shown, t: Translator) -> str:
    if any(name in shown.set for name in OF_STEPS):
        return t(
            "Orders that were completed late in this period or, while they are open, are due in it"
            " and will be late by their forecast; of these, those that a step which the filters"
            " leave made later. An order's lateness is its whole lateness, not those steps' alone."
        )
    return t(
        "Orders that were completed late in this period or, while they are open, are due in it and"
        " will be late by their forecast. Late is what lies between due date and completion or"
        " forecast; an order opens with its account, a cause with the steps and events behind it."
    )


def _columns(t: Translator) -> list[desk.TableColumn]:
    return [
        desk.TableColumn(key="late", heading=t("Late by"), css="mp-num"),
        desk.TableColumn(key="order", heading=t("Order")),
        desk.TableColumn(key="product", heading=t("Product")),
        desk.TableColumn(key="customer", heading=t("Customer")),
        desk.TableColumn(key="cause", heading=t("Mostly because of")),
        desk.TableColumn(key="work_center", heading=t("Work center")),
        desk.TableColumn(key="party", heading=t("Supplier")),
        desk.TableColumn(key="due", heading=t("Due"), css="mp-num"),
        desk.TableColumn(key="ended", heading=t("Completed or forecast"), css="mp-num"),
    ]


def _row(order: DelayedOrder, shown: Shown, names: Names, href: Href) -> desk.TableRow:
    t, page = names.t, f"/orders/{segment(order.order)}"

    def moment(at: datetime | None) -> Component | str:
        if at is None:
            return NONE
        words = brief_moment(at, shown.site.timezone, shown.now, t)
        return html.Span(words, title=t.exact(at, shown.site.timezone))

    def named(dimension: str, key: str | None) -> Component:
        said = names.said(dimension, key) if key else NONE
        return html.Span(said, title=said)

    cause: Component | str = NONE
    if order.top_cause:
        proof = href(page, cause=order.top_cause)
        cause = link(cause_words(order.top_cause, t), proof, "mp-proof")
    late = desk.standing(Standing.LATE, t, t.duration(order.late_s))
    return desk.TableRow(
        key=order.order,
        href=href(page),
        cells={
            "late": late,
            "order": order.order,
            "product": order.product,
            "customer": named("customer", order.customer),
            "cause": cause,
            "work_center": named("work_center", order.top_work_center),
            "party": named("party", order.top_party),
            "due": moment(order.due_at),
            "ended": _ended(order, moment(order.ended_at), t),
        },
    )


def _ended(order: DelayedOrder, words: Component | str, t: Translator) -> Component:
    """Return the end; a forecast looks like what it is."""
    if order.completed or order.ended_at is None:
        return html.Span(words)
    return html.Span(["≈ ", words], className="mp-forecast", title=t("forecast, still open"))


# Buffers


def _fever(shown: Shown, href: Href, t: Translator) -> Component:
    def opened(order: str) -> str:
        return href(f"/orders/{segment(order)}")

    kept = {name: getattr(shown.wanted, name) for name in ("area", "product", "customer")}
    every = link(t("All open orders"), href("/orders", **kept), "mp-proof")
    words = [
        t(
            "An order's buffer is the time between its planned end and its due date. It is used up"
            " as the forecast moves from the one towards the other; more than 100 % is late."
        ),
        t(
            "What is done is the share of its critical chain, the longest path of operations by"
            " planned time. An order that has done much may have used much: the borders rise."
        ),
        t("Every released order is shown, whatever the period; of the filters line, product and"
          " customer hold."),
    ]  # fmt: skip
    body = [fever(shown.report.fever, opened, t), _how(words, t, [html.P(every)])]
    count = t("{count} open orders", count=t.number(len(shown.report.fever)))
    return desk.section(t("Buffers of open orders"), body, count, "mp-buffers", FEVER)


def period_before(since: date, until: date) -> tuple[date, date]:
    """Return as many days before a period."""
    days = until - since + timedelta(days=1)
    return since - days, since - timedelta(days=1)
