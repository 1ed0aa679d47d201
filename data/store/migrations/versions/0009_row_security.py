"""Row security under everything: the roles, what they may do, and which rows a scope reaches.

What was found by `data ->> 'work_unit'` has a column of its own: behind row security an index is
used only through operators that tell nothing about rows, and that one could.
"""

from alembic import op

from data.store.protection import (
    APPEND,
    OWN_PARTY,
    PROCESS,
    READ,
    WEB,
    WORKER,
    WRITE,
    allow,
    allow_changes,
    concerned,
    enclose,
    expose,
    own_party,
    protect,
    whole_site,
)

revision = "0009"
down_revision = "0008"

_ROLE = """
DO $make$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE {role} NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN
        NULL;  -- another database's migration made it in this very moment
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'the role {role} is missing, and % may not make it', current_user
            USING HINT = 'an administrator makes it: CREATE ROLE {role} NOLOGIN;'
                ' (docs/production.md)';
END
$make$
"""
_FIT = """
DO $fit$
BEGIN
    IF (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = '{role}') THEN
        RAISE EXCEPTION 'row security would not bind the role {role}'
            USING HINT = 'ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS';
    END IF;
    IF NOT pg_has_role(current_user, '{role}', 'SET') THEN
        GRANT {role} TO CURRENT_USER WITH INHERIT FALSE, SET TRUE;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        NULL;  -- whoever owns the tables need not be who works with them
END
$fit$
"""
_HISTORY = (  # read by all, written by recorder and watch; rows of the whole site alone
    "operation", "need", "work_unit", "output", "event", "pending_void", "reader", "quarantine",
    "forecast", "forecast_trace", "forecast_score", "bottleneck_segment", "bottleneck_pause",
    "order_account", "delay_day", "occupation", "shift_element",
)  # fmt: skip
_DOOR = {  # asked before anybody is known, by what only its owner has: by the program itself
    "account": "SELECT, INSERT, UPDATE",
    "session": "SELECT, INSERT, UPDATE",
    "sign_in_attempt": APPEND,
    "screen_device": WRITE,
    "api_key": "SELECT, INSERT, UPDATE",
}
_OTHERS = (
    "site", "stale", "work_order", "link", "disclosure", "need_comment", "milestone_date",
    "board_visit", "audit",
)  # fmt: skip
_DOES = "document -> '{many}' @> jsonb_build_array(jsonb_build_object('{as_}', {party}))"
_CONCERNS = " OR ".join(  # as `data.domain.parties.relations` says it
    (
        f"NOT cancelled AND (document ->> 'shipped_by' = {OWN_PARTY}",
        _DOES.format(many="needs", as_="supplier", party=OWN_PARTY),
        _DOES.format(many="operations", as_="performed_by", party=OWN_PARTY) + ")",
    )
)
# Whose a row is stands in its key: or who adds one could find out that another's is there.
_KEYS = """
ALTER TABLE quarantine DROP CONSTRAINT quarantine_pkey, ADD PRIMARY KEY (site, number);
ALTER TABLE need_comment DROP CONSTRAINT need_comment_pkey, ADD PRIMARY KEY (site, party, number);
ALTER TABLE milestone_date DROP CONSTRAINT milestone_date_pkey,
    ADD PRIMARY KEY (site, party, number);
ALTER TABLE board_visit ADD COLUMN party text NOT NULL DEFAULT '';
UPDATE board_visit v SET party = a.party FROM account a
    WHERE v.viewer = 'account/' || a.id AND a.party IS NOT NULL;
UPDATE board_visit v SET party = l.party FROM link l
    WHERE v.viewer = 'link/' || left(encode(l.token_hash, 'hex'), 8) AND l.party IS NOT NULL;
ALTER TABLE board_visit ALTER COLUMN party DROP DEFAULT, DROP CONSTRAINT board_visit_pkey,
    ADD PRIMARY KEY (site, party, viewer, board);
DROP INDEX event_by_work_unit;
ALTER TABLE event ADD COLUMN work_unit text GENERATED ALWAYS AS (data ->> 'work_unit') STORED;
CREATE INDEX event_by_work_unit ON event (site, work_unit, time) WHERE work_unit IS NOT NULL
"""
_KEYS_BEFORE = """
DROP INDEX event_by_work_unit;
ALTER TABLE event DROP COLUMN work_unit;
CREATE INDEX event_by_work_unit ON event (site, (data ->> 'work_unit'), time)
    WHERE data ->> 'work_unit' IS NOT NULL;
DELETE FROM board_visit v USING board_visit o WHERE (v.viewer, v.site, v.board)
    = (o.viewer, o.site, o.board) AND v.party < o.party;
ALTER TABLE board_visit DROP CONSTRAINT board_visit_pkey, DROP COLUMN party,
    ADD PRIMARY KEY (viewer, site, board);
ALTER TABLE milestone_date DROP CONSTRAINT milestone_date_pkey, ADD PRIMARY KEY (number);
ALTER TABLE need_comment DROP CONSTRAINT need_comment_pkey, ADD PRIMARY KEY (number);
ALTER TABLE quarantine DROP CONSTRAINT quarantine_pkey, ADD PRIMARY KEY (number)
"""


