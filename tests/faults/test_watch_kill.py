"""A watch that is killed: another process takes the site over and its forecasts go on."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from data.processes import Child, Solo
from data.services.facts_reader import FactsReader
from data.services.live import WATCH, LiveSite, utc_now
from data.stream.facts import FactsStream
from tests.browser.product.program import wait_for
from tests.contract.world import PLANT, World, completed, order, process
from tests.engines import conninfo

ROOT = Path(__file__).parents[2]
STARTED_WITHIN_S = 180.0  # a process of its own, on a busy machine


class Now:
    """The real clock: processes of their own don't know a test's."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url, Now()) as made:  # type: ignore[arg-type]
        made.open(order("SO-1"), order("SO-2"))
        yield made


@pytest.fixture
def start(redis_url: str, database_url: str, tmp_path: Path) -> Iterator[Callable[[str], Solo]]:
    env = {"REDIS_URL": redis_url, "DATABASE_URL": database_url, "MILEPOST_VAR": str(tmp_path)}
    with ExitStack() as stack:

        def run(name: str) -> Solo:
            argv = (sys.executable, str(ROOT / "app.py"), "watch")
            child = Child(name=name, argv=argv, env=env, output=tmp_path / f"{name}.log")
            solo = Solo(child)
            solo.start()
            stack.callback(solo.kill)
            return solo

        yield run


def standing_by(database_url: str) -> int:
    """How many processes hold the site's watch or ask for it."""
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'watch' AND datname = current_database()"
    )
    with psycopg.connect(conninfo(database_url)) as connection:
        return int(connection.execute(query).fetchone()[0])


def test_another_watch_takes_over_and_forecasts_go_on(
    world: World, start: Callable[[str], Solo], database_url: str
) -> None:
    live = LiveSite(PLANT.id, world.log, world.history, utc_now)
    live.load()
    reader = FactsReader(live, FactsStream(world.client))

    def forecast(*orders: str) -> bool:
        reader.read(100)
        return set(live.facts.forecasts) == set(orders)

    first = start("first")
    wait_for(lambda: forecast("SO-1", "SO-2"), STARTED_WITHIN_S, "both orders are forecast")
    start("second")
    wait_for(lambda: standing_by(database_url) == 2, STARTED_WITHIN_S, "another stands by")
    first.kill()
    killed_at = time.time()
    wait_for(lambda: world.log.readers(PLANT.id)[WATCH][1] > killed_at, 60, "it has taken over")
    now = datetime.now(UTC)
    said = world.said(
        completed("c1", "operation/SO-1/10", now), completed("c2", "operation/SO-1/20", now)
    )  # fmt: skip
    assert said == ["accepted"] * 2
    wait_for(lambda: forecast("SO-2"), 60, "the other order is forecast")
