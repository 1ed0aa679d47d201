"""PostgreSQL itself keeps rows from whom they are none of the business of.

Nothing here is a list by hand: tables, columns, keys and rights are read from the catalog, so that
a new table is tried without anybody adding it. Each table gets a row of every site and party.
"""

import ast
import random
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import Connection, errors, sql
from sqlalchemy import Engine, make_url, text

import data.store
from data.domain.scope import Role, Scope, factory_scope
from data.services.errors import Forbidden, NotMigrated, Unavailable
from data.store.history import History
from data.store.migrate import upgrade
from data.store.protection import PARTY, SITES, WEB, WORKER
from data.store.scoped import connect, process, reading, writing
from tests.engines import conninfo

# Tables without row security, and why they need none.
OPEN = {"alembic_version": "the number of the schema's version, of no site and no party"}
# By what else than `site` and `party` a row says whose it is.
SITE_IN = {"site": "id"}
PARTY_IN = {"work_order": "customer", "exception": "parties[1]"}
SHARED = {"disclosure": ""}  # rows of no party: what holds for every party of a role
ROLES = (WEB, WORKER)
OWNERS = [(site, party) for site in ("a", "b") for party in ("pa", "pb")]


def number_of(key: str) -> int:
    return zlib.crc32(key.encode()) >> 1


def day_of(key: str) -> str:
    return str(date(2026, 1, 1) + timedelta(days=number_of(key) % 1000))


VALUES: dict[str, Callable[[str], Any]] = {
    "text": str, "bigint": number_of, "integer": number_of, "double precision": len,
    "boolean": lambda _: False, "bytea": str.encode, "jsonb": lambda _: "{}",
    "date": day_of, "timestamp with time zone": day_of,
    "ARRAY": lambda _: "{}",
}  # fmt: skip


class Table(NamedTuple):
    """A table: its columns that are given (name, type), and where it says whose a row is."""

    name: str
    columns: dict[str, str]

    @property
    def site(self) -> str | None:
        named = SITE_IN.get(self.name, "site")
        return named if named in self.columns else None

    @property
    def party(self) -> str | None:
        if self.name in PARTY_IN:
            return PARTY_IN[self.name]
        return "party" if "party" in self.columns else None


@pytest.fixture(scope="module")
def seeded(postgres, milepost_template) -> Iterator[str]:
    """A database with a row of every owner in every table; tests leave it as it is."""
    postgres.start()
    with psycopg.connect(conninfo(postgres.url), autocommit=True) as server:
        server.execute(f"CREATE DATABASE row_security TEMPLATE {milepost_template}")
    url = postgres.url_of("row_security")
    with psycopg.connect(conninfo(url)) as connection:
        for table in in_order(connection):
            for site, party in OWNERS:
                put(connection, table, row_of(table, site, party))
    yield url
    with psycopg.connect(conninfo(postgres.url), autocommit=True) as server:
        server.execute("DROP DATABASE row_security WITH (FORCE)")


@pytest.fixture
def superuser(seeded: str) -> Iterator[Connection[Any]]:
    """Sees everything; what it does is undone."""
    with psycopg.connect(conninfo(seeded)) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def every(superuser) -> list[Table]:
    """Every table, as one sees them who may see all."""
    return tables(superuser)


@pytest.fixture
def engine(seeded: str) -> Iterator[Engine]:
    """A pool of one connection."""
    made = connect(seeded, pool_size=1)
    made.pool._max_overflow = 0
    yield made
    made.dispose()


def tables(connection: Connection[Any]) -> list[Table]:
    """Every table that there is, with the columns that whoever adds a row gives."""
    rows = connection.execute(
        "SELECT c.table_name, json_object_agg(c.column_name, c.data_type ORDER BY ordinal_position)"
        " FROM information_schema.columns c JOIN pg_class t ON t.relname = c.table_name"
        " JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = c.table_schema"
        " WHERE n.nspname = 'public' AND t.relkind IN ('r', 'p') AND c.is_generated = 'NEVER'"
        " AND c.is_identity = 'NO' GROUP BY 1 ORDER BY 1"
    )
    return [Table(name, columns) for name, columns in rows if name not in OPEN]


def in_order(connection: Connection[Any]) -> list[Table]:
    """The same, those first that others refer to."""
    query = "SELECT conrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
    refer = {row[0] for row in connection.execute(query)}
    return sorted(tables(connection), key=lambda table: table.name in refer)


