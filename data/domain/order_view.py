"""One order as its page shows it: plan, progress, forecast and an earlier plan side by side.

Pure; imported by callbacks and layouts. Why it is late stands in `data.domain.order_account`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from data.domain.board import Board
from data.domain.calendars import working_spans
from data.domain.events import OperationStatus, need_subject
from data.domain.forecast.records import (
    Finish,
    MilestoneForecast,
    NeedForecast,
    OperationForecast,
    OrderForecast,
)
from data.domain.line import areas_by_center, home_area
from data.domain.material import need_standing
from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.domain.projection import Route, route_of
from data.domain.risk import order_risk
from data.domain.site import Site
from data.domain.subjects import OperationState
from data.domain.view import RiskRow, Standing
from data.domain.waiting.spans import Span, without

NOTHING = timedelta(0)
MOST_CLOSED = 90  # spans off shift that a picture of the order still shows one by one
LEAST_CLOSED = 1 / 250  # of the picture's width; shorter ones, such as breaks, are left out


class OperationLine(Struct, frozen=True, kw_only=True):
    """One operation: as planned, as another plan had it, what happened, what is expected.

    `work_unit`: where it was last reported, else where it is planned. `critical`: it is on the
    chain that decides when the order ends. `behind`: how long its planned finish has passed
    while it isn't completed. Units: pieces.
    """

    plan: Operation
    before: Operation | None
    status: OperationStatus
    work_unit: str | None
    started_at: datetime | None
    finished_at: datetime | None
    forecast: OperationForecast | None
    good: int
    scrap: int
    rework: int
    inspected: int
    passed: int
    critical: bool
    behind: timedelta

    @property
    def ends_at(self) -> datetime | None:
        """When it ended, or will in the median; None when nobody has said."""
        if self.finished_at is not None or self.forecast is None:
            return self.finished_at
        return self.forecast.finish.p50_at

    @property
    def drift(self) -> timedelta | None:
        """How much later than planned it ends, at least; less than nothing when earlier.

        None while it isn't late and nobody has said when it will end.
        """
        if self.ends_at is None:
            return self.behind or None
        return max(self.ends_at - self.plan.planned_finish, self.behind or timedelta.min)


class MilestoneLine(Struct, frozen=True, kw_only=True):
    """One milestone. `planned_at`: when the plan of today has its operation end."""

    milestone: Milestone
    planned_at: datetime | None
    forecast: Finish | None
    reached_at: datetime | None

    @property
    def promised_at(self) -> datetime:
        """What it is held to: the committed date, else the baseline."""
        return self.milestone.committed_at or self.milestone.baseline_at

    @property
    def standing(self) -> Standing:
        """Reached, or against its promise: late by P50, at risk by P80."""
        if self.reached_at is not None:
            return Standing.DONE
        if self.forecast is None:
            return Standing.UNKNOWN
        if self.forecast.p50_at > self.promised_at:
            return Standing.LATE
        late_at_worst = self.forecast.p80_at > self.promised_at
        return Standing.AT_RISK if late_at_worst else Standing.ON_TRACK


class NeedLine(Struct, frozen=True, kw_only=True):
    """One material need with what became of it. Units: as the need's quantity."""

    need: MaterialNeed
    forecast: NeedForecast | None
    promised_at: datetime | None
    dispatch_advice: str | None
    shipped: int
    received: int
    standing: Standing

    @property
    def drift(self) -> timedelta | None:
        """How much later than planned it will be needed; less than nothing when earlier."""
        return None if self.forecast is None else self.forecast.need_by - self.need.need_by


