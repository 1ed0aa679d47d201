"""A customer's board: how its orders stand, their milestones, what changed. Pure.

Drawn from what `data.domain.bought` makes of disclosed rows; `callbacks.desk.customer` finds it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.bought import WHICH, Bought, BoughtFilter, Node
from data.domain.dates import NOTHING_SAID, Entry, Said, Side
from data.domain.dates import Standing as Agreed
from data.domain.view import Standing
from layouts.components import dating, desk
from layouts.components import outlook as words
from layouts.components.dating import Sender
from layouts.components.links import link
from layouts.components.parts import shape
from layouts.components.reading import Reading
from layouts.components.still import Element, still
from layouts.text import NONE, Translator, msgid
from layouts.theme import LOOKS

TITLE = msgid("Your orders")
ROOT = "customer-board"
STANDINGS = (Standing.LATE, Standing.AT_RISK, Standing.ON_TRACK)
WHICH_WORDS = dict(zip(WHICH, (msgid("Open"), msgid("Completed"), msgid("All")), strict=True))
FILTERS = ("q", "standing", "changed", "page")
CHOICES = ("order", "milestone", "said", "wrong")
_LOST = (Standing.LATE, Standing.STOPPED, Standing.AT_RISK)

Href = Callable[..., str]


class CustomerView(Struct, frozen=True, kw_only=True):
    """One page of a customer's orders. `counts`: how many stand how, before filters.

    `since`: the visit before; None at the first one. `chosen`, `node`: what is unfolded.
    `said`: what was said about dates, by the milestone's key. `sender`: None where nothing may
    be said (the past).
    """

    rows: Sequence[Bought]
    by: BoughtFilter
    counts: Mapping[Standing, int]
    changed: int
    page: int
    pages: int
    reading: Reading
    since: datetime | None = None
    chosen: str | None = None
    node: str | None = None
    said: Mapping[str, tuple[Entry, ...]] = {}
    agreed: Mapping[str, Agreed] = {}
    sender: Sender | None = None
    sent: Said | None = None
    wrong: str = ""


def layout(view: CustomerView, href: Href) -> Component:
    """Return the page."""
    t = view.reading.t
    note = dating.notice(view.sent, view.wrong, t)
    body = [_card(row, view, href) for row in view.rows] or [_nothing(view, href)]
    tree = html.Div(
        [
            desk.page_head(t(TITLE), _lead(view), _which(view, href)),
            *([note] if note else []),
            _filters(view, href),
            html.Div(body, className="mp-ordered-list"),
            desk.pager(
                view.page, view.pages, href(page=str(view.page - 1)),
                href(page=str(view.page + 1)), t,
            ),
        ],
        className="mp-party-page",
    )  # fmt: skip
    return still(tree, ROOT)


def _lead(view: CustomerView) -> str:
    t, counts = view.reading.t, view.counts
    late = counts.get(Standing.LATE, 0) + counts.get(Standing.STOPPED, 0)
    risky = counts.get(Standing.AT_RISK, 0)
    parts = [t("{count} orders", count=t.number(sum(counts.values())))]
    parts += [t("{count} on their way to be late", count=t.number(late))] if late else []
    parts += [t("{count} may come late", count=t.number(risky))] if risky else []
    if view.since is not None:
        when = view.reading.said(view.since)
        changed = t.number(view.changed)
        parts.append(t("{count} changed since your last visit, {when}", count=changed, when=when))
    return " · ".join(parts)


def _which(view: CustomerView, href: Href) -> Component:
    t = view.reading.t
    items = [
        desk.Chip(
            words=t(said),
            href=href(which=None if which == WHICH[0] else which, **_cleared(*FILTERS, *CHOICES)),
            chosen=view.by.which == which,
        )
        for which, said in WHICH_WORDS.items()
    ]
    return desk.chips(items, t("Which orders"))


def _filters(view: CustomerView, href: Href) -> Component:
    t, by = view.reading.t, view.by
    every = desk.Chip(
        words=t("any standing"),
        href=href(**_cleared("standing", "changed", "page")),
        chosen=by.standing is None and not by.changed,
        count=t.number(sum(view.counts.values())),
    )
    some = [
        desk.Chip(
            words=t(LOOKS[standing].word),
            href=href(standing=standing.value, **_cleared("changed", "page")),
            chosen=by.standing is standing,
            count=t.number(view.counts.get(standing, 0)),
            standing=standing,
        )
        for standing in STANDINGS
        if view.counts.get(standing) or by.standing is standing
    ]
    news = desk.Chip(
        words=t("changed since your last visit"),
        href=href(changed="1", **_cleared("standing", "page")),
        chosen=by.changed,
        count=t.number(view.changed),
    )
    chips = desk.chips([every, *some, *([news] if view.since else [])], t("Standing"))
    action = href(**_cleared("q", "page", *CHOICES))
    hint = t("Order, product or milestone")
    return html.Div([search(action, by.text, hint, t), chips], className="mp-party-filters")


def search(action: str, text: str, hint: str, t: Translator) -> Component:
    """Return the field for words that are searched for; the script makes it the address."""
    field = Element(
        "input",
        {"type": "search", "name": "q", "value": text, "placeholder": hint, "maxlength": 100,
         "class": "mp-say-input mp-search"},
    )  # fmt: skip
    label = Element("label", {}, [html.Span(t("Search"), className="mp-unseen"), field])
    return html.Form([label], action=action, method="get", role="search", className="mp-form")


def _nothing(view: CustomerView, href: Href) -> Component:
    t, by = view.reading.t, view.by
    if by.text or by.standing or by.changed or view.page > 1:
        clear = href(**_cleared(*FILTERS, *CHOICES))
        return desk.empty(t("No order fits"), "", clear, t("Clear all filters"))
    said = t("Your orders appear here as soon as the factory has planned them.")
    return desk.empty(t("No orders here"), said)


def _card(row: Bought, view: CustomerView, href: Href) -> Component:
    t, open_ = view.reading.t, row.order is not None and row.order == view.chosen
    lost = row.standing in _LOST and not row.done
    css = LOOKS[row.standing].css if row.standing else "mp-is-unknown"
    parts = [_card_head(row, view, href, open_), _line(row, view, href)]
    parts += [_milestones(row, view, href)] if open_ else []
    parts += [_dates(node, view) for node in row.nodes if open_ and node.key == view.node]
    css += " mp-ordered-lost" if lost else ""
    css += " mp-ordered-open" if open_ else ""
    return html.Article(
        parts,
        className=f"mp-ordered {css}",
        **{"aria-label": row.order or t("order")},
    )


def _card_head(row: Bought, view: CustomerView, href: Href, open_: bool) -> Component:
    t, reading = view.reading.t, view.reading
    name: Any = words.hidden(t)
    if row.order is not None:
        to = href(order=None if open_ else row.order, **_cleared("milestone", "said", "wrong"))
        name = link(row.order, to, "mp-row-link", "true" if open_ else "")
    count = "" if row.quantity is None else t("{count} pieces", count=t.number(row.quantity))
    facts = " · ".join(part for part in (row.product, count) if part)
    due = NONE if row.due_at is None else reading.said(row.due_at)
    risk = words.risk(row, reading)
    return html.Header(
        [
            html.Div([html.H2([name, *_news(row, view)]), html.P(facts, className="mp-dim")]),
            html.Div(
                [
                    words.standing_mark(row.standing, t, words.outlook(row, t)),
                    html.P([t("promised {when}", when=due), *([" · ", risk] if risk else [])],
                           className="mp-dim"),
                ],
                className="mp-ordered-outlook",
            ),
        ],
        className="mp-ordered-head",
    )  # fmt: skip


def _news(row: Bought, view: CustomerView) -> list[Component]:
    """Return marks of what changed since the last visit."""
    reading = view.reading
    said = [words.changed(row.change, reading)] if row.change else []
    said += [words.changed(node.change, reading, node.name) for node in row.nodes if node.change]
    return [html.Span(one, className="mp-news") for one in said if one]


def _line(row: Bought, view: CustomerView, href: Href) -> Component:
    """Return the milestones as steps of one line, reached ones filled."""
    steps = [_step(node, row, view, href) for node in row.nodes]
    label = view.reading.t("Milestones")
    return html.Ol(steps, className="mp-nodes", **{"aria-label": label})


def _step(node: Node, row: Bought, view: CustomerView, href: Href) -> Component:
    t, reading = view.reading.t, view.reading
    look = LOOKS[node.standing] if node.standing else LOOKS[Standing.UNKNOWN]
    reached = node.reached_at is not None
    if reached:
        when = t("reached {when}", when=reading.said(node.reached_at))
    elif node.p80_at is not None:
        when = t("by {when}", when=reading.said(node.p80_at))
    else:
        when = t(look.word)
    lost = node.standing in _LOST and not reached
    css = f"mp-node {look.css}{' mp-node-reached' if reached else ''}"
    css += " mp-node-lost" if lost else ""
    promised = "" if node.promised_at is None else reading.said(node.promised_at)
    agreed = view.agreed.get(node.key or "", NOTHING_SAID)
    inside = [
        html.Span(className="mp-node-mark", **{"aria-hidden": "true"}),
        html.Span(node.name, className="mp-node-name"),
        html.Span([*([shape(), t(look.word), " · "] if lost else []), when],
                  className="mp-node-when"),
        html.Span(t("promised {when}", when=promised) if promised else "",
                  className="mp-node-promised"),
        *_open_words(agreed, reading),
    ]  # fmt: skip
    if row.order is None or node.key is None:
        return html.Li(inside, className=css)
    chosen = view.node == node.key
    to = href(order=row.order, milestone=None if chosen else node.key, **_cleared("said", "wrong"))
    return html.Li(link(inside, to, "mp-node-link", "true" if chosen else ""), className=css)


def _open_words(agreed: Agreed, reading: Reading) -> list[Component]:
    """Say what waits for the factory's answer."""
    t, said = reading.t, []
    if agreed.asked is not None and agreed.asked.date_at is not None:
        said.append(t("you asked for {when}", when=reading.said(agreed.asked.date_at)))
    if agreed.disputed is not None:
        said.append(t("you dispute it"))
    return [html.Span(one, className="mp-node-open") for one in said]


