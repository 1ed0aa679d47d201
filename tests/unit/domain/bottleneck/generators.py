"""Hypothesis strategies and naive references shared by the bottleneck tests."""

from hypothesis import strategies as st

from data.domain.bottleneck.states import ActivePeriod, StateChange
from data.domain.events import WorkUnitState

W = WorkUnitState
ACTIVE = (W.PROCESSING, W.SETUP, W.DOWN)
INACTIVE = (W.STARVED, W.BLOCKED)
PAUSED = (W.OFF_SHIFT, W.UNKNOWN)

T5 = (
    "S3 1 3, S1 4 5, S2 7 10, S3 9 16, S1 10 35, S2 13 16, S2 20 47, S3 23 27, "
    "S3 30 55, S1 37 40, S1 43 50, S2 50 53, S1 51 53"
)
T5_SEGMENTS = [
    ("S3", "sole", 1, 3),
    ("S1", "sole", 4, 5),
    ("S2", "sole", 7, 10),
    ("S1", "sole", 10, 20),
    ("S1", "shifting", 20, 35),
    ("S2", "shifting", 20, 47),
    ("S3", "shifting", 30, 47),
    ("S3", "sole", 47, 55),
]


def t5_periods() -> list[ActivePeriod]:
    rows = (row.split() for row in T5.split(","))
    return [ActivePeriod(unit, int(start), int(end)) for unit, start, end in rows]


def changes_of(periods: list[ActivePeriod]) -> list[StateChange]:
    """States that make these periods, in order of time."""
    changes = [StateChange(p.work_unit, W.PROCESSING, p.start) for p in periods]
    changes += [StateChange(p.work_unit, W.STARVED, p.end) for p in periods]
    return sorted(changes, key=lambda change: change.time)


@st.composite
def change_streams(draw: st.DrawFn, pauses: bool = True) -> list[StateChange]:
    """Changes in order of time, many of them at one instant, in any interleaving."""
    states = (*ACTIVE, *ACTIVE, *INACTIVE, *(PAUSED if pauses else ()))
    steps = st.tuples(
        st.integers(0, 4), st.sampled_from(["A", "B", "C", "D"]), st.sampled_from(states)
    )
    time, changes = 0, []
    for wait, unit, state in draw(st.lists(steps, max_size=60)):
        time += wait
        changes.append(StateChange(unit, state, time))
    return changes
