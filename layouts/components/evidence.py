"""The events that prove a step: what happened, when it was known, who said so. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from dash import html
from dash.development.base_component import Component

from data.domain.events import Event, EventType, WorkUnitState
from data.domain.order_account import other_order
from layouts.components.desk import TableColumn, TableRow, table
from layouts.components.links import link
from layouts.components.reading import Reading, lasting
from layouts.text import Translator, msgid

MOST_EVENTS = 200

TYPES = {
    EventType.OPERATION_STARTED: msgid("operation started"),
    EventType.OPERATION_PROGRESSED: msgid("operation progressed"),
    EventType.OPERATION_PAUSED: msgid("operation paused"),
    EventType.OPERATION_RESUMED: msgid("operation resumed"),
    EventType.OPERATION_COMPLETED: msgid("operation completed"),
    EventType.OPERATION_REOPENED: msgid("operation reopened"),
    EventType.WORK_UNIT_STATE_CHANGED: msgid("work unit changed state"),
    EventType.MATERIAL_PROMISED: msgid("material promised"),
    EventType.MATERIAL_SHIPPED: msgid("material shipped"),
    EventType.MATERIAL_RECEIVED: msgid("material received"),
    EventType.QUALITY_INSPECTED: msgid("quality inspected"),
    EventType.EVENT_VOIDED: msgid("event voided"),
    EventType.PLAN_CHANGED: msgid("plan changed"),
}
STATES = {
    WorkUnitState.PROCESSING: msgid("running"),
    WorkUnitState.SETUP: msgid("setup"),
    WorkUnitState.DOWN: msgid("down"),
    WorkUnitState.REPAIR: msgid("repair"),
    WorkUnitState.MAINTENANCE: msgid("maintenance"),
    WorkUnitState.TOOL_CHANGE: msgid("tool change"),
    WorkUnitState.STARVED: msgid("starved"),
    WorkUnitState.BLOCKED: msgid("blocked"),
    WorkUnitState.WAITING_FOR_TRANSPORT: msgid("waits for transport"),
    WorkUnitState.OFF_SHIFT: msgid("off shift"),
    WorkUnitState.UNKNOWN: msgid("no signal"),
}
_QUANTITIES = {
    "good": msgid("good"),
    "scrap": msgid("scrap"),
    "rework": msgid("rework"),
    "inspected": msgid("inspected"),
    "passed": msgid("passed"),
    "quantity": msgid("quantity"),
}


def evidence(events: Sequence[Event], order: str, total: int, reading: Reading) -> Component:
    """Return the events as a table, earliest first; `total`: how many there are in all."""
    t = reading.t
    if not events:
        return html.P(
            t("No event proves this step: it is what was left, or what the calendar says."),
            className="mp-quiet",
        )
    rows = [_row(event, order, reading) for event in events]
    parts = [table(_columns(t), rows, t("Events that prove the step"))]
    if total > len(events):
        words = t("The first {shown} of {total} events; the export holds them all.",
                  shown=t.number(len(events)), total=t.number(total))  # fmt: skip
        parts.append(html.P(words, className="mp-quiet"))
    return html.Div(parts, className="mp-evidence")


def said_by(event: Event, reading: Reading) -> str:
    """Say in a few words what an event says."""
    data, t = event.data, reading.t
    said = [t(STATES[data.state])] if data.state is not None else []
    said += [data.reason] if data.reason else []
    said += [
        f"{t(word)} {t.number(getattr(data, name))}"
        for name, word in _QUANTITIES.items()
        if getattr(data, name)
    ]
    said += [t("for {when}", when=reading.said(data.promised_at))] if data.promised_at else []
    said += [data.dispatch_advice] if data.dispatch_advice else []
    said += [data.work_unit] if data.work_unit else []
    said += [data.operation] if data.operation else []
    return ", ".join(said)


def raw(event: Event) -> str:
    """Return an event as the log has it."""
    return msgspec.json.format(msgspec.json.encode(event), indent=2).decode()


def _columns(t: Translator) -> tuple[TableColumn, ...]:
    return (
        TableColumn(key="time", heading=t("happened")),
        TableColumn(key="recorded", heading=t("recorded")),
        TableColumn(key="type", heading=t("event")),
        TableColumn(key="subject", heading=t("about")),
        TableColumn(key="says", heading=t("says")),
        TableColumn(key="source", heading=t("source")),
        TableColumn(key="raw", heading=t("as recorded")),
    )


def _row(event: Event, order: str, reading: Reading) -> TableRow:
    t = reading.t
    after_s = (event.recorded_at - event.time).total_seconds()
    cells: Mapping[str, Any] = {
        "time": html.Time(reading.second(event.time), dateTime=event.time.isoformat()),
        "recorded": t("{duration} later", duration=lasting(after_s, t)) if after_s >= 1
        else t("at once"),
        "type": t(TYPES[event.type]),
        "subject": _subject(event.subject, order, reading),
        "says": said_by(event, reading),
        "source": event.source,
        "raw": html.Details([html.Summary(event.id), html.Pre(raw(event))], className="mp-raw"),
    }  # fmt: skip
    return TableRow(key=f"{event.source} {event.id}", cells=cells)


def _subject(subject: str, order: str, reading: Reading) -> Component:
    other = other_order(order, subject)
    if other is None:
        return html.Span(subject)
    return link(subject, reading.order(other), "mp-row-link")
