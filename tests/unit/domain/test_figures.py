from datetime import UTC, datetime, timedelta
from math import fsum
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.domain.andon import unit_tiles
from data.domain.events import Event, EventType, WorkUnitState
from data.domain.figures import hour_figures, shift_figures, wall_view
from data.domain.indexes import Indexes
from data.domain.line import UnknownArea
from data.domain.site import Shift, Site, SiteClock
from data.domain.view import Readers, WallView
from tests.unit.domain.floor_events import (
    COMPLETED,
    DAY,
    EIGHT,
    MILLING,
    PAUSED,
    PROGRESSED,
    STARTED,
    did,
    event,
    h,
    indexes,
    is_in,
    need,
    needing,
    order,
    plan_event,
    step,
    with_calendar,
)

READERS = Readers(log_connected=True, event_age_s=3.0, history_lag_s=0.1, history_stale=False)


class TestShiftFigures:
    def test_plan_counts_working_time_only(self) -> None:
        # 75 pieces over 08:00–16:00 with half an hour's break: 10 an hour worked
        made = indexes(plan_event(order(step("10", 0, 8), quantity=75)))
        figures = shift_figures(made, "A", h(4.25))
        assert figures.planned_now == pytest.approx(40)
        assert figures.planned_total == pytest.approx(75)

    def test_a_plan_over_several_shifts_gives_each_its_share(self) -> None:
        # Tuesday 14:00 to Wednesday 10:00 works 2 h + 2 h
        made = indexes(plan_event(order(step("10", 6, 26), quantity=40)))
        assert shift_figures(made, "A", h(7)).planned_total == pytest.approx(20)
        assert shift_figures(made, "A", h(7)).planned_now == pytest.approx(10)
        assert shift_figures(made, "A", h(25)).planned_total == pytest.approx(20)

    def test_a_plan_off_shift_goes_on_evenly_but_none_of_it_is_the_shifts(self) -> None:
        made = indexes(plan_event(order(step("10", 9, 11), quantity=40)))
        assert shift_figures(made, "A", h(7)).planned_total == 0

    def test_a_plan_within_a_break_counts_where_it_lies(self) -> None:
        made = indexes(plan_event(order(step("10", 4, 4.5), quantity=40)))
        assert shift_figures(made, "A", h(4.25)).planned_now == pytest.approx(20)

    def test_a_plan_of_no_length_comes_at_once(self) -> None:
        made = indexes(plan_event(order(step("10", 2, 2), quantity=40)))
        assert shift_figures(made, "A", h(2)).planned_now == 0
        assert shift_figures(made, "A", h(2.01)).planned_now == 40

    def test_a_plan_over_years_says_nothing_of_a_shift(self) -> None:
        made = indexes(plan_event(order(step("10", -24 * 300, 24 * 300), quantity=40)))
        assert shift_figures(made, "A", h(2)).planned_total == 0

    def test_only_output_work_centers_count(self) -> None:
        made = indexes(
            plan_event(order(step("10", 0, 2, "MILL"), step("20", 2, 4))),
            did(STARTED, 0, work_unit="M1", good=7),
            did(PROGRESSED, 2.5, "20", work_unit="P1", good=5),
        )
        figures = shift_figures(made, "A", h(3))
        assert (figures.good, figures.planned_total) == (5, pytest.approx(60))

    def test_cancelled_orders_are_not_planned(self) -> None:
        made = indexes(plan_event(order(step("10", 0, 2), cancelled=True)))
        assert shift_figures(made, "A", h(1)).planned_total == 0

    def test_off_shift_the_last_shift_is_shown(self) -> None:
        made = indexes(
            plan_event(order(step("10", 0, 2))), did(PROGRESSED, 1, work_unit="P1", good=50)
        )
        figures = shift_figures(made, "A", h(10))
        assert figures.off_shift
        assert (figures.shift.start, figures.good) == (h(0), 50)
        assert figures.planned_now == figures.planned_total

    def test_without_a_calendar_there_is_nothing_to_count(self) -> None:
        figures = shift_figures(indexes(), "B", h(1))
        assert (figures.shift, figures.off_shift, figures.good) == (None, True, 0)
        assert (figures.first_pass, figures.on_time, figures.planned_total) == (None, None, 0)
        assert hour_figures(indexes(), "B", h(1)) == ()

    def test_an_area_that_the_site_does_not_have_is_refused(self) -> None:
        with pytest.raises(UnknownArea, match="no area Z"):
            shift_figures(indexes(), "Z", h(1))

    def test_orders_are_counted_from_the_book(self) -> None:
        plans = [order(step("10", 0, 2), name=f"SO-{i}") for i in range(3)]
        late = order(step("10", 0, 40), name="SO-9")
        made = indexes(*map(plan_event, [*plans, late]), did(STARTED, 0, plan="SO-2"))
        figures = shift_figures(made, "A", h(0))
        assert (figures.orders_open, figures.work_in_process, figures.late) == (4, 1, 1)
        assert (figures.at_risk, figures.on_time) == (0, 0.75)


