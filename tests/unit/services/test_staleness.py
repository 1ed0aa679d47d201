"""Which keys events make stale."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from data.domain.events import Data, Event, EventType
from data.services.staleness import UnitDay, days_of, keys_of_days, keys_of_subjects

NIGHT = datetime(2026, 11, 3, 23, 30, tzinfo=UTC)


def event(kind: EventType, subject: str, data: Data, time: datetime = NIGHT) -> Event:
    return Event("e", "mes", kind, subject, time, time, data)


def test_a_state_change_is_of_the_work_unit_that_it_is_about() -> None:
    change = event(EventType.WORK_UNIT_STATE_CHANGED, "work-unit/W1", Data())
    assert days_of([change]) == {UnitDay("W1", date(2026, 11, 3), True)}


def test_an_operations_event_is_of_the_work_unit_that_it_names() -> None:
    named = event(EventType.OPERATION_PROGRESSED, "operation/O/1", Data(work_unit="W1"))
    silent = event(EventType.OPERATION_PROGRESSED, "operation/O/1", Data())
    assert days_of([named, silent]) == {UnitDay("W1", date(2026, 11, 3), False)}


def test_the_day_is_that_of_utc_whatever_offset_the_time_has() -> None:
    east = NIGHT.astimezone(timezone(timedelta(hours=8)))
    named = event(EventType.OPERATION_STARTED, "operation/O/1", Data(work_unit="W1"), east)
    assert {day.day for day in days_of([named])} == {date(2026, 11, 3)}


def test_only_a_state_change_can_move_the_bottleneck() -> None:
    day = date(2026, 11, 3)
    assert keys_of_days([UnitDay("W1", day, True), UnitDay("W2", day, False)]) == {
        ("shift", "W1/2026-11-03"),
        ("shift", "W2/2026-11-03"),
        ("chain", "W1/2026-11-03"),
    }


@pytest.mark.parametrize("subject", ["operation/O-1/10", "need/O-1/n", "order/O-1"])
def test_what_belongs_to_an_order_makes_its_account_stale(subject: str) -> None:
    assert keys_of_subjects([subject, "work-unit/W1", "site/S"]) == {("order", "O-1")}
