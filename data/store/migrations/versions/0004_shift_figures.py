"""Elements of ISO 22400 by work unit and shift, and what finds events by work unit and instant."""

from alembic import op

revision = "0004"
down_revision = "0003"

_STATEMENTS = """
CREATE TABLE shift_element (
    site text NOT NULL,
    work_unit text NOT NULL,
    shift_start timestamptz NOT NULL,
    shift text NOT NULL,
    shift_finish timestamptz NOT NULL,
    day date NOT NULL,
    work_center text NOT NULL,
    area text NOT NULL,
    pbt double precision NOT NULL,
    aubt double precision NOT NULL,
    aupt double precision NOT NULL,
    apt double precision NOT NULL,
    adet double precision NOT NULL,
    aoet double precision NOT NULL,
    standard double precision NOT NULL,
    pq bigint NOT NULL,
    gq bigint NOT NULL,
    sq bigint NOT NULL,
    rq bigint NOT NULL,
    ip bigint NOT NULL,
    gp bigint NOT NULL,
    idle double precision NOT NULL,
    stopped double precision NOT NULL,
    unknown double precision NOT NULL,
    PRIMARY KEY (site, work_unit, shift_start, shift)
);
CREATE INDEX shift_element_by_day ON shift_element (site, day);
CREATE INDEX operation_by_finish ON operation (site, finished_at);
CREATE INDEX work_order_by_completion ON work_order (site, completed_at);
CREATE INDEX event_by_work_unit ON event (site, (data ->> 'work_unit'), time)
    WHERE data ->> 'work_unit' IS NOT NULL;
CREATE INDEX event_plans ON event (site, recorded_at) INCLUDE (subject)
    WHERE type = 'plan.changed';
CREATE INDEX event_late ON event (site, time) WHERE recorded_at - time > interval '2 days'
"""
_INDEXES = (
    "event_late", "event_plans", "event_by_work_unit", "work_order_by_completion",
    "operation_by_finish",
)  # fmt: skip


def upgrade() -> None:
    """Make them."""
    for statement in _STATEMENTS.split(";"):
        op.execute(statement)


def downgrade() -> None:
    """Drop them: the elements can be worked out again."""
    for index in _INDEXES:
        op.execute(f"DROP INDEX {index}")
    op.drop_table("shift_element")
