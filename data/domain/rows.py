"""Rows: what there is to say of an order, an operation, a milestone, a need; all of it.

Pure. Made from a board and its forecasts, and shown to nobody before `data.domain.disclosure`
has been over them. Each row names the parties that it concerns.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from data.domain.board import Board
from data.domain.dates import NOTHING_SAID, Subject
from data.domain.dates import Standing as Agreed
from data.domain.disclosure import Row, Value
from data.domain.events import OperationStatus, need_subject
from data.domain.exceptions.records import Case, Hit
from data.domain.facts import Facts
from data.domain.forecast.records import Finish, OrderForecast
from data.domain.material import need_standing
from data.domain.plan import MaterialNeed, Milestone, Operation, Order
from data.domain.policy import Kind
from data.domain.view import Standing

# What the dates are forecast by that an exception moves. A party that may not know these isn't told
# of it: that it stands, or doesn't, would say how the forecast lies against plan and promise.
_FORECAST_OF = {
    "need": (Kind.NEED, "forecast_need_by"),
    "milestone": (Kind.MILESTONE, "forecast_p80_at"),
    "order": (Kind.ORDER, "forecast_p80_at"),
}
_UNDATED: Mapping[str, Value] = {"before_at": None, "after_at": None, "moved_s": 0.0}


class Rows(Struct, frozen=True, kw_only=True):
    """Makes the rows of a site's orders as of one instant.

    `dates`: what was agreed with each order's customer about its milestones.
    """

    board: Board
    facts: Facts
    now: datetime
    dates: Mapping[Subject, Agreed] = {}

    def needs(self, orders: Iterable[str]) -> Iterator[Row]:
        """Yield a row for each material need."""
        for plan in self._plans(orders):
            for need in plan.needs:
                yield self._need(plan, need)

    def operations(self, orders: Iterable[str]) -> Iterator[Row]:
        """Yield a row for each operation."""
        for plan in self._plans(orders):
            for operation in plan.operations:
                yield self._operation(plan, operation)

    def milestones(self, orders: Iterable[str]) -> Iterator[Row]:
        """Yield a row for each milestone."""
        for plan in self._plans(orders):
            for milestone in plan.milestones:
                yield self._milestone(plan, milestone)

    def orders(self, orders: Iterable[str]) -> Iterator[Row]:
        """Yield a row for each order."""
        for plan in self._plans(orders):
            yield self._order(plan)

    def exceptions(self, cases: Iterable[Case], party: str | None) -> Iterator[Row]:
        """Yield a row for each exception; for a party, one for each thing of it that is moved.

        Of one that moves nothing of a party's, and is about nothing of it, the party gets none:
        it concerns the party by what stands inside of it, which has rows of its own.
        """
        for case in cases:
            if party is None:
                yield self._exception(case, next(iter(case.hits), None), None)
                continue
            own = [hit for hit in case.hits if hit.party == party] or self._about(case, party)
            for hit in own:
                yield self._exception(case, hit, party)
            if not own and self._performs(case.subject, party):
                yield self._exception(case, None, party)

    def _performs(self, subject: str, party: str) -> bool:
        kind, _, rest = subject.partition("/")
        order, _, name = rest.partition("/")
        state = self.board.orders.get(order) if kind == "operation" else None
        steps = () if state is None or state.plan is None else state.plan.operations
        return any(one.id == name and one.performed_by == party for one in steps)

    def _about(self, case: Case, party: str) -> list[Hit]:
        """Return what an exception is about, where that is the party's: no forecast moved yet."""
        kind, _, rest = case.subject.partition("/")
        order, _, own = rest.partition("/")
        state, known = self.board.orders.get(order), case.values
        plan = None if state is None else state.plan
        buys = plan is not None and party in (plan.customer, plan.shipped_by)
        dates = {"need": ("planned_by", "need_by"), "milestone": ("due_at", "p80_at"),
                 "order": ("due_at", "p80_at")}  # fmt: skip
        if kind not in dates or not (known.get("supplier") == party if kind == "need" else buys):
            return []
        before, after = (known.get(name) for name in dates[kind])
        name = known.get("name") if kind == "need" else known.get("milestone_name")
        return [
            Hit(
                kind=kind, order=order, id=own, name=str(name or ""), party=party,
                before_at=before if isinstance(before, datetime) else None,
                after_at=after if isinstance(after, datetime) else None,
            )
        ]  # fmt: skip

    def _exception(self, case: Case, hit: Hit | None, party: str | None) -> Row:
        place, order = case.place, case.place.order if hit is None else hit.order
        inside = party is None or hit is not None
        late = hit is not None and hit.moved_s > 0
        fields: dict[str, Value] = {
            "exception": case.name,
            "order": order if inside else None,
            "need": hit.id if hit is not None and hit.kind == "need" else None,
            "milestone": hit.id if hit is not None and hit.kind == "milestone" else None,
            "name": None if hit is None else hit.name,
            "supplier": hit.party if hit is not None and hit.kind == "need" else None,
            "customer": hit.party if hit is not None and hit.kind != "need" else None,
            "area": place.area,
            "work_center": place.work_center,
            "work_unit": place.work_unit,
            "condition": case.kind,
            "severity": case.severity,
            "state": case.state,
            "since": case.since,
            "raised_at": case.raised_at,
            "acknowledged_at": case.acknowledged_at,
            "before_at": None if hit is None else hit.before_at,
            "after_at": None if hit is None else hit.after_at,
            "moved_s": 0.0 if hit is None else hit.moved_s,
            "standing": Standing.LATE if late else Standing.AT_RISK,
        }
        own = None if party is None or hit is None else _FORECAST_OF.get(hit.kind)
        return Row(
            kind=Kind.EXCEPTION,
            fields=fields,
            parties=case.parties,
            rests_on=own,
            roughly=_UNDATED,
        )

    def _plans(self, orders: Iterable[str]) -> Iterator[Order]:
        for order in orders:
            state = self.board.orders.get(order)
            if state is not None and state.plan is not None and not state.plan.cancelled:
                yield state.plan

    def _forecast(self, plan: Order) -> OrderForecast | None:
        return self.facts.forecasts.get(plan.id)

    def _need(self, plan: Order, need: MaterialNeed) -> Row:
        state = self.board.needs.get(need_subject(plan.id, need.id))
        made = self._forecast(plan)
        ahead = next((n for n in made.needs if n.need == need.id), None) if made else None
        operation = next((o for o in plan.operations if o.id == need.operation), None)
        used = self.board.operation(plan.id, need.operation).finished_at is not None
        received = 0 if state is None else state.received
        met = used or received >= need.quantity
        ahead = None if met else ahead
        by = None if ahead is None else ahead.need_by
        standings = [
            Standing.DONE if met else need_standing(need, state, self.now, at) for at in (by, None)
        ]
        fields: dict[str, Value] = {
            "order": plan.id,
            "need": need.id,
            "product": plan.product,
            "customer": plan.customer,
            "part": need.part,
            "name": need.name,
            "supplier": need.supplier,
            "operation": need.operation,
            "work_center": None if operation is None else operation.work_center,
            "quantity": need.quantity,
            "need_by": need.need_by,
            "forecast_need_by": by,
            "early_at": None if ahead is None else ahead.early_at,
            "order_due_at": plan.due_at,
            "promised_at": None if state is None else state.promised_at,
            "shipped": 0 if state is None else state.shipped,
            "received": received,
            "dispatch_advice": None if state is None else state.dispatch_advice,
            "standing": standings[0],
        }
        return Row(
            kind=Kind.NEED,
            fields=fields,
            parties=frozenset({need.supplier}),
            without={"forecast_need_by": {"standing": standings[1]}},
        )

    def _operation(self, plan: Order, operation: Operation) -> Row:
        state = self.board.operation(plan.id, operation.id)
        made = self._forecast(plan)
        ahead = (
            next((o for o in made.operations if o.operation == operation.id), None)
            if made
            else None
        )
        finish = None if ahead is None else ahead.finish
        expected = state.finished_at or (self.now if finish is None else finish.p50_at)
        done = state.status is OperationStatus.COMPLETED
        fields: dict[str, Value] = {
            "order": plan.id,
            "operation": operation.id,
            "name": operation.name,
            "product": plan.product,
            "work_center": operation.work_center,
            "work_unit": state.work_unit or operation.work_unit,
            "performed_by": operation.performed_by,
            "critical": operation.critical,
            "quantity": plan.quantity,
            "planned_start": operation.planned_start,
            "planned_finish": operation.planned_finish,
            "started_at": state.started_at,
            "finished_at": state.finished_at,
            "forecast_start_at": None if ahead is None else ahead.start_at,
            **_finish(finish),
            "status": state.status,
            "reason": None,
            "good": state.good,
            "scrap": state.scrap,
            "rework": state.rework,
            "inspected": state.inspected,
            "passed": state.passed,
            "standing": _standing(done, expected, finish, operation.planned_finish),
        }
        parties = frozenset({operation.performed_by} if operation.performed_by else ())
        return Row(kind=Kind.OPERATION, fields=fields, parties=parties)

    def _milestone(self, plan: Order, milestone: Milestone) -> Row:
        reached_at = self.board.operation(plan.id, milestone.operation).finished_at
        made = self._forecast(plan)
        ahead = (
            next((m for m in made.milestones if m.milestone == milestone.id), None)
            if made
            else None
        )
        finish = None if ahead is None else ahead.finish
        agreed = self.dates.get(Subject(plan.id, milestone.id, plan.customer or ""), NOTHING_SAID)
        promised = agreed.confirmed_at or milestone.committed_at or milestone.baseline_at
        expected = reached_at or (self.now if finish is None else finish.p50_at)
        fields: dict[str, Value] = {
            "order": plan.id,
            "milestone": milestone.id,
            "name": milestone.name,
            "product": plan.product,
            "customer": plan.customer,
            "quantity": plan.quantity,
            "baseline_at": milestone.baseline_at,
            "committed_at": milestone.committed_at,
            "requested_at": agreed.requested_at,
            "confirmed_at": agreed.confirmed_at,
            **_finish(finish),
            "reached_at": reached_at,
            "standing": _standing(reached_at is not None, expected, finish, promised),
        }
        return Row(kind=Kind.MILESTONE, fields=fields, parties=_outside(plan))

    def _order(self, plan: Order) -> Row:
        states = [self.board.operation(plan.id, operation.id) for operation in plan.operations]
        open_ = next(
            (o for o, s in zip(plan.operations, states, strict=True) if not s.finished_at), None
        )
        ends = [state.finished_at for state in states if state.finished_at is not None]
        completed_at = max(ends) if ends and open_ is None else None
        made = self._forecast(plan)
        finish = made.finish if made is not None and completed_at is None else None
        expected = completed_at or (self.now if finish is None else finish.p50_at)
        fields: dict[str, Value] = {
            "order": plan.id,
            "product": plan.product,
            "family": plan.family,
            "customer": plan.customer,
            "area": plan.area,
            "work_center": None if open_ is None else open_.work_center,
            "released_at": plan.released_at,
            "due_at": plan.due_at,
            **_finish(finish),
            "completed_at": completed_at,
            "quantity": plan.quantity,
            "good": states[-1].good if states else 0,
            "done": len(ends),
            "operations": len(states),
            "late_s": max(0.0, (expected - plan.due_at).total_seconds()),
            "cause": None,
            "standing": _standing(completed_at is not None, expected, finish, plan.due_at),
        }
        return Row(kind=Kind.ORDER, fields=fields, parties=_outside(plan))


def _outside(plan: Order) -> frozenset[str]:
    """Return who may know of an order and of its milestones: who buys it and who ships it."""
    return frozenset(party for party in (plan.customer, plan.shipped_by) if party is not None)


def _finish(finish: Finish | None) -> dict[str, Value]:
    return {
        "forecast_p50_at": None if finish is None else finish.p50_at,
        "forecast_p80_at": None if finish is None else finish.p80_at,
    }


def _standing(
    done: bool, expected: datetime, finish: Finish | None, promised: datetime
) -> Standing:
    """Say how something stands against its promise; when done, as a thing done."""
    if done:
        return Standing.DONE
    if expected > promised:
        return Standing.LATE
    if finish is not None and finish.p80_at > promised:
        return Standing.AT_RISK
    return Standing.ON_TRACK
