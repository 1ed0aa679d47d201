"""One exception: what it is, whom it hits, what was done about it and what can be done. Pure.

`callbacks.desk.exception` finds what it shows. All of it is one still part, so that what is being
typed stays when it is drawn anew.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.exceptions.lifecycle import may
from data.domain.exceptions.records import Case, Hit, Move, Note, State, Transition
from data.domain.scope import Role
from layouts import ids
from layouts.components import desk
from layouts.components import exception_forms as forms
from layouts.components import exception_looks as looks
from layouts.components.exception_forms import Sender
from layouts.components.exception_words import Words, condition, facts, lasts, title, where
from layouts.components.links import link
from layouts.components.reading import Reading
from layouts.components.still import still
from layouts.pages.exceptions import keys, path_of
from layouts.sheets import Column, Sheet, Value
from layouts.text import NONE, Translator, msgid
from layouts.urls import segment

TITLE = msgid("Exception")
MOST_HITS = 60
HITS = {"order": msgid("order"), "milestone": msgid("milestone"), "need": msgid("material")}
# States of a delivery, by what `data.domain.deliveries` calls them.
DELIVERY = {
    "waiting": msgid("waits to be sent"),
    "held": msgid("held for quiet hours or a digest"),
    "failed": msgid("failed, tried again"),
    "folded": msgid("told in a digest"),
    "sent": msgid("sent"),
    "given_up": msgid("given up"),
    "withdrawn": msgid("not needed any more"),
}
_FAILED = frozenset({"failed", "given_up"})
# The steps that an exception takes when all goes well.
_STEPS = (State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.CLOSED)
_STEP_WORDS = {
    State.UNACKNOWLEDGED: msgid("Raised"),
    State.ACKNOWLEDGED: msgid("Acknowledged"),
    State.RETURNED: msgid("Back to normal"),
    State.SHELVED: msgid("Shelved"),
    State.SUPPRESSED: msgid("Explained by its cause"),
    State.CLOSED: msgid("Closed"),
}

Href = Callable[..., str]


class Delivered(Struct, frozen=True, kw_only=True):
    """What became of telling somebody. `at`: of the last attempt, real time."""

    way: str
    recipient: str
    state: str
    attempts: int = 0
    answer: str = ""
    at: datetime | None = None


class CaseView(Struct, frozen=True, kw_only=True):
    """Everything known of one exception. `names`: of accounts, as `account/<id>`.

    `parties`: names of those that may be named to the viewer. `people`: to whom it can be handed
    over. `mine`: the viewer has it. `marked`: what they said of it. `sees_orders`: the pages on
    orders are open to them. `deliveries`: None where nobody can be told.
    """

    case: Case
    transitions: Sequence[Transition]
    notes: Sequence[Note]
    inside: Sequence[Case]
    marks: Mapping[str, bool]
    reading: Reading
    real_now: datetime
    areas: Mapping[str, str]
    rule: str
    names: Mapping[str, str] = {}
    people: Mapping[str, str] = {}
    mine: bool = False
    marked: bool | None = None
    sees_orders: bool = True
    sees_parties: bool = True
    parent: Case | None = None
    deliveries: Sequence[Delivered] | None = None
    sender: Sender | None = None

    @property
    def words(self) -> Words:
        """How instants are said."""
        reading = self.reading
        return Words(reading.t, reading.timezone, reading.now, reading.parties)

    def party(self, party: str) -> str:
        """Return what a party is called; nothing where it may not be named to the viewer."""
        return self.reading.parties.get(party, party if self.sees_orders else "")


def layout(view: CaseView, href: Href) -> Component:
    """Return the page."""
    t = view.reading.t
    main = [_ripple(view), _inside(view, href), _talk(view)]
    aside = [_about(view, href), _evidence(view, href), _told(view), _marks(view)]
    tree = html.Div(
        [
            _head(view, href),
            html.P(className="mp-x-said", role="status", **{"aria-live": "polite"}),
            _path(view),
            *([_actions(view)] if view.sender else []),
            html.Div(
                [
                    html.Div([one for one in main if one], className="mp-x-main"),
                    html.Div([one for one in aside if one], className="mp-x-aside"),
                ],
                className="mp-x-both",
            ),
            keys(t),
        ],
        className="mp-x-page mp-x-one",
        id=f"exception-{view.case.number}",
    )
    return still(tree, ids.Exceptions.ONE)


def _head(view: CaseView, href: Href) -> Component:
    case, t = view.case, view.reading.t
    back = link(t("All exceptions"), href("/exceptions"), "mp-x-back")
    crumbs = [back, html.Span(case.name, className="mp-x-number"), looks.severity(case.severity, t)]
    if case.flapping:
        count = t.number(case.times)
        words = t("comes and goes, {count} times", count=count)
        crumbs.append(html.Span(words, className="mp-x-tag"))
    lead = [one for one in (where(case, view.areas), facts(case, view.words)) if one]
    return html.Header(
        [
            html.Div(crumbs, className="mp-x-crumbs"),
            html.H1(title(case, t)),
            html.P(" · ".join(lead), className="mp-lead-line"),
        ],
        className=f"mp-x-head {looks.tone_of(case)}",
    )


def _path(view: CaseView) -> Component:
    """Return its state as a path: the steps that were taken, the one that it is at."""
    case, t = view.case, view.reading.t
    steps = list(_STEPS)
    if case.state in (State.RETURNED, State.SHELVED, State.SUPPRESSED):
        steps[1] = case.state
    if case.state is State.CLOSED and case.acknowledged_at is None:
        steps[1] = State.RETURNED
    at = steps.index(case.state)
    reached = {
        State.UNACKNOWLEDGED: case.raised_at,
        State.ACKNOWLEDGED: case.acknowledged_at,
        State.RETURNED: case.cleared_at,
        State.CLOSED: case.closed_at,
    }
    items = [
        _step(step, number - at, reached.get(step) if number <= at else None, view)
        for number, step in enumerate(steps)
    ]
    return html.Ol(items, className="mp-x-path", **{"aria-label": t("State")})


def _step(step: State, after: int, at: datetime | None, view: CaseView) -> Component:
    t, case = view.reading.t, view.case
    css = "mp-x-step" + (" mp-x-done" if after < 0 else "") + (" mp-x-now" if after == 0 else "")
    said = [html.Span(t(_STEP_WORDS[step]), className="mp-x-step-name")]
    if step is State.SHELVED and case.shelved_until:
        until = view.words.at(case.shelved_until)
        said.append(html.Span(t("until {when}", when=until), className="mp-x-step-at"))
    if at is not None:
        said.append(html.Span(view.words.at(at), className="mp-x-step-at"))
    if step is State.ACKNOWLEDGED and case.owner_name and after <= 0:
        said.append(html.Span(case.owner_name, className="mp-x-step-at"))
    mark = {"aria-current": "step"} if after == 0 else {}
    return html.Li([html.Span(className="mp-x-dot"), *said], className=css, **mark)


def _actions(view: CaseView) -> Component:
    """Return what can be done now, the first thing first."""
    case, t, sender = view.case, view.reading.t, view.sender
    assert sender is not None
    acts: list[Any] = []
    if may(case, Move.ACKNOWLEDGE):
        acts.append(forms.button("acknowledge", t("Acknowledge"), "a", first=True))
    if may(case, Move.UNSHELVE):
        acts.append(forms.button("unshelve", t("Take off the shelf"), first=True))
    if may(case, Move.RELEASE) and view.mine:
        acts.append(forms.button("release", t("Give back")))
    if not acts and not may(case, Move.RESOLVE):
        return html.Div()
    more: list[Any] = []
    if may(case, Move.SHELVE):
        more.append(forms.one(sender, case, [forms.shelving(t)]))
    if may(case, Move.ASSIGN) and view.people:
        owner = forms.choice("owner", dict(view.people), t("To whom"), t("choose"))
        body = [owner, forms.words_field(t("Why (optional)")),
                forms.button("assign", t("Hand over"), first=True)]  # fmt: skip
        more.append(forms.one(sender, case, [forms.drop("assign", t("Hand over"), body)]))
    if may(case, Move.RESOLVE):
        more.append(forms.one(sender, case, [forms.resolving(t)]))
    first = [forms.one(sender, case, acts)] if acts else []
    return html.Div([*first, *more], className="mp-x-actions")


def _ripple(view: CaseView) -> Component | None:
    """Return whom it hits: what moves, from when to when, by how much."""
    case, t = view.case, view.reading.t
    if not case.hits:
        words = t("As far as the forecast says, nobody's date moves by it.")
        return desk.section(t("Whom it hits"), html.P(words, className="mp-mute"))
    rows = [_hit(hit, view) for hit in looks.worst_first(case.hits)[:MOST_HITS]]
    columns = [
        desk.TableColumn(key="what", heading=t("What")),
        desk.TableColumn(key="party", heading=t("Party"), css="mp-wide"),
        desk.TableColumn(key="before", heading=t("Before"), css="mp-num mp-wide"),
        desk.TableColumn(key="after", heading=t("Now"), css="mp-num"),
        desk.TableColumn(key="moved", heading=t("Moved by"), css="mp-num"),
    ]
    if not view.sees_parties:
        columns = [column for column in columns if column.key != "party"]
    aside = " · ".join([*looks.impact(case, t), looks.delay(case, t)]).removesuffix(" · ")
    table = desk.table(columns, rows, t("Whom it hits"), named="hit")
    return desk.section(t("Whom it hits"), table, aside)


def _hit(hit: Hit, view: CaseView) -> desk.TableRow:
    t = view.reading.t
    name = hit.name or hit.id
    what: list[Any] = [_order(hit.order, view)]
    if hit.kind != "order":
        what += [html.Span(f" · {name} ", className="mp-x-part"),
                 html.Span(t(HITS.get(hit.kind, hit.kind)), className="mp-mute")]  # fmt: skip
    late = " mp-x-later" if hit.moved_s >= looks.MOVED_S else ""
    return desk.TableRow(
        key=f"{hit.kind}-{hit.order}-{hit.id}-{hit.party or ''}",
        cells={
            "what": what,
            "party": (hit.party and view.party(hit.party)) or html.Span(NONE, className="mp-mute"),
            "before": _moment(hit.before_at, view),
            "after": _moment(hit.after_at, view),
            "moved": html.Span(looks.moved(hit, t), className=f"mp-x-moved{late}"),
        },
    )


def _moment(at: datetime | None, view: CaseView) -> Component | str:
    if at is None:
        return NONE
    exact = view.reading.t.exact(at, view.reading.timezone)
    return html.Time(view.words.at(at), title=exact, dateTime=at.isoformat())


def _order(order: str, view: CaseView) -> Component:
    if not view.sees_orders:
        return html.Strong(order)
    return link(order, view.reading.order(order), "mp-row-link")


def _inside(view: CaseView, href: Href) -> Component | None:
    """Return those that stand inside of it."""
    t = view.reading.t
    if not view.inside:
        return None
    items = [
        html.Li(
            [
                looks.mark(case, t),
                link(title(case, t), href(path_of(case)), "mp-row-link"),
                html.Span(f"{case.name} · {lasts(case, view.reading.now, t)}", className="mp-mute"),
            ],
            className=f"mp-x-in {looks.tone_of(case)}",
        )
        for case in view.inside
    ]
    aside = t("{count} in all", count=t.number(max(view.case.inside, len(items))))
    return desk.section(t("Inside of it"), html.Ol(items, className="mp-x-ins"), aside)


def _talk(view: CaseView) -> Component:
    """Return what was done and said, newest first, and the way to say something."""
    t = view.reading.t
    entries: list[tuple[datetime, int, Component]] = [
        (one.at, one.version, _move(one, times, view)) for one, times in runs(view.transitions)
    ]
    entries += [(note.at, 10**9 + note.number, _note(note, view)) for note in view.notes]
    entries.sort(key=lambda one: one[:2], reverse=True)
    items = html.Ol(
        [entry for _, _, entry in entries], className="mp-x-talk",
        **{"aria-label": t("What was done and said")},
    )  # fmt: skip
    said = [_say(view)] if view.sender else []
    return desk.section(t("What was done and said"), [*said, items])


def _say(view: CaseView) -> Component:
    t, case = view.reading.t, view.case
    assert view.sender is not None
    field = forms.words_field(t("Comment"), 3, forms.SAY, t("What is being done about it?"))
    readers = {"": t("only the factory reads this")}
    if view.sees_parties:
        readers |= {
            party: t("{party} reads this too", party=view.party(party))
            for party in sorted(case.parties)
            if view.party(party)
        }
    who = forms.choice("party", readers, t("Who reads it"))
    send = forms.button("comment", t("Send"), first=True)
    return forms.one(view.sender, case, [field, html.Div([who, send], className="mp-x-send")],
                     "mp-x-saying")  # fmt: skip


def _note(note: Note, view: CaseView) -> Component:
    t = view.reading.t
    read_by = t("only the factory reads this")
    css = "mp-x-said-one"
    if note.party is not None:
        read_by = _read_by(note.party, view)
        css += " mp-x-outside"
    head = [html.Strong(note.name), html.Span(read_by, className="mp-x-read"), _when(note.at, view)]
    return html.Li(
        [html.Div(head, className="mp-x-entry-head"), html.Blockquote(note.words)],
        id=f"note-{note.number}", className=css,
    )  # fmt: skip


def _read_by(party: str, view: CaseView) -> str:
    t = view.reading.t
    return t("{party} reads this too", party=view.party(party) or t("a party"))


def runs(moves: Sequence[Transition]) -> list[tuple[Transition, int]]:
    """Return moves, mere changes that follow each other as the last of them, with how many."""
    found: list[tuple[Transition, int]] = []
    for one in moves:
        if one.move is Move.CHANGE and found and found[-1][0].move is Move.CHANGE:
            found[-1] = (one, found[-1][1] + 1)
        else:
            found.append((one, 1))
    return found


def _move(one: Transition, times: int, view: CaseView) -> Component:
    t = view.reading.t
    who = looks.actor(one.actor, view.names, t)
    what = t(looks.MOVES[one.move])
    if times > 1:
        what = f"{what} · {t('{count} times', count=t.number(times))}"
    if one.actor in looks.MACHINES and one.move in (Move.RAISE, Move.CLEAR, Move.CHANGE):
        who = t("It")
    parts: list[Any] = [html.Strong(who), " ", what]
    said = [html.Blockquote(one.words)] if one.words else []
    head = html.Div([html.Span(parts), _when(one.at, view)], className="mp-x-entry-head")
    return html.Li([head, *said], id=f"move-{one.version}", className="mp-x-moved-one")


def _when(at: datetime, view: CaseView) -> Component:
    exact = view.reading.t.exact(at, view.reading.timezone)
    return html.Time(view.words.at(at), title=exact, dateTime=at.isoformat(), className="mp-x-at")


def _about(view: CaseView, href: Href) -> Component:
    case, t = view.case, view.reading.t
    pairs: list[tuple[str, Any]] = [
        (t("Who has it"), looks.held_by(case, t, _until(view))),
        (t("Whose it is"), t(looks.ROLES.get(case.owner_role, case.owner_role))),
    ]
    next_ = looks.escalation(case, view.real_now, t)
    if next_ or case.level:
        level = t("level {level}", level=t.number(case.level)) if case.level else ""
        pairs.append((t("Escalation"), " · ".join(one for one in (level, next_) if one)))
    pairs += [
        (t("Since"), [_moment(case.since, view), f" · {lasts(case, view.reading.now, t)}"]),
        (t("Rule"), view.rule or condition(case.kind, t)),
    ]
    if case.cause_found:
        found = forms.FOUND.get(case.cause_found)
        pairs.append((t("What it came from"), t(found) if found else case.cause_found))
    told = [t(looks.ROLES.get(role, role)) for role in _informed(case.informs)]
    if told:
        pairs.append((t("Who else may know"), ", ".join(told)))
    if view.parent is not None:
        there = link(title(view.parent, t), href(path_of(view.parent)), "mp-row-link")
        pairs.append((t("Part of"), there))
    body = html.Dl([html.Div([html.Dt(name), html.Dd(value)]) for name, value in pairs])
    return desk.section(t("About it"), body, css="mp-x-about")


def _until(view: CaseView) -> str:
    shelf = view.case.shelved_until
    return view.words.at(shelf) if shelf else ""


def _informed(roles: Sequence[Role]) -> list[Role]:
    return [role for role in looks.ROLES if role in roles]


def _evidence(view: CaseView, href: Href) -> Component | None:
    """Return the ways to what stands behind it."""
    case, t = view.case, view.reading.t
    if not view.sees_orders:
        return None
    place, links = case.place, []
    if place.order:
        words = t("Events of {order}", order=place.order)
        links.append(link(words, href(f"/orders/{segment(place.order)}"), "mp-x-way"))
    if place.work_unit or place.work_center:
        words = t("{where} over the last shifts", where=place.work_unit or place.work_center or "")
        links.append(link(words, href("/bottleneck", area=place.area), "mp-x-way"))
    if place.work_unit:
        there = href("/exceptions", unit=place.work_unit, which="closed")
        words = t("Earlier ones of {unit}", unit=place.work_unit)
        links.append(link(words, there, "mp-x-way"))
    same = t("Others of this rule")
    links.append(link(same, href("/exceptions", rule=case.rule), "mp-x-way"))
    return desk.section(t("What stands behind it"), html.Ul([html.Li(one) for one in links]))


def _told(view: CaseView) -> Component | None:
    """Return who was told of it on which way, and what became of that."""
    t = view.reading.t
    if view.deliveries is None:
        return None
    if not view.deliveries:
        words = t("Nobody has been told yet, other than on these pages.")
        return desk.section(t("Who was told"), html.P(words, className="mp-mute"))
    items = [_delivery(one, view) for one in view.deliveries]
    return desk.section(t("Who was told"), html.Ol(items, className="mp-x-told"))


def _delivery(one: Delivered, view: CaseView) -> Component:
    t = view.reading.t
    state = t(DELIVERY.get(one.state, one.state))
    css = "mp-x-told-one mp-x-failed" if one.state in _FAILED else "mp-x-told-one"
    said = [html.Strong(one.recipient or one.way), html.Span(one.way, className="mp-mute")]
    tries = [t("{count} attempts", count=t.number(one.attempts))] if one.attempts > 1 else []
    below = " · ".join([state, *tries, *([one.answer] if one.answer else [])])
    when = [_when(one.at, view)] if one.at else []
    head = html.Div([*said, *when], className="mp-x-entry-head")
    return html.Li([head, html.Span(below, className="mp-x-told-state")], className=css)


def _marks(view: CaseView) -> Component | None:
    """Return whether it was any use to those who got it, and the way to say so."""
    t = view.reading.t
    useful = sum(view.marks.values())
    said = t("useful to {useful}, noise to {noise}", useful=t.number(useful),
             noise=t.number(len(view.marks) - useful))  # fmt: skip
    body: list[Any] = [html.P(said, className="mp-mute")] if view.marks else []
    if view.sender is not None:
        buttons = [
            html.Button(
                t(words), type="submit", name="move", value=f"mark-{value}", className="mp-x-do",
                **{"aria-pressed": "true" if view.marked is told else "false"},
            )
            for value, words, told in (("useful", USEFUL, True), ("noise", NOISE, False))
        ]  # fmt: skip
        body.append(forms.one(view.sender, view.case, [html.Div(buttons, className="mp-x-marks")]))
    if not body:
        return None
    return desk.section(t("Was it any use?"), body)


USEFUL, NOISE = msgid("Useful"), msgid("Noise")


def sheets(view: CaseView) -> tuple[Sheet, ...]:
    """Return whom it hits, and what was done and said, as tables."""
    return _hits_sheet(view), _history_sheet(view)


def _hits_sheet(view: CaseView) -> Sheet:
    t = view.reading.t
    columns = (
        Column(key="kind", heading=t("What")),
        Column(key="order", heading=t("Order")),
        Column(key="name", heading=t("Name")),
        Column(key="party", heading=t("Party")),
        Column(key="before", heading=t("Before"), kind="moment"),
        Column(key="after", heading=t("Now"), kind="moment"),
        Column(key="moved", heading=t("Moved by"), kind="seconds"),
    )
    rows: list[Mapping[str, Value]] = [
        {
            "kind": t(HITS.get(hit.kind, hit.kind)), "order": hit.order,
            "name": hit.name or hit.id, "before": hit.before_at, "after": hit.after_at,
            "party": view.party(hit.party) if hit.party and view.sees_parties else None,
            "moved": hit.moved_s,
        }
        for hit in looks.worst_first(view.case.hits)
    ]  # fmt: skip
    return Sheet(name=t("Whom it hits"), columns=columns, rows=rows)


def _history_sheet(view: CaseView) -> Sheet:
    t: Translator = view.reading.t
    columns = (
        Column(key="at", heading=t("When"), kind="moment"),
        Column(key="who", heading=t("Who")),
        Column(key="what", heading=t("What")),
        Column(key="words", heading=t("Words")),
        Column(key="read", heading=t("Who reads it")),
    )
    moves: list[Mapping[str, Value]] = [
        {"at": one.at, "who": looks.actor(one.actor, view.names, t),
         "what": t(looks.MOVES[one.move]), "words": one.words, "read": None}
        for one in view.transitions
    ]  # fmt: skip
    notes: list[Mapping[str, Value]] = [
        {"at": note.at, "who": note.name, "what": t("Comment"), "words": note.words,
         "read": t("only the factory reads this") if note.party is None
         else _read_by(note.party, view)}
        for note in view.notes
    ]  # fmt: skip
    rows = sorted([*moves, *notes], key=lambda row: str(row["at"]))
    return Sheet(name=t("What was done and said"), columns=columns, rows=rows)
