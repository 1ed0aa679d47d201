"""A forwarder's board: what is ready to be fetched, what soon will be, which pick-ups stand. Pure.

Drawn from what `data.domain.shipping` makes of disclosed rows.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.dates import Entry, Said, Side
from data.domain.shipping import Approach, Booking, Load, Stage
from data.domain.view import Standing
from layouts.components import dating, desk
from layouts.components import outlook as words
from layouts.components.dating import Sender
from layouts.components.links import link
from layouts.components.parts import shape
from layouts.components.reading import Reading
from layouts.components.still import still
from layouts.pages.customer import search
from layouts.pages.customer_sheets import milestone_values, standing_word
from layouts.sheets import Column, Sheet, Value
from layouts.text import NONE, Translator, msgid

TITLE = msgid("To be fetched")
ROOT = "logistics-board"
WHICH = ("now", "ready", "coming", "later", "collected")
WHICH_WORDS = {
    "now": msgid("ready or within 48 h"),
    "ready": msgid("ready"),
    "coming": msgid("within 48 h"),
    "later": msgid("later"),
    "collected": msgid("picked up"),
}
STAGES = {
    Stage.READY: msgid("ready"),
    Stage.COMING: msgid("coming"),
    Stage.LATER: msgid("later"),
    Stage.COLLECTED: msgid("picked up"),
}
BOOKINGS = {
    Booking.NONE: msgid("no pick-up yet"),
    Booking.ASKED_BY_US: msgid("waits for the factory"),
    Booking.ASKED_OF_US: msgid("waits for you"),
    Booking.CONFIRMED: msgid("confirmed"),
    Booking.REFUSED: msgid("declined"),
    Booking.COLLECTED: msgid("picked up"),
}
_LOOKS = {
    Booking.NONE: Standing.IDLE,
    Booking.ASKED_BY_US: Standing.IDLE,
    Booking.ASKED_OF_US: Standing.AT_RISK,
    Booking.CONFIRMED: Standing.ON_TRACK,
    Booking.REFUSED: Standing.LATE,
    Booking.COLLECTED: Standing.DONE,
}
_SHARES = {"none": msgid("none"), "part": msgid("a part"), "all": msgid("all")}

Href = Callable[..., str]


class LogisticsView(Struct, frozen=True, kw_only=True):
    """One page of what is to be fetched, and the milestones that come near.

    `counts`: how many there are of each choice, before the search. `chosen`: the key unfolded.
    """

    loads: Sequence[Load]
    near: Sequence[Approach]
    which: str
    text: str
    counts: Mapping[str, int]
    page: int
    pages: int
    reading: Reading
    chosen: str | None = None
    said: Mapping[str, tuple[Entry, ...]] = {}
    sender: Sender | None = None
    sent: Said | None = None
    wrong: str = ""


def layout(view: LogisticsView, href: Href) -> Component:
    """Return the page."""
    t = view.reading.t
    note = dating.notice(view.sent, view.wrong, t)
    chosen = [one for one in view.loads if one.key is not None and one.key == view.chosen]
    tree = html.Div(
        [
            desk.page_head(t(TITLE), _lead(view)),
            *([note] if note else []),
            _filters(view, href),
            *[_pick_up(one, view, href) for one in chosen],
            _loads(view, href) if view.loads else desk.empty(t("Nothing to fetch here")),
            desk.pager(
                view.page, view.pages, href(page=str(view.page - 1)),
                href(page=str(view.page + 1)), t,
            ),
            _near(view),
        ],
        className="mp-party-page",
    )  # fmt: skip
    return still(tree, ROOT)


def _lead(view: LogisticsView) -> str:
    t, counts = view.reading.t, view.counts
    parts = [
        t("{count} ready", count=t.number(counts.get("ready", 0))),
        t("{count} within 48 h", count=t.number(counts.get("coming", 0))),
    ]
    waiting = counts.get("waiting", 0)
    parts += [t("{count} wait for your answer", count=t.number(waiting))] if waiting else []
    return " · ".join(parts)


def _filters(view: LogisticsView, href: Href) -> Component:
    t, gone = view.reading.t, dict.fromkeys(("page", "order", "said", "wrong"))
    items = [
        desk.Chip(
            words=t(said),
            href=href(which=None if which == WHICH[0] else which, **gone),
            chosen=view.which == which,
            count=t.number(view.counts.get(which, 0)),
        )
        for which, said in WHICH_WORDS.items()
    ]
    action = href(q=None, **gone)
    field = search(action, view.text, t("Order or customer"), t)
    return html.Div([field, desk.chips(items, t("Which orders"))], className="mp-party-filters")


def _loads(view: LogisticsView, href: Href) -> Component:
    t = view.reading.t
    columns = (
        desk.TableColumn(key="order", heading=t("Order")),
        desk.TableColumn(key="customer", heading=t("Customer"), css="mp-wide"),
        desk.TableColumn(key="ready", heading=t("Ready to ship"), css="mp-num"),
        desk.TableColumn(key="at", heading=t("All ready by"), css="mp-num"),
        desk.TableColumn(key="due", heading=t("Due"), css="mp-num mp-wide"),
        desk.TableColumn(key="standing", heading=t("Standing"), css="mp-wide"),
        desk.TableColumn(key="pick_up", heading=t("Pick-up")),
    )
    rows = [_row(one, view, href) for one in view.loads]
    return desk.table(columns, rows, t(TITLE), opens="order")


def _row(one: Load, view: LogisticsView, href: Href) -> desk.TableRow:
    reading, t = view.reading, view.reading.t
    to = None if one.key is None else href(order=one.key, said=None, wrong=None)
    return desk.TableRow(
        key=one.key or "",
        href=to,
        cells={
            "order": words.hidden(t) if one.order is None else one.order,
            "customer": words.hidden(t) if "customer" in one.hidden else one.customer or NONE,
            "ready": _ready(one, t),
            "at": _ready_at(one, reading),
            "due": NONE if one.due_at is None else reading.moment(one.due_at),
            "standing": words.standing_mark(one.standing, t),
            "pick_up": _booking(one, reading),
        },
    )


def _ready(one: Load, t: Translator) -> Any:
    if one.good_word is not None:
        return t(_SHARES.get(one.good_word, one.good_word))
    if "good" in one.hidden:
        return words.hidden(t)
    whole = NONE if one.quantity is None else t.number(one.quantity)
    said = t("{count} of {whole}", count=t.number(one.good), whole=whole)
    return html.Span(said, className="mp-whole")


def _ready_at(one: Load, reading: Reading) -> Any:
    if one.completed_at is not None:
        at = reading.moment(one.completed_at)
        return html.Span([shape(), at], className="mp-standing mp-is-done")
    if "forecast_p80_at" in one.hidden:
        return words.hidden(reading.t)
    return NONE if one.p80_at is None else reading.moment(one.p80_at)


def _booking(one: Load, reading: Reading) -> Component:
    """Return how far the pick-up is agreed, and for when."""
    at = one.agreed.confirmed_at
    if one.booking in (Booking.ASKED_BY_US, Booking.ASKED_OF_US):
        at = one.agreed.requested_at
    if one.agreed.collected is not None:
        at = one.agreed.collected.date_at
    mark = words.standing_mark(_LOOKS[one.booking], reading.t, reading.t(BOOKINGS[one.booking]))
    return html.Span([mark, *([" ", reading.moment(at)] if at else [])], className="mp-booking")


def _pick_up(one: Load, view: LogisticsView, href: Href) -> Component:
    """Return what was said about one order's pick-up, and the forms to say more."""
    t, key = view.reading.t, one.key or ""
    forms = [] if view.sender is None else _forms(one, view.sender, view)
    said = dating.history(view.said.get(key, ()), view.reading, Side.PARTY)
    past = html.Div([html.H4(t("What was said")), said], className="mp-say-past")
    close = link(t("Close"), href(order=None, said=None, wrong=None), "mp-small-button")
    title = t("Pick-up of {order}", order=one.order or words.HIDDEN)
    body = [
        html.P([_booking(one, view.reading)]),
        html.Div([html.Div(forms, className="mp-say-forms"), past], className="mp-say-both"),
    ]
    return desk.section(title, body, close, "mp-say-about", "pick-up")


