"""The inbox of exceptions: what waits for somebody, whom it hits, who has it. Pure.

`callbacks.desk.exceptions` finds what it shows. Below the filters everything is one still part,
so that what is selected, focused or typed stays when it is drawn anew.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.exceptions.records import Case, Severity, State
from data.domain.exceptions.search import CaseFilter
from layouts import ids
from layouts.components import desk, exception_forms, forms
from layouts.components import exception_looks as looks
from layouts.components.exception_forms import Sender
from layouts.components.exception_words import Words, condition, facts, lasts, title, where
from layouts.components.links import link
from layouts.components.still import SAYS, still
from layouts.sheets import Column, Sheet, Value
from layouts.text import NONE, Translator, msgid
from layouts.urls import segment

TITLE = msgid("Exceptions")
# Which are shown, by the word in the address: the first are those that need somebody.
WHICH: Mapping[str, tuple[State, ...]] = {
    "open": (State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED),
    "waiting": (State.UNACKNOWLEDGED,),
    "taken": (State.ACKNOWLEDGED,),
    "returned": (State.RETURNED,),
    "shelved": (State.SHELVED, State.SUPPRESSED),
    "closed": (State.CLOSED,),
}
WHICH_WORDS = {
    "open": msgid("Open"),
    "waiting": msgid("Nobody has it"),
    "taken": msgid("Taken"),
    "returned": msgid("Back to normal"),
    "shelved": msgid("Put aside"),
    "closed": msgid("Closed"),
}
FILTERS = ("q", "severity", "rule", "area", "party", "order", "unit", "mine")
KEYS = (
    ("j", msgid("next")),
    ("k", msgid("previous")),
    ("Enter", msgid("open")),
    ("x", msgid("select")),
    ("a", msgid("acknowledge")),
    ("s", msgid("shelve")),
    ("r", msgid("resolve")),
    ("c", msgid("comment")),
    ("/", msgid("search")),
    ("Esc", msgid("clear the selection")),
    ("?", msgid("these keys")),
)

Href = Callable[..., str]


class InboxView(Struct, frozen=True, kw_only=True):
    """One page of the inbox.

    `counts`: how many there are of each choice of `WHICH`, as far as that is known. `inside`: what
    stands in those that are unfolded, by number. `quiet_since`: when the last one ended, where
    nothing is open. `real_now`: escalation counts by the real clock. `sender`: None for those who
    may only look.
    """

    cases: Sequence[Case]
    total: int
    which: str
    by: CaseFilter
    mine: bool
    counts: Mapping[str, int]
    inside: Mapping[int, Sequence[Case]]
    page: int
    pages: int
    areas: Mapping[str, str]
    parties: Mapping[str, str]
    rules: Mapping[str, str]
    timezone: str
    now: datetime
    real_now: datetime
    sender: Sender | None = None
    quiet_since: datetime | None = None
    sees_all: bool = True

    def words(self, t: Translator) -> Words:
        """Return how instants are said."""
        return Words(t, self.timezone, self.now, self.parties)


def layout(view: InboxView, href: Href, t: Translator) -> Component:
    """Return the page."""
    ways = [_which(view, href, t), *_more(view, href, t)]
    return html.Div(
        [
            desk.page_head(t(TITLE), _lead(view, t), ways),
            _filters(view, href, t),
            still(html.Div(below(view, href, t)), ids.Exceptions.LIST),
        ],
        className="mp-x-page",
    )


def below(view: InboxView, href: Href, t: Translator) -> list[Component]:
    """Return everything below the filters."""
    said = html.P(className="mp-x-said", role="status", **SAYS)
    if not view.cases:
        return [said, _nothing(view, href, t)]
    previous, following = href(page=_earlier(view.page)), href(page=str(view.page + 1))
    return [
        said,
        _list(view, href, t),
        desk.pager(view.page, view.pages, previous, following, t),
        *([exception_forms.bulk(view.sender, t)] if view.sender else []),
        keys(t),
    ]


def keys(t: Translator) -> Component:
    """Return what each key does; the script opens it."""
    items = [
        html.Div([html.Dt(html.Kbd(key)), html.Dd(t(words))], className="mp-x-key")
        for key, words in KEYS
    ]
    close = exception_forms.Element(
        "form", {"method": "dialog"}, [html.Button(t("Close"), className="mp-x-do")]
    )
    return html.Dialog(
        [html.H2(t("Keys")), html.Dl(items), close],
        id=ids.Exceptions.KEYS,
        className="mp-x-keys",
        **{"aria-label": t("Keys")},
    )


def _lead(view: InboxView, t: Translator) -> str:
    if view.which != "open":
        return t("{count} exceptions", count=t.number(view.total))
    waiting = view.counts.get("waiting", 0)
    if not view.counts.get("open"):
        return t("nothing waits for anybody")
    return t("{count} open, {waiting} of them with nobody", count=t.number(view.counts["open"]),
             waiting=t.number(waiting))  # fmt: skip


def _which(view: InboxView, href: Href, t: Translator) -> Component:
    items = [
        desk.Chip(
            words=t(words),
            href=href(which=None if which == "open" else which, page=None, unfold=None),
            chosen=view.which == which,
            count=t.number(view.counts[which]) if which in view.counts else "",
        )
        for which, words in WHICH_WORDS.items()
    ]
    return desk.chips(items, t("Which exceptions"))


def _more(view: InboxView, href: Href, t: Translator) -> list[Component]:
    """Return the ways to what exceptions are made by, for those who may see all of the site."""
    if not view.sees_all:
        return []
    return [
        link(t("Rules"), href("/rules"), "mp-small-button"),
        link(t("Quality"), href("/exceptions/quality"), "mp-small-button"),
    ]


def _filters(view: InboxView, href: Href, t: Translator) -> Component:
    by = view.by
    action = href(**dict.fromkeys((*FILTERS[:5], "page")))
    fields = [
        forms.search_field("q", by.text, t("Search"), t("Number, order, machine or part")),
        forms.choice_field("severity", _severities(t), by.severity, t("Severity")),
        forms.choice_field("rule", _rules(view, t), by.rule, t("Rule")),
        forms.choice_field("area", [("", t("all lines")), *view.areas.items()], by.area, t("Line")),
    ]
    if view.parties:
        known = sorted(view.parties.items(), key=lambda one: one[1])
        party = [("", t("all parties")), *known]
        fields.append(forms.choice_field("party", party, by.party, t("Party")))
    return html.Div(
        [forms.form(action, fields, t("Filter the list")), _set(view, href, t)],
        className="mp-filters",
    )


def _severities(t: Translator) -> list[tuple[str, str]]:
    return [("", t("any severity")), *((one.value, t(looks.SEVERITIES[one])) for one in Severity)]


def _rules(view: InboxView, t: Translator) -> list[tuple[str, str]]:
    known = sorted(view.rules.items(), key=lambda one: one[1])
    if view.by.rule and view.by.rule not in view.rules:
        known.append((view.by.rule, view.by.rule))
    return [("", t("all rules")), *known]


def _set(view: InboxView, href: Href, t: Translator) -> Component:
    """Return filters that stand in no list: one's own, and those that a link came with."""
    mine = desk.Chip(
        words=t("mine"), href=href(mine=None if view.mine else "1", page=None), chosen=view.mine
    )
    others = [("order", view.by.order), ("unit", view.by.work_unit)]
    gone = [
        desk.removable(value, href(**{name: None}, page=None), t) for name, value in others if value
    ]
    return html.Div(
        [desk.chips([mine], t("Whose")), *gone, _help(t)], className="mp-x-set"
    )  # fmt: skip


