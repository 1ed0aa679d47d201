"""What the watch works out: marks of the stale, forecasts and their scores, bottlenecks."""

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = """
CREATE TABLE stale (
    site text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    mark bigint NOT NULL,
    PRIMARY KEY (site, kind, key)
);
CREATE TABLE forecast (
    site text NOT NULL,
    order_id text NOT NULL,
    made_at timestamptz NOT NULL,
    p50_at timestamptz NOT NULL,
    p80_at timestamptz NOT NULL,
    p95_at timestamptz NOT NULL,
    document bytea NOT NULL,
    PRIMARY KEY (site, order_id)
);
CREATE TABLE forecast_trace (
    site text NOT NULL,
    order_id text NOT NULL,
    made_at timestamptz NOT NULL,
    remaining_s double precision[] NOT NULL,
    PRIMARY KEY (site, order_id, made_at)
);
CREATE TABLE forecast_score (
    site text NOT NULL,
    order_id text NOT NULL,
    closed_at timestamptz NOT NULL,
    scores double precision[] NOT NULL,
    PRIMARY KEY (site, order_id)
);
CREATE TABLE bottleneck_segment (
    site text NOT NULL,
    area text NOT NULL,
    start_at timestamptz NOT NULL,
    work_unit text NOT NULL,
    kind text NOT NULL,
    end_at timestamptz NOT NULL,
    PRIMARY KEY (site, area, start_at, work_unit, kind)
);
CREATE TABLE bottleneck_pause (
    site text NOT NULL,
    area text NOT NULL,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL,
    PRIMARY KEY (site, area, start_at)
)
"""


def upgrade() -> None:
    """Make the tables."""
    for statement in _TABLES.split(";"):
        op.execute(statement)


def downgrade() -> None:
    """Drop them: all of it can be worked out again."""
    for table in (
        "bottleneck_pause", "bottleneck_segment", "forecast_score", "forecast_trace", "forecast",
        "stale",
    ):  # fmt: skip
        op.drop_table(table)
