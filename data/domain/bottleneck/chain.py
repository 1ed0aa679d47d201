"""The chain walk of the active-period method over periods that are all known.

Pure; imported by services, and by `live`, which finds the same chain as changes arrive.
Source: Roser, Nakano, Tanaka 2001 and 2002.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from heapq import heappop, heappush
from itertools import zip_longest

from msgspec import Struct

from data.domain.bottleneck.intervals import Interval, subtract
from data.domain.bottleneck.states import ActivePeriod


class SegmentKind(StrEnum):
    """How a work unit is the bottleneck."""

    SOLE = "sole"
    SHIFTING = "shifting"


class BottleneckSegment(Struct, frozen=True, gc=False):
    """A work unit is the bottleneck from `start` to `end`, alone or while it shifts."""

    work_unit: str
    kind: SegmentKind
    start: float
    end: float


class Claim(Struct, frozen=True, gc=False):
    """What a member may claim of the time: from `since`, shared until `shared_until`."""

    member: ActivePeriod
    since: float
    shared_until: float


def preference(period: ActivePeriod) -> tuple[float, float, str]:
    """Order periods that cover one instant: the longest first, then earliest start, then id."""
    return (-period.length, period.start, period.work_unit)


def walk_chain(periods: Iterable[ActivePeriod], since: float | None = None) -> list[ActivePeriod]:
    """Return the members of the bottleneck chain in order of time.

    From the first start, or from `since`: the longest period that covers the instant, then
    on from its end; where none is active, on from the next start. A period covers its
    start, not its end.

    Shape: merged periods, at most one of a work unit at any instant, in any order.
    """
    waiting = sorted((p for p in periods if p.end > p.start), key=lambda p: p.start, reverse=True)
    reached: list[tuple[tuple[float, float, str], ActivePeriod]] = []
    members: list[ActivePeriod] = []
    instant = float("-inf") if since is None else since
    while waiting or reached:
        if not reached and waiting[-1].start > instant:
            instant = waiting[-1].start
        while waiting and waiting[-1].start <= instant:
            period = waiting.pop()
            heappush(reached, (preference(period), period))
        while reached and reached[0][1].end <= instant:
            heappop(reached)
        if reached:
            members.append(heappop(reached)[1])
            instant = members[-1].end
    return members


def chain_segments(members: Sequence[ActivePeriod]) -> list[BottleneckSegment]:
    """Part a chain into sole and shifting time, in order of the members.

    Where neighbours overlap both are shifting; the rest of a member is sole. A member's
    own pauses belong to neither.
    """
    claims: list[Claim] = []
    for member in members:
        claims.append(claim(member, claims[-1] if claims else None))
    return segments_of_claims(claims)


def segments_of_claims(claims: Sequence[Claim]) -> list[BottleneckSegment]:
    """Return the segments of neighbouring claims, as if nobody followed the last."""
    segments: list[BottleneckSegment] = []
    for own, following in zip_longest(claims, claims[1:]):
        segments.extend(claim_segments(own, following))
    return segments


def claim(member: ActivePeriod, before: Claim | None) -> Claim:
    """Place a member behind the one before it.

    Only with pauses can a member have started before its neighbour did; time before that
    stays with whoever was the bottleneck then.
    """
    if before is None or before.member.end <= member.start:
        return Claim(member, member.start, member.start)
    return Claim(member, max(member.start, before.since), before.member.end)


def claim_segments(own: Claim, following: Claim | None) -> Iterator[BottleneckSegment]:
    """Yield a member's segments, once it is known who follows it."""
    end = own.member.end
    sole_to = end if following is None else min(following.since, end)
    if sole_to <= own.shared_until:
        yield from _pieces(own.member, SegmentKind.SHIFTING, (own.since, end))
        return
    yield from _pieces(own.member, SegmentKind.SHIFTING, (own.since, own.shared_until))
    yield from _pieces(own.member, SegmentKind.SOLE, (own.shared_until, sole_to))
    yield from _pieces(own.member, SegmentKind.SHIFTING, (sole_to, end))


def _pieces(
    member: ActivePeriod, kind: SegmentKind, interval: Interval
) -> Iterator[BottleneckSegment]:
    if interval[1] <= interval[0]:
        return
    pieces = subtract([interval], member.pauses) if member.pauses else [interval]
    for start, end in pieces:
        yield BottleneckSegment(member.work_unit, kind, start, end)
