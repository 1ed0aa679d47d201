"""The list of orders. Pure; `callbacks.desk.orders` finds what it shows."""

from collections.abc import Callable, Mapping
from datetime import datetime

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.ledger.records import Cause
from data.domain.orders import Facets, OrderFilter, OrderList, OrderRow
from data.domain.view import Standing
from layouts import ids
from layouts.components import desk, forms
from layouts.components.causes import CAUSES
from layouts.components.still import still
from layouts.sheets import Column, Sheet, Value
from layouts.text import NONE, Translator, msgid
from layouts.theme import LOOKS
from layouts.urls import segment

TITLE = msgid("Orders")
STANDINGS = (
    Standing.LATE,
    Standing.STOPPED,
    Standing.AT_RISK,
    Standing.UNKNOWN,
    Standing.ON_TRACK,
    Standing.DONE,
)
WHICH = {"open": msgid("Open"), "completed": msgid("Completed"), "all": msgid("All")}
FILTERS = ("q", "standing", "area", "product", "customer", "from", "to")
# Words for standings in this list: an order without a route has nothing to be projected by.
NO_ROUTE = msgid("no route")

Href = Callable[..., str]


class ListView(Struct, frozen=True, kw_only=True):
    """One page of the list and where one is in it."""

    found: OrderList
    by: OrderFilter
    facets: Facets
    page: int
    pages: int
    timezone: str
    now: datetime


def layout(view: ListView, href: Href, t: Translator) -> Component:
    """Return the page."""
    return html.Div(
        [
            desk.page_head(t(TITLE), _lead(view, t), _which(view, href, t)),
            _filters(view, href, t),
            still(html.Div(below(view, href, t)), ids.Orders.LIST),
        ],
        className="mp-orders-page",
    )


def below(view: ListView, href: Href, t: Translator) -> list[Component]:
    """Return everything below the filters, which only shows and links."""
    rows = _list(view, href, t) if view.found.rows else [_nothing(view, href, t)]
    return [*_notes(view, t), *rows]


def standing_word(standing: Standing, t: Translator) -> str:
    """Return what an order's standing is called."""
    return t(NO_ROUTE if standing is Standing.UNKNOWN else LOOKS[standing].word)


def cause_word(cause: str | None, t: Translator) -> str:
    """Return what a cause is called; nothing for one of another version of the program."""
    known = cause in {one.value for one in Cause}
    return t(CAUSES[Cause(cause)]) if known else ""


def _lead(view: ListView, t: Translator) -> str:
    count = t.number(view.found.total)
    if view.by.which == "completed":
        return t("{count} completed orders", count=count)
    if view.by.which == "all":
        return t("{count} orders", count=count)
    return t("{count} open orders", count=count)


def _which(view: ListView, href: Href, t: Translator) -> Component:
    items = [
        desk.Chip(
            words=t(words),
            href=href(which=None if which == "open" else which, standing=None, page=None),
            chosen=view.by.which == which,
        )
        for which, words in WHICH.items()
    ]
    return desk.chips(items, t("Which orders"))


def _filters(view: ListView, href: Href, t: Translator) -> Component:
    by = view.by
    action = href(**dict.fromkeys((*FILTERS[2:], "q", "page")))
    fields = [
        forms.search_field("q", by.text, t("Search"), t("Order, product, customer or part")),
        forms.choice_field("area", _areas(view, t), by.area, t("Line")),
        forms.choice_field("product", _products(view, t), by.product, t("Product")),
        forms.choice_field("customer", _customers(view, t), by.customer, t("Customer")),
        forms.day_field("from", by.due_from and by.due_from.isoformat(), t("Due from")),
        forms.day_field("to", by.due_to and by.due_to.isoformat(), t("Due to")),
    ]
    chips = [] if by.which == "completed" else [_standings(view, href, t)]
    return html.Div(
        [forms.form(action, fields, t("Filter the list")), *chips], className="mp-filters"
    )


def _areas(view: ListView, t: Translator) -> list[tuple[str, str]]:
    return _with_chosen([("", t("all lines")), *view.facets.areas], view.by.area)


