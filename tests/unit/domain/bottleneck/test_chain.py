import random

from hypothesis import given

from data.domain.bottleneck.chain import BottleneckSegment, chain_segments, walk_chain
from data.domain.bottleneck.intervals import intersect, total, union
from data.domain.bottleneck.states import (
    ActivePeriod,
    StateChange,
    active_periods,
    state_spells,
    worked_intervals,
)
from tests.unit.domain.bottleneck.generators import (
    T5_SEGMENTS,
    change_streams,
    t5_periods,
)

END = 300


def segments_of(periods: list[ActivePeriod]) -> list[BottleneckSegment]:
    return chain_segments(walk_chain(periods))


def plain(segments: list[BottleneckSegment]) -> list[tuple[str, str, float, float]]:
    return [(s.work_unit, s.kind.value, s.start, s.end) for s in segments]


def naive_chain(periods: list[ActivePeriod]) -> list[ActivePeriod]:
    """The definition, word by word."""
    chain: list[ActivePeriod] = []
    instant = min((p.start for p in periods), default=None)
    while instant is not None:
        covering = [p for p in periods if p.start <= instant < p.end]
        if covering:
            longest = max(p.length for p in covering)
            candidates = [p for p in covering if p.length == longest]
            chain.append(min(candidates, key=lambda p: (p.start, p.work_unit)))
            instant = chain[-1].end
        else:
            instant = min((p.start for p in periods if p.start > instant), default=None)
    return chain


def test_fixture_t5_gives_the_published_sole_and_shifting_bottlenecks() -> None:
    """Roser, Nakano, Tanaka 2001, the worked example."""
    assert plain(segments_of(t5_periods())) == T5_SEGMENTS


def test_the_order_in_which_periods_are_given_does_not_matter() -> None:
    periods = t5_periods()
    random.Random(5).shuffle(periods)
    assert plain(segments_of(periods)) == T5_SEGMENTS


def test_ties_go_to_the_earliest_start_then_to_the_id() -> None:
    same = [ActivePeriod("B", 0, 5), ActivePeriod("A", 0, 5), ActivePeriod("C", -3, 2)]
    assert [p.work_unit for p in walk_chain(same)] == ["C", "A"]


def test_a_period_that_ends_where_another_starts_does_not_shift() -> None:
    found = segments_of([ActivePeriod("A", 0, 5), ActivePeriod("B", 5, 9)])
    assert plain(found) == [("A", "sole", 0, 5), ("B", "sole", 5, 9)]


def test_no_periods_make_no_chain() -> None:
    assert walk_chain([]) == []
    assert walk_chain([ActivePeriod("A", 3, 3)]) == []


def test_a_night_in_the_middle_does_not_make_a_period_longer() -> None:
    over_night = ActivePeriod("A", 0, 100, ((10, 90),))
    found = segments_of([over_night, ActivePeriod("B", 0, 30)])
    assert plain(found) == [
        ("B", "shifting", 0, 30),
        ("A", "shifting", 0, 10),
        ("A", "sole", 90, 100),
    ]


@given(change_streams())
def test_the_walk_is_the_definition(changes: list[StateChange]) -> None:
    periods = active_periods(state_spells(changes, END))
    assert walk_chain(periods) == naive_chain(periods)


@given(change_streams(pauses=False))
def test_the_chain_covers_every_instant_at_which_anything_is_active(
    changes: list[StateChange],
) -> None:
    periods = active_periods(state_spells(changes, END))
    shown = union((s.start, s.end) for s in segments_of(periods))
    assert shown == union((p.start, p.end) for p in periods)


@given(change_streams())
def test_nobody_else_is_a_bottleneck_while_one_is_sole(changes: list[StateChange]) -> None:
    segments = segments_of(active_periods(state_spells(changes, END)))
    sole = [(s.start, s.end) for s in segments if s.kind.value == "sole"]
    shifting = union((s.start, s.end) for s in segments if s.kind.value == "shifting")
    assert total(union(sole)) == total(sole)
    assert intersect(union(sole), shifting) == []


@given(change_streams(pauses=False))
def test_at_least_two_shift_at_once(changes: list[StateChange]) -> None:
    segments = segments_of(active_periods(state_spells(changes, END)))
    shifting = [s for s in segments if s.kind.value == "shifting"]
    for instant in {s.start for s in shifting}:
        assert len({s.work_unit for s in shifting if s.start <= instant < s.end}) >= 2


@given(change_streams(pauses=False))
def test_a_member_is_a_bottleneck_for_its_whole_period(changes: list[StateChange]) -> None:
    members = walk_chain(active_periods(state_spells(changes, END)))
    assert total((m.start, m.end) for m in members) == total(
        (s.start, s.end) for s in chain_segments(members)
    )


@given(change_streams())
def test_no_one_is_a_bottleneck_while_it_is_paused(changes: list[StateChange]) -> None:
    periods = active_periods(state_spells(changes, END))
    worked = {p.work_unit: union([]) for p in periods}
    for period in periods:
        worked[period.work_unit] = union([*worked[period.work_unit], *worked_intervals(period)])
    for segment in segments_of(periods):
        own = [(segment.start, segment.end)]
        assert intersect(own, worked[segment.work_unit]) == own