def _forms(one: Load, sender: Sender, view: LogisticsView) -> list[Any]:
    t, named, agreed = view.reading.t, {"key": one.key or ""}, one.agreed
    forms: list[Any] = []
    if one.booking is Booking.COLLECTED:
        return forms
    if one.booking is Booking.ASKED_OF_US and agreed.requested_at is not None:
        when = view.reading.said(agreed.requested_at)
        value = {"date": dating.local(agreed.requested_at, view.reading.timezone), **named}
        forms.append(
            dating.form(sender, Said.CONFIRMED, value, [], t("Confirm {when}", when=when), True)
        )
    start = max(at for at in (one.ready_at, view.reading.now) if at is not None)
    asking = dating.form(
        sender, Said.REQUESTED, named,
        [dating.when(sender, start, t("We can fetch it on")), dating.why(t("Note (optional)"))],
        t("Ask for this pick-up"), first=True,
    )  # fmt: skip
    forms.append(dating.fold(t("Ask for a pick-up"), asking, one.booking is Booking.NONE))
    if one.stage is Stage.READY:
        took = dating.form(
            sender, Said.COLLECTED, named,
            [dating.when(sender, view.reading.now, t("Picked up on"))], t("Note as picked up"),
        )  # fmt: skip
        forms.append(dating.fold(t("Picked up"), took))
    return forms


