"""What is asked of a supplier, of disclosed rows: drift, answers, changes, what is hidden."""

from datetime import UTC, datetime, timedelta

import pytest

from data.domain.asked import Change, asked, compared, key_of, next_turn, seen_of
from data.domain.policy import Kind
from data.domain.view import Standing

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
DUE = NOW + timedelta(days=2)


def h(hours: float) -> timedelta:
    return timedelta(hours=hours)


def need(**changes):
    row = {
        "order": "O-AAAAAA", "need": "n1", "part": "J-204", "name": "connector", "quantity": 100,
        "need_by": DUE, "forecast_need_by": None, "promised_at": None, "shipped": 0, "received": 0,
        "dispatch_advice": None, "standing": "at_risk",
    } | changes  # fmt: skip
    return asked(Kind.NEED, [{k: v for k, v in row.items() if v is not Ellipsis}])[0]


def operation(**changes):
    row = {
        "order": "O-AAAAAA", "operation": "30", "name": "coating", "quantity": 50, "good": 0,
        "scrap": 0, "planned_start": NOW + h(1), "planned_finish": DUE, "status": "planned",
        "started_at": None, "finished_at": None, "standing": "on_track",
    } | changes  # fmt: skip
    return asked(Kind.OPERATION, [row])[0]


@pytest.mark.parametrize(
    ("forecast", "drift"),
    [(None, h(0)), (DUE - h(13), h(-13)), (DUE + h(4), h(4)), (DUE + h(0.5), h(0))],
)
def test_a_drift_of_less_than_an_hour_is_as_planned(forecast, drift):
    assert need(forecast_need_by=forecast).drift == drift


@pytest.mark.parametrize("forecast", [DUE - h(13), DUE, DUE + h(13)])
def test_a_confirmation_promises_the_earlier_of_plan_and_forecast(forecast):
    assert need(forecast_need_by=forecast).confirmable_at(NOW) == min(DUE, forecast)


def test_a_confirmation_promises_a_date_that_is_still_ahead():
    row = need(forecast_need_by=DUE + h(13))
    assert row.confirmable_at(DUE) == DUE + h(13)
    assert row.confirmable_at(DUE + h(13)) is None


@pytest.mark.parametrize(
    ("row", "spare", "planned", "late"),
    [
        (need(), None, None, False),
        (need(promised_at=DUE + h(10)), h(-10), None, True),
        (need(promised_at=DUE + h(10), forecast_need_by=DUE + h(0.5)), h(-10), None, True),
        (need(promised_at=DUE + h(10), forecast_need_by=DUE + h(18)), h(8), h(-10), False),
        (need(promised_at=DUE - h(1), forecast_need_by=DUE - h(9)), h(-8), h(1), True),
        (need(promised_at=DUE + h(10), forecast_need_by=...), h(-10), None, True),
        (need(promised_at=DUE, forecast_need_by=DUE - h(9), need_by=...), h(-9), None, True),
        (need(promised_at=DUE + h(10), forecast_need_by="on_track"), None, None, False),
        (need(promised_at=DUE, need_by=...), None, None, False),
    ],
)
def test_a_promise_is_judged_by_what_is_disclosed_of_the_need(row, spare, planned, late):
    assert (row.spare(), row.planned_spare(), row.late) == (spare, planned, late)


@pytest.mark.parametrize(
    ("row", "waits"),
    [
        (need(), True),
        (need(promised_at=DUE - h(1)), False),
        (need(promised_at=DUE + h(2)), True),
        (need(promised_at=DUE + h(2), forecast_need_by=DUE + h(9)), False),
        (need(promised_at=DUE - h(1), forecast_need_by=DUE - h(9)), True),
        (need(promised_at=NOW - h(1)), True),
        (need(promised_at=NOW - h(1), shipped=100), False),
        (need(standing="done"), False),
        (need(promised_at=...), False),
        (need(promised_at="late"), False),
        (operation(), False),
        (operation(planned_start=NOW - h(1)), True),
        (operation(status="running", started_at=NOW), False),
        (operation(status="running", started_at=NOW - h(5), planned_finish=NOW - h(1)), True),
        (operation(status="completed", finished_at=NOW), False),
    ],
)
def test_what_waits_for_an_answer(row, waits):
    assert row.waits(NOW) is waits


def test_a_key_is_made_of_what_is_disclosed_and_missing_where_that_is_hidden():
    assert key_of(Kind.NEED, {"order": "O-AAAAAA", "need": "n1"}) == "n~O-AAAAAA~n1"
    assert key_of(Kind.OPERATION, {"order": "O-AAAAAA", "operation": "30"}) == "o~O-AAAAAA~30"
    assert need(order=...).key is None
    assert need(need=...).key is None


def test_fields_that_are_hidden_or_words_are_known_as_such():
    row = need(quantity=..., need_by="late", shipped="part")
    assert row.hidden == {"quantity"}
    assert row.words == {"need_by": "late"}
    assert (row.planned_at, row.shipped, row.outstanding) == (None, None, None)
    assert row.standing is Standing.AT_RISK


def test_what_moved_since_the_last_visit_is_marked_with_when_it_was_due():
    seen = seen_of([need()])
    (moved,) = compared([need(forecast_need_by=DUE - h(13))], seen)
    assert (moved.change, moved.before) == (Change.MOVED, DUE)


def test_what_hardly_moved_is_not_marked():
    seen = seen_of([need()])
    assert compared([need(forecast_need_by=DUE - h(0.5))], seen)[0].change is None


def test_another_quantity_and_a_new_row_are_marked():
    seen = seen_of([need()])
    more, new = compared([need(quantity=120), need(need="n2")], seen)
    assert (more.change, more.was) == (Change.QUANTITY, 100)
    assert new.change is Change.NEW


def test_at_the_first_visit_nothing_is_marked_and_what_is_done_never_is():
    assert compared([need()], None)[0].change is None
    assert compared([need(standing="done")], {})[0].change is None


def test_the_next_turn_is_when_time_alone_changes_a_standing():
    rows = [
        need(promised_at=NOW + h(5), forecast_need_by=NOW + h(3)),
        need(need_by=NOW + h(1), standing="done"),
    ]
    assert next_turn(rows, NOW) == NOW + h(3)
    assert next_turn([], NOW) is None
