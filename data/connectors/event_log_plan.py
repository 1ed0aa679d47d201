"""The plan and the site that an event log doesn't hold, derived from what happened.

The rule is written out in `docs/replay.md`, because whoever looks at a due date must be
able to know where it comes from. Imported by `data.connectors.event_log` only.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import fmean, median
from zoneinfo import ZoneInfo

from msgspec import Struct

from data.connectors.event_log_rows import Run
from data.connectors.mapping import Mapping as LogMapping
from data.connectors.mapping import PlanRule
from data.domain.plan import Operation, Order
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

SHORTEST_SLOT_S = 60.0
WORKING_SHARE = 0.5  # of the weeks of a log: an hour of the week worked in as many is a shift's
SIGNAL_LIMIT_S = 15.0  # how long the floor may stay silent while a replay runs
DERIVED = "(derived plan)"

Weekday = int  # ISO, 1 is Monday
HOURS = 24
SHIFT_HOURS = 8  # longer stretches are several shifts


class Work(Struct, frozen=True, kw_only=True):
    """All runs of one operation of one order, by start."""

    order: str
    operation: str
    runs: tuple[Run, ...]

    @property
    def start(self) -> datetime:
        """When the first run starts."""
        return self.runs[0].start

    @property
    def finish(self) -> datetime:
        """When the last run finishes."""
        return max(run.finish for run in self.runs)

    @property
    def span_s(self) -> float:
        """From the first start to the last finish."""
        return (self.finish - self.start).total_seconds()

    def worked_s(self, setup: bool) -> float:
        """Time of the runs that are setup, or of those that aren't."""
        return sum(
            (run.finish - run.start).total_seconds() for run in self.runs if run.setup is setup
        )


Route = tuple[Work, ...]  # of one order, by the first start of each operation


def routes_of(runs: Iterable[Run]) -> dict[str, Route]:
    """Group runs into operations and these into orders, in order of their first start."""
    grouped: dict[str, dict[str, list[Run]]] = defaultdict(lambda: defaultdict(list))
    for run in sorted(runs, key=lambda run: (run.start, run.row)):
        grouped[run.order][run.operation].append(run)
    return {
        order: tuple(
            Work(order=order, operation=operation, runs=tuple(group))
            for operation, group in operations.items()
        )
        for order, operations in grouped.items()
    }


def derive_orders(routes: Mapping[str, Route], rule: PlanRule, area: str) -> tuple[Order, ...]:
    """Give every order of the log a plan, by medians over the orders that it holds whole."""
    whole = whole_routes(routes)
    spans = _medians(routes.values(), whole, lambda work: work.span_s)
    setups = _medians(routes.values(), whole, lambda work: work.worked_s(True))
    pieces = _medians(
        routes.values(), whole, lambda work: work.worked_s(False) / work.runs[0].quantity
    )
    slots = {name: max(span, SHORTEST_SLOT_S) for name, span in spans.items()}
    stretch = median(_lead_s(route) / _planned_s(route, slots) for route in whole)
    slots = {name: max(slot * stretch, SHORTEST_SLOT_S) for name, slot in slots.items()}
    return tuple(_order(route, slots, setups, pieces, rule, area) for route in routes.values())


def whole_routes(routes: Mapping[str, Route]) -> list[Route]:
    """Return the orders that the log doesn't cut off; all of them when it cuts off every one."""
    cut = {
        name
        for name, route in routes.items()
        if any(run.cut for work in route for run in work.runs)
    }
    return [route for name, route in routes.items() if name not in cut] or list(routes.values())


def derive_site(routes: Mapping[str, Route], mapping: LogMapping) -> Site:
    """Derive equipment, the order in which the line flows, and shifts from the log."""
    runs = [run for route in routes.values() for work in route for run in work.runs]
    centers = _centers_by_flow(routes)
    facts = mapping.site
    output = facts.output or _output(routes)
    shifts = mapping.shifts or derive_shifts(runs, ZoneInfo(facts.timezone))
    return Site(
        id=facts.id,
        name=f"{facts.name} {DERIVED}",
        timezone=facts.timezone,
        areas=(
            Area(
                id=facts.area,
                calendar="log",
                name=facts.area_name or facts.area,
                output=tuple(center for center in centers if center in output),
            ),
        ),
        work_centers=tuple(
            WorkCenter(id=center, area=facts.area, name=center) for center in centers
        ),
        work_units=_work_units(runs, centers),
        calendars=(Calendar(id="log", shifts=shifts),),
        parties=_customers(runs),
    )


def derive_shifts(runs: Sequence[Run], zone: ZoneInfo) -> tuple[Shift, ...]:
    """Take as shifts the stretches of a weekday whose hours are worked in most weeks."""
    worked = _dates_worked(runs, zone)
    weeks = _weekdays_within(runs, zone)
    days_of: dict[tuple[int, int], list[Weekday]] = defaultdict(list)
    for day in range(1, 8):
        enough = max(1.0, WORKING_SHARE * weeks[day])
        hours = [hour for hour in range(HOURS) if len(worked[day, hour]) >= enough]
        for stretch in _stretches(hours):
            days_of[stretch].append(day)
    if not days_of:
        days_of[0, HOURS] = list(range(1, 8))
    return tuple(
        Shift(
            name=f"{first:02d}:00\u2013{last:02d}:00",
            start=f"{first:02d}:00",
            finish=f"{last % HOURS:02d}:00",
            days=tuple(days),
        )
        for (first, last), days in sorted(days_of.items())
    )


