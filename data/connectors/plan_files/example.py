"""The orders that a template shows, told in the site's own names.

For `data.connectors.plan_files` alone.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.domain.site import (
    Area,
    Calendar,
    Party,
    PartyKind,
    Shift,
    Site,
    WorkCenter,
    WorkUnit,
)

EXAMPLE_SITE = Site(
    id="example",
    name="Example works",
    timezone="Asia/Taipei",
    areas=(Area(id="LINE-1", calendar="two-shifts", output=("ASSEMBLY",)),),
    work_centers=(
        WorkCenter(id="TURNING", area="LINE-1"),
        WorkCenter(id="MILLING", area="LINE-1"),
        WorkCenter(id="ASSEMBLY", area="LINE-1"),
    ),
    work_units=(
        WorkUnit(id="LATHE-1", work_center="TURNING"),
        WorkUnit(id="MILL-1", work_center="MILLING"),
        WorkUnit(id="BENCH-1", work_center="ASSEMBLY"),
    ),
    calendars=(
        Calendar(
            id="two-shifts",
            shifts=(
                Shift(name="early", start="06:00", finish="14:00"),
                Shift(name="late", start="14:00", finish="22:00"),
            ),
        ),
    ),
    parties=(
        Party(id="CASTINGS", name="Example castings", kind=PartyKind.SUPPLIER),
        Party(id="CUSTOMER-1", name="Example customer", kind=PartyKind.CUSTOMER),
    ),
)
_STEPS = ("turn", "mill", "assemble")
_DAY = (2027, 1, 11)  # a Monday


def example_orders(site: Site) -> tuple[Order, ...]:
    """Return two small orders that use what the site has.

    Without work centers they are the example site's; parties that are missing are left out.
    """
    monday = datetime(*_DAY, 8, tzinfo=ZoneInfo(site.timezone)).astimezone(UTC)
    return (
        _order(site, "SO-1001", "PUMP-40", 30, monday),
        _order(site, "SO-1002", "PUMP-65", 12, monday + timedelta(days=2)),
    )


def _order(site: Site, name: str, product: str, quantity: int, start: datetime) -> Order:
    operations = _operations(site, start)
    last = operations[-1]
    return Order(
        id=name,
        product=product,
        quantity=quantity,
        due_at=last.planned_finish + timedelta(days=3),
        area=site.areas[0].id if site.areas else None,
        family="pumps",
        customer=_party(site, PartyKind.CUSTOMER),
        released_at=start - timedelta(days=1),
        operations=operations,
        milestones=(_milestone(last),),
        needs=_needs(site, operations[0], quantity),
    )


def _operations(site: Site, start: datetime) -> tuple[Operation, ...]:
    centers = (site.work_centers or EXAMPLE_SITE.work_centers)[: len(_STEPS)]
    return tuple(
        Operation(
            id=str(10 * (i + 1)),
            name=step,
            work_center=center.id,
            work_unit=_unit(site, center) if i == 0 else None,
            planned_start=start + timedelta(days=i),
            planned_finish=start + timedelta(days=i, hours=6),
            run_time_s=540.0 + 90 * i,
            setup_s=1800.0,
            critical=i == 1,
            predecessors=() if i == 0 else (str(10 * i),),
        )
        for i, (step, center) in enumerate(zip(_STEPS, centers, strict=False))
    )


def _unit(site: Site, center: WorkCenter) -> str | None:
    units: Sequence[WorkUnit] = site.work_units or ()
    return next((unit.id for unit in units if unit.work_center == center.id), None)


def _milestone(last: Operation) -> Milestone:
    return Milestone(
        id="M1",
        name="ready to ship",
        operation=last.id,
        baseline_at=last.planned_finish + timedelta(days=1),
        committed_at=last.planned_finish + timedelta(days=2),
    )


def _needs(site: Site, first: Operation, quantity: int) -> tuple[MaterialNeed, ...]:
    supplier = _party(site, PartyKind.SUPPLIER)
    if supplier is None:
        return ()
    need = MaterialNeed(
        id="N1",
        part="CASTING-40",
        name="pump housing, cast",
        operation=first.id,
        supplier=supplier,
        quantity=quantity,
        need_by=first.planned_start - timedelta(hours=12),
    )
    return (need,)


def _party(site: Site, kind: PartyKind) -> str | None:
    return next((party.id for party in site.parties if party.kind is kind), None)