def row_of(table: Table, site: str, party: str) -> dict[str, Any]:
    """A row that belongs to a site and a party; what has the same name in two rows differs."""
    key = f"{site}-{party}"
    row = {name: VALUES[form](key) for name, form in table.columns.items()}
    row |= {name: value for name, value in (("site", site), ("party", party)) if name in row}
    row |= {"id": site} if table.name == "site" else {}
    row |= {"customer": party} if table.name == "work_order" else {}
    row |= {name: f"{{{party}}}" for name in ("parties",) if name in row}
    return row


def put(connection: Connection[Any], table: Table, row: dict[str, Any]) -> None:
    query = sql.SQL("INSERT INTO {} ({}) VALUES ({}) {}").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
        sql.SQL("ON CONFLICT DO NOTHING" if table.name == "site" else ""),
    )
    connection.execute(query, list(row.values()))


@contextmanager
def acting(
    connection: Connection[Any], role: str, sites: str | None = None, party: str | None = None
) -> Iterator[None]:
    """Act in a role and a scope, within a savepoint that is undone; None: nobody set one."""
    with connection.transaction(force_rollback=True):
        for name, value in ((SITES, sites), (PARTY, party)):
            if value is not None:
                connection.execute("SELECT set_config(%s, %s, true)", (name, value))
        connection.execute("SELECT set_config('role', %s, true)", (role,))
        yield


def attempt(connection: Connection[Any], *query: Any) -> list[Any] | str:
    """Rows, or the code of the error; what was done is undone."""
    try:
        with connection.transaction():
            cursor = connection.execute(*query)
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error as error:
        return error.sqlstate or ""


def seen(connection: Connection[Any], table: Table) -> list[tuple[Any, Any]]:
    """The owners of the rows that are there for whoever acts; none without the right to look."""
    site, party = table.site or "NULL", table.party or "NULL"
    found = attempt(connection, f"SELECT {site}, {party} FROM {table.name}")
    return [] if isinstance(found, str) else [(row[0], row[1]) for row in found]


# The catalog.


def unprotected(connection: Connection[Any]) -> set[str]:
    """Tables, of any schema of ours, that row security does not hold for everybody."""
    query = (
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'"
        " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
        " AND NOT (c.relrowsecurity AND c.relforcerowsecurity"
        " AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))"
    )
    return {row[0] for row in connection.execute(query)}


def ways_around(connection: Connection[Any]) -> set[str]:
    """What shows rows with the rights of its owner: views, what they keep, functions, rules."""
    query = (
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND (c.relkind = 'm' OR"
        " c.relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false))"
        " UNION SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prosecdef"
        " UNION SELECT r.rulename FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relkind IN ('r', 'p')"
    )
    return {row[0] for row in connection.execute(query)}


def test_every_table_has_row_security_also_for_its_owner_or_a_reason_why_not(superuser) -> None:
    assert unprotected(superuser) == set(OPEN)


def test_a_table_that_somebody_forgot_is_found(superuser) -> None:
    superuser.execute("CREATE SCHEMA later CREATE TABLE forgotten (site text)")
    superuser.execute("CREATE TABLE half (site text)")
    superuser.execute("ALTER TABLE half ENABLE ROW LEVEL SECURITY")
    superuser.execute("CREATE POLICY half_all ON half USING (true)")
    assert unprotected(superuser) == {*OPEN, "forgotten", "half"}


def test_nothing_shows_rows_with_the_rights_of_its_owner(superuser) -> None:
    assert ways_around(superuser) == set()


def test_a_view_or_function_with_the_rights_of_its_owner_is_found(superuser) -> None:
    superuser.execute("CREATE VIEW around AS SELECT * FROM need_comment")
    superuser.execute("CREATE MATERIALIZED VIEW kept AS SELECT * FROM need_comment")
    superuser.execute(
        "CREATE FUNCTION lent() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
        " AS 'SELECT count(*) FROM need_comment'"
    )
    superuser.execute("CREATE VIEW bound WITH (security_invoker=true) AS SELECT * FROM audit")
    assert ways_around(superuser) == {"around", "kept", "lent"}


def test_every_policy_asks_for_the_scope(superuser) -> None:
    policies = superuser.execute(
        "SELECT polname, concat(pg_get_expr(polqual, polrelid),"
        " pg_get_expr(polwithcheck, polrelid)) FROM pg_policy"
    ).fetchall()
    assert policies
    assert [name for name, said in policies if SITES not in said or PARTY not in said] == []


def test_nobody_works_with_more_rights_than_the_roles_have(superuser) -> None:
    rows = superuser.execute(
        "SELECT rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb,"
        " rolreplication FROM pg_roles WHERE rolname = ANY (%s)", (list(ROLES),)
    ).fetchall()  # fmt: skip
    assert sorted(row[0] for row in rows) == sorted(ROLES)
    assert not any(any(row[1:]) for row in rows)
    member = "SELECT FROM pg_auth_members WHERE member::regrole::text = ANY (%s)"
    assert superuser.execute(member, (list(ROLES),)).fetchall() == []
    owned = "SELECT relname FROM pg_class WHERE relowner::regrole::text = ANY (%s)"
    assert superuser.execute(owned, (list(ROLES),)).fetchall() == []


def test_nobody_else_is_granted_anything(superuser) -> None:
    granted = superuser.execute(
        "SELECT DISTINCT grantee FROM information_schema.role_table_grants"
        " WHERE table_schema = 'public' AND grantee <> current_user AND table_name <> ALL (%s)",
        (list(OPEN),),
    ).fetchall()
    assert {row[0] for row in granted} == set(ROLES)


# Without a scope, and within one.


def test_a_row_of_every_owner_stands_in_every_table(superuser, every) -> None:
    for table in every:
        count = superuser.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]
        assert count == (2 if table.name == "site" else len(OWNERS)), table.name


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("left", [None, ""], ids=["never set", "left by an earlier transaction"])
def test_without_a_scope_there_are_no_rows_and_none_is_added(superuser, every, role, left) -> None:
    with acting(superuser, role, left, left):
        for table in every:
            assert seen(superuser, table) == [], table.name
    for table in every:
        with acting(superuser, role, left, left), pytest.raises(errors.InsufficientPrivilege):
            put(superuser, table, row_of(table, "a", "px"))


