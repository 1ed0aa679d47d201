from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.board import Board
from data.domain.events import Data, Event, EventType, WorkUnitState
from data.domain.plan import Operation, Order
from data.domain.projection import route_of
from data.domain.ranking import Ranking
from data.domain.risk import RiskBook, order_risk
from data.domain.site import Area, Site, WorkCenter
from data.domain.view import RiskRow, Standing

EIGHT = datetime(2026, 11, 24, 8, tzinfo=UTC)
STARTED, PROGRESSED = EventType.OPERATION_STARTED, EventType.OPERATION_PROGRESSED
PAUSED, COMPLETED = EventType.OPERATION_PAUSED, EventType.OPERATION_COMPLETED
_ids = count()


def h(hours: float) -> datetime:
    """An instant, in hours after 08:00."""
    return EIGHT + timedelta(hours=hours)


def step(name: str, start: float, finish: float, **more: Any) -> Operation:
    return Operation(
        id=name, work_center="W", planned_start=h(start), planned_finish=h(finish), **more
    )


def order(*steps: Operation, due: float = 24, name: str = "SO-1", **more: Any) -> Order:
    return Order(id=name, product="P", quantity=100, due_at=h(due), operations=steps, **more)


def event(kind: EventType, subject: str, at: datetime, **data: Any) -> Event:
    return Event(
        id=f"{next(_ids):09}",
        source="test",
        type=kind,
        subject=subject,
        time=at,
        recorded_at=at,
        data=Data(**data),
    )


def did(kind: EventType, name: str, hours: float, plan: str = "SO-1", **data: Any) -> Event:
    return event(kind, f"operation/{plan}/{name}", h(hours), **data)


def planned(plan: Order) -> Event:
    return event(EventType.PLAN_CHANGED, f"order/{plan.id}", h(-100), order=plan)


def board_of(*events: Event) -> Board:
    board = Board("s")
    for one in events:
        board.apply(one)
    return board


def risk(plan: Order, now: float, *events: Event) -> RiskRow:
    return order_risk(plan, board_of(planned(plan), *events), h(now))


ROUTE = order(step("10", 0, 2), step("20", 3, 5), step("30", 5, 9))


