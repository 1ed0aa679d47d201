"""Exceptions: cases, their moves, threads, marks, and the rules of a site."""

from alembic import op

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
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site text NOT NULL,
    exception bigint NOT NULL,
    at timestamptz NOT NULL,
    author text NOT NULL,
    name text NOT NULL,
    words text NOT NULL,
    party text
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


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS.split(";"):
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in (
        "exception_rule", "exception_mark", "exception_note", "exception_transition", "exception",
    ):  # fmt: skip
        op.drop_table(table)
