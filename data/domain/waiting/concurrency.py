"""Which activities run beside each other, and since when an execution could have begun.

Pure. Source: the heuristics miner (Weijters, van der Aalst 2003) as a concurrency oracle
(Chapela-Campa, Dumas 2022): two activities are concurrent when each follows the other
directly somewhere in the log, neither way clearly more often, and not as a loop of two.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from data.domain.waiting.records import Execution

STRONG = 0.9  # a dependency this strong is an order, a loop this strong is a loop

Concurrency = Mapping[str, frozenset[str]]


def by_case(executions: Iterable[Execution]) -> dict[str, list[Execution]]:
    """Group executions by case, in order of their end, then start, then activity."""
    traces: dict[str, list[Execution]] = defaultdict(list)
    for one in sorted(executions, key=lambda e: (e.end, e.start, e.activity)):
        traces[one.case].append(one)
    return dict(traces)


def concurrent_activities(
    traces: Mapping[str, Sequence[Execution]], strong: float = STRONG
) -> dict[str, frozenset[str]]:
    """Return for each activity those that run beside it rather than before or after it."""
    follows, loops = _relations(traces)
    activities = sorted({one.activity for trace in traces.values() for one in trace})
    selfish = {a for a in activities if _certainty(follows[a, a]) >= strong}
    beside: dict[str, set[str]] = {activity: set() for activity in activities}
    for a, b in follows:
        if a == b or not follows[b, a]:
            continue
        looped = 0.0 if selfish & {a, b} else _certainty(loops[a, b] + loops[b, a])
        ahead = (follows[a, b] - follows[b, a]) / (follows[a, b] + follows[b, a] + 1)
        if looped < strong and abs(ahead) < strong:
            beside[a].add(b)
    return {activity: frozenset(names) for activity, names in beside.items()}


def source_of(trace: Sequence[Execution], place: int, concurrency: Concurrency) -> Execution | None:
    """Return what enabled an execution: the last of its case to end by its start.

    Concurrent activities don't count. Shape: `trace` in the order of `by_case`.
    """
    one = trace[place]
    beside = concurrency.get(one.activity, frozenset())
    for before in reversed(trace[:place]):
        if before.end <= one.start and before.activity not in beside:
            return before
    return None


def _relations(
    traces: Mapping[str, Sequence[Execution]],
) -> tuple[Counter[tuple[str, str]], Counter[tuple[str, str]]]:
    follows: Counter[tuple[str, str]] = Counter()
    loops: Counter[tuple[str, str]] = Counter()
    for trace in traces.values():
        names = [one.activity for one in trace]
        follows.update(pairwise(names))
        loops.update((a, b) for a, b, c in zip(names, names[1:], names[2:], strict=False) if a == c)
    return follows, loops


def _certainty(times: int) -> float:
    return times / (times + 1)
