"""A promise is judged by when the part is needed as it stands now, the same wherever it shows."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import pytest

from data.domain.facts import Forecasting
from data.domain.forecast.records import Finish, NeedForecast, OrderForecast
from data.domain.policy import Kind, Treatment
from data.domain.scope import Role, Scope
from data.services.facts_reader import FactsReader
from data.services.live import WATCH
from data.stream.facts import FactsStream
from tests.contract.supply import SITE, SOON, Stage, staged, still_texts

IN_TIME = "in time for the need as it stands now, 8 h in hand"
MISSED = "planned need missed by 10 h"


@pytest.fixture
def stage(redis_url: str, database_url: str) -> Iterator[Stage]:
    with staged(redis_url, database_url) as made:
        made.act("propose", made.key("bolt"), promised_at=at(10).strftime("%Y-%m-%dT%H:%M"))
        yield made


def at(hours: float) -> datetime:
    return SOON + timedelta(hours=hours)


def expect(stage: Stage, hours: float) -> None:
    """Have the forecast say when the bolts are needed, in hours after the plan."""
    live, now = stage.world.live(), stage.world.clock()
    stage.world.log.note_reader(SITE.id, WATCH, "0-0", now.timestamp())
    made = OrderForecast(
        order="CANARY-ORDER", made_at=now, calibrated=True,
        finish=Finish(p50_at=at(40), p80_at=at(41), p95_at=at(42)), operations=(), milestones=(),
        needs=(NeedForecast(need="n1", need_by=at(hours), early_at=at(hours)),), remaining_s=(),
    )  # fmt: skip
    documents = {
        "forecast/CANARY-ORDER": msgspec.json.encode(made),
        "forecasting": msgspec.json.encode(Forecasting(as_of=now, closed=0)),
    }
    facts = FactsStream(stage.world.client)
    facts.publish(SITE.id, documents, None)
    live.poll()
    FactsReader(live, facts).read(None)
    stage.world.clock.advance(seconds=2)
    live.refresh()


def both(stage: Stage) -> list[str]:
    """What the board, its table, and the factory's page and table say."""
    stage.come("P1")
    own = [stage.page(), stage.client.get("/export/supplier.csv?which=all&lang=en").text]
    stage.come("", Role.PURCHASER)
    pages = still_texts(stage.page("?lang=en", "/needs"))
    return [*own, pages, stage.client.get("/export/needs.csv?which=all&lang=en").text]


def test_without_a_forecast_the_plan_judges(stage: Stage) -> None:
    assert stage.rows()["bolt"]["standing"] == "late"
    assert all("10 h too late" in said for said in both(stage))


def test_a_need_that_moved_later_makes_a_late_promise_one_in_time_and_back(stage: Stage) -> None:
    expect(stage, 18)
    assert stage.rows()["bolt"]["standing"] == "on_track"
    assert all(IN_TIME in said and MISSED in said for said in both(stage))
    expect(stage, 3)
    assert stage.rows()["bolt"]["standing"] == "late"
    assert all("7 h too late for the need as it stands now" in said for said in both(stage))


def test_who_does_not_get_the_forecast_is_judged_by_plan_and_told_nothing_of_it(
    stage: Stage,
) -> None:
    expect(stage, 18)
    stage.boards._disclosures.change(
        Scope(role=Role.MANAGER, sites=(SITE.id,)), SITE.id, Role.SUPPLIER, "P1",
        {(Kind.NEED, "forecast_need_by"): Treatment.HIDE},
    )  # fmt: skip
    assert stage.rows()["bolt"]["standing"] == "late"
    *own, page, table = both(stage)
    assert all("10 h too late" in said and "stands now" not in said for said in own)
    assert all(IN_TIME in said for said in (page, table))
