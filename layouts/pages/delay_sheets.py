"""The page on delays as tables: late orders, a Pareto each, days, buffers. Pure."""

from collections.abc import Mapping

from data.domain.delays import DIMENSIONS, DelayReport
from data.domain.site import Site
from layouts.components.delay_words import DIMENSION_WORDS, Names, day_words
from layouts.components.fever import SHORT_ZONES
from layouts.components.pareto import TITLES, pareto_of
from layouts.sheets import Column, Sheet, Value
from layouts.text import Translator


def sheets(report: DelayReport, site: Site, t: Translator) -> tuple[Sheet, ...]:
    """Return the tables, the list of late orders first."""
    names = Names(site, t)
    paretos = [_pareto(name, report, names) for name in DIMENSIONS]
    return (_orders(report, names), *paretos, _days(report, t), _buffers(report, t))


def _orders(report: DelayReport, names: Names) -> Sheet:
    t = names.t
    rows = [
        {
            "order": order.order,
            "product": order.product,
            "customer": names.of("customer", order.customer) if order.customer else None,
            "area": names.of("area", order.area) if order.area else None,
            "quantity": order.quantity,
            "due": order.due_at,
            "ended": order.ended_at,
            "state": t("Completed") if order.completed else t("Forecast"),
            "late": order.late_s,
            "cause": names.of("cause", order.top_cause) if order.top_cause else None,
            "center": names.said("work_center", order.top_work_center)
            if order.top_work_center
            else None,
            "party": names.of("party", order.top_party) if order.top_party else None,
        }
        for order in report.orders
    ]
    columns = (
        Column(key="order", heading=t("Order")),
        Column(key="product", heading=t("Product")),
        Column(key="customer", heading=t("Customer")),
        Column(key="area", heading=t("Line")),
        Column(key="quantity", heading=t("Quantity"), kind="number"),
        Column(key="due", heading=t("Due"), kind="moment"),
        Column(key="ended", heading=t("Completed or forecast"), kind="moment"),
        Column(key="state", heading=t("Standing")),
        Column(key="late", heading=t("Late by"), kind="seconds"),
        Column(key="cause", heading=t("Mostly because of")),
        Column(key="center", heading=t("Work center")),
        Column(key="party", heading=t("Supplier")),
    )
    return Sheet(name=t("Late orders"), columns=columns, rows=rows)


def _pareto(dimension: str, report: DelayReport, names: Names) -> Sheet:
    t, of = names.t, pareto_of(dimension, report.bars.get(dimension, ()))
    columns = (
        Column(key="name", heading=t(DIMENSION_WORDS[dimension])),
        Column(key="late", heading=t("Late hours"), kind="seconds"),
        Column(key="share", heading=t("share"), kind="share"),
        Column(key="together", heading=t("running total"), kind="share"),
        Column(key="orders", heading=t("Late orders"), kind="number"),
    )
    rows: list[Mapping[str, Value]] = [
        {
            "name": names.said(dimension, line.bar.key),
            "late": line.bar.late_s,
            "share": line.share,
            "together": line.together,
            "orders": line.bar.orders,
        }
        for line in of.lines
    ]
    rows += [
        {"name": names.said(dimension, bar.key), "late": bar.late_s, "orders": bar.orders}
        for bar in of.made_up
    ]
    return Sheet(name=t(TITLES[dimension]), columns=columns, rows=rows)


def _days(report: DelayReport, t: Translator) -> Sheet:
    columns = (
        Column(key="day", heading=t("Date")),
        Column(key="late", heading=t("Late hours"), kind="seconds"),
        Column(key="completed", heading=t("Completed"), kind="number"),
        Column(key="on_time", heading=t("on time"), kind="number"),
        Column(key="rate", heading=t("Completed on time"), kind="share"),
    )
    rows = [
        {
            "day": day_words(day.day, t),
            "late": day.late_s,
            "completed": day.completed,
            "on_time": day.on_time,
            "rate": day.on_time / day.completed if day.completed else None,
        }
        for day in report.days
    ]
    return Sheet(name=t("Day by day"), columns=columns, rows=rows)


def _buffers(report: DelayReport, t: Translator) -> Sheet:
    columns = (
        Column(key="order", heading=t("Order")),
        Column(key="zone", heading=t("Zone")),
        Column(key="done", heading=t("critical chain done"), kind="share"),
        Column(key="used", heading=t("buffer used"), kind="share"),
        Column(key="late", heading=t("Late by"), kind="seconds"),
    )
    rows = [
        {
            "order": point.order,
            "zone": t(SHORT_ZONES[point.zone]),
            "done": point.done,
            "used": point.used,
            "late": point.late_s,
        }
        for point in report.fever
    ]
    return Sheet(name=t("Buffers of open orders"), columns=columns, rows=rows)
