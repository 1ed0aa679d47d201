"""When a part is needed as it stands now, and what comes too late for that."""

from datetime import UTC, datetime, timedelta

import pytest

from data.domain.needed import needed

PLANNED = datetime(2026, 11, 24, 10, tzinfo=UTC)


def h(hours):
    return timedelta(hours=hours)


@pytest.mark.parametrize(
    ("drift", "at", "moved"),
    [(None, 0, False), (0.9, 0, False), (-0.9, 0, False), (1, 1, True), (18, 18, True),
     (-5, -5, True)],
)  # fmt: skip
def test_the_forecast_says_when_it_is_needed_once_it_is_an_hour_off_the_plan(drift, at, moved):
    found = needed(PLANNED, None if drift is None else PLANNED + h(drift))
    assert (found.at, found.moved) == (PLANNED + h(at), moved)


@pytest.mark.parametrize(
    ("forecast", "promised", "too_late"),
    [
        (None, 0, False), (None, 0.5, True),
        (0.5, 0.25, True),  # as good as planned: meant to the minute
        (18, 10, False), (18, 18.9, False), (18, 19, True),
        (-5, -4.1, False), (-5, -4, True), (-5, 0, True),
    ],
)  # fmt: skip
def test_a_promise_is_judged_by_when_the_part_is_needed_now(forecast, promised, too_late):
    by = needed(PLANNED, None if forecast is None else PLANNED + h(forecast))
    assert by.too_late(PLANNED + h(promised)) is too_late


def test_the_judgement_follows_a_need_that_moves_back():
    promised = PLANNED + h(10)
    judged = [needed(PLANNED, PLANNED + h(at)).too_late(promised) for at in (18, 3, 18, 0)]
    assert judged == [False, True, False, True]
