"""Facts in Redis: the newest of each name, whoever was away, whatever was lost."""

from collections.abc import Iterator
from datetime import timedelta

import msgspec
import pytest

from data.domain.facts import Forecasting
from data.domain.forecast.records import Finish, NeedForecast, OrderForecast
from data.domain.topics import FORECASTS
from data.domain.view import Standing
from data.services.facts_reader import FactsReader
from data.services.live import WATCH, LiveSite
from data.stream import facts as facts_module
from data.stream.facts import FactsStream
from tests.contract.world import NOW, PLANT, World, order, process

SITE = PLANT.id


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(order("SO-1"), order("SO-2"))
        yield made


@pytest.fixture
def facts(world: World) -> FactsStream:
    return FactsStream(world.client)


def live_of(world: World) -> LiveSite:
    live = LiveSite(SITE, world.log, world.history, world.clock)
    live.load()
    return live


def forecast(name: str, days: float, spread: float = 0.1) -> OrderForecast:
    p50 = NOW + timedelta(days=days)
    return OrderForecast(
        order=name,
        made_at=NOW,
        finish=Finish(p50_at=p50, p80_at=p50 + timedelta(days=spread), p95_at=p50),
        calibrated=True,
        operations=(),
        milestones=(),
        needs=(NeedForecast(need="n1", need_by=NOW + timedelta(hours=5), early_at=NOW),),
        remaining_s=(),
    )


def documents(*forecasts: OrderForecast, as_of: timedelta = timedelta()) -> dict[str, bytes]:
    made = {f"forecast/{f.order}": msgspec.json.encode(f) for f in forecasts}
    made["forecasting"] = msgspec.json.encode(Forecasting(as_of=NOW + as_of, closed=0))
    return made


def watched(world: World) -> None:
    world.log.note_reader(SITE, WATCH, "0-0", world.clock().timestamp())


def test_a_reader_sees_the_newest_document_of_each_name_and_those_that_are_gone(
    facts: FactsStream,
) -> None:
    number = facts.publish(SITE, {"a": b"1", "b": b"1"}, None)
    begun = facts.snapshot(SITE)
    assert begun == (number, {"a": b"1", "b": b"1"})
    after = facts.publish(SITE, {"a": b"2", "c": b"1"}, number)
    after = facts.publish(SITE, {"a": b"3", "b": None}, after)
    change = facts.read(SITE, begun.number, None)
    assert change == (after, {"a": b"3", "b": None, "c": b"1"})
    assert facts.names(SITE) == {"a", "c"}


def test_a_reader_that_is_up_to_date_waits_and_hears_nothing(facts: FactsStream) -> None:
    number = facts.publish(SITE, {"a": b"1"}, None)
    assert number is not None
    assert facts.read(SITE, number, 1) == (number, {})


def test_a_reader_behind_what_is_kept_is_told_to_begin_anew(
    facts: FactsStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facts_module, "KEPT", 1)
    number = first = facts.publish(SITE, {"a": b"0"}, None)
    for value in range(300):
        number = facts.publish(SITE, {"a": str(value).encode()}, number)
    assert first is not None
    assert facts.read(SITE, first, None) is None
    assert facts.snapshot(SITE) == (number, {"a": b"299"})


def test_many_documents_travel_in_entries_of_bounded_size(facts: FactsStream) -> None:
    begun = facts.snapshot(SITE)
    many = {f"n{i}": b"1" for i in range(2 * facts_module.NAMES + 1)}
    number = facts.publish(SITE, many, None)
    assert begun == (0, {})
    assert number is not None
    assert facts.read(SITE, number - 2, None) == (
        number, {name: b"1" for name in list(many)[facts_module.NAMES :]},
    )  # fmt: skip
    assert facts.snapshot(SITE).documents == many


def test_nothing_is_published_behind_anothers_back(facts: FactsStream) -> None:
    number = facts.publish(SITE, {"a": b"1"}, None)
    assert number is not None
    other = facts.publish(SITE, {"a": b"2"}, number)
    assert facts.publish(SITE, {"a": b"3"}, number) is None
    assert facts.snapshot(SITE) == (other, {"a": b"2"})


