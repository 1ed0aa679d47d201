"""Dates that wait for an answer: customers' requests and disputes, carriers' pick-ups. Pure.

For who answers for the factory; shows everything as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.dates import Entry, Said, Side, Standing, Subject
from data.domain.plan import Order
from data.domain.view import Standing as Look
from layouts.components import dating, desk
from layouts.components.dating import Sender
from layouts.components.links import link
from layouts.components.outlook import standing_mark
from layouts.components.reading import Reading
from layouts.components.still import still
from layouts.sheets import Column, Sheet, Value
from layouts.text import NONE, Translator, msgid

TITLE = msgid("Dates to agree")
ROOT = "dates-page"
WHICH = ("all", "requests", "disputes", "pick-ups")
WHICH_WORDS = {
    "all": msgid("all open"),
    "requests": msgid("requests"),
    "disputes": msgid("disputes"),
    "pick-ups": msgid("pick-ups"),
}

Href = Callable[..., str]


class Item(Struct, frozen=True, kw_only=True):
    """One date with what was said about it; `row`: its milestone's fields, or its order's.

    `current`: it can still be answered.
    """

    subject: Subject
    party: str  # its name
    plan: Order
    row: Mapping[str, object]
    entries: tuple[Entry, ...]
    standing: Standing
    current: bool = True

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which choices of the page it belongs to."""
        if self.subject.is_pick_up:
            return ("all", "pick-ups")
        disputed = ("disputes",) if self.standing.disputed is not None else ()
        asked = ("requests",) if self.standing.asked is not None else ()
        return ("all", *disputed, *asked)

    @property
    def name(self) -> str:
        """What the milestone is called; nothing for a pick-up."""
        return str(self.row.get("name") or self.subject.milestone)


class DatesView(Struct, frozen=True, kw_only=True):
    """What is open, of one choice. `sender`: None for who may only look."""

    items: Sequence[Item]
    which: str
    order: str | None
    counts: Mapping[str, int]
    reading: Reading
    sender: Sender | None = None
    sent: Said | None = None
    wrong: str = ""


def layout(view: DatesView, href: Href) -> Component:
    """Return the page."""
    t = view.reading.t
    note = dating.notice(view.sent, view.wrong, t)
    items = [_item(item, view, href) for item in view.items]
    lead = t("{count} wait for an answer", count=t.number(view.counts.get("all", 0)))
    if view.order is not None:
        lead = t("dates of {order} and everything said about them", order=view.order)
    tree = html.Div(
        [
            desk.page_head(t(TITLE), lead, _which(view, href)),
            *([note] if note else []),
            *(items or [_nothing(view, href)]),
        ],
        className="mp-party-page",
    )
    return still(tree, ROOT)


def _which(view: DatesView, href: Href) -> Component:
    t = view.reading.t
    if view.order is not None:
        clear = href(order=None, said=None, wrong=None)
        return desk.removable(view.order, clear, t)
    items = [
        desk.Chip(
            words=t(said),
            href=href(which=None if which == WHICH[0] else which, said=None, wrong=None),
            chosen=view.which == which,
            count=t.number(view.counts.get(which, 0)),
        )
        for which, said in WHICH_WORDS.items()
    ]
    return desk.chips(items, t("Which dates"))


def _nothing(view: DatesView, href: Href) -> Component:
    t = view.reading.t
    words = t("Customers ask for dates on their boards, carriers for pick-ups; both appear here.")
    return desk.empty(t("Nothing waits for an answer"), words)


def _item(item: Item, view: DatesView, href: Href) -> Component:
    t, reading, subject = view.reading.t, view.reading, item.subject
    order = link(subject.order, reading.order(subject.order), "mp-row-link")
    what = t("Pick-up") if subject.is_pick_up else item.name
    facts = " · ".join([item.party, item.plan.product,
                        t("{count} pieces", count=t.number(item.plan.quantity))])  # fmt: skip
    head = html.Header(
        [
            html.Div([html.H2([what, " · ", order]), html.P(facts, className="mp-dim")]),
            html.Div(standing_mark(_look(item), t), className="mp-ordered-outlook"),
        ],
        className="mp-ordered-head",
    )
    forms = _forms(item, view.sender, view) if view.sender and item.current else []
    said = dating.history(item.entries, reading, Side.FACTORY)
    past = html.Div([html.H4(t("What was said")), said], className="mp-say-past")
    both = html.Div(
        [html.Div([_facts(item, reading), *forms], className="mp-say-forms"), past],
        className="mp-say-both",
    )
    return html.Article(
        [head, both], className="mp-ordered mp-ordered-open", **{"aria-label": what}
    )


