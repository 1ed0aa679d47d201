"""Made-up orders with their accounts, and the reports that a filter leaves of them.

The sums are those of the product, so filters do here what they do there.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any

from data.domain.delay_cells import Cell, OrderDelay
from data.domain.delay_columns import DelayColumns, pack_of
from data.domain.delays import DelayedOrder, DelayFilter, DelayReport, FeverPoint
from data.domain.scope import Scope
from data.domain.site import Area, Calendar, Party, PartyKind, Shift, Site, WorkCenter
from data.services.errors import Forbidden, Unavailable

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 3, 42, tzinfo=UTC)
HOUR_S = 3600.0
SITE = Site(
    id="north",
    name="North",
    timezone="Asia/Taipei",
    areas=(Area(id="A", calendar="day", name="Line A"), Area(id="B", calendar="day")),
    work_centers=(
        WorkCenter(id="CA", area="A", name="Assembly"),
        WorkCenter(id="CB", area="B", name="Assembly"),
        WorkCenter(id="PAINT", area="A", name="Painting"),
    ),
    calendars=(Calendar(id="day", shifts=(Shift(name="d", start="06:00", finish="22:00"),)),),
    parties=(
        Party(id="P1", name="Aurelia Telecom", kind=PartyKind.CUSTOMER),
        Party(id="S1", name="Kenting Plastics", kind=PartyKind.SUPPLIER),
    ),
)
FEVER = (
    FeverPoint(order="SO-9", done=0.1, used=3.2, zone="red", late_s=40 * HOUR_S),
    FeverPoint(order="SO-8", done=0.5, used=0.9, zone="red", late_s=-HOUR_S),
    FeverPoint(order="SO-7", done=0.6, used=0.55, zone="yellow", late_s=-5 * HOUR_S),
    FeverPoint(order="SO-6", done=0.9, used=0.2, zone="green", late_s=-20 * HOUR_S),
)


class Made:
    """One made-up order: completed on a day, late by what its steps add up to."""

    def __init__(self, order: str, day: date, *steps: tuple[str, str, str, float], **more: Any):
        """`steps`: cause, work center, party, hours."""
        self.day = day
        self.completed: bool = more.pop("completed", True)
        names = {"area": "A", "product": "pump", "customer": "P1"} | more
        cells = tuple(Cell(*step[:3], step[3] * HOUR_S) for step in steps)
        late_s = sum(cell.late_s for cell in cells)
        self.delay = OrderDelay(order=order, late_s=late_s, cells=cells, **names)

    def row(self) -> DelayedOrder:
        due = datetime.combine(self.day, time(4), UTC)
        worst = max(self.delay.cells, key=lambda cell: cell.late_s)
        return DelayedOrder(
            order=self.delay.order,
            product=self.delay.product,
            customer=self.delay.customer,
            area=self.delay.area,
            quantity=50,
            due_at=due,
            ended_at=due + timedelta(seconds=self.delay.late_s),
            completed=self.completed,
            late_s=self.delay.late_s,
            top_cause=worst.cause,
            top_work_center=worst.work_center or None,
            top_party=worst.party or None,
        )


def ordinary() -> list[Made]:
    """Return three late orders, one that is open, and two that were on time."""
    day = TODAY - timedelta(days=3)
    return [
        Made("SO-1", day, ("material_missing", "CA", "S1", 10), ("running", "CA", "", -2)),
        Made("SO-2", day, ("contention", "PAINT", "", 5), ("down", "CB", "", 1), product="fan"),
        Made("SO-3", TODAY, ("contention", "PAINT", "", 2), area="B", customer=""),
        Made("SO-4", TODAY, ("material_missing", "CA", "S1", 30), completed=False),
        Made("SO-5", day, ("running", "CA", "", -3)),
        Made("SO-6", TODAY, ("running", "CA", "", -1)),
    ]


def many(count: int = 60) -> list[Made]:
    """Return so many late orders over four weeks, of many causes, products and places."""
    causes = ("contention", "down", "setup", "rework", "blocked", "unexplained", "batching",
              "material_missing", "prioritization", "off_calendar")  # fmt: skip
    return [
        Made(
            f"SO-{1000 + i}",
            TODAY - timedelta(days=i % 28),
            (causes[i % len(causes)], ("CA", "CB", "PAINT")[i % 3], "S1" if i % 4 == 0 else "",
             1.0 + i % 17),
            product=f"pump {i % 11}",
        )
        for i in range(count)
    ]  # fmt: skip


def report_of(
    made: Iterable[Made], wanted: DelayFilter, limit: int = 50, offset: int = 0,
    fever: Sequence[FeverPoint] = FEVER, derived_at: datetime | None = NOW,
) -> DelayReport:  # fmt: skip
    """Return what a filter leaves of made-up orders."""
    within = sorted(
        (one for one in made if wanted.since <= one.day <= wanted.until),
        key=lambda one: (one.day, one.completed),
    )
    packs = [
        pack_of(day, [one.delay for one in of_day], completed=completed)
        for (day, completed), of_day in groupby(within, key=lambda one: (one.day, one.completed))
    ]
    sums = DelayColumns(packs).choose(wanted)
    rows = {one.delay.order: one.row() for one in within}
    return DelayReport(
        bars=sums.bars(),
        days=sums.days(),
        orders=tuple(rows[order] for _, order in sums.page(limit, offset)),
        orders_total=sums.orders_late,
        late_s=sums.late_s,
        orders_late=sums.orders_late,
        completed=sums.completed,
        on_time=sums.on_time,
        fever=tuple(fever),
        derived_at=derived_at,
    )


class MadeUp:
    """The delay service over made-up orders; remembers what it was asked."""

    def __init__(
        self, made: Iterable[Made], fever: Sequence[FeverPoint] = FEVER,
        derived_at: datetime | None = NOW, missing: int = 0,
    ) -> None:  # fmt: skip
        self.made = list(made)
        self.fever = fever
        self.derived_at = derived_at
        self.reachable, self.without = True, missing
        self.asked: list[tuple[DelayFilter, int, int]] = []

    def missing(self, scope: Scope, site: str) -> int:
        return self.without

    def report(
        self, scope: Scope, site: str, wanted: DelayFilter, limit: int = 50, offset: int = 0
    ) -> DelayReport:
        if not scope.may_see(site):
            raise Forbidden(site)
        if not self.reachable:
            raise Unavailable("history")
        self.asked.append((wanted, limit, offset))
        return report_of(self.made, wanted, limit, offset, self.fever, self.derived_at)
