"""Material that isn't promised, shipped or there in time, or is promised too late.

Pure. What counts is when it is needed as `data.domain.needed` has it, here as everywhere.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from data.domain.events import need_subject, operation_subject
from data.domain.exceptions.conditions.ground import (
    Look,
    applies,
    operation_in,
    parties_of,
)
from data.domain.exceptions.conditions.scheduled import NEVER, Member, Scheduled
from data.domain.exceptions.records import Finding, Place, Value
from data.domain.exceptions.rules import Condition, Rule
from data.domain.needed import needed
from data.domain.plan import MaterialNeed, Operation, Order
from data.domain.subjects import NeedState

OF_NEEDS = (
    Condition.NOT_PROMISED,
    Condition.NOT_SHIPPED,
    Condition.NOT_RECEIVED,
    Condition.PROMISED_LATE,
)


class _Open(Struct, frozen=True):
    """A need that isn't met: when it is needed, and what became of it."""

    plan: Order
    need: MaterialNeed
    by: datetime
    state: NeedState
    operation: Operation | None


class Needs(Scheduled):
    """All rules on material."""

    def members(self, order: str) -> list[Member]:
        """Return the needs that aren't met, by when they are needed."""
        plan = self.ground.open_plan(order)
        if plan is None:
            return []
        return [
            Member("", (self._by(plan, need).timestamp(), need_subject(order, need.id)))
            for need in plan.needs
            if self._is_open(plan, need)
        ]

    def cut(self, rule: Rule, lane: str, look: Look) -> float:
        """Return the instant before which a need has to be seen to by now."""
        if rule.condition is Condition.PROMISED_LATE:
            return NEVER
        return look.now_s + rule.limit_s

    def judge(self, rule: Rule, subject: str, look: Look) -> Finding | None:
        """Say whether material is missing in the way that the rule looks for."""
        found = self._open(subject)
        if found is None or not self._holds(rule, subject, found, look.now):
            return None
        center = None if found.operation is None else found.operation.work_center
        area = self.ground.area_of.get(center or "")
        if rule.applies and not _is_for(rule, found, area, center):
            return None
        return Finding(
            rule=rule.id,
            subject=subject,
            since=self.ground.since(rule, subject, look.now),
            place=Place(area=area, work_center=center, order=found.plan.id),
            values=_values(rule, found),
            parties=parties_of(found.need.supplier),
        )

    def _holds(self, rule: Rule, subject: str, found: _Open, now: datetime) -> bool:
        stands, promised_at = self.ground.stands(rule, subject), found.state.promised_at
        if rule.condition is Condition.PROMISED_LATE:
            margin_s = min(rule.limit_s, rule.below_s) if stands else rule.limit_s
            late = timedelta(seconds=margin_s)
            return promised_at is not None and promised_at > found.by + late
        if rule.condition is Condition.NOT_PROMISED and promised_at is not None:
            return False
        if rule.condition is Condition.NOT_SHIPPED and found.state.shipped >= found.need.quantity:
            return False
        before_s = rule.limit_s + (max(0.0, rule.below_s) if stands else 0.0)
        return now > found.by - timedelta(seconds=before_s)

    def _open(self, subject: str) -> _Open | None:
        _, order, name = subject.split("/")
        plan = self.ground.open_plan(order)
        need = next((one for one in plan.needs if one.id == name), None) if plan else None
        if plan is None or need is None or not self._is_open(plan, need):
            return None
        state = self.ground.board.needs.get(subject) or NeedState(subject)
        operation = operation_in(plan, need.operation)
        return _Open(plan, need, self._by(plan, need), state, operation)

    def _is_open(self, plan: Order, need: MaterialNeed) -> bool:
        state = self.ground.board.needs.get(need_subject(plan.id, need.id))
        if state is not None and state.received >= need.quantity:
            return False
        using = self.ground.board.operations.get(operation_subject(plan.id, need.operation))
        return using is None or using.finished_at is None

    def _by(self, plan: Order, need: MaterialNeed) -> datetime:
        made = self.ground.forecast(plan.id)
        for one in made.needs if made else ():
            if one.need == need.id:
                return needed(need.need_by, one.need_by).at
        return need.need_by


def _is_for(rule: Rule, found: _Open, area: str | None, center: str | None) -> bool:
    return applies(
        rule,
        area=area,
        work_center=center,
        product=found.plan.product,
        customer=found.plan.customer,
        supplier=found.need.supplier,
        critical=found.operation is not None and found.operation.critical,
    )


def _values(rule: Rule, found: _Open) -> dict[str, Value]:
    need, state = found.need, found.state
    return {
        "need": need.id,
        "part": need.part,
        "name": need.name,
        "supplier": need.supplier,
        "quantity": need.quantity,
        "operation": need.operation,
        "product": found.plan.product,
        "need_by": found.by,
        "planned_by": need.need_by,
        "promised_at": state.promised_at,
        "shipped": state.shipped,
        "received": state.received,
        "limit_s": rule.limit_s,
    }