def upgrade() -> None:
    """Make the roles, put owners into keys, protect every table."""
    for role in (WEB, WORKER):
        op.execute(_ROLE.format(role=role))
        op.execute(_FIT.format(role=role))
    for statement in _KEYS.split(";"):
        op.execute(statement)
    op.execute(f"GRANT SELECT ON alembic_version TO {WEB}, {WORKER}")
    protect(op, "site", site="id")
    for table in _HISTORY:
        protect(op, table)
    protect(op, "stale", web="SELECT, INSERT, UPDATE")
    for table, rights in _DOOR.items():
        protect(op, table, site=None, web=rights, worker="")
    _protect_orders()
    _protect_what_parties_have()
    _protect_audit()


def _protect_orders() -> None:
    """Let a party know of the orders that it supplies, works on, buys or ships."""
    enclose(op, "work_order", web=READ, worker=WRITE)
    allow(op, "work_order", "SELECT", own_party(party="customer", or_else=_CONCERNS))
    allow_changes(op, "work_order", whole_site())


def _protect_what_parties_have() -> None:
    """Let a party have what is its own, and know what was said of the orders that concern it."""
    for table in ("need_comment", "milestone_date"):
        enclose(op, table, web=APPEND, worker="")
    allow(op, "need_comment", "ALL", own_party())
    of_order = concerned("milestone_date.site", "milestone_date.order_id")
    allow(op, "milestone_date", "SELECT", own_party(or_else=of_order))
    allow_changes(op, "milestone_date", own_party())
    protect(op, "board_visit", party="party", web="SELECT, INSERT, UPDATE", worker="")
    enclose(op, "disclosure", web=WRITE, worker="")
    allow(op, "disclosure", "SELECT", own_party(or_else="party = ''"))
    allow_changes(op, "disclosure", whole_site())
    enclose(op, "link", web="SELECT, INSERT, UPDATE", worker="")
    allow(op, "link", "SELECT", own_party())
    allow_changes(op, "link", PROCESS)


def _protect_audit() -> None:
    """Let nobody change or delete a record; the chain has one end, so the program adds to it."""
    enclose(op, "audit", web=APPEND, worker=APPEND)
    allow(op, "audit", "SELECT", whole_site(of_none=True))
    allow(op, "audit", "INSERT", PROCESS)


def downgrade() -> None:
    """Take row security away; the roles stay, for other databases may have them too."""
    for table in (*_HISTORY, *_DOOR, *_OTHERS):
        expose(op, table)
    op.execute(f"REVOKE ALL ON alembic_version FROM {WEB}, {WORKER}")
    for statement in _KEYS_BEFORE.split(";"):
        op.execute(statement)