class TestProjection:
    def test_an_order_on_plan_finishes_as_planned(self) -> None:
        assert risk(ROUTE, -1).projected_at == h(9)
        assert risk(ROUTE, 1, did(STARTED, "10", 0)).projected_at == h(9)

    def test_a_gap_in_the_plan_takes_a_delay_up(self) -> None:
        assert risk(ROUTE, 1, did(STARTED, "10", 0.75)).projected_at == h(9)

    def test_what_the_gap_does_not_take_moves_everything_after_it(self) -> None:
        assert risk(ROUTE, 2, did(STARTED, "10", 1.5)).projected_at == h(9.5)

    def test_an_operation_that_is_overdue_to_start_starts_now(self) -> None:
        assert risk(ROUTE, 4).projected_at == h(4 + 2 + 2 + 4)

    def test_an_early_finish_does_not_start_the_next_before_its_plan(self) -> None:
        assert risk(ROUTE, 1, did(COMPLETED, "10", 0.5)).projected_at == h(9)

    def test_a_completed_operation_counts_when_it_really_finished(self) -> None:
        late = (did(STARTED, "10", 0), did(COMPLETED, "10", 3.5))
        assert risk(ROUTE, 3.5, *late).projected_at == h(9.5)

    def test_the_pieces_left_need_their_run_time_from_now(self) -> None:
        # 20 of 100 pieces after 1:45 of 2 h; 80 pieces take 80 % of 2 h more
        slow = (did(STARTED, "10", 0), did(PROGRESSED, "10", 1.75, good=20))
        assert risk(order(step("10", 0, 2)), 1.75, *slow).projected_at == h(1.75 + 1.6)

    def test_run_time_holds_when_the_plan_has_setup_beside_it(self) -> None:
        plan = order(step("10", 0, 3, run_time_s=36, setup_s=7200))
        slow = (did(STARTED, "10", 0), did(PROGRESSED, "10", 2.5, good=30))
        assert risk(plan, 2.5, *slow).projected_at == h(2.5 + 0.7)

    def test_run_time_is_no_more_than_the_plan_leaves_when_units_share_the_work(self) -> None:
        plan = order(step("10", 0, 2, run_time_s=360))  # 10 h of work planned into 2 h
        half = (did(STARTED, "10", 0), did(PROGRESSED, "10", 1, good=50))
        assert risk(plan, 1, *half).projected_at == h(2)

    def test_scrap_is_work_done(self) -> None:
        done = (did(STARTED, "10", 0), did(PROGRESSED, "10", 1.75, good=90, scrap=10))
        assert risk(order(step("10", 0, 2)), 1.75, *done).projected_at == h(2)

    def test_a_source_that_counts_at_the_end_only_is_not_late_before_it(self) -> None:
        started = did(STARTED, "10", 0)
        assert risk(order(step("10", 0, 2)), 1.75, started).projected_at == h(2)
        assert risk(order(step("10", 0, 2)), 2.5, started).projected_at == h(2.5)

    def test_an_overlap_in_the_plan_stays(self) -> None:
        plan = order(step("10", 0, 4), step("20", 1, 5))
        assert risk(plan, 0).projected_at == h(5)
        assert risk(plan, 1, did(STARTED, "10", 1)).projected_at == h(6)

    def test_branches_join_at_the_later_one(self) -> None:
        plan = order(
            step("A", 0, 2, predecessors=()),
            step("B", 0, 3, predecessors=()),
            step("C", 3, 4, predecessors=("A", "B")),
        )
        assert risk(plan, 1, did(STARTED, "A", 0), did(STARTED, "B", 1)).projected_at == h(5)
        assert risk(plan, 2, did(STARTED, "A", 1), did(STARTED, "B", 0)).projected_at == h(4)

    def test_predecessors_may_be_listed_after_their_successor(self) -> None:
        plan = order(
            step("last", 2, 3, predecessors=("first",)), step("first", 0, 2, predecessors=())
        )
        row = risk(plan, 1)
        assert (row.projected_at, row.operation) == (h(4), "first")

    def test_operations_that_wait_for_each_other_are_taken_as_listed(self) -> None:
        plan = order(step("a", 0, 1, predecessors=("b",)), step("b", 1, 2, predecessors=("a",)))
        assert [o.id for o in route_of(plan).operations] == ["a", "b"]
        assert risk(plan, 0).projected_at == h(2)

    def test_an_unreported_operation_keeps_the_order_open(self) -> None:
        row = risk(ROUTE, 12, did(COMPLETED, "20", 5), did(COMPLETED, "30", 9))
        assert (row.done, row.operation, row.projected_at) == (2, "10", h(14))

    def test_an_order_without_operations_is_unknown_until_it_is_past_due(self) -> None:
        assert risk(order(due=5), 4).standing is Standing.UNKNOWN
        past = risk(order(due=5), 6)
        assert (past.standing, past.slack_s) == (Standing.LATE, -3600)


class TestStanding:
    @pytest.mark.parametrize(
        ("due", "standing"),
        [
            (8.9, Standing.LATE),
            (9, Standing.AT_RISK),
            (10.9, Standing.AT_RISK),
            (11, Standing.ON_TRACK),
        ],
    )
    def test_two_hours_of_slack_are_wanted(self, due: float, standing: Standing) -> None:
        assert risk(order(*ROUTE.operations, due=due), 0).standing is standing

    def test_a_long_rest_of_the_route_wants_a_tenth_of_it(self) -> None:
        long = (step("10", 0, 50), step("20", 50, 100))
        assert risk(order(*long, due=109), 0).standing is Standing.AT_RISK
        assert risk(order(*long, due=110), 0).standing is Standing.ON_TRACK
        half_done = did(COMPLETED, "10", 50)
        assert risk(order(*long, due=105), 50, half_done).standing is Standing.ON_TRACK

    def test_all_completed_is_done_even_past_due(self) -> None:
        row = risk(order(step("10", 0, 2), due=1), 5, did(COMPLETED, "10", 2))
        assert (row.standing, row.operation, row.slack_s) == (Standing.DONE, None, -3600)

    def test_a_paused_operation_stops_the_order(self) -> None:
        paused = (did(STARTED, "10", 0), did(PAUSED, "10", 1))
        assert risk(ROUTE, 1, *paused).standing is Standing.STOPPED

    @pytest.mark.parametrize(
        ("state", "standing"),
        [
            (WorkUnitState.DOWN, Standing.STOPPED),
            (WorkUnitState.REPAIR, Standing.STOPPED),
            (WorkUnitState.SETUP, Standing.ON_TRACK),
        ],
    )
    def test_a_work_unit_that_is_down_stops_it(
        self, state: WorkUnitState, standing: Standing
    ) -> None:
        unit = event(EventType.WORK_UNIT_STATE_CHANGED, "work-unit/U", h(1), state=state)
        assert risk(ROUTE, 1, did(STARTED, "10", 0, work_unit="U"), unit).standing is standing

    def test_the_row_says_where_the_order_is(self) -> None:
        row = risk(ROUTE, 4, did(COMPLETED, "10", 2), did(STARTED, "20", 3))
        assert (row.operation, row.work_center, row.done, row.operations) == ("20", "W", 1, 3)
        assert (row.order, row.quantity, row.slack_s) == ("SO-1", 100, 15 * 3600)


