"""Completed orders in real SQL: found, filtered, sorted and paged as asked."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from data.domain.plan import MaterialNeed, Order
from data.services.errors import Unavailable
from data.services.orders import CompletedQuery
from data.store.history import connect
from data.store.orders import CompletedOrders
from tests.contract.world import NOW, World, completed, drain, order, process, steps

DAY = timedelta(days=1)


def query(**by: Any) -> CompletedQuery:
    usual: dict[str, Any] = {
        "text": None, "customers": (), "centers": None, "area": None, "product": None,
        "customer": None, "due_from": None, "due_before": None, "until": NOW + DAY,
        "sort": "risk", "descending": False,
    }  # fmt: skip
    return CompletedQuery(**usual | by)


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as world:
        need = MaterialNeed(
            id="n", part="BOLT_7%", operation="10", supplier="P1", quantity=1, need_by=NOW
        )
        world.open(
            order("SO-1", "10", customer="B1"),
            Order(
                id="SO-2", product="Valve", quantity=5, due_at=NOW - DAY, area="A",
                operations=steps("10"), needs=(need,),
            ),
            order("SO-3", "10"),
            order("SO-4", "10"),
        )  # fmt: skip
        for hours, name in ((3, "SO-1"), (2, "SO-2"), (1, "SO-3")):
            done_at = NOW - timedelta(hours=hours)
            world.accept(completed(f"done-{name}", f"operation/{name}/10", done_at))
        drain(world.recorder())
        yield world


@pytest.fixture
def found(world: World) -> Any:
    past = CompletedOrders(world.sql)

    def find(limit: int = 50, offset: int = 0, **by: Any) -> list[str]:
        rows, _ = past.completed("plant", query(**by), limit, offset)
        return [plan.id for plan, _ in rows]

    return find


def test_only_completed_orders_are_found_newest_first(found: Any) -> None:
    assert found() == ["SO-3", "SO-2", "SO-1"]


def test_an_order_completed_after_the_instant_is_not_there_yet(found: Any) -> None:
    assert found(until=NOW - timedelta(minutes=90)) == ["SO-2", "SO-1"]


@pytest.mark.parametrize(
    ("by", "orders"),
    [
        ({"text": "so-2"}, ["SO-2"]),
        ({"text": "VALVE"}, ["SO-2"]),
        ({"text": "bolt_7%"}, ["SO-2"]),
        ({"text": "%"}, ["SO-2"]),
        ({"text": "SO_1"}, []),
        ({"text": "\\"}, []),
        ({"text": "b1"}, ["SO-1"]),
        ({"text": "zzz", "customers": ("B1",)}, ["SO-1"]),
        ({"product": "Valve"}, ["SO-2"]),
        ({"customer": "B1"}, ["SO-1"]),
        ({"area": "A", "centers": ()}, ["SO-2"]),
        ({"area": "A", "centers": ("C",)}, ["SO-3", "SO-2", "SO-1"]),
        ({"due_before": NOW}, ["SO-2"]),
        ({"due_from": NOW}, ["SO-3", "SO-1"]),
        ({"text": "' OR 1=1 --"}, []),
    ],
)
def test_filters_leave_what_fits(found: Any, by: dict[str, Any], orders: list[str]) -> None:
    assert found(**by) == orders


def test_sorted_as_asked(found: Any) -> None:
    assert found(sort="order") == ["SO-1", "SO-2", "SO-3"]
    assert found(sort="order", descending=True) == ["SO-3", "SO-2", "SO-1"]
    assert found(sort="forecast") == ["SO-1", "SO-2", "SO-3"]
    assert found(sort="due")[0] == "SO-2"
    assert found(descending=True) == ["SO-1", "SO-2", "SO-3"]


def test_a_page_of_the_list_and_how_many_there_are(world: World, found: Any) -> None:
    assert found(limit=1, offset=1) == ["SO-2"]
    _, total = CompletedOrders(world.sql).completed("plant", query(), 1, 0)
    assert total == 3


def test_another_sites_orders_are_never_found(world: World) -> None:
    assert CompletedOrders(world.sql).completed("elsewhere", query(), 50, 0) == ([], 0)


def test_orders_without_an_account_have_no_cause(world: World) -> None:
    assert CompletedOrders(world.sql).top_causes("plant", ["SO-1", "no such order"]) == {}


def test_a_lost_database_is_unavailable() -> None:
    engine = connect("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable):
        CompletedOrders(engine).completed("plant", query(), 1, 0)
    engine.dispose()
