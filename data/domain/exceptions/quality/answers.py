"""How fast what came up was answered. Pure. Imported by `assess`.

Docs/exceptions-quality.md says how each is counted.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from math import ceil

from msgspec import Struct

from data.domain.exceptions.quality.records import Answers, Course, Delay, Period, Step
from data.domain.exceptions.records import Move, State

_TAKES = frozenset({Move.ACKNOWLEDGE, Move.ASSIGN, Move.RESOLVE})


def answers(
    courses: Iterable[Course], period: Period, key: Callable[[Course], str]
) -> tuple[Answers, ...]:
    """Return how what came up in the period was answered, by something, most often first."""
    groups: dict[str, list[_Answer]] = defaultdict(list)
    for one in courses:
        groups[key(one)] += _answered(one.steps, period)
    found = [
        Answers(
            key=name,
            raised=len(all_),
            acknowledged=delay(one.acknowledged_s for one in all_),
            resolved=delay(one.resolved_s for one in all_),
            unseen=sum(one.unseen for one in all_),
        )
        for name, all_ in groups.items()
        if all_
    ]
    return tuple(sorted(found, key=lambda one: (-one.raised, one.key)))


class _Answer(Struct):
    """What became of one time that an exception came up."""

    raised_at: datetime
    acknowledged_s: float | None = None
    resolved_s: float | None = None
    unseen: bool = False


def _answered(steps: Iterable[Step], period: Period) -> list[_Answer]:
    found: list[_Answer] = []
    running: _Answer | None = None
    for step in steps:
        if step.came_up(period):
            running = _Answer(step.at)
            found.append(running)
        elif running is not None:
            _answer(running, step)
            running = None if step.after is State.CLOSED else running
    return found


def _answer(running: _Answer, step: Step) -> None:
    took_s = (step.at - running.raised_at).total_seconds()
    if step.move in _TAKES and running.acknowledged_s is None:
        running.acknowledged_s = took_s
    if step.after is State.CLOSED and step.move is Move.EXPIRE:
        running.unseen = running.acknowledged_s is None
    elif step.after is State.CLOSED and step.move is not Move.SUPPRESS:
        running.resolved_s = took_s


def delay(seconds: Iterable[float | None]) -> Delay:
    """Return mean and 90th percentile (nearest rank) of those that are known."""
    known = sorted(one for one in seconds if one is not None)
    if not known:
        return Delay()
    rank = ceil(0.9 * len(known)) - 1
    return Delay(count=len(known), mean_s=sum(known) / len(known), p90_s=known[rank])
