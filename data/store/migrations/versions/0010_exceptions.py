"""Exceptions: cases, their moves, threads, marks, and the rules of a site."""

from alembic import op

from data.store.protection import (
    APPEND,
    OWN_PARTY,
    READ,
    WHOLE,
    WORKER,
    WRITE,
    allow,
    allow_changes,
    enclose,
    expose,
    protect,
    whole_site,
    within,
)

revision = "0010"
down_revision = "0009"

_STATEMENTS = """
CREATE TABLE exception (
    site text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    rule text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    severity text NOT NULL,
    state text NOT NULL,
    standing boolean NOT NULL,
    version bigint NOT NULL,
    since timestamptz NOT NULL,
    raised_at timestamptz NOT NULL,
    cleared_at timestamptz,
    closed_at timestamptz,
    acknowledged_at timestamptz,
    area text,
    work_center text,
    work_unit text,
    order_id text,
    parent bigint,
    owner_role text NOT NULL,
    owner text,
    level bigint NOT NULL,
    escalate_at timestamptz,
    shelved_until timestamptz,
    parties text[] NOT NULL,
    document jsonb NOT NULL,
    PRIMARY KEY (site, number)
);
CREATE UNIQUE INDEX exception_standing ON exception (site, rule, subject)
    WHERE state <> 'closed';
CREATE INDEX exception_by_time ON exception (site, raised_at);
CREATE INDEX exception_by_parent ON exception (site, parent);
CREATE INDEX exception_to_escalate ON exception (escalate_at) WHERE state <> 'closed';
CREATE TABLE exception_transition (
    site text NOT NULL,
    number bigint NOT NULL,
    version bigint NOT NULL,
    move text NOT NULL,
    before text,
    after text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL,
    words text NOT NULL,
    detail jsonb NOT NULL,
    told boolean NOT NULL DEFAULT false,
    PRIMARY KEY (site, number, version)
);
CREATE INDEX exception_transition_untold ON exception_transition (at) WHERE NOT told;
CREATE TABLE exception_note (
    site text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    exception bigint NOT NULL,
    at timestamptz NOT NULL,
    author text NOT NULL,
    name text NOT NULL,
    words text NOT NULL,
    party text,
    PRIMARY KEY (site, number)
);
CREATE INDEX exception_note_by_case ON exception_note (site, exception);
CREATE TABLE exception_mark (
    site text NOT NULL,
    exception bigint NOT NULL,
    account text NOT NULL,
    useful boolean NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (site, exception, account)
);
CREATE TABLE exception_rule (
    site text NOT NULL,
    id text NOT NULL,
    document jsonb NOT NULL,
    version bigint NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (site, id)
)
"""


_TABLES = (
    "exception_rule", "exception_mark", "exception_note", "exception_transition", "exception",
)  # fmt: skip
_OF_SCREENS = "site, screen, enrolled_at, revoked_at, seen_at, version"  # for dark walls
_CONCERNED = f"{within()} AND CASE WHEN {WHOLE} THEN true ELSE {OWN_PARTY} = ANY (parties) END"


def upgrade() -> None:
    """Make the tables; a party has what concerns it, and what was said to it."""
    for statement in _STATEMENTS.split(";"):
        op.execute(statement)
    enclose(op, "exception", web=WRITE, worker=WRITE)
    allow(op, "exception", "SELECT", _CONCERNED)
    allow_changes(op, "exception", whole_site())
    protect(op, "exception_transition", web=APPEND, worker=APPEND)
    op.execute(f"GRANT UPDATE (told) ON exception_transition TO {WORKER}")
    protect(op, "exception_note", party="party", web=APPEND, worker=READ)
    protect(op, "exception_mark", web=WRITE, worker=READ)
    protect(op, "exception_rule", web=WRITE, worker=READ)
    op.execute(f"GRANT SELECT ({_OF_SCREENS}) ON screen_device TO {WORKER}")


def downgrade() -> None:
    """Drop them."""
    op.execute(f"REVOKE SELECT ({_OF_SCREENS}) ON screen_device FROM {WORKER}")
    for table in _TABLES:
        expose(op, table)
        op.drop_table(table)
