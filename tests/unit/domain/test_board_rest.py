"""A board at rest has let go of recorded events, and nobody sees a difference."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from data.domain.board import (
    Board,
)
from tests.unit.domain.board_events import MANY, OPERATION, model, progressed, unit_state, void
from tests.unit.domain.strategies import (
    SITE,
    START,
    fold,
    follow,
    follow_resting,
    recorded_of,
    restored_from,
    state_of,
    states_of,
    streams,
)


def shown(board: Board) -> dict[str, object]:
    """What a viewer sees: a void that found its target isn't remembered for ever."""
    found = state_of(board)
    del found["voided"]
    return found


def places(most: int = 14) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, most), max_size=5)


@MANY
@given(log=streams(), rests=places())
def test_letting_go_of_what_is_recorded_at_any_place_changes_nothing_that_is_seen(log, rests):
    board = Board(SITE)
    follow_resting(board, log, rests)
    assert shown(board) == shown(fold(log))


@MANY
@given(log=streams(), rests=places(), chance=st.randoms(use_true_random=False))
def test_any_order_and_any_resting_places_give_the_same_board(log, rests, chance):
    again = list(log)
    chance.shuffle(again)
    board = Board(SITE)
    follow_resting(board, again, rests)
    assert shown(board) == shown(fold(log))


@MANY
@given(log=streams(), at=st.integers(0, 14), chance=st.randoms(use_true_random=False))
def test_what_is_told_again_before_it_is_let_go_counts_once(log, at, chance):
    head, tail = log[:at], log[at:]
    again = tail + [chance.choice(tail) for _ in tail]
    chance.shuffle(again)
    board = Board(SITE)
    follow_resting(board, head + again, [len(head) - 1])
    assert shown(board) == shown(fold(log))


@MANY
@given(log=streams(), rests=places(), first=st.integers(0, 14))
def test_resting_commutes_with_restoring_and_forgetting(log, rests, first):
    horizon = START + timedelta(minutes=40)
    board = Board(SITE)
    follow_resting(board, log[:first], rests)
    board.forget_before(horizon)
    again = restored_from(board)
    for event in log[first:]:
        for one in (board, again):
            if one.lacks(event):
                one.thicken(event.subject, recorded_of(log[: log.index(event)], event.subject))
            one.apply(event)
    assert shown(again) == shown(board)


@MANY
@given(log=streams())
def test_a_board_at_rest_holds_no_event_and_no_void_but_those_that_wait_for_their_target(log):
    board = Board(SITE)
    follow_resting(board, log, [len(log) - 1])
    assert not any(state.ledger for state in [board.site_state, *states_of(board)])
    assert board.voided == board.unmet_voids == board.void_subjects.keys()


def test_a_subject_at_rest_takes_what_comes_without_its_ledger_but_not_a_void():
    first = progressed("e1", good=3)
    board = fold([first])
    board.rest([first])
    assert not board.lacks(progressed("e2", 1))
    board.apply(progressed("e2", 1, good=4))
    assert board.operation("SO-1", "10").good == 7
    assert board.lacks(void("v", first))
    board.thicken(OPERATION, [first])
    board.apply(void("v", first))
    assert board.operation("SO-1", "10").good == 4


def test_a_work_unit_at_rest_still_finds_the_place_of_a_late_state_change():
    log = [unit_state("e1", 0, "processing"), unit_state("e2", 20, "processing")]
    board = fold(log)
    board.rest(log)
    late = unit_state("e3", 10, "down")
    assert not board.lacks(late)
    board.apply(late)
    assert board.work_units["W1"].since == START + timedelta(minutes=20)
    assert not board.work_units["W1"].has_base


def test_what_is_voided_whole_while_it_rests_leaves_no_blank_subject():
    first = progressed("e1")
    board = fold([first])
    board.rest([first])
    follow(board, [first], [void("v", first)])
    assert board.existing(OPERATION) is None
    assert not board.output


def test_letting_go_of_what_a_board_does_not_hold_leaves_it_as_it_is():
    first = progressed("e1")
    board = fold([first])
    board.rest([progressed("other"), unit_state("e9", 0, "down"), model("m", "P", site="other")])
    assert board.existing(OPERATION).is_whole
    assert not board.work_units


def test_a_void_that_came_first_is_forgotten_once_its_target_is_recorded():
    target = progressed("e1")
    log = [void("v", target), target]
    board = fold(log)
    board.rest(log[:1])
    assert not board.voided
    other = fold(log[:1])
    other.rest(log[:1])
    assert other.voided
    other.apply(target)
    other.rest([target])
    assert not other.voided