SPANS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 12)), min_size=1, max_size=6
)  # (gap before, length), hours
DELAYS = st.integers(0, 30)


def chained(spans: Iterable[tuple[int, int]]) -> Order:
    at, steps = 0, []
    for i, (gap, length) in enumerate(spans):
        at += gap
        steps.append(step(str(i), at, at + length))
        at += length
    return order(*steps)


@given(SPANS, st.integers(-5, 100), st.integers(0, 6), DELAYS)
def test_nothing_open_is_projected_into_the_past(
    spans: list[tuple[int, int]], now: int, done: int, delay: int
) -> None:
    plan = chained(spans)
    facts = [did(COMPLETED, str(i), i + delay) for i in range(min(done, len(spans) - 1))]
    assert risk(plan, now, *facts).projected_at >= h(now)


@given(SPANS, st.integers(0, 60), DELAYS, DELAYS, st.sampled_from([STARTED, COMPLETED]))
def test_more_delay_never_projects_earlier(
    spans: list[tuple[int, int]], now: int, less: int, more: int, kind: EventType
) -> None:
    plan = chained([*spans, (1, 2)])
    early, late = (risk(plan, now, did(kind, "0", d)) for d in sorted((less, more)))
    assert early.projected_at <= late.projected_at
    later = risk(plan, now + more, did(kind, "0", less))
    assert risk(plan, now, did(kind, "0", less)).projected_at <= later.projected_at


@given(SPANS, st.integers(1, 99), st.integers(1, 99))
def test_fewer_pieces_never_project_earlier(spans: list[tuple[int, int]], a: int, b: int) -> None:
    plan = chained(spans)
    few, many = (
        risk(plan, 5, did(STARTED, "0", 0), did(PROGRESSED, "0", 5, good=n)) for n in sorted((a, b))
    )
    assert few.projected_at >= many.projected_at


SITE = Site(
    id="s",
    name="S",
    areas=(Area(id="A", calendar="c"), Area(id="B", calendar="c")),
    work_centers=(WorkCenter(id="W", area="A"), WorkCenter(id="V", area="B")),
)


def site_event(site: Site = SITE, hours: float = -100) -> Event:
    return event(EventType.PLAN_CHANGED, "site/s", h(hours), site=site)


def shop() -> Board:
    """Orders due 7, 9, 10 and 24 h after 08:00, all planned to finish after 9 h."""
    dues = {"late": 7.0, "tight": 10.0, "calm": 24.0, "edge": 9.0}
    plans = [order(*ROUTE.operations, due=due, name=name) for name, due in dues.items()]
    return board_of(site_event(), *(planned(plan) for plan in plans))


def book_of(board: Board, now: datetime = EIGHT) -> RiskBook:
    book = RiskBook(board)
    book.refresh(now)
    return book


def names(book: RiskBook, area: str | None = "A", n: int = 99) -> list[str]:
    return [row.order for row in book.worst(area, n)]


