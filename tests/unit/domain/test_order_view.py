"""One order joined: plan, progress, forecast, another plan, and the chain that decides."""

from datetime import timedelta

from msgspec.structs import replace

from data.domain.events import EventType, OperationStatus
from data.domain.order_view import critical_chain, order_view
from data.domain.projection import route_of
from data.domain.view import Standing
from tests.unit.domain.order_records import (
    EVENTS,
    FIRST_PLAN,
    FORECAST,
    NOW,
    ORDER,
    THE_REST,
    at,
    board_of,
    tell,
)


def viewed(events=EVENTS, **more):
    return order_view(ORDER, board_of(events), more.pop("now", NOW), **more)


def line(view, operation):
    return next(found for found in view.operations if found.plan.id == operation)


def test_an_open_order_ends_at_its_forecasts_p50():
    view = viewed(forecast=FORECAST)
    assert view.ends_at == at(13)
    assert view.lateness == timedelta(hours=5)
    assert view.completed_at is None


def test_a_forecast_that_has_passed_leaves_the_end_at_now():
    assert viewed(forecast=FORECAST, now=at(20)).ends_at == at(20)


def test_without_a_forecast_the_plan_moved_by_its_delay_says_the_end():
    view = viewed()
    assert view.ends_at == view.projected_at
    assert view.projected_at is not None


def test_a_completed_order_ends_when_its_last_operation_did_whatever_was_forecast():
    view = viewed((*EVENTS, *THE_REST), forecast=FORECAST, now=at(30))
    assert view.completed_at == view.ends_at == at(12)
    assert view.standing is Standing.DONE
    assert view.forecast is None
    assert view.done == 4


def test_an_order_without_operations_has_no_end():
    view = order_view(replace(ORDER, operations=(), milestones=()), board_of(), NOW)
    assert view.ends_at is None
    assert view.lateness is None
    assert view.operations == ()


def test_an_operation_shows_its_state_its_place_and_its_pieces():
    ten = line(viewed(), "10")
    assert (ten.status, ten.work_unit) == (OperationStatus.COMPLETED, "M1")
    assert (ten.good, ten.scrap, ten.rework) == (98, 2, 0)
    assert ten.drift == timedelta(hours=1)


def test_the_drift_of_an_open_operation_is_its_forecasts():
    view = viewed(forecast=FORECAST)
    assert line(view, "20").drift == timedelta(hours=6)


def test_an_operation_past_its_planned_finish_is_behind_by_so_much_whatever_is_forecast():
    assert line(viewed(), "20").drift == timedelta(hours=5)
    assert line(viewed(forecast=FORECAST, now=at(20)), "20").drift == timedelta(hours=16)
    assert line(viewed(now=at(3.5)), "20").drift is None


def test_each_operation_stands_beside_itself_in_the_plan_compared_with():
    view = viewed(against=FIRST_PLAN)
    assert line(view, "20").before.planned_finish == at(3)
    assert line(viewed(), "20").before is None


def test_the_chain_goes_back_from_the_last_to_end_through_the_latest_predecessor():
    view = viewed(forecast=FORECAST)
    assert {found.plan.id for found in view.operations if found.critical} == {"10", "20", "40"}


def test_the_chain_follows_what_happened_rather_than_the_plan():
    route = route_of(ORDER)
    ends = {"10": at(2), "20": at(4), "30": at(9), "40": at(10)}
    assert critical_chain(route, ends) == {"10", "30", "40"}


def test_an_order_without_operations_has_no_chain():
    assert critical_chain(route_of(replace(ORDER, operations=())), {}) == frozenset()


def test_milestones_are_reached_late_or_at_risk_by_their_promise():
    view = viewed(forecast=FORECAST)
    milled, packed = view.milestones
    assert milled.standing is Standing.LATE
    assert packed.standing is Standing.AT_RISK
    assert packed.promised_at == at(8)
    assert viewed().milestones[0].standing is Standing.UNKNOWN
    assert viewed((*EVENTS, *THE_REST)).milestones[0].reached_at == at(10)


def test_a_need_shows_its_promise_and_how_its_date_drifts():
    (need,) = viewed(forecast=FORECAST).needs
    assert need.promised_at == at(12)
    assert need.drift == timedelta(hours=6)
    assert need.standing is Standing.LATE


def test_a_need_is_met_by_what_was_received_or_when_its_operation_is_completed():
    received = tell(EventType.MATERIAL_RECEIVED, "need/SO-1/n1", 2, quantity=100)
    assert viewed((*EVENTS, received)).needs[0].standing is Standing.DONE
    assert viewed((*EVENTS, *THE_REST)).needs[0].standing is Standing.DONE


def test_the_picture_holds_every_mark_with_room_around():
    view = viewed(forecast=FORECAST, against=FIRST_PLAN)
    assert view.window[0] < at(0)
    assert view.window[1] > at(14)


def test_time_off_shift_is_shown_where_the_line_has_a_calendar():
    view = viewed(forecast=replace(FORECAST, finish=FORECAST.finish), now=at(30))
    assert (at(16), at(24)) in view.closed


def test_a_line_without_a_calendar_shows_nothing_as_off_shift():
    board = board_of()
    board.site_state.site = replace(board.site, calendars=())
    assert order_view(ORDER, board, NOW).closed == ()
