"""A small shop on a board: what the tests of the forecast plan, report and ask for."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from data.domain.board import Board
from data.domain.events import Data, Event, EventType
from data.domain.events import WorkUnitState as State
from data.domain.forecast.runtimes import RunTimes, Work
from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.domain.site import Area, Break, Calendar, Shift, Site, WorkCenter, WorkUnit

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday
ROUND = Calendar(
    id="round",
    shifts=tuple(
        Shift(name=f"s{h}", start=f"{h:02}:00", finish=f"{(h + 8) % 24:02}:00") for h in (0, 8, 16)
    ),
)
DAYS = Calendar(
    id="days",
    shifts=(
        Shift(
            name="day",
            start="08:00",
            finish="16:00",
            breaks=(Break(start="12:00", finish="12:30"),),
        ),
    ),
)


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


def site(lanes: dict[str, int], calendar: Calendar = ROUND) -> Site:
    return Site(
        id="shop",
        name="Shop",
        areas=(Area(id="a", calendar=calendar.id),),
        work_centers=tuple(WorkCenter(id=center, area="a") for center in lanes),
        work_units=tuple(
            WorkUnit(id=f"{center}{lane}", work_center=center)
            for center, count in lanes.items()
            for lane in range(count)
        ),
        calendars=(calendar,),
    )


def order(
    name: str,
    steps: Sequence[tuple[str, float, float]],
    needs: Sequence[tuple[str, str]] = (),
    **more: object,
) -> Order:
    """An order by its steps: work center, planned start and finish in hours from now."""
    operations = tuple(
        Operation(id=str(n), work_center=center, planned_start=at(start), planned_finish=at(finish))
        for n, (center, start, finish) in enumerate(steps, 1)
    )
    whole = Order(
        id=name,
        product="p",
        family="f",
        quantity=10,
        due_at=at(100),
        operations=operations,
        milestones=(
            Milestone(id="end", name="End", operation=str(len(steps)), baseline_at=at(50)),
        ),
        needs=tuple(
            MaterialNeed(
                id=need, part="x", operation=operation, supplier="s", quantity=5, need_by=at(1)
            )
            for need, operation in needs
        ),
    )
    fields = {name: getattr(whole, name) for name in whole.__struct_fields__}
    return Order(**{**fields, **more})


class Shop:
    """A board and the ways to report to it."""

    def __init__(self, model: Site, *orders: Order) -> None:
        self.board = Board("shop")
        self._count = 0
        self._say(EventType.PLAN_CHANGED, "site/shop", NOW, Data(site=model))
        for plan in orders:
            self.plan(plan)

    def plan(self, plan: Order, when: datetime = NOW) -> None:
        self._say(EventType.PLAN_CHANGED, f"order/{plan.id}", when, Data(order=plan))

    def start(self, operation: str, when: datetime, work_unit: str | None = None) -> None:
        data = Data(work_unit=work_unit)
        self._say(EventType.OPERATION_STARTED, f"operation/{operation}", when, data)

    def progress(self, operation: str, when: datetime, good: int) -> None:
        self._say(EventType.OPERATION_PROGRESSED, f"operation/{operation}", when, Data(good=good))

    def complete(self, operation: str, when: datetime) -> None:
        self._say(EventType.OPERATION_COMPLETED, f"operation/{operation}", when, Data())

    def reopen(self, operation: str, when: datetime) -> None:
        self._say(EventType.OPERATION_REOPENED, f"operation/{operation}", when, Data())

    def promise(self, need: str, when: datetime, promised: datetime) -> None:
        data = Data(promised_at=promised)
        self._say(EventType.MATERIAL_PROMISED, f"need/{need}", when, data)

    def receive(self, need: str, when: datetime, quantity: int) -> None:
        data = Data(quantity=quantity)
        self._say(EventType.MATERIAL_RECEIVED, f"need/{need}", when, data)

    def state(self, work_unit: str, when: datetime, state: State) -> None:
        data = Data(state=state)
        self._say(EventType.WORK_UNIT_STATE_CHANGED, f"work-unit/{work_unit}", when, data)

    def _say(self, kind: EventType, subject: str, when: datetime, data: Data) -> None:
        self._count += 1
        self.board.apply(Event(f"{self._count:06}", "test", kind, subject, when, when, data))


def exact_times(ratio: float = 1.0, centers: Sequence[str] = ("c",)) -> RunTimes:
    """A past in which everything took `ratio` times its planned time."""
    times = RunTimes()
    for center in centers:
        for n in range(20):
            times.add_run(Work("p", "f", center), f"h{n}", 100.0 * ratio, 100.0)
    return times