def _help(t: Translator) -> Component:
    return html.Button(
        [html.Kbd("?"), html.Span(t("Keys"))], type="button", className="mp-x-help",
        **{"data-keys": "1"},
    )  # fmt: skip


def _nothing(view: InboxView, href: Href, t: Translator) -> Component:
    by = view.by
    narrowed = (by.text, by.severity, by.rule, by.area, by.party, by.order, by.work_unit, view.mine)
    if any(narrowed) or view.page > 1:
        clear = href(**dict.fromkeys((*FILTERS, "page")))
        words = t("Take a filter away, or look among those that are closed.")
        return desk.empty(t("No exception fits"), words, clear, t("Clear all filters"))
    if view.which != "open":
        way = t("To those that are open")
        return desk.empty(t("No exceptions here"), "", href(which=None), way)
    words = t("Whatever somebody must act on will stand here by itself.")
    if view.quiet_since is not None:
        when = t.stamp(view.quiet_since, view.timezone, view.now)
        words = t("Quiet since {when}.", when=when) + " " + words
    return desk.empty(t("No exceptions"), words)


def _earlier(page: int) -> str | None:
    return str(page - 1) if page > 2 else None


def _list(view: InboxView, href: Href, t: Translator) -> Component:
    rows: list[Component] = []
    for case in view.cases:
        rows.append(_row(case, view, href, t))
        rows += [_row(one, view, href, t, child=True) for one in view.inside.get(case.number, ())]
    return html.Ol(rows, className="mp-x-list", **{"aria-label": t(TITLE)})


def _row(
    case: Case, view: InboxView, href: Href, t: Translator, child: bool = False
) -> Component:  # fmt: skip
    name = title(case, t)
    pick = [exception_forms.pick(case, t("Select {name}", name=case.name))] if view.sender else []
    css = f"mp-x-row {looks.tone_of(case)}{' mp-x-child' if child else ''}"
    return html.Li(
        [
            html.Div(pick, className="mp-x-select"),
            looks.mark(case, t),
            _what(case, name, view, href, t),
            html.Div(where(case, view.areas) or NONE, className="mp-x-where"),
            _since(case, view, t),
            _impact(case, t),
            _who(case, view, t),
        ],
        id=f"case-{case.number}",
        className=css,
    )


