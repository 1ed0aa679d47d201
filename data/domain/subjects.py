"""How the events of one subject fold: operation, need, work unit, order, site.

Each state holds a ledger of the events it came from, or a base restored from SQL, or both:
a base with the ledger of what came after it. A ledger lets events go once they are recorded;
the state then *rests* on what they did. Only a whole ledger can give an event back, so a base, or
a state that rests, has to give way to its recorded events before one of them is undone.
Used by `data.domain.board` and, to store and restore, by `data.store`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Self

from data.domain.events import Event, EventType, OperationStatus
from data.domain.events import WorkUnitState as State
from data.domain.plan import Order
from data.domain.site import Site
from data.domain.timelines import Moment, Timeline

BUCKET_S = 900
Identity = tuple[str, str]  # (source, id)


def moment_of(event: Event) -> Moment:
    """Return the event's place in the order by which the latest wins."""
    return (event.time, event.id, event.source)


class Fold:
    """What all subjects share: the ledger, the base, taking an event out, letting events go."""

    kind: ClassVar[str] = ""
    stored: ClassVar[tuple[str, ...]] = ()  # the fields that make up a base
    __slots__ = ("has_base", "ledger", "rests", "subject")

    def __init__(self, subject: str) -> None:
        """Begin with nothing known of the subject."""
        self.subject = subject
        self.ledger: dict[Identity, Event] = {}
        self.has_base = self.rests = False
        self.reset()

    def reset(self) -> None:
        """Forget everything folded so far."""
        raise AssertionError("each subject has its own blank state")

    def fold(self, event: Event) -> None:
        """Take the effect of an event in, whatever came before it."""
        raise AssertionError("each subject folds in its own way")

    @property
    def empty(self) -> bool:
        """Whether nothing at all is known of the subject."""
        return not self.ledger and self.is_whole

    @property
    def is_whole(self) -> bool:
        """Whether the ledger holds every event that the fields came from."""
        return not (self.has_base or self.rests)

    def add(self, identity: Identity, event: Event) -> bool:
        """Fold an event in once; False when it was there."""
        if identity in self.ledger:
            return False
        self.ledger[identity] = event
        self.fold(event)
        return True

    def knows(self, identity: Identity) -> bool:
        """Whether the ledger holds this event."""
        return identity in self.ledger

    def needs_ledger_for(self, event: Event) -> bool:
        """Whether a base alone can't take this event."""
        return False

    def take_out(self, identity: Identity) -> Event | None:
        """Undo one event exactly; None when the ledger doesn't hold it, or isn't whole."""
        if not self.is_whole:
            return None
        undone = self.ledger.pop(identity, None)
        if undone is not None:
            self.refold()
        return undone

    def let_go(self, identity: Identity) -> None:
        """Keep what a recorded event did, and no longer the event itself."""
        if self.ledger.pop(identity, None) is not None:
            self.rests = True

    def rest_on_base(self) -> None:
        """Take the fields as they are for a base: what follows is folded onto them."""
        self.has_base = True

    def as_base(self) -> Self:
        """Return a copy that knows the outcome alone, as one restored from SQL does."""
        base = type(self)(self.subject)
        for name in self.stored:
            setattr(base, name, getattr(self, name))
        base.rest_on_base()
        return base

    def drop_base(self) -> None:
        """Leave the base, and what events did that were let go: the ledger alone is folded."""
        self.has_base = self.rests = False
        self.refold()

    def refold(self) -> None:
        """Fold the ledger again from nothing."""
        self.reset()
        for event in self.ledger.values():
            self.fold(event)


_STATUS = {
    EventType.OPERATION_STARTED: OperationStatus.RUNNING,
    EventType.OPERATION_RESUMED: OperationStatus.RUNNING,
    EventType.OPERATION_PAUSED: OperationStatus.PAUSED,
    EventType.OPERATION_REOPENED: OperationStatus.PAUSED,
    EventType.OPERATION_COMPLETED: OperationStatus.COMPLETED,
}
_INSPECTED = EventType.QUALITY_INSPECTED


class OperationState(Fold):
    """Progress of one operation. Status: the latest; quantities: sums; start: the earliest."""

    kind = "operation"
    __slots__ = (
        "good",
        "inspected",
        "passed",
        "rework",
        "scrap",
        "started_at",
        "status_moment",
        "stored_status",
        "unit_moment",
        "work_unit",
    )
    stored = __slots__

    def reset(self) -> None:
        """Nothing happened yet."""
        self.stored_status: OperationStatus | None = None
        self.status_moment: Moment | None = None
        self.started_at: datetime | None = None
        self.work_unit: str | None = None
        self.unit_moment: Moment | None = None
        self.good = self.scrap = self.rework = self.inspected = self.passed = 0

    def fold(self, event: Event) -> None:
        """Take one operation event in."""
        data, moment = event.data, (event.time, event.id, event.source)
        self.good += data.good
        self.scrap += data.scrap
        self.rework += data.rework
        if data.work_unit is not None and (self.unit_moment is None or moment > self.unit_moment):
            self.work_unit, self.unit_moment = data.work_unit, moment
        if event.type is _INSPECTED:
            self.inspected += data.inspected
            self.passed += data.passed
            return
        if self.started_at is None or event.time < self.started_at:
            self.started_at = event.time
        status = _STATUS.get(event.type)
        if status is not None and (self.status_moment is None or moment > self.status_moment):
            self.stored_status, self.status_moment = status, moment

    @property
    def status(self) -> OperationStatus:
        """Where the operation stands; progress alone means that it runs."""
        if self.stored_status is not None:
            return self.stored_status
        return OperationStatus.PLANNED if self.started_at is None else OperationStatus.RUNNING

    @property
    def finished_at(self) -> datetime | None:
        """When it was completed, while it is."""
        if self.stored_status is not OperationStatus.COMPLETED or self.status_moment is None:
            return None
        return self.status_moment[0]


