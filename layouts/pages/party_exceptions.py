"""What a party is told of exceptions: what of its own moves, from when to when, and how it stands.

Pure. Made of disclosed rows alone; a field that isn't disclosed isn't there.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.exceptions.records import Note, Severity, State
from layouts import ids
from layouts.components import desk
from layouts.components import exception_forms as forms
from layouts.components import exception_looks as looks
from layouts.components.exception_forms import Sender
from layouts.components.exception_words import condition
from layouts.components.reading import Reading
from layouts.components.still import OWN, SAYS, still
from layouts.sheets import Column, Sheet, Value
from layouts.text import NONE, Translator, msgid
from layouts.theme import LOOKS

TITLE = msgid("Exceptions")
MINUS = looks.MINUS
# How it stands, said to whoever is outside of the factory.
STATES = {
    State.UNACKNOWLEDGED: msgid("the factory looks into it"),
    State.ACKNOWLEDGED: msgid("someone at the factory has it"),
    State.RETURNED: msgid("back to normal"),
    State.SHELVED: msgid("put aside by the factory"),
    State.SUPPRESSED: msgid("the factory looks into it"),
}

Row = Mapping[str, Any]
Href = Callable[..., str]


class Told(Struct, frozen=True, kw_only=True):
    """One exception as a party knows it: its rows, and what was said about it.

    `name` None: what it is called isn't disclosed, so nothing can be said about it.
    """

    name: str | None
    rows: tuple[Row, ...]
    notes: tuple[Note, ...] = ()

    @property
    def first(self) -> Row:
        """What all of its rows have in common."""
        return self.rows[0]


class PartyView(Struct, frozen=True, kw_only=True):
    """All that a party is told. `account`: how its own notes are signed."""

    told: Sequence[Told]
    site_name: str
    reading: Reading
    sender: Sender
    account: str


def layout(view: PartyView) -> Component:
    """Return the page."""
    t = view.reading.t
    lead = t("{count} at {site} concern you", count=t.number(len(view.told)), site=view.site_name)
    empty = desk.empty(
        t("Nothing that concerns you"),
        t("When a date of yours moves, it stands here with the old date and the new one."),
    )
    items = [_one(one, view) for one in view.told] or [empty]
    said = html.P(className="mp-x-said", role="status", **SAYS)
    tree = html.Div(
        [desk.page_head(t(TITLE), lead if view.told else None), said, *items],
        className="mp-x-page mp-x-party",
    )
    return still(tree, ids.Exceptions.PARTY)


def _one(one: Told, view: PartyView) -> Component:
    t, row = view.reading.t, one.first
    kind = row.get("condition")
    head = [html.H2(condition(str(kind), t) if kind else t("A date of yours moves"))]
    severity = row.get("severity")
    if severity in set(Severity):
        head.insert(0, looks.severity(Severity(str(severity)), t))
    state = row.get("state")
    facts = [one.name or ""]
    facts += [t(STATES[State(str(state))])] if state in STATES else []
    facts += [t("since {when}", when=_when(row.get("since"), view))] if row.get("since") else []
    moves = html.Ul([_move(each, view) for each in one.rows], className="mp-x-party-moves")
    body: list[Any] = [
        html.Header([html.Div(head, className="mp-x-party-head"),
                     html.P(" · ".join(fact for fact in facts if fact), className="mp-mute")]),
        moves,
    ]  # fmt: skip
    if one.name is not None:
        body += [_notes(one, view), _forms(one, view)]
    key = {"id": f"told-{one.name}"} if one.name else {}
    return html.Article(body, className="mp-section mp-x-party-one", **key)


def _move(row: Row, view: PartyView) -> Component:
    """Return one thing that moves: which, from when to when, by how much."""
    t = view.reading.t
    what = " · ".join(str(row[name]) for name in ("order", "name") if row.get(name))
    before, after = row.get("before_at"), row.get("after_at")
    said: list[Any] = [html.Strong(what or t("A date of yours"))]
    if isinstance(before, datetime) and isinstance(after, datetime):
        dates = t("moves from {before} to {after}", before=_when(before, view),
                  after=_when(after, view))  # fmt: skip
        said.append(html.Span(dates))
        said.append(html.Span(_by(before, after, t), className="mp-x-moved"))
    elif after is not None:
        said.append(html.Span(str(after)))
    css = "mp-x-party-move"
    if row.get("standing") in LOOKS:
        css += f" {LOOKS[row['standing']].css}"
    return html.Li(said, className=css)


def _by(before: datetime, after: datetime, t: Translator) -> str:
    seconds = (after - before).total_seconds()
    if abs(seconds) < looks.MOVED_S:
        return t("as before")
    return f"{'+' if seconds > 0 else MINUS}{t.duration(abs(seconds))}"


def _when(value: Any, view: PartyView) -> str:
    if not isinstance(value, datetime):
        return NONE if value is None else str(value)
    return view.reading.t.stamp(value, view.reading.timezone, view.reading.now)


def _notes(one: Told, view: PartyView) -> Component:
    t = view.reading.t
    items = []
    for note in one.notes:
        own = note.author == view.account
        who = t("you") if own else note.name
        head = [html.Strong(who), html.Span(_when(note.at, view), className="mp-x-at")]
        items.append(html.Li([html.Div(head, className="mp-x-entry-head"),
                              html.Blockquote(note.words)], className="mp-x-said-one"))  # fmt: skip
    return html.Ol(items, className="mp-x-talk")


def _forms(one: Told, view: PartyView) -> Component:
    """Return what a party can do: say that it has seen it, and say something about it."""
    t = view.reading.t
    hidden = forms.hidden(view.sender, key=one.name or "")
    field = forms.words_field(t("To the factory"))
    waits = one.first.get("state") in (State.UNACKNOWLEDGED, State.RETURNED)
    acts = [forms.button("comment", t("Send"), first=not waits)]
    if waits:
        acts.insert(0, forms.button("acknowledge", t("We know of it"), first=True))
    wrong = html.Span(className="mp-x-wrong", role="alert", **OWN)
    return html.Form(
        [*hidden, field, html.Div([*acts, wrong], className="mp-x-actions")],
        action=view.sender.action, method="post", className="mp-x-form mp-x-saying",
    )  # fmt: skip


def sheet(view: PartyView) -> Sheet:
    """Return all that moves, as a table of what is disclosed."""
    t = view.reading.t
    columns = (
        Column(key="exception", heading=t("Number")),
        Column(key="order", heading=t("Order")),
        Column(key="name", heading=t("Name")),
        Column(key="condition", heading=t("What")),
        Column(key="severity", heading=t("Severity")),
        Column(key="since", heading=t("Since"), kind="moment"),
        Column(key="before_at", heading=t("Before"), kind="moment"),
        Column(key="after_at", heading=t("Now"), kind="moment"),
    )
    rows: list[Mapping[str, Value]] = [
        {column.key: _value(row.get(column.key), column.key, t) for column in columns}
        for one in view.told
        for row in one.rows
    ]
    return Sheet(name=t(TITLE), columns=columns, rows=rows)


def _value(value: Any, key: str, t: Translator) -> Value:
    if key == "condition" and value is not None:
        return condition(str(value), t)
    if key == "severity" and value in set(Severity):
        return t(looks.SEVERITIES[Severity(str(value))])
    return value if isinstance(value, datetime) or value is None else str(value)
