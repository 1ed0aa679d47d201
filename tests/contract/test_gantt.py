"""Completed orders of the past for the Gantt: bounded, filtered, of one site alone."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from data.domain.gantt.records import GanttView
from data.services.errors import Unavailable
from data.store.gantt import GanttStore
from data.store.history import connect
from tests.contract.world import PLANT, World, completed, drain, order, process

DAY = timedelta(days=1)


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        made.open(*(order(f"SO-{number}") for number in range(1, 6)))
        for number in range(1, 5):
            at = made.clock() - timedelta(hours=number)
            name = f"SO-{number}"
            made.accept(*(completed(f"{name}-{n}", f"operation/{name}/{n}0", at) for n in (1, 2)))
        drain(made.recorder())
        yield made


@pytest.fixture
def store(database_url: str, world: World) -> Iterator[GanttStore]:
    engine = connect(database_url)
    yield GanttStore(engine)
    engine.dispose()


def view(world: World, **more: object) -> GanttView:
    return GanttView(start=world.clock() - 30 * DAY, finish=world.clock() + DAY, **more)


def test_the_last_completed_comes_first_and_no_more_than_asked_for(store, world):
    page = store.completed(PLANT.id, view(world), world.clock() + DAY, 2, 1)
    assert [one.plan.id for one in page.orders] == ["SO-2", "SO-3"]
    assert page.total == 4
    states = page.orders[0].states
    assert states["operation/SO-2/10"].finished_at == page.orders[0].completed_at


def test_only_what_was_completed_before_the_boards_own_is_found(store, world):
    before = world.clock() - timedelta(hours=2.5)
    page = store.completed(PLANT.id, view(world), before, 10, 0)
    assert [one.plan.id for one in page.orders] == ["SO-3", "SO-4"]


def test_a_search_takes_signs_of_patterns_as_they_are(store, world):
    asked = [(said, store.completed(PLANT.id, view(world, text=said), world.clock() + DAY, 9, 0))
             for said in ("so-3", "%", "S_-3")]  # fmt: skip
    assert [(said, page.total) for said, page in asked] == [("so-3", 1), ("%", 0), ("S_-3", 0)]


def test_another_site_has_none(store, world):
    assert store.completed("elsewhere", view(world), world.clock() + DAY, 9, 0).total == 0
    assert store.order("elsewhere", "SO-1") is None


def test_one_order_is_found_once_it_is_completed(store, world):
    assert store.order(PLANT.id, "SO-1").plan.id == "SO-1"
    assert store.order(PLANT.id, "SO-5") is None


def test_a_lost_database_is_unavailable(world):
    engine = connect("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable):
        GanttStore(engine).order("plant", "SO-1")
    engine.dispose()
