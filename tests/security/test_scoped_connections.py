"""Whoever shares a connection of the pool, in whatever order, sees what is theirs alone."""

import ast
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors
from sqlalchemy import Engine, make_url, text

import data.store
from data.domain.events import Data, Event, EventType
from data.domain.scope import Role, Scope, factory_scope
from data.services.errors import Forbidden, NotMigrated, Unavailable
from data.services.ports import Batch, Recorded
from data.store.history import History
from data.store.migrate import upgrade
from data.store.protection import WEB, WORKER
from data.store.recording import Recording
from data.store.scoped import connect, enter, process, reading, writing
from tests.engines import conninfo
from tests.security.tenants import OWNERS

# The program's own connections.


def scope_of(site: str, party: str) -> Scope:
    return Scope(role=Role.SUPPLIER, sites=(site,), party=party)


COMMENTS = text("SELECT site, party FROM need_comment")


def test_a_transaction_is_of_a_role_that_row_security_binds_and_has_its_scope(engine) -> None:
    said = text(
        "SELECT current_user, current_setting('is_superuser'), row_security_active('event')"
    )
    with reading(engine, factory_scope("a")) as connection:
        assert tuple(connection.execute(said).one()) == (WEB, "off", True)
    worker = engine.execution_options(milepost_role=WORKER)
    with process(worker) as connection:
        assert tuple(connection.execute(said).one()) == (WORKER, "off", True)


def test_one_connection_shared_by_all_shows_nobody_what_is_anothers(engine) -> None:
    """Parties take turns on it, in transactions that end in every way there is."""
    chance = random.Random(9)
    for _ in range(200):
        site, party = chance.choice(OWNERS)
        END[chance.choice(list(END))](engine, site, party)
        assert_nobody_left(engine)
    assert engine.pool.checkedout() == 0


def looked(connection: Any, site: str, party: str) -> None:
    assert {tuple(row) for row in connection.execute(COMMENTS)} == {(site, party)}


def read(engine: Engine, site: str, party: str) -> None:
    with reading(engine, scope_of(site, party)) as connection:
        looked(connection, site, party)


def read_at_one_instant(engine: Engine, site: str, party: str) -> None:
    with reading(engine, scope_of(site, party), snapshot=True) as connection:
        looked(connection, site, party)


def read_whole(engine: Engine, site: str, party: str) -> None:
    with reading(engine, factory_scope(site)) as connection:
        assert {row.site for row in connection.execute(COMMENTS)} == {site}


def fail_in_python(engine: Engine, site: str, party: str) -> None:
    with pytest.raises(ZeroDivisionError), writing(engine, scope_of(site, party)) as connection:
        looked(connection, site, party)
        connection.execute(text("SELECT 1")).scalar_one() / 0


def fail_in_sql(engine: Engine, site: str, party: str) -> None:
    with pytest.raises(Unavailable), writing(engine, scope_of(site, party)) as connection:
        looked(connection, site, party)
        connection.execute(text("SELECT 1 / 0"))


def roll_back(engine: Engine, site: str, party: str) -> None:
    with writing(engine, scope_of(site, party)) as connection:
        looked(connection, site, party)
        connection.get_transaction().rollback()
        connection.get_transaction()


def be_refused(engine: Engine, site: str, party: str) -> None:
    other = text("INSERT INTO board_visit (site, party, viewer, board, at) VALUES"
                 " ('b', 'px', 'v', 'b', now())")  # fmt: skip
    with pytest.raises(Unavailable), writing(engine, scope_of(site, party)) as connection:
        connection.execute(other)


END = {
    end.__name__: end
    for end in (
        read, read_at_one_instant, read_whole, fail_in_python, fail_in_sql, roll_back, be_refused
    )
}  # fmt: skip


