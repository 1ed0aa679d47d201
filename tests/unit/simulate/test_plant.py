"""The plant's own data, and working hours on the simulation's clock."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from data.domain.calendars import add_working, shift_at, working_seconds
from data.domain.site import PartyKind
from data.simulate.chance import share_of
from data.simulate.hours import Hours
from data.simulate.jobs import LEAST_SHARE, start_share
from data.simulate.plant import LINES, TIMEZONE, calendars, center_id, site_document
from data.simulate.products import FAMILIES, PARTS, choose

MONDAY = datetime(2026, 3, 8, 16, 0, tzinfo=UTC)  # midnight in Hsinchu


def test_the_site_is_as_large_as_a_demo_needs() -> None:
    site = site_document()
    kinds = [party.kind for party in site.parties]
    assert len(site.areas) == 3
    assert 24 <= len(site.work_units) <= 40
    assert kinds.count(PartyKind.SUPPLIER) == 8
    assert kinds.count(PartyKind.CUSTOMER) == 4
    assert kinds.count(PartyKind.LOGISTICS) == 2
    assert kinds.count(PartyKind.FACTORY) == 1


def test_every_machine_has_a_signal_and_a_work_center_of_its_line() -> None:
    site = site_document()
    centers = {center.id for center in site.work_centers}
    assert all(unit.work_center in centers for unit in site.work_units)
    assert {unit.signal_limit_s for unit in site.work_units} == {10.0}
    assert len({unit.id for unit in site.work_units}) == len(site.work_units)


def test_at_any_minute_of_a_week_line_a_or_line_b_works() -> None:
    hours = [Hours(calendar, TIMEZONE, MONDAY.timestamp()) for calendar in calendars()[:2]]
    for minute in range(7 * 24 * 60):
        at = MONDAY.timestamp() + 60 * minute
        assert any(line.at(at)[0] for line in hours)


def test_the_lines_round_the_clock_always_have_a_shift() -> None:
    for calendar in calendars()[:2]:
        for hour in range(7 * 24):
            assert shift_at(calendar, TIMEZONE, MONDAY + timedelta(hours=hour)) is not None


def test_hours_count_working_time_as_the_calendars_do() -> None:
    rng = Random(1)
    for calendar in calendars():
        hours = Hours(calendar, TIMEZONE, MONDAY.timestamp())
        for _ in range(50):
            start = MONDAY + timedelta(seconds=rng.randrange(6 * 86400))
            seconds = float(rng.randrange(1, 3 * 86400))
            finish = hours.after(start.timestamp(), seconds)
            expected = add_working(calendar, TIMEZONE, start, seconds)
            assert finish == pytest.approx(expected.timestamp(), abs=1e-3)
            works, until = hours.at(start.timestamp())
            worked = working_seconds(calendar, TIMEZONE, start, datetime.fromtimestamp(until, UTC))
            assert worked == pytest.approx((until - start.timestamp()) if works else 0, abs=1e-3)


def test_every_family_is_made_on_work_centers_of_its_line_with_parts_that_exist() -> None:
    centers = {line.id: [center.kind for center in line.centers] for line in LINES}
    for family in FAMILIES:
        steps = list(family.run_s)
        assert steps == [kind for kind in centers[family.line] if kind in steps]
        assert steps[-1] == "PCK"
        for step, parts in family.parts.items():
            assert step in steps
            assert set(parts) <= set(PARTS)


def test_the_mix_leans_towards_another_family_from_time_to_time() -> None:
    rng = Random(5)
    leading = set()
    for period in range(12):
        at = 1_770_000_000 + period * 44 * 3600
        chosen = [choose("A", at, 7, rng)[0].id for _ in range(60)]
        leading.add(max(set(chosen), key=chosen.count))
    assert len(leading) > 1


@pytest.mark.parametrize(
    ("before_s", "own_s", "share"), [(5.0, 10.0, LEAST_SHARE), (0.0, 3.0, LEAST_SHARE)]
)
def test_a_slower_step_begins_early(before_s: float, own_s: float, share: float) -> None:
    assert start_share(before_s, own_s) == share


def test_a_faster_step_waits_for_more_of_the_order() -> None:
    assert start_share(10.0, 2.0) == pytest.approx(0.82)


def test_draws_stay_within_the_pieces_and_near_the_share() -> None:
    rng = Random(3)
    small = [share_of(10, 0.3, rng) for _ in range(2000)]
    large = [share_of(1000, 0.01, rng) for _ in range(2000)]
    assert min(small) >= 0 and max(small) <= 10
    assert sum(small) / 2000 == pytest.approx(3.0, rel=0.1)
    assert min(large) >= 0
    assert sum(large) / 2000 == pytest.approx(10.0, rel=0.1)


def test_work_centers_are_named_by_trade_and_line() -> None:
    assert center_id("SEL", "A") in {center.id for center in site_document().work_centers}