def _order(
    route: Route,
    slots: Mapping[str, float],
    setups: Mapping[str, float],
    pieces: Mapping[str, float],
    rule: PlanRule,
    area: str,
) -> Order:
    released_at = at = route[0].start
    operations = []
    for work in route:
        finish = at + timedelta(seconds=round(slots[work.operation]))
        operations.append(
            Operation(
                id=work.operation,
                name=work.operation,
                work_center=work.runs[0].work_center,
                planned_start=at,
                planned_finish=finish,
                run_time_s=round(pieces[work.operation], 3),
                setup_s=round(setups[work.operation], 3),
            )
        )
        at = finish
    first = route[0].runs[0]
    return Order(
        id=first.order,
        product=first.product,
        quantity=first.quantity,
        due_at=released_at + timedelta(seconds=round(rule.due_factor * _planned_s(route, slots))),
        area=area,
        family=first.family,
        customer=first.customer,
        released_at=released_at,
        operations=tuple(operations),
    )


def _medians(
    routes: Iterable[Route], whole: Iterable[Route], measure: Callable[[Work], float]
) -> dict[str, float]:
    """Median of a measure by operation; of all orders where no whole one has the operation."""
    medians: dict[str, float] = {}
    for group in (routes, whole):
        values: dict[str, list[float]] = defaultdict(list)
        for route in group:
            for work in route:
                values[work.operation].append(measure(work))
        medians |= {name: median(measured) for name, measured in values.items()}
    return medians


def _lead_s(route: Route) -> float:
    return (max(work.finish for work in route) - route[0].start).total_seconds()


def _planned_s(route: Route, slots: Mapping[str, float]) -> float:
    return sum(slots[work.operation] for work in route)


def _centers_by_flow(routes: Mapping[str, Route]) -> tuple[str, ...]:
    places: dict[str, list[float]] = defaultdict(list)
    for route in routes.values():
        for number, work in enumerate(route):
            for center in {run.work_center for run in work.runs}:
                places[center].append((number + 0.5) / len(route))
    return tuple(sorted(places, key=lambda center: (round(fmean(places[center]), 9), center)))


def _output(routes: Mapping[str, Route]) -> set[str]:
    """Work center at which most orders end that the log doesn't cut off."""
    last = (max(route, key=lambda work: work.finish) for route in whole_routes(routes))
    ends = Counter(max(work.runs, key=lambda run: run.finish).work_center for work in last)
    return {max(ends, key=lambda center: (ends[center], center))}


def _customers(runs: Iterable[Run]) -> tuple[Party, ...]:
    names = sorted({run.customer for run in runs if run.customer is not None})
    return tuple(Party(id=name, name=name, kind=PartyKind.CUSTOMER) for name in names)


def _work_units(runs: Sequence[Run], centers: Sequence[str]) -> tuple[WorkUnit, ...]:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for run in runs:
        if run.work_unit is not None:
            counts[run.work_unit][run.work_center] += 1
    home = {
        unit: max(count, key=lambda center: (count[center], center))
        for unit, count in counts.items()
    }
    place = {center: number for number, center in enumerate(centers)}
    units = sorted(home, key=lambda unit: (place[home[unit]], _natural(unit)))
    return tuple(
        WorkUnit(id=unit, work_center=home[unit], name=unit, signal_limit_s=SIGNAL_LIMIT_S)
        for unit in units
    )


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key by which machine 9 stands before machine 10."""
    parts: list[tuple[int, str]] = []
    digits = ""
    for character in name + "\0":
        if character.isdecimal():
            digits += character
            continue
        if digits:
            parts.append((int(digits), ""))
            digits = ""
        parts.append((-1, character))
    return tuple(parts)


def _dates_worked(
    runs: Sequence[Run], zone: ZoneInfo
) -> defaultdict[tuple[Weekday, int], set[int]]:
    worked: defaultdict[tuple[Weekday, int], set[int]] = defaultdict(set)
    for run in runs:
        at = run.start.astimezone(zone).replace(minute=0, second=0, microsecond=0)
        finish = run.finish.astimezone(zone)
        while at < finish:
            worked[at.isoweekday(), at.hour].add(at.toordinal())
            at += timedelta(hours=1)
    return worked


def _weekdays_within(runs: Sequence[Run], zone: ZoneInfo) -> Counter[Weekday]:
    first = min(run.start for run in runs).astimezone(zone).toordinal()
    last = max(run.finish for run in runs).astimezone(zone).toordinal()
    return Counter((ordinal - 1) % 7 + 1 for ordinal in range(first, last + 1))


def _stretches(hours: Sequence[int]) -> list[tuple[int, int]]:
    if not hours:
        return []
    breaks = [n for n, (a, b) in enumerate(pairwise(hours), start=1) if b != a + 1]
    edges = [0, *breaks, len(hours)]
    whole = [(hours[a], hours[b - 1] + 1) for a, b in pairwise(edges)]
    return [
        (first, min(first + SHIFT_HOURS, last))
        for start, last in whole
        for first in range(start, last, SHIFT_HOURS)
    ]
