"""Order accounts, the days they are summed up by, and who held which work unit when."""

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = """
CREATE TABLE order_account (
    site text NOT NULL,
    order_id text NOT NULL,
    area text NOT NULL,
    product text NOT NULL,
    family text NOT NULL,
    customer text NOT NULL,
    quantity bigint NOT NULL,
    due_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    completed boolean NOT NULL,
    late_s double precision NOT NULL,
    day date NOT NULL,
    made_at timestamptz NOT NULL,
    done double precision,
    used double precision,
    zone text,
    cells bytea NOT NULL,
    PRIMARY KEY (site, order_id)
);
CREATE INDEX order_account_by_day ON order_account (site, day);
CREATE INDEX order_account_open ON order_account (site, made_at) WHERE NOT completed;
CREATE TABLE delay_day (
    site text NOT NULL,
    day date NOT NULL,
    made_at timestamptz NOT NULL,
    head bytea NOT NULL,
    orders bytea NOT NULL,
    cells bytea NOT NULL,
    PRIMARY KEY (site, day)
);
ALTER TABLE delay_day ALTER orders SET STORAGE EXTERNAL, ALTER cells SET STORAGE EXTERNAL;
CREATE TABLE occupation (
    site text NOT NULL,
    work_unit text NOT NULL,
    day date NOT NULL,
    order_id text NOT NULL,
    operation_id text NOT NULL,
    start_at timestamptz NOT NULL,
    end_at timestamptz,
    enabled_at timestamptz,
    kind text,
    evidence bytea NOT NULL,
    PRIMARY KEY (site, work_unit, day, order_id, operation_id, start_at)
);
CREATE INDEX occupation_by_order ON occupation (site, order_id);
CREATE INDEX occupation_open ON occupation (site, work_unit) WHERE end_at IS NULL;
CREATE INDEX event_voids ON event (site, subject) WHERE type = 'event.voided';
INSERT INTO stale (site, kind, key, mark) SELECT site, 'order', id, 0 FROM work_order
    ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    """Make the tables; every order that is there already has its account made."""
    for statement in _STATEMENTS.split(";"):
        op.execute(statement)


def downgrade() -> None:
    """Drop them: all of it can be worked out again."""
    op.execute("DROP INDEX event_voids")
    for table in ("occupation", "delay_day", "order_account"):
        op.drop_table(table)
