"""What an exception was raised from: recorded events, and what was put into quarantine. Pure."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from data.domain.events import Event
from data.domain.exceptions.evidence import Evidence
from data.domain.quarantine import Quarantined, QuarantineKind
from data.domain.scope import party_source
from layouts.components import desk
from layouts.components.evidence import TYPES, said_by
from layouts.components.exception_view import CaseView
from layouts.components.links import link
from layouts.text import NONE, Translator, msgid

ASIDE = {
    QuarantineKind.CONFLICT: msgid("came again with other words"),
    QuarantineKind.UNANSWERABLE: msgid("breaks a rule"),
    QuarantineKind.POISON: msgid("can't be read"),
    QuarantineKind.GAP: msgid("gap in the log"),
}
_OF_PARTIES = party_source("")


def proof(view: CaseView) -> Component | None:
    """Return the events that it was raised from; None where none stand behind such a thing."""
    t, found = view.reading.t, view.evidence
    title = t("What it was raised from")
    if found is None:
        words = t("The events can't be reached now.")
        return desk.section(title, html.P(words, className="mp-mute"))
    if not found.looked:
        return None
    if not found.events and not found.aside:
        return desk.section(title, html.P(t("Nothing is recorded of it."), className="mp-mute"))
    rows = [_event(one, place, view) for place, one in enumerate(found.events)]
    rows += [_aside(one, place, view) for place, one in enumerate(found.aside)]
    body: list[Any] = [desk.table(_columns(t), rows, title, named="proof")]
    return desk.section(title, [*body, *_notes(found, view)])


def _notes(found: Evidence, view: CaseView) -> list[Component]:
    t, said = view.reading.t, []
    if found.more:
        count = t.number(max(len(found.events), len(found.aside)))
        said.append(html.P(t("The newest {count}; there are more.", count=count)))
    if found.aside:
        said.append(html.P(link(t("The whole quarantine"), _kept(found, view), "mp-x-way")))
    return said


def _kept(found: Evidence, view: CaseView) -> str:
    """Return the address of the quarantine, of their kind alone where they are of one."""
    kinds = {one.kind for one in found.aside}
    kind = kinds.pop() if len(kinds) == 1 else None
    return view.reading.address.href("/quarantine", site=view.case.site, kind=kind)


def _columns(t: Translator) -> tuple[desk.TableColumn, ...]:
    return (
        desk.TableColumn(key="time", heading=t("happened")),
        desk.TableColumn(key="type", heading=t("event")),
        desk.TableColumn(key="subject", heading=t("about"), css="mp-wide"),
        desk.TableColumn(key="says", heading=t("says")),
        desk.TableColumn(key="source", heading=t("source"), css="mp-wide"),
    )


def _event(event: Event, place: int, view: CaseView) -> desk.TableRow:
    t = view.reading.t
    return desk.TableRow(
        key=f"event-{place}",
        cells={
            "time": html.Time(view.reading.second(event.time), dateTime=event.time.isoformat()),
            "type": t(TYPES[event.type]),
            "subject": _subject(event.subject, view),
            "says": _says(event, view),
            "source": _reporter(event.source, view),
        },
    )


def _reporter(source: str, view: CaseView) -> str:
    """Return who reported it: a party by its name, where it may be named."""
    if not source.startswith(_OF_PARTIES):
        return source or NONE
    if not view.sees_parties:
        return NONE
    return view.party(source.removeprefix(_OF_PARTIES)) or NONE


def _says(event: Event, view: CaseView) -> str:
    """Say what an event says; of a plan by when, and for which operation."""
    t, plan = view.reading.t, event.data.order
    if plan is None:
        return said_by(event, view.reading)
    named = view.case.values.get("operation")
    planned = [one.planned_start for one in plan.operations if one.id == named]
    said = [t("planned for {when}", when=view.words.at(at)) for at in planned]
    return " · ".join([*said, t("promised for {when}", when=view.words.at(plan.due_at))])


def _subject(subject: str, view: CaseView) -> Component:
    kind, *names = subject.split("/")
    if view.sees_orders and names and kind in {"operation", "need", "order"}:
        return link(subject, view.reading.order(names[0]), "mp-row-link")
    return html.Span(subject)


def _aside(one: Quarantined, place: int, view: CaseView) -> desk.TableRow:
    at = html.Time(view.reading.second(one.received_at), dateTime=one.received_at.isoformat())
    return desk.TableRow(
        key=f"aside-{place}",
        cells={
            "time": at,
            "type": view.reading.t(ASIDE[one.kind]),
            "subject": html.Span(one.event_id or NONE),
            "says": one.reason,
            "source": one.source or NONE,
        },
    )
