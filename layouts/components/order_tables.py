"""The tables of an order's page: milestones, operations, material. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from dash import html
from dash.development.base_component import Component

from data.domain.events import OperationStatus
from data.domain.order_view import MilestoneLine, NeedLine, OperationLine, OrderView
from data.domain.view import Standing
from layouts.components.desk import TableColumn, TableRow, standing, table
from layouts.components.parts import shape
from layouts.components.reading import Reading, brief
from layouts.text import NONE, Translator, msgid
from layouts.theme import LOOKS

STATUSES = {
    OperationStatus.PLANNED: msgid("not begun"),
    OperationStatus.RUNNING: msgid("running"),
    OperationStatus.PAUSED: msgid("paused"),
    OperationStatus.COMPLETED: msgid("done"),
}
_STANDINGS = {
    OperationStatus.PLANNED: Standing.IDLE,
    OperationStatus.RUNNING: Standing.ON_TRACK,
    OperationStatus.PAUSED: Standing.STOPPED,
    OperationStatus.COMPLETED: Standing.DONE,
}
_WORTH_SAYING = timedelta(minutes=1)


def milestones_table(view: OrderView, reading: Reading) -> Component:
    """Return every milestone with its four dates."""
    t = reading.t
    columns = (
        TableColumn(key="name", heading=t("milestone")),
        TableColumn(key="standing", heading=t("standing")),
        TableColumn(key="baseline", heading=t("baseline")),
        TableColumn(key="committed", heading=t("committed")),
        TableColumn(key="planned", heading=t("planned now")),
        TableColumn(key="p50", heading=t("forecast P50")),
        TableColumn(key="p80", heading=t("forecast P80")),
        TableColumn(key="reached", heading=t("reached")),
    )
    rows = [_milestone(line, reading) for line in view.milestones]
    return table(columns, rows, t("Milestones"))


def _milestone(line: MilestoneLine, reading: Reading) -> TableRow:
    forecast, milestone = line.forecast, line.milestone
    over = line.reached_at is not None and line.reached_at > line.promised_at
    words = reading.t("reached late") if over else None
    value = Standing.LATE if over else line.standing
    shown = standing(value, reading.t, words) if _is_known(line) else NONE
    return TableRow(
        key=milestone.id,
        cells={
            "name": milestone.name or milestone.id,
            "standing": shown,
            "baseline": reading.moment(milestone.baseline_at),
            "committed": reading.moment(milestone.committed_at),
            "planned": reading.moment(line.planned_at),
            "p50": reading.moment(forecast.p50_at if forecast else None),
            "p80": reading.moment(forecast.p80_at if forecast else None),
            "reached": reading.moment(line.reached_at),
        },
    )


def _is_known(line: MilestoneLine) -> bool:
    return line.standing is not Standing.UNKNOWN


def operations_table(view: OrderView, reading: Reading) -> Component:
    """Return every operation: status, place, plan, fact, forecast, pieces."""
    t = reading.t
    columns = (
        TableColumn(key="operation", heading=t("operation")),
        TableColumn(key="status", heading=t("status")),
        TableColumn(key="place", heading=t("place")),
        TableColumn(key="planned", heading=t("planned")),
        TableColumn(key="actual", heading=t("actual")),
        TableColumn(key="forecast", heading=t("forecast P50–P80")),
        TableColumn(key="drift", heading=t("drift"), css="mp-num"),
        TableColumn(key="pieces", heading=t("good / scrap / rework"), css="mp-num"),
        TableColumn(key="passed", heading=t("passed / inspected"), css="mp-num"),
    )
    rows = [_operation(line, reading) for line in view.operations]
    return table(columns, rows, t("Operations"), opens="drift")


def _operation(line: OperationLine, reading: Reading) -> TableRow:
    t, plan = reading.t, line.plan
    place = [part for part in (line.work_unit, plan.work_center, plan.performed_by) if part]
    pieces = " / ".join(t.number(n) for n in (line.good, line.scrap, line.rework))
    checked = f"{t.number(line.passed)} / {t.number(line.inspected)}" if line.inspected else NONE
    late = line.drift is not None and line.drift > _WORTH_SAYING
    mark = [shape()] if late else []
    tone = f"mp-drift {LOOKS[Standing.LATE].css}" if late else "mp-drift"
    drift = html.Span([*mark, brief(line.drift, t)], className=tone)
    return TableRow(
        key=plan.id,
        href=reading.address.href(operation=plan.id, cause=None, step=None),
        cells={
            "operation": _named(line, t),
            "status": standing(_STANDINGS[line.status], t, t(STATUSES[line.status])),
            "place": html.Span(" · ".join(dict.fromkeys(place))),
            "planned": _pair(reading, plan.planned_start, plan.planned_finish),
            "actual": _pair(reading, line.started_at, line.finished_at),
            "forecast": _expected(line, reading),
            "drift": drift,
            "pieces": pieces if line.started_at else NONE,
            "passed": checked,
        },
    )


def _named(line: OperationLine, t: Translator) -> Component:
    words: list[Component | str] = [html.Strong(line.plan.id), f" {line.plan.name}".rstrip()]
    if line.critical:
        chain = t("on the critical chain")
        words.append(html.Span(className="mp-og-critical", title=chain, role="img",
                               **{"aria-label": chain}))  # fmt: skip
    return html.Span(words)


def _pair(reading: Reading, first: datetime | None, second: datetime | None) -> Component:
    return html.Span([reading.moment(first), reading.moment(second)], className="mp-duo")


def _expected(line: OperationLine, reading: Reading) -> Component:
    if line.forecast is None:
        return html.Span(NONE, className="mp-quiet")
    finish = line.forecast.finish
    return _pair(reading, finish.p50_at, finish.p80_at)


def needs_table(view: OrderView, names: Mapping[str, str], reading: Reading) -> Component:
    """Return every material need: what, by when, promised, shipped, received."""
    t = reading.t
    columns = (
        TableColumn(key="part", heading=t("part")),
        TableColumn(key="supplier", heading=t("supplier")),
        TableColumn(key="standing", heading=t("standing")),
        TableColumn(key="quantity", heading=t("quantity"), css="mp-num"),
        TableColumn(key="need_by", heading=t("needed by, planned")),
        TableColumn(key="forecast", heading=t("needed by, forecast")),
        TableColumn(key="promised", heading=t("promised")),
        TableColumn(key="shipped", heading=t("shipped"), css="mp-num"),
        TableColumn(key="received", heading=t("received"), css="mp-num"),
    )
    rows = [_need(line, names, reading) for line in view.needs]
    return table(columns, rows, t("Material"))


def _need(line: NeedLine, names: Mapping[str, str], reading: Reading) -> TableRow:
    need, t = line.need, reading.t
    expected: Component | str = NONE
    if line.forecast is not None:
        drift = html.Span(brief(line.drift, t), className="mp-quiet")
        expected = html.Span([reading.moment(line.forecast.need_by), drift], className="mp-duo")
    advice = f" {line.dispatch_advice}" if line.dispatch_advice else ""
    return TableRow(
        key=need.id,
        cells={
            "part": html.Span([html.Strong(need.part), f" {need.name}".rstrip()]),
            "supplier": names.get(need.supplier, need.supplier),
            "standing": standing(line.standing, t),
            "quantity": t.number(need.quantity),
            "need_by": reading.moment(need.need_by),
            "forecast": expected,
            "promised": reading.moment(line.promised_at),
            "shipped": t.number(line.shipped) + advice,
            "received": t.number(line.received),
        },
    )