def _milestones(row: Bought, view: CustomerView, href: Href) -> Component:
    """Return the dates of each milestone, side by side."""
    t = view.reading.t
    columns = (
        desk.TableColumn(key="name", heading=t("milestone")),
        desk.TableColumn(key="standing", heading=t("standing")),
        desk.TableColumn(key="baseline", heading=t("baseline"), css="mp-num mp-wide"),
        desk.TableColumn(key="requested", heading=t("requested"), css="mp-num"),
        desk.TableColumn(key="confirmed", heading=t("confirmed or committed"), css="mp-num"),
        desk.TableColumn(key="p80", heading=t("forecast P80"), css="mp-num"),
        desk.TableColumn(key="reached", heading=t("reached"), css="mp-num"),
    )
    rows = [_dates_row(node, row, view, href) for node in row.nodes]
    return desk.table(columns, rows, t("Milestones"), opens="name")


def _dates_row(node: Node, row: Bought, view: CustomerView, href: Href) -> desk.TableRow:
    reading, t = view.reading, view.reading.t
    field, promised = "committed_at", node.committed_at
    if node.confirmed_at is not None or "confirmed_at" in node.words:
        field, promised = "confirmed_at", node.confirmed_at
    return desk.TableRow(
        key=node.name,
        href=None if node.key is None else href(
            order=row.order, milestone=node.key, **_cleared("said", "wrong")
        ),
        cells={
            "name": node.name,
            "standing": words.standing_mark(node.standing, t),
            "baseline": words.date(node, "baseline_at", node.baseline_at, reading),
            "requested": words.date(node, "requested_at", node.requested_at, reading),
            "confirmed": words.date(node, field, promised, reading),
            "p80": words.date(node, "forecast_p80_at", node.p80_at, reading),
            "reached": words.date(node, "reached_at", node.reached_at, reading),
        },
    )  # fmt: skip


