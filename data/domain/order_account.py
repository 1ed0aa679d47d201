"""The delay ledger of an order as its page shows it: numbered, in whole seconds, summed by cause.

Pure; imported by callbacks and layouts. The seconds shown add up: each step's are the
difference of two running totals cut to whole seconds, so no rounding is left over.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import accumulate, groupby

from msgspec import Struct

from data.domain.ledger.records import NOTHING, Cause, Ledger, Owner, Step

APART = (Cause.SLACK, Cause.TO_COME)  # they stand in the sum and explain no delay
SMALL = 0.01  # of all that the steps add and take, below which a step may be folded away
LEAST_FOLDED = 3  # so many small steps in a row are worth folding
_SECOND = timedelta(seconds=1)


class StepLine(Struct, frozen=True, kw_only=True):
    """One step. `number`: from 1 on. `before_s`: how late the order was by the steps before it.

    `late_s` is `actual_s - planned_s`. Units: whole seconds.
    """

    number: int
    step: Step
    before_s: int
    late_s: int
    actual_s: int
    small: bool

    @property
    def planned_s(self) -> int:
        """What was planned for it."""
        return self.actual_s - self.late_s

    @property
    def after_s(self) -> int:
        """How late the order is with it."""
        return self.before_s + self.late_s


class CauseLine(Struct, frozen=True, kw_only=True):
    """What all steps of one cause add; `owners`: who answers, the most time first."""

    cause: Cause
    late_s: int
    steps: int
    owners: tuple[Owner, ...]


class PlaceLine(Struct, frozen=True, kw_only=True):
    """What all steps at one operation add; None: the order as a whole."""

    operation: str | None
    late_s: int


class Account(Struct, frozen=True, kw_only=True):
    """The whole account: `lateness_s` is the sum of `steps`, of `causes` with `apart`, of `places`.

    `places`: in the order in which the walk came by.
    """

    ledger: Ledger
    lateness_s: int
    steps: tuple[StepLine, ...]
    causes: tuple[CauseLine, ...]
    apart: tuple[CauseLine, ...]
    places: tuple[PlaceLine, ...]

    def step(self, number: int) -> StepLine | None:
        """Return a step by its number."""
        return self.steps[number - 1] if 1 <= number <= len(self.steps) else None


class Fold(Struct, frozen=True, kw_only=True):
    """Neighbours: one step that is shown by itself, or small ones that are folded away."""

    steps: tuple[StepLine, ...]

    @property
    def late_s(self) -> int:
        """What they add together."""
        return sum(line.late_s for line in self.steps)


def account_of(ledger: Ledger) -> Account:
    """Make a ledger ready to be shown."""
    lates = _running(step.late for step in ledger.steps)
    actuals = _running(step.actual for step in ledger.steps)
    whole_s = sum(abs(step.late.total_seconds()) for step in ledger.steps)
    steps = tuple(
        StepLine(
            number=i + 1,
            step=step,
            before_s=lates[i],
            late_s=lates[i + 1] - lates[i],
            actual_s=actuals[i + 1] - actuals[i],
            small=abs(step.late.total_seconds()) < SMALL * whole_s,
        )
        for i, step in enumerate(ledger.steps)
    )
    causes = _causes(steps)
    return Account(
        ledger=ledger,
        lateness_s=lates[-1],
        steps=steps,
        causes=tuple(line for line in causes if line.cause not in APART),
        apart=tuple(line for line in causes if line.cause in APART),
        places=_places(steps),
    )


def folded(steps: Iterable[StepLine]) -> tuple[Fold, ...]:
    """Put small steps that follow each other together; what is alone or large stays alone."""
    out: list[Fold] = []
    for small, run in groupby(steps, key=lambda line: line.small):
        lines = tuple(run)
        if small and len(lines) >= LEAST_FOLDED:
            out.append(Fold(steps=lines))
        else:
            out += [Fold(steps=(line,)) for line in lines]
    return tuple(out)


def other_order(order: str, subject: str | None) -> str | None:
    """Return the order that a subject belongs to when it is another than this one."""
    kind, *names = (subject or "").split("/")
    if kind not in ("operation", "need", "order") or not names or names[0] == order:
        return None
    return names[0]


def _running(times: Iterable[timedelta]) -> list[int]:
    return [total // _SECOND for total in accumulate(times, initial=NOTHING)]


def _causes(steps: Sequence[StepLine]) -> list[CauseLine]:
    by_cause: dict[Cause, list[StepLine]] = {}
    for line in steps:
        by_cause.setdefault(line.step.cause, []).append(line)
    lines = [
        CauseLine(
            cause=cause,
            late_s=sum(line.late_s for line in found),
            steps=len(found),
            owners=_owners(found),
        )
        for cause, found in by_cause.items()
    ]
    return sorted(lines, key=lambda line: (-line.late_s, line.cause))


def _places(steps: Iterable[StepLine]) -> tuple[PlaceLine, ...]:
    table: dict[str | None, int] = {}
    for line in steps:
        operation = line.step.operation
        table[operation] = table.get(operation, 0) + line.late_s
    return tuple(PlaceLine(operation=name, late_s=late_s) for name, late_s in table.items())


def _owners(steps: Iterable[StepLine]) -> tuple[Owner, ...]:
    table: dict[Owner, int] = {}
    for line in steps:
        owner = line.step.owner
        table[owner] = table.get(owner, 0) + line.late_s
    return tuple(sorted(table, key=lambda owner: (-table[owner], owner.role, owner.party or "")))
