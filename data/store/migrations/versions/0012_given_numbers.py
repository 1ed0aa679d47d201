"""Nobody chooses the number of a note, or a party could find out which ones others have.

And every login may know which version the schema has, whichever role it works in.
"""

from alembic import op

from data.store.protection import WEB

revision = "0012"
down_revision = "0011"

_GIVEN = "site, exception, at, author, name, words, party"


def upgrade() -> None:
    """Let notes be added without their number."""
    op.execute(f"REVOKE INSERT ON exception_note FROM {WEB}")
    op.execute(f"GRANT INSERT ({_GIVEN}) ON exception_note TO {WEB}")
    op.execute("GRANT SELECT ON alembic_version TO PUBLIC")


def downgrade() -> None:
    """Let the number be given again."""
    op.execute("REVOKE SELECT ON alembic_version FROM PUBLIC")
    op.execute(f"REVOKE INSERT ({_GIVEN}) ON exception_note FROM {WEB}")
    op.execute(f"GRANT INSERT ON exception_note TO {WEB}")
