"""The rows of the wall's panel of milestones: the orders that matter most, as few spans each.

Pure; used by `data.domain.figures`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from data.domain.board import Board
from data.domain.forecast.records import OrderForecast
from data.domain.indexes import Indexes
from data.domain.plan import Milestone, Order
from data.domain.subjects import OperationState
from data.domain.view import MilestoneMark, MilestoneRow, RiskRow

LATE_AFTER = timedelta(minutes=15)


def milestone_rows(
    indexes: Indexes, forecasts: Mapping[str, OrderForecast], area: str, now: datetime, most: int
) -> tuple[MilestoneRow, ...]:
    """Return the orders of a line in most danger, with their milestones."""
    board, found = indexes.board, []
    for risk in indexes.book.worst(area, most):
        state = board.orders.get(risk.order)
        if state is not None and state.plan is not None:
            found.append(_row(board, state.plan, risk, forecasts.get(risk.order), now))
    return tuple(found)


def _row(
    board: Board, plan: Order, risk: RiskRow, forecast: OrderForecast | None, now: datetime
) -> MilestoneRow:
    states = [board.operations.get(f"operation/{plan.id}/{step.id}") for step in plan.operations]
    started = [state.started_at for state in states if state and state.started_at]
    return MilestoneRow(
        order=plan.id,
        product=plan.product,
        standing=risk.standing,
        slack_s=risk.slack_s,
        due_at=plan.due_at,
        planned_start=min((step.planned_start for step in plan.operations), default=None),
        planned_finish=max((step.planned_finish for step in plan.operations), default=None),
        started_at=min(started, default=None),
        worked_until=_worked_until(states, now),
        p50_at=max(forecast.finish.p50_at, now) if forecast else None,
        p80_at=max(forecast.finish.p80_at, now) if forecast else None,
        milestones=tuple(_mark(board, plan, one, forecast, now) for one in plan.milestones),
    )


def _worked_until(states: list[OperationState | None], now: datetime) -> datetime | None:
    """Return now while an operation is open and begun, else when the last one ended."""
    begun = [state for state in states if state is not None and state.started_at is not None]
    if any(state.finished_at is None for state in begun):
        return now
    return max((state.finished_at for state in begun if state.finished_at), default=None)


def _mark(
    board: Board, plan: Order, milestone: Milestone, forecast: OrderForecast | None, now: datetime
) -> MilestoneMark:
    planned_at = milestone.committed_at or milestone.baseline_at
    state = board.operations.get(f"operation/{plan.id}/{milestone.operation}")
    reached_at = state.finished_at if state is not None else None
    if reached_at is not None:
        at = reached_at
    else:
        at = max(_forecast(forecast, milestone.id) or planned_at, now)
    late = at > planned_at + LATE_AFTER
    return MilestoneMark(planned_at=planned_at, at=at, reached=reached_at is not None, late=late)


def _forecast(forecast: OrderForecast | None, milestone: str) -> datetime | None:
    if forecast is None:
        return None
    found = (one.finish.p50_at for one in forecast.milestones if one.milestone == milestone)
    return next(found, None)
