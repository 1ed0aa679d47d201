"""Live, refused, muted, stopped and started again: a run of the demo factory."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from data.domain.board import Board
from data.domain.events import OperationStatus
from data.simulate.reports import work_unit_of
from data.simulate.run import history, run_name

NOW = datetime(2026, 3, 11, 6, 20, tzinfo=UTC)


def _at(envelope: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(envelope["time"])


def test_three_to_ten_events_a_second_come_live(world: Any, board_of: Any, past: Any) -> None:
    run = world(NOW + timedelta(seconds=1), 600)
    run.run(board_of(past))
    assert run.history == []
    assert 3 <= len(run.live) / 600 <= 10


def test_live_goes_at_the_same_pace_as_history(past: Any) -> None:
    factory, _ = history(7, NOW, timedelta(days=4))
    live = factory.advance(NOW.timestamp() + 24 * 3600)

    def pieces(envelopes: list[dict[str, Any]]) -> int:
        return sum(envelope["data"].get("good", 0) for envelope in envelopes)

    before = pieces([e for e in past if _at(e) > NOW - timedelta(hours=24)])
    assert 0.8 < pieces(live) / before < 1.25


@pytest.mark.parametrize("taken", [40, 900, 2500, 5001, 7003])
def test_it_goes_on_from_wherever_it_was_cut(board_of: Any, past: Any, taken: int) -> None:
    known = past[:taken]
    board = board_of(known)
    assert board.last_event_at is not None
    at = board.last_event_at + timedelta(hours=9)
    factory, missed = history(7, at, board=board)
    everything = known + missed + factory.advance(at.timestamp() + 120)
    assert len({envelope["id"] for envelope in everything}) == len(everything)
    _assert_balanced(board_of(everything))


def test_every_machine_signals_every_three_seconds(world: Any, board_of: Any, past: Any) -> None:
    run = world(NOW, 30)
    board = board_of(past)
    run.run(board)
    assert 9 <= len(run.signals) <= 11
    assert set(run.signals[0]) == {unit.id for unit in board.site.work_units}


def test_what_is_refused_is_sent_again_and_nothing_is_lost(
    world: Any, board_of: Any, past: Any
) -> None:
    calm, stormy = world(NOW, 120), world(NOW, 120)
    stormy.refusals = 4
    calm.run(board_of(past))
    stormy.run(board_of(past))
    assert stormy.refused[0] == stormy.refused[3]
    taken = [envelope["id"] for envelope in stormy.live]
    assert taken == [envelope["id"] for envelope in calm.live][: len(taken)]
    assert len(taken) > 0.9 * len(calm.live)


def test_a_muted_machine_is_silent_and_reports_late_once_it_is_heard(
    world: Any, board_of: Any, past: Any
) -> None:
    board = board_of(past)
    busy = next(
        state.work_unit
        for state in board.operations.values()
        if state.status is OperationStatus.RUNNING and state.work_unit
        if board.work_units[state.work_unit].state == "processing"
    )
    plain, run = world(NOW, 120), world(NOW, 120)
    plain.run(board_of(past))
    until = NOW + timedelta(seconds=60)
    silent: list[int] = []

    def muted() -> set[str]:
        if run.now() >= until:
            return set()
        silent.append(sum(work_unit_of(e) == busy for e in run.live))
        return {busy}

    run.muted = muted
    run.run(board)
    assert set(silent) == {0}
    assert busy not in run.signals[0]
    assert busy in run.signals[-1]
    assert sorted(e["id"] for e in run.live) == sorted(e["id"] for e in plain.live)


def test_after_a_restart_it_goes_on_from_the_board(world: Any, board_of: Any, past: Any) -> None:
    first = world(NOW, 300)
    first.run(board_of(past))
    board = board_of(past + first.live)
    good = {subject: state.good for subject, state in board.operations.items()}
    again = world(NOW + timedelta(hours=31), 120)
    again.run(board)
    everything = past + first.live + again.live
    after = board_of(everything)
    ids = Counter((envelope["source"], envelope["id"]) for envelope in everything)
    assert max(ids.values()) == 1
    assert again.history == []
    assert min(map(_at, again.live)) >= max(map(_at, past + first.live))
    assert all(after.operations[subject].good >= count for subject, count in good.items())
    assert sum(state.good for state in after.operations.values()) > sum(good.values()) + 10_000


def test_a_restart_keeps_pieces_and_orders_in_balance(world: Any, board_of: Any, past: Any) -> None:
    again = world(NOW + timedelta(hours=20), 60)
    again.run(board_of(past))
    board = board_of(past + again.live)
    open_orders = [plan for plan in board.plans() if not board.completed(plan)]
    assert 60 <= len(open_orders) <= 100
    _assert_balanced(board)


def _assert_balanced(board: Board) -> None:
    """No step has done more than came in, and a completed one all of it."""
    for plan in board.plans():
        arrived = plan.quantity
        for operation in plan.operations:
            state = board.operation(plan.id, operation.id)
            done = state.good + state.scrap
            assert done <= arrived
            assert done == arrived or state.status is not OperationStatus.COMPLETED
            arrived = state.good


def test_a_gap_is_reported_in_large_steps(world: Any, board_of: Any, past: Any) -> None:
    again = world(NOW + timedelta(hours=20), 0.5)
    again.run(board_of(past))
    assert len(again.live) < 20 * 250


def test_an_order_is_taken_up_once_and_numbers_go_on(world: Any, board_of: Any, past: Any) -> None:
    board = board_of(past)
    again = world(NOW + timedelta(hours=20), 60)
    again.run(board)
    plans = [e["subject"] for e in again.live if e["type"] == "plan.changed"]
    new = {subject.split("/")[1] for subject in plans} - set(board.orders)
    highest = max(int(order[3:]) for order in board.orders)
    assert new == {f"SO-{highest + 1 + n}" for n in range(len(new))}
    assert len(new) > 3
    assert "site/hsinchu" not in plans


def test_a_run_is_named_by_seed_instant_and_board(board_of: Any, past: Any) -> None:
    empty = Board("hsinchu")
    names = {
        run_name(1, NOW, empty),
        run_name(2, NOW, empty),
        run_name(1, NOW + timedelta(seconds=1), empty),
        run_name(1, NOW, board_of(past)),
    }
    assert len(names) == 4
    assert run_name(1, NOW, empty) == run_name(1, NOW, Board("hsinchu"))
