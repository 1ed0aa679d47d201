"""Deliveries and what decides on them: ways, preferences, the roster, milestone triggers."""

from alembic import op

from data.store.protection import READ, WORKER, WRITE, expose, protect

revision = "0011"
down_revision = "0010"

_STATEMENTS = """
CREATE TABLE delivery (
    site text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    event text NOT NULL,
    topic text NOT NULL,
    subject text NOT NULL,
    news text NOT NULL,
    recipient text NOT NULL,
    name text NOT NULL,
    role text,
    party text,
    way text NOT NULL,
    address text NOT NULL,
    language text NOT NULL,
    mentions text[] NOT NULL,
    others jsonb NOT NULL,
    severity text,
    exception bigint,
    state text NOT NULL,
    gather boolean NOT NULL,
    planned_at timestamptz NOT NULL,
    happened_at timestamptz,
    due_at timestamptz NOT NULL,
    first_at timestamptz,
    attempts bigint NOT NULL,
    lease text,
    leased_until timestamptz,
    answer text NOT NULL,
    done_at timestamptz,
    within bigint,
    detail jsonb NOT NULL,
    notice jsonb,
    PRIMARY KEY (site, number)
);
CREATE UNIQUE INDEX delivery_once
    ON delivery (site, subject, event, recipient, way, address);
CREATE INDEX delivery_pending ON delivery (way, due_at)
    WHERE state IN ('waiting', 'held', 'failed');
CREATE INDEX delivery_by_exception ON delivery (site, exception, number);
CREATE INDEX delivery_by_recipient ON delivery (recipient, planned_at);
CREATE INDEX delivery_by_digest ON delivery (site, within) WHERE within IS NOT NULL;
CREATE TABLE way_state (
    way text NOT NULL,
    address text NOT NULL,
    recent timestamptz[] NOT NULL,
    paused_until timestamptz,
    disabled_at timestamptz,
    reason text NOT NULL,
    PRIMARY KEY (way, address)
);
CREATE TABLE notice_preference (
    account text PRIMARY KEY,
    document jsonb NOT NULL
);
CREATE TABLE duty (
    site text NOT NULL,
    role text NOT NULL,
    area text NOT NULL,
    shift text NOT NULL,
    account text NOT NULL,
    PRIMARY KEY (site, role, area, shift, account)
);
CREATE TABLE trigger_rule (
    site text NOT NULL,
    id text NOT NULL,
    document jsonb NOT NULL,
    version bigint NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (site, id)
)
"""
# No more of people than telling them needs.
_OF_PEOPLE = "id, login, name, role, sites, party, created_at, disabled_at"


def upgrade() -> None:
    """Make the tables and protect them; let the notifier know who there is and what they may."""
    for statement in _STATEMENTS.split(";"):
        op.execute(statement)
    protect(op, "delivery", web=READ)
    protect(op, "way_state", site=None, web=READ)
    protect(op, "notice_preference", site=None, web=WRITE, worker=READ)
    protect(op, "duty", web=WRITE, worker=READ)
    protect(op, "trigger_rule", web=WRITE, worker=READ)
    op.execute(f"GRANT SELECT ({_OF_PEOPLE}) ON account TO {WORKER}")
    op.execute(f"GRANT SELECT ON disclosure TO {WORKER}")


def downgrade() -> None:
    """Drop them."""
    op.execute(f"REVOKE SELECT ON disclosure FROM {WORKER}")
    op.execute(f"REVOKE SELECT ({_OF_PEOPLE}) ON account FROM {WORKER}")
    for table in ("trigger_rule", "duty", "notice_preference", "way_state", "delivery"):
        expose(op, table)
        op.drop_table(table)
