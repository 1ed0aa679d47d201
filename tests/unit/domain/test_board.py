"""The fold of the board: order-free, exact after corrections; and what it is asked."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from data.domain.board import (
    NEEDS,
    OPERATIONS,
    OUTPUT,
    PLAN,
    WORK_UNITS,
    Board,
    bucket_of,
    bucket_start,
)
from data.domain.events import EventType, OperationStatus
from data.domain.site import Site
from tests.unit.domain.board_events import (
    MANY,
    OPERATION,
    event,
    model,
    plan,
    progressed,
    void,
)
from tests.unit.domain.strategies import (
    SITE,
    START,
    events,
    fold,
    state_of,
    streams,
)


@MANY
@given(log=streams(), chance=st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_of_the_same_events_give_the_same_board(log, chance):
    again = log + [chance.choice(log) for _ in range(chance.randint(0, len(log)))]
    chance.shuffle(again)
    assert state_of(fold(again)) == state_of(fold(log))


@MANY
@given(log=streams())
def test_a_voided_event_leaves_the_board_as_if_it_had_never_come(log):
    voids = [e for e in log if e.type is EventType.EVENT_VOIDED]
    undone = {(e.subject, e.data.event_source, e.data.event_id) for e in voids}
    left = [e for e in log if e in voids or (e.subject, e.source, e.id) not in undone]
    board, clean = fold(log), fold(left)
    clean.last_event_at = board.last_event_at
    assert state_of(board) == state_of(clean)


@MANY
@given(log=streams())
def test_a_repeated_event_touches_nothing(log):
    board = fold(log)
    board.changed_orders.clear()
    before = state_of(board)
    assert [board.apply(e) for e in log] == [0] * len(log)
    assert not board.changed_orders
    assert state_of(board) == before


@MANY
@given(log=streams())
def test_whatever_changes_is_announced_by_topic_order_and_output_key(log):
    board = Board(SITE)
    for e in log:
        before = snapshot(board)
        board.changed_orders.clear()
        board.changed_output.clear()
        topics = board.apply(e)
        after = snapshot(board)
        changed = {
            s for s in before[0].keys() | after[0].keys() if before[0].get(s) != after[0].get(s)
        }
        for subject in changed:
            kind, name, *_ = subject.split("/")
            assert topics & {"operation": OPERATIONS, "need": NEEDS, "work-unit": WORK_UNITS}.get(
                kind, PLAN
            )
            assert kind in ("site", "work-unit") or name in board.changed_orders
        keys = before[1].keys() | after[1].keys()
        moved = {key for key in keys if before[1].get(key) != after[1].get(key)}
        assert moved <= board.changed_output
        assert not moved or topics & OUTPUT


def snapshot(board: Board):
    seen = state_of(board)
    return seen["subjects"], {key: tuple(counted) for key, counted in seen["output"].items()}


def test_events_of_one_instant_are_ordered_by_id_then_source():
    paused = event("b", EventType.OPERATION_PAUSED, OPERATION)
    started = event("a", EventType.OPERATION_STARTED, OPERATION)
    resumed = event("b", EventType.OPERATION_RESUMED, OPERATION, source="zebra")
    for log in ([paused, started], [started, paused]):
        assert fold(log).operation("SO-1", "10").status is OperationStatus.PAUSED
    for log in ([paused, resumed], [resumed, paused]):
        assert fold(log).operation("SO-1", "10").status is OperationStatus.RUNNING


# Voids


def test_a_void_before_its_target_keeps_the_target_out():
    first = progressed("e1")
    board = fold([void("v", first), first])
    assert not board.operations
    assert not board.output


def test_a_void_that_names_another_subject_undoes_nothing_in_either_order():
    first = progressed("e1")
    astray = void("v", first, subject="operation/SO-2/10")
    for log in ([first, astray], [astray, first]):
        assert fold(log).operation("SO-1", "10").good == 1


def test_a_right_void_works_beside_one_astray_in_any_order():
    first = progressed("e1")
    astray, right = void("v1", first, subject="work-unit/W1"), void("v2", first)
    for log in ([first, astray, right], [astray, right, first], [right, first, astray]):
        assert not fold(log).operations


def test_a_void_cannot_be_voided():
    first = progressed("e1")
    undo = void("v1", first)
    undo_undo = void("v2", undo)
    for log in ([first, undo, undo_undo], [undo_undo, undo, first], [undo, undo_undo, first]):
        assert not fold(log).operations


def test_voiding_the_only_model_of_the_site_leaves_a_blank_site():
    first = model("e1", "Plant")
    for log in ([first, void("v", first)], [void("v", first), first]):
        assert fold(log).site == Site(id=SITE, name=SITE)


def test_voiding_the_latest_model_brings_the_one_before_back():
    old, new = model("e1", "Old", 0), model("e2", "New", 5)
    assert fold([old, new, void("v", new)]).site.name == "Old"


def test_a_model_of_another_site_is_not_taken():
    other = model("e1", "Elsewhere", site="other")
    board = fold([other])
    assert board.site == Site(id=SITE, name=SITE)
    assert board.apply(void("v", other)) == 0
    board.thicken("site/other", [other])
    assert board.site == Site(id=SITE, name=SITE)


def test_a_subject_whose_last_event_is_voided_is_gone_from_the_board():
    first = progressed("e1")
    board = fold([first])
    board.apply(void("v", first))
    assert board.existing(OPERATION) is None
    assert board.changed_orders == {"SO-1"}


def test_the_last_event_counts_voids_and_what_they_undid_in_any_order():
    late = progressed("e1", minute=50)
    undo = void("v", late, minute=40)
    for log in ([late, undo], [undo, late]):
        assert fold(log).last_event_at == late.time


def test_an_unmet_void_is_met_when_its_target_comes():
    first = progressed("e1")
    board = fold([void("v", first)])
    assert board.unmet_voids == {("mes", "e1")}
    board.apply(first)
    assert board.unmet_voids == set()


@given(st.integers(-(10**15), 10**16), st.sampled_from([UTC, timezone(timedelta(hours=-9.5))]))
@example(-1, UTC)
@example(0, UTC)
def test_a_bucket_holds_its_instant_in_any_zone_and_before_1970_too(microseconds, zone):
    at = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).astimezone(zone)
    start = bucket_start(bucket_of(at))
    assert start <= at < start + timedelta(minutes=15)


def test_good_pieces_are_counted_in_whole_buckets():
    board = fold([progressed("e1", 1, 2), progressed("e2", 16, 3), progressed("e3", 31, 4)])
    half_hour = START + timedelta(minutes=30)
    assert board.good_between(["W1", "W2"], START, half_hour) == 5
    assert board.good_between(["W1"], START, half_hour + timedelta(seconds=1)) == 9


def test_an_order_is_completed_when_all_its_operations_are():
    log = [
        plan("e1", steps=("10", "20")),
        event("e2", EventType.OPERATION_COMPLETED, OPERATION),
        event("e3", EventType.OPERATION_COMPLETED, "operation/SO-1/20"),
        plan("e4", order="SO-2", steps=()),
    ]
    board = fold(log)
    by_id = {p.id: p for p in board.plans()}
    assert board.completed(by_id["SO-1"])
    assert not board.completed(by_id["SO-2"])
    board.apply(event("e5", EventType.OPERATION_REOPENED, OPERATION, 9))
    assert not board.completed(by_id["SO-1"])


@given(e=events())
@example(e=model("e1", "Plant"))
def test_every_type_of_event_folds_on_an_empty_board(e):
    assert Board(SITE).apply(e) >= 0