class TestFirstPass:
    INSPECTED = EventType.QUALITY_INSPECTED

    def test_it_is_passed_over_inspected_of_what_was_worked_on_in_the_shift(self) -> None:
        made = indexes(
            plan_event(order(step("10", 0, 2, "MILL"), step("20", 2, 4))),
            did(STARTED, 0.5),
            did(self.INSPECTED, 0.6, inspected=30, passed=27),
            did(STARTED, 2, "20"),
            did(self.INSPECTED, 2.5, "20", inspected=10, passed=9),
        )
        assert shift_figures(made, "A", h(3)).first_pass == 0.9

    def test_work_of_an_earlier_shift_is_left_out(self) -> None:
        made = indexes(
            plan_event(order(step("10", -20, -19), step("20", 2, 4))),
            did(COMPLETED, -19),
            did(self.INSPECTED, -19, inspected=30, passed=0),
        )
        assert shift_figures(made, "A", h(3)).first_pass is None

    def test_an_inspection_that_names_its_work_unit_is_activity(self) -> None:
        made = indexes(
            plan_event(order(step("10", -20, -19))),
            did(COMPLETED, -19),
            did(self.INSPECTED, 1, inspected=4, passed=3, work_unit="P1"),
        )
        assert shift_figures(made, "A", h(3)).first_pass == 0.75

    def test_nothing_inspected_is_no_figure(self) -> None:
        made = indexes(plan_event(order(step("10", 0, 2))), did(STARTED, 0))
        assert shift_figures(made, "A", h(1)).first_pass is None


