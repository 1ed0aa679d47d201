"""Which executions a resource did as one batch, and since when the batch was complete.

Pure. Source: Martin et al. 2017 (batch organisation of work) as Lashkevich et al. 2023 use
it: executions of one activity on one resource that follow without a gap or overlap, all of
them enabled before the first began.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple


class Candidate(NamedTuple):
    """An execution that may belong to a batch; `key` says which others it may share one with."""

    key: Hashable
    start: datetime
    end: datetime
    enabled: datetime | None


def batch_ready(
    candidates: Mapping[int, Candidate], gap: timedelta = timedelta(0)
) -> dict[int, datetime]:
    """Return for each member of a batch of two or more when the last member was enabled."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    for name, candidate in candidates.items():
        groups[candidate.key].append(name)
    ready: dict[int, datetime] = {}
    for names in groups.values():
        names.sort(key=lambda name: candidates[name].start)
        for members in _batches(names, candidates, gap):
            enabled = [at for at in (candidates[m].enabled for m in members) if at is not None]
            if enabled and len(members) > 1:
                ready |= dict.fromkeys(members, max(enabled))
    return ready


def _batches(
    names: Sequence[int], candidates: Mapping[int, Candidate], gap: timedelta
) -> Iterable[list[int]]:
    members = [names[0]]
    start, end = candidates[names[0]].start, candidates[names[0]].end
    for name in names[1:]:
        one = candidates[name]
        in_time = one.enabled is not None and one.enabled <= start
        if in_time and one.start - end <= gap:
            members.append(name)
            end = max(end, one.end)
            continue
        yield members
        members, start, end = [name], one.start, one.end
    yield members
