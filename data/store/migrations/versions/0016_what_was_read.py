"""Until when somebody has read what they were told; shut ways are opened by administrators."""

from alembic import op

from data.store.protection import WEB, WRITE, expose, protect

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the table and protect it; let the web open a way again and nothing else of it."""
    op.execute("CREATE TABLE notice_read (account text PRIMARY KEY, at timestamptz NOT NULL)")
    protect(op, "notice_read", site=None, web=WRITE, worker="")
    op.execute(f"GRANT UPDATE (disabled_at, reason) ON way_state TO {WEB}")


def downgrade() -> None:
    """Drop it."""
    op.execute(f"REVOKE UPDATE (disabled_at, reason) ON way_state FROM {WEB}")
    expose(op, "notice_read")
    op.drop_table("notice_read")
