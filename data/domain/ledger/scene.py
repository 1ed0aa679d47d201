"""The facts of one order, made ready to be walked.

Pure; imported by `data.domain.ledger` alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from data.domain.calendars import working_spans
from data.domain.events import Event, need_subject, operation_subject, work_unit_subject
from data.domain.ledger.courses import (
    Course,
    Spell,
    Supply,
    course_of,
    spells_of,
    standing,
    supply_of,
)
from data.domain.ledger.records import Facts, Occupation
from data.domain.plan import Operation
from data.domain.site import Calendar, Site
from data.domain.waiting.spans import Span, without


class Scene:
    """One order's operations with what happened to them and around them."""

    def __init__(self, facts: Facts) -> None:
        order, now = facts.order, facts.now
        self.order, self.now = order, now
        self._events: dict[str, Sequence[Event]] = {**standing(facts.events, now), **facts.changes}
        self._site = facts.site
        self._calendars = calendars_by_center(facts.site)
        self.operations = {operation.id: operation for operation in order.operations}
        self.before = predecessors(order.operations)
        self.courses = {name: self._course(name) for name in self.operations}
        self._supplies: dict[str, list[Supply]] = defaultdict(list)
        for need in order.needs:
            told = self._events.get(need_subject(order.id, need.id), [])
            self._supplies[need.operation].append(supply_of(need, told))
        self._busy: dict[str, list[Occupation]] = defaultdict(list)
        for other in facts.occupations:
            self._busy[other.work_unit].append(other)

    @property
    def completed(self) -> bool:
        """Whether every operation is completed."""
        return bool(self.courses) and all(c.completed for c in self.courses.values())

    def spells(self, work_unit: str, window: Span) -> list[Spell]:
        """Return the states of a work unit that meet a window."""
        changes = self._events.get(work_unit_subject(work_unit), [])
        return spells_of(changes, window, self.now)

    def busy(self, work_unit: str, window: Span) -> list[Occupation]:
        """Return the other work on a work unit that meets a window."""
        others = self._busy.get(work_unit, ())
        return [o for o in others if o.start < window[1] and o.end > window[0]]

    def occupations(self, work_unit: str) -> Sequence[Occupation]:
        """Return all other work known of a work unit."""
        return self._busy.get(work_unit, ())

    def supplies(self, operation: str) -> Sequence[Supply]:
        """Return the needs of an operation."""
        return self._supplies.get(operation, ())

    def closed(self, operation: Operation, window: Span) -> list[Span]:
        """Return when the operation's line doesn't work; never, where no calendar is known."""
        calendar = self._calendars.get(operation.work_center)
        if calendar is None or operation.performed_by is not None or window[0] >= window[1]:
            return []
        return without([window], working_spans(calendar, self._site.timezone, *window))

    def pool(self, operation: Operation, at: datetime) -> tuple[str, ...]:
        """Return the work units on one of which the operation could begin or go on at `at`.

        Where it goes on: the next stretch's. Not begun: the planned one, or all of its center.
        """
        course = self.courses[operation.id]
        stretches = [s for s in course.stretches if s.start >= at] or course.stretches[-1:]
        if stretches and stretches[0].work_unit is not None:
            return (stretches[0].work_unit,)
        if stretches or operation.performed_by is not None:
            return ()
        if operation.work_unit is not None:
            return (operation.work_unit,)
        center = operation.work_center
        return tuple(unit.id for unit in self._site.work_units if unit.work_center == center)

    def _course(self, operation: str) -> Course:
        told = self._events.get(operation_subject(self.order.id, operation), [])
        return course_of(told, self.now)


def predecessors(operations: Iterable[Operation]) -> dict[str, tuple[str, ...]]:
    """Return what each operation waits for: what it names, or the one listed before it."""
    listed = tuple(operations)
    known = {operation.id for operation in listed}
    table: dict[str, tuple[str, ...]] = {}
    previous: tuple[str, ...] = ()
    for operation in listed:
        named = previous if operation.predecessors is None else operation.predecessors
        table[operation.id] = tuple(name for name in named if name in known)
        previous = (operation.id,)
    return table


def calendars_by_center(site: Site) -> dict[str, Calendar]:
    """Return the calendar of each work center's line; a center without one is left out."""
    calendars = {calendar.id: calendar for calendar in site.calendars}
    by_area = {area.id: calendars.get(area.calendar) for area in site.areas}
    table = {center.id: by_area.get(center.area) for center in site.work_centers}
    return {center: calendar for center, calendar in table.items() if calendar is not None}
