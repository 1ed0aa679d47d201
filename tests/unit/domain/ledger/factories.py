"""Generated factories: orders over shared work units, with everything that can hold them up.

A small simulation of its own, minute by minute in its random choices but exact in its
times: it starts each operation at the latest of predecessor, work unit, material, release
and shift, sometimes later, and reports what happened as the floor would.
"""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import strategies as st

from data.domain.calendars import add_working, working_spans
from data.domain.events import (
    Data,
    Event,
    EventType,
    WorkUnitState,
    need_subject,
    operation_subject,
    work_unit_subject,
)
from data.domain.ledger.occupations import occupations_of
from data.domain.ledger.records import Facts
from data.domain.plan import MaterialNeed, Operation, Order
from data.domain.site import Area, Break, Calendar, Shift, Site, WorkCenter, WorkUnit

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
CENTERS = ("CUT", "MILL", "PACK")
SHIFTS = (
    Shift(
        name="day",
        start="06:00",
        finish="18:00",
        days=(1, 2, 3, 4, 5),
        breaks=(Break(start="12:00", finish="12:30"),),
    ),
)
CALENDAR = Calendar(id="c", shifts=SHIFTS)
SITE = Site(
    id="s",
    name="Works",
    areas=(Area(id="A", calendar="c"),),
    work_centers=tuple(WorkCenter(id=name, area="A") for name in CENTERS),
    work_units=tuple(
        WorkUnit(id=f"{name}{n}", work_center=name) for name in CENTERS for n in (1, 2)
    ),
    calendars=(CALENDAR,),
)