def _what(case: Case, name: str, view: InboxView, href: Href, t: Translator) -> Component:
    there = href(f"/exceptions/{case.number}")
    opens = link(name, there, "mp-row-link mp-x-open")
    known = facts(case, view.words(t))
    below_: list[Any] = [html.Span(case.name, className="mp-x-number"), html.Span(known)]
    if case.flapping:
        below_.append(html.Span(t("comes and goes, {count} times", count=t.number(case.times)),
                                className="mp-x-tag"))  # fmt: skip
    if case.inside:
        below_.append(_unfold(case, view, href, t))
    return html.Div(
        [opens, html.Div(below_, className="mp-x-sub")], className="mp-x-what"
    )  # fmt: skip


def _unfold(case: Case, view: InboxView, href: Href, t: Translator) -> Component:
    open_ = case.number in view.inside
    left = [str(number) for number in view.inside if number != case.number]
    chosen = left if open_ else [*left, str(case.number)]
    words = [html.Span("−" if open_ else "+", className="mp-x-sign"), looks.inside(case, t)]
    there = href(unfold=",".join(chosen) or None)
    shown = link(words, there, "mp-x-inside")
    setattr(shown, "aria-expanded", "true" if open_ else "false")
    return shown


def _since(case: Case, view: InboxView, t: Translator) -> Component:
    when = t.stamp(case.since, view.timezone, view.now)
    age = lasts(case, view.now, t)
    exact = t.exact(case.since, view.timezone)
    return html.Div(
        [html.Time(age, title=exact, dateTime=case.since.isoformat()), html.Span(when)],
        className="mp-x-since",
    )


def _impact(case: Case, t: Translator) -> Component:
    said, delay = " · ".join(looks.impact(case, t)), looks.delay(case, t)
    parts: list[Component] = [html.Strong(delay)] if delay else []
    parts += [html.Span(said)] if said else []
    return html.Div(parts or [html.Span(NONE, className="mp-mute")], className="mp-x-impact")


def _who(case: Case, view: InboxView, t: Translator) -> Component:
    shelf = case.shelved_until
    when = t.stamp(shelf, view.timezone, view.now) if shelf else ""
    next_ = looks.escalation(case, view.real_now, t)
    below_ = next_ or t("for {role}", role=t(looks.ROLES.get(case.owner_role, case.owner_role)))
    return html.Div(
        [html.Strong(looks.held_by(case, t, when)), html.Span(below_)], className="mp-x-who"
    )


def sheet(cases: Sequence[Case], view_areas: Mapping[str, str], words: Words) -> Sheet:
    """Return exceptions as a table."""
    t = words.t
    columns = (
        Column(key="number", heading=t("Number")),
        Column(key="severity", heading=t("Severity")),
        Column(key="state", heading=t("State")),
        Column(key="what", heading=t("What")),
        Column(key="facts", heading=t("Known")),
        Column(key="where", heading=t("Where")),
        Column(key="order", heading=t("Order")),
        Column(key="rule", heading=t("Rule")),
        Column(key="since", heading=t("Since"), kind="moment"),
        Column(key="raised", heading=t("Raised"), kind="moment"),
        Column(key="acknowledged", heading=t("Acknowledged"), kind="moment"),
        Column(key="cleared", heading=t("Back to normal"), kind="moment"),
        Column(key="closed", heading=t("Closed"), kind="moment"),
        Column(key="orders", heading=t("Orders hit"), kind="number"),
        Column(key="parties", heading=t("Parties hit"), kind="number"),
        Column(key="moved", heading=t("Moved by"), kind="seconds"),
        Column(key="who", heading=t("Who has it")),
        Column(key="cause", heading=t("What it came from")),
    )
    rows = [_values(case, view_areas, words) for case in cases]
    return Sheet(name=t(TITLE), columns=columns, rows=rows)


def _values(case: Case, areas: Mapping[str, str], words: Words) -> Mapping[str, Value]:
    t = words.t
    found = exception_forms.FOUND.get(case.cause_found or "")
    return {
        "number": case.name,
        "severity": t(looks.SEVERITIES[case.severity]),
        "state": t(looks.STATES[case.state]),
        "what": title(case, t),
        "facts": facts(case, words),
        "where": where(case, areas),
        "order": case.place.order,
        "rule": condition(case.kind, t),
        "since": case.since,
        "raised": case.raised_at,
        "acknowledged": case.acknowledged_at,
        "cleared": case.cleared_at,
        "closed": case.closed_at,
        "orders": len({hit.order for hit in case.hits}),
        "parties": len({hit.party for hit in case.hits if hit.party} | case.parties),
        "moved": max((hit.moved_s for hit in case.hits), default=0.0),
        "who": case.owner_name,
        "cause": t(found) if found else case.cause_found,
    }


def path_of(case: Case) -> str:
    """Return the address of an exception's page."""
    return f"/exceptions/{segment(str(case.number))}"
