"""How an exception moves: the table of ISA-18.2, and nothing that isn't in it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.exceptions.lifecycle import TRANSITIONS, IllegalMove, may, moved, target
from data.domain.exceptions.records import Case, Move, Severity, State
from data.domain.scope import Role

AT = datetime(2026, 11, 3, 6, tzinfo=UTC)
U, A, R = State.UNACKNOWLEDGED, State.ACKNOWLEDGED, State.RETURNED
SHELVED, SUPPRESSED, CLOSED = State.SHELVED, State.SUPPRESSED, State.CLOSED


def case(state: State = U, standing: bool = True, **more: object) -> Case:
    plain = {
        "site": "plant", "number": 1, "rule": "r", "kind": "queue", "subject": "work-center/C",
        "severity": Severity.HIGH, "state": state, "standing": standing, "since": AT,
        "raised_at": AT, "owner_role": Role.PLANNER,
    }  # fmt: skip
    return Case(**{**plain, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "move", "after"),
    [
        (U, Move.ACKNOWLEDGE, A), (U, Move.CLEAR, R), (R, Move.ACKNOWLEDGE, CLOSED),
        (A, Move.CLEAR, CLOSED), (R, Move.RAISE, U), (A, Move.RAISE, A), (A, Move.RELEASE, U),
        (U, Move.SHELVE, SHELVED), (A, Move.SHELVE, SHELVED), (SHELVED, Move.UNSHELVE, U),
        (SHELVED, Move.CLEAR, SHELVED), (U, Move.SUPPRESS, SUPPRESSED),
        (SUPPRESSED, Move.UNSUPPRESS, U), (SUPPRESSED, Move.CLEAR, CLOSED),
        (U, Move.ESCALATE, U), (A, Move.RESOLVE, CLOSED), (R, Move.EXPIRE, CLOSED),
    ],
)  # fmt: skip
def test_it_moves_as_the_standard_says(before: State, move: Move, after: State) -> None:
    assert target(case(before), move) is after


@pytest.mark.parametrize(
    ("state", "move"),
    [
        (CLOSED, Move.ACKNOWLEDGE), (CLOSED, Move.RAISE), (A, Move.ACKNOWLEDGE), (U, Move.RELEASE),
        (A, Move.ESCALATE), (SHELVED, Move.ESCALATE), (SUPPRESSED, Move.ACKNOWLEDGE),
        (U, Move.UNSHELVE), (U, Move.EXPIRE), (SUPPRESSED, Move.SHELVE),
    ],
)  # fmt: skip
def test_whatever_is_not_in_the_table_is_refused(state: State, move: Move) -> None:
    with pytest.raises(IllegalMove, match=move):
        moved(case(state), move, AT)


@given(st.lists(st.sampled_from(Move), max_size=30))
def test_however_it_moves_closed_is_the_end_and_every_move_raises_its_version(
    wanted: list[Move],
) -> None:
    now = case()
    for move in wanted:
        if not may(now, move):
            continue
        after = moved(now, move, AT)
        assert after.version == now.version + 1
        assert (after.closed_at is not None) == (after.state is CLOSED)
        assert after.escalate_at is None or after.state is U
        now = after
    if now.state is CLOSED:
        assert not any(may(now, move) for move in Move)


def test_every_move_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(Move)


def test_from_the_shelf_it_goes_where_its_condition_says() -> None:
    until = AT + timedelta(hours=1)
    shelved = moved(case(), Move.SHELVE, AT, shelved_until=until)
    assert shelved.shelved_until == until
    gone = moved(shelved, Move.CLEAR, AT)
    assert (gone.state, gone.standing) == (SHELVED, False)
    assert target(gone, Move.UNSHELVE) is CLOSED
    again = moved(gone, Move.RAISE, AT)
    back = moved(again, Move.UNSHELVE, AT)
    assert (back.state, back.shelved_until, back.times) == (U, None, 2)


def test_taking_it_ends_its_escalation_and_giving_it_back_forgets_who_had_it() -> None:
    waiting = case(escalate_at=AT, level=1)
    taken = moved(waiting, Move.ACKNOWLEDGE, AT, owner="a", owner_name="Anna")
    assert (taken.escalate_at, taken.acknowledged_at, taken.owner) == (None, AT, "a")
    given_back = moved(taken, Move.RELEASE, AT)
    assert (given_back.owner, given_back.owner_name, given_back.acknowledged_at) == (None,) * 3


def test_what_comes_back_escalates_from_the_beginning_and_what_stands_goes_on() -> None:
    escalated = case(level=2)
    assert moved(escalated, Move.RAISE, AT).level == 2
    back = moved(moved(escalated, Move.CLEAR, AT), Move.RAISE, AT)
    assert (back.level, back.times) == (0, 2)
