"""Split every wait between two executions into five causes.

Pure; used by services and by the tests against published logs.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from data.domain.waiting.batches import Candidate, batch_ready
from data.domain.waiting.concurrency import by_case, concurrent_activities, source_of
from data.domain.waiting.records import Execution, Handoff, Waiting
from data.domain.waiting.spans import Span, joined, length, within, without

Closed = Callable[[str, datetime, datetime], Iterable[Span]]
"""When a resource doesn't work between two instants."""

_Busy = tuple[datetime, datetime, datetime]  # start, end, when that work was enabled


def always_open(resource: str, start: datetime, end: datetime) -> list[Span]:
    """Say that a resource never rests: nothing then counts as unavailability."""
    return []


def handoffs(
    executions: Iterable[Execution],
    closed: Closed = always_open,
    released: Mapping[str, datetime] | None = None,
) -> list[Handoff]:
    """Return every execution that another one enabled, with its wait split into causes.

    The first of a case has no wait of its own: no execution handed the case over to it. Since
    when it could have begun, which others' waits depend on, is its case's entry in `released`
    or, where there is none, its start.
    """
    traces = by_case(executions)
    concurrency = concurrent_activities(traces)
    pairs = [
        (one, source_of(trace, place, concurrency))
        for trace in traces.values()
        for place, one in enumerate(trace)
    ]
    work = [_candidate(one, source, released or {}) for one, source in pairs]
    ready, shifts = batch_ready(dict(enumerate(work))), _Work(pairs, work)
    return [
        Handoff(source, one, _split(i, one, source, ready.get(i), shifts, closed))
        for i, (one, source) in enumerate(pairs)
        if source is not None
    ]


def split_wait(
    wait: Span,
    *,
    batch_ready_at: datetime | None = None,
    contention: Iterable[Span] = (),
    prioritization: Iterable[Span] = (),
    closed: Iterable[Span] = (),
) -> Waiting:
    """Split one wait, each instant counted once, by the first of these causes that covers it.

    The rest is extraneous. Source: Lashkevich et al. 2023, section 4.
    """
    batch = [] if batch_ready_at is None else [(wait[0], batch_ready_at)]
    left: list[Span] = joined([wait])
    parts: list[timedelta] = []
    for spans in (batch, contention, prioritization, closed):
        rest = without(left, spans)
        parts.append(length(left) - length(rest))
        left = rest
    batching, contended, preferred, off = parts
    return Waiting(batching, contended, preferred, off, length(left))


class _Work:
    """What each resource did, so that the work that meets a wait is found at once."""

    def __init__(
        self, pairs: Sequence[tuple[Execution, Execution | None]], work: Sequence[Candidate]
    ) -> None:
        by_resource: dict[str, list[tuple[datetime, datetime, int, datetime]]] = defaultdict(list)
        for i, ((one, _), candidate) in enumerate(zip(pairs, work, strict=True)):
            enabled = candidate.enabled or one.start
            by_resource[one.resource].append((one.start, one.end, i, enabled))
        self._of = {name: sorted(rows, key=lambda r: r[:3]) for name, rows in by_resource.items()}
        self._longest = {name: max(r[1] - r[0] for r in rows) for name, rows in self._of.items()}

    def during(self, resource: str, wait: Span, apart_from: int) -> list[_Busy]:
        """Return the other work of the resource that meets the wait."""
        rows, (start, end) = self._of[resource], wait
        first = bisect_left(rows, start - self._longest[resource], key=lambda row: row[0])
        last = bisect_left(rows, end, key=lambda row: row[0])
        return [
            (begun, ended, enabled)
            for begun, ended, i, enabled in rows[first:last]
            if ended > start and i != apart_from
        ]


def _candidate(
    one: Execution, source: Execution | None, released: Mapping[str, datetime]
) -> Candidate:
    enabled = released.get(one.case) if source is None else source.end
    return Candidate((one.resource, one.activity), one.start, one.end, enabled)


def _split(
    i: int,
    one: Execution,
    source: Execution,
    ready_at: datetime | None,
    work: _Work,
    closed: Closed,
) -> Waiting:
    wait = (source.end, one.start)
    if wait[0] >= wait[1]:
        return Waiting()
    ready_at = None if ready_at is None else min(ready_at, one.start)
    known_from = wait[0] if ready_at is None else max(wait[0], ready_at)
    busy = work.during(one.resource, wait, i)
    return split_wait(
        wait,
        batch_ready_at=ready_at,
        contention=[(a, b) for a, b, e in busy if e <= known_from],
        prioritization=[(a, b) for a, b, e in busy if e > known_from],
        closed=within(closed(one.resource, *wait), wait),
    )


def summed(found: Iterable[Handoff]) -> Waiting:
    """Add up the waits of many hand-offs."""
    return sum((handoff.waiting for handoff in found), Waiting())


def summed_by_pair(
    found: Iterable[Handoff],
) -> Mapping[tuple[str, str, str, str], tuple[int, Waiting]]:
    """Count and add up hand-offs by source and target activity and resource.

    Shape: keys (source activity, its resource, target activity, its resource).
    """
    table: dict[tuple[str, str, str, str], tuple[int, Waiting]] = {}
    for one in found:
        a, b = one.source, one.target
        key = (a.activity, a.resource, b.activity, b.resource)
        count, waiting = table.get(key, (0, Waiting()))
        table[key] = (count + 1, waiting + one.waiting)
    return table
