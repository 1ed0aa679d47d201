"""A forwarder sees what is ready, what soon will be, and how far each pick-up is agreed."""

from datetime import UTC, datetime, timedelta

import pytest

from data.domain.dates import Entry, Said, Side, standing_of
from data.domain.shipping import Booking, Stage, approaching, booking_of, loads

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def h(hours):
    return NOW + timedelta(hours=hours)


def order(name="SO-1", good=0, p80=20, **more):
    row = {"order": name, "customer": "C", "quantity": 60, "good": good, "standing": "on_track"}
    return row | {"forecast_p80_at": h(p80), "completed_at": None} | more


def stand(*said):
    return standing_of(
        Entry(said=what, side=side, at=NOW, author="", date_at=h(9)) for what, side in said
    )


def only(row, **agreed):
    return loads([row], agreed, NOW)[0]


@pytest.mark.parametrize(
    ("row", "stage"),
    [
        (order(good=1), Stage.READY),
        (order(good="part"), Stage.READY),
        (order(good="none"), Stage.COMING),
        (order(completed_at=h(-1)), Stage.READY),
        (order(standing="done"), Stage.READY),
        (order(p80=48), Stage.COMING),
        (order(p80=49), Stage.LATER),
        (order(forecast_p80_at=None), Stage.LATER),
        (order(forecast_p80_at="late"), Stage.LATER),
    ],
)
def test_an_order_is_ready_when_some_of_it_is_good_at_its_end(row, stage):
    assert only(row).stage is stage


def test_what_is_ready_first_comes_first_and_what_has_no_forecast_last():
    rows = [order("a", p80=9), order("b", forecast_p80_at=None), order("c", completed_at=h(-2))]
    assert [one.order for one in loads(rows, {}, NOW)] == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("said", "booking"),
    [
        ([], Booking.NONE),
        ([(Said.REQUESTED, Side.PARTY)], Booking.ASKED_BY_US),
        ([(Said.REQUESTED, Side.FACTORY)], Booking.ASKED_OF_US),
        ([(Said.REQUESTED, Side.PARTY), (Said.CONFIRMED, Side.FACTORY)], Booking.CONFIRMED),
        ([(Said.REQUESTED, Side.PARTY), (Said.DECLINED, Side.FACTORY)], Booking.REFUSED),
        ([(Said.REQUESTED, Side.PARTY), (Said.COLLECTED, Side.PARTY)], Booking.COLLECTED),
    ],
)
def test_a_booking_is_told_from_the_carriers_side(said, booking):
    assert booking_of(stand(*said)) is booking


def test_what_was_collected_is_out_of_the_way():
    key = {"SO-1~": stand((Said.COLLECTED, Side.PARTY))}
    assert loads([order(good=60)], key, NOW)[0].stage is Stage.COLLECTED


def milestone(name, p50, **more):
    row = {"order": "SO-1", "milestone": name, "name": name, "standing": "on_track"}
    return row | {"forecast_p50_at": h(p50), "forecast_p80_at": h(p50 + 1)} | more


def test_milestones_of_the_next_two_days_stand_by_when_they_are_reached():
    rows = [
        milestone("far", 49), milestone("b", 40), milestone("a", 2), milestone("over", -1),
        milestone("there", 1, reached_at=h(0)), milestone("word", 1, forecast_p50_at="late"),
    ]  # fmt: skip
    found = [one.node.name for one in approaching(rows, NOW)]
    assert found == ["over", "a", "word", "b"]
