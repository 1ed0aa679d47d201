"""Gathers what the ledgers of orders are made from: their plans, what was told, what lay around.

Many orders at once share what they have in common, the states of work units and the work of
others above all. Imported by the services that account for orders.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from data.domain.board import Board
from data.domain.events import (
    Event,
    EventType,
    OperationStatus,
    need_subject,
    operation_subject,
    order_subject,
    subject_parts,
    work_unit_subject,
)
from data.domain.ledger.account import released_at
from data.domain.ledger.courses import standing
from data.domain.ledger.records import Facts, Occupation
from data.domain.plan import Operation, Order
from data.domain.site import Site
from data.domain.subjects import Identity, moment_of

LONGEST = timedelta(days=4)  # between the ends of what orders share, where one alone isn't longer
_Span = tuple[datetime, datetime]


class PastReading(Protocol):
    """The recorded past at one instant of the database."""

    def site(self, site: str) -> Site:
        """Return the site's model; one with nothing in it when none is recorded."""

    def plans(self, site: str, order_ids: Sequence[str]) -> list[Event]:
        """Return the plan events of orders that aren't voided."""

    def told(self, site: str, subjects: Sequence[str], until: datetime) -> list[Event]:
        """Return all events of subjects up to an instant that count, and voids."""

    def states(self, site: str, work_units: Sequence[str], span: _Span) -> list[Event]:
        """Return the state changes of work units in a span, and those that reach into it."""

    def occupations(
        self, site: str, work_units: Sequence[str], span: _Span, now: datetime
    ) -> list[Occupation]:
        """Return what orders did on work units in a span; what goes on, up to `now`."""

    def events(self, site: str, identities: Sequence[Identity]) -> list[Event]:
        """Return events by their identity."""


class Past(Protocol):
    """Where the recorded past is read from."""

    def reading(self, site: str) -> AbstractContextManager[PastReading]:
        """Read at one instant.

        Raises: Unavailable.
        """


class _Tale(NamedTuple):
    """An order, what was told of it, and when and on what work units that was."""

    order: Order
    told: list[Event]
    span: _Span
    units: set[str]


class _Around:
    """What happened on work units in a span, whatever order it was about."""

    def __init__(
        self, past: PastReading, site: str, units: Sequence[str], span: _Span, now: datetime
    ) -> None:
        self._changes = standing(past.states(site, units, span), now)
        self._work: dict[str, list[Occupation]] = defaultdict(list)
        for one in past.occupations(site, units, span, now):
            self._work[one.work_unit].append(one)

    def changes(self, unit: str, span: _Span) -> list[Event]:
        """Return a work unit's changes in a span, the last before it and the first after it."""
        told = self._changes.get(work_unit_subject(unit), [])
        first = bisect_left(told, span[0], key=_time)
        return told[max(0, first - 1) : bisect_right(told, span[1], key=_time) + 1]

    def work_of_others(self, unit: str, span: _Span, order_id: str) -> Iterator[Occupation]:
        """Yield what orders but one did on a work unit in a span."""
        own = operation_subject(order_id, "")
        for one in self._work.get(unit, ()):
            within = one.start < span[1] and one.end > span[0]
            if within and not one.operation.startswith(own):
                yield one


def gather(past: PastReading, site: str, order_id: str, now: datetime) -> Facts | None:
    """Gather all that an order's ledger is made from; None when it was never planned."""
    return dict(gather_many(past, site, [order_id], now))[order_id]


def gather_many(
    past: PastReading, site: str, order_ids: Sequence[str], now: datetime
) -> Iterator[tuple[str, Facts | None]]:
    """Yield what the ledger of each order is made from, in any order of the orders."""
    orders = _planned(past, site, order_ids, now)
    yield from ((order_id, None) for order_id in order_ids if order_id not in orders)
    if not orders:
        return
    model, told = past.site(site), _told(past, site, orders.values(), now)
    tales = [_tale(order, model, told[order.id], now) for order in orders.values()]
    for group in _groups(tales):
        first, last = group[0].span[0], max(tale.span[1] for tale in group)
        units = sorted(set().union(*(tale.units for tale in group)))
        around = _Around(past, site, units, (first, last), now)
        yield from ((tale.order.id, _facts(tale, model, around, now)) for tale in group)


