"""Pages on the past read a streaming replica, never behind what the primary has; promotion.

What a killed primary alone had of the recording is recorded again from the log.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from data.services.errors import Unavailable
from data.store.derived_version import DerivedVersion, bump, current
from data.store.embedded import EmbeddedPostgres
from data.store.history import connect
from data.store.replica import ALONE_S, REST_S, WAIT_S, Replica
from data.store.scoped import WORKER, beside, close, reading, whole, writing
from tests.browser.product.program import wait_for
from tests.contract.world import good, order, process
from tests.scale.standby import Standby, either, following

SITE = "plant"
_WHERE = text("SELECT pg_is_in_recovery()")


@pytest.fixture(scope="module")
def standby(
    postgres: EmbeddedPostgres, milepost_template: str, engines_folder: Path
) -> Iterator[Standby]:
    with following(postgres, engines_folder / "standby") as made:
        yield made


@pytest.fixture
def sql(database_url: str, standby: Standby) -> Iterator[Engine]:
    """The primary, with the replica beside it."""
    primary = connect(database_url, role=WORKER)
    made = beside(primary, standby.copy_of(database_url))
    yield made
    close(made)


def on_replica(sql: Engine) -> bool:
    with reading(sql, whole(SITE)) as connection:
        return bool(connection.execute(_WHERE).scalar())


def written(sql: Engine) -> int:
    with writing(sql, whole(SITE)) as connection:
        return bump(connection, SITE)


def test_who_reads_on_the_replica_sees_what_was_just_written_on_the_primary(sql: Engine) -> None:
    wait_for(lambda: on_replica(sql), 60, "the replica is read")

    def there() -> bool:
        newest = written(sql)
        with reading(sql, whole(SITE)) as connection:
            assert current(connection, SITE) == newest
            return bool(connection.execute(_WHERE).scalar())

    for _ in range(30):
        there()
    wait_for(there, 60, "it is seen on the replica")  # which rests where it was once late


def test_what_is_read_on_the_replica_is_bound_by_the_same_scope(sql: Engine) -> None:
    written(sql)
    wait_for(lambda: on_replica(sql), 60, "the replica is read")
    with reading(sql, whole("elsewhere")) as connection:
        assert connection.execute(text("SELECT count(*) FROM reader")).scalar() == 0
    with reading(sql, whole(SITE), snapshot=True) as connection:
        assert connection.execute(text("SELECT count(*) FROM reader")).scalar() == 1


def test_a_replica_that_is_behind_is_left_alone_for_a_while(sql: Engine, standby: Standby) -> None:
    wait_for(lambda: on_replica(sql), 60, "the replica is read")
    standby.execute("SELECT pg_wal_replay_pause()")
    try:
        newest = written(sql)
        begun = time.monotonic()
        assert DerivedVersion(sql).current(SITE) == newest
        assert not on_replica(sql)
        assert time.monotonic() - begun < WAIT_S + REST_S
    finally:
        standby.execute("SELECT pg_wal_replay_resume()")
    wait_for(lambda: on_replica(sql), REST_S + 60, "the replica is read again")


@pytest.mark.long
def test_with_the_replica_killed_the_primary_answers(sql: Engine, standby: Standby) -> None:
    wait_for(lambda: on_replica(sql), 60, "the replica is read")
    standby.kill()
    newest = written(sql)
    assert DerivedVersion(sql).current(SITE) == newest
    assert not on_replica(sql)
    standby.restart()
    wait_for(lambda: on_replica(sql), REST_S + 20, "the replica is read again")


@pytest.mark.long
def test_with_the_primary_killed_the_past_can_still_be_read(
    sql: Engine, standby: Standby, postgres: EmbeddedPostgres
) -> None:
    newest = written(sql)
    wait_for(lambda: on_replica(sql), 60, "the replica is read")
    postgres.kill()
    assert DerivedVersion(sql).current(SITE) == newest
    with pytest.raises(Unavailable):
        written(sql)
    postgres.start()
    assert written(sql) > newest


@pytest.mark.long
def test_what_was_promoted_is_no_replica_any_more_and_nobody_waits_for_it(
    postgres: EmbeddedPostgres, engines_folder: Path, database_url: str
) -> None:
    with following(postgres, engines_folder / "alone") as standby:
        primary = connect(database_url, role=WORKER)
        promoted = connect(standby.copy_of(database_url), role=WORKER)
        now_s, waits = [0.0], list[float]()
        replica = Replica(primary, promoted, lambda: now_s[0], waits.append)
        wait_for(lambda: replica.near() is promoted, 60, "the replica is read")
        standby.promote()
        waits.clear()
        assert replica.near() is None
        assert waits == []
        promoted.dispose()
        standby.kill()  # so that whoever asked it would notice
        now_s[0] += ALONE_S - 1
        assert replica.near() is None
        close(primary)


@pytest.mark.long
def test_no_version_of_the_lost_is_given_again_by_what_was_promoted(
    postgres: EmbeddedPostgres, engines_folder: Path, database_url: str
) -> None:
    with following(postgres, engines_folder / "versions") as standby:
        primary = connect(database_url, role=WORKER)
        promoted = connect(standby.copy_of(database_url), role=WORKER)
        shared = written(primary)
        wait_for(lambda: DerivedVersion(promoted).current(SITE) == shared, 60, "it follows")
        standby.cut_off()
        lost = [written(primary) for _ in range(3)]
        standby.promote()
        assert DerivedVersion(promoted).current(SITE) == shared
        assert written(promoted) > max(lost)
        for engine in (primary, promoted):
            close(engine)


@pytest.mark.long
def test_a_promoted_replica_is_found_by_itself_and_all_is_recorded_there(
    postgres: EmbeddedPostgres, engines_folder: Path, database_url: str, redis_url: str
) -> None:
    with following(postgres, engines_folder / "next") as standby:
        both = either(database_url, standby)
        with process(redis_url, both) as world:
            world.open(order("SO-1"))
            recorder = world.recorder()
            recorded = [f"before-{n}" for n in range(50)]
            assert world.said(*map(good, recorded)) == ["accepted"] * 50
            while recorder.step(None):
                pass
            postgres.kill()
            meanwhile = [f"meanwhile-{n}" for n in range(50)]
            assert world.said(*map(good, meanwhile)) == ["accepted"] * 50
            standby.promote()
            wait_for(lambda: records(recorder), 60, "the recorder goes on")
            while recorder.step(None):
                pass
            kept = world.recorded_ids()
            assert len(kept) == len(set(kept))
            assert {*recorded, *meanwhile} <= {*kept}
            assert world.rows("SELECT good FROM operation") == [(100,)]


def records(recorder: object) -> bool:
    try:
        return recorder.step(None) >= 0 and recorder.holds_site  # type: ignore[attr-defined]
    except Unavailable:
        return False
