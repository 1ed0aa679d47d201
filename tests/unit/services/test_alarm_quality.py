"""The quality of alarms is told to those who see all of a site, for days of the site."""

from datetime import UTC, date, datetime

import pytest

from data.domain.scope import Role, Scope
from data.services.alarm_quality import AlarmQuality
from data.services.errors import Forbidden

NOW = datetime(2026, 11, 23, 17, tzinfo=UTC)  # the 24th in Taipei
TODAY = date(2026, 11, 24)


class Past:
    """Nothing ever happened; remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def _read(self, *asked):
        self.asked.append(asked)
        return []

    told = courses = opinions = _read


def test_a_day_is_the_site_s_and_ends_now():
    past = Past()
    quality = AlarmQuality(past, lambda: NOW)
    scope = Scope(role=Role.MANAGER, sites=("plant",))
    assert quality.today("Asia/Taipei") == TODAY
    quality.of(scope, "plant", TODAY, TODAY, "Asia/Taipei", "A")
    start = datetime(2026, 11, 23, 16, tzinfo=UTC)
    assert past.asked == [(scope, "plant", start, NOW, "A")] * 3


@pytest.mark.parametrize(
    "scope",
    [
        Scope(role=Role.MANAGER, sites=("elsewhere",)),
        Scope(role=Role.OPERATOR, sites=("plant",)),
        Scope(role=Role.SUPPLIER, sites=("plant",), party="P2"),
    ],
)
def test_only_who_sees_all_of_the_site_is_told_of_its_alarms(scope):
    past = Past()
    with pytest.raises(Forbidden):
        AlarmQuality(past, lambda: NOW).of(scope, "plant", TODAY, TODAY, "UTC")
    assert past.asked == []