def _dates(node: Node, view: CustomerView) -> Component:
    """Return what was said about a milestone's date, and the forms to say more."""
    t, key = view.reading.t, node.key or ""
    forms = [] if view.sender is None else _forms(node, view.sender, view)
    said = dating.history(view.said.get(key, ()), view.reading, Side.PARTY)
    head = html.H3(t("Dates of {name}", name=node.name))
    past = html.Div([html.H4(t("What was said")), said], className="mp-say-past")
    return html.Section(
        [
            head,
            html.Div([html.Div(forms, className="mp-say-forms"), past], className="mp-say-both"),
        ],
        className="mp-say-about",
        id="dates",
    )


def _forms(node: Node, sender: Sender, view: CustomerView) -> list[Any]:
    t, named, now = view.reading.t, {"key": node.key or ""}, view.reading.now
    start = max(at for at in (node.requested_at, node.promised_at, now) if at is not None)
    asking = dating.form(
        sender, Said.REQUESTED, named,
        [dating.when(sender, start, t("The date you need")), dating.why(t("Why (optional)"))],
        t("Ask for this date"), first=True,
    )  # fmt: skip
    hint = t("Say what differs from what is shown here, and by what it can be seen.")
    disputing = dating.form(
        sender, Said.DISPUTED, named,
        [dating.why(t("What is wrong, and the evidence for it"), required=True, rows=4)],
        t("Send the dispute"),
    )  # fmt: skip
    asked = [] if node.reached_at is not None else [dating.fold(t("Ask for another date"), asking)]
    body = [html.P(hint, className="mp-dim"), disputing]
    return [*asked, dating.fold(t("Dispute a date"), body)]


def _cleared(*names: str) -> dict[str, None]:
    return dict.fromkeys(names)
