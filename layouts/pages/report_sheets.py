"""The daily report as tables: what the page shows, what is exported and what is mailed. Pure.

A row's `href` is no column: the page makes a link of it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from data.domain.orders import OrderRow
from data.domain.report import DailyReport, OwnReport
from data.domain.view import NeedRow
from layouts.components.exception_looks import SEVERITIES, STATES
from layouts.components.exception_words import condition, title, where
from layouts.pages.orders import cause_word
from layouts.sheets import Column, Kind, Sheet, Value, sheet
from layouts.text import Translator
from layouts.theme import LOOKS
from layouts.urls import address, segment


def sheets(report: DailyReport, t: Translator) -> tuple[Sheet, ...]:
    """Return output, bottlenecks, exceptions, late orders, risks and material that isn't sure."""
    return (
        _output(report, t),
        _bottlenecks(report, t),
        _exceptions(report, t),
        _late(report, t),
        _risks(report, t),
        _needs(report, t),
    )


def own_sheets(report: OwnReport, t: Translator) -> tuple[Sheet, ...]:
    """Return a party's needs, milestones and exceptions, as far as it has any."""
    material = _own(t("Material"), _NEEDS, t("Part name"), report.needs, t)
    milestones = _own(t("Milestones"), _MILESTONES, t("Milestone"), report.milestones, t)
    found = [one for one in (material, milestones) if one.rows]
    return (*found, _own(t("Exceptions"), _EXCEPTIONS, t("What it concerns"), report.exceptions, t))


def order_href(site: str, order: str) -> str:
    """Return where an order's page is."""
    return address(f"/orders/{segment(order)}", {"site": site})


def _output(report: DailyReport, t: Translator) -> Sheet:
    columns = (
        Column(key="line", heading=t("Line")),
        Column(key="good", heading=t("Good pieces"), kind="number"),
        Column(key="planned", heading=t("Planned"), kind="number"),
        Column(key="share", heading=t("Of plan"), kind="share"),
    )
    rows = (
        {"line": one.name, "good": one.good, "planned": round(one.planned),
         "share": one.good / one.planned if one.planned else None}
        for one in report.lines
    )  # fmt: skip
    return sheet(t("Output against plan"), columns, rows)


def _bottlenecks(report: DailyReport, t: Translator) -> Sheet:
    columns = (
        Column(key="line", heading=t("Line")),
        Column(key="unit", heading=t("Work unit")),
        Column(key="center", heading=t("Work center")),
        Column(key="share", heading=t("Share of the time"), kind="share"),
    )
    names = {one.area: one.name for one in report.lines}
    rows = (
        {"line": names.get(one.area, one.area), "unit": one.work_unit,
         "center": one.work_center, "share": one.share}
        for one in report.bottlenecks
    )  # fmt: skip
    return sheet(t("Bottlenecks"), columns, rows)


def _exceptions(report: DailyReport, t: Translator) -> Sheet:
    columns = (
        Column(key="number", heading=t("Number")),
        Column(key="severity", heading=t("Severity")),
        Column(key="what", heading=t("What")),
        Column(key="where", heading=t("Where")),
        Column(key="raised", heading=t("Raised"), kind="moment"),
        Column(key="acknowledged", heading=t("Acknowledged"), kind="moment"),
        Column(key="closed", heading=t("Closed"), kind="moment"),
        Column(key="owner", heading=t("Who has it")),
        Column(key="cause", heading=t("Cause")),
    )
    names = {one.area: one.name for one in report.lines}
    rows = (
        {
            "number": one.name, "severity": t(SEVERITIES[one.severity]), "what": title(one, t),
            "where": where(one, names), "raised": one.raised_at,
            "acknowledged": _by(one.acknowledged_at, report.as_of),
            "closed": _by(one.closed_at, report.as_of), "owner": one.owner_name,
            "cause": one.cause_found,
            "href": address(f"/exceptions/{one.number}", {"site": report.site}),
        }
        for one in report.exceptions
    )  # fmt: skip
    return sheet(t("Exceptions"), columns, rows)


def _late(report: DailyReport, t: Translator) -> Sheet:
    columns = (*_order_columns(t), Column(key="cause", heading=t("Main cause")))
    rows = (
        {**_order(report.site, one, t), "late": one.late_s if (one.late_s or 0.0) > 0 else None,
         "cause": cause_word(one.top_cause, t)}
        for one in report.late
    )  # fmt: skip
    return sheet(t("Late orders"), columns, rows)


def _risks(report: DailyReport, t: Translator) -> Sheet:
    rows = ({**_order(report.site, one, t), "late": _worse(one)} for one in report.risks)
    return sheet(t("At risk by tomorrow"), _order_columns(t), rows)


