"""The fold of the board: order-free, exact after corrections, and resumable from bases."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.domain.board import (
    NEEDS,
    OPERATIONS,
    OUTPUT,
    PLAN,
    WORK_UNITS,
    Board,
    blank,
    bucket_of,
    bucket_start,
)
from data.domain.events import Data, Event, EventType, OperationStatus, WorkUnitState
from data.domain.plan import Operation, Order
from data.domain.site import Site
from tests.unit.domain.strategies import (
    RECORDED,
    SITE,
    START,
    events,
    fold,
    follow,
    follow_resting,
    recorded_of,
    restored_from,
    state_of,
    states_of,
    streams,
)

OPERATION = "operation/SO-1/10"
MANY = settings(max_examples=80, deadline=None)


def event(
    event_id: str,
    event_type: EventType,
    subject: str,
    minute: float = 0,
    source: str = "mes",
    data: Data | None = None,
) -> Event:
    time = START + timedelta(minutes=minute)
    return Event(event_id, source, event_type, subject, time, RECORDED, data or Data())


def progressed(event_id: str, minute: float = 0, good: int = 1, unit: str = "W1") -> Event:
    data = Data(good=good, work_unit=unit)
    return event(event_id, EventType.OPERATION_PROGRESSED, OPERATION, minute, data=data)


def unit_state(event_id: str, minute: float, state: str, unit: str = "W1") -> Event:
    data = Data(state=WorkUnitState(state))
    return event(
        event_id, EventType.WORK_UNIT_STATE_CHANGED, f"work-unit/{unit}", minute, data=data
    )


def void(event_id: str, of: Event, subject: str | None = None, minute: float = 90) -> Event:
    data = Data(event_id=of.id, event_source=of.source)
    return event(event_id, EventType.EVENT_VOIDED, subject or of.subject, minute, data=data)


def model(event_id: str, name: str, minute: float = 0, site: str = SITE) -> Event:
    data = Data(site=Site(id=site, name=name))
    return event(event_id, EventType.PLAN_CHANGED, f"site/{site}", minute, data=data)


def plan(event_id: str, minute: float = 0, order: str = "SO-1", steps: tuple[str, ...] = ("10",)):
    operations = tuple(
        Operation(id=step, work_center="C", planned_start=START, planned_finish=START)
        for step in steps
    )
    document = Order(id=order, product="P", quantity=1, due_at=START, operations=operations)
    return event(
        event_id, EventType.PLAN_CHANGED, f"order/{order}", minute, data=Data(order=document)
    )


# Order and repetition


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


# Split: bases from the history, the tail from the log


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


# Resting


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


# Forgetting


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


# Looking


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
