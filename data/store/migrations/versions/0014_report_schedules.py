"""Who wants which daily report when."""

from alembic import op

from data.store.protection import WRITE, expose, protect

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the table and protect it: the notifier reads it and notes how far it is."""
    op.execute(
        "CREATE TABLE report_schedule (account text NOT NULL, site text NOT NULL,"
        " shift text NOT NULL, at text NOT NULL, days bigint[] NOT NULL,"
        " formats text[] NOT NULL, language text NOT NULL, upto timestamptz NOT NULL,"
        " PRIMARY KEY (account, site))"
    )
    protect(op, "report_schedule", site=None, web=WRITE, worker="SELECT, UPDATE")


def downgrade() -> None:
    """Drop it."""
    expose(op, "report_schedule")
    op.drop_table("report_schedule")