class NeedState(Fold):
    """What became of one material need: the latest promise, sums shipped and received."""

    kind = "need"
    __slots__ = (
        "dispatch_advice",
        "promise_moment",
        "promised_at",
        "received",
        "received_moment",
        "shipped",
        "shipped_moment",
    )
    stored = __slots__

    def reset(self) -> None:
        """Nothing promised, shipped or received."""
        self.promised_at: datetime | None = None
        self.dispatch_advice: str | None = None
        self.promise_moment: Moment | None = None
        self.shipped_moment: Moment | None = None
        self.received_moment: Moment | None = None
        self.shipped = self.received = 0

    def fold(self, event: Event) -> None:
        """Take one material event in."""
        data, moment = event.data, moment_of(event)
        if event.type is EventType.MATERIAL_PROMISED:
            if self.promise_moment is None or moment > self.promise_moment:
                self.promised_at, self.promise_moment = data.promised_at, moment
        elif event.type is EventType.MATERIAL_SHIPPED:
            self.shipped += data.quantity
            if self.shipped_moment is None or moment > self.shipped_moment:
                self.dispatch_advice, self.shipped_moment = data.dispatch_advice, moment
        else:
            self.received += data.quantity
            if self.received_moment is None or moment > self.received_moment:
                self.received_moment = moment


class WorkUnitState(Fold):
    """State of a work unit: the latest, and since when it has been the same.

    The run of equal states needs the ones before it, so they are also kept in time order, when
    the ledger has let the events go as well: a late state change finds its place among them.
    A base stands at the front of the timeline as its whole run; `floor` is the last event in it.
    """

    kind = "work-unit"
    __slots__ = ("floor", "latest", "operation", "reason", "since", "state", "timeline")
    stored = ("state", "since", "latest", "reason", "operation")

    def reset(self) -> None:
        """Nothing heard of it."""
        self.timeline = Timeline()
        self.floor: Moment | None = None
        self.state: State | None = None
        self.since: datetime | None = None
        self.latest: Moment | None = None
        self.reason: str | None = None
        self.operation: str | None = None

    def fold(self, event: Event) -> None:
        """Take one state change in; in time order at once, a late one by looking back."""
        state, moment = event.data.state or State.UNKNOWN, moment_of(event)
        if self.latest is None or moment > self.latest:
            self.timeline.append(moment, state)
            if state is not self.state:
                self.state, self.since = state, event.time
            self.latest = moment
            self.reason, self.operation = event.data.reason, event.data.operation
        else:
            self.timeline.add(moment, state)
            self.since = self.timeline.run_start()

    def needs_ledger_for(self, event: Event) -> bool:
        """Whether it lies within the base, which is one run without its events."""
        return self.floor is not None and moment_of(event) <= self.floor

    def rest_on_base(self) -> None:
        """Take the fields for a base, its run at the front of the timeline."""
        super().rest_on_base()
        self.floor = self.latest
        if self.since is not None and self.state is not None:
            self.timeline = Timeline.of_run(self.since, self.state)

    def forget_before(self, horizon: datetime) -> None:
        """Turn what is older than `horizon` into a base: the run that lasted then."""
        floor = self.timeline.forget_before(horizon)
        if floor is None:
            return
        self.ledger = {k: e for k, e in self.ledger.items() if moment_of(e) > floor}
        self.floor, self.has_base = floor, True


class _Latest(Fold):
    """A subject whose latest document wins."""

    __slots__ = ("moment",)
    moment: Moment | None

    def take(self, event: Event) -> None:
        """Take the document of the latest event."""
        raise AssertionError("each document has its own field")

    def fold(self, event: Event) -> None:
        """Take the event in when it is the latest."""
        moment = moment_of(event)
        if self.moment is None or moment > self.moment:
            self.moment = moment
            self.take(event)


class OrderState(_Latest):
    """The plan of an order: the latest one."""

    kind = "order"
    __slots__ = ("plan",)
    stored = ("moment", "plan")

    def reset(self) -> None:
        """No plan known."""
        self.moment = None
        self.plan: Order | None = None

    def take(self, event: Event) -> None:
        """Take the plan over."""
        self.plan = event.data.order


class SiteState(_Latest):
    """The model of the site: the latest one."""

    kind = "site"
    __slots__ = ("site",)
    stored = ("moment", "site")

    def reset(self) -> None:
        """No model known."""
        self.moment = None
        self.site: Site | None = None

    def take(self, event: Event) -> None:
        """Take the model over."""
        self.site = event.data.site


def events_of(folds: Iterable[Fold]) -> Iterable[Event]:
    """Every event the ledgers hold."""
    for fold in folds:
        yield from fold.ledger.values()
