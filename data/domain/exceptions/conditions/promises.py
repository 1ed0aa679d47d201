"""Orders and milestones whose forecast lies beyond what was promised.

Pure. P80 counts, and now where that is later. What stands goes on until P80 is back within the
rule's lower limit, so that a forecast that wavers around one limit tells nobody twice; and while
a forecast is still to come, as after a restart, it stays as it was.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from data.domain.events import operation_subject, order_subject
from data.domain.exceptions.conditions.ground import Ground, Look, applies, parties_of
from data.domain.exceptions.conditions.routes import cause_of_order, front, unit_at
from data.domain.exceptions.conditions.scheduled import Member, Scheduled
from data.domain.exceptions.records import Finding, Place, Value
from data.domain.exceptions.rules import Condition, Rule
from data.domain.forecast.records import Finish
from data.domain.line import home_area
from data.domain.plan import Milestone, Operation, Order


class _Promise(Struct, frozen=True):
    """What was promised, and what is expected."""

    plan: Order
    due_at: datetime
    finish: Finish | None
    goal: Operation | None = None  # None: the whole order
    milestone: Milestone | None = None


class Promises(Scheduled):
    """Rules on orders, or on milestones."""

    def __init__(self, rules: Sequence[Rule], ground: Ground, milestones: bool) -> None:
        super().__init__(rules, ground)
        self._milestones = milestones

    def members(self, order: str) -> list[Member]:
        """Return the order, or its milestones that aren't reached, by what was promised."""
        plan = self.ground.open_plan(order)
        if plan is None:
            return []
        if not self._milestones:
            return [Member("", (plan.due_at.timestamp(), order_subject(order)))]
        return [
            Member("", (_committed(one).timestamp(), milestone_subject(order, one.id)))
            for one in plan.milestones
            if not self._reached(plan, one)
        ]

    def cut(self, rule: Rule, lane: str, look: Look) -> float:
        """Return the instant before which whatever was promised is too late by now."""
        return look.now_s - rule.limit_s

    def judge(self, rule: Rule, subject: str, look: Look) -> Finding | None:
        """Say whether what was promised will be late."""
        promise = self._promise(subject)
        if promise is None or not self._is_late(rule, subject, promise, look.now):
            return None
        plan, goal = promise.plan, promise.goal
        at = front(self.ground.board, plan, None if goal is None else goal.id)
        area = home_area(plan, self.ground.area_of)
        if rule.applies and not _is_for(rule, promise, area):
            return None
        return Finding(
            rule=rule.id,
            subject=subject,
            since=self.ground.since(rule, subject, look.now),
            cause=self._within(rule, promise) or cause_of_order(self.ground, plan, at),
            place=Place(
                area=area,
                work_center=None if at is None else at.work_center,
                work_unit=unit_at(self.ground, plan, at),
                order=plan.id,
            ),
            values=_values(rule, promise),
            parties=parties_of(plan.customer, plan.shipped_by),
        )

    def _is_late(self, rule: Rule, subject: str, promise: _Promise, now: datetime) -> bool:
        stands, finish = self.ground.stands(rule, subject), promise.finish
        if stands and self.ground.awaits_forecast(promise.plan):
            return True
        margin_s = min(rule.limit_s, rule.below_s) if stands else rule.limit_s
        expected = now if finish is None else max(now, finish.p80_at)
        return expected > promise.due_at + timedelta(seconds=margin_s)

    def _within(self, rule: Rule, promise: _Promise) -> str:
        """Return the subject that a milestone's lateness stands within; empty for an order's.

        The first milestone of the order that the forecast has as late, by the same rule; else
        the order, when it is expected late too.
        """
        plan, milestone = promise.plan, promise.milestone
        made = self.ground.forecast(plan.id)
        if made is None or milestone is None:
            return ""
        expected = {one.milestone: one.finish.p80_at for one in made.milestones}
        late, allowed = list[tuple[datetime, str]](), timedelta(seconds=rule.limit_s)
        for one in plan.milestones:
            due, p80_at = _committed(one), expected.get(one.id)
            if p80_at is not None and p80_at > due + allowed and not self._reached(plan, one):
                late.append((due, one.id))
        first = min(late, default=None)
        if first is not None and first < (_committed(milestone), milestone.id):
            return milestone_subject(plan.id, first[1])
        return order_subject(plan.id) if made.finish.p80_at > plan.due_at else ""

    def _promise(self, subject: str) -> _Promise | None:
        _, order, *name = subject.split("/")
        plan, made = self.ground.open_plan(order), self.ground.forecast(order)
        if plan is None:
            return None
        if not name:
            return _Promise(plan, plan.due_at, None if made is None else made.finish)
        milestone = next((one for one in plan.milestones if one.id == name[0]), None)
        if milestone is None or self._reached(plan, milestone):
            return None
        goal = next((one for one in plan.operations if one.id == milestone.operation), None)
        found = [one for one in made.milestones if one.milestone == name[0]] if made else []
        finish = found[0].finish if found else None
        return _Promise(plan, _committed(milestone), finish, goal, milestone)

    def _reached(self, plan: Order, milestone: Milestone) -> bool:
        state = self.ground.board.operations.get(operation_subject(plan.id, milestone.operation))
        return state is not None and state.finished_at is not None


def milestone_subject(order: str, milestone: str) -> str:
    """Return the subject of a milestone."""
    return f"milestone/{order}/{milestone}"


def _committed(milestone: Milestone) -> datetime:
    return milestone.committed_at or milestone.baseline_at


def _is_for(rule: Rule, promise: _Promise, area: str | None) -> bool:
    plan, goal = promise.plan, promise.goal
    return applies(
        rule,
        area=area,
        work_center=None if goal is None else goal.work_center,
        product=plan.product,
        customer=plan.customer,
        critical=goal is not None and goal.critical,
    )


def _values(rule: Rule, promise: _Promise) -> dict[str, Value]:
    plan, finish, milestone = promise.plan, promise.finish, promise.milestone
    named: dict[str, Value] = {}
    if rule.condition is Condition.MILESTONE_AT_RISK and milestone is not None:
        named = {
            "milestone": milestone.id,
            "milestone_name": milestone.name,
            "operation": milestone.operation,
        }
    return {
        "product": plan.product,
        "quantity": plan.quantity,
        "customer": plan.customer,
        "due_at": promise.due_at,
        "p50_at": None if finish is None else finish.p50_at,
        "p80_at": None if finish is None else finish.p80_at,
        "limit_s": rule.limit_s,
        **named,
    }
