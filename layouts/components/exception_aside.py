"""What stands beside an exception: whose it is, the ways to its evidence, who was told. Pure."""

from collections.abc import Callable, Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from data.domain.exceptions.rules import Condition
from data.domain.quarantine import QuarantineKind
from data.domain.scope import Role
from layouts.components import desk
from layouts.components import exception_forms as forms
from layouts.components import exception_looks as looks
from layouts.components.exception_view import CaseView, Delivered, moment, when
from layouts.components.exception_words import condition, lasts, title
from layouts.components.links import link
from layouts.text import msgid
from layouts.urls import segment

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
# Conditions that the quarantine tells of, and which of its kinds; None: all.
_ASIDE = {Condition.QUARANTINE: None, Condition.LOG_GAP: QuarantineKind.GAP.value}
_FAILED = frozenset({"failed", "given_up"})
USEFUL, NOISE = msgid("Useful"), msgid("Noise")

Href = Callable[..., str]


def about(view: CaseView, href: Href) -> Component:
    """Return who has it, whose it is, when the next level is told, by which rule it came up."""
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
        (t("Since"), [moment(case.since, view), f" · {lasts(case, view.reading.now, t)}"]),
        (t("Rule"), view.rule or condition(case.kind, t)),
    ]
    if case.cause_found:
        found = forms.FOUND.get(case.cause_found)
        pairs.append((t("What it came from"), t(found) if found else case.cause_found))
    told = [t(looks.ROLES.get(role, role)) for role in _informed(case.informs)]
    if told:
        pairs.append((t("Who else may know"), ", ".join(told)))
    if view.parent is not None:
        there = link(
            title(view.parent, t), href(f"/exceptions/{view.parent.number}"), "mp-row-link"
        )
        pairs.append((t("Part of"), there))
    body = html.Dl([html.Div([html.Dt(name), html.Dd(value)]) for name, value in pairs])
    return desk.section(t("About it"), body, css="mp-x-about")


def _until(view: CaseView) -> str:
    shelf = view.case.shelved_until
    return view.words.at(shelf) if shelf else ""


def _informed(roles: Sequence[Role]) -> list[Role]:
    return [role for role in looks.ROLES if role in roles]


def evidence(view: CaseView, href: Href) -> Component | None:
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
    if case.kind in _ASIDE:
        there = href("/quarantine", site=case.site, kind=_ASIDE[Condition(case.kind)])
        links.append(link(t("The whole quarantine"), there, "mp-x-way"))
    same = t("Others of this rule")
    links.append(link(same, href("/exceptions", rule=case.rule), "mp-x-way"))
    return desk.section(t("What stands behind it"), html.Ul([html.Li(one) for one in links]))


def told(view: CaseView) -> Component | None:
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
    last = [when(one.at, view)] if one.at else []
    head = html.Div([*said, *last], className="mp-x-entry-head")
    return html.Li([head, html.Span(below, className="mp-x-told-state")], className=css)


def marks(view: CaseView) -> Component | None:
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
