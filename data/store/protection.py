"""Row security of a table, in one call for each: migrations make it with `protect`.

Imported by migrations within `data.store`, and by `data.store.scoped` for the names. A row is
there for a transaction only if the scope that the transaction was given reaches it; see
`docs/adr/0018-row-security.md`.
"""

from typing import Any

WEB, WORKER = "milepost_web", "milepost_worker"
SITES, PARTY = "milepost.sites", "milepost.party"  # settings of a transaction
EVERYTHING = "*"
BETWEEN = "\x1f"  # between sites; no name can hold it

READ = "SELECT"
APPEND = "SELECT, INSERT"
WRITE = "SELECT, INSERT, UPDATE, DELETE"

_IS_SET = "(SELECT current_setting('{0}', true) = '*')"
OWN_SITES = (
    f"(SELECT string_to_array(nullif(current_setting('{SITES}', true), ''), E'\\x1f'))::text[]"
)
OWN_PARTY = f"(SELECT nullif(current_setting('{PARTY}', true), ''))"
ALL_SITES = _IS_SET.format(SITES)
WHOLE = _IS_SET.format(PARTY)
PROCESS = f"({ALL_SITES} AND {WHOLE})"  # the program itself, on nobody's behalf


def whole_site(site: str = "site", *, of_none: bool = False) -> str:
    """Return the condition that the scope has all of a row's site.

    `of_none`: and rows of no site. CASE, for PostgreSQL then expects half of the rows: of a
    disjunction it would expect a hundredth, and join what it reads of millions one by one.
    """
    none = f" WHEN {site} IS NULL THEN {OWN_SITES} IS NOT NULL" if of_none else ""
    return (
        f"CASE WHEN {WHOLE} IS NOT TRUE THEN false WHEN {ALL_SITES} THEN true{none}"
        f" ELSE {site} = ANY ({OWN_SITES}) END"
    )


def own_party(site: str = "site", party: str = "party", *, or_else: str = "") -> str:
    """Return the condition that the scope has a row's site, and all of it or the row's party.

    `or_else`: what else lets a party have the row.
    """
    own = f"{party} = {OWN_PARTY}" + (f" OR {or_else}" if or_else else "")
    return f"{within(site)} AND CASE WHEN {WHOLE} THEN true ELSE {own} END"


def within(site: str = "site") -> str:
    """Return the condition that the scope has a row's site, whoever's the row is."""
    return f"CASE WHEN {ALL_SITES} THEN true ELSE {site} = ANY ({OWN_SITES}) END"


def concerned(site: str, order: str) -> str:
    """Return the condition that a party may know of an order, which `work_order` itself decides.

    A subquery of one row, which PostgreSQL asks for each order and never for all that there are.
    """
    return f"(SELECT true FROM work_order w WHERE w.site = {site} AND w.id = {order})"


def protect(
    op: Any, table: str, *, site: str | None = "site", party: str | None = None,
    web: str = READ, worker: str = WRITE,
) -> None:  # fmt: skip
    """Let only scopes that reach a row have it, and the roles do no more than is said.

    `site`, `party`: the columns that say whose it is. Without a party, rows are for scopes of the
    whole site; without a site, for the program itself. `web`, `worker`: what the roles may do.
    """
    enclose(op, table, web=web, worker=worker)
    if site is None:
        allow(op, table, "ALL", PROCESS)
    elif party is None:
        allow(op, table, "ALL", whole_site(site))
    else:
        allow(op, table, "ALL", own_party(site, party))


def enclose(op: Any, table: str, *, web: str, worker: str) -> None:
    """Hide every row of a table, also from its owner, and grant what the roles may do."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"REVOKE ALL ON {table} FROM PUBLIC")
    for role, rights in ((WEB, web), (WORKER, worker)):
        if rights:
            op.execute(f"GRANT {rights} ON {table} TO {role}")


def allow(op: Any, table: str, what: str, rows: str) -> None:
    """Let rows that fulfil a condition be read, changed or added."""
    name = f"{table}_{what.lower()}"
    using = "" if what == "INSERT" else f" USING ({rows})"
    check = "" if what in ("SELECT", "DELETE") else f" WITH CHECK ({rows})"
    op.execute(f"CREATE POLICY {name} ON {table} FOR {what} TO PUBLIC{using}{check}")


def allow_changes(op: Any, table: str, rows: str) -> None:
    """Let rows that fulfil a condition be added, changed and deleted."""
    for what in ("INSERT", "UPDATE", "DELETE"):
        allow(op, table, what, rows)


def expose(op: Any, table: str) -> None:
    """Undo `protect`."""
    op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")
    op.execute(f"REVOKE ALL ON {table} FROM {WEB}, {WORKER}")
    for what in ("all", "select", "insert", "update", "delete"):
        op.execute(f"DROP POLICY IF EXISTS {table}_{what} ON {table}")
