"""PostgreSQL itself keeps rows from whom they are none of the business of.

Nothing here is a list by hand: tables, columns, keys and rights are read from the catalog, so that
a new table is tried without anybody adding it. Each table gets a row of every site and party.
"""

from typing import Any

import pytest
from psycopg import Connection, errors, sql

from data.store.protection import PARTY, SITES, WEB
from tests.security.tenants import (
    OPEN,
    OWNERS,
    ROLES,
    SHARED,
    Table,
    acting,
    attempt,
    put,
    row_of,
    seen,
)

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