class TestRiskBook:
    def test_the_worst_come_first(self) -> None:
        assert names(book_of(shop())) == ["late", "edge", "tight", "calm"]
        assert names(book_of(shop()), n=2) == ["late", "edge"]

    def test_equal_risks_stand_by_id(self) -> None:
        plans = [order(*ROUTE.operations, name=f"SO-{i}") for i in (3, 1, 2)]
        board = board_of(site_event(), *(planned(plan) for plan in plans))
        assert names(book_of(board)) == ["SO-1", "SO-2", "SO-3"]

    def test_stopped_orders_follow_late_ones_and_a_late_one_stays_among_them(self) -> None:
        board = shop()
        for name in ("calm", "late"):
            board.apply(did(STARTED, "10", 0, plan=name))
            board.apply(did(PAUSED, "10", 0, plan=name))
        book = book_of(board)
        assert names(book) == ["late", "calm", "edge", "tight"]
        assert [row.standing for row in book.worst("A", 2)] == [Standing.STOPPED] * 2
        counts = book.counts("A")
        assert (counts.late, counts.at_risk, counts.in_process) == (1, 2, 2)

    def test_counts_say_how_the_open_orders_stand(self) -> None:
        counts = book_of(shop()).counts("A")
        assert (counts.open, counts.late, counts.at_risk, counts.in_process) == (4, 1, 2, 0)
        assert counts.on_time == 0.75
        assert counts.standings == {
            Standing.LATE: 1,
            Standing.AT_RISK: 2,
            Standing.ON_TRACK: 1,
        }

    def test_an_area_without_orders_has_no_share_on_time(self) -> None:
        counts = book_of(shop()).counts("B")
        assert (counts.open, counts.on_time) == (0, None)

    def test_an_order_without_a_route_says_nothing_about_time(self) -> None:
        counts = book_of(board_of(planned(order(due=5)))).counts(None)
        assert (counts.open, counts.unknown, counts.on_time) == (1, 1, None)

    def test_an_order_that_names_no_line_stands_at_that_of_its_last_operation(self) -> None:
        elsewhere = Operation(id="9", work_center="V", planned_start=h(9), planned_finish=h(9))
        board = board_of(site_event(), planned(order(*ROUTE.operations, elsewhere)))
        assert (names(book_of(board), "A"), names(book_of(board), "B")) == ([], ["SO-1"])
        named = board_of(site_event(), planned(order(*ROUTE.operations, elsewhere, area="A")))
        assert names(book_of(named), "A") == ["SO-1"]

    def test_none_means_the_whole_site(self) -> None:
        board = board_of(planned(order(*ROUTE.operations)))
        assert names(book_of(board), None) == ["SO-1"]

    def test_a_touched_order_is_judged_at_the_next_refresh(self) -> None:
        board = shop()
        book = book_of(board)
        board.apply(did(STARTED, "10", 30, plan="calm"))
        book.touch(["calm"])
        assert names(book)[0] == "late"
        assert book.refresh(EIGHT) == {"A"}
        assert names(book)[0] == "calm"

    def test_a_refresh_without_a_change_says_so(self) -> None:
        book = book_of(shop())
        book.touch(["calm"])
        assert book.refresh(EIGHT + timedelta(seconds=1)) == set()

    def test_completed_cancelled_and_forgotten_orders_leave(self) -> None:
        board = shop()
        book = book_of(board)
        for name in ("10", "20", "30"):
            board.apply(did(COMPLETED, name, 1, plan="late"))
        cancelled = order(*ROUTE.operations, name="edge", cancelled=True)
        board.apply(event(EventType.PLAN_CHANGED, "order/edge", h(0), order=cancelled))
        board.forget_orders(["calm"])
        book.touch(board.changed_orders)
        assert book.refresh(EIGHT) == {"A"}
        assert names(book) == ["tight"]
        assert (book.counts("A").open, book.row("late")) == (1, None)

    def test_a_reopened_order_comes_back(self) -> None:
        board = board_of(planned(order(step("10", 0, 2))), did(COMPLETED, "10", 2))
        book = book_of(board)
        assert names(book, None) == []
        board.apply(did(EventType.OPERATION_REOPENED, "10", 3))
        book.touch(["SO-1"])
        book.refresh(h(3))
        assert names(book, None) == ["SO-1"]

    def test_a_new_plan_takes_the_place_of_the_old(self) -> None:
        board = shop()
        book = book_of(board)
        plan = order(*ROUTE.operations, due=90, name="late", area="B")
        board.apply(event(EventType.PLAN_CHANGED, "order/late", h(0), order=plan))
        book.touch(["late"])
        assert book.refresh(EIGHT) == {"A", "B"}
        assert (names(book, "A"), names(book, "B")) == (["edge", "tight", "calm"], ["late"])

    def test_a_new_site_moves_orders_to_their_lines(self) -> None:
        board = shop()
        book = book_of(board)
        moved = (WorkCenter(id="W", area="B"),)
        board.apply(site_event(Site(id="s", name="S", areas=SITE.areas, work_centers=moved), 0))
        assert book.refresh(EIGHT) == {"A", "B"}
        assert (names(book, "A"), len(names(book, "B"))) == ([], 4)

    def test_every_order_is_renewed_within_a_minute(self) -> None:
        board = board_of(*(planned(order(step("10", 0, 2), name=f"SO-{i}")) for i in range(50)))
        book = book_of(board, h(3))
        seconds = 3 * 3600
        for _ in range(60):
            seconds += 1
            book.refresh(EIGHT + timedelta(seconds=seconds))
        oldest = min(row.projected_at for row in book.worst(None, 50))
        assert oldest >= h(5) + timedelta(seconds=1)

    def test_a_budget_bounds_the_renewals(self) -> None:
        board = board_of(*(planned(order(step("10", 0, 2), name=f"SO-{i}")) for i in range(50)))
        book = book_of(board, h(3))
        book.refresh(h(4), budget=7)
        renewed = [row for row in book.worst(None, 50) if row.projected_at == h(6)]
        assert len(renewed) == 7

    def test_a_clock_set_back_renews_everything(self) -> None:
        book = book_of(shop(), h(30))
        book.refresh(EIGHT)
        assert names(book) == ["late", "edge", "tight", "calm"]
        assert book.row("late") == order_risk(shop().orders["late"].plan, shop(), EIGHT)


