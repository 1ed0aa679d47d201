"""What an order's page shows, as tables for a spreadsheet. Pure."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from data.domain.events import Event
from data.domain.order_account import StepLine
from data.domain.order_view import MilestoneLine, NeedLine, OperationLine, OrderView
from layouts.components.causes import CAUSES, ROLES
from layouts.components.evidence import TYPES, raw
from layouts.components.order_tables import STATUSES
from layouts.pages.order import Past
from layouts.sheets import Column, Sheet, Value
from layouts.text import Translator
from layouts.theme import LOOKS

Row = Mapping[str, Value]


def sheets(view: OrderView, past: Past, t: Translator) -> Sequence[Sheet]:
    """Return the tables: operations, milestones, steps of the ledger, material, events."""
    steps = past.account.steps if past.account else ()
    return (
        Sheet(
            name=t("Operations"),
            columns=_operation_columns(t),
            rows=[_operation(line, t) for line in view.operations],
        ),
        Sheet(
            name=t("Milestones"),
            columns=_milestone_columns(t),
            rows=[_milestone(line) for line in view.milestones],
        ),
        Sheet(name=t("Steps"), columns=_step_columns(t), rows=[_step(line, t) for line in steps]),
        Sheet(
            name=t("Material"),
            columns=_need_columns(t),
            rows=[_need(line, t) for line in view.needs],
        ),
        Sheet(
            name=t("Events"),
            columns=_event_columns(t),
            rows=[_event(event, t) for event in past.events or ()],
        ),
    )


def _operation_columns(t: Translator) -> tuple[Column, ...]:
    return (
        Column(key="operation", heading=t("operation")),
        Column(key="name", heading=t("operation name")),
        Column(key="status", heading=t("status")),
        Column(key="work_center", heading=t("work center")),
        Column(key="work_unit", heading=t("work unit")),
        Column(key="planned_start", heading=t("planned start"), kind="moment"),
        Column(key="planned_finish", heading=t("planned finish"), kind="moment"),
        Column(key="started", heading=t("started"), kind="moment"),
        Column(key="finished", heading=t("finished"), kind="moment"),
        Column(key="p50", heading=t("forecast P50"), kind="moment"),
        Column(key="p80", heading=t("forecast P80"), kind="moment"),
        Column(key="drift", heading=t("drift"), kind="seconds"),
        Column(key="good", heading=t("good"), kind="number"),
        Column(key="scrap", heading=t("scrap"), kind="number"),
        Column(key="rework", heading=t("rework"), kind="number"),
        Column(key="inspected", heading=t("inspected"), kind="number"),
        Column(key="passed", heading=t("passed"), kind="number"),
    )


def _operation(line: OperationLine, t: Translator) -> Row:
    plan, finish = line.plan, line.forecast.finish if line.forecast else None
    return {
        "operation": plan.id,
        "name": plan.name,
        "status": t(STATUSES[line.status]),
        "work_center": plan.work_center,
        "work_unit": line.work_unit,
        "planned_start": plan.planned_start,
        "planned_finish": plan.planned_finish,
        "started": line.started_at,
        "finished": line.finished_at,
        "p50": finish.p50_at if finish else None,
        "p80": finish.p80_at if finish else None,
        "drift": _seconds(line.drift),
        "good": line.good,
        "scrap": line.scrap,
        "rework": line.rework,
        "inspected": line.inspected,
        "passed": line.passed,
    }


def _milestone_columns(t: Translator) -> tuple[Column, ...]:
    return (
        Column(key="name", heading=t("milestone")),
        Column(key="operation", heading=t("operation")),
        Column(key="baseline", heading=t("baseline"), kind="moment"),
        Column(key="committed", heading=t("committed"), kind="moment"),
        Column(key="planned", heading=t("planned now"), kind="moment"),
        Column(key="p50", heading=t("forecast P50"), kind="moment"),
        Column(key="p80", heading=t("forecast P80"), kind="moment"),
        Column(key="reached", heading=t("reached"), kind="moment"),
    )


def _milestone(line: MilestoneLine) -> Row:
    milestone, forecast = line.milestone, line.forecast
    return {
        "name": milestone.name or milestone.id,
        "operation": milestone.operation,
        "baseline": milestone.baseline_at,
        "committed": milestone.committed_at,
        "planned": line.planned_at,
        "p50": forecast.p50_at if forecast else None,
        "p80": forecast.p80_at if forecast else None,
        "reached": line.reached_at,
    }


def _step_columns(t: Translator) -> tuple[Column, ...]:
    return (
        Column(key="number", heading=t("step number"), kind="number"),
        Column(key="cause", heading=t("cause")),
        Column(key="role", heading=t("answers for it")),
        Column(key="party", heading=t("party")),
        Column(key="operation", heading=t("operation")),
        Column(key="work_center", heading=t("work center")),
        Column(key="work_unit", heading=t("work unit")),
        Column(key="about", heading=t("about")),
        Column(key="start", heading=t("from"), kind="moment"),
        Column(key="end", heading=t("to"), kind="moment"),
        Column(key="took", heading=t("took"), kind="seconds"),
        Column(key="planned", heading=t("plan"), kind="seconds"),
        Column(key="adds", heading=t("adds"), kind="seconds"),
    )


def _step(line: StepLine, t: Translator) -> Row:
    step = line.step
    return {
        "number": line.number,
        "cause": t(CAUSES[step.cause]),
        "role": t(ROLES[step.owner.role]),
        "party": step.owner.party,
        "operation": step.operation,
        "work_center": step.work_center,
        "work_unit": step.work_unit,
        "about": step.about,
        "start": step.start,
        "end": step.end,
        "took": line.actual_s,
        "planned": line.planned_s,
        "adds": line.late_s,
    }


def _need_columns(t: Translator) -> tuple[Column, ...]:
    return (
        Column(key="part", heading=t("part")),
        Column(key="name", heading=t("name")),
        Column(key="operation", heading=t("operation")),
        Column(key="supplier", heading=t("supplier")),
        Column(key="standing", heading=t("standing")),
        Column(key="quantity", heading=t("quantity"), kind="number"),
        Column(key="need_by", heading=t("needed by, planned"), kind="moment"),
        Column(key="forecast", heading=t("needed by, forecast"), kind="moment"),
        Column(key="drift", heading=t("drift"), kind="seconds"),
        Column(key="promised", heading=t("promised"), kind="moment"),
        Column(key="shipped", heading=t("shipped"), kind="number"),
        Column(key="received", heading=t("received"), kind="number"),
    )


def _need(line: NeedLine, t: Translator) -> Row:
    need = line.need
    return {
        "part": need.part,
        "name": need.name,
        "operation": need.operation,
        "supplier": need.supplier,
        "standing": t(LOOKS[line.standing].word),
        "quantity": need.quantity,
        "need_by": need.need_by,
        "forecast": line.forecast.need_by if line.forecast else None,
        "drift": _seconds(line.drift),
        "promised": line.promised_at,
        "shipped": line.shipped,
        "received": line.received,
    }


def _event_columns(t: Translator) -> tuple[Column, ...]:
    return (
        Column(key="time", heading=t("happened"), kind="moment"),
        Column(key="recorded", heading=t("recorded"), kind="moment"),
        Column(key="type", heading=t("event")),
        Column(key="subject", heading=t("about")),
        Column(key="source", heading=t("source")),
        Column(key="id", heading=t("event id")),
        Column(key="raw", heading=t("as recorded")),
    )


def _event(event: Event, t: Translator) -> Row:
    return {
        "time": event.time,
        "recorded": event.recorded_at,
        "type": t(TYPES[event.type]),
        "subject": event.subject,
        "source": event.source,
        "id": event.id,
        "raw": raw(event),
    }


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()
