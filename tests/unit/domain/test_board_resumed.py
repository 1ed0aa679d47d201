"""A board goes on from what the history holds, with the tail of the log or after forgetting."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from data.domain.board import (
    Board,
    blank,
    bucket_of,
)
from tests.unit.domain.board_events import (
    MANY,
    OPERATION,
    model,
    plan,
    progressed,
    unit_state,
    void,
)
from tests.unit.domain.strategies import (
    SITE,
    START,
    fold,
    follow,
    restored_from,
    state_of,
    streams,
)


@MANY
@given(log=streams(), data=st.data())
def test_a_board_restored_at_any_place_of_the_log_ends_as_the_whole_fold(log, data):
    at = data.draw(st.integers(0, len(log)))
    prefix, tail = log[:at], log[at:]
    board = restored_from(fold(prefix))
    assert state_of(board) == state_of(fold(prefix))
    follow(board, prefix, tail)
    assert state_of(board) == state_of(fold(log))


@MANY
@given(log=streams(most=9))
def test_a_board_restored_anew_after_every_event_ends_as_the_whole_fold(log):
    board = Board(SITE)
    for i, e in enumerate(log):
        board = restored_from(board)
        follow(board, log[:i], [e])
    assert state_of(board) == state_of(fold(log))


@MANY
@given(log=streams(), data=st.data())
def test_repeating_the_tail_on_a_restored_board_changes_nothing(log, data):
    at = data.draw(st.integers(0, len(log)))
    board = restored_from(fold(log[:at]))
    follow(board, log[:at], log[at:])
    follow(board, log[:at], log[at:])
    assert state_of(board) == state_of(fold(log))


def test_voiding_an_event_of_the_tail_keeps_what_the_base_had():
    base, tail = progressed("e1", good=10), progressed("e2", 1, good=5)
    board = restored_from(fold([base]))
    follow(board, [base], [tail, void("v", tail)])
    assert board.operation("SO-1", "10").good == 10
    assert board.output == {("W1", bucket_of(START)): [10, 0, 0]}


def test_a_void_applied_to_a_base_without_its_ledger_leaves_the_base_whole():
    base = progressed("e1", good=10)
    board = restored_from(fold([base]))
    tail = progressed("e2", 1, good=5)
    board.apply(tail)
    board.apply(void("v", tail))
    assert board.operation("SO-1", "10").good == 15


def test_a_restored_void_without_its_subject_is_taken_at_its_word():
    first = progressed("e1")
    board = Board(SITE)
    board.voided = {("mes", "e1")}
    board.unmet_voids = {("mes", "e1")}
    assert not board.lacks(void("v", first))
    assert board.apply(void("v", first)) == 0
    assert board.apply(first) == 0
    assert not board.operations
    assert not board.unmet_voids


def test_a_restored_site_is_the_site_of_the_board():
    board = restored_from(fold([model("e1", "Plant")]))
    assert board.site.name == "Plant"
    assert list(board.plans()) == []
    other = blank("site/other").as_base()
    board.restore([other])
    assert board.site.name == "Plant"


def test_a_base_takes_what_comes_after_it_without_its_ledger():
    prefix = [progressed("e1"), unit_state("e2", 10, "processing"), plan("e3"), model("e4", "P")]
    tail = [progressed("e5", -5), unit_state("e6", 20, "down"), unit_state("e7", 15, "down")]
    board = restored_from(fold(prefix))
    assert follow(board, [], tail) == 0
    assert state_of(board) == state_of(fold(prefix + tail))


def test_a_work_unit_event_before_its_base_asks_for_the_ledger():
    prefix = [unit_state("e1", 0, "processing"), unit_state("e2", 20, "processing")]
    late = unit_state("e3", 10, "down")
    board = restored_from(fold(prefix))
    assert follow(board, prefix, [late]) == 1
    assert board.work_units["W1"].since == START + timedelta(minutes=20)


def test_thickening_takes_only_events_of_the_subject_that_are_not_undone():
    first, other = progressed("e1"), unit_state("e2", 0, "down")
    board = fold([void("v1", progressed("gone"))])
    board.thicken(OPERATION, [first, other, progressed("gone"), void("v2", first)])
    assert set(board.operations) == {OPERATION}
    assert not board.work_units
    assert board.operation("SO-1", "10").good == 1


def test_thickening_with_nothing_left_leaves_no_blank_subject():
    board = restored_from(fold([progressed("e1")]))
    board.thicken(OPERATION, [])
    assert board.existing(OPERATION) is None


@MANY
@given(log=streams(), data=st.data())
def test_forgetting_the_past_never_changes_what_follows(log, data):
    at = data.draw(st.integers(0, len(log)))
    horizon = START + timedelta(minutes=data.draw(st.integers(0, 80)))
    board, whole = fold(log[:at]), fold(log)
    board.forget_before(horizon)
    board.forget_before(horizon - timedelta(minutes=30))
    follow(board, log[:at], log[at:])
    seen, expected = state_of(board), state_of(whole)
    first = bucket_of(horizon)
    expected["output"] = {k: v for k, v in whole.output.items() if k[1] >= first}
    assert seen == expected


@MANY
@given(log=streams(), data=st.data())
def test_forgetting_commutes_with_restoring(log, data):
    at = data.draw(st.integers(0, len(log)))
    board = fold(log[:at])
    board.forget_before(START + timedelta(minutes=40))
    again = restored_from(board)
    follow(again, log[:at], log[at:])
    follow(board, log[:at], log[at:])
    assert state_of(again) == state_of(board)


def test_forgetting_keeps_the_run_that_lasted_then_and_drops_the_ledger_before():
    log = [unit_state(f"e{i}", i, "down" if i < 3 else "processing") for i in range(8)]
    board = fold(log)
    board.forget_before(START + timedelta(minutes=5.5))
    unit = board.work_units["W1"]
    assert unit.since == START + timedelta(minutes=3)
    assert sorted(unit.ledger) == [("mes", "e6"), ("mes", "e7")]
    board.apply(unit_state("e9", 6.5, "down"))
    assert unit.since == START + timedelta(minutes=7)


def test_what_reaches_behind_the_forgotten_asks_for_the_ledger():
    log = [unit_state("e1", 1, "processing"), unit_state("e2", 2, "down")]
    log += [unit_state("e3", 3, "down"), unit_state("e4", 9, "down")]
    for behind in (unit_state("e5", 2.5, "processing"), void("v1", log[1]), void("v2", log[3])):
        board = fold(log)
        board.forget_before(START + timedelta(minutes=5))
        assert follow(board, log, [behind]) == 1
        assert state_of(board) == state_of(fold([*log, behind]))


def test_output_older_than_the_horizons_bucket_is_neither_kept_nor_counted():
    board = fold([progressed("e1", -16), progressed("e2", 1)])
    board.forget_before(START + timedelta(minutes=5))
    board.apply(progressed("e3", -20))
    board.apply(progressed("e4", 2))
    assert board.output == {("W1", bucket_of(START)): [2, 0, 0]}


def test_forgetting_an_order_drops_also_operations_that_its_plan_no_longer_has():
    log = [plan("e1", steps=("20",)), progressed("e2"), plan("e3", order="SO-2")]
    board = fold(log)
    board.changed_orders.clear()
    board.forget_orders(["SO-1", "unknown"])
    assert not board.operations
    assert set(board.orders) == {"SO-2"}
    assert board.changed_orders == {"SO-1", "unknown"}


def test_changes_of_forgotten_output_are_not_kept_for_whoever_never_takes_them():
    board = fold([progressed("e1", -16), progressed("e2", 1)])
    board.forget_before(START + timedelta(minutes=5))
    assert board.changed_output == {("W1", bucket_of(START))}