@given(st.randoms(use_true_random=False))
def test_the_order_of_events_makes_no_difference(random: Random) -> None:
    plans = [order(*ROUTE.operations, due=9 + i % 4, name=f"SO-{i}") for i in range(6)]
    events = [site_event(), *(planned(plan) for plan in plans)]
    events += [did(STARTED, "10", i / 2, plan=f"SO-{i}") for i in range(5)]
    events += [did(PROGRESSED, "10", 2, plan=f"SO-{i}", good=10 * i) for i in range(3)]
    straight = book_of(board_of(*events), h(3))
    random.shuffle(events)
    shuffled = book_of(board_of(*events), h(3))
    assert straight.worst("A", 9) == shuffled.worst("A", 9)
    assert straight.counts("A") == shuffled.counts("A")


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=30))
def test_touching_step_by_step_gives_what_a_new_book_gives(steps: list[tuple[int, int]]) -> None:
    plans = [order(*ROUTE.operations, due=9 + i, name=f"SO-{i}") for i in range(6)]
    board = board_of(site_event(), *(planned(plan) for plan in plans))
    book = book_of(board, h(20))
    for which, hours in steps:
        kind = (STARTED, PAUSED, COMPLETED)[hours % 3]
        board.apply(did(kind, ("10", "20", "30")[which % 3], hours, plan=f"SO-{which}"))
        book.touch(board.changed_orders)
        board.changed_orders.clear()
        book.refresh(h(20))
    fresh = book_of(board, h(20))
    assert book.worst("A", 9) == fresh.worst("A", 9)
    assert book.counts("A") == fresh.counts("A")


def test_a_ranking_refuses_to_drop_what_it_does_not_hold() -> None:
    ranking: Ranking[tuple[int, str]] = Ranking()
    ranking.add((1, "a"))
    with pytest.raises(KeyError):
        ranking.remove((1, "b"))
    assert (len(ranking), ranking.last(), ranking.between((1,), (2,))) == (1, (1, "a"), [(1, "a")])