def test_after_redis_lost_all_the_publisher_is_told_and_readers_begin_anew(
    world: World, facts: FactsStream
) -> None:
    number = facts.publish(SITE, {"a": b"1"}, None)
    assert number is not None
    world.client.flushall()
    assert facts.publish(SITE, {"a": b"2"}, number) is None
    assert facts.read(SITE, number, None) == (number, {})
    again = facts.publish(SITE, {"a": b"2"}, None)
    assert facts.read(SITE, number, None) is None
    assert facts.snapshot(SITE) == (again, {"a": b"2"})


def test_a_live_site_takes_facts_and_tells_whom_they_concern(
    world: World, facts: FactsStream
) -> None:
    live = live_of(world)
    reader = FactsReader(live, facts)
    assert reader.read(None) == 0
    heard: list[int] = []
    live.listen(heard.append)
    number = facts.publish(SITE, documents(forecast("SO-1", 1), forecast("SO-2", 1)), None)
    reader.read(None)
    assert heard == [FORECASTS]
    facts.publish(SITE, {"forecast/SO-1": None}, number)
    reader.read(None)
    assert list(live.facts.forecasts) == ["SO-2"]


def test_what_is_gone_since_a_reader_fell_behind_goes_from_its_site_too(
    world: World, facts: FactsStream
) -> None:
    live = live_of(world)
    reader = FactsReader(live, facts)
    facts.publish(SITE, documents(forecast("SO-1", 1)), None)
    reader.read(None)
    world.client.flushall()
    facts.publish(SITE, documents(forecast("SO-2", 1)), None)
    reader.read(None)
    assert list(live.facts.forecasts) == ["SO-2"]


def test_orders_are_judged_by_their_forecast_and_needs_get_its_date(
    world: World, facts: FactsStream
) -> None:
    live = live_of(world)
    watched(world)
    live.poll()
    facts.publish(SITE, documents(forecast("SO-1", 1.95), forecast("SO-2", 2.5)), None)
    FactsReader(live, facts).read(None)
    world.clock.advance(seconds=2)
    live.refresh()
    found = {row.order: row for row in live.indexes.book.worst("A", 9)}
    assert found["SO-1"].standing is Standing.AT_RISK
    assert found["SO-1"].p80_at == NOW + timedelta(days=2.05)
    assert found["SO-2"].standing is Standing.LATE
    assert found["SO-2"].projected_at == NOW + timedelta(days=2.5)
    due = live.indexes.needs.due("A", world.clock(), timedelta(hours=8), 9)
    assert {row.forecast_by for row in due} == {NOW + timedelta(hours=5)}


def test_forecasts_of_a_silent_watch_count_no_more(world: World, facts: FactsStream) -> None:
    live = live_of(world)
    watched(world)
    live.poll()
    facts.publish(SITE, documents(forecast("SO-1", 2.5)), None)
    FactsReader(live, facts).read(None)
    assert live.readers().watch_stale is False
    assert set(live.forecasts) == {"SO-1"}
    world.clock.advance(seconds=16)
    live.poll()
    live.refresh()
    assert live.readers().watch_stale is True
    assert live.readers().watch_lag_s == 16
    row = live.indexes.book.row("SO-1")
    assert row is not None
    assert row.forecast is False


def test_forecasts_that_are_older_than_ten_minutes_count_no_more(
    world: World, facts: FactsStream
) -> None:
    live = live_of(world)
    facts.publish(SITE, documents(forecast("SO-1", 1), as_of=timedelta(minutes=-11)), None)
    FactsReader(live, facts).read(None)
    watched(world)
    live.poll()
    assert live.forecasts == {}
    assert live.readers().watch_stale is True


def test_a_board_that_is_loaded_again_keeps_its_facts(world: World, facts: FactsStream) -> None:
    live = live_of(world)
    watched(world)
    live.poll()
    facts.publish(SITE, documents(forecast("SO-1", 2.5)), None)
    FactsReader(live, facts).read(None)
    live.load()
    world.clock.advance(seconds=2)
    live.refresh()
    row = live.indexes.book.row("SO-1")
    assert live.boards == 2
    assert row is not None
    assert row.forecast


def test_a_site_without_forecasts_has_none_that_could_be_stale(world: World) -> None:
    assert live_of(world).readers().watch_stale is False