def assert_nobody_left(engine: Engine) -> None:
    """The connection of the pool has neither role nor scope."""
    left = text(
        "SELECT current_user = session_user, coalesce(current_setting('milepost.sites', true), ''),"
        " coalesce(current_setting('milepost.party', true), '')"
    )
    with engine.connect() as connection:
        assert tuple(connection.execute(left).one()) == (True, "", "")


def test_who_reads_writes_nothing(engine) -> None:
    visit = text("INSERT INTO board_visit (site, party, viewer, board, at) VALUES"
                 " ('a', 'pa', 'w', 'x', now())")  # fmt: skip
    for snapshot in (False, True):
        with pytest.raises(Unavailable, match="read-only"), reading(
            engine, scope_of("a", "pa"), snapshot=snapshot
        ) as connection:  # fmt: skip
            connection.execute(visit)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(role=Role.SUPPLIER, sites=("a",), party="*"),
        Scope(role=Role.MANAGER, sites=("*",)),
        Scope(role=Role.SUPPLIER, sites=("a", "*"), party="pa"),
    ],
)
def test_no_name_of_a_site_or_party_stands_for_all(engine, scope) -> None:
    with pytest.raises(Forbidden), reading(engine, scope):
        pass


@pytest.mark.parametrize(
    "scope",
    [
        Scope(role=Role.SUPPLIER, sites=("a",)),
        Scope(role=Role.SUPPLIER, sites=("a",), party=""),
        Scope(role=Role.SUPPLIER, sites=(), party="pa"),
        Scope(role=Role.SOURCE, sites=("a",), source="mes"),
        Scope(role=Role.SCREEN, sites=("a",)),
        Scope(role=Role.MANAGER, sites=()),
    ],
)
def test_a_scope_of_nothing_shows_nothing(engine, scope) -> None:
    with reading(engine, scope) as connection:
        for table in ("need_comment", "event", "audit", "work_order", "site"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0


def test_a_name_may_hold_whatever_lists_are_written_with(engine) -> None:
    for name in ("b,a", "{a}", "b a", "a'", "a\\"):
        with reading(engine, scope_of(name, "pa")) as connection:
            assert connection.execute(COMMENTS).all() == []


@pytest.fixture
def login(seeded: str, superuser) -> Iterator[Callable[..., str]]:
    """A function that makes a login that is a member of some roles; returns its URL."""
    made: list[str] = []

    def make(*roles: str) -> str:
        made.append(f"login_{len(made)}")
        with psycopg.connect(conninfo(seeded), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {made[-1]} LOGIN")
            for role in roles:
                connection.execute(f"GRANT {role} TO {made[-1]} WITH INHERIT FALSE, SET TRUE")
        url = make_url(seeded).set(username=made[-1])
        return url.render_as_string(hide_password=False)

    yield make
    with psycopg.connect(conninfo(seeded), autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP ROLE {name}")


def test_a_login_that_owns_nothing_works_in_its_role_and_in_no_other(login) -> None:
    url = login(WEB)
    web, worker = connect(url), connect(url, role=WORKER)
    with reading(web, factory_scope("a")) as connection:
        assert connection.execute(text("SELECT count(*) FROM event")).scalar() == 2
    with pytest.raises(Unavailable, match=WORKER), process(worker):
        pass
    with web.connect() as connection, pytest.raises(Exception, match="permission denied"):
        connection.execute(text("SELECT * FROM event"))
    web.dispose()
    worker.dispose()


LOGINS = {"owner": (), "web": (WEB,), "worker": (WORKER,)}


def test_three_logins_of_which_none_is_superuser_do_everything(login, empty_database_url) -> None:
    """As docs/production.md says: one owns the tables, one serves, one records."""
    database = make_url(empty_database_url).database
    of = {name: make_url(login(*roles)) for name, roles in LOGINS.items()}
    with psycopg.connect(conninfo(empty_database_url), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {database} OWNER TO {of['owner'].username}")
    urls = {
        name: one.set(database=database).render_as_string(hide_password=False)
        for name, one in of.items()
    }
    upgrade(urls["owner"])
    for name in ("web", "worker"):
        upgrade(urls[name])
    recording = Recording(urls["worker"], "a")
    assert recording.acquire()
    now = datetime.now(UTC)
    kind = EventType.OPERATION_PROGRESSED
    event = Event("1", "mes", kind, "operation/SO-1/10", now, now, Data(good=1))
    batch = Batch(epoch="e", after="1-0", at=now, events=[Recorded(event, 1, b"digest")])
    recording.write(batch)
    recording.release()
    web = connect(urls["web"])
    assert History(web).digests_of("a", [("mes", "1")]) == {("mes", "1"): b"digest"}
    web.dispose()
    with psycopg.connect(conninfo(empty_database_url), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {database} OWNER TO CURRENT_USER")
        connection.execute(f"REASSIGN OWNED BY {of['owner'].username} TO CURRENT_USER")
        connection.execute(f"DROP OWNED BY {of['owner'].username}")


def test_a_login_that_owns_nothing_starts_on_the_newest_schema(login) -> None:
    upgrade(login(WEB))


def test_a_login_that_owns_nothing_is_told_who_can_bring_the_schema_there(login, seeded) -> None:
    with psycopg.connect(conninfo(seeded), autocommit=True) as connection:
        (newest,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.execute("UPDATE alembic_version SET version_num = '0008'")
        try:
            with pytest.raises(NotMigrated, match=r"app\.py migrate"):
                upgrade(login(WEB))
        finally:
            connection.execute("UPDATE alembic_version SET version_num = %s", (newest,))


def test_who_may_not_make_the_roles_is_told_the_sql_for_who_may(login) -> None:
    name = Path(data.store.__path__[0]) / "migrations" / "versions" / "0009_row_security.py"
    made = ast.parse(name.read_text())
    statement = next(
        node.value.value
        for node in made.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "_ROLE"
    )
    url = make_url(login()).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection, pytest.raises(errors.RaiseException) as raised:
        connection.execute(statement.format(role="milepost_missing"))
    assert "CREATE ROLE milepost_missing NOLOGIN" in (raised.value.diag.message_hint or "")


OPENS = {
    "scoped": "the door",
    "recording": "takes role and site itself, in each transaction",
    "locks": "holds an advisory lock and reads no row",
    "calls": "listens to what others call, and reads no row",
    "embedded": "asks whether the server answers",
    "migrate": "makes the tables, as who owns them",
    "dump": "copies everything, as a login that row security doesn't bind",
    "months": "makes the tables of months, as who owns them",
    "archive": "moves what is old out of the tables, as who owns them",
    "small_months": "makes one table of several months, as who owns them",
    "replica": "asks how far a replica is, and reads no row",
}
CONNECTING = {"connect", "begin", "raw_connection", "create_engine"}


def test_every_store_reaches_sql_through_the_one_door() -> None:
    """Whoever opens connections is named here, with what for."""
    found = {
        path.stem
        for path in Path(data.store.__path__[0]).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if {getattr(node, "attr", None), getattr(node, "id", None)} & CONNECTING
    }
    assert found == set(OPENS)


def test_the_recorder_writes_its_own_site_and_no_other(seeded) -> None:
    recording = Recording(seeded, "a")
    assert recording.acquire()
    try:
        with recording._connection.transaction(force_rollback=True):
            cursor = recording._connection.cursor()
            enter(cursor, "a")
            assert cursor.execute("DELETE FROM event").rowcount == 2
            with pytest.raises(errors.InsufficientPrivilege):
                cursor.execute("INSERT INTO stale VALUES ('b', 'k', 'k', 1)")
    finally:
        recording.release()


def test_the_program_itself_knows_which_sites_there_are(engine, superuser) -> None:
    with process(engine) as connection:
        found = connection.execute(text("SELECT id FROM site ORDER BY id")).scalars().all()
    assert found == ["a", "b"]
    History(engine).ping()
