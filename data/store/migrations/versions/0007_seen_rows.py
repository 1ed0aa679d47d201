"""What a viewer saw at its last visit, so that what moved since can be marked."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add what is seen now and what was seen at the end of the visit before."""
    op.execute("ALTER TABLE board_visit ADD COLUMN seen jsonb, ADD COLUMN before_seen jsonb")


def downgrade() -> None:
    """Take it out."""
    op.execute("ALTER TABLE board_visit DROP COLUMN seen, DROP COLUMN before_seen")
