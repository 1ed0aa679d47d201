"""Fixtures that several modules share; one that needs another of a name makes its own.

`world` is a process without a plant. `pytest.mark.usefixtures` with `running` or `two_months` puts
into it what all tests of a module begin with.
"""

from collections.abc import Iterator

import pytest

from tests.contract.archiving import archive, owner, two_months
from tests.contract.telling import engine, operator, telling
from tests.contract.watching import desk, factory
from tests.contract.world import World, order, process

__all__ = ["archive", "desk", "engine", "factory", "operator", "owner", "telling", "two_months"]


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url) as made:
        yield made


@pytest.fixture
def running(world: World) -> World:
    """The world, with a plant and two orders."""
    world.open(order("SO-1"), order("SO-2"))
    return world
