"""From the dumps of releases, with rows in every table, to the newest schema: nothing is lost.

Each dump in `releases` is what the services of its version left behind after three months at two
sites. `GAINS` says what each migration makes; whatever it doesn't say must stay as it is.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from pyotp import TOTP
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from data.commands.rebuild import differences
from data.domain.exceptions.search import CaseFilter
from data.domain.scope import Role, Scope
from data.secret import derived
from data.services.identity import Refused, SignedIn
from data.services.keys import Keys
from data.services.screens import Devices
from data.store import history
from data.store.embedded import EmbeddedPostgres
from data.store.exceptions import ExceptionStore
from data.store.keys import KeyStore
from data.store.migrate import upgrade
from data.store.people import PeopleStore
from data.store.screens import ScreenStore
from data.wiring import People, Statements
from tests.contract.releases.floor import DOCK, OPENED, PLANT
from tests.contract.releases.office import PASSWORD, SECRET
from tests.contract.releases.owner import as_owner
from tests.contract.releases.rows import (
    Kept,
    Rows,
    columns,
    handed_out,
    kept,
    reading,
    releases,
    tables,
    versions,
    written,
)
from tests.contract.releases.shelf import Shelf, begun
from tests.contract.world import Clock, World, drain, good, process
from tests.databases import conninfo
from tests.unit.domain.strategies import fold, state_of

MADE = datetime.fromisoformat("2026-11-02T14:00:00Z")  # after the last event of every dump
NEWEST = releases()[-1]
_SPAN = ("first_recorded_at", "last_recorded_at")
# What each migration since the first of the dumps makes: tables, or columns of those there are.
GAINS: dict[str, dict[str, tuple[str, ...]]] = {
    "0015": {"event_identity": (), "archive_run": (), "work_order": ("archived",)},
    "0016": {"notice_read": ()},
    "0017": {"work_order": _SPAN, "operation": _SPAN, "need": _SPAN},
    "0018": {},
    "0019": {"archive_run": ("number", "taken")},
    "0020": {},
}
# What migrations fill in of columns that others made; what it has to be has a test of its own.
FILLS = {"0018": _SPAN}
# What a migration that was cut off leaves beside the version before it, and makes anew next time.
BESIDE = {"0015": frozenset({"event_identity"})}
STEPS = [(release, to) for release in releases() for to in versions() if to > release]


@pytest.fixture(scope="module")
def shelf(postgres: EmbeddedPostgres) -> Shelf:
    postgres.start()
    return Shelf(postgres)


@pytest.fixture(scope="module", params=releases())
def release(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def lived(shelf: Shelf, release: str, redis_url: str) -> Iterator[World]:
    """A process beside the database that was brought up; what it does there comes last."""
    with process(redis_url, shelf.risen(release), Clock(MADE)) as world:
        world.log.announce(PLANT.id)
        yield world


def gained(release: str, to: str) -> dict[str, set[str]]:
    """Return what the migrations between two versions say that they make, by table."""
    found: dict[str, set[str]] = {}
    for version, more in GAINS.items():
        if release < version <= to:
            for table, names in more.items():
                found.setdefault(table, set()).update(names)
    return found


def assert_nothing_is_lost(
    before: Kept, url: str, release: str, to: str, beside: frozenset[str] = frozenset()
) -> None:
    """Compare each table, in the columns it had; and what it has more with what is said of it."""
    assert version_of(url) == to
    told, there = gained(release, to), columns(url)
    assert there.keys() - before.keys() == (told.keys() - before.keys()) | beside
    after = kept(url, before)
    for table, (names, stood) in before.items():
        assert there[table] - set(names) == told.get(table, set()), table
        assert as_it_was(names, after[table][1], release) == as_it_was(names, stood, release), table


def as_it_was(names: list[str], stood: Rows, release: str) -> Rows:
    """Return rows without what later migrations fill in."""
    filled = {name for version, more in FILLS.items() if version > release for name in more}
    if filled.isdisjoint(names):
        return stood
    stays = [place for place, name in enumerate(names) if name not in filled]
    return Counter(tuple(row[place] for place in stays) for row in stood.elements())


def version_of(url: str) -> str:
    [[version]] = asked(url, "SELECT version_num FROM alembic_version")
    return version


def asked(url: str, query: str) -> list[tuple[Any, ...]]:
    with reading(url) as connection:
        return connection.execute(query).fetchall()


# What the dumps are


def test_every_table_of_a_dump_has_rows(shelf: Shelf, release: str) -> None:
    url = shelf.was(release)
    few = [table for table, (_, stood) in kept(url).items() if stood.total() < 2]
    assert few == [], "let tests.contract.releases fill them"


def test_the_newest_dump_has_every_table_of_the_newest_schema(shelf: Shelf) -> None:
    missing = set(tables(shelf.risen(NEWEST))) - set(tables(shelf.was(NEWEST)))
    assert missing == set(), (
        "a migration made tables that no dump has rows of: fill them in tests/contract/releases,"
        " then `python -m tests.contract.releases`"
    )


def test_a_dump_is_small_enough_to_be_read(release: str) -> None:
    file = Path(__file__).parent / "releases" / f"at_{release}.sql"
    assert file.stat().st_size < 200_000


def test_a_dump_tells_of_both_sites_and_of_three_months(shelf: Shelf, release: str) -> None:
    counted = "SELECT site, date_trunc('month', time)::date::text FROM event_identity"
    if release < "0015":
        counted = counted.replace("event_identity", "event")
    counted = counted.replace("time", "recorded_at")
    found = set(asked(shelf.was(release), counted))
    months = {f"2026-{month}-01" for month in ("09", "10", "11")}
    assert {("plant", month) for month in months} | {("dock", "2026-09-01")} <= found


# What becomes of them


def test_every_row_of_every_table_is_there_afterwards(shelf: Shelf, release: str) -> None:
    before = kept(shelf.was(release))
    assert_nothing_is_lost(before, shelf.risen(release), release, versions()[-1])


@pytest.mark.parametrize(("release", "to"), STEPS)
def test_no_step_between_loses_a_row_also_when_it_is_cut_off_before_it_is_done(
    shelf: Shelf, release: str, to: str
) -> None:
    url = shelf.climbing(release)
    start, before = version_of(url), kept(url)
    with cut_off(url, f"UPDATE alembic_version SET version_num='{to}'"), pytest.raises(DBAPIError):
        upgrade(as_owner(url), to)
    last = versions()[versions().index(to) - 1]
    assert_nothing_is_lost(before, url, start, last, BESIDE.get(to, frozenset()))
    upgrade(as_owner(url), to)
    assert_nothing_is_lost(before, url, start, to)


def test_numbers_that_are_given_go_on_where_they_were(shelf: Shelf, release: str) -> None:
    query = "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1"
    assert asked(shelf.risen(release), query) == asked(shelf.was(release), query)


def test_each_identity_is_that_of_an_event_that_is_there_or_was_archived(
    shelf: Shelf, release: str
) -> None:
    url = shelf.risen(release)
    with reading(url) as connection:
        same = "SELECT site, source, id, recorded_at, digest FROM"
        more = connection.execute(f"{same} event EXCEPT ALL {same} event_identity").fetchall()
        less = connection.execute(f"{same} event_identity EXCEPT ALL {same} event").fetchall()
        [taken] = connection.execute("SELECT coalesce(sum(events), 0) FROM archive_run").fetchone()
    assert more == []
    assert len(less) == taken


def test_orders_operations_and_needs_know_when_they_were_recorded(
    shelf: Shelf, release: str
) -> None:
    subjects = {
        "work_order": "'order/' || id", "operation": "'operation/' || order_id || '/' ||"
        " operation_id", "need": "'need/' || order_id || '/' || need_id",
    }  # fmt: skip
    for table, subject in subjects.items():
        wrong = asked(shelf.risen(release), f"""
            SELECT k.subject FROM (
                SELECT site, {subject} AS subject, first_recorded_at, last_recorded_at FROM {table}
            ) k JOIN event e USING (site, subject)
            GROUP BY site, subject, first_recorded_at, last_recorded_at
            HAVING (min(recorded_at), max(recorded_at)) <> (first_recorded_at, last_recorded_at)
        """)  # fmt: skip
        assert wrong == [], table


def test_migrating_once_more_does_nothing(shelf: Shelf, release: str) -> None:
    url = shelf.risen(release)
    form = (
        "SELECT oid::regclass::text, relfilenode, xmin::text FROM pg_class WHERE relnamespace"
        " IN ('public'::regnamespace, 'months'::regnamespace) ORDER BY oid"
    )
    before = asked(url, form), written(url, {})
    upgrade(as_owner(url))
    assert (asked(url, form), written(url, {})) == before


# What can be done with them: these change the rows, so those above come first


def test_the_audit_trail_is_unbroken(lived: World) -> None:
    end, fault = People(lived.sql, SECRET).audit.verify()
    assert fault is None
    assert [(end.number,)] == lived.rows("SELECT count(*) FROM audit")


def test_what_is_derived_is_what_the_events_say(lived: World) -> None:
    engines = SimpleNamespace(sql=lived.worker_sql, history=lived.history)
    found = [*differences(engines, PLANT.id), *differences(engines, DOCK.id)]
    assert found == []


def test_the_board_is_the_one_that_its_events_make(lived: World, release: str) -> None:
    stored = lived.stored_board()
    if lived.rows("SELECT count(*) FROM archive_run") == [(0,)]:
        told = "SELECT source, id, type, subject, time, recorded_at, data::text FROM event"
        events = [history.event_of(row) for row in lived.rows(f"{told} WHERE site = 'plant'")]
        assert state_of(stored)["plans"] == state_of(fold(events, PLANT.id))["plans"]
        assert state_of(stored)["subjects"] == state_of(fold(events, PLANT.id))["subjects"]
    assert stored.unmet_voids == {("mes", "never-came"), ("mes", "neither-did-this")}
    board = lived.live().board
    assert {"SO-5", "SO-6", "SO-7"} <= board.orders.keys()
    assert board.operations["operation/SO-5/10"].good == 10


def test_events_are_recorded_and_those_of_before_are_known(lived: World) -> None:
    fresh = good("fresh", 3, "operation/SO-5/20", "W3", at=MADE)
    at = MADE.replace(hour=7, minute=30)
    again = good("SO-5-10-11020730-progressed", 4, "operation/SO-5/10", "W1", at=at)
    other = good("SO-5-10-11020730-progressed", 5, "operation/SO-5/10", "W1", at=at)
    assert lived.said(fresh, again, other) == ["accepted", "duplicate", "refused"]
    drain(lived.recorder())
    [[month]] = lived.rows("SELECT to_char(recorded_at, 'YYYY-MM') FROM event WHERE id = 'fresh'")
    assert month == "2026-11"
    pieces = lived.rows("SELECT good FROM operation WHERE order_id = 'SO-5' ORDER BY operation_id")
    assert pieces == [(10,), (13,)]


def test_people_sign_in_with_the_password_they_had_and_the_authenticator(
    lived: World, release: str
) -> None:
    people, told = People(lived.sql, SECRET), handed_out(release)
    assert isinstance(people.identity.sign_in("anna", PASSWORD, None, "10.0.0.2"), SignedIn)
    assert people.identity.sign_in("anna", "another one", None, "10.0.0.2") is Refused.WRONG
    assert people.identity.sign_in("bert", PASSWORD, None, "10.0.0.2") is Refused.CODE
    code = TOTP(told["authenticator of bert"]).now()
    assert isinstance(people.identity.sign_in("bert", PASSWORD, code, "10.0.0.2"), SignedIn)


def test_keys_screens_and_sessions_of_before_go_on(lived: World, release: str) -> None:
    told, then = handed_out(release), Clock(OPENED + timedelta(hours=1))
    keys = Keys(KeyStore(lived.sql), then)
    assert keys.verify(told["key"]).scope == Scope(
        role=Role.SOURCE, sites=(PLANT.id,), source="mes"
    )
    assert keys.verify(told["reader"]).scope.party == "P1"
    people = People(lived.sql, SECRET)
    devices = Devices(
        ScreenStore(lived.sql), PeopleStore(lived.sql), people.audit, derived(SECRET, "x"), then
    )
    assert devices.showing(told["screen"]).screen == "line-a"
    with patch("data.wiring.utc_now", then):
        account = People(lived.sql, SECRET).identity.whose(told["session of anna"])
    assert account.login == "anna"


def test_what_was_said_is_still_said_and_goes_on(lived: World) -> None:
    statements, scope = (
        Statements(lived.sql, b"x"),
        Scope(role=Role.SUPPLIER, sites=(PLANT.id,), party="P1"),
    )
    thread = ("SO-5", "n1")
    statements.comments.say(scope, PLANT.id, "P1", thread, "It is here", "Sam", MADE)
    said = statements.comments.of(scope, PLANT.id, "P1", [thread])[thread]
    assert [one.words for one in said][::2] == ["Half of it comes tomorrow", "It is here"]
    store = ExceptionStore(lived.sql)
    found = store.search(PLANT.id, CaseFilter(top=False), 100, 0)
    assert found.total > 5


def test_each_role_reaches_only_what_its_scope_has(lived: World) -> None:
    """Without a scope nothing, of one site nothing of another's, of a party what is its own."""
    for role in ("milepost_web", "milepost_worker"):
        assert reached(lived.database_url, role, "", "") == {}, role
        of_dock = reached(lived.database_url, role, DOCK.id, "*")
        of_none = {None}  # as the program's own deeds in the trail
        assert set().union(*of_dock.values()) - of_none == {DOCK.id}, role
        assert of_dock.keys() >= {"event", "event_identity", "operation", "exception"}
    own = {"need_comment", "board_visit", "exception_note"}
    concerning = {"work_order", "exception", "milestone_date", "disclosure"}
    url = lived.database_url
    assert reached(url, "milepost_web", PLANT.id, "P1").keys() == own | concerning
    assert reached(url, "milepost_web", PLANT.id, "P2").keys() <= concerning | {"link"}


