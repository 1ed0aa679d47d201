import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.bottleneck import live
from data.domain.bottleneck.chain import chain_segments, preference, walk_chain
from data.domain.bottleneck.live import ChainWalk, Final, Leader, OutOfOrder
from data.domain.bottleneck.states import (
    PHASES,
    ActivePeriod,
    Phase,
    StateChange,
    active_periods,
    line_pauses,
    state_spells,
)
from data.domain.events import WorkUnitState as W
from tests.unit.domain.bottleneck.generators import (
    T5_SEGMENTS,
    change_streams,
    changes_of,
    t5_periods,
)

END = 300


def fed(changes: list[StateChange]) -> ChainWalk:
    walk = ChainWalk()
    for change in changes:
        walk.feed(change.work_unit, change.state, change.time)
    return walk


def joined(parts: list[Final]) -> Final:
    return Final(
        tuple(m for part in parts for m in part.members),
        tuple(s for part in parts for s in part.segments),
        tuple(p for part in parts for p in part.line_pauses),
    )


def in_batch(changes: list[StateChange], until: float) -> Final:
    spells = state_spells(changes, until)
    members = walk_chain(active_periods(spells))
    return Final(tuple(members), tuple(chain_segments(members)), tuple(line_pauses(spells)))


def test_fixture_t5_comes_out_live_as_well() -> None:
    segments = fed(changes_of(t5_periods())).finish(60).segments
    assert [(s.work_unit, s.kind.value, s.start, s.end) for s in segments] == T5_SEGMENTS


@given(change_streams())
def test_the_final_result_is_the_batch_result(changes: list[StateChange]) -> None:
    assert fed(changes).finish(END) == in_batch(changes, END)


@given(change_streams(), st.sets(st.integers(0, 59)))
def test_taking_what_is_final_on_the_way_loses_and_repeats_nothing(
    changes: list[StateChange], stops: set[int]
) -> None:
    walk, parts = ChainWalk(), []
    for index, change in enumerate(changes):
        walk.feed(change.work_unit, change.state, change.time)
        if index in stops:
            parts.append(walk.take_final())
    assert joined([*parts, walk.finish(END)]) == in_batch(changes, END)


@given(change_streams(), st.integers(1, 3))
def test_final_and_tail_together_are_the_chain_if_all_ended_now(
    changes: list[StateChange], later: int
) -> None:
    now = max((c.time for c in changes), default=0) + later
    walk = fed(changes)
    tail = walk.tail(now)
    assert [*walk.take_final().segments, *tail] == list(in_batch(changes, now).segments)


@given(change_streams())
def test_forgetting_early_what_can_no_longer_win_changes_nothing(
    changes: list[StateChange],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "FIRST_PRUNE", 1)
        walk = fed(changes)
        assert walk.finish(END) == in_batch(changes, END)


@given(change_streams(), st.integers(0, 3))
def test_the_leader_is_the_longest_so_far_among_those_at_work(
    changes: list[StateChange], later: int
) -> None:
    now = max((c.time for c in changes), default=0) + later
    last = {c.work_unit: c.state for c in changes}
    at_work = {unit for unit, state in last.items() if PHASES[state] is Phase.ACTIVE}
    still_open = active_periods(state_spells(changes, now + 1))
    running = [
        ActivePeriod(p.work_unit, p.start, now, p.pauses)
        for p in still_open
        if p.end == now + 1 and p.work_unit in at_work
    ]
    best = min(running, key=preference, default=None)
    expected = best and Leader(work_unit=best.work_unit, since=best.start, length=best.length)
    assert fed(changes).leader(now) == expected


def test_the_leader_is_provisional_and_the_final_chain_can_disagree() -> None:
    walk = ChainWalk()
    walk.feed("A", W.PROCESSING, 0)
    walk.feed("B", W.PROCESSING, 2)
    leader = walk.leader(5)
    assert leader == Leader(work_unit="A", since=0, length=5)
    assert leader.provisional
    walk.feed("A", W.STARVED, 6)
    final = walk.finish(50)
    assert [m.work_unit for m in final.members] == ["A", "B"]
    assert final.segments[0].end == 2


def test_nothing_is_final_while_a_period_of_the_chain_is_open() -> None:
    walk = ChainWalk()
    walk.feed("A", W.PROCESSING, 0)
    walk.feed("B", W.PROCESSING, 1)
    walk.feed("A", W.STARVED, 9)
    walk.advance(20)
    assert walk.take_final() == Final()
    assert walk.tail(20)
    walk.feed("B", W.STARVED, 30)
    walk.advance(31)
    assert [m.work_unit for m in walk.take_final().members] == ["A", "B"]
    assert walk.tail(31) == []


def test_nobody_leads_while_all_are_off_shift() -> None:
    walk = ChainWalk()
    walk.feed("A", W.PROCESSING, 0)
    walk.feed("A", W.OFF_SHIFT, 5)
    assert walk.leader(7) is None
    walk.feed("A", W.PROCESSING, 20)
    assert walk.leader(22) == Leader(work_unit="A", since=0, length=7)


def test_a_change_from_the_past_is_refused() -> None:
    walk = ChainWalk()
    walk.feed("A", W.PROCESSING, 5)
    with pytest.raises(OutOfOrder, match="B at 4 comes after a change at 5"):
        walk.feed("B", W.PROCESSING, 4)
    with pytest.raises(OutOfOrder):
        walk.feed("B", W.PROCESSING, float("nan"))
    with pytest.raises(OutOfOrder):
        walk.advance(4)


def test_a_work_unit_that_never_stops_does_not_make_the_memory_grow() -> None:
    walk = ChainWalk()
    walk.feed("ALWAYS", W.PROCESSING, 0)
    for n in range(1, 40_000, 2):
        walk.feed("B", W.PROCESSING, n)
        walk.feed("B", W.STARVED, n + 1)
    assert len(walk._closed) <= live.FIRST_PRUNE
    assert [m.work_unit for m in walk.finish(40_001).members] == ["ALWAYS"]