class OrderView(Struct, frozen=True, kw_only=True):
    """Everything that the page shows of an order but why it is late.

    `projected_at`: what the plan moved by the delay that is there gives, while no forecast
    says better; None once the order is completed. `closed`: when its line doesn't work.
    """

    order: Order
    area: str | None
    standing: Standing
    now: datetime
    completed_at: datetime | None
    forecast: OrderForecast | None
    projected_at: datetime | None
    operations: tuple[OperationLine, ...]
    milestones: tuple[MilestoneLine, ...]
    needs: tuple[NeedLine, ...]
    window: Span
    closed: tuple[Span, ...]

    @property
    def ends_at(self) -> datetime | None:
        """When it ended, or is expected to: by the forecast's P50, else as projected.

        Never in the past while it isn't completed.
        """
        if self.completed_at is not None:
            return self.completed_at
        if self.forecast is not None:
            return max(self.now, self.forecast.finish.p50_at)
        return None if self.projected_at is None else max(self.now, self.projected_at)

    @property
    def lateness(self) -> timedelta | None:
        """How much later than promised; less than nothing when earlier."""
        return None if self.ends_at is None else self.ends_at - self.order.due_at

    @property
    def done(self) -> int:
        """How many operations are completed."""
        return sum(line.finished_at is not None for line in self.operations)

    @property
    def begun(self) -> bool:
        """Whether anything was reported of its operations."""
        return any(line.started_at is not None for line in self.operations)


def order_view(
    plan: Order,
    board: Board,
    now: datetime,
    *,
    row: RiskRow | None = None,
    forecast: OrderForecast | None = None,
    against: Order | None = None,
) -> OrderView:
    """Join what is known of one order.

    `board`: holds the order's states. `row`: how the live page judges it, else it is judged
    here. `against`: the plan that today's is compared with, None: with no other.
    """
    row = row or order_risk(plan, board, now)
    completed_at = _completed_at(plan, board)
    forecast = None if completed_at is not None else forecast
    operations = _operations(plan, board, forecast, against, now)
    milestones = _milestones(plan, board, forecast)
    area = home_area(plan, areas_by_center(board.site))
    window = _window(plan, now, completed_at, operations, milestones)
    return OrderView(
        order=plan,
        area=area,
        standing=Standing.DONE if completed_at is not None else row.standing,
        now=now,
        completed_at=completed_at,
        forecast=forecast,
        projected_at=row.projected_at if completed_at is None and plan.operations else None,
        operations=operations,
        milestones=milestones,
        needs=_needs(plan, board, forecast, now),
        window=window,
        closed=_closed(board.site, area, window),
    )


def critical_chain(route: Route, ends: Mapping[str, datetime]) -> frozenset[str]:
    """Return the operations that decide the end: the last to end and what it waits for in turn.

    Of several predecessors the one that ends last is taken.
    """
    if not route.operations:
        return frozenset()
    names = [operation.id for operation in route.operations]
    place: int | None = max(range(len(names)), key=lambda i: (ends[names[i]], i))
    chain: set[str] = set()
    while place is not None:
        chain.add(names[place])
        before = [p for p, _ in route.steps[place].before if names[p] not in chain]
        place = max(before, key=lambda p: ends[names[p]], default=None)
    return frozenset(chain)


def _completed_at(plan: Order, board: Board) -> datetime | None:
    if not board.completed(plan):
        return None
    finishes = (board.operation(plan.id, o.id).finished_at for o in plan.operations)
    return max((at for at in finishes if at is not None), default=None)


def _operations(
    plan: Order,
    board: Board,
    forecast: OrderForecast | None,
    against: Order | None,
    now: datetime,
) -> tuple[OperationLine, ...]:
    expected = {f.operation: f for f in forecast.operations} if forecast else {}
    ends = {o.id: _end(plan, o, board, expected.get(o.id)) for o in plan.operations}
    chain = critical_chain(route_of(plan), ends)
    before = {operation.id: operation for operation in against.operations} if against else {}
    return tuple(
        _operation(
            o,
            board.operation(plan.id, o.id),
            expected.get(o.id),
            before.get(o.id),
            o.id in chain,
            now,
        )
        for o in plan.operations
    )


def _end(
    plan: Order, operation: Operation, board: Board, expected: OperationForecast | None
) -> datetime:
    finished_at = board.operation(plan.id, operation.id).finished_at
    if finished_at is not None:
        return finished_at
    return operation.planned_finish if expected is None else expected.finish.p50_at