@pytest.mark.parametrize(("sites", "party"), [("a", ""), ("", "pa"), ("", "*"), ("*", "")])
@pytest.mark.parametrize("role", ROLES)
def test_half_a_scope_is_none(superuser, every, role, sites, party) -> None:
    with acting(superuser, role, sites, party):
        for table in every:
            shared = SHARED.get(table.name)
            assert [one for one in seen(superuser, table) if one[1] != shared] == [], table.name


def test_the_owner_of_the_tables_sees_no_more_than_others_do(superuser, every) -> None:
    superuser.execute("CREATE ROLE an_owner")
    for table in every:
        superuser.execute(f"ALTER TABLE {table.name} OWNER TO an_owner")
    with acting(superuser, "an_owner"):
        assert [table.name for table in every if seen(superuser, table)] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_scope_of_one_site_has_nothing_of_another(superuser, every, role) -> None:
    with acting(superuser, role, "a", "*"):
        found = {table.name: seen(superuser, table) for table in every}
    assert {site for rows in found.values() for site, _ in rows} == {"a"}
    assert len(found["event"]) == 2


@pytest.mark.parametrize("role", ROLES)
def test_a_scope_of_one_party_has_nothing_of_another_and_nothing_of_the_site(
    superuser, every, role
) -> None:
    with acting(superuser, role, "a", "pa"):
        found = {table.name: seen(superuser, table) for table in every}
    assert {owner for rows in found.values() for owner in rows} == {("a", "pa")}
    assert found["work_order"] == [("a", "pa")]
    assert (found["need_comment"] == [("a", "pa")]) is (role == WEB)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("party", ["*", "pa"])
def test_nothing_of_another_is_changed_taken_or_deleted(superuser, every, role, party) -> None:
    for table in every:
        column = table.site or next(iter(table.columns))
        others = "SELECT md5(array_agg(t::text ORDER BY t::text)::text) FROM {} t WHERE NOT ({})"
        own = f"{table.site} = 'a'" if table.site else "false"
        if party != "*" and table.party:
            own += f" AND {table.party} = '{party}'"
        query = others.format(table.name, own)
        before = superuser.execute(query).fetchone()
        with superuser.transaction(force_rollback=True):
            enter_as(superuser, role, "a", party)
            attempt(superuser, f"UPDATE {table.name} SET {column} = {column}")
            attempt(superuser, f"UPDATE {table.name} SET {column} = 'b'")
            attempt(superuser, f"DELETE FROM {table.name}")
            superuser.execute("SET LOCAL ROLE NONE")
            assert superuser.execute(query).fetchone() == before, table.name