def _planned(
    past: PastReading, site: str, order_ids: Sequence[str], now: datetime
) -> dict[str, Order]:
    """Return orders by id as they were planned at an instant; none that never was."""
    plans: dict[str, list[Event]] = defaultdict(list)
    for event in past.plans(site, order_ids):
        plans[event.subject].append(event)
    found = ((order_id, plan_at(plans[order_subject(order_id)], now)) for order_id in order_ids)
    return {order_id: order for order_id, order in found if order is not None}


def _told(
    past: PastReading, site: str, orders: Collection[Order], now: datetime
) -> dict[str, list[Event]]:
    """Return what was told of orders, by their ids."""
    subjects = [subject for order in orders for subject in subjects_of(order)]
    told: dict[str, list[Event]] = defaultdict(list)
    for event in past.told(site, subjects, now):
        told[subject_parts(event.subject)[1]].append(event)
    return told


def _tale(order: Order, model: Site, told: list[Event], now: datetime) -> _Tale:
    return _Tale(order, told, _span(order, told, now), units_of(order, model, told))


def _groups(tales: Iterable[_Tale]) -> Iterator[list[_Tale]]:
    """Yield orders that lie near each other in time together."""
    group: list[_Tale] = []
    for tale in sorted(tales, key=lambda tale: tale.span):
        if group and tale.span[1] - group[0].span[0] > LONGEST:
            yield group
            group = []
        group.append(tale)
    yield group


def _facts(tale: _Tale, model: Site, around: _Around, now: datetime) -> Facts:
    order, units, span = tale.order, sorted(tale.units), tale.span
    work = [one for unit in units for one in around.work_of_others(unit, span, order.id)]
    return Facts(
        order=order,
        site=model,
        events=tuple(tale.told),
        changes={work_unit_subject(unit): around.changes(unit, span) for unit in units},
        occupations=tuple(work),
        now=now,
    )


def _time(event: Event) -> datetime:
    return event.time


def plan_at(plans: Collection[Event], now: datetime) -> Order | None:
    """Return the plan that held at an instant; the first one, before there was any."""
    known = [event for event in plans if event.time <= now]
    if known:
        return max(known, key=moment_of).data.order
    first = min(plans, key=moment_of, default=None)
    return None if first is None else first.data.order


def subjects_of(order: Order) -> list[str]:
    """Return the subjects of an order's operations and needs."""
    operations = [operation_subject(order.id, operation.id) for operation in order.operations]
    return operations + [need_subject(order.id, need.id) for need in order.needs]


def units_of(order: Order, site: Site, told: Iterable[Event]) -> set[str]:
    """Return the work units that an order used or, where it hasn't said which, may use."""
    named: dict[str, set[str]] = {operation.id: set() for operation in order.operations}
    unsure = set(named)
    for event in told:
        kind, _, name = subject_parts(event.subject)
        if kind != "operation" or event.data.work_unit is None:
            continue
        named[name].add(event.data.work_unit)
        unsure.discard(name)
    unsure |= _corrected(told)
    units = set().union(*named.values())
    for operation in order.operations:
        if operation.id in unsure:
            units |= _may_use(operation, site)
    return units


def _corrected(told: Iterable[Event]) -> set[str]:
    """Return the operations of which an event was voided: another may have named the unit."""
    voids = (event for event in told if event.type is EventType.EVENT_VOIDED)
    return {subject_parts(event.subject)[-1] for event in voids}


def _may_use(operation: Operation, site: Site) -> set[str]:
    if operation.work_unit is not None:
        return {operation.work_unit}
    return {unit.id for unit in site.work_units if unit.work_center == operation.work_center}


def _span(order: Order, told: Collection[Event], now: datetime) -> _Span:
    """Return the time that matters to an order: from release or first sign of it to its end."""
    released = released_at(order)
    times = [event.time for event in told]
    first = min([*times, *([] if released is None else [released]), now])
    return (first, max(times) if times and is_completed(order, told) else now)


def is_completed(order: Order, told: Iterable[Event]) -> bool:
    """Whether events leave every operation of an order completed."""
    return bool(order.operations) and len(finished_of(order, told)) == len(order.operations)


def finished_of(order: Order, told: Iterable[Event]) -> set[str]:
    """Return the operations of an order that events leave completed."""
    board = Board("")
    for event in told:
        board.apply(event)
    states = ((o.id, board.operation(order.id, o.id)) for o in order.operations)
    return {name for name, state in states if state.status is OperationStatus.COMPLETED}