def _operation(
    operation: Operation,
    state: OperationState,
    expected: OperationForecast | None,
    before: Operation | None,
    critical: bool,
    now: datetime,
) -> OperationLine:
    behind = now - operation.planned_finish if state.finished_at is None else NOTHING
    return OperationLine(
        plan=operation,
        before=before,
        status=state.status,
        work_unit=state.work_unit or operation.work_unit,
        started_at=state.started_at,
        finished_at=state.finished_at,
        forecast=None if state.finished_at is not None else expected,
        good=state.good,
        scrap=state.scrap,
        rework=state.rework,
        inspected=state.inspected,
        passed=state.passed,
        critical=critical,
        behind=max(NOTHING, behind),
    )


def _milestones(
    plan: Order, board: Board, forecast: OrderForecast | None
) -> tuple[MilestoneLine, ...]:
    planned = {operation.id: operation.planned_finish for operation in plan.operations}
    expected: dict[str, MilestoneForecast] = {}
    if forecast is not None:
        expected = {f.milestone: f for f in forecast.milestones}
    return tuple(
        MilestoneLine(
            milestone=milestone,
            planned_at=planned.get(milestone.operation),
            forecast=expected[milestone.id].finish if milestone.id in expected else None,
            reached_at=board.operation(plan.id, milestone.operation).finished_at,
        )
        for milestone in plan.milestones
    )


def _needs(
    plan: Order, board: Board, forecast: OrderForecast | None, now: datetime
) -> tuple[NeedLine, ...]:
    expected = {f.need: f for f in forecast.needs} if forecast else {}
    return tuple(_need(plan, need, board, expected.get(need.id), now) for need in plan.needs)


def _need(
    plan: Order,
    need: MaterialNeed,
    board: Board,
    expected: NeedForecast | None,
    now: datetime,
) -> NeedLine:
    state = board.needs.get(need_subject(plan.id, need.id))
    received = 0 if state is None else state.received
    used = board.operation(plan.id, need.operation).finished_at is not None
    done = used or received >= need.quantity
    ahead = None if expected is None else expected.need_by
    return NeedLine(
        need=need,
        forecast=None if done else expected,
        promised_at=None if state is None else state.promised_at,
        dispatch_advice=None if state is None else state.dispatch_advice,
        shipped=0 if state is None else state.shipped,
        received=received,
        standing=Standing.DONE if done else need_standing(need, state, now, ahead),
    )


def _window(
    plan: Order,
    now: datetime,
    completed_at: datetime | None,
    operations: tuple[OperationLine, ...],
    milestones: tuple[MilestoneLine, ...],
) -> Span:
    """Return the span that holds everything the picture draws, with a little room around."""
    marks = [plan.due_at, *([plan.released_at] if plan.released_at else [])]
    marks += [completed_at or now]
    for line in operations:
        marks += _marks(line)
    for milestone in milestones:
        marks.append(milestone.promised_at)
        marks += [milestone.forecast.p80_at] if milestone.forecast else []
    room = max((max(marks) - min(marks)) / 50, timedelta(minutes=5))
    return min(marks) - room, max(marks) + room


def _marks(line: OperationLine) -> list[datetime]:
    found = [line.plan.planned_start, line.plan.planned_finish]
    found += [line.before.planned_start, line.before.planned_finish] if line.before else []
    found += [at for at in (line.started_at, line.finished_at) if at is not None]
    if line.forecast is not None:
        found += [line.forecast.start_at, line.forecast.finish.p80_at]
    return found


def _closed(site: Site, area: str | None, window: Span) -> tuple[Span, ...]:
    named = next((a.calendar for a in site.areas if a.id == area), None)
    calendar = next((c for c in site.calendars if c.id == named), None)
    if calendar is None:
        return ()
    least = (window[1] - window[0]) * LEAST_CLOSED
    gaps = without([window], working_spans(calendar, site.timezone, *window))
    wide = [gap for gap in gaps if gap[1] - gap[0] > least]
    return tuple(wide) if len(wide) <= MOST_CLOSED else ()
