from hypothesis import given

from data.domain.bottleneck.states import (
    PHASES,
    ActivePeriod,
    StateChange,
    active_periods,
    line_pauses,
    merge_periods,
    state_spells,
    state_times,
)
from data.domain.events import WorkUnitState as W
from tests.unit.domain.bottleneck.generators import change_streams


def periods_of(*changes: tuple[str, W, float], until: float) -> list[ActivePeriod]:
    return active_periods(state_spells([StateChange(*c) for c in changes], until))


def test_every_state_has_a_phase() -> None:
    assert set(PHASES) == set(W)


def test_back_to_back_active_states_merge() -> None:
    found = periods_of(
        ("A", W.SETUP, 0), ("A", W.PROCESSING, 2), ("A", W.DOWN, 5), ("A", W.STARVED, 9), until=12
    )
    assert found == [ActivePeriod("A", 0, 9)]


def test_an_idle_moment_of_no_length_parts_nothing() -> None:
    found = periods_of(("A", W.PROCESSING, 0), ("A", W.STARVED, 4), ("A", W.PROCESSING, 4), until=6)
    assert found == [ActivePeriod("A", 0, 6)]


def test_a_pause_does_not_close_an_active_period_and_adds_no_length() -> None:
    found = periods_of(
        ("A", W.PROCESSING, 0), ("A", W.OFF_SHIFT, 4), ("A", W.UNKNOWN, 6),
        ("A", W.PROCESSING, 9), ("A", W.BLOCKED, 10), until=12,
    )  # fmt: skip
    assert found == [ActivePeriod("A", 0, 10, ((4, 9),))]
    assert found[0].length == 5


def test_a_pause_with_no_work_after_it_lies_outside() -> None:
    changes = ("A", W.PROCESSING, 0), ("A", W.OFF_SHIFT, 4), ("A", W.STARVED, 9)
    assert periods_of(*changes, until=12) == [ActivePeriod("A", 0, 4)]
    assert periods_of(*changes[:2], until=12) == [ActivePeriod("A", 0, 4)]


def test_a_pause_after_idleness_opens_nothing() -> None:
    found = periods_of(("A", W.STARVED, 0), ("A", W.UNKNOWN, 1), ("A", W.SETUP, 3), until=5)
    assert found == [ActivePeriod("A", 3, 5)]


def test_overlapping_periods_of_one_unit_merge_and_empty_ones_vanish() -> None:
    given_periods = [
        ActivePeriod("A", 5, 9), ActivePeriod("A", 0, 5), ActivePeriod("A", 7, 8),
        ActivePeriod("A", 20, 20), ActivePeriod("B", 1, 2),
    ]  # fmt: skip
    assert merge_periods(given_periods) == [ActivePeriod("A", 0, 9), ActivePeriod("B", 1, 2)]


def test_merging_keeps_only_the_pauses_nobody_worked_in() -> None:
    paused = ActivePeriod("A", 0, 20, ((5, 15),))
    merged = merge_periods([paused, ActivePeriod("A", 10, 12)])
    assert merged == [ActivePeriod("A", 0, 20, ((5, 10), (12, 15)))]


def test_the_line_is_paused_only_while_nobody_is_on_shift() -> None:
    changes = [
        StateChange("A", W.OFF_SHIFT, 0), StateChange("B", W.STARVED, 3),
        StateChange("A", W.PROCESSING, 4), StateChange("B", W.OFF_SHIFT, 6),
        StateChange("A", W.UNKNOWN, 7), StateChange("A", W.STARVED, 9),
    ]  # fmt: skip
    assert line_pauses(state_spells(changes, 10)) == [(0, 3), (7, 9)]
    assert line_pauses({}) == []


@given(change_streams())
def test_state_times_fill_the_time_observed(changes: list[StateChange]) -> None:
    until = 300
    for unit, times in state_times(state_spells(changes, until)).items():
        first = min(c.time for c in changes if c.work_unit == unit)
        assert sum(times.values()) == until - first


@given(change_streams())
def test_the_length_of_the_periods_is_the_time_in_active_states(
    changes: list[StateChange],
) -> None:
    spells = state_spells(changes, 300)
    worked = sum(period.length for period in active_periods(spells))
    active = sum(
        time
        for times in state_times(spells).values()
        for state, time in times.items()
        if PHASES[state].value == "active"
    )
    assert worked == active
