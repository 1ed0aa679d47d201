"""One exception: what it is, whom it hits, what was done about it and what can be done. Pure.

`callbacks.desk.exception` finds what it shows. All of it is one still part, so that what is being
typed stays when it is drawn anew.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component

from data.domain.exceptions.lifecycle import may
from data.domain.exceptions.records import Hit, Move, Note, State, Transition
from layouts import ids
from layouts.components import desk
from layouts.components import exception_forms as forms
from layouts.components import exception_looks as looks
from layouts.components.exception_aside import about, evidence, marks, told
from layouts.components.exception_proof import proof
from layouts.components.exception_view import HITS, CaseView, moment, read_by, when
from layouts.components.exception_words import facts, lasts, title, where
from layouts.components.links import link
from layouts.components.still import SAYS, still
from layouts.pages.exceptions import keys, path_of
from layouts.text import NONE, msgid

TITLE = msgid("Exception")
MOST_HITS = 60
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


def layout(view: CaseView, href: Href) -> Component:
    """Return the page."""
    t = view.reading.t
    main = [_ripple(view), _inside(view, href), proof(view), _talk(view)]
    aside = [about(view, href), evidence(view, href), told(view), marks(view)]
    tree = html.Div(
        [
            _head(view, href),
            html.P(className="mp-x-said", role="status", **SAYS),
            _path(view),
            *([_actions(view, view.sender)] if view.sender else []),
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


def _actions(view: CaseView, sender: forms.Sender) -> Component:
    """Return what can be done now, the first thing first."""
    case, t = view.case, view.reading.t
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
            "before": moment(hit.before_at, view),
            "after": moment(hit.after_at, view),
            "moved": html.Span(looks.moved(hit, t), className=f"mp-x-moved{late}"),
        },
    )


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
    said = [_say(view, view.sender)] if view.sender else []
    return desk.section(t("What was done and said"), [*said, items])


def _say(view: CaseView, sender: forms.Sender) -> Component:
    t, case = view.reading.t, view.case
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
    return forms.one(sender, case, [field, html.Div([who, send], className="mp-x-send")],
                     "mp-x-saying")  # fmt: skip


def _note(note: Note, view: CaseView) -> Component:
    t = view.reading.t
    readers = t("only the factory reads this")
    css = "mp-x-said-one"
    if note.party is not None:
        readers = read_by(note.party, view)
        css += " mp-x-outside"
    head = [html.Strong(note.name), html.Span(readers, className="mp-x-read"), when(note.at, view)]
    return html.Li(
        [html.Div(head, className="mp-x-entry-head"), html.Blockquote(note.words)],
        id=f"note-{note.number}", className=css,
    )  # fmt: skip


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
    head = html.Div([html.Span(parts), when(one.at, view)], className="mp-x-entry-head")
    return html.Li([head, *said], id=f"move-{one.version}", className="mp-x-moved-one")
