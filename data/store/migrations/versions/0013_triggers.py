"""What milestone triggers fired: once for each milestone, told from here."""

from alembic import op

from data.store.protection import READ, expose, protect

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table and protect it."""
    op.execute(
        "CREATE TABLE trigger_fired (site text NOT NULL, trigger text NOT NULL,"
        " order_id text NOT NULL, milestone_id text NOT NULL, at timestamptz NOT NULL,"
        " document jsonb NOT NULL, told boolean NOT NULL DEFAULT false,"
        " PRIMARY KEY (site, trigger, order_id, milestone_id))"
    )
    op.execute("CREATE INDEX trigger_fired_untold ON trigger_fired (at) WHERE NOT told")
    protect(op, "trigger_fired", web=READ)


def downgrade() -> None:
    """Drop it."""
    expose(op, "trigger_fired")
    op.drop_table("trigger_fired")
