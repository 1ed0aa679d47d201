"""A copy of everything, made while events come in, and put back into engines that hold nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from data.commands.backup import LOG, SQL, BackupError, backup, restore
from data.domain.audit import Action
from data.services.audit import Audit
from data.services.errors import Unavailable
from data.settings import Settings
from data.store.dump import dump
from data.store.embedded import EmbeddedPostgres
from data.store.history import connect
from data.stream import tail
from data.stream.embedded import EmbeddedRedis
from data.wiring import People, secret_of
from tests.contract.world import Clock, World, drain, good, order, process
from tests.engines import conninfo, redis_at
from tests.folders import short_folder

SECRET = "a secret that is kept beside the copy"


def settings_of(folder: Path, redis_url: str, database_url: str, secret: str = SECRET) -> Settings:
    return Settings.from_env({
        "MILEPOST_VAR": str(folder), "REDIS_URL": redis_url, "DATABASE_URL": database_url,
        "MILEPOST_SECRET": secret,
    })  # fmt: skip


@contextmanager
def trail(settings: Settings) -> Iterator[Audit]:
    sql = connect(settings.database_url or "")
    yield People(sql, secret_of(settings)).audit
    sql.dispose()


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as made:
        yield made


@pytest.fixture
def settings(folder: Path, redis_url: str, database_url: str) -> Settings:
    return settings_of(folder / "var", redis_url, database_url)


@pytest.fixture
def world(redis_url: str, database_url: str) -> Iterator[World]:
    with process(redis_url, database_url, Clock(datetime.now(UTC))) as made:
        made.open(order("SO-1"))
        yield made


@pytest.fixture
def lived(world: World, settings: Settings) -> World:
    """A site with events that are recorded, events that are only in the log, and a trail."""
    recorder = world.recorder()
    for n in range(5):
        assert world.said(good(f"recorded-{n}")) == ["accepted"]
    drain(recorder)
    recorder.close()
    for n in range(3):
        assert world.said(good(f"waiting-{n}")) == ["accepted"]
    with trail(settings) as audit:
        for n in range(4):
            audit.note("account/1", Action.SIGNED_IN, f"somebody-{n}", site="plant")
    return world


Elsewhere = Callable[[], Settings]


@pytest.fixture
def elsewhere(
    redis_server: EmbeddedRedis, new_database: Callable[[str], str], folder: Path
) -> Elsewhere:
    """A function that makes engines which hold nothing; the log of before is gone with it."""

    def make() -> Settings:
        with redis_at(redis_server.url) as client:
            client.flushall()
        return settings_of(folder / "other", redis_server.url, new_database("template0"))

    return make


def test_what_was_acknowledged_before_is_there_afterwards_each_event_once(
    lived: World, settings: Settings, folder: Path, elsewhere: Elsewhere
) -> None:
    board = lived.live().board
    assert backup(settings, folder / "copy") == 0
    there = elsewhere()
    assert restore(there, folder / "copy") == 0
    with process(there.redis_url or "", there.database_url or "", lived.clock) as other:
        assert other.live().board.orders["SO-1"].plan == board.orders["SO-1"].plan
        drain(other.recorder())
        wanted = {f"recorded-{n}" for n in range(5)} | {f"waiting-{n}" for n in range(3)}
        assert other.recorded_ids() == sorted(wanted | {"site", "plan-SO-1"})
        assert other.rows("SELECT sum(good) FROM operation") == [(8,)]
        assert other.said(good("recorded-1"), good("waiting-1"), good("after-1")) == [
            "duplicate", "duplicate", "accepted",
        ]  # fmt: skip
    with trail(there) as audit:
        end, fault = audit.verify()
    assert (end.number, fault) == (4, None)


def test_what_was_recorded_between_the_two_copies_counts_once(
    lived: World, settings: Settings, folder: Path, elsewhere: Elsewhere,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    written = tail.write

    def then_recorded(*arguments: object) -> int:
        count = written(*arguments)
        assert lived.said(good("between")) == ["accepted"]
        drain(lived.recorder())
        lived.log.trim("plant", lived.log.last_offset("plant"))
        return count

    monkeypatch.setattr(tail, "write", then_recorded)
    assert backup(settings, folder / "copy") == 0
    there = elsewhere()
    assert restore(there, folder / "copy") == 0
    with process(there.redis_url or "", there.database_url or "", lived.clock) as other:
        drain(other.recorder())
        assert other.rows("SELECT sum(good) FROM operation") == [(9,)]
        assert len(other.recorded_ids()) == len(set(other.recorded_ids())) == 11


def test_a_copy_holds_no_secret_and_asks_for_its_own(
    lived: World, settings: Settings, folder: Path, elsewhere: Elsewhere
) -> None:
    backup(settings, folder / "copy")
    for file in (folder / "copy").iterdir():
        assert SECRET.encode() not in file.read_bytes()
        assert file.stat().st_mode & 0o077 == 0 or file.name == "manifest.json"
    there = elsewhere()
    other = settings_of(folder, there.redis_url or "", there.database_url or "", "x" * 40)
    with pytest.raises(BackupError, match="another secret"):
        restore(other, folder / "copy")


@pytest.mark.parametrize("file", [LOG, SQL])
def test_a_copy_that_was_changed_is_not_put_back(
    lived: World, settings: Settings, folder: Path, elsewhere: Elsewhere, file: str
) -> None:
    backup(settings, folder / "copy")
    with (folder / "copy" / file).open("ab") as out:
        out.write(b"\n")
    with pytest.raises(BackupError, match="not as it was written"):
        restore(elsewhere(), folder / "copy")


def test_a_copy_that_was_cut_short_is_not_put_back(
    lived: World, settings: Settings, folder: Path
) -> None:
    (folder / "copy").mkdir()
    (folder / "copy" / LOG).write_text("")
    with pytest.raises(BackupError, match="no whole backup"):
        restore(settings, folder / "copy")
    with pytest.raises(BackupError, match="not empty"):
        backup(settings, folder / "copy")


def test_nothing_is_put_over_what_is_there(lived: World, settings: Settings, folder: Path) -> None:
    backup(settings, folder / "copy")
    with pytest.raises(BackupError, match="already"):
        restore(settings, folder / "copy")
    assert len(lived.recorded_ids()) == 7


def test_a_login_that_may_not_see_every_row_makes_no_half_copy(
    lived: World, settings: Settings, folder: Path, postgres: EmbeddedPostgres
) -> None:
    with psycopg.connect(conninfo(settings.database_url or ""), autocommit=True) as connection:
        connection.execute("CREATE ROLE half_blind LOGIN")
        connection.execute("GRANT USAGE ON SCHEMA months TO half_blind")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public, months TO half_blind")
        connection.execute("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO half_blind")
    url = (settings.database_url or "").replace("postgres@", "half_blind@", 1)
    with pytest.raises(Unavailable, match="row-level security"):
        dump(url, folder / "sql.dump")
    with psycopg.connect(conninfo(settings.database_url or ""), autocommit=True) as connection:
        connection.execute("DROP OWNED BY half_blind")
        connection.execute("DROP ROLE half_blind")


def test_a_fresh_folder_gets_engines_of_its_own(
    lived: World, settings: Settings, folder: Path
) -> None:
    backup(settings, folder / "copy")
    fresh = Settings.from_env({"MILEPOST_VAR": str(folder / "fresh"), "MILEPOST_SECRET": SECRET})
    assert restore(fresh, folder / "copy") == 0
    with (
        EmbeddedRedis(folder / "fresh" / "redis") as redis_url,
        EmbeddedPostgres(folder / "fresh" / "postgres") as database_url,
        process(redis_url, database_url, lived.clock) as other,
    ):
        drain(other.recorder())
        assert other.rows("SELECT sum(good) FROM operation") == [(8,)]


@pytest.fixture
def logins(postgres: EmbeddedPostgres, database_url: str) -> Iterator[None]:
    """The logins of docs/operations.md, for copying and for putting back."""
    with psycopg.connect(conninfo(postgres.url), autocommit=True) as connection:
        connection.execute("CREATE ROLE copying LOGIN BYPASSRLS IN ROLE pg_read_all_data")
        connection.execute("CREATE ROLE owning LOGIN BYPASSRLS IN ROLE milepost_web")
        yield
        connection.execute("DROP DATABASE IF EXISTS owned WITH (FORCE)")
        connection.execute("DROP ROLE copying")
        connection.execute("DROP ROLE owning")


def test_no_superuser_is_needed(
    lived: World, settings: Settings, folder: Path, elsewhere: Elsewhere,
    postgres: EmbeddedPostgres, logins: None,
) -> None:  # fmt: skip
    def as_(login: str, url: str | None) -> str:
        return (url or "").replace("postgres@", f"{login}@", 1)

    copying = replace(settings, database_url=as_("copying", settings.database_url))
    assert backup(copying, folder / "copy") == 0
    there = elsewhere()
    with psycopg.connect(conninfo(postgres.url), autocommit=True) as connection:
        connection.execute("CREATE DATABASE owned OWNER owning")
    there = replace(there, database_url=as_("owning", postgres.url_of("owned")))
    assert restore(there, folder / "copy") == 0
    with process(there.redis_url or "", postgres.url_of("owned"), lived.clock) as other:
        drain(other.recorder())
        assert other.rows("SELECT sum(good) FROM operation") == [(8,)]
