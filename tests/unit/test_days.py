"""What runs on the real clock meets no midnight, whenever it runs."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.days import BEGUN_H, zone_of_a_morning


@pytest.mark.parametrize("hour", range(24))
def test_it_is_morning_there_whatever_the_hour(hour: int) -> None:
    now = datetime(2026, 12, 31, hour, 59, 59, tzinfo=UTC)
    assert now.astimezone(ZoneInfo(zone_of_a_morning(now))).hour == BEGUN_H