def enter_as(connection: Connection[Any], role: str, sites: str, party: str) -> None:
    connection.execute(
        "SELECT set_config('role', %s, true), set_config(%s, %s, true), set_config(%s, %s, true)",
        (role, SITES, sites, PARTY, party),
    )


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("party", ["*", "pa"])
def test_adding_what_another_has_answers_like_adding_what_nobody_has(
    superuser, every, role, party
) -> None:
    for table in every:
        there, missing = row_of(table, "b", "pb"), row_of(table, "b", "pz")
        with acting(superuser, role, "a", party):
            answers = {attempt_put(superuser, table, row) for row in (there, missing)}
        assert answers == {"42501"}, table.name


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("party", "foreign"), [("*", ("b", "pa")), ("pa", ("b", "pb")), ("pa", ("a", "pb"))]
)
def test_no_key_tells_that_another_has_the_same(superuser, every, role, party, foreign) -> None:
    """Whoever takes over every value of another's row but whose it is, meets no unique key."""
    for table in every:
        row = row_of(table, *foreign)
        row |= {name: value for name, value in (("site", "a"), ("party", "pa")) if name in row}
        row |= {"id": "a"} if table.name == "site" else {}
        numbered = sql.SQL("SELECT * FROM {} WHERE false").format(sql.Identifier(table.name))
        names = [column.name for column in superuser.execute(numbered).description or ()]
        if "number" in names and "number" not in row and table.site:
            query = f"SELECT number FROM {table.name} WHERE {table.site} = %s"
            query += f" AND {table.party} = %s" if table.party else " AND %s <> ''"
            row["number"] = superuser.execute(query, foreign).fetchone()[0]
        with acting(superuser, role, "a", party):
            answer = attempt_put(superuser, table, row, overriding=True)
        own = table.name == "site" or (table.party is None and foreign[0] == "a")
        assert answer in {"", "42501"} or own, table.name


def attempt_put(
    connection: Connection[Any], table: Table, row: dict[str, Any], overriding: bool = False
) -> str:
    """The code of the error; empty when the row was added."""
    query = sql.SQL("INSERT INTO {} ({}) {} VALUES ({})").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL("OVERRIDING SYSTEM VALUE" if overriding else ""),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
    )
    answer = attempt(connection, query, list(row.values()))
    return answer if isinstance(answer, str) else ""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("scope", [("*", "*"), ("a", "*"), ("a", "pa")])
def test_nobody_changes_deletes_or_empties_the_audit_trail(superuser, role, scope) -> None:
    for query in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit", "TRUNCATE audit"):
        with acting(superuser, role, *scope):
            assert attempt(superuser, query) == "42501"


def test_only_the_program_itself_adds_to_the_audit_trail(superuser, every) -> None:
    table = next(table for table in every if table.name == "audit")
    row = row_of(table, "a", "pa") | {"number": 77}
    for scope, answer in {("*", "*"): "", ("a", "*"): "42501", ("a", "pa"): "42501"}.items():
        with acting(superuser, WEB, *scope):
            assert attempt_put(superuser, table, row) == answer


def test_what_was_said_of_an_order_is_known_to_those_that_the_order_concerns(superuser) -> None:
    """A customer's dates are on its carrier's board too, for as long as it is the carrier."""
    superuser.execute(
        'UPDATE work_order SET document = \'{"shipped_by": "c1", "needs": [{"supplier": '
        '"s1"}], "operations": [{"performed_by": "o1"}]}\' WHERE id = \'a-pa\''
    )
    query = "SELECT DISTINCT order_id FROM milestone_date"
    for party in ("c1", "s1", "o1", "pa"):
        with acting(superuser, WEB, "a", party):
            assert attempt(superuser, query) == [("a-pa",)], party
    for sites, party in (("a", "c2"), ("b", "c1")):
        with acting(superuser, WEB, sites, party):
            assert attempt(superuser, query) == []
    superuser.execute("UPDATE work_order SET cancelled = true WHERE id = 'a-pa'")
    with acting(superuser, WEB, "a", "c1"):
        assert attempt(superuser, query) == []


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


OPENS = {"scoped", "migrate", "locks", "recording", "embedded"}  # the latter four: no rows, or one


def test_every_store_reaches_sql_through_the_one_door() -> None:
    """Whoever opens connections is named here; of these only `scoped` serves the stores."""
    found = set()
    for path in Path(data.store.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in {
                "connect",
                "begin",
                "raw_connection",
            }:
                found.add(path.stem)
            if isinstance(node, ast.Name) and node.id == "create_engine":
                found.add(path.stem)
    assert found <= OPENS


def test_the_recorder_writes_its_own_site_and_no_other(seeded) -> None:
    recording = import_module("data.store.recording").Recording(seeded, "a")
    assert recording.acquire()
    try:
        with recording._connection.transaction(force_rollback=True):
            cursor = recording._connection.cursor()
            import_module("data.store.scoped").enter(cursor, "a")
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