def _near(view: LogisticsView) -> Component:
    t = view.reading.t
    if not view.near:
        none = html.P(t("No milestone is forecast for the next 48 hours."), className="mp-dim")
        return desk.section(t("Milestones of the next 48 hours"), none)
    columns = (
        desk.TableColumn(key="name", heading=t("milestone")),
        desk.TableColumn(key="order", heading=t("Order")),
        desk.TableColumn(key="customer", heading=t("Customer"), css="mp-wide"),
        desk.TableColumn(key="standing", heading=t("standing"), css="mp-wide"),
        desk.TableColumn(key="promised", heading=t("confirmed or committed"), css="mp-num mp-wide"),
        desk.TableColumn(key="p50", heading=t("forecast P50"), css="mp-num mp-wide"),
        desk.TableColumn(key="p80", heading=t("forecast P80"), css="mp-num"),
    )
    rows = [_near_row(one, view) for one in view.near]
    table = desk.table(columns, rows, t("Milestones of the next 48 hours"))
    return desk.section(t("Milestones of the next 48 hours"), table)


def _near_row(one: Approach, view: LogisticsView) -> desk.TableRow:
    reading, t, node = view.reading, view.reading.t, one.node
    field = "committed_at" if node.confirmed_at is None else "confirmed_at"
    promised = node.confirmed_at or node.committed_at
    return desk.TableRow(
        key=node.key or "",
        cells={
            "name": node.name,
            "order": words.hidden(t) if one.order is None else one.order,
            "customer": one.customer or NONE,
            "standing": words.standing_mark(node.standing, t),
            "promised": words.date(node, field, promised, reading),
            "p50": words.date(node, "forecast_p50_at", node.p50_at, reading),
            "p80": words.date(node, "forecast_p80_at", node.p80_at, reading),
        },
    )


def sheets(loads: Sequence[Load], near: Sequence[Approach], t: Translator) -> tuple[Sheet, ...]:
    """Return what is to be fetched, and the milestones that come near."""
    return (_loads_sheet(loads, t), _near_sheet(near, t))


def _loads_sheet(loads: Sequence[Load], t: Translator) -> Sheet:
    columns = (
        Column(key="order", heading=t("Order")),
        Column(key="customer", heading=t("Customer")),
        Column(key="stage", heading=t("Stage")),
        Column(key="quantity", heading=t("Quantity"), kind="number"),
        Column(key="good", heading=t("Ready to ship"), kind="number"),
        Column(key="at", heading=t("All ready by"), kind="moment"),
        Column(key="due", heading=t("Due"), kind="moment"),
        Column(key="standing", heading=t("Standing")),
        Column(key="pick_up", heading=t("Pick-up")),
        Column(key="asked", heading=t("Pick-up asked for"), kind="moment"),
        Column(key="confirmed", heading=t("Pick-up confirmed"), kind="moment"),
    )
    rows: list[Mapping[str, Value]] = [
        {
            "order": one.order, "customer": one.customer, "stage": t(STAGES[one.stage]),
            "quantity": one.quantity,
            "good": one.good if one.good_word is None else t(_SHARES[one.good_word]),
            "at": one.ready_at, "due": one.due_at, "standing": standing_word(one.standing, t),
            "pick_up": t(BOOKINGS[one.booking]), "asked": one.agreed.requested_at,
            "confirmed": one.agreed.confirmed_at,
        }
        for one in loads
    ]  # fmt: skip
    return Sheet(name=t(TITLE), columns=columns, rows=rows)


def _near_sheet(near: Sequence[Approach], t: Translator) -> Sheet:
    columns = (
        Column(key="order", heading=t("Order")),
        Column(key="customer", heading=t("Customer")),
        Column(key="name", heading=t("Milestone")),
        Column(key="standing", heading=t("Standing")),
        Column(key="requested_at", heading=t("Requested"), kind="moment"),
        Column(key="confirmed_at", heading=t("Confirmed"), kind="moment"),
        Column(key="committed_at", heading=t("Committed"), kind="moment"),
        Column(key="forecast_p50_at", heading=t("Forecast P50"), kind="moment"),
        Column(key="forecast_p80_at", heading=t("80 % by"), kind="moment"),
    )
    rows: list[Mapping[str, Value]] = [
        {**milestone_values(one.order, one.node, t), "customer": one.customer} for one in near
    ]
    return Sheet(name=t("Milestones"), columns=columns, rows=rows)