class TestHourFigures:
    def test_plan_and_output_fall_into_their_hours(self) -> None:
        made = indexes(
            plan_event(order(step("10", 0.5, 2.5), quantity=40)),
            did(STARTED, 0.4, work_unit="P1", good=3),
            did(PROGRESSED, 1.99, work_unit="P1", good=20),
            did(PROGRESSED, 2, work_unit="P1", good=1),
        )
        hours = hour_figures(made, "A", h(2.1))
        assert [hour.good for hour in hours] == [3, 20, 1, 0, 0, 0, 0, 0]
        assert [hour.planned for hour in hours][:4] == pytest.approx([10, 20, 10, 0])
        assert [hour.begun for hour in hours] == [True] * 3 + [False] * 5
        assert [hour.over for hour in hours] == [True] * 2 + [False] * 6

    def test_the_first_and_the_last_may_be_parts_of_an_hour(self) -> None:
        site = with_calendar(Shift(name="s", start="08:20", finish="10:40"))
        hours = hour_figures(indexes(site=site), "A", h(1))
        assert [(x.start.minute, x.finish.minute) for x in hours] == [(20, 0), (0, 0), (0, 40)]

    def test_hours_are_those_of_the_sites_clock(self) -> None:
        site = with_calendar(
            Shift(name="s", start="13:30", finish="16:00"), timezone="Asia/Kolkata"
        )
        hours = hour_figures(indexes(site=site), "A", EIGHT)
        assert [x.start for x in hours] == [h(0), h(0.5), h(1.5)]

    @pytest.mark.parametrize(("month", "day", "n"), [(3, 28, 7), (10, 24, 9)])
    def test_a_night_of_a_clock_change_has_an_hour_less_or_more(
        self, month: int, day: int, n: int
    ) -> None:
        site = with_calendar(
            Shift(name="n", start="22:00", finish="06:00"), timezone="Europe/Berlin"
        )
        hours = hour_figures(indexes(site=site), "A", datetime(2026, month, day, 23, tzinfo=UTC))
        assert len(hours) == n
        assert all(x.finish - x.start == timedelta(hours=1) for x in hours)

    def test_a_changed_plan_changes_the_hours(self) -> None:
        made = indexes(plan_event(order(step("10", 0, 2))))
        before = hour_figures(made, "A", h(1))
        made.board.apply(plan_event(order(step("10", 4.5, 5.5), quantity=9), -80))
        made.touch(made.board.changed_orders)
        after = hour_figures(made, "A", h(1))
        assert fsum(x.planned for x in before) == pytest.approx(60)
        assert [x.planned for x in after] == pytest.approx([0, 0, 0, 0, 4.5, 4.5, 0, 0])

    def test_a_changed_site_changes_the_hours(self) -> None:
        made = indexes(plan_event(order(step("10", 0, 2))))
        assert hour_figures(made, "A", h(1))[0].planned == pytest.approx(30)
        shorter = with_calendar(Shift(name="s", start="09:00", finish="12:00"))
        made.board.apply(event(EventType.PLAN_CHANGED, "site/s", h(0), site=shorter))
        made.touch(())
        assert [x.planned for x in hour_figures(made, "A", h(1))] == pytest.approx([60, 0, 0])


def wall(made: Indexes, now: float = 1.0, ages: Any = None, **more: Any) -> WallView:
    return wall_view(made, "A", h(now), READERS, ages or {}, **more)


class TestWallView:
    def test_it_holds_what_each_part_gives(self) -> None:
        made = indexes(MILLING, needing(need("a", 2), name="SO-2"), did(STARTED, 0))
        view = wall(made)
        assert view.figures == shift_figures(made, "A", h(1))
        assert view.hours == hour_figures(made, "A", h(1))
        assert view.units == unit_tiles(made, "A", h(1), {})
        assert list(view.orders) == made.book.worst("A", 12)
        assert [row.need for row in view.needs] == ["a"]
        assert (view.site_name, view.area_name, view.readers) == ("Works", "Line A", READERS)

    def test_no_more_rows_than_asked_for(self) -> None:
        plans = [needing(need("a", 2), name=f"SO-{i}") for i in range(5)]
        view = wall(indexes(*plans), max_orders=2, max_needs=3)
        assert (len(view.orders), len(view.needs)) == (2, 3)

    def test_a_replay_says_so_and_when_its_log_has_ended(self) -> None:
        clock = SiteClock(origin=h(0), started_at=h(0), ends_at=h(2))
        base = with_calendar(DAY)
        site = Site(id="s", name="S", areas=base.areas, calendars=base.calendars, clock=clock)
        made = indexes(site=site)
        assert [(wall(made, t).replay, wall(made, t).log_ended) for t in (1, 2)] == [
            (True, False),
            (True, True),
        ]
        assert not wall(indexes()).replay

    @pytest.mark.parametrize(
        ("ages", "age"),
        [
            ({"M1": 5.0, "M2": 900.0}, None),
            ({"M1": 500.0, "M2": 900.0, "P1": 1.0}, 500.0),
            ({"M2": 900.0}, 900.0),
            ({}, 3.0),  # never heard: the last event's age
        ],
    )
    def test_the_floor_is_as_old_as_its_youngest_signal(
        self, ages: dict[str, float], age: float | None
    ) -> None:
        assert wall(indexes(), ages=ages).stale_s == age

    def test_a_line_without_signals_has_none_to_lose(self) -> None:
        assert wall_view(indexes(), "B", h(1), READERS, {}).stale_s is None


