"""API keys that read: with the role of a viewer, and the party that an outside one is."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add role and party; keys that are there already report and nothing else."""
    op.execute(
        "ALTER TABLE api_key ADD COLUMN role text NOT NULL DEFAULT 'source', ADD COLUMN party text"
    )


def downgrade() -> None:
    """Take them out, and every key that reads: without its role it would report."""
    op.execute("DELETE FROM api_key WHERE role <> 'source'")
    op.execute("ALTER TABLE api_key DROP COLUMN role, DROP COLUMN party")