def _products(view: ListView, t: Translator) -> list[tuple[str, str]]:
    known = [(product, product) for product in view.facets.products]
    return _with_chosen([("", t("all products")), *known], view.by.product)


def _customers(view: ListView, t: Translator) -> list[tuple[str, str]]:
    return _with_chosen([("", t("all customers")), *view.facets.customers], view.by.customer)


def _with_chosen(options: list[tuple[str, str]], chosen: str | None) -> list[tuple[str, str]]:
    """Add what an address asks for and no open order has."""
    if chosen is None or any(value == chosen for value, _ in options):
        return options
    return [*options, (chosen, chosen)]


def _standings(view: ListView, href: Href, t: Translator) -> Component:
    counts, chosen = view.found.standings, view.by.standing
    every = desk.Chip(
        words=t("any standing"),
        href=href(standing=None, page=None),
        chosen=chosen is None,
        count=t.number(sum(counts.values())),
    )
    some = [
        desk.Chip(
            words=standing_word(standing, t),
            href=href(standing=standing.value, page=None),
            chosen=standing is chosen,
            count=t.number(counts.get(standing, 0)),
            standing=standing,
        )
        for standing in STANDINGS
        if standing is not Standing.DONE and (counts.get(standing) or standing is chosen)
    ]
    return desk.chips([every, *some], t("Standing"))


def _notes(view: ListView, t: Translator) -> list[Component]:
    if not view.found.history_missing:
        return []
    words = t("The recorded past can't be reached: completed orders and causes are missing here.")
    return [html.P(words, className="mp-note-line mp-stale", role="status")]


def _nothing(view: ListView, href: Href, t: Translator) -> Component:
    if any(getattr(view.by, name) for name in ("text", "standing", "area", "product", "customer")):
        return _no_fit(href, t)
    if view.by.due_from or view.by.due_to or view.page > 1:
        return _no_fit(href, t)
    words = t("Orders appear here as soon as their plan has been sent or imported.")
    return desk.empty(t("No orders here"), words)


def _no_fit(href: Href, t: Translator) -> Component:
    clear = href(**dict.fromkeys((*FILTERS, "page")))
    words = t("Take a filter away, or look among the completed ones.")
    return desk.empty(t("No order fits"), words, clear, t("Clear all filters"))


def _list(view: ListView, href: Href, t: Translator) -> list[Component]:
    rows = [_row(row, view, href, t) for row in view.found.rows]
    columns = _columns(view, href, t)
    following, previous = href(page=str(view.page + 1)), href(page=_earlier(view.page))
    return [
        desk.table(columns, rows, t(TITLE), opens="order", named="row"),
        desk.pager(view.page, view.pages, previous, following, t),
    ]


def _earlier(page: int) -> str | None:
    return str(page - 1) if page > 2 else None


def _columns(view: ListView, href: Href, t: Translator) -> list[desk.TableColumn]:
    ended = t("completed") if view.by.which == "completed" else t("Forecast")
    return [
        _sortable("standing", t("Standing"), "risk", view, href),
        _sortable("order", t("Order"), "order", view, href),
        desk.TableColumn(key="product", heading=t("Product"), css="mp-wide"),
        desk.TableColumn(key="customer", heading=t("Customer"), css="mp-wide"),
        desk.TableColumn(key="quantity", heading=t("Quantity"), css="mp-num mp-wide"),
        desk.TableColumn(key="step", heading=t("Step"), css="mp-wide"),
        _sortable("due", t("Due"), "due", view, href, "mp-num"),
        _sortable("ended", ended, "forecast", view, href, "mp-num mp-wide"),
        desk.TableColumn(key="p80", heading=t("80 % by"), css="mp-num mp-wide"),
        desk.TableColumn(key="late", heading=t("Against due"), css="mp-num"),
        desk.TableColumn(key="cause", heading=t("Mostly because of"), css="mp-wide"),
    ]


def _sortable(
    key: str, heading: str, sort: str, view: ListView, href: Href, css: str = ""
) -> desk.TableColumn:
    by = view.by
    chosen = by.sort == sort
    turned = "down" if chosen and not by.descending else None
    way = ("descending" if by.descending else "ascending") if chosen else ""
    to = href(sort=None if sort == "risk" else sort, dir=turned, page=None)
    return desk.TableColumn(key=key, heading=heading, css=css, sort=to, sorted=way)


