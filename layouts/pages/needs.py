"""What was asked of suppliers, what they promised, what is late, and what they ask. Pure.

The factory's side of the suppliers' board, drawn from disclosed rows as that is.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct
from msgspec.structs import replace

from data.domain.policy import Kind
from data.domain.supply import News, Supply
from layouts.components import desk, forms, need_forms
from layouts.components import need_words as words
from layouts.components.links import link
from layouts.components.need_card import known, mark, marks, what, when
from layouts.components.need_forms import Sender
from layouts.components.need_talk import Said, summary, thread
from layouts.components.still import SAYS, still
from layouts.sheets import Column, Sheet, Value
from layouts.text import Translator, msgid
from layouts.theme import LOOKS

TITLE = msgid("Material")
HEADING = msgid("What was asked of suppliers, and what they promised")
WHICH = {
    "open": msgid("Open"),
    "answer": msgid("To answer"),
    "late": msgid("Late ones"),
    "silent": msgid("Nothing promised"),
    "changed": msgid("Changed"),
    "done": msgid("Done"),
    "all": msgid("All"),
}
NEWS = {
    News.PROMISED: msgid("new promise"),
    News.SHIPPED: msgid("new shipment"),
    News.REPORTED: msgid("new report"),
}
KINDS = {Kind.NEED: msgid("Material"), Kind.OPERATION: msgid("Operation")}
BODY = "needs-board"

Href = Callable[..., str]


class NeedsView(Struct, frozen=True, kw_only=True):
    """What the page shows: rows of this page, how many there are of each sort, since when.

    `names`: of suppliers; `order`: the address of an order's page, for who may open it;
    `speaks`: whether the reader answers.
    """

    rows: Sequence[Supply]
    counts: Mapping[str, int]
    which: str
    text: str | None
    supplier: str | None
    suppliers: Sequence[str]
    names: Mapping[str, str]
    page: int
    pages: int
    since: datetime | None
    threads: Mapping[str, Sequence[Said]]
    sender: Sender
    speaks: bool
    order: Callable[[str], str] | None = None
    alone: bool = False


def fits(row: Supply, which: str) -> bool:
    """Whether a row is one of those that a filter leaves."""
    done = row.asked.done
    return {
        "open": not done,
        "answer": row.unanswered,
        "late": row.late,
        "silent": row.silent,
        "changed": row.news is not None or row.asked.heard_at is not None,
        "done": done,
    }.get(which, True)


def layout(view: NeedsView, href: Href, t: Translator) -> Component:
    """Return the page."""
    said = html.Div(className="mp-ask-said", role="status", **SAYS)
    above = [desk.page_head(t(HEADING), _lead(view, t)), said]
    return html.Div(
        [
            still(html.Div(above), id="needs-head"),
            *([] if view.alone else [_filters(view, href, t)]),
            still(html.Div(_below(view, href, t)), id=BODY),
        ],
        className="mp-supplier mp-needs",
    )


def _lead(view: NeedsView, t: Translator) -> list[Any]:
    """Return the first line: what waits for an answer, what is late, what is new since when."""
    counts = view.counts
    answer = t("{count} waiting for your answer.", count=t.number(counts["answer"]))
    first = html.Strong(answer) if counts["answer"] else t("Nothing waits for your answer.")
    late = t("{late} late, {silent} without a promise.", late=t.number(counts["late"]),
             silent=t.number(counts["silent"]))  # fmt: skip
    parts = [first, " ", late]
    if view.since is not None:
        at = t.stamp(view.since, view.sender.timezone, view.sender.now)
        count = t.number(counts["changed"])
        parts += [" ", t("{count} changed since you looked at {when}.", count=count, when=at)]
    return parts


def _filters(view: NeedsView, href: Href, t: Translator) -> Component:
    items = [
        desk.Chip(
            words=t(label),
            href=href(which=None if which == "open" else which, page=None, row=None),
            chosen=view.which == which,
            count=t.number(view.counts[which]),
        )
        for which, label in WHICH.items()
    ]
    options = [("", t("All suppliers")), *((one, _name(one, view)) for one in view.suppliers)]
    fields = [
        forms.choice_field("supplier", options, view.supplier, t("Supplier")),
        forms.search_field("q", view.text, t("Search"), t("Part, name or order")),
    ]
    form = forms.form(href(q=None, supplier=None, page=None, row=None), fields, t("Search"))
    return html.Div([desk.chips(items, t("Which rows")), form], className="mp-ask-filters")


def _below(view: NeedsView, href: Href, t: Translator) -> list[Any]:
    if not view.rows:
        return [_nothing(view, href, t)]
    whole = [link(t("All that was asked"), href(row=None), "mp-back")] if view.alone else []
    previous = href(page=str(view.page - 1) if view.page > 2 else None)
    pager = desk.pager(view.page, view.pages, previous, href(page=str(view.page + 1)), t)
    cards = [_card(row, view, t) for row in view.rows]
    return [*whole, html.Div(cards, className="mp-asks"), pager]


def _card(row: Supply, view: NeedsView, t: Translator) -> Component:
    one, sender = row.asked, view.sender
    plain = replace(one, heard_at=None)  # who wrote is said beside the thread
    css = LOOKS[one.standing].css if one.standing else ""
    css += " mp-ask-waits" if row.unanswered else ""
    css += " mp-ask-changed" if fits(row, "changed") else ""
    return html.Article(
        [
            html.Div(mark(one, t), className="mp-ask-mark"),
            html.Div([*what(plain, t, _order(row, view)), *_whom(row, view, t)],
                     className="mp-ask-what"),
            html.Div(when(one, sender, t), className="mp-ask-when"),
            html.Div([*known(one, sender, t, t("Promised")), *_news(row, t)],
                     className="mp-ask-known"),
            html.Div(_talk(row, view, t), className="mp-ask-acts"),
        ],
        className=f"mp-ask {css}".strip(),
        **marks(one),
    )  # fmt: skip


def _order(row: Supply, view: NeedsView) -> Any:
    """Return an order as the way to its page, for who may open that."""
    if view.order is None or row.asked.order is None:
        return None
    return link(row.asked.order, view.order(row.asked.order), "mp-row-link")


def _whom(row: Supply, view: NeedsView, t: Translator) -> list[Any]:
    if row.supplier is None:
        return [html.Span(words.HIDDEN, className="mp-ask-hidden", title=t("not shared with you"))]
    return [html.Span(_name(row.supplier, view), className="mp-ask-whom")]


def _name(supplier: str, view: NeedsView) -> str:
    return view.names.get(supplier, supplier)


def _news(row: Supply, t: Translator) -> list[Any]:
    if row.news is None:
        return []
    return [html.Span(t(NEWS[row.news]), className="mp-ask-new")]


def _talk(row: Supply, view: NeedsView, t: Translator) -> list[Any]:
    key = row.asked.key
    said = view.threads.get(key or "", ())
    if key is None or not (said or view.speaks):
        return []
    form = [need_forms.comment(key, view.sender, t, t("Write to the supplier about this"))]
    body = [thread(said, view.sender, t), *(form if view.speaks else [])]
    opened = view.alone or row.unanswered
    return [need_forms.fold(summary(said, t, row.unanswered), body, "mp-ask-talk", opened)]


def _nothing(view: NeedsView, href: Href, t: Translator) -> Component:
    if view.text or view.supplier or view.which != "open" or view.page > 1:
        clear = href(q=None, supplier=None, which=None, page=None, row=None)
        return desk.empty(t("Nothing fits"), t("Look among all open rows."), clear, t("Show all"))
    said = t("As soon as a plan needs material or work from a supplier, it stands here.")
    return desk.empty(t("Nothing is asked of suppliers now"), said)


def sheet(rows: Sequence[Supply], names: Mapping[str, str], t: Translator) -> Sheet:
    """Return rows as a table."""
    columns = (
        Column(key="kind", heading=t("Kind")),
        Column(key="item", heading=t("Part or operation")),
        Column(key="name", heading=t("Name")),
        Column(key="supplier", heading=t("Supplier")),
        Column(key="order", heading=t("Order")),
        Column(key="standing", heading=t("Standing")),
        Column(key="quantity", heading=t("Quantity"), kind="number"),
        Column(key="planned", heading=t("Needed, as planned"), kind="moment"),
        Column(key="due", heading=t("Needed, as forecast"), kind="moment"),
        Column(key="promised", heading=t("Promised"), kind="moment"),
        Column(key="judged", heading=t("Promise against need")),
        Column(key="shipped", heading=t("Shipped in all"), kind="number"),
        Column(key="received", heading=t("Received"), kind="number"),
        Column(key="good", heading=t("Good"), kind="number"),
        Column(key="scrap", heading=t("Scrap"), kind="number"),
        Column(key="comments", heading=t("Comments"), kind="number"),
        Column(key="answer", heading=t("To answer")),
    )
    return Sheet(name=t(TITLE), columns=columns, rows=[_values(row, names, t) for row in rows])


def _values(row: Supply, names: Mapping[str, str], t: Translator) -> Mapping[str, Value]:
    one = row.asked
    return {
        "kind": t(KINDS[one.kind]),
        "item": one.item,
        "name": one.name,
        "supplier": names.get(row.supplier or "", row.supplier),
        "order": one.order,
        "standing": words.standing_word(one, t),
        "quantity": one.quantity,
        "planned": one.planned_at,
        "due": one.due_at,
        "promised": one.promised_at,
        "judged": words.promise_words(one, t),
        "shipped": one.shipped,
        "received": one.received,
        "good": one.good,
        "scrap": one.scrap,
        "comments": row.comments,
        "answer": t("yes") if row.unanswered else "",
    }
