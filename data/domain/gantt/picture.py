"""The whole picture of a view: rows, marks, off-shift time, the chosen order's chain.

Pure. Called by `data.services.gantt`, which knows the recorded past.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from data.domain.calendars import working_spans
from data.domain.gantt.chain import critical_chain
from data.domain.gantt.records import (
    MOST_MARKS,
    GanttPicture,
    GanttRow,
    GanttView,
    Grouping,
    Layer,
    Link,
    Mark,
)
from data.domain.gantt.rows import (
    PastPage,
    equipment_rows,
    late_orders,
    order_row,
    past_row,
    shown_ids,
)
from data.domain.gantt.window import Look, draw, linked, scene_of
from data.domain.indexes import Indexes
from data.domain.plan import Order
from data.domain.site import Calendar, Site

MOST_RELEASED = 100  # operations whose first plan is shown
SHADED_DAYS = 45  # a longer window has off-shift times too thin to see


def picture(
    indexes: Indexes,
    view: GanttView,
    now: datetime,
    ids: Sequence[str],
    past: PastPage,
    released: Order | None = None,
) -> GanttPicture:
    """Return what a view shows.

    `ids`: the orders of the board that the view has (`rows.order_ids`), all of them; `past`:
    those of the recorded past that follow them on this page; `released`: the chosen order's
    plan as it was first. The index is taken as renewed.
    """
    site = indexes.board.site
    chain = critical_chain(indexes.gantt, view.order, now) if view.order else ()
    rows, total = _rows(indexes, view, ids, past, chain)
    only = None if view.by is Grouping.ORDER or not _filtered(view) else ids
    scene = scene_of(indexes.gantt, rows, past.orders, only)
    before = tuple(_released(indexes, view, rows, released)) if released else ()
    look = replace(_look(indexes, view, now, chain), room=MOST_MARKS - len(before))
    drawn = draw(scene, look, len(rows))
    finish = datetime.fromtimestamp(drawn.finish_s, UTC)
    return GanttPicture(
        view=view,
        now=now,
        finish=finish,
        rows=tuple(rows[: drawn.rows]),
        total=total,
        marks=(*drawn.marks, *(mark for mark in before if mark.row < drawn.rows)),
        off_shift=off_shift(site, view.area, view.start, finish),
        chain=linked(chain, drawn.marks),
        left_out=len(rows) - drawn.rows,
        past_missing=past.missing,
    )


def off_shift(
    site: Site, area: str | None, start: datetime, finish: datetime
) -> tuple[tuple[float, float], ...]:
    """Return when no line (of an area) works, between two instants; () when that is too long."""
    if finish - start > timedelta(days=SHADED_DAYS):
        return ()
    names = {one.calendar for one in site.areas if area in (None, one.id)}
    calendars = [calendar for calendar in site.calendars if calendar.id in names]
    if not calendars:
        return ()
    gaps, at = [], start
    for a, b in _working(site, calendars, start, finish):
        if a > at:
            gaps.append((at.timestamp(), a.timestamp()))
        at = max(at, b)
    if finish > at:
        gaps.append((at.timestamp(), finish.timestamp()))
    return tuple(gaps)


def _rows(
    indexes: Indexes, view: GanttView, ids: Sequence[str], past: PastPage, chain: Sequence[Link]
) -> tuple[list[GanttRow], int]:
    if view.by is not Grouping.ORDER:
        rows = equipment_rows(indexes.board.site, view)
        return rows[view.first : view.first + view.rows], len(rows)
    if view.chain_only and chain:
        ids = list(dict.fromkeys(link.order for link in reversed(chain)))
        past = PastPage()
    page = shown_ids(ids, view, view.order in indexes.gantt.plans)
    rows = [order_row(indexes, order) for order in page]
    rows += [past_row(one) for one in past.orders[: view.rows - len(rows)]]
    return rows, len(ids) + past.total


def _look(indexes: Indexes, view: GanttView, now: datetime, chain: Sequence[Link]) -> Look:
    known = indexes.gantt.numbers.orders.known
    plans = indexes.gantt.plans
    places = {
        (known(link.order), place)
        for link in chain
        for place, step in enumerate(plans[link.order].operations)
        if step.id == link.operation
    }
    return Look(
        start_s=view.start.timestamp(),
        finish_s=view.finish.timestamp(),
        width_px=float(view.width_px),
        now_s=now.timestamp(),
        late=frozenset(known(order) for order in late_orders(indexes)),
        critical=frozenset(places),
        slips=view.by is Grouping.ORDER,
    )


def _released(
    indexes: Indexes, view: GanttView, rows: Sequence[GanttRow], released: Order
) -> Iterator[Mark]:
    """Yield where the operations of the chosen order were planned first, if elsewhere than now."""
    row = next((n for n, one in enumerate(rows) if one.id == released.id), None)
    plan = indexes.gantt.plan(released.id)
    if row is None or plan is None or view.by is not Grouping.ORDER:
        return
    now = {step.id: (step.planned_start, step.planned_finish) for step in plan.operations}
    for step in released.operations[:MOST_RELEASED]:
        span = (step.planned_start, step.planned_finish)
        if now.get(step.id) != span and span[0] < view.finish and span[1] > view.start:
            yield Mark(
                layer=Layer.RELEASED,
                row=row,
                start_s=span[0].timestamp(),
                finish_s=max(span).timestamp(),
                order=plan.id,
                operation=step.id,
            )


def _filtered(view: GanttView) -> bool:
    return bool(view.late_only or view.text)


def _working(
    site: Site, calendars: Sequence[Calendar], start: datetime, finish: datetime
) -> list[tuple[datetime, datetime]]:
    spans = (working_spans(calendar, site.timezone, start, finish) for calendar in calendars)
    return sorted(span for of_one in spans for span in of_one)
