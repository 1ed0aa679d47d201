"""One order: how it stands, its picture against time, why it is late, and what proves it.

Pure. What the account couldn't be made from is said in its place; the rest still shows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from dash import html
from dash.development.base_component import Component
from msgspec import Struct

from data.domain.events import Event
from data.domain.order_account import Account, StepLine, other_order
from data.domain.order_view import OrderView
from data.domain.plan import Order
from data.domain.plan_moves import Move, moves
from data.domain.site import Site
from data.domain.view import Standing
from layouts.components import desk
from layouts.components.causes import CAUSES, MEANINGS, owner_words
from layouts.components.evidence import evidence
from layouts.components.links import link
from layouts.components.order_gantt import order_gantt
from layouts.components.order_tables import milestones_table, needs_table, operations_table
from layouts.components.order_talks import Talks, talks_section
from layouts.components.reading import Reading, brief, lasting, signed
from layouts.components.waterfall import (
    Shown,
    about_words,
    cause_bars,
    place_bars,
    sum_line,
    waterfall,
)
from layouts.text import Translator, msgid

ROOT = "order"  # id of its element
TITLE = msgid("Order")
WORST_SHOWN = 3  # causes named at the head
NO_TALKS = Talks()
Fields = Sequence[tuple[str, object]]


class Version(Protocol):
    """One plan of the order, of those that there were."""

    @property
    def number(self) -> int:
        """From 1 on."""

    @property
    def at(self) -> datetime:
        """Since when it held."""

    @property
    def source(self) -> str:
        """Who sent it."""

    @property
    def order(self) -> Order:
        """The plan."""


class Past(Struct, frozen=True, kw_only=True):
    """What the history says of an order; None for what it couldn't be asked.

    `events` prove the open step, `proofs` says how many there are in all. `versions`: every
    plan, oldest first; `against`: the one that today's is drawn against. `archived`: its events
    are in files, so there is no account.
    """

    account: Account | None = None
    archived: bool = False
    events: tuple[Event, ...] | None = None
    proofs: int = 0
    versions: tuple[Version, ...] = ()
    against: Version | None = None


def layout(
    view: OrderView, past: Past, shown: Shown, site: Site, reading: Reading, talks: Talks = NO_TALKS
) -> Component:
    """Return the page below the shell's header."""
    parts = [
        _head(view, past, site, reading),
        _figures(view, reading),
        _why(past.account, shown, reading),
        _picture(view, past, reading),
        _ledger(view, past, shown, reading),
        _milestones(view, reading),
        _operations(view, reading),
        _material(view, site, reading),
        talks_section(view, talks, reading),
    ]
    late = past.account is not None and past.account.lateness_s > 0
    css = "mp-order mp-order-late" if late else "mp-order"
    return html.Div([part for part in parts if part is not None], className=css)


def _head(view: OrderView, past: Past, site: Site, reading: Reading) -> Component:
    order, t = view.order, reading.t
    area = next((a.name or a.id for a in site.areas if a.id == view.area), view.area)
    facts = [order.product, t("{count} pieces", count=t.number(order.quantity))]
    facts += [_party(order.customer, site)] if order.customer else []
    words: list[Component | str] = [" · ".join(facts)]
    if view.area is not None:
        line = reading.address.href("/orders", area=view.area)
        words += [" · ", link(str(area), line)]
    if order.cancelled:
        words += [" · ", html.Strong(t("cancelled"))]
    back = link(t("Orders"), reading.address.href("/orders"), "mp-order-up")
    title = html.H1([order.id, desk.standing(view.standing, t)])
    return html.Div(
        [back, title, html.P([*words, *_again(past, reading)])], className="mp-order-head"
    )


def _again(past: Past, reading: Reading) -> list[Component | str]:
    """Say how often it was rescheduled, with the way to the plans."""
    count = len(past.versions) - 1
    if count < 1:
        return []
    t = reading.t
    words = t("rescheduled once") if count == 1 else t("rescheduled {count} times", count=count)
    return [" · ", html.A(words, href="#plans")]


def _party(party: str, site: Site) -> str:
    return next((p.name for p in site.parties if p.id == party), party)


def _figures(view: OrderView, reading: Reading) -> Component:
    t, order = reading.t, view.order
    at = next((line for line in view.operations if line.finished_at is None), None)
    stands = t("{operation} at {place}", operation=at.plan.name or at.plan.id,
               place=at.work_unit or at.plan.work_center) if at else ""  # fmt: skip
    progress = t("{done} of {all}", done=view.done, all=len(view.operations))
    return desk.stats(
        desk.stat(t("Promised"), reading.moment(order.due_at)),
        _end(view, reading),
        _lateness(view, reading),
        desk.stat(t("Operations done"), progress, stands or None),
    )


