"""A copy from a Redis Cluster and beside a replica, and back into a cluster that holds nothing.

The log of every site is read on its own shard. Rows are read from the primary alone: a replica
may lack what the log has let go since.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from data.commands.backup import BackupError, backup, restore
from data.settings import Settings
from data.store.embedded import EmbeddedPostgres
from tests.contract.world import Clock, World, drain, good, order, process
from tests.scale.cluster import RealCluster
from tests.scale.standby import Standby, either, following

SECRET = "a secret that is kept beside the copy"


@pytest.fixture
def standby(postgres: EmbeddedPostgres, milepost_template: str, engines_folder: Path
            ) -> Iterator[Standby]:  # fmt: skip
    with following(postgres, engines_folder / "copied") as made:
        yield made


@pytest.fixture
def emptied(cluster: RealCluster) -> RealCluster:
    """The cluster, with nothing in it."""
    cluster.empty()
    return cluster


@pytest.fixture
def world(emptied: RealCluster, database_url: str) -> Iterator[World]:
    """A site with events that are recorded, and events that are only in the log."""
    with process(emptied.url, database_url, Clock(datetime.now(UTC))) as made:
        made.open(order("SO-1"))
        recorder = made.recorder()
        assert made.said(*(good(f"recorded-{n}") for n in range(5))) == ["accepted"] * 5
        drain(recorder)
        recorder.close()
        assert made.said(*(good(f"waiting-{n}") for n in range(3))) == ["accepted"] * 3
        yield made


def settings_of(folder: Path, redis_url: str, database_url: str) -> Settings:
    return Settings.from_env({
        "MILEPOST_VAR": str(folder), "REDIS_URL": redis_url, "DATABASE_URL": database_url,
        "MILEPOST_SECRET": SECRET,
    })  # fmt: skip


@pytest.mark.long
def test_what_was_acknowledged_on_a_cluster_is_there_afterwards_each_event_once(
    world: World, emptied: RealCluster, database_url: str, standby: Standby, tmp_path: Path,
    new_database: Callable[[str], str],
) -> None:  # fmt: skip
    here = settings_of(tmp_path / "var", emptied.url, either(database_url, standby))
    here = replace(here, replica_url=standby.copy_of(database_url))
    assert backup(here, tmp_path / "copy") == 0
    with pytest.raises(BackupError, match="already"):
        restore(here, tmp_path / "copy")

    emptied.empty()
    there = settings_of(tmp_path / "other", emptied.url, new_database("template0"))
    assert restore(there, tmp_path / "copy") == 0
    with process(emptied.url, there.database_url or "", world.clock) as other:
        drain(other.recorder())
        kept = other.recorded_ids()
        assert len(kept) == len(set(kept))
        assert {f"recorded-{n}" for n in range(5)} | {f"waiting-{n}" for n in range(3)} <= {*kept}
        assert other.rows("SELECT sum(good) FROM operation") == [(8,)]
        assert other.said(good("recorded-1"), good("waiting-1"), good("after-1")) == [
            "duplicate", "duplicate", "accepted",
        ]  # fmt: skip


@pytest.mark.long
def test_no_copy_is_made_of_a_replica_which_may_lack_what_the_log_has_let_go(
    world: World, emptied: RealCluster, database_url: str, standby: Standby, tmp_path: Path
) -> None:
    here = settings_of(tmp_path / "var", emptied.url, standby.copy_of(database_url))
    with pytest.raises(BackupError, match="name the primary"):
        backup(here, tmp_path / "copy")
    assert list((tmp_path / "copy").iterdir()) == []
    backup(replace(here, database_url=database_url), tmp_path / "copy")