def _look(item: Item) -> Look | None:
    value = item.row.get("standing")
    return Look(str(value)) if value in set(Look) else None


def _facts(item: Item, reading: Reading) -> Component:
    """Return the dates of both sides beside each other."""
    t, row = reading.t, item.row
    milestone = (
        (t("baseline"), row.get("baseline_at")),
        (t("committed"), row.get("committed_at")),
    )
    order = ((t("due"), row.get("due_at")), (t("completed"), row.get("completed_at")))
    pairs = [
        *(order if item.subject.is_pick_up else milestone),
        (t("requested"), item.standing.requested_at),
        (t("confirmed"), item.standing.confirmed_at),
        (t("forecast P80"), row.get("forecast_p80_at")),
        *(() if item.subject.is_pick_up else ((t("reached"), row.get("reached_at")),)),
    ]
    parts = [
        html.Div([html.Dt(name), html.Dd(reading.moment(at) if isinstance(at, datetime) else NONE)])
        for name, at in pairs
    ]
    return html.Dl(parts, className="mp-say-dates")


def _forms(item: Item, sender: Sender, view: DatesView) -> list[Any]:
    t, standing = view.reading.t, item.standing
    subject = item.subject
    named = {"order": subject.order, "milestone": subject.milestone, "party": subject.party}
    forms: list[Any] = []
    asked = standing.asked if standing.asked and standing.asked.side is Side.PARTY else None
    if asked is not None and asked.date_at is not None:
        when = view.reading.said(asked.date_at)
        given = {"date": dating.local(asked.date_at, view.reading.timezone), **named}
        forms.append(dating.form(sender, Said.CONFIRMED, given, [], t("Confirm {when}", when=when),
                                 first=True))  # fmt: skip
        declining = dating.form(
            sender, Said.DECLINED, named, [dating.why(t("Why not"), required=True)], t("Decline")
        )
        forms.append(dating.fold(t("Decline"), declining))
    if standing.disputed is not None:
        answering = dating.form(
            sender, Said.ANSWERED, named,
            [dating.why(t("Your answer"), required=True, rows=4)], t("Answer the dispute"),
            first=True,
        )  # fmt: skip
        forms.append(dating.fold(t("Answer the dispute"), answering, asked is None))
    forms.append(_other_date(item, sender, view, named))
    return forms


def _other_date(item: Item, sender: Sender, view: DatesView, named: dict[str, str]) -> Any:
    """Return the form for a date of the factory's own: a confirmation, or a pick-up to ask for."""
    t, now = view.reading.t, view.reading.now
    ahead = [at for at in (item.standing.requested_at, item.row.get("forecast_p80_at"))
             if isinstance(at, datetime)]  # fmt: skip
    start = max([*ahead, now])
    fields = [dating.when(sender, start, t("Date")), dating.why(t("Note (optional)"))]
    if item.subject.is_pick_up:
        body = dating.form(sender, Said.REQUESTED, named, fields, t("Ask for this pick-up"))
        return dating.fold(t("Ask for another pick-up"), body)
    body = dating.form(sender, Said.CONFIRMED, named, fields, t("Confirm this date"))
    return dating.fold(t("Confirm another date"), body)


def sheet(items: Sequence[Item], t: Translator) -> Sheet:
    """Return everything said about what is open."""
    columns = (
        Column(key="order", heading=t("Order")),
        Column(key="name", heading=t("Milestone")),
        Column(key="party", heading=t("Party")),
        Column(key="at", heading=t("Said at"), kind="moment"),
        Column(key="side", heading=t("By")),
        Column(key="author", heading=t("Person")),
        Column(key="said", heading=t("What")),
        Column(key="date", heading=t("Date"), kind="moment"),
        Column(key="words", heading=t("Words")),
    )
    rows: list[Mapping[str, Value]] = [
        {
            "order": item.subject.order, "party": item.party, "at": entry.at,
            "name": t("Pick-up") if item.subject.is_pick_up else item.name,
            "side": t("the factory") if entry.side is Side.FACTORY else t("the other side"),
            "author": entry.author, "said": t(dating.SAID[entry.said]), "date": entry.date_at,
            "words": entry.words,
        }
        for item in items
        for entry in item.entries
    ]  # fmt: skip
    return Sheet(name=t(TITLE), columns=columns, rows=rows)