def _order_columns(t: Translator) -> tuple[Column, ...]:
    return (
        Column(key="order", heading=t("Order")),
        Column(key="product", heading=t("Product")),
        Column(key="customer", heading=t("Customer")),
        Column(key="due", heading=t("Due"), kind="moment"),
        Column(key="ended", heading=t("Expected"), kind="moment"),
        Column(key="late", heading=t("Late by"), kind="seconds"),
        Column(key="standing", heading=t("Standing")),
    )


def _order(site: str, one: OrderRow, t: Translator) -> dict[str, Value]:
    return {
        "order": one.order, "product": one.product, "customer": one.customer, "due": one.due_at,
        "ended": one.ended_at, "standing": t(LOOKS[one.standing].word),
        "href": order_href(site, one.order),
    }  # fmt: skip


def _worse(one: OrderRow) -> float | None:
    """Return how late it is in the worse case; None when it isn't known."""
    if one.p80_at is None:
        return None
    return max(0.0, (one.p80_at - one.due_at).total_seconds())


def _needs(report: DailyReport, t: Translator) -> Sheet:
    columns = (
        Column(key="part", heading=t("Part")),
        Column(key="name", heading=t("Part name")),
        Column(key="order", heading=t("Order")),
        Column(key="supplier", heading=t("Supplier")),
        Column(key="quantity", heading=t("Quantity"), kind="number"),
        Column(key="by", heading=t("Needed by"), kind="moment"),
        Column(key="promised", heading=t("Promised"), kind="moment"),
        Column(key="standing", heading=t("Standing")),
    )
    return sheet(t("Material that isn't sure"), columns, (_need(o, t) for o in report.needs))


def _need(one: NeedRow, t: Translator) -> Mapping[str, Value]:
    return {
        "part": one.part, "name": one.name, "order": one.order, "supplier": one.supplier,
        "quantity": one.quantity, "by": one.forecast_by or one.need_by,
        "promised": one.promised_at, "standing": t(LOOKS[one.standing].word),
    }  # fmt: skip


def _heading(name: str, t: Translator) -> str:
    """Return what a disclosed field is called."""
    return {
        "part": t("Part"), "order": t("Order"), "quantity": t("Quantity"),
        "need_by": t("Needed by"), "forecast_need_by": t("Expected"),
        "promised_at": t("Promised"), "shipped": t("Shipped"), "received": t("Received"),
        "standing": t("Standing"), "product": t("Product"), "committed_at": t("Committed"),
        "forecast_p80_at": t("80 % by"), "reached_at": t("Reached"),
        "exception": t("Number"), "severity": t("Severity"), "condition": t("What"),
        "state": t("State"), "raised_at": t("Raised"), "acknowledged_at": t("Acknowledged"),
        "before_at": t("Date before"), "after_at": t("Date after"),
    }[name]  # fmt: skip


_NEEDS: Mapping[str, Kind] = {
    "order": "text", "part": "text", "name": "text", "quantity": "number", "need_by": "moment",
    "forecast_need_by": "moment", "promised_at": "moment", "shipped": "number",
    "received": "number", "standing": "text",
}  # fmt: skip
_MILESTONES: Mapping[str, Kind] = {
    "order": "text", "name": "text", "product": "text", "quantity": "number",
    "committed_at": "moment", "forecast_p80_at": "moment", "reached_at": "moment",
    "standing": "text",
}  # fmt: skip
_EXCEPTIONS: Mapping[str, Kind] = {
    "exception": "text", "severity": "text", "condition": "text", "name": "text",
    "order": "text", "state": "text", "raised_at": "moment", "acknowledged_at": "moment",
    "before_at": "moment", "after_at": "moment",
}  # fmt: skip


def _own(
    title_: str, fields: Mapping[str, Kind], name: str, rows: Sequence[Mapping[str, Value]],
    t: Translator,
) -> Sheet:  # fmt: skip
    """Return disclosed rows as a table of the fields that any has. `name`: what its names are."""
    known = [one for one in fields if any(row.get(one) not in (None, "") for row in rows)]
    columns = [
        Column(key=one, heading=name if one == "name" else _heading(one, t), kind=fields[one])
        for one in known
    ]
    values = ({one: _said(one, row.get(one), t) for one in known} for row in rows)
    return sheet(title_, columns, values)


def _said(field: str, value: Value, t: Translator) -> Value:
    """Return a disclosed value in words where it is one of a list."""
    words = {
        "standing": {one.value: t(look.word) for one, look in LOOKS.items()},
        "severity": {one.value: t(word) for one, word in SEVERITIES.items()},
        "state": {one.value: t(word) for one, word in STATES.items()},
    }
    if field == "condition" and isinstance(value, str):
        return condition(value, t)
    if field in words and isinstance(value, str):
        return words[field].get(str(value), str(value))
    return value


def _by(at: datetime | None, until: datetime) -> datetime | None:
    return at if at is not None and at <= until else None
