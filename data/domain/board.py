"""The board: the live state of one site, folded from its progress events.

The fold is pure and order-free: any order and any repetition of the same events give
the same board. What makes it so is that every subject keeps the events it was folded
from (its *ledger*), so a correction takes one out and folds the rest again.

A void undoes the event that it names when that is of the void's own subject, whether it came
before or comes after; else it undoes nothing. A void can't be voided: what it undid is
reported again under a new id.

A board restored from SQL starts with *bases*: states without a ledger. A board that lives long
lets events go that are recorded (`rest`), and stands as one restored then. `lacks` says of an
event that its subject can't fold it so; the reader then calls `thicken` with that subject's
recorded events. Nothing here does I/O or reads a clock.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from data.domain.events import Event, EventType, OperationStatus, operation_subject
from data.domain.plan import Order
from data.domain.site import Site
from data.domain.subjects import (
    BUCKET_S,
    Fold,
    Identity,
    NeedState,
    OperationState,
    OrderState,
    SiteState,
    WorkUnitState,
)
from data.domain.topics import NEEDS, OPERATIONS, OUTPUT, PLAN, WORK_UNITS

_TOPIC = {
    "operation": OPERATIONS | OUTPUT,
    "work-unit": WORK_UNITS,
    "need": NEEDS,
    "order": PLAN | OPERATIONS | NEEDS,
    "site": PLAN,
}
_VOIDED = EventType.EVENT_VOIDED
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BUCKETS_A_DAY = 86_400 // BUCKET_S


class Board:
    """Live state of one site; `apply` is the whole fold."""

    def __init__(self, site_id: str) -> None:
        """Begin with nothing known of the site."""
        self.site_id = site_id
        self.site_state = SiteState(f"site/{site_id}")
        self.orders: dict[str, OrderState] = {}
        self.operations: dict[str, OperationState] = {}
        self.needs: dict[str, NeedState] = {}
        self.work_units: dict[str, WorkUnitState] = {}
        self.output: dict[tuple[str, int], list[int]] = {}
        self.output_from = _EPOCH
        self.voided: set[Identity] = set()
        self.void_subjects: dict[Identity, set[str]] = {}  # none for one restored: it fits any
        self.unmet_voids: set[Identity] = set()  # voids whose target hasn't come yet
        self.last_event_at: datetime | None = None  # of all events, voids and voided ones too
        self.changed_orders: set[str] = set()
        self.changed_output: set[tuple[str, int]] = set()

    @property
    def site(self) -> Site:
        """The site's model, or one with nothing in it before the first is known."""
        return self.site_state.site or Site(id=self.site_id, name=self.site_id)

    def apply(self, event: Event) -> int:
        """Fold one event in; return the topics it touched, 0 when it changed nothing."""
        if self.last_event_at is None or event.time > self.last_event_at:
            self.last_event_at = event.time
        if event.type is _VOIDED:
            return self._void(event)
        identity = (event.source, event.id)
        if identity in self.voided and self._is_undone(identity, event.subject):
            self.unmet_voids.discard(identity)
            return 0
        kind, fold = self._fold_of(event.subject)
        if fold is None or not fold.add(identity, event):
            return 0
        if kind == "operation":
            self._count(event, 1)
        self._touch_order(kind, event.subject)
        return _TOPIC[kind]

    def lacks(self, event: Event) -> bool:
        """Whether the subject needs its whole ledger back before `event` is folded."""
        fold = self.existing(event.subject)
        if fold is None or fold.is_whole:
            return False
        if event.type is _VOIDED:
            return not self._is_undone(_voided_identity(event), event.subject)
        return fold.needs_ledger_for(event)

    def remembers(self, subject: str) -> bool:
        """Whether it knows every event of a subject, so that one that comes again is noticed."""
        fold = self.existing(subject)
        return fold is None or fold.is_whole

    def thicken(self, subject: str, recorded: Iterable[Event]) -> None:
        """Replace what a subject stands on by the recorded events that it came from.

        `recorded`: of an operation, its events up to the place in the log that this board has
        read to and none beyond, since they were counted as output when they came or with the
        base, and aren't counted here. Of other subjects any superset of that will do.
        """
        kind, fold = self._fold_of(subject)
        if fold is None:
            return
        fold.drop_base()
        for event in recorded:
            identity = (event.source, event.id)
            undone = self._is_undone(identity, subject)
            if event.subject == subject and event.type is not _VOIDED and not undone:
                fold.add(identity, event)
        self._drop_if_empty(fold)
        self._touch_order(kind, subject)

    def rest(self, recorded: Iterable[Event]) -> None:
        """Let events go that SQL has, and voids that found their target; what they did stays.

        Whoever calls this can `thicken` with each of them later. One that comes again isn't
        known any more.
        """
        for event in recorded:
            if event.type is _VOIDED:
                self._rest_void(_voided_identity(event))
                continue
            identity = (event.source, event.id)
            if identity in self.voided:
                self._rest_void(identity)
            fold = self.existing(event.subject)
            if fold is not None:
                fold.let_go(identity)

    def restore(self, folds: Iterable[Fold]) -> None:
        """Take in states loaded from SQL as bases."""
        for fold in folds:
            if not isinstance(fold, SiteState):
                self._table(fold.kind)[self._key(fold.kind, fold.subject)] = fold
            elif fold.subject == self.site_state.subject:
                self.site_state = fold
            self._touch_order(fold.kind, fold.subject)

    def forget_orders(self, orders: Iterable[str]) -> None:
        """Drop whole orders (closed long ago; SQL keeps them) from memory."""
        gone = set(orders)
        for order_id in gone:
            self.orders.pop(order_id, None)
        tables: tuple[dict[str, Any], ...] = (self.operations, self.needs)
        for table in tables:
            for subject in [subject for subject in table if subject.split("/", 2)[1] in gone]:
                del table[subject]
        self.changed_orders |= gone

    def forget_before(self, horizon: datetime) -> None:
        """Drop output counters and work-unit history older than `horizon` (site time)."""
        self.output_from = max(self.output_from, horizon)
        first = bucket_of(self.output_from)
        for key in [key for key in self.output if key[1] < first]:
            del self.output[key]
        self.changed_output = {key for key in self.changed_output if key[1] >= first}
        for unit in self.work_units.values():
            unit.forget_before(horizon)

    def operation(self, order_id: str, operation_id: str) -> OperationState:
        """State of an operation; a blank planned one when nothing happened yet."""
        subject = operation_subject(order_id, operation_id)
        return self.operations.get(subject) or OperationState(subject)

    def plans(self) -> Iterable[Order]:
        """Every known plan that isn't cancelled."""
        for state in self.orders.values():
            if state.plan is not None and not state.plan.cancelled:
                yield state.plan

    def completed(self, plan: Order) -> bool:
        """Whether every operation of the order is completed."""
        operations = self.operations
        for operation in plan.operations:
            state = operations.get(f"operation/{plan.id}/{operation.id}")
            if state is None or state.status is not OperationStatus.COMPLETED:
                return False
        return bool(plan.operations)

    def good_between(self, work_units: Iterable[str], start: datetime, finish: datetime) -> int:
        """Good pieces counted at the work units in whole buckets of [start, finish)."""
        first, last, output = bucket_of(start), bucket_of(finish), self.output
        total = 0
        for unit in work_units:
            for bucket in range(first, last + (bucket_start(last) < finish)):
                counted = output.get((unit, bucket))
                if counted is not None:
                    total += counted[0]
        return total

    def _void(self, event: Event) -> int:
        identity, subject = _voided_identity(event), event.subject
        if self._is_undone(identity, subject):
            return 0
        self.voided.add(identity)
        self.void_subjects.setdefault(identity, set()).add(subject)
        fold = self.existing(subject)
        undone = fold.take_out(identity) if fold is not None else None
        if fold is None or undone is None:
            self.unmet_voids.add(identity)
            return 0
        if fold.kind == "operation":
            self._count(undone, -1)
        self._drop_if_empty(fold)
        self._touch_order(fold.kind, subject)
        return _TOPIC[fold.kind]

    def _rest_void(self, identity: Identity) -> None:
        if identity not in self.unmet_voids:
            self.voided.discard(identity)
            self.void_subjects.pop(identity, None)

    def _is_undone(self, identity: Identity, subject: str) -> bool:
        if identity not in self.voided:
            return False
        subjects = self.void_subjects.get(identity)
        return subjects is None or subject in subjects

    def _drop_if_empty(self, fold: Fold) -> None:
        if fold.empty and fold.kind != "site":
            del self._table(fold.kind)[self._key(fold.kind, fold.subject)]

    def _count(self, event: Event, sign: int) -> None:
        data = event.data
        if data.work_unit is None or not (data.good or data.scrap or data.rework):
            return
        if event.time < self.output_from and bucket_of(event.time) < bucket_of(self.output_from):
            return
        key = (data.work_unit, bucket_of(event.time))
        self.changed_output.add(key)
        counted = self.output.get(key)
        if counted is None:
            counted = self.output[key] = [0, 0, 0]
        counted[0] += sign * data.good
        counted[1] += sign * data.scrap
        counted[2] += sign * data.rework
        if not any(counted):
            del self.output[key]

    def _touch_order(self, kind: str, subject: str) -> None:
        if kind in ("operation", "need", "order"):
            self.changed_orders.add(subject.split("/", 2)[1])

    def existing(self, subject: str) -> Fold | None:
        """State of a subject; None when nothing is known of it."""
        operation = self.operations.get(subject)  # which most events are about
        if operation is not None:
            return operation
        kind = subject.split("/", 1)[0]
        if kind == "site":
            return self.site_state if subject == self.site_state.subject else None
        return self._table(kind).get(self._key(kind, subject))

    def _fold_of(self, subject: str) -> tuple[str, Fold | None]:
        """Kind and state of a subject, a blank one when it is new; None for another site."""
        operation = self.operations.get(subject)
        if operation is not None:
            return "operation", operation
        kind = subject[: subject.index("/")]
        if kind == "site":
            return kind, self.site_state if subject == self.site_state.subject else None
        table, key = self._table(kind), self._key(kind, subject)
        fold = table.get(key)
        if fold is None:
            fold = table[key] = _NEW[kind](subject)
        return kind, fold

    def _table(self, kind: str) -> dict:  # type: ignore[type-arg]
        if kind == "operation":
            return self.operations
        if kind == "work-unit":
            return self.work_units
        return self.needs if kind == "need" else self.orders

    @staticmethod
    def _key(kind: str, subject: str) -> str:
        return subject.split("/", 1)[1] if kind in ("work-unit", "order") else subject


_NEW: dict[str, type[Fold]] = {
    "operation": OperationState,
    "need": NeedState,
    "work-unit": WorkUnitState,
    "order": OrderState,
    "site": SiteState,
}


def blank(subject: str) -> Fold:
    """Return the state of a subject of which nothing is known."""
    return _NEW[subject.split("/", 1)[0]](subject)


def bucket_of(at: datetime) -> int:
    """Return the number, since 1970, of the quarter of an hour that holds the instant."""
    since = at - _EPOCH
    return since.days * _BUCKETS_A_DAY + since.seconds // BUCKET_S


def bucket_start(bucket: int) -> datetime:
    """First instant of a bucket."""
    return _EPOCH + timedelta(seconds=bucket * BUCKET_S)


def _voided_identity(event: Event) -> Identity:
    return (event.data.event_source or event.source, event.data.event_id or "")
