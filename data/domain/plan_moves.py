"""Which dates one plan of an order has otherwise than another. Pure; for the order's page."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from data.domain.plan import Order


class Move(Struct, frozen=True, kw_only=True):
    """One date that moved; `name`: of the operation, milestone or part."""

    what: Literal["due", "start", "finish", "milestone", "need"]
    name: str
    before: datetime
    after: datetime

    @property
    def by(self) -> timedelta:
        """How much later it is now; less than nothing when earlier."""
        return self.after - self.before


def moves(before: Order, after: Order) -> tuple[Move, ...]:
    """Return the dates that moved, as the later plan lists what they belong to."""
    found = _pairs(before, after)
    return tuple(move for move in found if move.before != move.after)


def _pairs(before: Order, after: Order) -> Iterator[Move]:
    yield Move(what="due", name="", before=before.due_at, after=after.due_at)
    operations = {operation.id: operation for operation in before.operations}
    for now in after.operations:
        was, name = operations.get(now.id, now), now.name or now.id
        yield Move(what="start", name=name, before=was.planned_start, after=now.planned_start)
        yield Move(what="finish", name=name, before=was.planned_finish, after=now.planned_finish)
    milestones = {milestone.id: milestone for milestone in before.milestones}
    for milestone in after.milestones:
        old = milestones.get(milestone.id, milestone)
        yield Move(
            what="milestone",
            name=milestone.name or milestone.id,
            before=old.committed_at or old.baseline_at,
            after=milestone.committed_at or milestone.baseline_at,
        )
    needs = {need.id: need for need in before.needs}
    for need in after.needs:
        was_by = needs.get(need.id, need).need_by
        yield Move(what="need", name=need.part, before=was_by, after=need.need_by)
