"""Which rows a view has, and in which order.

Pure. Orders of the board come as the risk book has them, then those completed lately; orders
that are on no board any more follow them and are asked of the recorded past by the service.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any

from msgspec import Struct

from data.domain.gantt.bars import Done
from data.domain.gantt.records import GanttRow, GanttView, Grouping, Sorting
from data.domain.indexes import Indexes
from data.domain.line import areas_by_center, home_area
from data.domain.plan import Order
from data.domain.site import Site
from data.domain.view import RiskRow, Standing


class PastOrder(Struct, frozen=True, kw_only=True):
    """A completed order that is on no board any more. `states`: by subject."""

    plan: Order
    states: Mapping[str, Done]
    completed_at: datetime


class PastPage(Struct, frozen=True, kw_only=True):
    """Some of the past orders of a window, and how many there are in all."""

    orders: tuple[PastOrder, ...] = ()
    total: int = 0
    missing: bool = False  # it could not be asked


def order_ids(indexes: Indexes, view: GanttView, now: datetime, since: datetime) -> list[str]:
    """Return the orders of the board that have something in the window, first the first row.

    `since`: orders completed before that are the recorded past's to show.
    """
    risks = [row for row in _open(indexes, view) if not view.late_only or row.slack_s < 0]
    ids = _here([row.order for row in risks], indexes, view, now)
    if not view.late_only:
        ids += _here(_closed(indexes, view, since), indexes, view, now)
    ids = [order for order in ids if _matches(indexes.gantt.plans[order], view.text)]
    return _sorted(ids, indexes.gantt.plans, view.sort)


def equipment_rows(site: Site, view: GanttView) -> list[GanttRow]:
    """Return a row for each work center, or for each work unit and what has none yet."""
    centers = [c for c in site.work_centers if view.area in (None, c.area)]
    if view.by is Grouping.CENTER:
        return [_equipment(Grouping.CENTER, c.id, c.name) for c in centers]
    rows = []
    for center in centers:
        units = [unit for unit in site.work_units if unit.work_center == center.id]
        rows += [_equipment(Grouping.UNIT, unit.id, unit.name) for unit in units]
        if len(units) != 1:
            rows.append(_equipment(Grouping.CENTER, center.id, center.name, rest=True))
    return rows


def order_row(indexes: Indexes, order: str) -> GanttRow:
    """Describe an order of the board."""
    plan = indexes.gantt.plans[order]
    risk = indexes.book.row(order)
    if risk is None:
        return _closed_row(plan, past=False)
    return GanttRow(
        key=f"order/{order}",
        by=Grouping.ORDER,
        id=order,
        title=order,
        product=plan.product,
        customer=plan.customer,
        standing=risk.standing,
        slack_s=risk.slack_s,
        due_at=plan.due_at,
        done=risk.done,
        operations=risk.operations,
    )


def past_row(past: PastOrder) -> GanttRow:
    """Describe an order of the recorded past."""
    slack_s = (past.plan.due_at - past.completed_at).total_seconds()
    return _closed_row(past.plan, past=True, slack_s=slack_s)


def shown_ids(ids: Sequence[str], view: GanttView, known: bool) -> list[str]:
    """Return the page of rows that the view is at; the chosen order stands there in any case.

    `known`: the chosen order is one of the board.
    """
    page = list(ids[view.first : view.first + view.rows])
    if view.order is not None and known and view.order not in page:
        page = [view.order, *page[: max(0, view.rows - 1)]]
    return page


def late_orders(indexes: Indexes) -> list[str]:
    """Return the open orders that won't keep their due date."""
    late = indexes.book.counts(None).late
    return [row.order for row in indexes.book.worst(None, late)]


def _open(indexes: Indexes, view: GanttView) -> list[RiskRow]:
    book = indexes.book
    return book.worst(view.area, book.counts(view.area).open)


def _closed(indexes: Indexes, view: GanttView, since: datetime) -> list[str]:
    """Return the orders completed since then, the last one first."""
    gantt, book = indexes.gantt, indexes.book
    _, last = gantt.spans(0.0)
    areas = areas_by_center(indexes.board.site_state.site) if view.area else {}
    found = []
    for order, plan in gantt.plans.items():
        if gantt.is_open(order) or book.row(order) is not None or not plan.operations:
            continue
        if view.area is not None and home_area(plan, areas) != view.area:
            continue
        finish_s = float(last[gantt.numbers.orders.known(order)])
        if finish_s >= since.timestamp():
            found.append((-finish_s, order))
    return [order for _, order in sorted(found)]


def _here(ids: list[str], indexes: Indexes, view: GanttView, now: datetime) -> list[str]:
    gantt = indexes.gantt
    first, last = gantt.spans(now.timestamp())
    here = (first < view.finish.timestamp()) & (last > view.start.timestamp())
    known = gantt.numbers.orders.known
    return [order for order in ids if (n := known(order)) >= 0 and here[n]]


def _matches(plan: Order, text: str) -> bool:
    if not text:
        return True
    said = f"{plan.id}\n{plan.product}\n{plan.customer or ''}".casefold()
    return text.casefold() in said


def _sorted(ids: list[str], plans: Mapping[str, Order], sort: Sorting) -> list[str]:
    if sort is Sorting.RISK:
        return ids
    key: Any = attrgetter("due_at", "id") if sort is Sorting.DUE else attrgetter("id")
    return sorted(ids, key=lambda order: key(plans[order]))


def _equipment(by: Grouping, id: str, name: str, rest: bool = False) -> GanttRow:
    return GanttRow(key=f"{by}/{id}", by=by, id=id, title=name or id, rest=rest)


def _closed_row(plan: Order, past: bool, slack_s: float | None = None) -> GanttRow:
    steps = len(plan.operations)
    return GanttRow(
        key=f"order/{plan.id}",
        by=Grouping.ORDER,
        id=plan.id,
        title=plan.id,
        product=plan.product,
        customer=plan.customer,
        standing=Standing.DONE,
        slack_s=slack_s,
        due_at=plan.due_at,
        done=steps,
        operations=steps,
        past=past,
    )
