"""Make the delay ledger of an order.

Pure; imported by services and the watch. What it promises: docs/adr/0010-delay-ledger.md.
"""

from datetime import datetime

from data.domain.ledger.credit import visit_steps, window_of
from data.domain.ledger.pieces import Piece, fused, owner_of
from data.domain.ledger.records import NOTHING, Cause, Facts, Ledger, Step
from data.domain.ledger.scene import Scene
from data.domain.ledger.walk import walk
from data.domain.plan import Order


def delay_ledger(facts: Facts) -> Ledger:
    """Account for an order's time from its release to its completion, forecast or now.

    What the steps took adds up to `end - origin` and what they add to the lateness to
    `end - due_at`, exactly. `origin` is the release, or the first planned start where no
    release is known, and never after the end. An order that isn't completed is walked from
    now; the time to a forecast after now is one step.
    """
    scene, order = Scene(facts), facts.order
    present = _present(scene)
    origin = min(released_at(order) or present, present)
    completed = scene.completed
    forecast_at = None if completed else facts.forecast_at
    end = present if forecast_at is None else max(present, forecast_at)
    steps, planned_to = _walked(scene, origin, present)
    if not completed:
        steps += _to_come(order, steps, (origin, present, end), planned_to)
        planned_to = _plan_end(order, planned_to)
    steps.append(_slack(end, planned_to, order.due_at))
    return Ledger(
        order=order.id,
        origin=origin,
        end=end,
        due_at=order.due_at,
        completed=completed,
        steps=tuple(step for step in steps if step.actual or step.planned),
    )


def released_at(order: Order) -> datetime | None:
    """Return when an order could begin: its release, else its first planned start."""
    if order.released_at is not None:
        return order.released_at
    return min((operation.planned_start for operation in order.operations), default=None)


def _present(scene: Scene) -> datetime:
    """Return the instant that the walk begins at: completion, or now."""
    if not scene.completed:
        return scene.now
    return max(course.finishes[-1] for course in scene.courses.values())


def _walked(scene: Scene, origin: datetime, present: datetime) -> tuple[list[Step], datetime]:
    visits = walk(scene, origin, present)
    steps: list[Step] = []
    planned_to = origin
    for i, visit in enumerate(visits):
        window = window_of(visit.operation, planned_to)
        stands = not scene.completed and i == len(visits) - 1
        steps += visit_steps(scene, visit, window, last=stands)
        planned_to = window.finish
    if not visits:
        steps += _blank(origin, present)
    return steps, planned_to


def _blank(origin: datetime, present: datetime) -> list[Step]:
    pieces = fused([Piece(cause=Cause.UNEXPLAINED, start=origin, end=present)])
    owner = owner_of(Cause.UNEXPLAINED, None, None)
    return [Step(cause=p.cause, owner=owner, start=p.start, end=p.end) for p in pieces]


def _plan_end(order: Order, planned_to: datetime) -> datetime:
    return max([planned_to, *(operation.planned_finish for operation in order.operations)])


def _to_come(
    order: Order,
    steps: list[Step],
    times: tuple[datetime, datetime, datetime],
    planned_to: datetime,
) -> list[Step]:
    """Return the time from now to the forecast, against what the plan has left."""
    origin, present, end = times
    used = sum((step.planned for step in steps), NOTHING)
    left = _plan_end(order, planned_to) - origin - used
    owner = owner_of(Cause.TO_COME, None, None)
    return [Step(cause=Cause.TO_COME, owner=owner, start=present, end=end, planned=left)]


def _slack(end: datetime, planned_to: datetime, due_at: datetime) -> Step:
    owner = owner_of(Cause.SLACK, None, None)
    return Step(cause=Cause.SLACK, owner=owner, start=end, end=end, planned=due_at - planned_to)
