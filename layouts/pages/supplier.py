"""The supplier's board: what the factory needs from it, by when, and whether that changed. Pure.

`callbacks.desk.supplier` finds what it shows, all of it from disclosed rows.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.asked import Asked
from data.domain.policy import Kind
from layouts.components import desk, forms, need_forms
from layouts.components import need_words as words
from layouts.components.links import link
from layouts.components.need_card import card
from layouts.components.need_forms import Sender
from layouts.components.need_talk import Said
from layouts.components.still import SAYS, still
from layouts.sheets import Column, Sheet, Value
from layouts.text import Translator, msgid

TITLE = msgid("Needs")
WHICH = {
    "open": msgid("Open"),
    "answer": msgid("To answer"),
    "changed": msgid("Changed"),
    "week": msgid("Next 7 days"),
    "done": msgid("Done"),
    "all": msgid("All"),
}
WEEK = timedelta(days=7)
BODY = "supplier-board"
KINDS = {Kind.NEED: msgid("Material"), Kind.OPERATION: msgid("Operation")}
EDITABLE = ("promised", "shipped")

Href = Callable[..., str]


class BoardView(Struct, frozen=True, kw_only=True):
    """What the board shows: rows of this page, how many there are of each sort, since when."""

    site_name: str
    rows: Sequence[Asked]
    counts: Mapping[str, int]
    which: str
    text: str | None
    page: int
    pages: int
    since: datetime | None
    threads: Mapping[str, Sequence[Said]]
    sender: Sender
    alone: bool = False
    turn: datetime | None = None


def fits(row: Asked, which: str, now: datetime) -> bool:
    """Whether a row is one of those that a filter leaves."""
    if which == "all":
        return True
    if which == "done" or row.done:
        return which == "done" and row.done
    if which == "answer":
        return row.waits(now)
    if which == "changed":
        return row.news
    due = row.due_at or row.planned_at
    return which == "open" or (due is not None and due < now + WEEK)


def layout(view: BoardView, href: Href, t: Translator) -> Component:
    """Return the page."""
    return html.Div(
        [
            still(html.Div(_above(view, t)), id="supplier-head"),
            *([] if view.alone else [_filters(view, href, t)]),
            still(html.Div(_below(view, href, t), **_marks(view)), id=BODY),
        ],
        className="mp-supplier",
    )


def _marks(view: BoardView) -> dict[str, str]:
    if view.turn is None:
        return {}
    return {"data-turn": str(int(view.turn.timestamp() * 1000))}


def _above(view: BoardView, t: Translator) -> list[Any]:
    title = t("What {site} needs from you", site=view.site_name)
    uploading = [] if view.alone else [need_forms.upload(view.sender, t)]
    said = html.Div(className="mp-ask-said", role="status", **SAYS)
    return [desk.page_head(title, _lead(view, t), uploading), said]


def _lead(view: BoardView, t: Translator) -> list[Any]:
    """Return the first line: what changed since when, and what waits for an answer."""
    changed, waiting = view.counts["changed"], view.counts["answer"]
    since = view.since
    if since is None:
        first = t("This is your first visit: changes are marked from now on.")
    else:
        when = t.stamp(since, view.sender.timezone, view.sender.now)
        if changed:
            first = t("{count} changed since you looked at {when}.", count=changed, when=when)
        else:
            first = t("Nothing changed since you looked at {when}.", when=when)
    second = t("{count} waiting for your answer.", count=waiting)
    if not waiting:
        second = t("Nothing waits for your answer.")
    parts = (html.Strong(first) if changed and since else first, " ")
    return [*parts, html.Strong(second) if waiting else second]


def _filters(view: BoardView, href: Href, t: Translator) -> Component:
    items = [
        desk.Chip(
            words=t(label),
            href=href(which=None if which == "open" else which, page=None, row=None),
            chosen=view.which == which,
            count=t.number(view.counts[which]),
        )
        for which, label in WHICH.items()
    ]
    action = href(q=None, page=None, row=None)
    field = forms.search_field("q", view.text, t("Search"), t("Part, name or order"))
    parts = [desk.chips(items, t("Which rows")), forms.form(action, [field], t("Search"))]
    return html.Div(parts, className="mp-ask-filters")


def _below(view: BoardView, href: Href, t: Translator) -> list[Any]:
    if not view.rows:
        return [_nothing(view, href, t)]
    whole = [link(t("All that is needed"), href(row=None), "mp-back")] if view.alone else []
    following, previous = href(page=str(view.page + 1)), href(page=_earlier(view.page))
    pager = desk.pager(view.page, view.pages, previous, following, t)
    return [*whole, *_groups(view, t), pager]


def _earlier(page: int) -> str | None:
    return str(page - 1) if page > 2 else None


def _groups(view: BoardView, t: Translator) -> list[Any]:
    """Return the cards, those that wait for an answer first, under headings when both are there."""
    waiting = [row for row in view.rows if row.waits(view.sender.now)]
    others = [row for row in view.rows if not row.waits(view.sender.now)]
    if not waiting or not others:
        return [_cards(view.rows, view, t)]
    return [
        html.H2(t("Waiting for your answer"), className="mp-ask-group"),
        _cards(waiting, view, t),
        html.H2(t("Nothing to do just now"), className="mp-ask-group"),
        _cards(others, view, t),
    ]


def _cards(rows: Sequence[Asked], view: BoardView, t: Translator) -> Component:
    cards = [
        card(row, view.threads.get(row.key or "", ()), view.sender, t, view.alone) for row in rows
    ]
    return html.Div(cards, className="mp-asks")


def _nothing(view: BoardView, href: Href, t: Translator) -> Component:
    if view.text or view.which != "open" or view.page > 1 or view.alone:
        clear = href(q=None, which=None, page=None, row=None)
        return desk.empty(t("Nothing fits"), t("Look among all open rows."), clear, t("Show all"))
    said = t("As soon as the factory plans something with you, it stands here.")
    return desk.empty(t("Nothing is needed from you now"), said)


def sheet(rows: Sequence[Asked], now: datetime, t: Translator) -> Sheet:
    """Return rows as a table; promised dates and shipped quantities may be changed in it."""
    return Sheet(name=t(TITLE), columns=columns(t), rows=[_values(row, now, t) for row in rows])


def columns(t: Translator) -> tuple[Column, ...]:
    """Return the columns of the table, in the reader's language."""
    return (
        Column(key="key", heading=t("Row (leave as it is)")),
        Column(key="kind", heading=t("Kind")),
        Column(key="item", heading=t("Part or operation")),
        Column(key="name", heading=t("Name")),
        Column(key="order", heading=t("Order")),
        Column(key="standing", heading=t("Standing")),
        Column(key="waits", heading=t("Waits for you")),
        Column(key="quantity", heading=t("Quantity"), kind="number"),
        Column(key="planned", heading=t("Needed, as planned"), kind="moment"),
        Column(key="due", heading=t("Needed, as forecast"), kind="moment"),
        Column(key="promised", heading=t("Promised"), kind="moment"),
        Column(key="judged", heading=t("Promise against need")),
        Column(key="shipped", heading=t("Shipped in all"), kind="number"),
        Column(key="received", heading=t("Received"), kind="number"),
        Column(key="advice", heading=t("Dispatch advice")),
        Column(key="good", heading=t("Good"), kind="number"),
        Column(key="scrap", heading=t("Scrap"), kind="number"),
        Column(key="promised_was", heading=t("Promised, when exported"), kind="moment"),
        Column(key="shipped_was", heading=t("Shipped, when exported"), kind="number"),
    )


def headings(translators: Sequence[Translator]) -> dict[str, str]:
    """Return the key of each column by its heading in any language."""
    return {column.heading: column.key for t in translators for column in columns(t)}


def _values(row: Asked, now: datetime, t: Translator) -> Mapping[str, Value]:
    return {
        "key": row.key,
        "kind": t(KINDS[row.kind]),
        "item": row.item,
        "name": row.name,
        "order": row.order,
        "standing": words.standing_word(row, t),
        "waits": t("yes") if row.waits(now) else "",
        "quantity": row.quantity,
        "planned": row.planned_at,
        "due": row.due_at,
        "promised": row.promised_at,
        "judged": words.promise_words(row, t),
        "shipped": row.shipped,
        "received": row.received,
        "advice": row.dispatch_advice,
        "good": row.good,
        "scrap": row.scrap,
        "promised_was": row.promised_at,
        "shipped_was": row.shipped,
    }