def _end(view: OrderView, reading: Reading) -> Component:
    t, forecast = reading.t, view.forecast
    if view.completed_at is not None:
        return desk.stat(t("Completed"), reading.moment(view.completed_at))
    if forecast is None:
        note = t("Projected: the plan moved by the delay it has. There is no forecast yet.")
        return desk.stat(t("Expected"), reading.moment(view.projected_at), note)
    finish = forecast.finish
    note = t("P80 {p80}, P95 {p95}", p80=reading.said(finish.p80_at),
             p95=reading.said(finish.p95_at))  # fmt: skip
    trust = t("calibrated on closed orders") if forecast.calibrated else t("not yet calibrated")
    age = t.duration(max(0.0, (view.now - forecast.made_at).total_seconds()))
    how = html.Details(
        [html.Summary(note), html.Span(t("made {age} ago, {trust}", age=age, trust=trust))],
        className="mp-how-so",
    )
    return desk.stat(t("Forecast, P50"), reading.moment(finish.p50_at), how)


def _lateness(view: OrderView, reading: Reading) -> Component:
    t, lateness = reading.t, view.lateness
    if lateness is None or view.ends_at is None:
        return desk.stat(t("Lateness"), "–", t("Its plan has no operations to forecast."))
    seconds = lateness.total_seconds()
    late = seconds > 0
    words = t("{duration} late", duration=t.duration(seconds)) if late else _early(seconds, reading)
    how = html.Details(
        [html.Summary(t("how so?")),
         html.Span(f"{reading.said(view.ends_at)} − {reading.said(view.order.due_at)} = "
                   f"{signed(seconds, t) or lasting(0, t)}")],
        className="mp-how-so",
    )  # fmt: skip
    return desk.stat(t("Lateness"), words, how, Standing.LATE if late else None)


def _early(seconds: float, reading: Reading) -> str:
    t = reading.t
    return t("{duration} early", duration=t.duration(-seconds)) if seconds <= -60 else t("on time")


def _why(account: Account | None, shown: Shown, reading: Reading) -> Component | None:
    """Say the worst causes in one line, each a link to its steps."""
    if account is None or account.lateness_s <= 0:
        return None
    t = reading.t
    worst = [line for line in account.causes if line.late_s > 0][:WORST_SHOWN]
    if not worst:
        return None
    links: list[Component | str] = [" "]
    for line in worst:
        words = f"{t(CAUSES[line.cause])} {signed(line.late_s, t)}"
        links += [link(words, reading.address.href(cause=line.cause, step=None)), ", "]
    return html.P([html.Strong(t("Why:")), *links[:-1]], className="mp-order-why")


def _picture(view: OrderView, past: Past, reading: Reading) -> Component:
    t = reading.t
    if not view.operations:
        words = t("The plan of this order has no operations; it can't be followed or forecast.")
        return desk.section(t("Against time"), desk.empty(t("Nothing to draw"), words))
    body = [order_gantt(view, reading, compared=past.against is not None)]
    if not view.begun:
        body.insert(
            0, html.P(t("Nothing has been reported of this order yet."), className="mp-quiet")
        )
    body += [_changes(view, past, reading)] if past.against is not None else []
    return desk.section(t("Against time"), body, _plans(past, reading), id="plans")


def _plans(past: Past, reading: Reading) -> Component | None:
    """Return the plans to compare with, where there was more than one."""
    if len(past.versions) < 2:
        return None
    t, chosen = reading.t, past.against.number if past.against else None
    chips = [
        desk.Chip(
            words=t("plan {number}, {when}", number=v.number, when=reading.said(v.at)),
            href=reading.address.href(plan=None if v.number == chosen else str(v.number)),
            chosen=v.number == chosen,
        )
        for v in past.versions[:-1]
    ]
    return desk.chips(chips, t("Compare today's plan with"))


def _changes(view: OrderView, past: Past, reading: Reading) -> Component:
    """Say what today's plan has otherwise than the one it is compared with."""
    t, against = reading.t, past.against
    if against is None:
        return html.Div()
    moved = moves(against.order, view.order)
    items = [
        html.Li(f"{_moved_words(move, t)}: {reading.said(move.before)} → {reading.said(move.after)}"
                f" ({brief(move.by, t)})")
        for move in moved
    ]  # fmt: skip
    summary = t("Plan {number} by {source}: {count} dates moved since", number=against.number,
                source=against.source, count=len(moved))  # fmt: skip
    return html.Details([html.Summary(summary), html.Ul(items)], className="mp-order-changes")


