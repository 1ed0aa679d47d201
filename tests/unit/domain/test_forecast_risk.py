"""Orders and needs judged by a forecast, and what is left when there is none."""

from datetime import timedelta

import msgspec

from data.domain.facts import Facts, Forecasting
from data.domain.forecast.records import Finish, NeedForecast, OrderForecast
from data.domain.indexes import Indexes
from data.domain.topics import FORECASTS
from data.domain.view import RiskRow, Standing
from tests.unit.domain.test_risk import COMPLETED, EIGHT, ROUTE, did, h, shop


def made(order: str, p50: float, p80: float) -> OrderForecast:
    return OrderForecast(
        order=order, made_at=EIGHT, calibrated=True, operations=(), milestones=(),
        needs=(NeedForecast(need="n", need_by=h(p50), early_at=h(p50)),), remaining_s=(),
        finish=Finish(p50_at=h(p50), p80_at=h(p80), p95_at=h(p80 + 1)),
    )  # fmt: skip


def row(indexes: Indexes, order: str) -> RiskRow:
    found = indexes.book.row(order)
    assert found is not None
    return found


def judged(*forecasts: OrderForecast) -> Indexes:
    """The shop's orders, due 7, 9, 10 and 24 h from now and planned to take 9."""
    indexes = Indexes(shop())
    indexes.trust({forecast.order: forecast for forecast in forecasts})
    indexes.refresh(EIGHT)
    return indexes


def test_an_order_is_late_when_its_p50_is_past_its_due_date() -> None:
    found = row(judged(made("calm", 25, 30)), "calm")
    assert (found.standing, found.slack_s) == (Standing.LATE, -3600)
    assert (found.projected_at, found.p80_at, found.forecast) == (h(25), h(30), True)


def test_an_order_is_at_risk_when_only_its_p80_is_past_its_due_date() -> None:
    assert row(judged(made("calm", 20, 25)), "calm").standing is Standing.AT_RISK
    assert row(judged(made("calm", 20, 24)), "calm").standing is Standing.ON_TRACK


def test_an_order_without_a_forecast_is_judged_by_its_plan() -> None:
    indexes = judged(made("calm", 25, 30))
    found = row(indexes, "tight")
    assert (found.forecast, found.p80_at, found.projected_at) == (False, None, h(9))


def test_a_forecast_is_never_for_an_instant_that_has_passed() -> None:
    found = row(judged(made("calm", -2, -1)), "calm")
    assert (found.projected_at, found.p80_at) == (EIGHT, EIGHT)


def test_an_order_that_is_done_stays_done_whatever_was_forecast() -> None:
    indexes = judged(made("calm", 25, 30))
    for step in ROUTE.operations:
        indexes.board.apply(did(COMPLETED, step.id, 0, plan="calm"))
    indexes.touch(["calm"])
    indexes.refresh(EIGHT)
    assert indexes.book.row("calm") is None


def test_only_orders_whose_forecast_changed_are_judged_again() -> None:
    forecasts = {"calm": made("calm", 20, 21), "tight": made("tight", 8, 9)}
    indexes = Indexes(shop())
    indexes.trust(forecasts)
    indexes.refresh(EIGHT)
    forecasts |= {"calm": made("calm", 25, 30), "tight": made("tight", 11, 12)}
    indexes.touch_forecasts(["calm"])
    indexes.refresh(EIGHT, budget=0)
    assert row(indexes, "calm").standing is Standing.LATE
    assert row(indexes, "tight").standing is Standing.ON_TRACK


def test_forecasts_that_are_trusted_no_more_give_way_to_the_plan() -> None:
    indexes = judged(made("calm", 25, 30))
    indexes.trust({})
    indexes.refresh(EIGHT, budget=0)
    assert row(indexes, "calm").forecast is False
    assert indexes.book.counts(None).late == 1


def test_facts_say_which_forecasts_changed() -> None:
    facts = Facts()
    told = Forecasting(as_of=EIGHT, closed=7)
    documents = {
        "forecast/a": msgspec.json.encode(made("a", 1, 2)),
        "forecast/b": msgspec.json.encode(made("b", 1, 2)),
        "forecasting": msgspec.json.encode(told),
    }
    assert facts.take(documents) == FORECASTS
    assert (facts.changed_forecasts, facts.forecasting) == ({"a", "b"}, told)
    facts.changed_forecasts.clear()
    facts.replace({"forecast/b": documents["forecast/b"]})
    assert (list(facts.forecasts), facts.changed_forecasts) == (["b"], {"a", "b"})


def test_a_coverage_that_chance_hardly_explains_is_a_drift() -> None:
    told = Forecasting(as_of=EIGHT, closed=100, judged=100, coverage=0.6, low=0.73, high=0.86)
    assert told.drifted
    assert not msgspec.structs.replace(told, coverage=0.8).drifted
    assert not Forecasting(as_of=EIGHT + timedelta(1), closed=3).drifted
