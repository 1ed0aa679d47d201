"""Operations that aren't started, or not finished, when the plan says so.

Pure. Tolerances are working time of the area's calendar; who is off shift is late for nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from data.domain.events import operation_subject
from data.domain.exceptions.conditions.ground import (
    Ground,
    Look,
    applies,
    instant,
    parties_of,
)
from data.domain.exceptions.conditions.routes import cause_of, operation_of
from data.domain.exceptions.conditions.scheduled import Member, Scheduled
from data.domain.exceptions.records import Finding, Place, Value
from data.domain.exceptions.rules import Condition, Rule
from data.domain.plan import Operation, Order
from data.domain.subjects import OperationState


class Operations(Scheduled):
    """Rules of one of the two conditions; `finish`: the other one."""

    eager = False

    def __init__(self, rules: Sequence[Rule], ground: Ground, finish: bool) -> None:
        super().__init__(rules, ground)
        self._finish = finish
        self._laid: dict[str, tuple[Order, int, list[Member]]] = {}

    def members(self, order: str) -> list[Member]:
        """Return the operations that aren't begun, or not finished, by their planned instant."""
        state = self.ground.board.orders.get(order)
        plan = state.plan if state else None
        if plan is None or plan.cancelled:
            self._laid.pop(order, None)
            return []
        states = self.ground.board.operations
        laid = self._lay(plan)
        left = [one for one in laid if self._is_left(states.get(one.due[1]))]
        if not left:
            self._laid.pop(order, None)  # over, and on the board for days still
        return laid if len(left) == len(laid) else left

    def cut(self, rule: Rule, lane: str, look: Look) -> float:
        """Return the working time that the rule's tolerance ago had passed."""
        return self.ground.axis(lane).worked_at(look.now_s) - rule.limit_s

    def judge(self, rule: Rule, subject: str, look: Look) -> Finding | None:
        """Say whether an operation is so much working time behind its plan."""
        _, order, _ = subject.split("/")
        holder = self.ground.board.orders.get(order)
        plan = holder.plan if holder else None
        operation = None if plan is None or plan.cancelled else operation_of(plan, subject)
        state = self.ground.board.operations.get(subject)
        if plan is None or operation is None or not self._is_left(state):
            return None
        area = self.ground.area_of.get(operation.work_center)
        axis, at = self.ground.axis(area), self._planned(operation)
        due = axis.worked_at(at.timestamp()) + rule.limit_s
        if due >= axis.worked_at(look.now_s) or not _is_for(rule, plan, operation, area, state):
            return None
        return Finding(
            rule=rule.id,
            subject=subject,
            since=instant(axis.exceeded_at(due)),
            cause=cause_of(self.ground, plan, operation),
            place=Place(
                area=area,
                work_center=operation.work_center,
                work_unit=_unit(operation, state),
                order=order,
            ),
            values=_values(rule, plan, operation, at, state),
            parties=parties_of(operation.performed_by),
        )

    def _lay(self, plan: Order) -> list[Member]:
        """Return all operations of a plan as members; the same while plan and axes are."""
        known = self._laid.get(plan.id)
        if known is not None and known[0] is plan and known[1] == self.ground.generation:
            return known[2]
        members = []
        for operation in plan.operations:
            area = self.ground.area_of.get(operation.work_center)
            at = self.ground.axis(area).worked_at(self._planned(operation).timestamp())
            members.append(Member(area or "", (at, operation_subject(plan.id, operation.id))))
        self._laid[plan.id] = (plan, self.ground.generation, members)
        return members

    def _planned(self, operation: Operation) -> datetime:
        return operation.planned_finish if self._finish else operation.planned_start

    def _is_left(self, state: OperationState | None) -> bool:
        if state is None:
            return True
        return state.finished_at is None if self._finish else state.started_at is None


def _is_for(
    rule: Rule, plan: Order, operation: Operation, area: str | None, state: OperationState | None
) -> bool:
    return not rule.applies or applies(
        rule,
        area=area,
        work_center=operation.work_center,
        work_unit=_unit(operation, state),
        product=plan.product,
        customer=plan.customer,
        supplier=operation.performed_by,
        critical=operation.critical,
    )


def _unit(operation: Operation, state: OperationState | None) -> str | None:
    return (state.work_unit if state else None) or operation.work_unit


def _values(
    rule: Rule, plan: Order, operation: Operation, at: datetime, state: OperationState | None
) -> dict[str, Value]:
    begun: dict[str, Value] = {}
    if rule.condition is Condition.NOT_FINISHED:
        begun = {"started_at": state.started_at if state else None}
    return {
        "operation": operation.id,
        "operation_name": operation.name,
        "product": plan.product,
        "quantity": plan.quantity,
        "customer": plan.customer,
        "critical": operation.critical,
        "performed_by": operation.performed_by,
        "planned_at": at,
        "limit_s": rule.limit_s,
        **begun,
    }