def _row(row: OrderRow, view: ListView, href: Href, t: Translator) -> desk.TableRow:
    def moment(at: datetime | None) -> Component | str:
        if at is None:
            return NONE
        words = t.stamp(at, view.timezone, view.now)
        return html.Span(words, title=t.exact(at, view.timezone))

    return desk.TableRow(
        key=row.order,
        href=href(f"/orders/{segment(row.order)}"),
        standing=row.standing,
        cells={
            "standing": desk.standing(row.standing, t, standing_word(row.standing, t)),
            "order": row.order,
            "product": row.product,
            "customer": row.customer or NONE,
            "quantity": t.number(row.quantity),
            "step": _step(row, t),
            "due": moment(row.due_at),
            "ended": _ended(row, moment(row.ended_at), t),
            "p80": moment(row.p80_at),
            "late": late_words(row, t),
            "cause": html.Span(cause_word(row.top_cause, t), className="mp-mute"),
        },
    )


def _step(row: OrderRow, t: Translator) -> Component | str:
    if not row.steps:
        return NONE
    done = row.steps if row.completed else row.step - 1
    bar = html.Span(
        html.Span(style={"width": f"{100 * done / row.steps:.0f}%"}),
        className="mp-steps",
        **{"aria-hidden": "true"},
    )
    words = t("{done} of {steps}", done=row.step, steps=row.steps)
    place = [html.Span(row.work_center, className="mp-mute")] if row.work_center else []
    return html.Span([bar, html.Span(words), *place], className="mp-at-step")


def _ended(row: OrderRow, words: Component | str, t: Translator) -> Component | str:
    """Return the end; what no forecast stands behind looks like what it is."""
    if row.completed or row.forecast or row.ended_at is None:
        return words
    hint = t("the plan, moved by its delay: there is no forecast")
    return html.Span(["≈ ", words], className="mp-mute", title=hint)


def late_words(row: OrderRow, t: Translator) -> Component | str:
    """Return how far an order's end lies behind or before its due date."""
    if row.late_s is None:
        return NONE
    if row.late_s <= 0:
        css = "mp-mute"
        words = t("{duration} spare", duration=t.brief(-row.late_s))
        if row.completed:
            words = t("{duration} early", duration=t.brief(-row.late_s))
        return html.Span(words, className=css)
    return html.Span(t("{duration} late", duration=t.brief(row.late_s)), className="mp-late-words")


def sheet(found: OrderList, t: Translator) -> Sheet:
    """Return the list as a table."""
    columns = (
        Column(key="order", heading=t("Order")),
        Column(key="standing", heading=t("Standing")),
        Column(key="product", heading=t("Product")),
        Column(key="customer", heading=t("Customer")),
        Column(key="quantity", heading=t("Quantity"), kind="number"),
        Column(key="step", heading=t("Step"), kind="number"),
        Column(key="steps", heading=t("Steps"), kind="number"),
        Column(key="work_center", heading=t("Work center")),
        Column(key="due", heading=t("Due"), kind="moment"),
        Column(key="ended", heading=t("Forecast or completion"), kind="moment"),
        Column(key="p80", heading=t("80 % by"), kind="moment"),
        Column(key="late", heading=t("Lateness"), kind="seconds"),
        Column(key="cause", heading=t("Mostly because of")),
    )
    return Sheet(name=t(TITLE), columns=columns, rows=[_values(row, t) for row in found.rows])


def _values(row: OrderRow, t: Translator) -> Mapping[str, Value]:
    return {
        "order": row.order,
        "standing": standing_word(row.standing, t),
        "product": row.product,
        "customer": row.customer,
        "quantity": row.quantity,
        "step": row.step,
        "steps": row.steps,
        "work_center": row.work_center,
        "due": row.due_at,
        "ended": row.ended_at,
        "p80": row.p80_at,
        "late": row.late_s,
        "cause": cause_word(row.top_cause, t),
    }