MINUTES = st.integers(0, 600)


@given(st.lists(st.tuples(MINUTES, MINUTES, st.integers(1, 500)), max_size=8), MINUTES)
def test_the_hours_add_up_to_the_shift(plans: list[tuple[int, int, int]], now: int) -> None:
    events = []
    for i, (start, length, quantity) in enumerate(plans):
        one = step("10", start / 60, (start + length) / 60)
        events.append(plan_event(order(one, quantity=quantity, name=f"SO-{i}")))
        made_at = min(start + length, 479) / 60
        events.append(did(PROGRESSED, made_at, plan=f"SO-{i}", work_unit="P1", good=quantity))
    made = indexes(*events)
    hours, figures = hour_figures(made, "A", h(now / 60)), shift_figures(made, "A", h(now / 60))
    assert sum(hour.good for hour in hours) == figures.good
    assert fsum(hour.planned for hour in hours) == pytest.approx(figures.planned_total)
    over = fsum(hour.planned for hour in hours if hour.over)
    begun = fsum(hour.planned for hour in hours if hour.begun)
    assert over - 1e-6 <= figures.planned_now <= begun + 1e-6


@given(st.lists(st.tuples(MINUTES, MINUTES, st.integers(1, 500)), max_size=8))
def test_a_plan_within_the_shift_is_wholly_in_it(plans: list[tuple[int, int, int]]) -> None:
    events = []
    for i, (a, b, quantity) in enumerate(plans):
        start, finish = sorted((a % 479, b % 479))
        one = step("10", start / 60, finish / 60)
        events.append(plan_event(order(one, quantity=quantity, name=f"SO-{i}")))
    planned = shift_figures(indexes(*events), "A", h(1)).planned_total
    assert planned == pytest.approx(sum(quantity for _, _, quantity in plans))


def story() -> list[Event]:
    """A morning's events of six orders."""
    events = [
        plan_event(
            order(step("5", 0, 1, "MILL"), step("10", 1, 3), name=f"SO-{i}", needs=(need("a", i),))
        )
        for i in range(6)
    ]
    for i in range(5):
        subject = f"operation/SO-{i}/5"
        events.append(did(STARTED, i / 8, "5", f"SO-{i}", work_unit="M1"))
        events.append(did(COMPLETED if i < 3 else PAUSED, 1 + i / 8, "5", f"SO-{i}", good=60))
        events.append(did(PROGRESSED, 1.2 + i, "10", f"SO-{i}", work_unit="P1", good=7 * i))
        events.append(is_in("M2", list(WorkUnitState)[i], i, operation=subject))
        events.append(did(EventType.QUALITY_INSPECTED, 1.5, "10", f"SO-{i}", inspected=9, passed=i))
    return events


@given(st.randoms(use_true_random=False))
def test_the_order_of_events_makes_no_difference(random: Random) -> None:
    events = story()
    straight = wall(indexes(*events, now=h(2)), 2, {"M1": 3.0})
    random.shuffle(events)
    assert wall(indexes(*events, now=h(2)), 2, {"M1": 3.0}) == straight


@given(st.randoms(use_true_random=False))
def test_touching_event_by_event_gives_what_new_indexes_give(random: Random) -> None:
    events = story()
    random.shuffle(events)
    made = indexes()
    for one in events:
        made.board.apply(one)
        made.touch(made.board.changed_orders)
        made.board.changed_orders.clear()
        hour_figures(made, "A", h(2))
    made.refresh(h(2))
    assert wall(made, 2) == wall(indexes(*events, now=h(2)), 2)
