"""When a way sent something last: asked every few seconds while one fails."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Find it without what was sent in three months."""
    op.execute("CREATE INDEX delivery_sent ON delivery (way, done_at) WHERE state = 'sent'")


def downgrade() -> None:
    """Read all of it again."""
    op.execute("DROP INDEX delivery_sent")
