"""Of each order, operation and need: when its first and its last event were recorded.

A board of the past is told by these which states stand as they stood then, and where in the
months the events of the others lie, without a look into every month for each of them.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

_TABLES = ("work_order", "operation", "need")
# Who doesn't say when (a recorder of the version before) leaves it open: its events are read.
_OPEN_ENDED = """
CREATE FUNCTION recorded_some_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.last_recorded_at := 'infinity';
    RETURN NEW;
END $$
"""
# When an order ended, or was planned last where that came later; and when it was planned first.
_ENDED = """
CREATE INDEX work_order_ended ON work_order (site, (CASE
    WHEN completed_at IS NULL AND NOT cancelled THEN 'infinity'::timestamptz
    ELSE greatest(last_recorded_at, completed_at) END), first_recorded_at)
"""


def upgrade() -> None:
    """Add what isn't known yet: recorded at some time between ever and never."""
    op.execute(_OPEN_ENDED)
    for table in _TABLES:
        op.execute(
            f"ALTER TABLE {table}"
            " ADD COLUMN first_recorded_at timestamptz NOT NULL DEFAULT '-infinity',"
            " ADD COLUMN last_recorded_at timestamptz NOT NULL DEFAULT 'infinity'"
        )
        op.execute(
            f"CREATE TRIGGER {table}_recorded BEFORE UPDATE ON {table} FOR EACH ROW"
            " WHEN (NEW.base IS DISTINCT FROM OLD.base"
            " AND NEW.last_recorded_at = OLD.last_recorded_at)"
            " EXECUTE FUNCTION recorded_some_time()"
        )
    op.execute(_ENDED)


def downgrade() -> None:
    """Drop it all."""
    op.execute("DROP INDEX work_order_ended")
    for table in _TABLES:
        op.execute(f"DROP TRIGGER {table}_recorded ON {table}")
        op.execute(
            f"ALTER TABLE {table} DROP COLUMN first_recorded_at, DROP COLUMN last_recorded_at"
        )
    op.execute("DROP FUNCTION recorded_some_time()")
