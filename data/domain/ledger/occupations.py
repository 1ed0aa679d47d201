"""What an order did on which work units, for the ledgers of the orders that waited for them.

Pure; imported by services and the watch.
"""

from collections.abc import Iterable
from datetime import datetime

from data.domain.events import Event, operation_subject
from data.domain.ledger.courses import Course, course_of, standing
from data.domain.ledger.records import Occupation
from data.domain.ledger.scene import predecessors
from data.domain.ledger.waits import kind_of
from data.domain.plan import Order


def occupations_of(order: Order, events: Iterable[Event], now: datetime) -> list[Occupation]:
    """Return each stretch of work of an order on a known work unit.

    An operation counts as enabled when the last of its predecessors ended, the first ones at
    the order's release; as unknown where it began before that.
    """
    told = standing(events, now)
    courses = {
        operation.id: course_of(told.get(operation_subject(order.id, operation.id), []), now)
        for operation in order.operations
    }
    before = predecessors(order.operations)
    return [
        Occupation(
            work_unit=stretch.work_unit,
            operation=operation_subject(order.id, name),
            start=stretch.start,
            end=stretch.end,
            enabled_at=_enabled_at([courses[b] for b in before[name]], course, order),
            kind=kind_of(order.product, name),
            evidence=stretch.evidence,
        )
        for name, course in courses.items()
        for stretch in course.stretches
        if stretch.work_unit is not None
    ]


def _enabled_at(before: list[Course], course: Course, order: Order) -> datetime | None:
    begun_at = course.begun_at
    if begun_at is None:
        return None
    if not before:
        released = order.released_at
        return released if released is not None and released <= begun_at else None
    ends = [found for found in (b.finished_by(begun_at) for b in before) if found is not None]
    return max(ends) if len(ends) == len(before) else None
