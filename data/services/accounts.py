"""Accounts of orders: why one is late, the events that prove it, and the plans that it had.

Everything is worked out from the recorded events when it is asked for, so no page is older than
its events. What others did on the work units meanwhile is kept by `data.services.derivation`.
Imported by callbacks and the watch.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from data.domain.board import Board
from data.domain.events import (
    Event,
    EventType,
    OperationStatus,
    need_subject,
    operation_subject,
    subject_parts,
)
from data.domain.ledger.account import delay_ledger, released_at
from data.domain.ledger.records import Facts, Ledger, Occupation
from data.domain.plan import Operation, Order
from data.domain.scope import Scope
from data.domain.site import Site
from data.domain.subjects import Identity, moment_of
from data.services.errors import Forbidden

_Span = tuple[datetime, datetime]


class PlanVersion(Struct, frozen=True, kw_only=True):
    """One of the plans that an order had, numbered from 1 in order of time."""

    number: int
    at: datetime
    source: str
    order: Order


class PastReading(Protocol):
    """The recorded past at one instant of the database."""

    def site(self, site: str) -> Site:
        """Return the site's model; one with nothing in it when none is recorded."""

    def plans(self, site: str, order_id: str) -> list[Event]:
        """Return the plan events of an order that aren't voided."""

    def told(self, site: str, subjects: Sequence[str], until: datetime) -> list[Event]:
        """Return all events of subjects up to an instant, voids too."""

    def states(self, site: str, work_units: Sequence[str], span: _Span) -> list[Event]:
        """Return the state changes of work units in a span, and those that reach into it."""

    def occupations(
        self, site: str, work_units: Sequence[str], span: _Span, but_not: str, now: datetime
    ) -> list[Occupation]:
        """Return what orders but one did on work units in a span; what goes on, up to `now`."""

    def events(self, site: str, identities: Sequence[Identity]) -> list[Event]:
        """Return events by their identity."""


class Past(Protocol):
    """Where the recorded past is read from."""

    def reading(self, site: str) -> AbstractContextManager[PastReading]:
        """Read at one instant.

        Raises: Unavailable.
        """


class Accounts:
    """What is asked of single orders."""

    def __init__(self, past: Past) -> None:
        self._past = past

    def ledger(
        self, scope: Scope, site: str, order_id: str, now: datetime,
        forecast_at: datetime | None = None,
    ) -> Ledger:  # fmt: skip
        """Account for an order's time as it was known at `now`.

        Raises: Forbidden when there is no such order or the scope may not see it; Unavailable.
        """
        _check(scope, site)
        with self._past.reading(site) as past:
            facts = gather(past, site, order_id, now)
        if facts is None:
            raise Forbidden(f"{site}/{order_id}")
        return delay_ledger(replace(facts, forecast_at=forecast_at))

    def events(self, scope: Scope, site: str, identities: Iterable[Identity]) -> list[Event]:
        """Return the events that these identities name, in order of time.

        Raises: Forbidden, Unavailable.
        """
        _check(scope, site)
        with self._past.reading(site) as past:
            return sorted(past.events(site, list(identities)), key=moment_of)

    def plan_versions(self, scope: Scope, site: str, order_id: str) -> tuple[PlanVersion, ...]:
        """Return the plans that an order had, the first first; none that was voided.

        Raises: Forbidden when there is no such order or the scope may not see it; Unavailable.
        """
        _check(scope, site)
        with self._past.reading(site) as past:
            told = sorted(past.plans(site, order_id), key=moment_of)
        if not told:
            raise Forbidden(f"{site}/{order_id}")
        return tuple(
            PlanVersion(number=number, at=event.time, source=event.source, order=plan)
            for number, event in enumerate(told, 1)
            if (plan := event.data.order) is not None
        )


def gather(past: PastReading, site: str, order_id: str, now: datetime) -> Facts | None:
    """Gather all that an order's ledger is made from; None when it was never planned."""
    order = plan_at(past.plans(site, order_id), now)
    if order is None:
        return None
    model = past.site(site)
    told = past.told(site, subjects_of(order), now)
    span = _span(order, told, now)
    units = sorted(units_of(order, model, told))
    return Facts(
        order=order,
        site=model,
        events=(*told, *past.states(site, units, span)),
        occupations=tuple(past.occupations(site, units, span, order_id, now)),
        now=now,
    )


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


def _check(scope: Scope, site: str) -> None:
    if not scope.may_see(site):
        raise Forbidden(site)
