"""A month of the demo factory, looked at as its manager would."""

import itertools
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

from data.domain.bottleneck.states import PHASES, Phase
from data.domain.events import Event, EventType, OperationStatus, operation_subject
from data.domain.events import WorkUnitState as State
from data.domain.plan_rules import PlanRules
from data.simulate.run import CHUNK, history

NOW = datetime.fromisoformat("2026-03-11T06:20:00+00:00")


def test_the_same_seed_and_instant_give_the_same_events() -> None:
    span = timedelta(days=2)
    assert history(3, NOW, span)[1] == history(3, NOW, span)[1]
    assert history(3, NOW, span)[1] != history(4, NOW, span)[1]


def test_an_empty_board_gets_a_history_in_chunks_and_then_live_events(first_run: Any) -> None:
    assert max(first_run.chunks) == CHUNK
    times, live = ([_at(one) for one in sent] for sent in (first_run.history, first_run.live))
    assert times[0] == NOW - timedelta(days=30)
    assert max(times) <= NOW
    assert live[0] >= NOW
    assert max(live) <= first_run.now()


def _at(envelope: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(envelope["time"])


def test_the_first_event_is_the_site_and_times_never_go_back(month: Any) -> None:
    assert month.events[0].subject == "site/hsinchu"
    times = [event.time for event in month.events]
    assert times == sorted(times)
    assert times[-1] <= NOW


def test_the_month_is_small_enough_to_be_recorded_in_seconds(month: Any) -> None:
    assert 40_000 < len(month.events) <= 90_000


def test_every_identity_occurs_once(month: Any) -> None:
    assert len({(event.source, event.id) for event in month.events}) == len(month.events)


def test_all_types_of_ordinary_work_occur(month: Any) -> None:
    unusual = {EventType.OPERATION_REOPENED, EventType.EVENT_VOIDED}
    assert {event.type for event in month.events} == set(EventType) - unusual


def test_every_plan_fits_the_site(month: Any) -> None:
    rules = PlanRules(month.board.site)
    assert [flaw for plan in month.board.plans() for flaw in rules.flaws(plan)] == []


def test_no_operation_passes_the_good_pieces_of_the_one_before(month: Any) -> None:
    good: Counter[str] = Counter()
    done: Counter[str] = Counter()
    before = {
        operation_subject(plan.id, after.id): operation_subject(plan.id, first.id)
        for plan in month.board.plans()
        for first, after in zip(plan.operations, plan.operations[1:], strict=False)
    }
    for event in month.events:
        if event.subject.startswith("operation/") and event.data.good + event.data.scrap:
            good[event.subject] += event.data.good
            done[event.subject] += event.data.good + event.data.scrap
            fed_by = before.get(event.subject)
            assert fed_by is None or done[event.subject] <= good[fed_by]


def test_a_completed_operation_has_done_all_that_came_in(month: Any) -> None:
    board = month.board
    for plan in board.plans():
        arrived = plan.quantity
        for operation in plan.operations:
            state = board.operation(plan.id, operation.id)
            if state.status is not OperationStatus.COMPLETED:
                break
            assert state.good + state.scrap == arrived
            assert state.inspected in (0, arrived)
            arrived = state.good


def _states(events: list[Event]) -> dict[str, list[Event]]:
    by_unit: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.type is EventType.WORK_UNIT_STATE_CHANGED:
            by_unit[event.subject].append(event)
    return by_unit


def test_state_changes_change_something_and_a_repair_follows_a_fault(month: Any) -> None:
    allowed_before_repair = {State.DOWN, State.OFF_SHIFT, State.REPAIR}
    for changes in _states(month.events).values():
        for first, after in itertools.pairwise(changes):
            assert (first.data.state, first.data.operation) != (
                after.data.state,
                after.data.operation,
            )
            if after.data.state is State.REPAIR:
                assert first.data.state in allowed_before_repair
            if after.data.state in (State.PROCESSING, State.SETUP):
                assert after.data.operation is not None


def test_blocking_starving_faults_setups_and_tool_changes_occur_on_every_line(month: Any) -> None:
    areas = {center.id: center.area for center in month.board.site.work_centers}
    area_of = {unit.id: areas[unit.work_center] for unit in month.board.site.work_units}
    seen: dict[str, set[State | None]] = defaultdict(set)
    for subject, changes in _states(month.events).items():
        seen[area_of[subject.split("/")[1]]] |= {change.data.state for change in changes}
    expected = {State.STARVED, State.BLOCKED, State.DOWN, State.REPAIR, State.SETUP}
    for area in ("A", "B", "C"):
        assert expected | {State.TOOL_CHANGE, State.MAINTENANCE, State.OFF_SHIFT} <= seen[area]


def test_at_least_sixty_orders_are_open_throughout(month: Any) -> None:
    left = {plan.id: len(plan.operations) for plan in month.board.plans()}
    opened: set[str] = set()
    counts = []
    for event in month.events:
        if event.type is EventType.PLAN_CHANGED and event.data.order is not None:
            opened.add(event.data.order.id)
        elif event.type is EventType.OPERATION_COMPLETED:
            order = event.subject.split("/")[1]
            left[order] -= 1
            if not left[order]:
                opened.discard(order)
            counts.append(len(opened))
    assert min(counts) >= 60
    assert max(counts) <= 100


def test_between_a_tenth_and_a_third_of_the_closed_orders_are_late(month: Any) -> None:
    board = month.board
    closed = [plan for plan in board.plans() if board.completed(plan)]
    late = 0
    for plan in closed:
        finished = board.operation(plan.id, plan.operations[-1].id).finished_at
        late += finished is not None and finished > plan.due_at
    assert len(closed) > 400
    assert 0.10 <= late / len(closed) <= 0.35


def _active_periods(events: list[Event]) -> list[tuple[float, float, str]]:
    periods = []
    for subject, changes in _states(events).items():
        since: float | None = None
        for change in changes:
            assert change.data.state is not None
            phase, at = PHASES[change.data.state], change.time.timestamp()
            if phase is Phase.ACTIVE and since is None:
                since = at
            elif phase is Phase.INACTIVE and since is not None:
                periods.append((since, at, subject.split("/")[1]))
                since = None
    return periods


def test_the_longest_active_machine_of_a_line_shifts_but_a_few_lead(month: Any) -> None:
    areas = {center.id: center.area for center in month.board.site.work_centers}
    of_line = {u.id for u in month.board.site.work_units if areas[u.work_center] == "A"}
    periods = [period for period in _active_periods(month.events) if period[2] in of_line]
    leaders: Counter[str] = Counter()
    for hour in range(24, 29 * 24):
        at = (NOW - timedelta(days=30)).timestamp() + 3600 * hour
        running = [(end - start, unit) for start, end, unit in periods if start <= at < end]
        leaders.update([max(running)[1]] if running else [])
    shares = [count / leaders.total() for _, count in leaders.most_common()]
    assert shares[0] < 0.6
    assert len([share for share in shares if share > 0.04]) >= 3
    assert sum(shares[:4]) > 0.5


def test_material_is_promised_shipped_and_received_and_some_of_it_late(month: Any) -> None:
    board = month.board
    late = received = 0
    for plan in board.plans():
        for need in plan.needs:
            state = board.needs.get(f"need/{plan.id}/{need.id}")
            if state is None or state.received < need.quantity:
                continue
            assert state.received == state.shipped == need.quantity
            assert state.promised_at is not None
            received += 1
            late += state.received_moment is not None and state.received_moment[0] > need.need_by
    assert received > 1000
    assert 0.04 < late / received < 0.3


def test_suppliers_do_the_outsourced_operations(month: Any) -> None:
    outsourced = [
        (plan.id, operation)
        for plan in month.board.plans()
        for operation in plan.operations
        if operation.performed_by is not None
    ]
    states = [month.board.operation(order, operation.id) for order, operation in outsourced]
    done = [state for state in states if state.status is OperationStatus.COMPLETED]
    assert len(done) > 10
    assert all(state.work_unit is None and state.good > 0 for state in done)
    assert all(operation.critical for _, operation in outsourced)


def test_lines_pack_a_little_less_than_planned(month: Any) -> None:
    start = NOW - timedelta(days=25)
    for area in ("A", "B", "C"):
        units = [u.id for u in month.board.site.work_units if u.work_center == f"PCK-{area}"]
        good = month.board.good_between(units, start, NOW)
        planned = sum(
            plan.quantity
            for plan in month.board.plans()
            if plan.area == area and start < plan.operations[-1].planned_finish <= NOW
        )
        assert 0.85 < good / planned < 1.03