def _moved_words(move: Move, t: Translator) -> str:
    words = {
        "due": t("due date"),
        "start": t("start of {operation}", operation=move.name),
        "finish": t("finish of {operation}", operation=move.name),
        "milestone": t("promise of {milestone}", milestone=move.name),
        "need": t("need of {part}", part=move.name),
    }
    return words[move.what]


def _ledger(view: OrderView, past: Past, shown: Shown, reading: Reading) -> Component:
    t, account = reading.t, past.account
    title = (
        t("Why: from promised to actual")
        if view.completed_at
        else t("Why: from promised to expected")
    )
    if past.archived:
        words = t(
            "The events of this order are archived. Whoever runs Milepost can bring them back."
        )
        return desk.section(title, desk.empty(t("No account now"), words))
    if account is None:
        words = t("The history can't be reached, so nobody can say why. All else here is live.")
        again = reading.address.href()
        return desk.section(title, desk.empty(t("No account now"), words, again, t("Try again")))
    if not account.steps:
        return desk.section(title, desk.empty(t("Nothing to account for yet")))

    def opened(line: StepLine) -> Component:
        return _step(line, view, past, reading)

    names = {line.plan.id: line.plan.name for line in view.operations}
    sums = [cause_bars(account, shown, reading), place_bars(account, names, shown, reading)]
    body = [
        html.Div([sum_line(account, reading), html.Div(sums, className="mp-wf-sums")]),
        html.Div([*_filters(shown, reading), waterfall(account, shown, reading, opened)]),
    ]
    return desk.section(title, body, css="mp-ledger", id="ledger")


def _filters(shown: Shown, reading: Reading) -> list[Component]:
    t, href = reading.t, reading.address.href
    found = []
    if shown.cause is not None:
        found.append(desk.removable(t(CAUSES[shown.cause]), href(cause=None), t))
    if shown.operation is not None:
        found.append(desk.removable(shown.operation, href(operation=None), t))
    return [html.Div(found, className="mp-filters")] if found else []


def _step(line: StepLine, view: OrderView, past: Past, reading: Reading) -> Component:
    """Return what an open step holds: what it means, how it is reckoned, what proves it."""
    t, step = reading.t, line.step
    fields: Fields = (
        (t("answers for it"), owner_words(step.owner, t, reading.parties)),
        (t("from"), reading.second(step.start)),
        (t("to"), reading.second(step.end)),
        (t("took − plan = adds"),
         f"{lasting(line.actual_s, t)} − {lasting(line.planned_s, t)} = "
         f"{signed(line.late_s, t) or lasting(0, t)}"),
        *_about(line, view, reading),
    )  # fmt: skip
    rows = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in fields]
    if past.events is None:
        proof: Component = html.P(t("The events can't be reached now."), className="mp-quiet")
    else:
        proof = evidence(past.events, view.order.id, past.proofs, reading)
    meaning = html.P(t(MEANINGS[step.cause]))
    return html.Div([meaning, html.Dl(rows), proof], className="mp-step", id="evidence")


def _about(line: StepLine, view: OrderView, reading: Reading) -> Fields:
    """Say what a step is about: another order's work, a part, a reason."""
    t, about = reading.t, line.step.about
    if about is None:
        return ()
    other = other_order(view.order.id, about)
    if other is not None:
        return ((t("held by"), link(about_words(line, reading), reading.order(other))),)
    need = next((n.need for n in view.needs if n.need.id == about), None)
    if need is not None:
        return ((t("part"), f"{need.part} {need.name}".strip()), (t("supplier"), need.supplier))
    return ((t("told as"), about_words(line, reading)),)


def _milestones(view: OrderView, reading: Reading) -> Component | None:
    if not view.milestones:
        return None
    agree = reading.address.href("/dates", order=view.order.id, at=None)
    aside = link(reading.t("Agree with customer and carrier"), agree)
    table = milestones_table(view, reading)
    return desk.section(reading.t("Milestones"), table, aside, id="milestones")


def _operations(view: OrderView, reading: Reading) -> Component | None:
    if not view.operations:
        return None
    return desk.section(reading.t("Operations"), operations_table(view, reading), id="operations")


def _material(view: OrderView, site: Site, reading: Reading) -> Component:
    t = reading.t
    names: Mapping[str, str] = {party.id: party.name for party in site.parties}
    if not view.needs:
        none = html.P(t("This order needs no material from suppliers."), className="mp-quiet")
        return desk.section(t("Material"), none, id="material")
    return desk.section(t("Material"), needs_table(view, names, reading), id="material")
