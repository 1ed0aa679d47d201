"""A timeline holds what a sorted list of changes would, in less room."""

import tracemalloc
from bisect import insort
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from data.domain.events import WorkUnitState as State
from data.domain.timelines import Moment, Timeline

START = datetime(2026, 11, 3, 6, tzinfo=UTC)
MOMENTS = st.tuples(
    st.integers(0, 6).map(lambda n: START + timedelta(microseconds=n)),
    st.sampled_from("abc"),
    st.sampled_from("xy"),
)
CHANGES = st.lists(
    st.tuples(MOMENTS, st.sampled_from((State.DOWN, State.SETUP))),
    min_size=1,
    unique_by=lambda change: change[0],
)
Change = tuple[Moment, State]


def timeline(changes: list[Change]) -> Timeline:
    made = Timeline()
    for moment, state in changes:
        made.add(moment, state)
    return made


def timed(changes: list[Change]) -> list[tuple[datetime, State]]:
    return [(moment[0], state) for moment, state in changes]


@given(CHANGES)
def test_changes_stand_in_the_order_of_their_moments(changes: list[Change]) -> None:
    ordered: list[Change] = []
    for change in changes:
        insort(ordered, change)
    made = timeline(changes)
    assert [*made] == timed(ordered)
    assert [*reversed(made)] == timed(ordered)[::-1]
    assert len(made) == len(changes)


def test_timelines_are_the_same_when_their_changes_are() -> None:
    one: Change = ((START, "a", "x"), State.DOWN)
    assert timeline([one]) == timeline([one])
    assert timeline([one]) != timeline([((START, "b", "x"), State.DOWN)])
    assert timeline([one]) != [one]


@given(CHANGES)
def test_the_last_run_begins_after_the_last_other_state(changes: list[Change]) -> None:
    ordered = sorted(changes)
    others = [n for n, (_, state) in enumerate(ordered) if state is not ordered[-1][1]]
    first = others[-1] + 1 if others else 0
    assert timeline(changes).run_start() == ordered[first][0][0]


@given(CHANGES, st.integers(0, 7))
def test_what_is_forgotten_leaves_the_run_that_lasted_then(
    changes: list[Change], micros: int
) -> None:
    horizon = START + timedelta(microseconds=micros)
    past = [change for change in sorted(changes) if change[0][0] < horizon]
    later = [change for change in sorted(changes) if change[0][0] >= horizon]
    made = timeline(changes)
    floor = made.forget_before(horizon)
    if len(past) < 2:
        assert (floor, [*made]) == (None, timed(sorted(changes)))
    else:
        assert floor == past[-1][0]
        run = (timeline(past).run_start(), past[-1][1])
        assert [*made] == [run, *timed(later)]


def test_a_change_takes_little_room() -> None:
    count, made = 5000, Timeline()
    tracemalloc.start()
    for number in range(count):
        at = START + timedelta(seconds=number)
        made.append((at, f"state-{number:010}", "mes"), State.DOWN)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / count < 128