class Factory:
    """Plans orders, runs them, and keeps what it would report."""

    def __init__(self, rng: Random, orders: int) -> None:
        self.rng = rng
        self.events: list[Event] = []
        self.free = {unit.id: START for unit in SITE.work_units}
        self.reports_states = rng.random() < 0.7
        self.orders = [self._plan(f"SO-{n}") for n in range(orders)]
        for order in self.orders:
            self._run(order)

    def minutes(self, low: int, high: int) -> timedelta:
        return timedelta(minutes=self.rng.randint(low, high), microseconds=self.rng.randint(0, 999))

    def tell(self, kind: EventType, subject: str, at: datetime, **data: object) -> None:
        name = f"e{len(self.events)}"
        self.events.append(Event(name, "floor", kind, subject, at, at, Data(**data)))  # type: ignore[arg-type]

    def _plan(self, name: str) -> Order:
        release = START + self.minutes(0, 2000)
        at, operations = release, []
        for i in range(self.rng.randint(1, 5)):
            start = at + self.minutes(-120, 300)
            at = start + self.minutes(5, 900)
            operations.append(self._operation(i, start, at))
        needs = [
            MaterialNeed(
                id=f"n{i}",
                part="bolt",
                operation=operation.id,
                supplier=self.rng.choice(("ACME", "BOLT")),
                quantity=10,
                need_by=operation.planned_start,
            )
            for i, operation in enumerate(operations)
            if self.rng.random() < 0.4
        ]
        return Order(
            id=name,
            product=self.rng.choice(("P", "Q")),
            quantity=self.rng.randint(1, 40),
            due_at=at + self.minutes(-600, 900),
            released_at=release if self.rng.random() < 0.8 else None,
            operations=tuple(operations),
            needs=tuple(needs),
        )

    def _operation(self, i: int, start: datetime, finish: datetime) -> Operation:
        names = [f"{10 * n}" for n in range(i)]
        named = tuple(n for n in names if self.rng.random() < 0.5)
        return Operation(
            id=f"{10 * i}",
            work_center=self.rng.choice(CENTERS),
            planned_start=start,
            planned_finish=finish,
            run_time_s=self.rng.choice((0.0, 12.3, 60.0)),
            setup_s=self.rng.choice((0.0, 600.0)),
            performed_by="COAT" if self.rng.random() < 0.1 else None,
            predecessors=None if self.rng.random() < 0.5 else named,
        )

    def _run(self, order: Order) -> None:
        done: dict[str, datetime] = {}
        last: tuple[str, ...] = ()
        for operation in order.operations:
            before = last if operation.predecessors is None else operation.predecessors
            last = (operation.id,)
            begin = order.released_at or START
            ready = max([begin, *(done[name] for name in before)])
            if before and self.rng.random() < 0.2:
                ready -= self.minutes(0, 200)  # pieces flow before the predecessor ends
            done[operation.id] = self._operate(order, operation, ready)

    def _operate(self, order: Order, operation: Operation, ready: datetime) -> datetime:
        for need in (n for n in order.needs if n.operation == operation.id):
            ready = max(ready, self._supply(order, need, ready))
        units = [u.id for u in SITE.work_units if u.work_center == operation.work_center]
        unit = None if operation.performed_by else self.rng.choice(units)
        start = ready if unit is None else max(ready, self.free[unit])
        if unit is not None:
            start = add_working(CALENDAR, "UTC", start, 1e-6)
        if self.rng.random() < 0.3:
            start += self.minutes(0, 90)
        end = self._work(order, operation, unit, start)
        if unit is not None:
            self.free[unit] = end
        return end

    def _supply(self, order: Order, need: MaterialNeed, ready: datetime) -> datetime:
        subject, at = need_subject(order.id, need.id), ready + self.minutes(-400, 400)
        self.tell(EventType.MATERIAL_PROMISED, subject, START, promised_at=at)
        if self.rng.random() < 0.05:
            return ready  # never booked in
        self.tell(EventType.MATERIAL_RECEIVED, subject, at - self.minutes(0, 60), quantity=4)
        self.tell(EventType.MATERIAL_RECEIVED, subject, at, quantity=6)
        return at

    def _work(
        self, order: Order, operation: Operation, unit: str | None, start: datetime
    ) -> datetime:
        subject, at = operation_subject(order.id, operation.id), start
        if self.rng.random() < 0.05:
            return at + self.minutes(1, 100)  # nobody reports it
        on = {} if unit is None else {"work_unit": unit}
        self.tell(EventType.OPERATION_STARTED, subject, at, **on)
        for state in self._states():
            self._enter(unit, state, at, subject)
            if state is WorkUnitState.DOWN:
                self.tell(EventType.OPERATION_PAUSED, subject, at, reason="jam")
            at += self.minutes(0, 240)
            if state is WorkUnitState.DOWN:
                self.tell(EventType.OPERATION_RESUMED, subject, at, **on)
            elif self.rng.random() < 0.3:
                self.tell(EventType.OPERATION_PROGRESSED, subject, at, good=3, rework=2)
        self.tell(EventType.OPERATION_COMPLETED, subject, at, good=1)
        if self.rng.random() < 0.1:
            again = at + self.minutes(0, 60)
            self.tell(EventType.OPERATION_REOPENED, subject, again)
            at = again + self.minutes(0, 60)
            self.tell(EventType.OPERATION_RESUMED, subject, at)
            at += self.minutes(0, 60)
            self.tell(EventType.OPERATION_COMPLETED, subject, at)
        self._enter(unit, WorkUnitState.STARVED, at, None)
        return at

    def _states(self) -> list[WorkUnitState]:
        known = [s for s in WorkUnitState if s is not WorkUnitState.UNKNOWN]
        middle = self.rng.choices(known, k=self.rng.randint(0, 4))
        return [WorkUnitState.SETUP, WorkUnitState.PROCESSING, *middle]

    def _enter(
        self, unit: str | None, state: WorkUnitState, at: datetime, subject: str | None
    ) -> None:
        if unit is not None and self.reports_states:
            about = {} if subject is None else {"operation": subject}
            kind = EventType.WORK_UNIT_STATE_CHANGED
            self.tell(kind, work_unit_subject(unit), at, state=state, **about)


def facts_of(factory: Factory, order: Order, now: datetime, forecast: datetime | None) -> Facts:
    others = [o for o in factory.orders if o.id != order.id]
    return Facts(
        order=order,
        site=SITE,
        events=tuple(factory.events),
        occupations=tuple(
            o for other in others for o in occupations_of(other, factory.events, now)
        ),
        now=now,
        forecast_at=forecast,
    )


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    """Draw one order of a generated factory, seen at some instant."""
    factory = Factory(draw(st.randoms(use_true_random=False)), draw(st.integers(1, 4)))
    now = START + timedelta(minutes=draw(st.integers(0, 12_000)))
    ahead = draw(st.none() | st.integers(-500, 5000))
    forecast = None if ahead is None else now + timedelta(minutes=ahead)
    return facts_of(factory, draw(st.sampled_from(factory.orders)), now, forecast)


def off_calendar(start: datetime, end: datetime) -> timedelta:
    """Time off shift between two instants."""
    spans = working_spans(CALENDAR, "UTC", start, end)
    return end - start - sum((b - a for a, b in spans), timedelta(0))