def reached(url: str, role: str, sites: str, party: str) -> dict[str, set[str]]:
    """Return of which sites a scope reaches rows, by table; of tables that know sites."""
    found: dict[str, set[str]] = {}
    with reading(url) as connection:
        for table in tables(url):
            named = "id" if table == "site" else "site"
            readable = (
                "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s"
                " AND has_table_privilege(%s, attrelid, 'SELECT')"
            )
            if connection.execute(readable, (table, named, role)).fetchone() is None:
                continue
            with connection.transaction():
                connection.execute(
                    "SELECT set_config('role', %s, true), set_config('milepost.sites', %s, true),"
                    " set_config('milepost.party', %s, true)", (role, sites, party),
                )  # fmt: skip
                seen = connection.execute(f"SELECT DISTINCT {named} FROM {table}").fetchall()
            if seen:
                found[table] = {site for (site,) in seen}
    return found


# Where it is cut short


@contextmanager
def cut_off(url: str, statement: str) -> Iterator[None]:
    """Have the server end a connection that is about to execute a statement."""

    def end(connection: Any, _cursor: Any, said: str, *_: Any) -> None:
        if said.startswith(statement):
            pid = connection.connection.dbapi_connection.info.backend_pid
            with psycopg.connect(conninfo(url), autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

    event.listen(Engine, "before_cursor_execute", end)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", end)


def test_a_migrate_that_is_killed_goes_on_when_it_is_run_again(shelf: Shelf) -> None:
    """In its longest part: identities are copied, and it waits for whoever reads events."""
    before, url = kept(shelf.was("0014")), shelf.killed("0014")
    with psycopg.connect(conninfo(url)) as reader:
        reader.execute("SELECT count(*) FROM event")
        migrate = begun(url)
        wait_until(url, "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'event'::regclass")
        migrate.send_signal(signal.SIGKILL)
        assert migrate.wait(60) == -signal.SIGKILL
        [copied] = reader.execute("SELECT count(*) FROM event_identity").fetchone()
    assert copied == before["event"][1].total()
    upgrade(as_owner(url))
    assert_nothing_is_lost(before, url, "0014", versions()[-1])


def wait_until(url: str, query: str) -> None:
    """Wait until a query finds something, for a minute at most."""
    with reading(url) as connection:
        for _ in range(1200):
            if connection.execute(query).fetchone() is not None:
                return
            connection.execute("SELECT pg_sleep(0.05)")
    raise AssertionError("it never came about")
